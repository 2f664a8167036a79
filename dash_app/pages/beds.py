"""Bed board.

Opened by the administrator and the wards, to see which bed can take the next patient and what keeps the others. The
house is one line a ward; a ward is its board; a bed says on what the board's word rests and leads to the task that
cleans it, and to the messages behind who lies in it.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dash_app.pages import bed_work
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.filters import follow, narrow, select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import beds
from dash_app.queries.beds import BedUse
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number
from twin.access import Permission

CONTENT = "beds-content"
WARD = "beds-ward"
WORK = "beds-work"
SMALL = 40
"""Beds up to which all boards are drawn; of a larger house a table of wards leads to them."""
_SHOWN = 20
_CSS = {BedUse.OCCUPIED: "occupied", BedUse.CLOSED: "blocked", BedUse.DIRTY: "dirty", BedUse.CLEANING: "dirty"}


def _short(row: beds.BedRow) -> str:
    name = row.name.removeprefix(row.ward_name).strip()
    return name or row.name


def _at(ward: str, bed: str = "") -> str:
    return f"/ui/beds{search_with('', ward=ward, bed=bed)}"


def _bed(row: beds.BedRow, *, may_see_encounters: bool) -> Component:
    lines: list[Component | str] = [
        dcc.Link(html.B(_short(row)), href=_at(row.ward, row.id)),
        html.Br(),
        codes.code_text(codes.BED_USES, row.use.value),
    ]
    if may_see_encounters and row.encounter:
        lines += [html.Br(), html.Span(row.encounter[-8:], className="secondary")]
    if row.discharge_at:
        lines += [html.Br(), html.Span(_("leaves {time}").format(time=moment(row.discharge_at)), className="secondary")]
    if row.observed_elsewhere:
        lines += [html.Br(), html.Span(_("seen in {place}").format(place=row.observed_elsewhere), className="p3")]
    return html.Li(lines, className=f"bed {_CSS.get(row.use, '')}")


def _ward_panel(name: str, rows: list[beds.BedRow], *, may_see_encounters: bool) -> Component:
    counted = [
        f"{codes.code_text(codes.BED_USES, use.value)} {sum(row.use is use for row in rows)}"
        for use in BedUse
        if any(row.use is use for row in rows)
    ]
    return panel(
        name or _("Beds without a ward"),
        html.P(" · ".join(counted), className="secondary"),
        html.Ul([_bed(row, may_see_encounters=may_see_encounters) for row in rows], className="bed-board"),
    )


def _wards(found: list[beds.BedRow]) -> Component:
    """Draw one line a ward: a board of all beds of a large house is too long to read and slow to draw."""
    uses = list(BedUse)
    lines: list[list[Cell]] = []
    for (name, ward), some in groupby(found, key=lambda row: (row.ward_name, row.ward)):
        rows = list(some)
        counts = [sum(row.use is use for row in rows) for use in uses]
        leaving = min((row.discharge_at for row in rows if row.discharge_at), default=0)
        # Beds without a ward have no address of their own; they stand in the boards below.
        head: Cell = dcc.Link(name, href=_at(ward)) if ward else _("Beds without a ward")
        lines.append([head, len(rows), *(count or "" for count in counts), moment(leaving) if leaving else ""])
    names = [codes.code_text(codes.BED_USES, use.value) for use in uses]
    headings = [_("Ward"), _("Beds"), *names, _("Next to leave")]
    return panel(_("Wards"), table(_("Beds by ward"), headings, lines), wide=True)


def _elsewhere(found: list[beds.BedRow]) -> list[Component]:
    rows: list[list[Cell]] = [
        [dcc.Link(row.name, href=_at(row.ward, row.id)), row.ward_name, row.observed_elsewhere]
        for row in found
        if row.observed_elsewhere
    ]
    if not rows:
        return []
    shown = table(_("Seen elsewhere"), [_("Bed"), _("Ward"), _("Seen in")], rows, most=_SHOWN)
    more = dcc.Link(_("All differences"), href="/ui/reconcile", className="action")
    title = _("Wristband seen elsewhere: {count}").format(count=len(rows))
    return [panel(title, shown, more, wide=True)]


def _evidence(port: HospitalPort, bed: str, *, may_see_encounters: bool) -> Component:
    """Say on what the board's word about one bed rests."""
    state, now = port.state(), port.clock.now()
    found = beds.evidence(state, bed, now, chinese=wants_chinese())
    facts: list[tuple[str, Cell]] = [
        (_("Use"), codes.code_text(codes.BED_USES, found.row.use.value)),
        (_("Code of HL7 table 0116"), found.row.code),
        (_("So since"), since(found.row.since_at, now) if found.row.since_at else ""),
    ]
    if may_see_encounters:
        keys = [html.A(key[-8:], href=f"/ui/reconcile?encounter={key}", title=_("Why?")) for key in found.encounters]
        parted: list[Component | str] = [part for key in keys for part in (key, " ")]
        facts.append((_("Encounters here, kept or reserved"), html.Span(parted)))
    if found.seen_in:
        told = _("{place}, {share} % sure").format(place=found.seen_in, share=round(found.confidence * 100))
        facts += [(_("Wristband seen in"), told), (_("Last seen"), since(found.seen_at, now))]
    if found.task:
        facts.append((_("Task open for it"), dcc.Link(codes.code_text(codes.TASK_KINDS, found.task), href="/ui/tasks")))
    rows: list[list[Cell]] = [[name, value] for name, value in facts if value != ""]
    return panel(found.row.name, table(found.row.name, [_("Fact"), _("Value")], rows), wide=True)


