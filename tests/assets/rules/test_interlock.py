"""What speaks against starting a load, and that nothing else does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.model.cycle import Preconditions
from assets.model.loads import Load, LoadItem, LoadState
from assets.model.programme import FULL_STEAM_EVIDENCE, Evidence, Programme
from assets.rules.interlock import ItemReason, StartCase, check_start

PROGRAMME = Programme(
    id="P134",
    band_low_c=134.0,
    band_high_c=137.0,
    required_hold_s=180.0,
    required=FULL_STEAM_EVIDENCE,
    source="PQ report 2026-01",
)
LOAD = Load(id="load:1", machine="ster-1", items=(LoadItem(set_instance="set-1", gtin="09506000134352"),))
READY = StartCase(
    load=LOAD,
    programmes=(PROGRAMME,),
    known=Preconditions(air_removal_test=True, leak_test=True, calibration=True, maintenance=True, no_open_notice=True),
)


def test_a_load_in_a_tested_machine_with_a_validated_programme_may_start() -> None:
    found = check_start(READY)

    assert found.may_start
    assert (found.reasons, found.items, found.warnings) == ((), (), ())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"load": replace(LOAD, items=())}, "load.empty"),
        ({"load": replace(LOAD, state=LoadState.IN_CYCLE)}, "load.in_cycle"),
        ({"is_running": True}, "machine.running"),
        ({"programmes": ()}, "machine.no_programme"),
        ({"unknown_programmes": ("P121",)}, "programme.unknown"),
        ({"is_of_machine": False}, "programme.not_of_machine"),
        ({"programmes": (replace(PROGRAMME, source=" "),)}, "programme.not_validated"),
        ({"known": replace(READY.known, leak_test=False)}, "precondition.leak_test"),
        ({"known": replace(READY.known, leak_test=None)}, "evidence_missing.leak_test"),  # due: it has run out
        ({"known": replace(READY.known, calibration=None)}, "evidence_missing.calibration"),
    ],
)
def test_what_speaks_against_a_start_is_named(change: dict[str, Any], reason: str) -> None:
    found = check_start(replace(READY, **change))

    assert found.reasons == (reason,)
    assert not found.may_start


def test_what_speaks_against_some_programmes_only_is_a_warning() -> None:
    simple = replace(PROGRAMME, id="P90", required=frozenset({Evidence.CONTROL_TEMPERATURE}))
    due = replace(READY, programmes=(PROGRAMME, simple), known=replace(READY.known, leak_test=None))

    found = check_start(due)

    assert found.may_start
    assert found.warnings == ("evidence_missing.leak_test",)


def test_sets_and_devices_are_named_with_what_is_wrong_with_them() -> None:
    found = check_start(replace(READY, against_items={"set-1": ["set.recalled", "set.instrument_faulty"]}))

    assert found.items == (
        ItemReason(item="set-1", code="set.recalled"),
        ItemReason(item="set-1", code="set.instrument_faulty"),
    )
    assert not found.may_start


@given(states=st.tuples(*[st.sampled_from([True, False, None])] * 5))
def test_only_a_machine_of_which_all_is_known_to_be_good_may_start_what_asks_for_all(
    states: tuple[bool | None, ...],
) -> None:
    names = ("air_removal_test", "leak_test", "calibration", "maintenance", "no_open_notice")
    known = Preconditions(**dict(zip(names, states, strict=True)))

    assert check_start(replace(READY, known=known)).may_start == all(states)
