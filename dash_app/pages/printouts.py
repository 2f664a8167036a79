"""Entering a cycle from its printout, on the reprocessing board: for machines without an interface."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.cycle import Judgement
from assets.model.programme import Evidence, Programme
from dash_app.actions import reprocessing as actions
from dash_app.actions.files import LARGEST_BYTES, file_handed_over
from dash_app.pages.days import instant_entry
from dash_app.pages.fields import figure, needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes, panel
from dash_app.queries import reprocessing
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment
from dash_app.texts.verdict_words import reason_text
from twin.access import Permission

TOLD = (
    "machine",
    "programme",
    "load",
    "begun",
    "ended",
    "lowest",
    "highest",
    "hold",
    "f0",
    "a0",
    "pressure",
    "number",
)
FIGURES = ("lowest", "highest", "hold")
PASSED = "printout-passed"
PHOTO, PHOTO_NAME = "printout-photo", "printout-photo-name"
ENTER = "printout-enter"
SAID = "printout-said"


def _programme_text(programme: Programme) -> str:
    name = programme.name or programme.id
    # Without the evidence every entry stays undetermined: whoever chooses should see it before, not after.
    if Evidence.PRINTOUT in programme.required:
        return name
    return _("{programme} (does not accept a printout)").format(programme=name)


def _asked() -> dict[str, str]:
    """Give the labels of what every printout says, by field."""
    return {
        "machine": _("Machine"),
        "programme": _("Programme"),
        "begun": _("Begun"),
        "ended": _("Ended"),
        "lowest": _("Lowest temperature in the hold, °C"),
        "highest": _("Highest temperature in the hold, °C"),
        "hold": _("Time in the band, seconds"),
    }


def _choices(port: HospitalPort) -> dict[str, list[dict[str, str]]]:
    with port.read() as session:
        found = reprocessing.printout_choices(session)
    state = port.state()
    return {
        "machine": [{"value": one, "label": asset_name(state, one)} for one in found.machines],
        "programme": [{"value": one.id, "label": _programme_text(one)} for one in found.programmes],
        "load": [
            {"value": one.id, "label": f"{asset_name(state, one.machine)} · {moment(one.opened_at)}"}
            for one in found.loading
        ],
    }


def printout_panel(port: HospitalPort) -> Component:
    """Build the form."""
    data = _choices(port)

    def choice(name: str, label: str, width: int) -> Component:
        found: Component = dmc.Select(
            id=f"printout-{name}",
            label=label,
            data=data[name],
            w=width,
            searchable=True,
            clearable=True,
            comboboxProps={"withinPortal": False},
        )
        return found

    def number(name: str, label: str, **limits: float) -> Component:
        found: Component = dmc.NumberInput(id=f"printout-{name}", label=label, hideControls=True, w=200, **limits)
        return found

    asked, photo = _asked(), _("Photo of the printout: picture or PDF")
    return panel(
        _("Enter a cycle from its printout"),
        html.P(
            _(
                "For a machine that tells nothing by itself. It is judged by what is printed, and its load waits for a "
                "signature like any other."
            )
        ),
        html.Div(
            className="filters",
            children=[
                choice("machine", asked["machine"], 260),
                choice("programme", asked["programme"], 260),
                choice("load", _("Load; empty if it was not scanned"), 280),
                instant_entry("printout-begun", asked["begun"]),
                instant_entry("printout-ended", asked["ended"]),
                number("lowest", asked["lowest"]),
                number("highest", asked["highest"]),
                number("hold", asked["hold"], min=0),
                number("f0", _("F0, minutes, if printed"), min=0),
                number("a0", _("A0, seconds, if printed"), min=0),
                number("pressure", _("Absolute pressure in the hold, kPa, if printed"), min=0),
                number("number", _("Cycle number, if printed"), min=0, max=2**31 - 1),
                dmc.Checkbox(id=PASSED, label=_("The machine printed that it passed"), checked=False, mt="xl"),
                html.Div(
                    dcc.Upload(id=PHOTO, max_size=LARGEST_BYTES, children=html.Span(photo, className="action")),
                    className="upload",
                    **attributes(data_file_label=photo),
                ),
                html.Span(id=PHOTO_NAME, className="secondary", role="status"),
                html.Button(_("Enter the cycle"), id=ENTER, className="action primary", n_clicks=0),
            ],
        ),
        html.P(id=SAID, role="status"),
        wide=True,
    )


def _said(judgement: Judgement) -> str:
    verdict = codes.code_text(codes.VERDICTS, judgement.verdict.value)
    reasons = "; ".join(reason_text(code) for code in judgement.codes)
    return _("Entered: {verdict}").format(verdict=": ".join(part for part in (verdict, reasons) if part))


def register_printouts(callbacks: Callbacks, port: HospitalPort, shown: tuple[Output, ...], again: Any) -> None:
    """Register entering a cycle.

    Parameters
    ----------
    callbacks : Callbacks
        Where it is registered.
    port : HospitalPort
        The hospital.
    shown : tuple[Output, ...]
        What of the board changes with a new cycle.
    again : Callable[[], tuple]
        Gives it anew, in the same order.
    """
    common: dict[str, Any] = {"permission": Permission.LOADS_RELEASE, "prevent_initial_call": True}

    @callbacks.add(Output(PHOTO_NAME, "children"), Input(PHOTO, "filename"), **common)
    def show_photo_name(name: str | None) -> str:
        return name or ""

    @callbacks.add(
        Output(SAID, "children"),
        Output("printout-load", "data"),
        Output(PHOTO, "contents"),
        Output(PHOTO, "filename"),
        *shown,
        Input(ENTER, "n_clicks"),
        *[State(f"printout-{field}", "value") for field in TOLD],
        State(PASSED, "checked"),
        State(PHOTO, "contents"),
        State(PHOTO, "filename"),
        **common,
    )
    def enter(_clicks: int, *entered: Any) -> Any:
        told = dict(zip((*TOLD, "passed"), entered[:-2], strict=True))
        for field, label in _asked().items():
            (figure if field in FIGURES else needed)(told[field], label)
        judgement = actions.enter_printout(port, told, file_handed_over(*entered[-2:]))
        # The photo goes with its cycle: left there it would be kept as proof of the next one, too.
        return _said(judgement), _choices(port)["load"], None, None, *again()
