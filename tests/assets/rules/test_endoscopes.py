"""Clocks of endoscopes over more than one round: what was late or hung too long is made good by reprocessing it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.endoscopes import ClockState, LightDose, ScopeLimits, ScopeStep, StepDone, scope_status
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


@pytest.mark.parametrize(
    ("step", "change", "reason"),
    [
        (ScopeStep.LEAK_TEST, {"is_passed": False}, "endoscope.failed_leak_test"),
        (ScopeStep.MACHINE, {"is_passed": False}, "endoscope.failed_machine"),
        (ScopeStep.DRIED, {"duration_s": 599}, "endoscope.drying_short"),  # ten minutes of forced air, ST91
    ],
)
def test_what_was_done_badly_is_named(step: ScopeStep, change: dict[str, object], reason: str) -> None:
    steps = [StepDone(step=ScopeStep.USED, at=HOUR_US), *round_from(HOUR_US + MINUTE_US)]

    told = [replace(one, **change) if one.step is step else one for one in steps]  # type: ignore[arg-type]  # by name

    assert reasons(told, 3 * HOUR_US) == (reason,)


def test_an_endoscope_of_which_nothing_is_known_lacks_every_step() -> None:
    status = scope_status([], now=HOUR_US, limits=LIMITS)

    assert status.reasons == tuple(f"endoscope.no_{step}" for step in ROUND[:-1])
    assert (status.clocks, status.next_step) == ((), ScopeStep.LEAK_TEST)


@given(left_out=st.integers(0, 3), order=st.randoms(use_true_random=False))
def test_a_step_counts_only_after_all_before_it_in_whatever_order_they_are_told(left_out: int, order: object) -> None:
    steps = [StepDone(step=ScopeStep.USED, at=HOUR_US), *round_from(HOUR_US + MINUTE_US)]
    told = [one for one in steps if one.step is not ROUND[left_out]]
    order.shuffle(told)  # type: ignore[attr-defined]  # hypothesis gives a random.Random

    status = scope_status(told, now=HOUR_US + 50 * MINUTE_US, limits=LIMITS)

    assert status.next_step is ROUND[left_out]
    assert status.reasons[: 4 - left_out] == tuple(f"endoscope.no_{step}" for step in ROUND[left_out:4])


@pytest.mark.parametrize(("irradiance", "duration", "target"), [(-1.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, 0.0)])
def test_what_is_no_dose_of_light_is_refused(irradiance: float, duration: float, target: float) -> None:
    with pytest.raises(ValueError, match="target dose above 0"):
        LightDose(position="a", irradiance_mw_cm2=irradiance, duration_s=duration, target_mj_cm2=target)


def test_a_dose_is_irradiance_times_time() -> None:
    dose = LightDose(position="a", irradiance_mw_cm2=0.5, duration_s=80.0, target_mj_cm2=40.0)

    assert (dose.dose_mj_cm2, dose.is_reached) == (40.0, True)
