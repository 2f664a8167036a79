"""Par studio.

Opened by whoever plans stock, to decide which par levels to change: each proposal says what was used, what the level
would serve and what it would cost. What is accepted is in force at once, and can be taken back.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dash_app.actions import par_studio as actions
from dash_app.charts.series import Axes, Band, banded
from dash_app.pages import listing, par_acuity, par_by_hand
from dash_app.pages.address import URL, query_of
from dash_app.pages.fields import figure, needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Rows
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, empty, panel
from dash_app.pages.tables import Column
from dash_app.queries import items, par_studio, stock
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number, percent
from inventory.model.planning import Decision, PlanSettings, Proposal
from inventory.service.limiting import Limited
from twin.access import Permission

CHOSEN, CURVE = "par-chosen", "par-curve"
ACCEPT, ACCEPT_ALL, DISMISS = "par-accept", "par-accept-all", "par-dismiss"
CHANGE, UNDO = "par-change", "par-undo"
TARGET, PLAN, SAID, SURGE = "par-target", "par-plan", "par-said", "par-surge"
BUDGET, CHOOSE, PROPOSE, FITTING = "par-budget", "par-choose", "par-propose", "par-fitting"


def _columns() -> list[Column]:
    return [
        Column(field="item", title=_("Item"), width=180),
        Column(field="place", title=_("Place"), width=150),
        Column(field="now", title=_("Reorder point / par now"), width=130),
        Column(field="new", title=_("Proposed levels"), width=110),
        Column(field="use", title=_("Use a day"), width=110),
        Column(field="fill_now", title=_("Fill rate now"), width=110),
        Column(field="fill", title=_("Fill rate proposed"), width=110),
        Column(field="cycle", title=_("Cycle service proposed"), width=110),
        Column(field="money", title=_("Stock value"), width=110, is_number=True),
        Column(field="why", title=_("Why"), width=260),
    ]


def _why(found: Proposal) -> str:
    expected = found.expected
    told = _("{method} over {periods} periods; must last {days} days").format(
        method=codes.code_text(codes.FORECAST_METHODS, expected.method),
        periods=expected.periods,
        days=number(found.protection_days, 2),
    )
    if expected.censored:
        told += "; " + _("{count} periods ended empty and count as more").format(count=expected.censored)
    if found.decision is not Decision.PROPOSED:
        told = codes.code_text(codes.PAR_DECISIONS, found.decision.value) + "; " + told
    return told


def _rows(port: HospitalPort, query: dict[str, str]) -> Rows:
    chinese, state = wants_chinese(), port.state()
    with port.read() as session:
        found = par_studio.proposals(session, place=query.get("place", ""), shown=query.get("shown", ""))
        names = items.names(session)
    return [
        {
            "id": f"{each.current.place}|{each.current.item}",
            "item": names.get(each.current.item, each.current.item),
            "place": place_name(state, each.current.place, chinese=chinese),
            "now": f"{each.current.reorder_point} / {each.current.par_level}",
            "new": f"{each.reorder_point} / {each.par_level}",
            "use": f"{number(each.expected.mean_per_day, 2)} ± {number(each.expected.sd_per_day, 2)}",
            "fill_now": percent(max(0.0, each.current_fill_rate)),
            "fill": percent(max(0.0, each.fill_rate)),
            "cycle": percent(each.cycle_service),
            "money": round(each.stock_cost_minor / 100, 2),
            "why": _why(each),
        }
        for each in found
    ]


def _summary(port: HospitalPort, rows: Rows) -> str:
    if not rows:
        return _("No par level is planned here yet: press Plan now, or choose another place.")
    change = sum(float(str(row["money"])) for row in rows)
    return _("{count} par levels; mean stock would change in value by {money}").format(
        count=number(len(rows)), money=number(change, 2)
    )


def _places(port: HospitalPort) -> list[dict[str, str]]:
    return [{"value": key, "label": name} for key, name in stock.places(port.state(), chinese=wants_chinese())]


LISTING = Listing(
    key="par",
    permission=Permission.STOCK_READ,
    filters=(
        Filter(name="place", label=lambda: _("Place"), options=_places),
        Filter(
            name="shown",
            label=lambda: _("Shown"),
            options=lambda port: codes.choices(codes.PAR_SHOWN, codes.PAR_SHOWN),
        ),
    ),
    columns=_columns,
    rows=_rows,
    chooses=CHOSEN,
    summary=_summary,
)


def _options(rows: Rows) -> list[dict[str, str]]:
    return [{"value": str(row["id"]), "label": f"{row['item']} · {row['place']}: {row['new']}"} for row in rows]


def _changes(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        found, names = par_studio.changes(session), items.names(session)
    return [
        {
            "value": row.id,
            "label": f"{names.get(row.item, row.item)} · {row.place}: {row.par_before} → {row.par_after}"
            f" · {moment(row.at)}",
        }
        for row in found
    ]


def _curve(port: HospitalPort, chosen: str) -> Component:
    place, _mark, item = chosen.partition("|")
    with port.read() as session:
        found = par_studio.curve_of(session, place=place, item=item)
    if found is None:
        return empty(_("Nothing was planned here yet."), _("Plan the par levels first."))
    points = found.points
    money = [point.cost_per_day / 100 for point in points]
    service = [100 * point.fill_rate for point in points]
    band = Band(name=_("Cost a day"), x=service, low=money, middle=money, high=money)
    figure = banded([band], Axes(x=_("Fill rate, %"), y=_("Holding and bringing, money a day")), palette())
    return dcc.Graph(figure=figure, config=chart_config(), style={"height": "260px"})


def _work(port: HospitalPort, rows: Rows) -> list[Component]:
    options = _options(rows)
    first = options[0]["value"] if options else None
    return [
        panel(
            _("Decide"),
            dmc.Select(id=CHOSEN, label=_("Proposal"), data=options, value=first, searchable=True, w=420),
            html.Div(_curve(port, first) if first else None, id=CURVE),
            html.P(
                [
                    html.Button(_("Accept"), id=ACCEPT, className="action primary", n_clicks=0),
                    " ",
                    html.Button(_("Put aside"), id=DISMISS, className="action", n_clicks=0),
                    " ",
                    html.Button(_("Accept all that are shown"), id=ACCEPT_ALL, className="action", n_clicks=0),
                ]
            ),
            html.P(id=SAID, role="status"),
        ),
        panel(
            _("Take a change back"),
            dmc.Select(id=CHANGE, label=_("Accepted change"), data=_changes(port), searchable=True, w=420),
            html.P(html.Button(_("Take it back"), id=UNDO, className="action", n_clicks=0)),
        ),
        panel(
            _("Plan anew"),
            html.P(_("Planned every night at half past two; here at once, from the use of half a year.")),
            dmc.NumberInput(id=TARGET, label=_("Wanted fill rate, %"), value=98, min=50, max=99.9, step=0.5, w=200),
            dmc.NumberInput(
                id=SURGE, label=_("Patients as many as usual times"), value=1, min=0.1, max=20, step=0.1, w=240
            ),
            html.P(html.Button(_("Plan now"), id=PLAN, className="action", n_clicks=0)),
        ),
        panel(
            _("Within a budget"),
            html.P(_("Which levels leave least missing, vital items first, if so much money may lie in the shelves.")),
            dmc.NumberInput(id=BUDGET, label=_("Money in the shelves when full"), min=0, decimalScale=2, w=240),
            html.P(
                [
                    html.Button(_("Choose"), id=CHOOSE, className="action", n_clicks=0),
                    " ",
                    html.Button(_("Choose and propose"), id=PROPOSE, className="action", n_clicks=0),
                ]
            ),
            html.Div(id=FITTING, **attributes(aria_live="polite")),
        ),
    ]


def _fitting(found: Limited) -> Component:
    """Say what fits within a budget."""
    if not found.is_possible:
        least = number(found.least_value_minor / 100, 2)
        return html.P(_("Not even the smallest levels fit: they need {money}.").format(money=least))
    changes = sum(each.is_change for each in found.lines)
    told = _(
        "{count} levels, {changes} of them other than now; {money} when all are full; {missing} units missing a day."
    )
    missing = number(sum(each.chosen.missing_per_day for each in found.lines), 2)
    money = number(found.value_minor / 100, 2)
    return html.P(told.format(count=len(found.lines), changes=changes, money=money, missing=missing))


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("What each shelf should hold, from what was used. Fill rate and cycle service are different numbers.")
    shown = listing.layout(LISTING, port, visit, _("Par studio"), lead)
    if not port.actor().may(Permission.STOCK_PLAN):
        return shown
    rows = _rows(port, dict(visit.query))
    work = html.Div(_work(port, rows), className="panels below")
    further = [html.Div(part, className="below") for part in (par_acuity.by_acuity(port), par_by_hand.by_hand(port))]
    return html.Div([shown, work, *further])


def _pair(chosen: str | None) -> tuple[str, str]:
    place, _bar, item = needed(chosen, _("Proposal")).partition("|")
    return place, item


_AFTER = (
    Output(LISTING.part("grid"), "rowData", allow_duplicate=True),
    Output(CHOSEN, "data", allow_duplicate=True),
    Output(CHOSEN, "value", allow_duplicate=True),
    Output(CHANGE, "data", allow_duplicate=True),
    Output(SAID, "children", allow_duplicate=True),
)
_COMMON: dict[str, Any] = {"permission": Permission.STOCK_PLAN, "prevent_initial_call": True}


def _after(
    port: HospitalPort, search: str, said: str
) -> tuple[Rows, list[dict[str, str]], str | None, list[dict[str, str]], str]:
    """Give what every button leads to: the table anew, its first line chosen, and what was done."""
    rows = _rows(port, query_of(search))
    options = _options(rows)
    return rows, options, options[0]["value"] if options else None, _changes(port), said


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the table, the curve and what the buttons do."""
    listing.register(LISTING, callbacks, port)
    par_by_hand.register(callbacks, port)
    par_acuity.register(callbacks, port, _AFTER[:-1], lambda search, said: _after(port, search, said))

    @callbacks.add(
        Output(CURVE, "children"), Input(CHOSEN, "value"), permission=Permission.STOCK_READ, prevent_initial_call=True
    )
    def draw(chosen: str | None) -> Component | None:
        return _curve(port, chosen) if chosen else None

    _register_deciding(callbacks, port)
    _register_planning(callbacks, port)


