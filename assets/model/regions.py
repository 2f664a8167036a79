"""The four independent state regions of a device, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OperationalState(StrEnum):
    """Where a device stands in its life and work."""

    ORDERED = "ordered"
    RECEIVED = "received"
    INCOMING_TEST = "incoming_test"
    IN_SERVICE = "in_service"
    IN_MAINTENANCE = "in_maintenance"
    FAILED = "failed"
    IN_REPAIR = "in_repair"
    ACCEPTANCE_TEST = "acceptance_test"
    QUARANTINED = "quarantined"
    MISSING = "missing"
    RETIRED = "retired"
    SANITISED = "sanitised"
    DISPOSED = "disposed"


GONE = frozenset({OperationalState.RETIRED, OperationalState.SANITISED, OperationalState.DISPOSED})
"""States of a device that the hospital does not have any more; its history stays."""


class ReprocessingState(StrEnum):
    """How clean a device is; ``not_applicable`` for what never touches a patient."""

    NOT_APPLICABLE = "not_applicable"
    CLEAN = "clean"
    IN_USE = "in_use"
    DIRTY = "dirty"
    REPROCESSING = "reprocessing"


class CustodyState(StrEnum):
    """Whether somebody holds a device."""

    # Orthogonal to the other regions: a free device may be dirty, and a held one under a notice.
    FREE = "free"
    HELD = "held"
    RESERVED = "reserved"
    LOANED_OUT = "loaned_out"


class ComplianceFlag(StrEnum):
    """An open duty; each is independent of the others."""

    MAINTENANCE_OVERDUE = "maintenance_overdue"
    CALIBRATION_OVERDUE = "calibration_overdue"
    SAFETY_TEST_OVERDUE = "safety_test_overdue"
    SAFETY_TEST_FAILED = "safety_test_failed"
    NOTICE_OPEN = "notice_open"
    INCIDENT_OPEN = "incident_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """The state of one device, region by region.

    Parameters
    ----------
    operational, reprocessing, custody
        One state each.
    compliance : frozenset[ComplianceFlag]
        Open duties.
    status : str
        What the device itself reports (``on``, ``off``, ``standby``, ``running``, ``fault``); empty if it does not.
    """

    operational: OperationalState = OperationalState.IN_SERVICE
    reprocessing: ReprocessingState = ReprocessingState.NOT_APPLICABLE
    custody: CustodyState = CustodyState.FREE
    compliance: frozenset[ComplianceFlag] = frozenset()
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usability:
    """Whether a device may be used on a patient now.

    Parameters
    ----------
    is_usable : bool
        True exactly if there is no reason against it.
    reasons : tuple[str, ...]
        Stable codes, sorted, such as ``operational.in_repair``.
    """

    is_usable: bool
    reasons: tuple[str, ...] = ()
