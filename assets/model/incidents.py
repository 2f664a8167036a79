"""Incidents with devices, and the clocks that run from when the hospital knew of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What happened to somebody, or might have."""

    NEAR_MISS = "near_miss"
    SERIOUS = "serious"
    DEATH = "death"
    PUBLIC_THREAT = "public_threat"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingClock:
    """Until when an incident of a severity must be reported.

    Parameters
    ----------
    days : int
        Days from when the hospital knew, above 0.
    is_working_days : bool
        Whether Saturdays and Sundays do not count.
    source : str
        Rule that it was taken from.
    """

    days: int
    source: str
    is_working_days: bool = False


REPORTING_CLOCKS: dict[Severity, ReportingClock] = {
    Severity.SERIOUS: ReportingClock(days=15, source="Regulation (EU) 2017/745, article 87(3)"),
    Severity.DEATH: ReportingClock(days=10, source="Regulation (EU) 2017/745, article 87(5)"),
    Severity.PUBLIC_THREAT: ReportingClock(days=2, source="Regulation (EU) 2017/745, article 87(4)"),
}
"""Clocks as commonly quoted; they bind the manufacturer, and a hospital that keeps them lets the manufacturer keep his.

A hospital in the United States sets ten working days after 21 CFR 803.30 instead.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that happened with a device.

    Parameters
    ----------
    id, asset : str
        Key, and which device.
    severity : Severity
        What happened, or might have.
    happened_at, aware_at : int
        When it happened, and when the hospital knew, UTC microseconds.
    description : str
        What happened, without a patient's name.
    case_id : str
        Pseudonym of the case; empty if none.
    evidence : str
        What was kept unchanged: device, consumables, settings, logs.
    due_at : int
        Until when it must be reported, UTC microseconds; 0 if no clock runs.
    reported_at : int
        When it was reported; 0 while it was not.
    reference : str
        The authority's or manufacturer's reference.
    closed_at : int
        When it was closed; 0 while open.
    conclusion, closed_by, reported_by : str
        What came out, and who closed and reported it.
    """

    id: str
    asset: str
    severity: Severity
    happened_at: int
    aware_at: int
    description: str
    # A pseudonym: names stand in the one encrypted link table and nowhere else.
    case_id: str = ""
    evidence: str = ""
    # Fixed when it is reported: clocks that are set anew later must not move an end that somebody works towards.
    due_at: int = 0
    reported_at: int = 0
    reference: str = ""
    closed_at: int = 0
    conclusion: str = ""
    closed_by: str = ""
    reported_by: str = ""