def _register_deciding(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(*_AFTER, Input(ACCEPT, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **_COMMON)
    def accept(_clicks: int, chosen: str | None, search: str) -> Any:
        actions.accept(port, [_pair(chosen)])
        return _after(port, search, _("Accepted."))

    @callbacks.add(*_AFTER, Input(ACCEPT_ALL, "n_clicks"), State(URL, "search"), **_COMMON)
    def accept_all(_clicks: int, search: str) -> Any:
        # Whatever is shown: only what is still proposed can be accepted.
        query = {**query_of(search), "shown": "open"}
        count = actions.accept(port, [_pair(str(row["id"])) for row in _rows(port, query)])
        return _after(port, search, _("{count} accepted.").format(count=count))

    @callbacks.add(*_AFTER, Input(DISMISS, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **_COMMON)
    def dismiss(_clicks: int, chosen: str | None, search: str) -> Any:
        actions.dismiss(port, *_pair(chosen))
        return _after(port, search, _("Put aside until it says something else."))

    @callbacks.add(*_AFTER, Input(UNDO, "n_clicks"), State(CHANGE, "value"), State(URL, "search"), **_COMMON)
    def undo(_clicks: int, change: str | None, search: str) -> Any:
        actions.undo(port, needed(change, _("Accepted change")))
        return _after(port, search, _("Taken back."))


def _register_planning(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        *_AFTER,
        Input(PLAN, "n_clicks"),
        State(TARGET, "value"),
        State(SURGE, "value"),
        State(URL, "search"),
        running=[(Output(PLAN, "disabled"), True, False)],
        **_COMMON,
    )
    def plan(_clicks: int, target: float | None, surge: float | None, search: str) -> Any:
        settings = PlanSettings(target=min(99.9, max(50.0, target or 98.0)) / 100)
        found = actions.plan(port, settings=settings, surge=min(20.0, max(0.1, surge or 1.0)))
        proposed = found.by_decision.get(Decision.PROPOSED, 0)
        return _after(port, search, _("{lines} planned, {count} proposed.").format(lines=found.lines, count=proposed))

    @callbacks.add(
        Output(FITTING, "children"),
        *_AFTER[:-1],
        Input(CHOOSE, "n_clicks"),
        Input(PROPOSE, "n_clicks"),
        State(BUDGET, "value"),
        State(URL, "search"),
        running=[(Output(CHOOSE, "disabled"), True, False), (Output(PROPOSE, "disabled"), True, False)],
        **_COMMON,
    )
    def choose(_chosen: int, _proposed: int, budget: float | None, search: str) -> Any:
        place = query_of(search).get("place", "")
        is_proposing = ctx.triggered_id == PROPOSE
        found = actions.limit(
            port,
            budget_minor=round(figure(budget, _("Money in the shelves when full")) * 100),
            place=place,
            is_proposing=is_proposing,
        )
        return _fitting(found), *_after(port, search, "")[:-1]


PAGE = Page(
    path="/par-studio",
    title=mark("Par studio"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    position=31,
    section=mark("Supplies and tasks"),
    icon="stock",
)
