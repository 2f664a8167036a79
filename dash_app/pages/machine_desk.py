"""The forms of a reprocessing machine and of a programme."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from assets.model.machine import Machine
from assets.model.programme import Programme
from assets.rules.setup_text import codes_text, programmes_text, quantities_text
from dash_app.actions import machines as actions
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import panel
from dash_app.queries.machines import SetUp
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from twin.access import Permission

SAVE_PROGRAMME, REMOVE_PROGRAMME = "machines-programme-save", "machines-programme-remove"
SAVE_MACHINE, REMOVE_MACHINE = "machines-machine-save", "machines-machine-remove"
PROGRAMME_SAID, MACHINE_SAID = "machines-programme-said", "machines-machine-said"
_PROGRAMME, _MACHINE = "programme-{}", "machine-{}"
_NUMBERS = {
    "band_low_c": mark("Band from, °C"),
    "band_high_c": mark("Band to, °C"),
    "required_hold_s": mark("Time in the band, s"),
    "sample_interval_s": mark("One sample every, s"),
    "min_f0_minutes": mark("F0 at least, min; 0 for none"),
    "min_a0_s": mark("A0 at least, s; 0 for none"),
    "f0_reference_c": mark("Reference of F0, °C"),
    "max_theoretical_difference_k": mark("Off saturated steam at most, K"),
    "max_record_difference_k": mark("Sensors apart at most, K"),
    "max_air_share": mark("Air that fails, share"),
    "air_suspected_share": mark("Air that is told, share"),
    "pulse_count": mark("Vacuum pulses; empty for none"),
    "pulse_low_kpa": mark("Pulse down to, kPa absolute"),
    "pulse_high_kpa": mark("Pulse up to, kPa absolute"),
    "drying_kpa": mark("Drying at most, kPa absolute"),
    "drying_s": mark("Drying at least, s"),
}
_FRESH = Programme(id="new", band_low_c=134.0, band_high_c=137.0, required_hold_s=180.0)
"""What an empty form shows: figures to be looked at, never limits that somebody set."""


def programme_values(programme: Programme | None) -> dict[str, Any]:
    """Give what stands in the fields of a programme's form, by field."""
    one = programme or _FRESH
    pulses, drying = one.pulses, one.drying
    composed = {
        "pulse_count": pulses.count if pulses is not None else "",
        "pulse_low_kpa": pulses.low_kpa if pulses is not None else "",
        "pulse_high_kpa": pulses.high_kpa if pulses is not None else "",
        "drying_kpa": drying.pressure_kpa if drying is not None else "",
        "drying_s": drying.duration_s if drying is not None else "",
    }
    texts = {
        "id": programme.id if programme is not None else "",
        "name": one.name,
        "kind": one.kind.value,
        "phases": codes_text(one.phases),
        "required": sorted(each.value for each in one.required),
        "source": one.source,
        "edition": one.edition,
    }
    numbers = {name: composed[name] if name in composed else getattr(one, name) for name in _NUMBERS}
    return texts | numbers


def machine_values(machine: Machine | None) -> dict[str, Any]:
    """Give what stands in the fields of a machine's form, by field."""
    one = machine or Machine(id="")
    return {
        "id": one.id,
        "kind": one.kind.value,
        "place": one.place,
        "device": one.device,
        "programmes": programmes_text(one.programmes),
        "leading": one.leading,
        "idle_codes": codes_text(one.idle_codes),
        "start_above_c": one.start_above_c,
        "end_below_c": one.end_below_c,
        "quantities": quantities_text(one.quantities),
    }


def filled_programme(programme: Programme | None = None) -> dict[str, Any]:
    """Give the values of a programme's form by component id."""
    return {_PROGRAMME.format(field): value for field, value in programme_values(programme).items()}


def filled_machine(machine: Machine | None = None) -> dict[str, Any]:
    """Give the values of a machine's form by component id."""
    return {_MACHINE.format(field): value for field, value in machine_values(machine).items()}


def _text(identifier: str, label: str, held: dict[str, Any], width: int = 220, hint: str = "") -> Component:
    control: Component = dmc.TextInput(
        id=identifier, label=label, value=held[identifier], w=width, placeholder=hint or None
    )
    return control


def _number(identifier: str, label: str, held: dict[str, Any]) -> Component:
    control: Component = dmc.NumberInput(id=identifier, label=label, value=held[identifier], hideControls=True, w=220)
    return control


def _choice(identifier: str, label: str, words: Any, held: dict[str, Any]) -> Component:
    control: Component = dmc.Select(
        id=identifier,
        label=label,
        data=codes.choices(words, list(words)),
        value=held[identifier],
        allowDeselect=False,
        w=220,
        comboboxProps={"withinPortal": False},
    )
    return control


