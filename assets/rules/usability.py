"""Whether a device may be used on a patient, with every reason against it."""

from __future__ import annotations

from assets.model.regions import (
    ComplianceFlag,
    CustodyState,
    OperationalState,
    Regions,
    ReprocessingState,
    Usability,
)

_CLEAN_ENOUGH = frozenset({ReprocessingState.NOT_APPLICABLE, ReprocessingState.CLEAN})
# A clean device that somebody holds is theirs: it may be used by them, so holding is no reason against use.
_CUSTODY_AGAINST = frozenset({CustodyState.LOANED_OUT})
DEFAULT_BLOCKING = frozenset(
    {
        ComplianceFlag.SAFETY_TEST_FAILED,
        ComplianceFlag.NOTICE_OPEN,
        ComplianceFlag.INCIDENT_OPEN,
        ComplianceFlag.CALIBRATION_OVERDUE,
    }
)
"""Duties that forbid use; an overdue service alone is shown but does not take a pump from a patient."""


def usability_of(regions: Regions, *, blocking: frozenset[ComplianceFlag] = DEFAULT_BLOCKING) -> Usability:
    """Give whether a device in these states may be used, and each reason why not.

    Parameters
    ----------
    regions : Regions
        The device's state, region by region.
    blocking : frozenset[ComplianceFlag]
        The open duties that forbid use in this hospital.
    """
    reasons: list[str] = []
    if regions.operational is not OperationalState.IN_SERVICE:
        reasons.append(f"operational.{regions.operational}")
    if regions.reprocessing not in _CLEAN_ENOUGH:
        reasons.append(f"reprocessing.{regions.reprocessing}")
    if regions.custody in _CUSTODY_AGAINST:
        reasons.append(f"custody.{regions.custody}")
    reasons.extend(f"compliance.{flag}" for flag in regions.compliance & blocking)
    if regions.status == "fault":
        reasons.append("status.fault")
    return Usability(is_usable=not reasons, reasons=tuple(sorted(reasons)))


def warnings_of(regions: Regions, *, blocking: frozenset[ComplianceFlag] = DEFAULT_BLOCKING) -> tuple[str, ...]:
    """Give the open duties that are shown but do not forbid use, as stable codes."""
    return tuple(sorted(f"compliance.{flag}" for flag in regions.compliance - blocking))


ALLOWED_MOVES: dict[OperationalState, frozenset[OperationalState]] = {
    OperationalState.ORDERED: frozenset({OperationalState.RECEIVED, OperationalState.DISPOSED}),
    OperationalState.RECEIVED: frozenset({OperationalState.INCOMING_TEST, OperationalState.RETIRED}),
    OperationalState.INCOMING_TEST: frozenset({OperationalState.IN_SERVICE, OperationalState.RETIRED}),
    OperationalState.IN_SERVICE: frozenset(
        {
            OperationalState.IN_MAINTENANCE,
            OperationalState.FAILED,
            OperationalState.QUARANTINED,
            OperationalState.MISSING,
            OperationalState.RETIRED,
        }
    ),
    OperationalState.IN_MAINTENANCE: frozenset(
        {OperationalState.IN_SERVICE, OperationalState.FAILED, OperationalState.QUARANTINED, OperationalState.RETIRED}
    ),
    OperationalState.FAILED: frozenset(
        {OperationalState.IN_REPAIR, OperationalState.QUARANTINED, OperationalState.RETIRED}
    ),
    OperationalState.IN_REPAIR: frozenset(
        {OperationalState.ACCEPTANCE_TEST, OperationalState.QUARANTINED, OperationalState.RETIRED}
    ),
    OperationalState.ACCEPTANCE_TEST: frozenset(
        {OperationalState.IN_SERVICE, OperationalState.IN_REPAIR, OperationalState.RETIRED}
    ),
    OperationalState.QUARANTINED: frozenset(
        {OperationalState.IN_SERVICE, OperationalState.IN_REPAIR, OperationalState.RETIRED}
    ),
    OperationalState.MISSING: frozenset({OperationalState.IN_SERVICE, OperationalState.RETIRED}),
    OperationalState.RETIRED: frozenset({OperationalState.SANITISED}),
    OperationalState.SANITISED: frozenset({OperationalState.DISPOSED}),
    OperationalState.DISPOSED: frozenset(),
}
"""Steps of a device's life; what is not listed is refused."""


def may_move(before: OperationalState, after: OperationalState) -> bool:
    """Tell whether a device's life may go from one state to another; staying is always allowed."""
    return before is after or after in ALLOWED_MOVES[before]
