"""Streams of patients: by chance at a rate that changes with the hour, by appointment, by record, or all at once."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.model.distributions import Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """Independent gaps between arrivals."""

    gap: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonRates:
    """Arrivals by chance at a rate that repeats.

    Parameters
    ----------
    per_hour : tuple[float, ...]
        Rate in each piece.
    piece_us : int
        Length of a piece.
    from_week_start : bool
        Whether the first piece begins on Monday at local midnight; else at the start of the run.
    repeats : bool
        Whether the pieces repeat for ever; else no one comes after the last.
    """

    per_hour: tuple[float, ...]
    piece_us: int
    from_week_start: bool = False
    repeats: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Arrivals at planned instants: appointments, a record that is replayed, or a burst of casualties.

    Parameters
    ----------
    at_us : tuple[int, ...]
        Microseconds from the start, ascending.
    classes : tuple[int, ...]
        Class of each; empty to draw it.
    no_show_share : float
        Probability that one does not come, [0, 1).
    lateness : Distribution | None
        Delay after the planned instant; None for punctual.
    early_us : int
        How much earlier than planned one comes when the lateness is 0.
    """

    at_us: tuple[int, ...]
    classes: tuple[int, ...] = ()
    no_show_share: float = 0.0
    lateness: Distribution | None = None
    early_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One source of patients.

    Parameters
    ----------
    id : str
        Name.
    to : str
        First node.
    timing : Renewal | PoissonRates | Planned
        When they come.
    class_shares : tuple[float, ...]
        Probability of each class, summing to 1.
    group_size : Distribution | None
        How many come together, rounded, at least 1; None for one. Not for planned arrivals.
    """

    id: str
    to: str
    timing: Renewal | PoissonRates | Planned
    class_shares: tuple[float, ...]
    group_size: Distribution | None = None
