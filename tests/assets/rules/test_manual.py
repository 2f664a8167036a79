"""Cycles read from a printout: what its figures prove, and what they cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.model.cycle import Judgement, Preconditions
from assets.model.programme import Evidence, MachineKind, Programme
from assets.rules.manual import Printout, judge_printout
from assets.rules.steam import saturation_pressure_kpa
from twin.events.supply import Verdict

PAPER = Programme(
    id="P134",
    band_low_c=134.0,
    band_high_c=137.0,
    required_hold_s=180.0,
    required=frozenset({Evidence.PRINTOUT}),
)
GOOD = Printout(lowest_c=134.4, highest_c=135.2, hold_s=240.0, photo="doc:1")


def judged(printout: Printout, programme: Programme = PAPER) -> Judgement:
    return judge_printout(printout, programme, Preconditions())


def test_a_printout_without_a_pressure_says_that_none_was_compared() -> None:
    found = judged(GOOD)

    assert (found.verdict, found.max_theoretical_difference_k) == (Verdict.PASS, None)
    assert "theoretical_temperature" in found.not_evaluated


def test_a_printed_pressure_of_saturated_steam_is_compared_and_passes() -> None:
    found = judged(replace(GOOD, pressure_kpa=saturation_pressure_kpa(134.8)))

    assert found.verdict is Verdict.PASS
    assert "theoretical_temperature" in found.evaluated
    assert found.max_theoretical_difference_k == 0.0


@pytest.mark.parametrize(
    ("pressure_kpa", "warnings"),
    [
        (360.0, ()),  # five kelvins of air above the steam's own pressure
        (saturation_pressure_kpa(134.8) - 101.325, ("gauge_pressure_suspected",)),
        (0.1, ()),  # no steam at all
    ],
)
def test_a_printed_pressure_that_fits_no_printed_temperature_fails(
    pressure_kpa: float, warnings: tuple[str, ...]
) -> None:
    found = judged(replace(GOOD, pressure_kpa=pressure_kpa))

    assert (found.verdict, found.codes) == (Verdict.FAIL, ("theoretical_temperature",))
    assert tuple(reason.code for reason in found.warnings) == ("entered_by_hand", *warnings)


def test_a_washer_has_no_steam_to_compare_with() -> None:
    washer = replace(PAPER, kind=MachineKind.WASHER_DISINFECTOR, band_low_c=90.0, band_high_c=95.0)

    found = judged(replace(GOOD, lowest_c=91.0, highest_c=92.0, hold_s=300.0, pressure_kpa=101.3), washer)

    assert found.verdict is Verdict.PASS
    assert "theoretical_temperature" in found.not_evaluated


@given(
    lowest=st.floats(100.0, 140.0),
    spread=st.floats(0.0, 5.0),
    hold_s=st.floats(0.0, 1000.0),
    pressure_kpa=st.none() | st.floats(1.0, 600.0),
)
def test_whatever_is_printed_a_limit_that_is_broken_never_passes(
    lowest: float, spread: float, hold_s: float, pressure_kpa: float | None
) -> None:
    told = Printout(lowest_c=lowest, highest_c=lowest + spread, hold_s=hold_s, pressure_kpa=pressure_kpa, photo="doc:1")

    found = judged(told)

    keeps_band = lowest >= PAPER.band_low_c and lowest + spread <= PAPER.band_high_c
    assert (found.verdict is Verdict.PASS) <= (keeps_band and hold_s >= PAPER.required_hold_s)
    assert {"theoretical_temperature"} <= {*found.evaluated, *found.not_evaluated}
