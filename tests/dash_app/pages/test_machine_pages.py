"""Pages of machines, programmes, limits and clocks: what is entered is kept, what cannot be is told, nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from assets.model.electrical import Method, Quantity
from assets.model.incidents import Severity
from assets.model.machine import Machine
from assets.model.programme import Drying, Evidence, Pulses
from assets.service import limits
from assets.tables.rows import CycleRow
from dash_app.actions import machines as actions
from dash_app.pages import device_limits, machines
from dash_app.pages.machine_desk import machine_values, programme_values
from dash_app.pages.page import Visit
from dash_app.queries.machines import limits_board, set_up
from tests.dash_app.gathering import gathered
from tests.dash_app.pages.test_device_pages import Kept, registered, words
from tests.dash_app.small_hospital import NOW, small_port
from twin.access import Role
from twin.errors import Conflict, FieldError, Forbidden, InputError, NotFound, Refused


@pytest.fixture
def kept() -> Kept:
    return registered()


def programme(**fields: Any) -> dict[str, Any]:
    own = {"id": "P134", "name": "134 °C", "source": "PQ 2026", "required": ["control_temperature", "leak_test"]}
    return programme_values(None) | own | fields


def machine(**fields: Any) -> dict[str, Any]:
    return machine_values(None) | {"id": "C-1", "programmes": "1=P134", "place": "W1"} | fields


@pytest.mark.parametrize("page", [machines, device_limits])
@pytest.mark.parametrize("role", [Role.NURSE, Role.BIOMED])
def test_pages_open_on_an_empty_hospital(page: Any, role: Role) -> None:
    text = words(page.layout(small_port(role), Visit(path=page.PAGE.path, query={})))

    assert len(text) > 40


def test_a_programme_and_its_machine_are_entered_shown_and_edited_as_they_stand(kept: Kept) -> None:
    entered = programme(pulse_count=3, pulse_low_kpa=10, pulse_high_kpa=95.0, drying_kpa=8, drying_s=300, phases="1；2")
    saved = actions.save_programme(kept.port, entered)
    made = actions.save_machine(kept.port, machine(quantities="control_c=t1|t2", idle_codes="0"))

    text = words(machines.content(kept.port))
    assert made == Machine(
        id="IP-1",
        place="W1",
        programmes={1: "P134"},
        quantities={"control_c": ("t1", "t2")},
        idle_codes=(0,),
    )
    assert saved.required == {Evidence.CONTROL_TEMPERATURE, Evidence.LEAK_TEST}
    assert (saved.pulses, saved.drying) == (
        Pulses(count=3, low_kpa=10, high_kpa=95),
        Drying(pressure_kpa=8, duration_s=300),
    )
    for wanted in (
        "134.0 to 137.0 °C",
        "3 vacuum pulses",
        "PQ 2026",
        "Leak test in date",
        "1=P134",
        "Infusion pump IP-1",
    ):
        assert wanted in text
    # What the forms show is what would be kept again.
    assert actions.programme_entered(programme_values(saved)) == saved
    assert actions.save_machine(kept.port, machine_values(made)) == made


def test_the_address_fills_the_form_of_what_it_names_and_leaves_the_other(kept: Kept) -> None:
    actions.save_programme(kept.port, programme())
    choose = gathered(machines.register, kept.port)["choose"]

    answer = choose.function("?programme=P134")
    values = dict(zip((one.component_id for one in choose.dependencies[:-1]), answer, strict=True))

    assert (values["programme-id"], values["programme-source"]) == ("P134", "PQ 2026")
    assert not isinstance(values["machine-id"], str)  # nothing: what stands there stays


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"band_low_c": 138}, "programme"),  # an empty band
        ({"required_hold_s": None}, "required_hold_s"),
        ({"required_hold_s": 0}, "programme"),
        ({"pulse_count": 3}, "pulse_low_kpa"),  # pulses without pressures
        ({"pulse_count": 3, "pulse_low_kpa": 95, "pulse_high_kpa": 10}, "pulses"),
        ({"drying_kpa": 8, "drying_s": 0}, "drying"),
        ({"max_air_share": 6}, "max_air_share"),  # per cent where a share is asked for
        ({"air_suspected_share": 0.5}, "air_suspected_share"),
        ({"min_f0_minutes": -1}, "min_f0_minutes"),
        ({"phases": "one"}, "programme"),
        ({"id": " "}, "id"),
        ({"band_low_c": 1340, "band_high_c": 1370}, "band_low_c"),  # a lost decimal point
    ],
)
def test_limits_by_which_no_cycle_could_be_judged_are_refused(kept: Kept, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        actions.save_programme(kept.port, programme(**wrong))

    assert refused.value.problem.field == field
    with kept.port.read() as session:
        assert set_up(session).programmes == ()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"id": "nobody"}, InputError),
        ({"programmes": "1=P9"}, NotFound),
        ({"programmes": "1"}, FieldError),
        ({"quantities": "colour=t1"}, FieldError),
        ({"start_above_c": 80, "end_below_c": 90}, FieldError),
        ({"start_above_c": ""}, FieldError),
        ({"device": "IP-2"}, Conflict),  # what another machine's samples come from
    ],
)
def test_a_machine_that_cannot_be_is_refused(kept: Kept, wrong: dict[str, Any], error: type[Exception]) -> None:
    actions.save_programme(kept.port, programme())
    actions.save_machine(kept.port, machine(id="C-2"))

    with pytest.raises(error):
        actions.save_machine(kept.port, machine(**wrong))

    with kept.port.read() as session:
        assert [line.machine.id for line in set_up(session).machines] == ["IP-2"]


def test_only_what_was_never_used_is_taken_back(kept: Kept) -> None:
    actions.save_programme(kept.port, programme())
    actions.save_programme(kept.port, programme(id="P121"))
    actions.save_machine(kept.port, machine())
    kept.keep(CycleRow(id="c", machine="IP-1", programme="P121", start_at=NOW - 60_000_000, end_at=NOW))

    for name in ("P134", "P121"):  # one is named by a machine, by the other a cycle was judged
        with pytest.raises(Refused):
            actions.remove_programme(kept.port, name)
    with pytest.raises(Refused):
        actions.remove_machine(kept.port, "IP-1")
    actions.save_machine(kept.port, machine(id="C-2", programmes=""))
    actions.remove_machine(kept.port, "IP-2")
    with pytest.raises(NotFound):
        actions.remove_machine(kept.port, "IP-2")

    text = words(machines.content(kept.port))
    assert ("Machines: 1" in text, "programmes: 2" in text) == (True, True)


def test_an_electrical_limit_is_set_beside_the_others_and_taken_back(kept: Kept) -> None:
    quoted = words(device_limits.content(kept.port))
    told = {"quantity": "equipment_leakage", "method": "direct", "subject": "I", "limit": 400, "source": "Own rule"}
    actions.keep_electrical(kept.port, told)
    earth = {"quantity": "protective_earth", "method": "direct", "subject": "with_cord", "limit": 250, "source": "Own"}
    actions.keep_electrical(kept.port, earth)

    with kept.port.read() as session:
        table = limits.electrical_table(session)
    assert table[Quantity.EQUIPMENT_LEAKAGE, "direct", "I"] == 400
    assert table[Quantity.PROTECTIVE_EARTH, Method.NONE.value, "with_cord"] == 250  # earth has no method
    assert table[Quantity.EQUIPMENT_LEAKAGE, "direct", "II"] == 100  # the others stand as before
    text = words(device_limits.content(kept.port))
    assert "nobody here has set them" in quoted
    assert ("Own rule" in text, "Set by" in text) == (True, True)

    actions.remove_electrical(kept.port, "equipment_leakage/direct/I")
    with kept.port.read() as session:
        assert (Quantity.EQUIPMENT_LEAKAGE, "direct", "I") not in limits.electrical_table(session)
    actions.go_back(kept.port, "electrical")
    with kept.port.read() as session:
        board = limits_board(session)
    assert board.set_by[limits.LimitsOf.ELECTRICAL] is None
    assert {one.limit for one in board.electrical if one.quantity is Quantity.PROTECTIVE_EARTH} == {100, 200, 300, 500}


def test_clocks_are_set_and_taken_away(kept: Kept) -> None:
    actions.keep_clock(kept.port, {"severity": "near_miss", "days": 10, "working": True, "source": "21 CFR 803.30"})
    actions.keep_clock(kept.port, {"severity": "death", "days": 0, "source": ""})
    actions.keep_scopes(
        kept.port,
        {"bedside_to_clean_s": 45, "clean_to_machine_s": 30, "drying_s": 15, "hang_s": 3, "source": "Risk 2026"},
    )

    with kept.port.read() as session:
        board = limits_board(session)
    assert board.clocks[Severity.NEAR_MISS].is_working_days
    assert Severity.DEATH not in board.clocks
    assert (board.scopes.bedside_to_clean_s, board.scopes.hang_s) == (2700, 3 * 86_400)
    text = words(device_limits.content(kept.port))
    assert ("10 working days" in text, "Risk 2026" in text) == (True, True)


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (actions.keep_electrical, {"quantity": "equipment_leakage", "method": "direct", "subject": "I", "limit": 0}),
        (actions.keep_electrical, {"quantity": "protective_earth", "subject": "", "limit": 5, "source": "s"}),
        (actions.keep_clock, {"severity": "death", "days": 1.5, "source": "s"}),
        (actions.keep_clock, {"severity": "death", "days": 3, "source": ""}),
        (
            actions.keep_scopes,
            {"bedside_to_clean_s": 0, "clean_to_machine_s": 1, "drying_s": 1, "hang_s": 1, "source": "s"},
        ),
    ],
)
def test_limits_without_figure_or_source_are_refused(kept: Kept, action: Any, told: dict[str, Any]) -> None:
    with pytest.raises(FieldError):
        action(kept.port, told)

    with kept.port.read() as session:
        assert set(limits_board(session).set_by.values()) == {None}


def test_a_nurse_sees_limits_and_machines_and_sets_none() -> None:
    port = small_port(Role.NURSE)

    with pytest.raises(Forbidden):
        actions.save_programme(port, programme())
    assert "Keep the limit" not in words(device_limits.layout(port, Visit(path="/device-limits", query={})))
