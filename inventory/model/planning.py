"""Plans of par levels: what is expected to be used, what is proposed, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inventory.model.stock import ParLevel


class Decision(StrEnum):
    """What became of one place and item when par levels were planned."""

    PROPOSED = "proposed"
    UNCHANGED = "unchanged"
    KEPT_SMALL_CHANGE = "kept_small_change"
    KEPT_FROZEN = "kept_frozen"
    NO_HISTORY = "no_history"


class ProposalState(StrEnum):
    """What a person did with a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class ServiceKind(StrEnum):
    """What a target service means: two different words, and two different numbers."""

    CYCLE = "cycle"
    FILL = "fill"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """How par levels are planned.

    Parameters
    ----------
    period_days, periods : int
        Length of a period of the history, days, and how many of them are looked at.
    review_days, lead_days : float
        Time between two rounds, and from asking to having, days.
    target : float
        Wanted service, above 0 and below 1.
    service : ServiceKind
        What the target means.
    cover_days : float
        Days that one delivery should last beyond the reorder point.
    change_share : float
        A smaller change than this share of the present par level is not proposed unless the service demands it.
    tolerance : float
        Service below the target by more than this makes even a small change worth proposing.
    holding_share : float
        Yearly cost of holding stock, as a share of its value.
    handling_minor : int
        Cost of one delivery to the place, minor units of the currency.
    """

    period_days: int = 7
    periods: int = 26
    review_days: float = 1.0
    lead_days: float = 0.25
    target: float = 0.98
    service: ServiceKind = ServiceKind.FILL
    cover_days: float = 3.0
    change_share: float = 0.2
    tolerance: float = 0.01
    holding_share: float = 0.2
    handling_minor: int = 150

    def __post_init__(self) -> None:
        """Check that every figure makes sense; the message names the field."""
        for name in ("review_days", "period_days"):
            if not 0 < getattr(self, name) <= 366:
                raise ValueError(f"Expected {name} above 0 and at most 366, got {getattr(self, name)}.")
        # Four periods are the fewest that the forecasts are tried on; 520 weeks are ten years.
        if not 4 <= self.periods <= 520:
            raise ValueError(f"Expected 4 to 520 periods, got {self.periods}.")
        for name in ("lead_days", "cover_days", "change_share", "tolerance", "holding_share", "handling_minor"):
            if not 0 <= getattr(self, name) <= 1e6:
                raise ValueError(f"Expected {name} of at least 0, got {getattr(self, name)}.")
        if not 0 < self.target < 1:
            raise ValueError(f"Expected a target above 0 and below 1, got {self.target}: 98 % is 0.98.")

    @property
    def protection_days(self) -> float:
        """Days that the stock must last after a round has looked: until the next round's goods are there."""
        return self.review_days + self.lead_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is expected to be used of an item at a place.

    Parameters
    ----------
    place, item : str
        Where and what.
    method : str
        Forecast that did best on this series' own past.
    mean_per_day, sd_per_day : float
        Base units; deviation of one day's use, the forecast's own error included.
    periods, censored : int
        Periods of history, and those among them that ended with an empty shelf: their use is a lower bound.
    at : int
        When it was computed, UTC microseconds.
    """

    place: str
    item: str
    method: str
    mean_per_day: float
    sd_per_day: float
    periods: int
    censored: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposed par level beside the present one, with what led to it.

    Parameters
    ----------
    expected : Expected
        Use.
    current : ParLevel
        Present level.
    par_level, reorder_point : int
        Proposed, base units; the difference is whole packs.
    decision : Decision
        Whether it is worth proposing.
    state : ProposalState
        What a person did with it.
    cycle_service, fill_rate : float
        Expected of the proposed reorder point, 0 to 1.
    current_fill_rate : float
        Expected of the present one.
    target : float
        What was wanted.
    service : ServiceKind
        What the target means.
    protection_days : float
        Time that the reorder point must last, days.
    stock_cost_minor : int
        Value of the proposed mean stock less that of the present one, minor units.
    """

    expected: Expected
    current: ParLevel
    par_level: int
    reorder_point: int
    decision: Decision
    cycle_service: float
    fill_rate: float
    current_fill_rate: float
    target: float
    service: ServiceKind
    protection_days: float
    stock_cost_minor: int
    state: ProposalState = ProposalState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPoint:
    """One point of the curve of cost over service; money in minor units a day, shares 0 to 1."""

    reorder_point: int
    par_level: int
    cycle_service: float
    fill_rate: float
    mean_stock: float
    holding_per_day: float
    handling_per_day: float
    missing_per_day: float

    @property
    def cost_per_day(self) -> float:
        """Holding and handling together."""
        return self.holding_per_day + self.handling_per_day
