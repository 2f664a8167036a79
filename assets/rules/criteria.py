"""Each criterion of a cycle's verdict as one function; what cannot be looked at says so."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from assets.model.cycle import BoolArray, CycleTrace, FloatArray, IntArray, Preconditions, Reason
from assets.model.programme import Evidence, MachineKind, Programme
from assets.rules.scan import Scan, steam_differences
from assets.rules.steam import ATMOSPHERE_KPA, saturation_pressure_kpa
from twin.clock import SECOND_US
from twin.events.supply import Verdict

FAIL, UNDETERMINED, NOTICE = Verdict.FAIL, Verdict.UNDETERMINED, Verdict.PASS

NO_STEAM_K = 1000.0
"""Stands for the difference where the pressure is not that of any steam."""

WIDEST_MARGIN = 0.02  # share; a plateau of a few samples says too little to take off more
_ROUNDING = 1e-9  # of a share: what must not pass must not pass by the last bit either

STRICT_THEORETICAL_K = 1.0
"""A programme with this limit or a narrower one (porous loads) does not pass while air is suspected."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one criterion found.

    Parameters
    ----------
    criterion : str
        Its name; empty for a mere lack of evidence.
    reasons : tuple[Reason, ...]
        What stands against a pass, or is to be noticed.
    is_evaluated : bool
        Whether it could be looked at.
    also_not_evaluated : tuple[str, ...]
        Parts of it that could not.
    """

    criterion: str
    reasons: tuple[Reason, ...] = ()
    is_evaluated: bool = True
    also_not_evaluated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plateau:
    """The temperature record as the compiled pass saw it."""

    scan: Scan
    low_c: FloatArray
    high_c: FloatArray
    gap_us: float
    is_clock_sound: bool

    @property
    def run(self) -> slice:
        """The samples of the longest continuous run in the band."""
        return slice(self.scan.first, self.scan.last + 1) if self.scan.first >= 0 else slice(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SteamFinding:
    """What pressure against temperature found."""

    finding: Finding
    max_difference_k: float | None = None
    air_share: float | None = None


def _skipped(criterion: str) -> Finding:
    return Finding(criterion, is_evaluated=False)


def preconditions(known: Preconditions, programme: Programme) -> Finding:
    """Judge what was known of the machine before the cycle."""
    states = {
        Evidence.AIR_REMOVAL_TEST: known.air_removal_test,
        Evidence.LEAK_TEST: known.leak_test,
        Evidence.CALIBRATION: known.calibration,
        Evidence.MAINTENANCE: known.maintenance,
        Evidence.NO_OPEN_NOTICE: known.no_open_notice,
    }
    reasons, unknown = [], []
    for evidence, state in states.items():
        # A failed test fails the cycle, asked for or not; one that nobody knows of matters only where it is asked for.
        if state is False:
            reasons.append(Reason(code=f"precondition.{evidence}", verdict=FAIL))
        elif state is None and evidence in programme.required:
            reasons.append(Reason(code=f"evidence_missing.{evidence}", verdict=UNDETERMINED))
        elif state is None:
            unknown.append(f"precondition.{evidence}")
    return Finding("", tuple(reasons), also_not_evaluated=tuple(unknown))


def over_band(trace: CycleTrace, plateau: Plateau, programme: Programme) -> Finding:
    """Fail a cycle that was ever hotter than the band, also after a sufficient hold."""
    if plateau.scan.over_band < 0:
        return Finding("over_band")
    reason = Reason(code="over_band", verdict=FAIL, measured=float(plateau.scan.max_c), limit=programme.band_high_c)
    return Finding("over_band", (reason,))


def hold(trace: CycleTrace, plateau: Plateau, programme: Programme) -> Finding:
    """Judge the longest continuous time in the band that was really seen."""
    found = plateau.scan
    required_us = programme.required_hold_s * SECOND_US
    seen_us = float(trace.times_us[found.last] - trace.times_us[found.first]) if found.first >= 0 else 0.0
    begins, ends = bool(_in_band(plateau, 0, programme)), bool(_in_band(plateau, -1, programme))
    reasons = []
    if seen_us < required_us:
        # Short of the time, but gaps, a set clock or a record cut off in the band may hide the rest: then nobody knows.
        may_have_held = found.potential_us >= required_us or begins or ends or not plateau.is_clock_sound
        reasons.append(
            Reason(
                code="hold_not_evidenced" if may_have_held else "hold_short",
                verdict=UNDETERMINED if may_have_held else FAIL,
                measured=seen_us / SECOND_US,
                limit=programme.required_hold_s,
            )
        )
    if found.plateau_gaps:
        longest_s = float(found.longest_gap_us) / SECOND_US
        limit_s = plateau.gap_us / SECOND_US
        reasons.append(Reason(code="gap_in_hold", verdict=UNDETERMINED, measured=longest_s, limit=limit_s))
    # A gap outside the band proves nothing against the hold; it is told so that somebody looks at the line.
    elif found.longest_gap_us:
        reasons.append(
            Reason(code="gap_outside_hold", verdict=NOTICE, measured=float(found.longest_gap_us) / SECOND_US)
        )
    if begins:
        reasons.append(Reason(code="record_begins_in_hold", verdict=UNDETERMINED))
    if ends:
        reasons.append(Reason(code="record_ends_in_hold", verdict=UNDETERMINED))
    return Finding("hold", tuple(reasons))


def _in_band(plateau: Plateau, index: int, programme: Programme) -> bool:
    return bool(plateau.low_c[index] >= programme.band_low_c)


def steam(trace: CycleTrace, plateau: Plateau, programme: Programme) -> SteamFinding:
    """Compare the temperature with that of saturated steam at the measured pressure throughout the hold."""
    pressure, run = trace.pressure_kpa, plateau.run
    if programme.kind is not MachineKind.STEAM or pressure is None or run.stop == 0:
        return SteamFinding(finding=_skipped("theoretical_temperature"))
    present = np.isfinite(pressure[run])
    reasons = list(_holes(trace.times_us[run], present, plateau.gap_us, "pressure"))
    if not present.any():
        return SteamFinding(finding=Finding("theoretical_temperature", tuple(reasons), is_evaluated=False))
    kpa = np.ascontiguousarray(pressure[run][present])
    coldest = np.ascontiguousarray(plateau.low_c[run][present])
    hottest = np.ascontiguousarray(plateau.high_c[run][present])
    differences = steam_differences(coldest, kpa)
    # Air makes the coldest reading too cold, superheat the hottest too hot: both must agree with the steam.
    largest = max(_largest(differences), _largest(steam_differences(hottest, kpa)))
    temperature = float(np.median(coldest))
    air = Air(share=_median_air_share((coldest + hottest) / 2.0, kpa), margin=_margin(differences, temperature))
    reasons += _steam_reasons(largest, air, float(np.median(kpa)), temperature, programme)
    share = air.share
    return SteamFinding(
        finding=Finding("theoretical_temperature", tuple(reasons)),
        max_difference_k=largest,
        air_share=None if math.isnan(share) else share,
    )


@dataclass(frozen=True, slots=True)
class Air:
    """An estimated share of non-condensable gas, and by how much noise may have made it too small."""

    share: float
    margin: float


def _margin(differences_k: FloatArray, temperature_c: float) -> float:
    """Give six standard errors of the median air share, from the scatter of measured against theoretical temperature.

    The scatter is that of successive samples, so that a slow change of the plateau does not count as noise; the
    median's standard error is √(π/2) times the mean's.
    """
    known = differences_k[np.isfinite(differences_k)]
    if len(known) < 3 or not 1.0 <= temperature_c <= 372.0:
        return 0.0
    # The difference of two independent readings scatters √2 times as much as one of them.
    noise_k = float(np.std(np.diff(known))) / math.sqrt(2.0)
    # The slope of the vapour pressure curve turns kelvins of noise into a share of the pressure.
    low, high = saturation_pressure_kpa(temperature_c - 0.5), saturation_pressure_kpa(temperature_c + 0.5)
    per_k = 2.0 * (high - low) / (high + low)
    return min(6.0 * per_k * noise_k * math.sqrt(math.pi / 2.0 / len(known)), WIDEST_MARGIN)


def _largest(differences: FloatArray) -> float:
    """Give the largest amount; a pressure outside the steam table is no steam at all."""
    return float(np.max(np.abs(np.where(np.isnan(differences), NO_STEAM_K, differences))))


def _median_air_share(temperature_c: FloatArray, kpa: FloatArray) -> float:
    # The share is nearly linear over a plateau, so the median's own share stands for the median of shares.
    temperature, pressure = float(np.median(temperature_c)), float(np.median(kpa))
    if not (0.0 <= temperature <= 373.0 and pressure > 0.0):
        return math.nan
    return 1.0 - saturation_pressure_kpa(temperature) / pressure


def _steam_reasons(largest: float, air: Air, pressure: float, temperature: float, programme: Programme) -> list[Reason]:
    limit, share = programme.max_theoretical_difference_k, air.share
    reasons = []
    if largest > limit:
        reasons.append(Reason(code="theoretical_temperature", verdict=FAIL, measured=largest, limit=limit))
        # A gauge reads an atmosphere less than absolute pressure. If the air vanishes once that is added, not the cycle
        # is wrong but the register map.
        gauge = 1.0 - saturation_pressure_kpa(min(max(temperature, 0.0), 373.0)) / (pressure + ATMOSPHERE_KPA)
        if abs(gauge) < 0.05 and not abs(share) < 0.05:
            reasons.append(Reason(code="gauge_pressure_suspected", verdict=NOTICE, measured=pressure))
    if math.isnan(share):
        return reasons
    if share + air.margin >= programme.max_air_share - _ROUNDING:
        reasons.append(Reason(code="air_excess", verdict=FAIL, measured=share, limit=programme.max_air_share))
    elif share > programme.air_suspected_share:
        verdict = UNDETERMINED if limit <= STRICT_THEORETICAL_K else NOTICE
        reasons.append(
            Reason(code="air_suspected", verdict=verdict, measured=share, limit=programme.air_suspected_share)
        )
    return reasons


def _holes(
    times_us: IntArray,
    present: BoolArray,
    gap_us: float,
    channel: str,
) -> list[Reason]:
    """Say whether a channel was missing for longer than a gap within the hold."""
    if present.all():
        return []
    # The ends of the hold are edges too, so that a channel which falls silent at one of them is seen.
    edges = np.concatenate((times_us[:1], times_us[present], times_us[-1:]))
    longest = float(np.max(np.diff(edges))) if len(edges) > 1 else math.inf
    if longest <= gap_us and present[0] and present[-1]:
        return []
    return [Reason(code=f"gap_in_hold.{channel}", verdict=UNDETERMINED, measured=longest / SECOND_US)]


def record_difference(trace: CycleTrace, plateau: Plateau, programme: Programme) -> Finding:
    """Compare the controlling with the recording sensor throughout the hold."""
    run = plateau.run
    if trace.control_c is None or trace.record_c is None or run.stop == 0 or not np.isfinite(trace.record_c).any():
        return _skipped("record_difference")
    # No NaN stands here: instants at which a sensor was bad were left out before (see trust.py).
    largest = float(np.max(np.abs(trace.control_c[run] - trace.record_c[run])))
    limit = programme.max_record_difference_k
    if largest <= limit:
        return Finding("record_difference")
    return Finding(
        "record_difference", (Reason(code="record_difference", verdict=FAIL, measured=largest, limit=limit),)
    )


def lethality(f0_minutes: float, a0_s: float, programme: Programme) -> Finding:
    """Hold F0 and A0 against the programme's least values, where it has them."""
    reasons, skipped = [], []
    for code, value, limit in (
        ("f0_low", f0_minutes, programme.min_f0_minutes),
        ("a0_low", a0_s, programme.min_a0_s),
    ):
        if limit <= 0.0:
            skipped.append(code.removesuffix("_low"))
        elif value < limit:
            reasons.append(Reason(code=code, verdict=FAIL, measured=value, limit=limit))
    if len(skipped) == 2:
        return Finding("", also_not_evaluated=tuple(skipped))
    return Finding("lethality", tuple(reasons), also_not_evaluated=tuple(skipped))


