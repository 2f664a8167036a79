"""Limits and clocks.

Opened by the biomedical engineer, to see by which limits electrical safety tests are judged and until when incidents
must be reported, who set them and after which source; and to set the hospital's own.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from assets.model.incidents import Severity
from assets.service.limits import LimitsOf
from dash_app.actions import machines as actions
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import machines
from dash_app.queries.names import staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import duration, moment, number
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "limits-content"
SAID = "limits-said"
ELECTRICAL = ("quantity", "method", "subject", "limit", "source")
KEEP, CHOSEN, REMOVE = "limits-keep", "limits-chosen", "limits-remove"
CLOCK = ("severity", "days", "working", "clock-source")
KEEP_CLOCK = "limits-clock-keep"
SCOPES = ("bedside_to_clean_s", "clean_to_machine_s", "drying_s", "hang_s", "scope-source")
KEEP_SCOPES = "limits-scopes-keep"
BACK, BACK_OF = "limits-back", "limits-back-of"
KINDS = {
    "electrical": mark("Electrical safety tests"),
    "clocks": mark("Reporting of incidents"),
    "endoscopes": mark("Endoscopes"),
}
_UNITS = {"bedside_to_clean_s": 60, "clean_to_machine_s": 60, "drying_s": 60, "hang_s": 86_400}


def _board(port: HospitalPort) -> machines.LimitsBoard:
    with port.read() as session:
        return machines.limits_board(session)


def _set_by(port: HospitalPort, board: machines.LimitsBoard, of: LimitsOf) -> Component:
    found = board.set_by[of]
    if found is None:
        text = _("As commonly quoted; nobody here has set them. Check them with the standard before use.")
        return html.P([shape(AlarmPriority.LOW), " ", text], className="status p3")
    text = _("Set by {who}, {time}").format(who=staff_label(port.state(), found.actor), time=moment(found.at))
    return html.P(text, className="secondary")


def limit_text(key: str) -> str:
    """Write what an electrical limit is about, from its key."""
    quantity, method, subject = key.split("/", 2)
    parts = [
        codes.code_text(device_words.MEASURED, quantity),
        codes.code_text(device_words.LEAKAGE_METHODS, method) if method else "",
        codes.code_text(device_words.EARTH_PATHS, subject),
    ]
    return " · ".join(part for part in parts if part)


def _electrical(port: HospitalPort, board: machines.LimitsBoard) -> Component:
    rows: list[list[Cell]] = [
        [limit_text(actions.limit_key(one)), number(one.limit), one.source or "–"] for one in board.electrical
    ]
    title = _("Electrical safety tests")
    return panel(
        title,
        _set_by(port, board, LimitsOf.ELECTRICAL),
        table(title, [_("What is measured"), _("At most"), _("Source")], rows),
        wide=True,
    )


def _clocks(port: HospitalPort, board: machines.LimitsBoard) -> Component:
    rows: list[list[Cell]] = []
    for severity in Severity:
        clock = board.clocks.get(severity)
        days = "–"
        if clock is not None:
            days = (_("{days} working days") if clock.is_working_days else _("{days} days")).format(days=clock.days)
        rows.append(
            [
                codes.code_text(device_words.SEVERITIES, severity.value),
                days,
                clock.source if clock is not None else _("no clock"),
            ]
        )
    title = _("Reporting of incidents")
    return panel(
        title,
        _set_by(port, board, LimitsOf.CLOCKS),
        table(title, [_("What happened"), _("To be reported within"), _("Source")], rows),
        wide=True,
    )


def _scopes(port: HospitalPort, board: machines.LimitsBoard) -> Component:
    rows: list[list[Cell]] = [
        [codes.code_text(device_words.SCOPE_CLOCKS, name), duration(getattr(board.scopes, name))] for name in _UNITS
    ]
    title = _("Endoscopes")
    return panel(
        title,
        _set_by(port, board, LimitsOf.ENDOSCOPES),
        table(title, [_("Clock"), _("Time")], rows),
        html.P(_("Source: {source}").format(source=board.scopes.source), className="secondary"),
        wide=True,
    )


def content(port: HospitalPort) -> list[Component]:
    """Build the limits and clocks in force."""
    board = _board(port)
    return [
        html.Div([_electrical(port, board), _clocks(port, board), _scopes(port, board)], className="panels"),
    ]


def _limit_choices(port: HospitalPort) -> list[dict[str, str]]:
    keys = [actions.limit_key(one) for one in _board(port).electrical]
    return [{"value": key, "label": limit_text(key)} for key in keys]


def _select(name: str, label: str, data: list[dict[str, str]], width: int = 260) -> Component:
    control: Component = dmc.Select(
        id=f"limits-{name}",
        label=label,
        data=data,
        value=data[0]["value"] if data else None,
        allowDeselect=False,
        w=width,
        comboboxProps={"withinPortal": False},
        nothingFoundMessage=_("Nothing found"),
    )
    return control


def _subjects() -> list[dict[str, str]]:
    parts = ("I", "II", "BF", "CF")
    return [{"value": part, "label": part} for part in parts] + codes.choices(
        device_words.EARTH_PATHS, list(device_words.EARTH_PATHS)
    )


def _electrical_form(port: HospitalPort) -> Component:
    words = device_words
    return html.Div(
        className="filters",
        children=[
            _select("quantity", _("Quantity"), codes.choices(words.MEASURED, list(words.MEASURED))),
            _select("method", _("Method"), _methods()),
            _select("subject", _("Class, applied part or earth path"), _subjects()),
            dmc.NumberInput(id="limits-limit", label=_("At most, µA or mΩ"), min=0, hideControls=True, w=160),
            dmc.TextInput(id="limits-source", label=_("Standard and edition"), w=260),
            html.Button(_("Keep the limit"), id=KEEP, className="action primary", n_clicks=0),
            _select("chosen", _("Limit in force"), _limit_choices(port), 420),
            html.Button(_("Take it away"), id=REMOVE, className="action", n_clicks=0),
        ],
    )


def _methods() -> list[dict[str, str]]:
    # Some applied part limits count whatever the method, as the commonly quoted ones do.
    any_method = [{"value": actions.ANY_METHOD, "label": _("whatever the method")}]
    return codes.choices(device_words.LEAKAGE_METHODS, list(device_words.LEAKAGE_METHODS)) + any_method


def _clock_form() -> Component:
    severities = codes.choices(device_words.SEVERITIES, [one.value for one in Severity])
    return html.Div(
        className="filters",
        children=[
            _select("severity", _("What happened"), severities),
            dmc.NumberInput(id="limits-days", label=_("Days; 0 for no clock"), min=0, hideControls=True, w=180),
            dmc.Checkbox(id="limits-working", label=_("Working days only"), checked=False, mt="xl"),
            dmc.TextInput(id="limits-clock-source", label=_("Rule that says so"), w=320),
            html.Button(_("Keep the clock"), id=KEEP_CLOCK, className="action", n_clicks=0),
        ],
    )


def _scope_form(port: HospitalPort) -> Component:
    scopes = _board(port).scopes
    fields = [
        dmc.NumberInput(
            id=f"limits-{name}",
            label=codes.code_text(device_words.SCOPE_CLOCKS, name),
            value=getattr(scopes, name) / unit,
            min=0,
            hideControls=True,
            w=320,
        )
        for name, unit in _UNITS.items()
    ]
    return html.Div(
        className="filters",
        children=[
            *fields,
            dmc.TextInput(id="limits-scope-source", label=_("Risk assessment or standard"), value=scopes.source, w=420),
            html.Button(_("Keep these clocks"), id=KEEP_SCOPES, className="action", n_clicks=0),
        ],
    )


def _desk(port: HospitalPort) -> Component:
    return panel(
        _("Set the hospital's own"),
        html.P(_("What was judged keeps what was decided then; a clock that runs keeps its end.")),
        _electrical_form(port),
        _clock_form(),
        _scope_form(port),
        html.Div(
            className="filters",
            children=[
                _select("back-of", _("Own limits of"), codes.choices(KINDS, list(KINDS))),
                html.Button(_("Go back to the commonly quoted ones"), id=BACK, className="action", n_clicks=0),
            ],
        ),
        html.P(id=SAID, role="status"),
        wide=True,
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("By which limits devices are judged here, who set them and after which source.")
    parts = [page_head(_("Limits and clocks"), lead), html.Div(content(port), id=CONTENT)]
    if port.actor().may(Permission.DEVICES_WRITE):
        parts.append(html.Div(_desk(port), className="below"))
    return html.Div(parts)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the forms; limits change a few times a year, so that nothing refreshes by itself."""
    outputs = (
        Output(SAID, "children", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
        Output(CHOSEN, "data", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}

    def kept(text: str) -> Any:
        return text, content(port), _limit_choices(port)

    states = [State(f"limits-{field}", "value") for field in ELECTRICAL]

    @callbacks.add(*outputs, Input(KEEP, "n_clicks"), *states, **common)
    def keep(_clicks: int, *entered: Any) -> Any:
        actions.keep_electrical(port, dict(zip(ELECTRICAL, entered, strict=True)))
        return kept(_("The limit is kept."))

    @callbacks.add(*outputs, Input(REMOVE, "n_clicks"), State(CHOSEN, "value"), **common)
    def remove(_clicks: int, chosen: str | None) -> Any:
        key = needed(chosen, _("Limit in force"))
        actions.remove_electrical(port, key)
        return kept(_("Taken away: {what}").format(what=limit_text(key)))

    @callbacks.add(*outputs, Input(BACK, "n_clicks"), State(BACK_OF, "value"), **common)
    def go_back(_clicks: int, of: str | None) -> Any:
        actions.go_back(port, needed(of, _("Own limits of")))
        return kept(_("The commonly quoted ones are in force again."))

    _register_clocks(callbacks, port)


def _register_clocks(callbacks: Callbacks, port: HospitalPort) -> None:
    outputs = (
        Output(SAID, "children", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}
    states = [State(f"limits-{field}", "checked" if field == "working" else "value") for field in CLOCK]

    @callbacks.add(*outputs, Input(KEEP_CLOCK, "n_clicks"), *states, **common)
    def keep_clock(_clicks: int, severity: str, days: Any, is_working: bool, source: str | None) -> Any:
        told = {"severity": severity, "days": days, "working": is_working, "source": source}
        actions.keep_clock(port, told)
        return _("The clock is kept."), content(port)

    @callbacks.add(*outputs, Input(KEEP_SCOPES, "n_clicks"), *[State(f"limits-{n}", "value") for n in SCOPES], **common)
    def keep_scopes(_clicks: int, *entered: Any) -> Any:
        actions.keep_scopes(port, dict(zip((*_UNITS, "source"), entered, strict=True)))
        return _("The clocks are kept."), content(port)


PAGE = Page(
    path="/device-limits",
    title=mark("Limits and clocks"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=25,
    section=mark("Devices"),
    icon="settings",
)