def _programme_form(found: SetUp, query: dict[str, str]) -> Component:
    held = filled_programme(found.programme(query.get("programme", "")))
    numbers = [_number(_PROGRAMME.format(name), _(label), held) for name, label in _NUMBERS.items()]
    return panel(
        _("Set a programme's limits"),
        html.P(
            _(
                "Choose one above, or enter a new key. The figures of your own validation go before any that are "
                "commonly quoted; verdicts that were given keep the limits that they were given by."
            )
        ),
        html.Div(
            className="filters",
            children=[
                _text("programme-id", _("Key"), held),
                _text("programme-name", _("Name on the panel"), held),
                _choice("programme-kind", _("How it works"), device_words.MACHINE_KINDS, held),
                *numbers,
                _text("programme-phases", _("Phases in their order"), held, hint="1; 2; 3"),
                dmc.MultiSelect(
                    id="programme-required",
                    label=_("Required evidence"),
                    data=codes.choices(device_words.EVIDENCE, list(device_words.EVIDENCE)),
                    value=held["programme-required"],
                    w=460,
                    comboboxProps={"withinPortal": False},
                ),
                _text("programme-source", _("Standard or validation report"), held, 320),
                _text("programme-edition", _("Edition"), held),
                html.Button(_("Keep the programme"), id=SAVE_PROGRAMME, className="action primary", n_clicks=0),
                html.Button(_("Take it back"), id=REMOVE_PROGRAMME, className="action", n_clicks=0),
            ],
        ),
        html.P(id=PROGRAMME_SAID, role="status"),
        wide=True,
    )


def _machine_form(found: SetUp, query: dict[str, str]) -> Component:
    held = filled_machine(found.machine(query.get("machine", "")))
    return panel(
        _("Set up a machine"),
        html.P(_("It must be in the register. What its gateway calls it and its programmes is entered here.")),
        html.Div(
            className="filters",
            children=[
                _text("machine-id", _("Device: scan or enter it"), held),
                _choice("machine-kind", _("How it works"), device_words.MACHINE_KINDS, held),
                _text("machine-place", _("Where its loads come out"), held),
                _text("machine-device", _("Device of the gateway; empty if the same"), held, 260),
                _text("machine-programmes", _("Programme by its code"), held, 320, "1=P134; 2=P121"),
                _choice("machine-leading", _("A cycle is known by"), device_words.LEADING, held),
                _text("machine-idle_codes", _("Codes at which it rests"), held, hint="0; 7"),
                _number("machine-start_above_c", _("Begins above, °C"), held),
                _number("machine-end_below_c", _("Ends below, °C"), held),
                _text("machine-quantities", _("Other names of its readings"), held, 320, "control_c=t1"),
                html.Button(_("Keep the machine"), id=SAVE_MACHINE, className="action primary", n_clicks=0),
                html.Button(_("Take it back"), id=REMOVE_MACHINE, className="action", n_clicks=0),
            ],
        ),
        html.P(id=MACHINE_SAID, role="status"),
        wide=True,
    )


def desks(port: HospitalPort, found: SetUp, query: dict[str, str]) -> list[Component]:
    """Build both forms.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    found : SetUp
        What is set up.
    query : dict[str, str]
        ``machine`` or ``programme``, which fills its form.
    """
    forms = (_programme_form(found, query), _machine_form(found, query))
    return [html.Div(form, className="below") for form in forms]


def register_desks(
    callbacks: Callbacks, port: HospitalPort, shown: Output, content: Callable[[], list[Component]]
) -> None:
    """Register keeping and taking back.

    Parameters
    ----------
    callbacks : Callbacks
        Of the page.
    port : HospitalPort
        The hospital.
    shown : Output
        Where the lists stand.
    content : Callable[[], list[Component]]
        Builds them anew.
    """
    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}
    fields = list(programme_values(None))
    states = [State(_PROGRAMME.format(field), "value") for field in fields]

    @callbacks.add(Output(PROGRAMME_SAID, "children"), shown, Input(SAVE_PROGRAMME, "n_clicks"), *states, **common)
    def save_programme(_clicks: int, *entered: Any) -> Any:
        kept = actions.save_programme(port, dict(zip(fields, entered, strict=True)))
        return _("Kept: {what}").format(what=kept.id), content()

    @callbacks.add(
        Output(PROGRAMME_SAID, "children", allow_duplicate=True),
        shown,
        Input(REMOVE_PROGRAMME, "n_clicks"),
        State(_PROGRAMME.format("id"), "value"),
        **common,
    )
    def remove_programme(_clicks: int, key: str | None) -> Any:
        name = needed(key, _("Key"))
        actions.remove_programme(port, name)
        return _("Taken back: {what}").format(what=name), content()

    _register_machine(callbacks, port, shown, content)


def _register_machine(
    callbacks: Callbacks, port: HospitalPort, shown: Output, content: Callable[[], list[Component]]
) -> None:
    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}
    fields = list(machine_values(None))
    states = [State(_MACHINE.format(field), "value") for field in fields]

    @callbacks.add(Output(MACHINE_SAID, "children"), shown, Input(SAVE_MACHINE, "n_clicks"), *states, **common)
    def save_machine(_clicks: int, *entered: Any) -> Any:
        kept = actions.save_machine(port, dict(zip(fields, entered, strict=True)))
        return _("Kept: {what}").format(what=kept.id), content()

    @callbacks.add(
        Output(MACHINE_SAID, "children", allow_duplicate=True),
        shown,
        Input(REMOVE_MACHINE, "n_clicks"),
        State(_MACHINE.format("id"), "value"),
        **common,
    )
    def remove_machine(_clicks: int, key: str | None) -> Any:
        name = needed(key, _("Device: scan or enter it"))
        actions.remove_machine(port, name)
        return _("Taken back: {what}").format(what=name), content()
