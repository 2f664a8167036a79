"""The part of the plan board in which patients are pinned where they are: day, room or theatre, and let go again."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import plans as actions
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.fields import needed, pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.plan_search import TIMER
from dash_app.pages.plan_talk import PATIENT
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes
from dash_app.pages.tables import Cell, table
from dash_app.queries import plan_pins as queries
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import plan_day
from scheduling.model.admissions import ANY_DAY, Pin
from twin.access import Permission

PARTS, PIN, FREE, AGAIN = "plan-pin-parts", "plan-pin", "plan-pin-free", "plan-again"
AGAIN_SECONDS = 20
PART_NAMES = {"day": mark("Day"), "room": mark("Room"), "theatre": mark("Theatre")}


def pinning(port: HospitalPort, plan: str, patient: str) -> list[Component]:
    """Build what of a patient's place is pinned, and the button that pins it; a hint for who is not admitted.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan, patient : str
        Ids.
    """
    with port.read() as session:
        found = queries.pins_of(session, plan)
    stay = found.stays.get(patient)
    if stay is None:
        return [html.P(_("Who is not admitted cannot be pinned: move the bar to a place first."))]
    pin = found.pins.get(patient)
    # without an operation there is no theatre to be held to
    parts = [part for part in PART_NAMES if part != "theatre" or stay.theatre]
    return [
        html.Div(
            className="filters",
            children=[
                dmc.MultiSelect(
                    id=PARTS,
                    label=_("What stays as it is"),
                    data=[{"value": part, "label": _(PART_NAMES[part])} for part in parts],
                    value=_held(pin) if pin is not None else parts,
                ),
                html.Button(_("Pin"), id=PIN, className="action", n_clicks=0),
            ],
        )
    ]


def _held(pin: Pin) -> list[str]:
    named = {"day": pin.day != ANY_DAY, "room": bool(pin.room), "theatre": bool(pin.theatre)}
    return [part for part, is_held in named.items() if is_held]


def pinned(port: HospitalPort, plan: str) -> list[Component]:
    """Build the list of pins, each with the button that lets go, and the making of the plan anew around them.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan : str
        Id of the kept plan.
    """
    may_edit = port.actor().may(Permission.PLANS_EDIT)
    with port.read() as session:
        found = queries.pins_of(session, plan)
    rows = [_row(port, pin, found.start_at, may_edit=may_edit) for _who, pin in sorted(found.pins.items())]
    headings = [_("Patient"), _("Day"), _("Room"), _("Theatre"), _("By hand")]
    listed: Component = html.P(_("Nobody is pinned: whoever is chosen above can be held to day, room or theatre."))
    if rows:
        listed = table(_("Pinned"), headings, rows)
    again = html.Button(_("Make it again, keeping pins"), id=AGAIN, className="action", n_clicks=0)
    return [html.H3(_("Pinned")), listed, *([html.Div(again, className="filters")] if may_edit else [])]


def _row(port: HospitalPort, pin: Pin, start_at: int, *, may_edit: bool) -> list[Cell]:
    state, chinese = port.state(), wants_chinese()
    free: Cell = ""
    if may_edit:
        label = _("Let go: {name}").format(name=pin.patient)
        identity = {"type": FREE, "patient": pin.patient}
        free = html.Button(_("Let go"), id=identity, className="action", n_clicks=0, **attributes(aria_label=label))
    return [
        pin.patient,
        plan_day(start_at, pin.day) if pin.day != ANY_DAY else _("open"),
        place_name(state, pin.room, chinese=chinese) if pin.room else _("open"),
        place_name(state, pin.theatre, chinese=chinese) if pin.theatre else _("open"),
        free,
    ]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register pinning, letting go, and making the plan anew; each pin is a draft of its own."""

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(PIN, "n_clicks"),
        State(PATIENT, "value"),
        State(PARTS, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def pin(clicks: int, patient: str | None, parts: list[str] | None, search: str) -> str:
        plan = query_of(search).get("plan", "")
        if not clicks or not plan:
            raise PreventUpdate
        who, what = needed(patient, _("Patient")), needed(parts, _("What stays as it is"))
        return search_with(search, plan=actions.pin(port, plan, patient=who, parts=what), run=None, who=who)

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input({"type": FREE, "patient": ALL}, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def let_go(_clicks: list[int], search: str) -> str:
        plan = query_of(search).get("plan", "")
        if not plan:
            raise PreventUpdate
        made = actions.pin(port, plan, patient=str(pressed()["patient"]), parts=())
        return search_with(search, plan=made, run=None)

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(TIMER, "disabled", allow_duplicate=True),
        Input(AGAIN, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def again(clicks: int, search: str) -> tuple[str, bool]:
        plan = query_of(search).get("plan", "")
        if not clicks or not plan:
            raise PreventUpdate
        run = actions.make_again(port, plan, seconds=AGAIN_SECONDS, seed=1)
        return search_with(search, run=run, plan=None, who=None), False
