"""When standing somewhere is an egress."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.egress import Permit, is_egress


@pytest.mark.parametrize("purpose", ["exit", "outside", "loading_dock"])
def test_alarm_when_a_pump_stands_at_an_exit_without_permit(purpose: str) -> None:
    assert is_egress(purpose=purpose, may_leave=False)


@pytest.mark.parametrize("purpose", ["ward", "theatre", "", "corridor"])
def test_no_alarm_within_the_hospital(purpose: str) -> None:
    assert not is_egress(purpose=purpose, may_leave=False)


def test_no_alarm_for_what_may_always_leave() -> None:
    assert not is_egress(purpose="exit", may_leave=True)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_permit_holds_from_its_start_until_before_its_end(start: int, end: int, at: int) -> None:
    permit = Permit(asset="a", start_at=start, end_at=end)

    expected = start <= at and (end == 0 or at < end)

    assert is_egress(purpose="exit", may_leave=False, permits=(permit,), at=at) == (not expected)
