"""What became of a plan in force."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.rules.adherence import LATE_US, Happened, Outcome, counted, follow
from twin.events.work import PlannedStay

START = 100 * LATE_US


def stay(encounter: str = "e1", start_at: int = START) -> PlannedStay:
    """Give a planned stay in room r1."""
    return PlannedStay(encounter=encounter, place="r1", start_at=start_at, end_at=start_at + LATE_US)


@pytest.mark.parametrize(
    ("happened", "now", "outcome"),
    [
        (None, START, Outcome.DUE),  # nobody knows of them yet
        (None, START + LATE_US, Outcome.DUE),  # the morning is not over
        (None, START + LATE_US + 1, Outcome.NOT_COME),  # it is
        (Happened(), START + 2 * LATE_US, Outcome.NOT_COME),  # booked, and did not come
        (Happened(is_cancelled=True), START, Outcome.CANCELLED),  # called off before
        (Happened(came_at=START, room="r1"), START, Outcome.AS_PLANNED),  # as planned
        (Happened(came_at=START - LATE_US, room="r1"), START, Outcome.AS_PLANNED),  # early
        (Happened(came_at=START, room=""), START, Outcome.AS_PLANNED),  # nobody knows where: no claim
        (Happened(came_at=START, room="r2"), START, Outcome.ELSEWHERE),  # in time, in another room
        (Happened(came_at=START + LATE_US + 1, room="r2"), START + 2 * LATE_US, Outcome.LATE),  # late and elsewhere
        (Happened(came_at=START, room="r1", is_cancelled=True), START, Outcome.AS_PLANNED),  # came all the same
    ],
)
def test_each_stay_becomes_one_thing(happened: Happened | None, now: int, outcome: Outcome) -> None:
    found = follow([stay()], {} if happened is None else {"e1": happened}, now)

    assert [one.outcome for one in found] == [outcome]


@given(st.lists(st.integers(0, 200), max_size=20), st.integers(0, 200))
def test_every_stay_is_counted_once_in_the_order_of_the_plan(starts: list[int], now: int) -> None:
    stays = [stay(f"e{index}", start * LATE_US) for index, start in enumerate(starts)]

    found = follow(stays, {}, now * LATE_US)

    assert sum(counted(found).values()) == len(stays)
    assert [one.stay.start_at for one in found] == sorted(one.start_at for one in stays)
