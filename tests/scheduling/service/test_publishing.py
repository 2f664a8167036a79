"""Instants of a plan's operations: nobody and no theatre operates twice at once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scheduling.model.admissions import AdmissionPlan, Stay, Surgeon, Theatre
from scheduling.service.publishing import stays_of
from tests.scheduling.wards import patient, problem
from twin.events.work import PlannedStay

MINUTE_US = 60_000_000
OPERATION = st.tuples(
    st.sampled_from("abc"), st.sampled_from(["t1", "t2", "t3"]), st.integers(0, 3), st.integers(0, 300)
)


def told(operations: list[tuple[str, str, int, int]], turnover: int) -> list[PlannedStay]:
    """Give the operations of a plan, by start."""
    people = tuple(
        patient(f"p{index:02}", surgeon=surgeon, surgery_minutes=minutes + turnover if minutes else 0)
        for index, (surgeon, _theatre, _day, minutes) in enumerate(operations)
    )
    made = problem(
        patients=people,
        surgeons=tuple(Surgeon(id=name, minutes_by_day=(480,) * 4) for name in "abc"),
        theatres=tuple(Theatre(id=name, minutes_by_day=(480,) * 4) for name in ("t1", "t2", "t3")),
        turnover_minutes=turnover,
    )
    stays = tuple(
        Stay(patient=f"p{index:02}", day=day, room="r1", theatre=theatre)
        for index, (_surgeon, theatre, day, _minutes) in enumerate(operations)
    )
    found = stays_of(0, made, AdmissionPlan(stays=stays, duties=()))
    return sorted((one for one in found if one.theatre_end_at), key=lambda one: one.theatre_start_at)


@given(operations=st.lists(OPERATION, max_size=12), turnover=st.sampled_from([0, 20]))
def test_surgeons_and_theatres_do_one_thing_at_a_time(
    operations: list[tuple[str, str, int, int]], turnover: int
) -> None:
    found = told(operations, turnover)

    assert len(found) == sum(minutes > 0 for *_rest, minutes in operations)
    for one in found:
        minutes = operations[int(one.encounter[1:])][3]
        assert one.theatre_end_at - one.theatre_start_at == minutes * MINUTE_US
    for name in "abc":
        for one, following in pairwise(each for each in found if each.surgeon == name):
            assert one.theatre_end_at <= following.theatre_start_at
    for name in ("t1", "t2", "t3"):
        for one, following in pairwise(each for each in found if each.theatre == name):
            assert one.theatre_end_at + turnover * MINUTE_US <= following.theatre_start_at


def test_a_theatre_does_not_wait_for_a_surgeon_while_another_can_operate() -> None:
    # a operates in both theatres: the second theatre begins with b
    found = told([("a", "t1", 0, 120), ("a", "t2", 0, 60), ("b", "t2", 0, 60)], 0)

    begins = {one.encounter: one.theatre_start_at - found[0].theatre_start_at for one in found}
    assert begins == {"p00": 0, "p02": 0, "p01": 120 * MINUTE_US}
