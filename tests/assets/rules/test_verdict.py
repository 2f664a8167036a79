"""Verdicts on whole cycles: worked cases, and mutated cycles of which none may pass."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.model.cycle import CycleTrace, Preconditions
from assets.model.programme import (
    FULL_STEAM_EVIDENCE,
    Drying,
    Evidence,
    MachineKind,
    Programme,
    Pulses,
)
from assets.rules.cycle_file import read_cycles
from assets.rules.steam import ATMOSPHERE_KPA
from assets.rules.verdict import judge
from benchmarks.cycles import BANDS, MUTATIONS, clean_cycle, mutate, programme, stepped, without
from twin.errors import ImportRefused
from twin.events.supply import Verdict

COUNT = int(os.environ.get("HOSPITAL_TWIN_CYCLES", "250"))
ALL_WELL = Preconditions(air_removal_test=True, leak_test=True, calibration=True, maintenance=True, no_open_notice=True)


def test_worked_cycles_get_their_verdict_hold_and_lethality(worked_case: Any) -> None:
    document = worked_case("15_")

    for recorded, row in zip(read_cycles(document), document["cycles"], strict=True):
        expect, found = row["expect"], judge(recorded.trace, recorded.programme)
        assert found.verdict.name == expect["verdict"], recorded.id
        assert found.max_temperature_c == pytest.approx(expect["max_T"])
        if row["missing_seconds"] is None:  # the figures of the file are those of the full series
            assert found.hold_s == expect["longest_continuous_hold_s"]
            assert found.f0_minutes == pytest.approx(expect["F0_trapezoid_1s_Tref121_1"], rel=1e-9)
        difference = expect["max_abs_theoretical_minus_measured_K_in_plateau"]
        if difference is not None and row["missing_seconds"] is None:
            assert found.max_theoretical_difference_k == pytest.approx(difference, abs=1e-6)


def test_missing_seconds_are_never_bridged(worked_case: Any) -> None:
    document = worked_case("15_")
    gap = next(c for c in read_cycles(document) if c.id == "F134_gap")

    found = judge(gap.trace, gap.programme)

    assert found.codes == ("hold_not_evidenced", "gap_in_hold")
    assert found.hold_s < 104


def test_pass_lists_the_criteria_that_nobody_looked_at() -> None:
    trace = clean_cycle()
    bare = CycleTrace(times_us=trace.times_us, control_c=trace.control_c, pressure_kpa=trace.pressure_kpa)

    found = judge(bare, programme())

    assert found.verdict is Verdict.PASS
    assert {"record_difference", "phases", "door", "alarms", "precondition.leak_test"} <= set(found.not_evaluated)
    assert "theoretical_temperature" in found.evaluated


def test_full_evidence_passes_when_all_is_well() -> None:
    found = judge(clean_cycle(), programme(required=FULL_STEAM_EVIDENCE, phases=(1, 2, 3)), ALL_WELL)

    assert (found.verdict, found.reasons) == (Verdict.PASS, ())


@pytest.mark.parametrize("evidence", sorted(FULL_STEAM_EVIDENCE))
def test_absent_required_evidence_is_undetermined(evidence: Evidence) -> None:
    trace = clean_cycle()
    channel = {
        "control_temperature": "control_c",
        "record_temperature": "record_c",
        "pressure": "pressure_kpa",
    }.get(evidence, str(evidence))
    known = ALL_WELL
    if channel in trace.channels():
        kept = {name: values for name, values in trace.channels().items() if name != channel}
        trace = CycleTrace(times_us=trace.times_us, **kept)
    else:
        known = dataclasses.replace(ALL_WELL, **{channel: None})

    found = judge(trace, programme(required=frozenset({evidence})), known)

    assert found.verdict is Verdict.UNDETERMINED
    assert f"evidence_missing.{evidence}" in found.codes


@pytest.mark.parametrize("name", ["air_removal_test", "leak_test", "calibration", "maintenance", "no_open_notice"])
def test_failed_precondition_fails_even_where_it_is_not_required(name: str) -> None:
    found = judge(clean_cycle(), programme(), Preconditions(**{name: False}))

    assert found.verdict is Verdict.FAIL
    assert found.codes == (f"precondition.{name}",)


def test_over_band_after_a_sufficient_hold_fails() -> None:
    trace = clean_cycle(extra_s=120.0)
    assert trace.control_c is not None
    hot = trace.control_c.copy()
    hot[700] = 137.01

    found = judge(dataclasses.replace(trace, control_c=hot, record_c=None), programme())

    assert "over_band" in found.codes


def test_rounding_does_not_help_a_plateau_just_below_the_band() -> None:
    found = judge(clean_cycle(above=-0.04), programme())

    assert found.codes == ("hold_short",)


def test_the_colder_sensor_decides_the_lower_and_the_hotter_the_upper_limit() -> None:
    trace = clean_cycle(above=0.5)
    assert trace.record_c is not None

    cold = judge(dataclasses.replace(trace, record_c=trace.record_c - 0.6), programme())
    hot = judge(dataclasses.replace(trace, record_c=trace.record_c + 2.6), programme(max_record_difference_k=5.0))

    assert "hold_short" in cold.codes
    assert "over_band" in hot.codes


def test_gauge_pressure_is_named() -> None:
    trace = clean_cycle()
    assert trace.pressure_kpa is not None

    found = judge(dataclasses.replace(trace, pressure_kpa=trace.pressure_kpa - ATMOSPHERE_KPA), programme())

    assert found.verdict is Verdict.FAIL
    assert "gauge_pressure_suspected" in [warning.code for warning in found.warnings]


def test_air_between_three_and_six_percent_is_suspected_and_never_passes_a_strict_programme() -> None:
    for low, hold in BANDS:
        for air in np.linspace(0.03, 0.0599, 7):
            trace = clean_cycle(low, hold, air=float(air))
            wide = judge(trace, programme(low, hold))
            strict = judge(trace, programme(low, hold, max_theoretical_difference_k=1.0))

            if "theoretical_temperature" not in wide.codes:
                assert wide.verdict is Verdict.PASS
                assert "air_suspected" in [warning.code for warning in wide.warnings]
            assert strict.verdict is not Verdict.PASS


@pytest.mark.parametrize(("low", "hold"), BANDS)
def test_six_percent_of_air_and_more_never_passes(low: float, hold: float) -> None:
    for air in (0.06, 0.08, 0.12, 0.2):
        assert judge(clean_cycle(low, hold, air=air, seed=3), programme(low, hold)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("change", "code"),
    [
        # the machine itself says that it gave up
        ({"alarm": 4.0}, "abort_alarm"),
        # the door was open for a sample
        ({"door": 0.0}, "door_open"),
        # a second cycle begins within the samples
        ({"cycle_number": 4712.0}, "cycle_number_changed"),
        # phases come in another order
        ({"phase": 1.0}, "phase_order"),
    ],
)
def test_one_sample_is_enough_to_tell(change: dict[str, float], code: str) -> None:
    trace = clean_cycle()
    ((name, value),) = change.items()
    channel = trace.channels()[name].copy()
    channel[500] = value

    found = judge(dataclasses.replace(trace, **{name: channel}), programme(phases=(1, 2, 3)))

    assert code in found.codes


def test_masked_alarm_does_not_abort() -> None:
    trace = clean_cycle()

    found = judge(dataclasses.replace(trace, alarm=np.full(len(trace.times_us), 8.0)), programme(alarm_mask=0xF7))

    assert found.verdict is Verdict.PASS


def test_pulses_and_drying_are_counted_where_the_programme_has_them() -> None:
    trace = clean_cycle()

    enough = judge(trace, programme(pulses=Pulses(count=2, low_kpa=40.0, high_kpa=100.0)))
    few = judge(trace, programme(pulses=Pulses(count=4, low_kpa=40.0, high_kpa=100.0)))
    wet = judge(trace, programme(drying=Drying(pressure_kpa=5.0, duration_s=120.0)))
    dry = judge(trace, programme(drying=Drying(pressure_kpa=60.0, duration_s=20.0)))

    assert (enough.verdict, dry.verdict) == (Verdict.PASS, Verdict.PASS)
    assert (few.codes, wet.codes) == (("pulses_few",), ("drying_short",))


def test_skipped_phase_fails_when_all_was_seen_and_is_undetermined_beside_a_gap() -> None:
    trace = clean_cycle()
    steps = programme(phases=(1, 7, 2, 3))

    seen = judge(trace, steps)
    gap = judge(without(trace, (np.arange(len(trace.times_us)) > 200) & (np.arange(len(trace.times_us)) < 210)), steps)

    assert (seen.verdict, seen.codes) == (Verdict.FAIL, ("phase_missing",))
    assert gap.verdict is Verdict.UNDETERMINED


def test_washer_is_judged_by_a0_and_not_by_steam() -> None:
    times = np.arange(0.0, 400.0)
    temperature = np.where((times > 50) & (times < 201), 93.0, 40.0)
    washer = Programme(
        id="wd",
        kind=MachineKind.WASHER_DISINFECTOR,
        band_low_c=92.0,
        band_high_c=96.0,
        required_hold_s=100.0,
        required=frozenset({Evidence.CONTROL_TEMPERATURE}),
        min_a0_s=3000.0,
    )

    found = judge(CycleTrace(times_us=(times * 1e6).astype(np.int64), control_c=temperature), washer)

    assert found.a0_s == pytest.approx(2972.9, abs=0.1)
    assert found.codes == ("a0_low",)
    assert "theoretical_temperature" in found.not_evaluated


def test_record_that_begins_or_ends_in_the_plateau_is_undetermined() -> None:
    trace = clean_cycle(extra_s=60.0)
    index = np.arange(len(trace.times_us))

    late = judge(without(trace, index < 430), programme())
    early = judge(without(trace, index > 640), programme())

    assert (late.codes, early.codes) == (("record_begins_in_hold",), ("record_ends_in_hold",))


def test_same_input_gives_the_same_judgement_and_another_input_another_hash() -> None:
    trace = clean_cycle(seed=1)
    again = clean_cycle(seed=1)

    first, second = judge(trace, programme(), ALL_WELL), judge(again, programme(), ALL_WELL)

    assert first == second
    assert judge(trace, programme(hold=181.0), ALL_WELL).input_hash != first.input_hash
    assert judge(trace, programme(), Preconditions()).input_hash != first.input_hash
    assert judge(clean_cycle(seed=2), programme(), ALL_WELL).input_hash != first.input_hash


def test_no_samples_are_undetermined() -> None:
    found = judge(CycleTrace(times_us=np.array([], dtype=np.int64), control_c=np.array([])), programme())

    assert found.verdict is Verdict.UNDETERMINED


@pytest.mark.parametrize("seconds", [-600.0, -3.0, 30.0, 3600.0])
@pytest.mark.parametrize("index", [150, 350, 640])
@pytest.mark.parametrize("has_heartbeat", [True, False])
def test_a_clock_that_was_set_outside_the_plateau_is_undetermined(
    seconds: float, index: int, has_heartbeat: bool
) -> None:
    trace = clean_cycle(seed=4)
    if not has_heartbeat:
        trace = dataclasses.replace(trace, heartbeat=None)

    found = judge(stepped(trace, index, seconds), programme())

    assert found.verdict is Verdict.UNDETERMINED
    assert "clock_step" in found.codes


@pytest.mark.parametrize("part", [slice(130, 190), slice(330, 360), slice(630, 650)])
@pytest.mark.parametrize("has_heartbeat", [True, False])
def test_samples_missing_outside_the_plateau_are_a_gap_and_no_set_clock(part: slice, has_heartbeat: bool) -> None:
    trace = clean_cycle(seed=4)
    if not has_heartbeat:
        trace = dataclasses.replace(trace, heartbeat=None)
    drop = np.zeros(len(trace.times_us), dtype=bool)
    drop[part] = True

    found = judge(without(trace, drop), programme())

    assert (found.verdict, [w.code for w in found.warnings]) == (Verdict.PASS, ["gap_outside_hold"])


def test_a_sample_that_came_twice_counts_once_and_another_value_at_its_instant_is_a_set_clock() -> None:
    trace = clean_cycle(seed=6)
    index = np.sort(np.concatenate((np.arange(len(trace.times_us)), [100, 500, 501])))
    twice = CycleTrace(
        times_us=trace.times_us[index], **{name: channel[index] for name, channel in trace.channels().items()}
    )
    assert twice.control_c is not None
    other = twice.control_c.copy()
    other[502] += 0.3

    assert judge(twice, programme()).hold_s == judge(trace, programme()).hold_s
    assert judge(twice, programme()).verdict is Verdict.PASS
    assert "clock_step" in judge(dataclasses.replace(twice, control_c=other), programme()).codes


def test_a_heartbeat_that_stands_still_counts_even_where_it_is_not_required() -> None:
    trace = clean_cycle(seed=6)
    assert trace.heartbeat is not None
    still = trace.heartbeat.copy()
    still[480:520] = still[480]

    found = judge(dataclasses.replace(trace, heartbeat=still), programme())

    assert (found.verdict, "gap_in_hold" in found.codes) == (Verdict.UNDETERMINED, True)


def test_readings_that_freeze_among_noise_are_no_evidence_but_a_coarse_sensor_is() -> None:
    trace = clean_cycle(seed=6)
    frozen = {name: channel.copy() for name, channel in trace.channels().items()}
    for name in ("control_c", "record_c", "pressure_kpa"):
        frozen[name][480:510] = frozen[name][480]
    coarse = {name: np.round(channel, 0 if name == "pressure_kpa" else 1) for name, channel in trace.channels().items()}

    stuck = judge(CycleTrace(times_us=trace.times_us, **frozen), programme())
    rounded = judge(CycleTrace(times_us=trace.times_us, **coarse), programme())

    assert (stuck.verdict, stuck.codes) == (Verdict.UNDETERMINED, ("samples_frozen",))
    assert rounded.verdict is Verdict.PASS


@settings(max_examples=25, deadline=None)
@given(st.floats(0.06, 0.3), st.sampled_from(BANDS), st.integers(0, 10**6))
def test_no_noise_lets_six_percent_of_air_pass(air: float, band: tuple[float, float], seed: int) -> None:
    assert judge(clean_cycle(*band, air=air, seed=seed), programme(*band)).verdict is Verdict.FAIL


@pytest.mark.parametrize("kind", MUTATIONS)
def test_no_mutated_cycle_passes(kind: str) -> None:
    rng = np.random.default_rng(20261122)
    for _ in range(COUNT):
        trace, judged = mutate(kind, rng)

        assert judge(trace, judged).verdict is not Verdict.PASS


def test_clean_noisy_cycles_pass() -> None:
    failed = 0
    for seed in range(COUNT * 2):
        low, hold = BANDS[seed % len(BANDS)]
        failed += judge(clean_cycle(low, hold, seed=seed), programme(low, hold)).verdict is not Verdict.PASS

    assert failed <= 0.005 * COUNT * 2


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(300, 700), max_size=40), st.floats(130.0, 140.0), st.integers(0, 200))
def test_taking_samples_away_never_turns_a_cycle_into_a_pass(drop: set[int], level: float, extra: int) -> None:
    trace = clean_cycle(above=level - 134.0, extra_s=float(extra) - 100.0)
    whole = judge(trace, programme())

    part = judge(without(trace, np.isin(np.arange(len(trace.times_us)), list(drop))), programme())

    if whole.verdict is Verdict.UNDETERMINED or (whole.verdict is Verdict.FAIL and "over_band" not in whole.codes):
        assert part.verdict is not Verdict.PASS
    assert part.hold_s <= whole.hold_s


@pytest.mark.parametrize("number", [10**400, -(10**400), float("inf"), float("nan"), True])
def test_a_limit_beyond_all_sizes_is_named(number: float) -> None:
    with pytest.raises(ImportRefused) as refused:
        read_cycles({"band": [134, 137], "required_hold_s": number, "breakpoints_s_C": [[0, 20], [60, 20]]})

    assert refused.value.problems[0].field == "required_hold_s"
