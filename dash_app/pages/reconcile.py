"""Reconcile.

Opened by the administrator and the wards, to see where the hospital's systems, the tags and the twin do not agree about
a patient, and why the twin holds what it holds: one click leads down to the messages.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dash_app.pages.filters import follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import page_head, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import interfaces
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.happenings import happening_text
from dash_app.texts.moments import moment
from twin.access import Permission
from twin.events.envelope import Event
from twin.events.places import PlaceKind
from twin.state.reconciling import Disagreement, census, disagreements, turnover_quantiles_s, turnovers

CONTENT = "reconcile-content"
_SHOWN = 200


def _row(port: HospitalPort, one: Disagreement, now: int) -> list[Cell]:
    state, chinese = port.state(), wants_chinese()
    confidence = _("{share} % sure").format(share=round(one.confidence * 100))
    believed = place_name(state, one.believed, chinese=chinese) or _("unknown")
    return [
        html.A(one.encounter[-8:], href=f"?encounter={one.encounter}", title=_("Why?")),
        codes.code_text(codes.DIFFERENCES, one.kind.value),
        place_name(state, one.assigned, chinese=chinese),
        place_name(state, one.observed, chinese=chinese),
        f"{believed} ({confidence})",
        since(one.since_at, now),
    ]


def _differences(port: HospitalPort, now: int) -> Component:
    found = disagreements(port.state(), now)
    title = _("Differences: {count}").format(count=len(found))
    if not found:
        return panel(title, html.P(_("Systems, tags and twin agree about every patient.")), wide=True)
    headings = [
        _("Encounter"),
        _("What differs"),
        _("By the systems"),
        _("By the wristband"),
        _("The twin holds"),
        _("Since"),
    ]
    rows = [_row(port, one, now) for one in found]
    return panel(title, table(_("Differences"), headings, rows, most=_SHOWN), wide=True)


def _detail(port: HospitalPort, event: Event) -> str:
    """Give what an event is about besides the encounter: a place, another encounter, or what it takes back."""
    place = getattr(event, "place", "") or getattr(event, "zone", "") or getattr(event, "last_zone", "")
    if place:
        return place_name(port.state(), place, chinese=wants_chinese())
    other = getattr(event, "other", "") or getattr(event, "into", "")
    return other[-8:] or getattr(event, "cancels", "") or getattr(event, "stage", "")


def _why(port: HospitalPort, encounter: str) -> Component:
    found = interfaces.evidence(port, encounter)
    title = _("Why: encounter {encounter}").format(encounter=encounter[-8:])
    if not found:
        return panel(title, html.P(_("Nothing is known of this encounter.")), wide=True)
    rows: list[list[Cell]] = [
        [
            happening_text(type(one.event).__name__, _detail(port, one.event)),
            moment(one.event.occurred_at),
            moment(one.event.recorded_at),
            one.event.source,
            f"{one.message.kind}^{one.message.trigger} #{one.message.number}" if one.message else "",
        ]
        for one in found
    ]
    headings = [_("Event"), _("Happened"), _("Recorded"), _("Who says so"), _("Message")]
    return panel(title, table(title, headings, rows), wide=True)


def _census(port: HospitalPort) -> Component:
    state, chinese = port.state(), wants_chinese()
    wards = sorted(key for key, place in tuple(state.places.items()) if place.kind is PlaceKind.WARD)
    rows: list[list[Cell]] = [
        [place_name(state, one.place, chinese=chinese), one.assigned, one.present, one.observed]
        for one in census(state, wards)
    ]
    headings = [_("Ward"), _("By the systems"), _("In the twin"), _("By wristbands")]
    return panel(_("Census by each claim"), table(_("Census"), headings, rows))


def _turnover(port: HospitalPort, now: int) -> Component:
    found = turnovers(port.state(), now)
    done = sum(1 for one in found if one.ready_at)
    low, median, high = (round(span / 60) for span in turnover_quantiles_s(found))
    if not done:
        text = _("No bed was made ready in the last seven days.")
    else:
        text = _("From departure to ready: {median} min (80 % between {low} and {high} min, n = {n})").format(
            median=median, low=low, high=high, n=done
        )
    waiting = _("Not ready yet: {count}").format(count=len(found) - done)
    return panel(_("Bed turnover, last seven days"), html.P(text), html.P(waiting))


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the report.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``encounter``: whose evidence is shown.
    """
    now = port.clock.now()
    parts = [_why(port, query["encounter"])] if query.get("encounter") else []
    return [*parts, _differences(port, now), html.Div([_census(port), _turnover(port, now)], className="panels")]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _(
        "Where the hospital's systems, wristbands and the twin do not agree, and why the twin holds what it holds."
    )
    return html.Div([page_head(_("Reconcile"), lead), html.Div(content(port, dict(visit.query)), id=CONTENT)])


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the refresh."""
    follow(callbacks, CONTENT, lambda query: content(port, query), permission=Permission.ENCOUNTERS_READ)


PAGE = Page(
    path="/reconcile",
    title=mark("Reconcile"),
    permission=Permission.ENCOUNTERS_READ,
    layout=layout,
    register=register,
    position=6,
    section=mark("Now"),
    icon="reconcile",
)
