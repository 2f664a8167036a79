"""What is observed of one device, and when there is too little to speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.model.cycle import BoolArray, FloatArray
from twin.errors import InputError

FEWEST_EVENTS = 3
"""Below this many events nothing is fitted: an interval would span orders of magnitude."""


class TooFewEvents(InputError):
    """There are too few events to say anything.

    Parameters
    ----------
    events : int
        How many there are.
    """

    code = "reliability.too_few_events"

    def __init__(self, events: int) -> None:
        super().__init__(f"Expected at least {FEWEST_EVENTS} events, got {events}: pool devices of one model and age.")
        self.events = events


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One device watched from one age to another.

    Parameters
    ----------
    start, end : float
        Ages at which watching began and ended, in one unit of time; ``start`` above 0 is left truncation: had the
        device failed earlier, nobody would have known of it.
    is_event : bool
        Whether it failed at ``end``; otherwise it was still alive then.
    asset : str
        Which device.
    cause : str
        Of what it failed; empty if nobody said, or it did not.
    """

    start: float
    end: float
    is_event: bool
    asset: str = ""
    cause: str = ""

    def __post_init__(self) -> None:
        """Refuse an observation that does not last."""
        if not 0.0 <= self.start < self.end < float("inf"):
            raise ValueError(f"Expected 0 <= start < end, got {self.start} and {self.end}.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lifetimes:
    """Observations as columns, each of shape (n,)."""

    start: FloatArray
    end: FloatArray
    is_event: BoolArray

    @property
    def events(self) -> int:
        """How many failures were seen."""
        return int(self.is_event.sum())


def lifetimes_of(observations: Sequence[Observation]) -> Lifetimes:
    """Give observations as columns.

    Raises
    ------
    TooFewEvents
        If there are fewer than three failures.
    """
    found = Lifetimes(
        start=np.array([o.start for o in observations], dtype=np.float64),
        end=np.array([o.end for o in observations], dtype=np.float64),
        is_event=np.array([o.is_event for o in observations], dtype=np.bool_),
    )
    if found.events < FEWEST_EVENTS:
        raise TooFewEvents(found.events)
    return found
