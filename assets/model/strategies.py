"""How the devices of a model are kept where that is not what the manufacturer says, and on what evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from assets.model.maintenance import Strategy


class StrategyEnd(StrEnum):
    """Why an alternative schedule is over."""

    FAILURES = "failures"
    REVIEW = "review"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """An alternative schedule of all devices of one model.

    Parameters
    ----------
    id : str
        Key.
    manufacturer, model : str
        Which devices.
    strategy : Strategy
        Anything but the manufacturer's own.
    months : int
        New interval, above 0; 0 for devices that are run to failure.
    evidence : str
        Evaluation on file: what it says and where it is kept.
    review_on : date
        Local day until which the evaluation counts.
    is_imaging, is_laser, is_critical : bool
        What else decides on whether it is allowed.
    error_share : float
        Chance, over all looks together, of going back although nothing got worse; above 0 and below 0.5.
    began_at, ended_at : int
        UTC microseconds; the latter 0 while it lasts.
    ended_by : StrategyEnd or None
        Why it is over.
    ended_note : str
        What a person said, or the figures that made it end.
    months_by_rule : dict[str, int]
        Interval of each maintenance rule before, to which going back returns.
    """

    id: str
    manufacturer: str
    model: str
    strategy: Strategy
    months: int
    evidence: str
    review_on: date
    is_imaging: bool = False
    is_laser: bool = False
    is_critical: bool = True
    # Over all looks together: a test after every failure would else take back a good schedule sooner or later.
    error_share: float = 0.05
    began_at: int = 0
    ended_at: int = 0
    ended_by: StrategyEnd | None = None
    ended_note: str = ""
    # Kept when it begins: going back needs no memory of people.
    months_by_rule: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is no alternative schedule."""
        if self.strategy is Strategy.OEM:
            raise ValueError("Expected a strategy other than the manufacturer's own: end the alternative instead.")
        if (self.months > 0) == (self.strategy is Strategy.RUN_TO_FAILURE) or self.months < 0:
            raise ValueError(f"Expected months above 0, and 0 for run to failure only, got {self.months}.")
        if not 0.0 < self.error_share < 0.5:
            raise ValueError(f"Expected error_share above 0 and below 0.5, got {self.error_share}.")
