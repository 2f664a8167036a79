"""Pools of staff, beds, rooms, devices and stock, with true shift calendars."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simulation.model.distributions import Distribution


class Discipline(StrEnum):
    """Who of those waiting goes first."""

    FIFO = "fifo"  # who came first
    PRIORITY = "priority"  # lowest level, then who came first
    PREEMPTIVE = "preemptive"  # as priority, and a lower level takes units from those in service


class ShiftEnd(StrEnum):
    """What happens to patients in service when units leave."""

    FINISH = "finish"  # the leaving staff finish them in overtime, arriving staff start free
    HAND_OVER = "hand_over"  # arriving staff take them over; only what exceeds them is overtime
    EVICT = "evict"  # they wait again at the head of their level


class Eviction(StrEnum):
    """How much service a patient who was put back still needs."""

    RESUME = "resume"  # what was left
    RESTART = "restart"  # the same duration again
    RESAMPLE = "resample"  # a new duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Units on duty in a weekly pattern of local time.

    Parameters
    ----------
    days : tuple[int, ...]
        Days of the week on which it starts, 0 is Monday.
    start_min, end_min : int
        Minutes after local midnight; an end that is not after the start is on the next day.
    units : int
        How many.
    """

    days: tuple[int, ...]
    start_min: int
    end_min: int
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Units break and are repaired, each for itself.

    Parameters
    ----------
    up, down : Distribution
        Time until a failure and time to repair, microseconds of calendar time.
    """

    up: Distribution
    down: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover:
    """What a unit needs after use before the next patient: cleaning, disinfection.

    Parameters
    ----------
    duration : Distribution
        How long, microseconds.
    cleaner : str
        Pool that does it; empty if nobody is needed.
    level : int
        Priority at the cleaner's queue.
    """

    duration: Distribution
    cleaner: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Restocking:
    """Reordering of a stock: when it falls to a point, a quantity comes after a lead time.

    Parameters
    ----------
    reorder_point : int
        At or below it an order is placed, unless one is open.
    quantity : int
        How much comes.
    lead_time : Distribution
        Microseconds.
    """

    reorder_point: int
    quantity: int
    lead_time: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityChange:
    """A change of the number of units at an instant of the run.

    Parameters
    ----------
    after_us : int
        Microseconds from the start.
    change : int
        Units that come (positive) or go (negative).
    """

    after_us: int
    change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Units that are alike.

    Parameters
    ----------
    id : str
        Name in the pathway.
    capacity : int
        Units that are there always (for stock: the first level); shifts come on top.
    shifts : tuple[Shift, ...]
        Weekly pattern.
    changes : tuple[CapacityChange, ...]
        Single changes, such as beds opened in a surge.
    discipline : Discipline
        Order of the queue.
    at_shift_end : ShiftEnd
        What happens to patients in service when units leave or fail.
    eviction : Eviction
        What a patient who was put back still needs.
    level_worth_us : int
        Ageing: waiting time that is worth one level of priority; 0 for none, so that levels are strict.
    may_overtake : bool
        Whether a small request may pass a larger one that cannot be met yet.
    reserve_after_us : int
        A request for several pools that has waited so long keeps free units from those behind it; 0 for never.
    failures : Failures | None
        Breakdowns.
    turnover : Turnover | None
        Cleaning between two patients.
    restocking : Restocking | None
        Reordering, for stock.
    cost_per_hour : float
        Money per unit and staffed hour, in whatever currency the hospital uses.
    """

    id: str
    capacity: int = 0
    shifts: tuple[Shift, ...] = ()
    changes: tuple[CapacityChange, ...] = ()
    discipline: Discipline = Discipline.PRIORITY
    at_shift_end: ShiftEnd = ShiftEnd.FINISH
    eviction: Eviction = Eviction.RESUME
    level_worth_us: int = 0
    may_overtake: bool = False
    reserve_after_us: int = 0
    failures: Failures | None = None
    turnover: Turnover | None = None
    restocking: Restocking | None = None
    cost_per_hour: float = 0.0
