"""Where an encounter was, as FHIR lists it: one entry active, those before it completed with their periods."""

from __future__ import annotations

import pytest
from fhir.resources.R4B.encounter import Encounter as Checked

from interop.fhir.resources import encounter as as_fhir
from tests.interop.conftest import InMemory, places
from tests.interop.messages_for_tests import adt
from twin.clock import ManualClock
from twin.state.live import LiveState

BED, OTHER, THIRD = "W1^1^A", "W2^1^A", "W1^1^B"
AT = [f"20260105{hour:02d}0000" for hour in range(12)]


@pytest.fixture
def listening(clock: ManualClock) -> InMemory:
    state = LiveState()
    for number, place in enumerate(places(), 1):
        state.apply(place, number)
    return InMemory(state, clock)


def listed(listening: InMemory, visit: str = "V1") -> list[tuple[str, str, str, str]]:
    """Give place, status, and the hours of begin and end."""
    told = as_fhir(listening.encounter(visit))
    Checked.model_validate(told)
    return [
        (
            one["location"]["reference"].removeprefix("Location/"),
            one["status"],
            one.get("period", {}).get("start", "")[11:13],
            one.get("period", {}).get("end", "")[11:13],
        )
        for one in told.get("location", [])
    ]


def test_the_present_comes_first_and_the_past_behind_it_the_latest_first(listening: InMemory) -> None:
    listening.hear(
        adt("A01", bed=BED, at=AT[1]),
        adt("A02", bed=OTHER, at=AT[3]),
        adt("A02", bed=THIRD, at=AT[5]),
        adt("A15", bed=THIRD, at=AT[6], PV1_42=BED),
    )

    assert listed(listening) == [
        ("W1-1-B", "active", "05", ""),
        ("W1-1-A", "reserved", "", ""),
        ("W2-1-A", "completed", "03", "05"),
        ("W1-1-A", "completed", "01", "03"),
    ]


def test_after_the_discharge_all_of_it_is_past(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=AT[1]), adt("A03", bed=BED, at=AT[4]))

    assert listed(listening) == [("W1-1-A", "completed", "01", "04")]


def test_a_cancelled_transfer_was_no_stay(listening: InMemory) -> None:
    listening.hear(
        adt("A01", bed=BED, at=AT[1]),
        adt("A02", bed=OTHER, at=AT[3]),
        adt("A12", bed=BED, at=AT[4], EVN_6=AT[3]),
    )

    assert listed(listening) == [("W1-1-A", "active", "01", "")]


def test_a_swap_ends_the_stay_of_both(listening: InMemory) -> None:
    second = adt("A17", visit="V2", bed=BED, at=AT[3])
    listening.hear(
        adt("A01", visit="V1", bed=BED, at=AT[1]),
        adt("A01", visit="V2", bed=THIRD, at=AT[2]),
        adt("A17", visit="V1", bed=THIRD, at=AT[3]) + b"\r".join(second.split(b"\r")[2:]),
    )

    assert listed(listening, "V1") == [("W1-1-B", "active", "03", ""), ("W1-1-A", "completed", "01", "03")]
    assert listed(listening, "V2") == [("W1-1-A", "active", "03", ""), ("W1-1-B", "completed", "02", "03")]


def test_on_leave_the_bed_is_kept(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=AT[1]), adt("A21", bed=BED, at=AT[4]))

    assert listed(listening) == [("W1-1-A", "reserved", "01", "")]
