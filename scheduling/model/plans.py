"""A plan's way from draft to being in force, and what stands in its place afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PlanStatus(StrEnum):
    """How far a plan has come."""

    DRAFT = "draft"
    PUBLISHED = "published"
    REPLACED = "replaced"


class PlanKind(StrEnum):
    """What a plan is about; as in ``PlanPublished``."""

    ADMISSIONS = "admissions"
    ROSTER = "roster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's word that a broken rule is accepted; publishing needs one for each rule that is broken.

    Parameters
    ----------
    rule : str
        Which rule, a value of ``HardRule`` or ``RosterRule``.
    reason : str
        Why it is accepted.
    """

    rule: str
    reason: str
