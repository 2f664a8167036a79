"""Queues: nobody jumps unseen, and expected waits against closed forms."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twin.clock import HOUR_US, MINUTE_US
from twin.errors import Conflict, Refused
from twin.events.patients import QueueCalled, QueueJoined, QueueServiceEnded, QueueServiceStarted
from twin.state.indexing import build_index
from twin.state.live import LiveState
from twin.state.queueing import (
    PRIOR_MEDIAN_S,
    Services,
    at_counter,
    check_call,
    expected_waits,
    jumps,
    next_ticket,
    observed_services,
    off_queue_since,
)

POINT = "PH"


def _event(kind: type, ticket: str, at: int, **fields: object) -> object:
    return kind(
        thing=ticket,
        occurred_at=at,
        source="t:t",
        source_key=f"{ticket}{kind.__name__}{at}",
        id=f"{at:030d}{ticket}",
        **fields,
    )


def _queue(priorities: list[int]) -> LiveState:
    state = LiveState()
    for number, priority in enumerate(priorities):
        joined = _event(
            QueueJoined, f"T{number}", 1_000 + number, service_point=POINT, number=f"A{number:03d}", priority=priority
        )
        state.apply(joined)  # type: ignore[arg-type]
    return state


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine is no finding
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.data())
def test_a_ticket_is_called_out_of_turn_only_with_a_reason(priorities: list[int], data: st.DataObject) -> None:
    state = _queue(priorities)
    chosen = data.draw(st.integers(0, len(priorities) - 1))
    order = sorted(range(len(priorities)), key=lambda number: (-priorities[number], number))

    assert next_ticket(state, POINT).id == f"T{order[0]}"
    if chosen == order[0]:
        assert check_call(state, f"T{chosen}", "").id == f"T{chosen}"
    else:
        with pytest.raises(Refused):
            check_call(state, f"T{chosen}", "  ")
        assert check_call(state, f"T{chosen}", "chest pain").id == f"T{chosen}"


def test_exceptions_are_listed_for_review() -> None:
    state = _queue([0, 0])
    state.apply(_event(QueueCalled, "T1", 2_000, counter="2", exception_reason="chest pain"))  # type: ignore[arg-type]

    assert [ticket.id for ticket in jumps(state)] == ["T1"]


def test_nobody_to_call_is_said() -> None:
    with pytest.raises(Conflict):
        next_ticket(LiveState(), POINT)


def test_expected_waits_of_constant_services_are_those_of_arithmetic() -> None:
    services = Services(durations_s=(300.0,) * 20, elapsed_s=(), counters=2)

    found = expected_waits([f"T{number}" for number in range(5)], services, seed="x")

    assert [round(one.median_s) for one in found] == [0, 0, 300, 300, 600, 600]
    assert [one.position for one in found] == [1, 2, 3, 4, 5, 6]


def test_a_service_that_has_just_begun_lasts_as_long_as_any_other_where_few_were_observed() -> None:
    services = Services(durations_s=(), elapsed_s=(0.0,), counters=1)

    found = expected_waits(["T0"], services, seed="x")

    assert found[0].median_s == pytest.approx(PRIOR_MEDIAN_S, rel=0.15)


def test_a_service_in_progress_lasts_its_rest() -> None:
    services = Services(durations_s=(100.0, 400.0) * 10, elapsed_s=(150.0,), counters=1)

    found = expected_waits(["T0"], services, seed="x")

    assert found[0].low_s == found[0].high_s == 250.0  # only the longer service can still be going on


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine is no finding
@given(st.lists(st.integers(1, 3_600), min_size=5, max_size=12), st.integers(1, 4), st.integers(0, 15))
def test_quantiles_are_ordered_and_waits_grow_with_the_position(durations: list[int], counters: int, n: int) -> None:
    services = Services(durations_s=tuple(map(float, durations)), elapsed_s=(), counters=counters)

    found = expected_waits([f"T{number}" for number in range(n)], services, seed="x")

    assert all(one.low_s <= one.median_s <= one.high_s for one in found)
    medians = [one.median_s for one in found]
    assert medians == sorted(medians)


def test_what_was_served_is_what_waits_rest_on() -> None:
    state, now = _queue([0] * 8), 100 * MINUTE_US
    for number in range(6):
        at = (10 + number * 5) * MINUTE_US
        for kind, when, fields in (
            (QueueCalled, at, {"counter": str(number % 2)}),
            (QueueServiceStarted, at, {}),
            (QueueServiceEnded, at + 4 * MINUTE_US, {}),
        ):
            state.apply(_event(kind, f"T{number}", when, **fields))  # type: ignore[arg-type]

    services = observed_services(state, POINT, now)

    assert (services.durations_s, services.counters, services.is_prior) == ((240.0,) * 6, 2, False)
    assert observed_services(state, "other", now).is_prior


def test_closed_tickets_of_other_days_are_passed_over() -> None:
    state, now = _queue([0] * 3), 100 * 24 * HOUR_US
    for ticket, at in (("T0", MINUTE_US), ("T1", now - HOUR_US), ("T2", now - MINUTE_US)):
        state.apply(_event(QueueCalled, ticket, at, counter="1"))  # type: ignore[arg-type]
        if ticket != "T2":
            state.apply(_event(QueueServiceEnded, ticket, at + MINUTE_US))  # type: ignore[arg-type]

    assert [one.id for one in off_queue_since(state, POINT, now - 24 * HOUR_US)] == ["T1", "T2"]
    assert [one.id for one in at_counter(state, POINT)] == ["T2"]
    assert build_index(state).content() == state.index.content()
