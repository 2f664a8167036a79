"""Whether a calibration was in tolerance, and which results an instrument out of tolerance puts in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assets.model.measurements import Calibration, CalibrationPoint, DecisionRule

_ROUNDING = 1e-12  # of a reading; a float holds nearly sixteen digits


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationResult:
    """What a calibration says.

    Parameters
    ----------
    found_good, left_good : bool
        Whether all points were in tolerance before and after adjustment.
    worst_share : float
        Greatest deviation as found, a share of its tolerance.
    failed : tuple[str, ...]
        Quantities out of tolerance as found.
    """

    found_good: bool
    left_good: bool
    worst_share: float
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One calibration of an instrument: when, and whether it was good as found and as left."""

    at: int
    found_good: bool
    left_good: bool


def judge_calibration(calibration: Calibration) -> CalibrationResult:
    """Decide on a calibration.

    Parameters
    ----------
    calibration : Calibration
        With at least one point.

    Notes
    -----
    Simple acceptance: |reading - nominal| <= tolerance. Guarded: |reading - nominal| <= tolerance - uncertainty.

    References
    ----------
    ILAC-G8:09/2019, sections 4.2.1 and 4.2.2; JCGM 106:2012.
    """
    guarded = calibration.rule is DecisionRule.GUARDED
    failed = tuple(
        dict.fromkeys(p.quantity for p in calibration.points if not _is_within(p, p.as_found, guarded=guarded))
    )
    return CalibrationResult(
        found_good=not failed,
        left_good=all(
            _is_within(p, p.as_found if p.as_left is None else p.as_left, guarded=guarded) for p in calibration.points
        ),
        worst_share=max(abs(p.as_found - p.nominal) / p.tolerance for p in calibration.points),
        failed=failed,
    )


def _is_within(point: CalibrationPoint, reading: float, *, guarded: bool) -> bool:
    limit = point.tolerance - (point.uncertainty if guarded else 0.0)
    # Of decimal figures in binary the difference is a hair off: 36.9 against 37.0 is 0.10000000000000142, and would be
    # out of a tolerance of 0.1 that it keeps. No instrument shows the twelfth digit of its reading.
    hair = _ROUNDING * max(abs(reading), abs(point.nominal))
    return abs(reading - point.nominal) <= limit + hair


def doubtful_spans(checks: Sequence[Checked]) -> list[tuple[int, int]]:
    """Give the times in which an instrument's results are in doubt.

    Parameters
    ----------
    checks : Sequence[Checked]
        All calibrations of the instrument, in any order.

    Returns
    -------
    list[tuple[int, int]]
        (after, until) in UTC microseconds, the first excluded and the second included: from the last calibration that
        left it good to each one that found it out of tolerance. ``after`` is -1 if it was never known to be good;
        ``until`` is the largest integer while it was left out of tolerance and not calibrated since.

    Notes
    -----
    Nobody knows when between two calibrations an instrument went out, so that all results since the last good one are
    in doubt, and not only those after the date on the certificate.
    """
    spans = []
    good_since = -1
    ordered = sorted(checks, key=lambda one: one.at)
    for number, check in enumerate(ordered):
        if not check.found_good:
            spans.append((good_since, check.at))
        if check.left_good:
            good_since = check.at
        else:
            # Left out of tolerance: in doubt until it was looked at again, whatever was found then.
            spans.append((check.at, ordered[number + 1].at if number + 1 < len(ordered) else 2**63 - 1))
    return spans


def is_doubtful(at: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a result of an instant lies within a time in doubt."""
    # The calibration at ``after`` was good itself, so that a result of its very instant is not in doubt.
    return any(after < at <= until for after, until in spans)
