"""Clocks of endoscopes over more than one round: what was late or hung too long is made good by reprocessing it."""

from __future__ import annotations

import pytest

from assets.rules.endoscopes import ClockState, ScopeLimits, ScopeStep, StepDone, scope_status
from twin.clock import HOUR_US, MINUTE_US

ROUND = (ScopeStep.LEAK_TEST, ScopeStep.MANUAL_CLEAN, ScopeStep.MACHINE, ScopeStep.DRIED, ScopeStep.STORED)
WEEK_US = 7 * 24 * HOUR_US
LIMITS = ScopeLimits()


def round_from(at: int) -> list[StepDone]:
    return [StepDone(step=step, at=at + n * 10 * MINUTE_US, duration_s=600) for n, step in enumerate(ROUND)]


def reasons(steps: list[StepDone], now: int) -> tuple[str, ...]:
    return scope_status(steps, now=now, limits=LIMITS).reasons


def test_an_endoscope_that_hung_too_long_is_ready_again_after_a_further_round() -> None:
    steps = [StepDone(step=ScopeStep.USED, at=HOUR_US), *round_from(HOUR_US + MINUTE_US)]
    late = HOUR_US + WEEK_US + 2 * HOUR_US
    assert reasons(steps, late) == ("endoscope.hang_time",)

    steps += round_from(late)

    assert reasons(steps, late + HOUR_US) == ()


def test_a_round_that_began_too_late_is_made_good_by_a_whole_further_one() -> None:
    steps = [StepDone(step=ScopeStep.USED, at=HOUR_US), *round_from(4 * HOUR_US)]
    assert reasons(steps, 5 * HOUR_US) == ("endoscope.bedside_to_clean",)
    again = round_from(6 * HOUR_US)

    assert "endoscope.no_manual_clean" in reasons(steps + again[:1], 7 * HOUR_US)
    assert reasons(steps + again, 7 * HOUR_US) == ()
    bedside = scope_status(steps + again, now=7 * HOUR_US, limits=LIMITS).clocks[0]
    assert (bedside.name, bedside.state) == ("bedside_to_clean", ClockState.LATE)  # still shown


@pytest.mark.parametrize("hours", [0.5, 2.0])
def test_the_clock_of_the_bedside_runs_until_the_first_cleaning(hours: float) -> None:
    steps = [StepDone(step=ScopeStep.USED, at=HOUR_US)]
    now = HOUR_US + int(hours * HOUR_US)

    assert ("endoscope.bedside_to_clean" in reasons(steps, now)) == (hours > 1)
