"""When patients come, and the tables of laws: plain arrays that both engines read."""

from __future__ import annotations

import numpy as np
from numba import njit

from simulation.model.arrivals import Planned, PoissonRates
from simulation.model.calendars import Span, week_start
from simulation.model.distributions import Distribution, Law
from simulation.model.pathway import Pathway, site_numbers
from simulation.model.plan import Floats, Integers
from simulation.numerics import draws, laws

# What a draw is for, at the site of arrivals. Gap and class, no-show and lateness are neighbours, so each pair is one
# block of the generator.
GAP, CLASS, NO_SHOW, LATENESS, GROUP = range(5)
UP, DOWN = 0, 1

ARRIVAL_SITE = "\0arrival"
IN_PLACE = "\0in-place"

_KIND = {
    Law.CONSTANT: laws.CONSTANT,
    Law.EXPONENTIAL: laws.EXPONENTIAL,
    Law.LOGNORMAL: laws.LOGNORMAL,
    Law.TRIANGULAR: laws.TRIANGULAR,
    Law.UNIFORM: laws.UNIFORM,
    Law.GAMMA: laws.GAMMA,
    Law.WEIBULL: laws.WEIBULL,
    Law.NORMAL: laws.NORMAL,
    Law.VALUES: laws.VALUES,
    Law.HYPEREXPONENTIAL: laws.HYPEREXPONENTIAL,
}


class LawBook:
    """Gathers distributions as rows of numbers."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, float, float, float]] = []
        self._values: list[float] = []
        self._row_of: dict[tuple[Distribution, ...], int] = {}
        self._arrays: tuple[Floats, Floats] | None = None

    def add(self, *distributions: Distribution) -> int:
        """Give the row of the first of these distributions; the others follow it."""
        if distributions in self._row_of:
            return self._row_of[distributions]
        first = len(self._rows)
        for distribution in distributions:
            kind = float(_KIND[distribution.law])
            if distribution.law is Law.VALUES:
                self._rows.append((kind, float(len(self._values)), float(len(distribution.values)), 0.0))
                self._values.extend(sorted(distribution.values, reverse=True))
            else:
                a, b, c = (*distribution.parameters, 0.0, 0.0)[:3]
                self._rows.append((kind, a, b, c))
        self._row_of[distributions] = first
        self._arrays = None
        return first

    def arrays(self) -> tuple[Floats, Floats]:
        """Give the laws, shape (n, 4), and the values of all empirical ones, shape (m,)."""
        if self._arrays is None:
            rows = np.array(self._rows or [(0.0, 0.0, 0.0, 0.0)], dtype=np.float64)
            self._arrays = rows, np.array(self._values or [0.0], dtype=np.float64)
        return self._arrays


def sites_of(pathway: Pathway) -> dict[str, int]:
    """Give the 32-bit draw site of every node, of the arrivals, and of failures and orders of each pool."""
    extra = [ARRIVAL_SITE, *(f"\0failure:{pool}" for pool in pathway.pools), *(f"\0order:{p}" for p in pathway.pools)]
    return site_numbers([*pathway.operations, *extra], 32)


def stream_numbers(pathway: Pathway) -> dict[str, int]:
    """Give the 16-bit draw number of every stream, and of those in place at the start."""
    return site_numbers([*(stream.id for stream in pathway.streams), IN_PLACE], 16)


def rate_pieces(timing: PoissonRates, span: Span) -> tuple[Integers, Floats]:
    """Lay rates out over a span.

    Parameters
    ----------
    timing : PoissonRates
        Repeating or single rates.
    span : Span
        Stretch of time.

    Returns
    -------
    tuple[Integers, Floats]
        Ends of the pieces in microseconds, and expected arrivals up to each.
    """
    last = span.horizon_us + 1
    # One rate for ever is one piece.
    if len(timing.per_hour) == 1 and timing.repeats:
        return np.array([last], dtype=np.int64), np.array([timing.per_hour[0] * last / 3.6e9])
    origin = week_start(span) if timing.from_week_start else 0
    ends: list[int] = []
    cumulative: list[float] = []
    total, begin, number = 0.0, 0, -origin // timing.piece_us
    while begin < last:
        if not timing.repeats and number >= len(timing.per_hour):
            break
        end = min(origin + (number + 1) * timing.piece_us, last)
        total += timing.per_hour[number % len(timing.per_hour)] * (end - begin) / 3.6e9
        ends.append(end)
        cumulative.append(total)
        begin, number = end, number + 1
    return np.array(ends or [0], dtype=np.int64), np.array(cumulative or [0.0])


@njit(cache=True, nogil=True)
def _planned_instants(
    key: np.uint64,
    stream: int,
    site: int,
    at_us: np.ndarray,
    chances: np.ndarray,
    law_table: np.ndarray,
    values: np.ndarray,
) -> np.ndarray:
    # chances: no-show share, row of the lateness law or -1, microseconds early
    found = np.empty(at_us.shape[0], np.int64)
    for k in range(at_us.shape[0]):
        who = draws.who_of(stream, 0, k)
        absent, late = draws.uniform_pair(key, who, draws.where_of(site, 0, NO_SHOW))  # and LATENESS, its neighbour
        if absent < chances[0]:
            found[k] = -1
            continue
        at = at_us[k] - np.int64(chances[2])
        if chances[1] >= 0.0:
            at += laws.sample(law_table, int(chances[1]), values, late)
        found[k] = max(at, 0)
    return found


def planned_instants(
    key: np.uint64, numbers: tuple[int, int], timing: Planned, law: int, tables: tuple[Floats, Floats]
) -> tuple[Integers, Integers]:
    """Give who of those planned comes, and when.

    Parameters
    ----------
    key : np.uint64
        Of the replication.
    numbers : tuple[int, int]
        Draw number of the stream and draw site of arrivals.
    timing : Planned
        The plan.
    law : int
        Row of the lateness law, -1 for none.
    tables : tuple[Floats, Floats]
        Laws and values.

    Returns
    -------
    tuple[Integers, Integers]
        Instants, ascending, and their numbers in the plan.
    """
    chances = np.array([timing.no_show_share, float(law), float(timing.early_us)])
    at = np.array(timing.at_us, dtype=np.int64)
    found = _planned_instants(key, numbers[0], numbers[1], at, chances, *tables)
    order = np.argsort(found, kind="stable")
    order = order[found[order] >= 0]
    return found[order], order.astype(np.int64)
