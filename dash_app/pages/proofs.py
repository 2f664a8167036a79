"""Results of indicators and of machines' regular tests, told on the reprocessing board.

A biological indicator is read days after its cycle, and no machine tells it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from assets.model.loads import IndicatorKind, MachineTestKind
from dash_app.actions import reprocessing as actions
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed, whole
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import panel
from dash_app.queries import reprocessing
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment, number
from twin.access import Permission

CYCLE, KIND, NAME = "proof-cycle", "proof-kind", "proof-name"
PASSED, FAILED, SAID = "proof-passed", "proof-failed", "proof-said"
MACHINE, TEST, VALUE, HOURS = "test-machine", "test-kind", "test-value", "test-hours"
TEST_PASSED, TEST_FAILED, TEST_SAID = "test-passed", "test-failed", "test-said"


def _choice(identifier: str, label: str, data: list[dict[str, str]], width: int) -> Component:
    found: Component = dmc.Select(
        id=identifier, label=label, data=data, w=width, searchable=True, comboboxProps={"withinPortal": False}
    )
    return found


def cycle_choices(port: HospitalPort) -> list[dict[str, str]]:
    """Give the latest cycles by machine and time, for a selection."""
    with port.read() as session:
        lines = reprocessing.cycles(session)
    return [
        {"value": line.id, "label": f"{asset_name(port.state(), line.machine)} · {moment(line.start_at)}"}
        for line in lines
    ]


def _machines(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        found = reprocessing.machines(session, port.state())
    return [{"value": one.id, "label": one.name} for one in found]


def proofs_panel(port: HospitalPort) -> Component:
    """Build both forms."""
    failed_indicator = _("Every load of the cycle that was released is recalled, and an alarm is raised.")
    failed_test = _("An alarm is raised; after a failed leak or air removal test no load is released until one passes.")
    indicator: list[Component] = [
        _choice(CYCLE, _("Cycle"), cycle_choices(port), 320),
        _choice(KIND, _("Indicator"), codes.choices(device_words.INDICATORS, list(IndicatorKind)), 220),
        dmc.TextInput(id=NAME, label=_("Number or place of the indicator"), w=240),
        html.Button(_("It passed"), id=PASSED, className="action primary", n_clicks=0),
        asks_first(
            html.Button(_("It failed"), id=FAILED, className="action", n_clicks=0), failed_indicator, CYCLE, NAME
        ),
    ]
    test: list[Component] = [
        _choice(MACHINE, _("Machine"), _machines(port), 320),
        _choice(TEST, _("Test"), codes.choices(device_words.MACHINE_TESTS, list(MachineTestKind)), 220),
        dmc.NumberInput(id=VALUE, label=_("Rise of a leak test, kPa/min"), hideControls=True, w=220),
        dmc.NumberInput(id=HOURS, label=_("Valid for hours"), value=24, min=1, max=10_000, hideControls=True, w=140),
        html.Button(_("It passed"), id=TEST_PASSED, className="action primary", n_clicks=0),
        asks_first(
            html.Button(_("It failed"), id=TEST_FAILED, className="action", n_clicks=0), failed_test, MACHINE, TEST
        ),
    ]
    return html.Div(
        [
            panel(
                _("Result of an indicator"),
                html.Div(indicator, className="filters"),
                html.P(id=SAID, role="status"),
                wide=True,
            ),
            html.Div(
                panel(
                    _("Result of a machine's test"),
                    html.Div(test, className="filters"),
                    html.P(id=TEST_SAID, role="status"),
                    wide=True,
                ),
                className="below",
            ),
        ]
    )


def register_proofs(callbacks: Callbacks, port: HospitalPort, shown: Output, again: Callable[[], object]) -> None:
    """Register both forms.

    Parameters
    ----------
    callbacks : Callbacks
        Where they are registered.
    port : HospitalPort
        The hospital.
    shown : Output
        The board, which shows what a result changes.
    again : Callable[[], object]
        Gives it anew.
    """
    common: dict[str, Any] = {"permission": Permission.LOADS_RELEASE, "prevent_initial_call": True}
    indicator = (State(CYCLE, "value"), State(KIND, "value"), State(NAME, "value"))
    test = (State(MACHINE, "value"), State(TEST, "value"), State(VALUE, "value"), State(HOURS, "value"))

    def keep_indicator(is_passed: bool, cycle: str | None, kind: str | None, name: str | None) -> tuple[str, object]:
        recalled = actions.tell_indicator(
            port,
            cycle=needed(cycle, _("Cycle")),
            kind=IndicatorKind(needed(kind, _("Indicator"))),
            name=needed(name, _("Number or place of the indicator")),
            is_passed=is_passed,
        )
        told = _("Kept: passed.") if is_passed else _("Kept: failed. Loads recalled: {count}")
        return told.format(count=number(len(recalled))), again()

    def keep_test(is_passed: bool, machine: str | None, kind: str | None, value: Any, hours: Any) -> tuple[str, object]:
        actions.tell_test(
            port,
            machine=needed(machine, _("Machine")),
            kind=MachineTestKind(needed(kind, _("Test"))),
            is_passed=is_passed,
            value=float(value) if isinstance(value, int | float) else None,
            valid_hours=whole(hours, _("Valid for hours")),
        )
        return (_("Kept: passed.") if is_passed else _("Kept: failed; an alarm is raised.")), again()

    @callbacks.add(Output(SAID, "children"), shown, Input(PASSED, "n_clicks"), *indicator, **common)
    def indicator_passed(_clicks: int, *told: str | None) -> tuple[str, object]:
        return keep_indicator(True, *told)

    @callbacks.add(
        Output(SAID, "children", allow_duplicate=True), shown, Input(FAILED, "n_clicks"), *indicator, **common
    )
    def indicator_failed(_clicks: int, *told: str | None) -> tuple[str, object]:
        return keep_indicator(False, *told)

    @callbacks.add(Output(TEST_SAID, "children"), shown, Input(TEST_PASSED, "n_clicks"), *test, **common)
    def machine_passed(_clicks: int, *told: Any) -> tuple[str, object]:
        return keep_test(True, *told)

    @callbacks.add(
        Output(TEST_SAID, "children", allow_duplicate=True), shown, Input(TEST_FAILED, "n_clicks"), *test, **common
    )
    def machine_failed(_clicks: int, *told: Any) -> tuple[str, object]:
        return keep_test(False, *told)
