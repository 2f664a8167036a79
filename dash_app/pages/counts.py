"""Counts.

Opened by logistics staff who count a place, without seeing what the books say, and by whoever settles what two people
saw differently. The books change when a count is closed, each line as of the instant at which it was counted.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import counting as actions
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed, whole
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import counting as queries
from dash_app.queries import items, stock
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number
from inventory.model.counting import CountSession, LineState, SessionState
from inventory.service.counting import Told, Wanted
from twin.access import Permission

CONTENT, SAID = "counts-content", "counts-said"
PLACE, DUE_ONLY, BLIND, TOLERANCE, BEGIN = (
    "counts-place",
    "counts-due-only",
    "counts-blind",
    "counts-tolerance",
    "counts-begin",
)
CHOSEN, LINE, QUANTITY, REASON = "counts-chosen", "counts-line", "counts-quantity", "counts-reason"
NOTE, DECIDE, CLOSE, CANCEL = "counts-note", "counts-decide", "counts-close", "counts-cancel"


def _label(port: HospitalPort, counting: CountSession) -> str:
    place = place_name(port.state(), counting.place, chinese=wants_chinese())
    return f"{place} · {moment(counting.opened_at)} · {codes.code_text(codes.COUNT_STATES, counting.state.value)}"


def _places(port: HospitalPort) -> list[dict[str, str]]:
    return [{"value": key, "label": name} for key, name in stock.places(port.state(), chinese=wants_chinese())]


def _beginning(port: HospitalPort) -> Component:
    may = port.actor().may(Permission.STOCK_MOVE)
    return panel(
        _("Begin a count"),
        html.Div(
            [
                dmc.Select(id=PLACE, label=_("Place"), data=_places(port), searchable=True, miw=260),
                dmc.NumberInput(id=TOLERANCE, label=_("Difference taken at once, %"), value=0, min=0, max=100),
                dmc.Checkbox(id=DUE_ONLY, label=_("Only what is due"), checked=False, mt="xl"),
                dmc.Checkbox(id=BLIND, label=_("Blind: the books are not shown"), checked=True, mt="xl"),
                html.Button(_("Begin"), id=BEGIN, className="action primary", n_clicks=0, disabled=not may),
            ],
            className="filters",
        ),
        html.P(
            _("Due: class A (80 % of the value used) after 30 days, B (up to 95 %) after 90, C after 180."),
            className="secondary",
        ),
        wide=True,
    )


def _lines(counting: CountSession, names: dict[str, str], lots: dict[str, str], *, may_decide: bool) -> Component:
    def shown(value: int | None) -> str:
        return number(value) if value is not None else "–"

    rows: list[list[Cell]] = [
        [
            one.line.number,
            names.get(one.line.item, one.line.item),
            lots.get(one.line.lot, one.line.lot) or "–",
            codes.code_text(codes.COUNT_LINE_STATES, one.state.value),
            shown(one.first),
            shown(one.second),
            shown(one.books),
            shown(one.taken),
        ]
        for one in queries.lines(counting, may_decide=may_decide)
    ]
    headings = [
        _("Line"),
        _("Item"),
        _("Lot"),
        _("State"),
        _("First count"),
        _("Second count"),
        _("Books"),
        _("Decided quantity"),
    ]
    return table(_("Lines of the count"), headings, rows)


def _work(port: HospitalPort, counting: CountSession, names: dict[str, str], lots: dict[str, str]) -> list[Component]:
    actor = port.actor()
    may_count, may_decide = actor.may(Permission.STOCK_MOVE), actor.may(Permission.STOCK_ADJUST)
    lines = [
        {
            "value": str(line.number),
            "label": f"{line.number} · {names.get(line.item, line.item)} {lots.get(line.lot, line.lot)}".rstrip(),
        }
        for line in counting.lines
    ]
    # the next one that nobody has counted; when all are, the next that a second person counts or somebody decides
    urgent = {LineState.WAITING: 0, LineState.RECOUNT: 1, LineState.DECIDE: 1, LineState.AGREED: 2}
    shown = sorted(queries.lines(counting, may_decide=True), key=lambda one: (urgent[one.state], one.line.number))
    first = str(shown[0].line.number) if shown else None
    return [
        html.Div(
            [
                # who presses the line that is chosen already means that one, not none
                dmc.Select(
                    id=LINE, label=_("Line"), data=lines, value=first, searchable=True, allowDeselect=False, miw=300
                ),
                dmc.NumberInput(id=QUANTITY, label=_("Seen, base units"), min=0, allowDecimal=False, hideControls=True),
                html.Button(
                    _("Note the count"), id=NOTE, className="action primary", n_clicks=0, disabled=not may_count
                ),
                dmc.TextInput(id=REASON, label=_("Reason"), description=_("Needed to decide"), miw=240),
                html.Button(_("Decide it so"), id=DECIDE, className="action", n_clicks=0, disabled=not may_decide),
            ],
            className="filters",
        ),
        html.P(
            _(
                "A line on which the count differs from the books is counted again by anybody else than the first"
                " person; where the two differ, somebody who may correct the stock decides."
            ),
            className="secondary",
        ),
        html.P(
            [
                asks_first(
                    html.Button(
                        _("Close and post"), id=CLOSE, className="action primary", n_clicks=0, disabled=not may_decide
                    ),
                    _("The books take every difference; a mistake is put right only by another count."),
                    CHOSEN,
                ),
                " ",
                asks_first(
                    html.Button(_("Give it up"), id=CANCEL, className="action", n_clicks=0, disabled=not may_decide),
                    _("What was counted so far is given up, and the books stay as they are."),
                    CHOSEN,
                ),
            ]
        ),
    ]


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the choice of a session, its lines and what can be done with it.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        With ``count``, the session that is shown; the newest by default.
    """
    with port.read() as session:
        found, names = queries.sessions(session), items.names(session)
    if not found:
        return [empty(_("Nothing was counted yet"), _("Choose a place above and begin."))]
    chosen = next((one for one in found if one.id == query.get("count")), found[0])
    options = [{"value": one.id, "label": _label(port, one)} for one in found]
    may_decide = port.actor().may(Permission.STOCK_ADJUST)
    parts: list[Component] = [
        dmc.Select(
            id=CHOSEN,
            label=_("Count"),
            data=options,
            value=chosen.id,
            searchable=True,
            allowDeselect=False,
            w=460,
        ),
    ]
    with port.read() as session:
        lots = queries.lot_texts(session, chosen)
    if chosen.state is SessionState.OPEN:
        parts += _work(port, chosen, names, lots)
    parts.append(_lines(chosen, names, lots, may_decide=may_decide))
    return [panel(_label(port, chosen), *parts, wide=True)]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Counted blind, counted again by a second person where it differs, decided, posted.")
    return html.Div(
        [
            page_head(_("Counts"), lead),
            _beginning(port),
            html.P(id=SAID, role="status", **attributes(aria_live="polite")),
            html.Div(content(port, dict(visit.query)), id=CONTENT, className="below"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register beginning a count, choosing one, and what is done with it."""

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(SAID, "children"),
        Output(CONTENT, "children", allow_duplicate=True),
        Input(BEGIN, "n_clicks"),
        State(PLACE, "value"),
        State(TOLERANCE, "value"),
        State(DUE_ONLY, "checked"),
        State(BLIND, "checked"),
        State(URL, "search"),
        permission=Permission.STOCK_MOVE,
        prevent_initial_call=True,
    )
    def begin(
        _clicks: int, place: str | None, tolerance: Any, due_only: bool, blind: bool, search: str
    ) -> tuple[str, str, list[Component]]:
        share = float(tolerance or 0) / 100
        wanted = Wanted(
            place=needed(place, _("Place")), is_due_only=bool(due_only), is_blind=bool(blind), tolerance_share=share
        )
        made = actions.begin(port, wanted)
        told = _("{count} lines are to be counted.").format(count=len(made.lines))
        return search_with(search, count=made.id), told, content(port, {"count": made.id})

    @callbacks.add(
        Output(CONTENT, "children"),
        Output(URL, "search", allow_duplicate=True),
        Input(CHOSEN, "value"),
        State(URL, "search"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def choose(chosen: str | None, search: str) -> tuple[list[Component], str]:
        # Dash calls also when the selection is drawn anew; answering would draw it once more, and so on.
        if not chosen or query_of(search).get("count") == chosen:
            raise PreventUpdate
        return content(port, {"count": chosen}), search_with(search, count=chosen)

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Output(SAID, "children", allow_duplicate=True),
        *(Input(button, "n_clicks") for button in (NOTE, DECIDE, CLOSE, CANCEL)),
        State(CHOSEN, "value"),
        State(LINE, "value"),
        State(QUANTITY, "value"),
        State(REASON, "value"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def act(*told: Any) -> tuple[list[Component], str]:
        count, line, quantity, reason = told[4:]
        chosen = needed(count, _("Count"))
        said = _acted(port, str(ctx.triggered_id), chosen, (line, quantity, reason or ""))
        return content(port, {"count": chosen}), said


def _acted(port: HospitalPort, what: str, chosen: str, told: tuple[Any, Any, str]) -> str:
    """Do what a button says; each action asks for its own permission."""
    line, quantity, reason = told
    if what == CANCEL:
        actions.cancel(port, chosen)
        return _("Given up; the books stay as they are.")
    if what == CLOSE:
        closed = actions.close(port, chosen)
        return _("Posted: {surplus} found, {missing} missing.").format(surplus=closed.surplus, missing=closed.missing)
    row, seen = int(needed(line, _("Line"))), whole(quantity, _("Seen, base units"))
    if what == DECIDE:
        actions.decide(port, chosen, row, seen, reason)
        return _("Decided.")
    with port.read() as session:
        found = queries.one_session(session, chosen).lines[row - 1]
    actions.note(port, chosen, Told(item=found.item, lot=found.lot, owner=found.owner, quantity=seen))
    return _("Noted.")


PAGE = Page(
    path="/counts",
    title=mark("Counts"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    position=34,
    section=mark("Supplies and tasks"),
    icon="stock",
)
