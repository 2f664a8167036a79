"""What the evidence of a cycle says: fail outranks undetermined outranks pass.

Lethality alone never decides: a cycle is judged by the longest continuous time in the band that was really seen, by the
agreement of temperature and pressure, and by whether all evidence that the programme requires is there. What was not
looked at is listed, so that nobody reads more into a pass than it says.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from assets.model.cycle import CHANNEL_NAMES, CycleTrace, FloatArray, Judgement, Preconditions, Reason
from assets.model.programme import Evidence, Programme
from assets.rules import criteria
from assets.rules.criteria import Finding, Plateau
from assets.rules.hashed_fields import bytes_of_fields
from assets.rules.lethality import A0_REFERENCE_C
from assets.rules.scan import scan
from assets.rules.trust import gap_limit_us, trusted
from twin.clock import SECOND_US
from twin.events.supply import Verdict

ALGORITHM = "cycle-verdict/2"
"""Version of these rules; stored with every verdict."""

_CHANNEL_BY_EVIDENCE = {
    Evidence.CONTROL_TEMPERATURE: "control_c",
    Evidence.RECORD_TEMPERATURE: "record_c",
    Evidence.PRESSURE: "pressure_kpa",
    Evidence.PHASE: "phase",
    Evidence.DOOR: "door",
    Evidence.ALARM: "alarm",
    Evidence.CYCLE_NUMBER: "cycle_number",
    Evidence.HEARTBEAT: "heartbeat",
}


def judge(trace: CycleTrace, programme: Programme, preconditions: Preconditions | None = None) -> Judgement:
    """Judge one cycle by its samples.

    Parameters
    ----------
    trace : CycleTrace
        All samples from start to end as they came.
    programme : Programme
        Limits and required evidence.
    preconditions : Preconditions or None
        What was known of the machine; all unknown by default.

    Returns
    -------
    Judgement
        The same for the same input, bit by bit, with the hash of that input.
    """
    known = preconditions or Preconditions()
    digest = input_hash(trace, programme, known)
    findings = list(_missing_evidence(trace, programme))
    findings.append(criteria.preconditions(known, programme))
    clean, doubts = trusted(trace, programme)
    clock = Finding("clock", doubts)
    findings.append(clock)
    if len(clean.times_us) == 0 or (clean.control_c is None and clean.record_c is None):
        findings.append(Finding("hold", (_unknown("no_samples"),)))
        return _gather(findings, digest=digest, clean=clean)
    return _judge_samples(clean, programme, findings, digest, is_clock_sound=not clock.reasons)


def _judge_samples(
    clean: CycleTrace, programme: Programme, findings: list[Finding], digest: str, *, is_clock_sound: bool
) -> Judgement:
    low, high = _extremes(clean)
    gap_us = gap_limit_us(programme)
    limits = np.array([programme.band_low_c, programme.band_high_c, gap_us, programme.f0_reference_c])
    found = scan(clean.times_us, low, high, limits)
    plateau = Plateau(scan=found, low_c=low, high_c=high, gap_us=gap_us, is_clock_sound=is_clock_sound)
    f0 = found.f0_rate_us / (60.0 * SECOND_US)
    # The pass has summed rates at the reference of F0; the factor brings them to 80 °C.
    a0 = found.a0_rate_us / SECOND_US * 10.0 ** ((programme.f0_reference_c - A0_REFERENCE_C) / 10.0)
    findings.append(criteria.over_band(clean, plateau, programme))
    findings.append(criteria.hold(clean, plateau, programme))
    steam = criteria.steam(clean, plateau, programme)
    findings.append(steam.finding)
    findings.append(criteria.record_difference(clean, plateau, programme))
    findings.append(criteria.lethality(f0, a0, programme))
    findings.append(criteria.phases(clean, plateau, programme))
    findings.append(criteria.pulses(clean, plateau, programme))
    findings.append(criteria.drying(clean, plateau, programme))
    findings.append(criteria.alarms(clean, programme))
    findings.append(criteria.door(clean))
    findings.append(criteria.cycle_number(clean))
    findings.append(criteria.channel_holes(_required_channels(clean, programme), clean, plateau))
    judgement = _gather(findings, digest=digest, clean=clean)
    hold_us = clean.times_us[found.last] - clean.times_us[found.first] if found.first >= 0 else 0
    return replace(
        judgement,
        hold_s=float(hold_us) / SECOND_US,
        hold_start_us=int(clean.times_us[found.first]) if found.first >= 0 else 0,
        f0_minutes=f0,
        a0_s=a0,
        max_temperature_c=float(found.max_c),
        max_theoretical_difference_k=steam.max_difference_k,
        air_share=steam.air_share,
    )


def _required_channels(clean: CycleTrace, programme: Programme) -> dict[str, FloatArray]:
    channels = clean.channels()
    names = {evidence: _CHANNEL_BY_EVIDENCE.get(evidence, "") for evidence in programme.required}
    return {str(evidence): channels[name] for evidence, name in sorted(names.items()) if name in channels}


def _unknown(code: str) -> Reason:
    return Reason(code=code, verdict=Verdict.UNDETERMINED)


def _missing_evidence(trace: CycleTrace, programme: Programme) -> list[Finding]:
    channels = trace.channels()
    findings = []
    for evidence in sorted(programme.required):
        name = _CHANNEL_BY_EVIDENCE.get(evidence)
        if evidence is Evidence.PRINTOUT:
            # A photo of a printout comes with an entry by hand; samples are none.
            findings.append(Finding("", (_unknown(f"evidence_missing.{evidence}"),)))
        if name is None:
            continue  # a precondition; judged where it stands
        channel = channels.get(name)
        if channel is None or not bool(np.isfinite(channel).any()):
            findings.append(Finding("", (_unknown(f"evidence_missing.{evidence}"),)))
    return findings


def _extremes(trace: CycleTrace) -> tuple[FloatArray, FloatArray]:
    """Give the coldest and hottest reading per instant: the coldest must be warm enough, the hottest not too warm."""
    channels = [c for c in (trace.control_c, trace.record_c) if c is not None and np.isfinite(c).any()]
    if len(channels) == 1:
        return channels[0], channels[0]
    return np.minimum(channels[0], channels[1]), np.maximum(channels[0], channels[1])


_WEIGHT = {Verdict.FAIL: 2, Verdict.UNDETERMINED: 1, Verdict.PASS: 0}


def _gather(findings: list[Finding], *, digest: str, clean: CycleTrace) -> Judgement:
    reasons = [reason for finding in findings for reason in finding.reasons if reason.verdict is not Verdict.PASS]
    warnings = [reason for finding in findings for reason in finding.reasons if reason.verdict is Verdict.PASS]
    reasons.sort(key=lambda reason: -_WEIGHT[reason.verdict])
    verdict = max((reason.verdict for reason in reasons), key=_WEIGHT.__getitem__, default=Verdict.PASS)
    evaluated = [name for finding in findings if (name := finding.criterion) and finding.is_evaluated]
    skipped = [name for finding in findings if (name := finding.criterion) and not finding.is_evaluated]
    skipped += [name for finding in findings for name in finding.also_not_evaluated]
    return Judgement(
        verdict=verdict,
        reasons=tuple(reasons),
        warnings=tuple(warnings),
        evaluated=tuple(evaluated),
        not_evaluated=tuple(skipped),
        hold_s=0.0,
        hold_start_us=0,
        f0_minutes=0.0,
        a0_s=0.0,
        max_temperature_c=None,
        max_theoretical_difference_k=None,
        air_share=None,
        samples=len(clean.times_us),
        input_hash=digest,
        algorithm=ALGORITHM,
    )


def input_hash(trace: CycleTrace, programme: Programme, preconditions: Preconditions) -> str:
    """Give the SHA-256 of everything that a verdict depends on, as 64 hexadecimal digits."""
    digest = hashlib.sha256(ALGORITHM.encode() + bytes_of_fields(programme, preconditions))
    digest.update(b"\ntimes_us=" + np.ascontiguousarray(trace.times_us, dtype="<i8").tobytes())
    channels = trace.channels()
    for name in CHANNEL_NAMES:
        if name in channels:
            digest.update(f"\n{name}=".encode() + np.ascontiguousarray(channels[name], dtype="<f8").tobytes())
    return digest.hexdigest()
