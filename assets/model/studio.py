"""What a planner sets in the replacement studio, and plans that were kept to be compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

MOST_YEARS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """A device that must be replaced by the end of a year of the plan, counted from 1."""

    asset: str
    year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Devices that are replaced together in one year or not at all: those of one theatre, of one contract."""

    name: str
    assets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Least replacements of a kind at a site, over all years of the plan."""

    site: str
    kind: str
    least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What a planner sets.

    Parameters
    ----------
    budgets : tuple[int, ...]
        Per year, integer minor units; one to ten years.
    category : str
        Only this kind; empty for all.
    risk_weight : float
        Worth of full points of score, as a share of the device's price, not below 0.
    interest : float
        Yearly discount, 0..1.
    most_models : int
        Most new models per category; 0 for no limit.
    most_per_year : int
        Installations that can be done in a year; 0 for no limit.
    carries_over : bool
        Whether what is left of a year may be spent later.
    forced : tuple[Forced, ...]
        Devices that must be replaced, each at most once.
    forces_end_of_support : bool
        Whether a device must be replaced in the year in which its support ends.
    bundles : tuple[Bundle, ...]
        What is replaced together; a device is in one bundle at most.
    coverage : tuple[Coverage, ...]
        Least replacements per site and kind.
    """

    budgets: tuple[int, ...]
    category: str = ""
    risk_weight: float = 0.3
    interest: float = 0.03
    most_models: int = 0
    most_per_year: int = 0
    carries_over: bool = True
    forced: tuple[Forced, ...] = ()
    forces_end_of_support: bool = False
    bundles: tuple[Bundle, ...] = ()
    coverage: tuple[Coverage, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be planned."""
        if not 1 <= len(self.budgets) <= MOST_YEARS or min(self.budgets) < 0:
            raise ValueError(f"Expected one to ten budgets not below 0, got {self.budgets}.")
        if self.risk_weight < 0.0 or not 0.0 <= self.interest < 1.0 or self.most_models < 0 or self.most_per_year < 0:
            raise ValueError("Expected weights and limits not below 0 and an interest within 0 to 1.")
        if any(not 1 <= one.year <= len(self.budgets) for one in self.forced):
            raise ValueError(f"Expected years 1 to {len(self.budgets)} for what is forced, got {self.forced}.")
        twice = [asset for asset, n in Counter(a for one in self.bundles for a in one.assets).items() if n > 1]
        if twice:
            raise ValueError(f"Expected each device in one bundle at most, got {', '.join(sorted(twice))} twice.")
        if any(one.least < 0 for one in self.coverage):
            raise ValueError("Expected least replacements not below 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A plan that was kept under a name.

    Parameters
    ----------
    name : str
        Its key.
    studio : Studio
        What was set.
    replaced, left_out : int
        Devices.
    spent : tuple[int, ...]
        Per year, integer minor units.
    benefit, bound : int
        What it gains, and the most that any plan could gain.
    saved_at : int
        UTC microseconds.
    saved_by : str
        Who kept it.
    """

    name: str
    studio: Studio
    replaced: int
    left_out: int
    spent: tuple[int, ...]
    benefit: int
    bound: int
    saved_at: int = 0
    saved_by: str = ""