def phases(trace: CycleTrace, plateau: Plateau, programme: Programme) -> Finding:
    """Require the programme's phases in their order, none left out and none from elsewhere in between."""
    if trace.phase is None or not programme.phases:
        return _skipped("phases")
    codes = trace.phase[np.isfinite(trace.phase)].astype(np.int64)
    if len(codes) == 0:
        return _skipped("phases")
    # A phase lasts many samples: runs of one code become one.
    seen = [int(code) for code in codes[np.concatenate(([True], codes[1:] != codes[:-1]))]]
    wanted = list(programme.phases)
    if seen == wanted:
        return Finding("phases")
    is_subsequence = _is_subsequence(seen, wanted)
    # A phase that fell into a gap may have taken place; one that came out of order did so whatever was not seen.
    unseen = is_subsequence and plateau.scan.longest_gap_us > 0
    reason = Reason(
        code="phase_missing" if is_subsequence else "phase_order",
        verdict=UNDETERMINED if unseen else FAIL,
        measured=float(len(seen)),
        limit=float(len(wanted)),
    )
    return Finding("phases", (reason,))


def _is_subsequence(part: list[int], whole: list[int]) -> bool:
    rest = iter(whole)
    return all(item in rest for item in part)


def pulses(trace: CycleTrace, plateau: Plateau, programme: Programme) -> Finding:
    """Count the vacuum pulses before the plateau."""
    wanted, run = programme.pulses, plateau.run
    if wanted is None or trace.pressure_kpa is None or run.stop == 0:
        return _skipped("pulses")
    before = trace.pressure_kpa[: run.start]
    before = before[np.isfinite(before)]
    # -1 is deep enough, 1 high enough; what lies between decides nothing, so that noise about a limit counts once.
    marks = np.where(before <= wanted.low_kpa, -1, np.where(before >= wanted.high_kpa, 1, 0))
    marks = marks[marks != 0]
    count = int(np.sum((marks[:-1] == -1) & (marks[1:] == 1)))
    if count >= wanted.count:
        return Finding("pulses")
    verdict = UNDETERMINED if plateau.scan.longest_gap_us > 0 else FAIL
    reason = Reason(code="pulses_few", verdict=verdict, measured=float(count), limit=float(wanted.count))
    return Finding("pulses", (reason,))