def _summary(found: list[beds.BedRow]) -> str:
    by_use = Counter(row.use for row in found)
    text = _("Beds in service: {open} of {count}").format(
        open=number(len(found) - by_use[BedUse.CLOSED]), count=number(len(found))
    )
    counted = (f"{codes.code_text(codes.BED_USES, use.value)} {number(by_use[use])}" for use in BedUse)
    return " · ".join([text, *counted])


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the wards, or the board of one.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        Filter ``ward``, and ``bed`` of which the evidence is shown.
    """
    ward, bed = query.get("ward", ""), query.get("bed", "")
    found = beds.rows(port.state(), port.clock.now(), ward=ward, chinese=wants_chinese())
    if not found:
        return [empty(_("No beds"), _("Import places of the kind bed, or choose another ward."))]
    may_see = port.actor().may(Permission.ENCOUNTERS_READ)
    parts: list[Component] = [html.P(_summary(found), className="summary")]
    if any(row.id == bed for row in found):
        parts.append(_evidence(port, bed, may_see_encounters=may_see))
    drawn = found
    if not ward and len(found) > SMALL:
        parts += [_wards(found), *_elsewhere(found)]
        drawn = [row for row in found if not row.ward][:SMALL]
    elif ward:
        parts.insert(0, dcc.Link(_("All wards"), href="/ui/beds", className="action"))
    wards = groupby(drawn, key=lambda row: row.ward_name)
    panels = [_ward_panel(name, list(rows), may_see_encounters=may_see) for name, rows in wards]
    return [*parts, html.Div(panels, className="panels")]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    wards = [
        {"value": ward.id, "label": ward.name}
        for ward in sorted(beds.wards(port.state(), chinese=wants_chinese()), key=lambda ward: ward.name)
        if ward.id
    ]
    return html.Div(
        [
            page_head(_("Beds"), _("Occupied, ready, to be cleaned, out of service; assigned and observed.")),
            html.Div(select(WARD, _("Ward"), wards, visit.query.get("ward", "")), className="filters"),
            html.Div(content(port, dict(visit.query)), id=CONTENT),
            html.Div(bed_work.parts(port, dict(visit.query)), id=WORK, className="below"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register filter and refresh."""
    follow(callbacks, CONTENT, lambda query: content(port, query), permission=Permission.PLACES_READ)
    bed_work.register(callbacks, port)

    # not with each tick: a reason that is being written must not vanish
    @callbacks.add(
        Output(WORK, "children"), Input(URL, "search"), permission=Permission.PLACES_READ, prevent_initial_call=True
    )
    def choose_bed(search: str) -> list[Component]:
        return bed_work.parts(port, query_of(search))

    narrow(callbacks, WARD, "ward", permission=Permission.PLACES_READ)


PAGE = Page(
    path="/beds",
    title=mark("Beds"),
    permission=Permission.PLACES_READ,
    layout=layout,
    register=register,
    position=4,
    section=mark("Now"),
    icon="bed",
)
