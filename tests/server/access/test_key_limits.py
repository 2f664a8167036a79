"""A key has a minute's worth of requests at once, and gets them back steadily; people have none of this."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.limits import KeyLimits
from tests.server.conftest import Served
from twin.access import Role
from twin.clock import MINUTE_US, SECOND_US

NOW = 1_790_000_000 * SECOND_US


@given(st.integers(1, 500), st.lists(st.integers(0, 2 * MINUTE_US), max_size=300))
def test_no_minute_sees_more_than_two_minutes_worth(per_minute: int, gaps: list[int]) -> None:
    limits, at, passed = KeyLimits(per_minute), NOW, []
    for gap in gaps:
        at += gap
        taken = limits.take("k", now=at)
        assert taken is not None
        assert 0 <= taken.remaining <= per_minute
        if taken.is_allowed:
            passed.append(at)

    for first in passed:
        assert sum(first <= one < first + MINUTE_US for one in passed) <= 2 * per_minute


@given(st.integers(1, 1000), st.integers(0, 30))
def test_who_waits_as_long_as_told_is_let_in(per_minute: int, more: int) -> None:
    limits = KeyLimits(per_minute)
    for _ in range(per_minute + more):
        last = limits.take("k", now=NOW)
    assert last is not None
    refused = limits.take("k", now=NOW)
    assert refused is not None
    assert not refused.is_allowed

    again = limits.take("k", now=NOW + refused.reset_s * SECOND_US)

    assert again is not None
    assert again.is_allowed


def test_one_key_takes_nothing_from_another_and_a_clock_put_back_gives_nothing() -> None:
    limits = KeyLimits(1)

    taken = [limits.take(key, now=at) for key, at in (("a", NOW), ("a", NOW - MINUTE_US), ("b", NOW))]

    assert [one.is_allowed for one in taken if one is not None] == [True, False, True]


def test_no_limit_is_no_limit() -> None:
    assert KeyLimits(0).take("k", now=NOW) is None


@pytest.fixture
def narrow(served: Served) -> Served:
    """A hospital whose keys may ask three times a minute."""
    access = served.app.access
    access.key_limits = KeyLimits(3)
    return served


async def test_a_key_that_asks_too_often_is_told_how_long_to_wait(narrow: Served) -> None:
    program = await narrow.program(Role.AUDITOR)

    answers = [await program.get("/v1/audit") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "too_many_requests"
    assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"] == "20"
    narrow.clock.advance(20)
    assert (await program.get("/v1/audit")).status_code == 200


async def test_people_are_not_counted(narrow: Served) -> None:
    nurse = await narrow.signed_in(Role.NURSE)

    answers = [await nurse.get("/v1/auth/me") for _ in range(6)]

    assert {answer.status_code for answer in answers} == {200}
    assert "ratelimit-limit" not in answers[0].headers


def test_an_allowance_is_a_value() -> None:
    taken = KeyLimits(10).take("k", now=NOW)
    assert taken is not None

    assert dict(dataclasses.replace(taken, is_allowed=False).headers()).keys() >= {"retry-after", "ratelimit-limit"}