def drying(trace: CycleTrace, plateau: Plateau, programme: Programme) -> Finding:
    """Add up the time under vacuum after the plateau."""
    wanted, run = programme.drying, plateau.run
    if wanted is None or trace.pressure_kpa is None or run.stop == 0:
        return _skipped("drying")
    times, pressure = trace.times_us[run.stop :], trace.pressure_kpa[run.stop :]
    if len(times) < 2:
        return Finding("drying", (Reason(code="drying_short", verdict=UNDETERMINED, measured=0.0),))
    steps = np.diff(times)
    # Dry at both ends and no gap between: what was not seen is not taken for dry.
    dry = (pressure[1:] <= wanted.pressure_kpa) & (pressure[:-1] <= wanted.pressure_kpa) & (steps <= plateau.gap_us)
    total_s = float(np.sum(steps[dry])) / SECOND_US
    if total_s >= wanted.duration_s:
        return Finding("drying")
    has_gap = bool((steps > plateau.gap_us).any())
    verdict = UNDETERMINED if has_gap else FAIL
    return Finding("drying", (Reason(code="drying_short", verdict=verdict, measured=total_s, limit=wanted.duration_s),))


def alarms(trace: CycleTrace, programme: Programme) -> Finding:
    """Fail a cycle during which an aborting alarm stood."""
    if trace.alarm is None or not np.isfinite(trace.alarm).any():
        return _skipped("alarms")
    # An alarm that came and went within the cycle has still happened: one bit in one sample is enough.
    bits = np.bitwise_or.reduce(trace.alarm[np.isfinite(trace.alarm)].astype(np.int64)) & programme.alarm_mask
    if bits == 0:
        return Finding("alarms")
    return Finding("alarms", (Reason(code="abort_alarm", verdict=FAIL, measured=float(bits)),))


