"""A verdict on a cycle that a person entered from a printout, for machines without an interface."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from assets.model.cycle import Judgement, Preconditions, Reason
from assets.model.programme import Evidence, MachineKind, Programme
from assets.rules import criteria
from assets.rules.hashed_fields import bytes_of_fields
from assets.rules.steam import ATMOSPHERE_KPA, saturation_temperature_c
from twin.events.supply import Verdict

ALGORITHM = "printout-verdict/2"
"""Version of these rules; stored with every verdict."""

_SAMPLED = frozenset(
    {
        Evidence.CONTROL_TEMPERATURE,
        Evidence.RECORD_TEMPERATURE,
        Evidence.PRESSURE,
        Evidence.PHASE,
        Evidence.DOOR,
        Evidence.ALARM,
        Evidence.CYCLE_NUMBER,
        Evidence.HEARTBEAT,
    }
)
"""Evidence that only samples can give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printout:
    """What stands on the printout of one cycle.

    Parameters
    ----------
    lowest_c, highest_c : float
        Temperatures during the hold, °C.
    hold_s : float
        Time in the band, seconds.
    f0_minutes, a0_s : float or None
        As printed; None if it does not say.
    pressure_kpa : float or None
        Absolute pressure during the hold, kPa; None if it does not say.
    machine_says_passed : bool
        What the machine itself printed.
    photo : str
        Id of the photo of the printout; empty if none was taken.
    """

    lowest_c: float
    highest_c: float
    hold_s: float
    f0_minutes: float | None = None
    a0_s: float | None = None
    pressure_kpa: float | None = None
    machine_says_passed: bool = True
    photo: str = ""


def judge_printout(printout: Printout, programme: Programme, preconditions: Preconditions) -> Judgement:
    """Judge a cycle by its printout.

    Parameters
    ----------
    printout : Printout
        As entered.
    programme : Programme
        Limits; it must ask for the printout as evidence, and for none that only samples give, to let a cycle pass.
    preconditions : Preconditions
        What was known of the machine.

    Notes
    -----
    A printout cannot show a dip between two lines, so that a programme whose evidence is samples stays undetermined; a
    limit that the printed figures break is a fail in any case.
    """
    reasons = [
        Reason(code=f"evidence_missing.{evidence}", verdict=Verdict.UNDETERMINED)
        for evidence in sorted(programme.required & _SAMPLED)
    ]
    if not printout.photo:
        reasons.append(Reason(code=f"evidence_missing.{Evidence.PRINTOUT}", verdict=Verdict.UNDETERMINED))
    reasons += criteria.preconditions(preconditions, programme).reasons
    reasons += _broken(printout, programme)
    steam = _steam(printout, programme)
    reasons += steam.reasons
    # The sort is stable: fails come first, and in their own order.
    reasons.sort(key=lambda reason: reason.verdict is not Verdict.FAIL)
    verdicts = {reason.verdict for reason in reasons}
    verdict = next((v for v in (Verdict.FAIL, Verdict.UNDETERMINED) if v in verdicts), Verdict.PASS)
    skipped = ["over_band_between_lines", "record_difference", "phases", "pulses", "drying", "door", "alarms"]
    evaluated = ["hold", "over_band"]
    (evaluated if steam.is_evaluated else skipped).append("theoretical_temperature")
    return Judgement(
        verdict=verdict,
        reasons=tuple(reasons),
        warnings=(Reason(code="entered_by_hand", verdict=Verdict.PASS), *steam.warnings),
        evaluated=tuple(evaluated),
        not_evaluated=tuple(skipped),
        hold_s=printout.hold_s,
        hold_start_us=0,
        f0_minutes=printout.f0_minutes or 0.0,
        a0_s=printout.a0_s or 0.0,
        max_temperature_c=printout.highest_c,
        max_theoretical_difference_k=steam.difference_k,
        air_share=None,
        samples=0,
        input_hash=hashlib.sha256(ALGORITHM.encode() + bytes_of_fields(printout, programme, preconditions)).hexdigest(),
        algorithm=ALGORITHM,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steam:
    """What the printed pressure says of the printed temperatures."""

    is_evaluated: bool = False
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    difference_k: float | None = None


def _steam(printout: Printout, programme: Programme) -> _Steam:
    """Compare the printed temperatures with that of saturated steam at the printed pressure.

    Lowest, highest and pressure are of different moments of the hold, so that only what lies beyond the limit of both
    temperatures fails; air that hides in between is seen by samples alone.
    """
    pressure, limit = printout.pressure_kpa, programme.max_theoretical_difference_k
    if programme.kind is not MachineKind.STEAM or pressure is None:
        return _Steam()
    found = _apart(printout, pressure)
    if found <= limit:
        return _Steam(is_evaluated=True, difference_k=found)
    reason = Reason(code="theoretical_temperature", verdict=Verdict.FAIL, measured=found, limit=limit)
    warnings: tuple[Reason, ...] = ()
    if _apart(printout, pressure + ATMOSPHERE_KPA) <= limit:
        # Many gauges read an atmosphere less than the absolute pressure that is asked for.
        warnings = (Reason(code="gauge_pressure_suspected", verdict=Verdict.PASS, measured=pressure),)
    return _Steam(is_evaluated=True, reasons=(reason,), warnings=warnings, difference_k=found)


def _apart(printout: Printout, pressure_kpa: float) -> float:
    """Give how far the steam's temperature lies outside the printed ones, K."""
    theoretical = saturation_temperature_c(pressure_kpa)
    if math.isnan(theoretical):
        return criteria.NO_STEAM_K
    return max(printout.lowest_c - theoretical, theoretical - printout.highest_c, 0.0)


def _broken(printout: Printout, programme: Programme) -> list[Reason]:
    found = []
    for code, value, limit, is_broken in (
        ("hold_short", printout.hold_s, programme.required_hold_s, printout.hold_s < programme.required_hold_s),
        ("below_band", printout.lowest_c, programme.band_low_c, printout.lowest_c < programme.band_low_c),
        ("over_band", printout.highest_c, programme.band_high_c, printout.highest_c > programme.band_high_c),
    ):
        if is_broken:
            found.append(Reason(code=code, verdict=Verdict.FAIL, measured=value, limit=limit))
    for code, printed, least in (
        ("f0_low", printout.f0_minutes, programme.min_f0_minutes),
        ("a0_low", printout.a0_s, programme.min_a0_s),
    ):
        if least > 0.0 and printed is None:
            found.append(Reason(code=f"not_printed.{code.removesuffix('_low')}", verdict=Verdict.UNDETERMINED))
        elif printed is not None and printed < least:
            found.append(Reason(code=code, verdict=Verdict.FAIL, measured=printed, limit=least))
    if not printout.machine_says_passed:
        found.append(Reason(code="machine_says_failed", verdict=Verdict.FAIL))
    return found