def door(trace: CycleTrace) -> Finding:
    """Fail a cycle during which the door was seen open."""
    if trace.door is None or not np.isfinite(trace.door).any():
        return _skipped("door")
    known = trace.door[np.isfinite(trace.door)]
    if bool((known >= 1).all()):
        return Finding("door")
    return Finding("door", (Reason(code="door_open", verdict=FAIL),))


def cycle_number(trace: CycleTrace) -> Finding:
    """Refuse to judge samples of more than one cycle as one."""
    if trace.cycle_number is None or not np.isfinite(trace.cycle_number).any():
        return _skipped("cycle_number")
    known = trace.cycle_number[np.isfinite(trace.cycle_number)]
    if bool((known == known[0]).all()):
        return Finding("cycle_number")
    return Finding("cycle_number", (Reason(code="cycle_number_changed", verdict=UNDETERMINED),))


def channel_holes(required: dict[str, FloatArray], trace: CycleTrace, plateau: Plateau) -> Finding:
    """Find required channels that were silent for longer than a gap within the hold."""
    run = plateau.run
    reasons: list[Reason] = []
    for name, channel in required.items():
        # The pressure's holes are told by the steam criterion, a temperature's by the hold itself.
        if name not in (Evidence.PRESSURE, Evidence.CONTROL_TEMPERATURE, Evidence.RECORD_TEMPERATURE):
            reasons += _holes(trace.times_us[run], np.isfinite(channel[run]), plateau.gap_us, name)
    return Finding("", tuple(reasons))
