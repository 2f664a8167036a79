"""Does the model match the last weeks of the log? Fitted before them, simulated over them, compared with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulation.calibration.distances import Distances, Match, distances, match
from simulation.calibration.logs import Case, cases_of
from simulation.calibration.mining import Mined, mine, redrawn
from simulation.experiments.request import ShouldStop
from simulation.experiments.running import run_once
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.plan import RunPlan
from simulation.model.problems import Stopped

_HOUR_US = 3_600_000_000
_WEEK_US = 168 * _HOUR_US
REPLICATIONS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How well a model made from the earlier part of a log tells its last weeks.

    Parameters
    ----------
    fitted : Mined
        The model, from the cases before the window.
    matches : tuple[Match, ...]
        Figure by figure.
    distances : Distances
        Of one simulated log.
    yardstick : Distances
        Of the weeks just before the window, which are as near as a log can be expected to be.
    begin_us, end_us : int
        The window.
    """

    fitted: Mined
    matches: tuple[Match, ...]
    distances: Distances
    yardstick: Distances
    begin_us: int
    end_us: int


def check_last_weeks(
    cases: Sequence[Case], *, weeks: float = 8.0, seed: int = 1, should_stop: ShouldStop = lambda: False
) -> Report:
    """Compare a model with the last weeks of the log it was not fitted to.

    Parameters
    ----------
    cases : Sequence[Case]
        In order of arrival; at most half of the log is held back.
    weeks : float, optional
        Length of the window.
    seed : int, optional
        Same seed, same report.
    should_stop : Callable[[], bool], optional
        Calls it off: bands of a few simulated logs would be too narrow, so none are told.

    Raises
    ------
    ValueError
        If there are too few cases to learn from or to check.
    Stopped
        If it was called off.

    Notes
    -----
    Each simulated log has its own shares, drawn from their Dirichlet laws, so that the bands carry what the log leaves
    unknown. The runs begin before the window by the longest stay seen, so that it opens with patients inside.
    """
    first, last = cases[0].arrived_us, cases[-1].arrived_us
    # At least half of the log is left to learn from, however short it is.
    begin = max(last - round(weeks * _WEEK_US), (first + last) // 2)
    window = (begin, last)
    learnt = [case for case in cases if case.arrived_us < begin]
    truth = [case for case in cases if case.arrived_us >= begin]
    if len(learnt) < 20 or len(truth) < 5:
        raise ValueError(f"expected at least 20 cases to learn from and 5 to check, got {len(learnt)} and {len(truth)}")
    # Begun empty, a run needs as long as the longest stay until everybody who could be inside is.
    lead = max(case.ended_us - case.arrived_us for case in learnt)
    start = begin - -(-lead // _HOUR_US) * _HOUR_US
    random = np.random.default_rng(seed)
    fitted = mine(learnt)
    span = (start, last)
    simulated = [_simulated(fitted, random, span, number, should_stop) for number in range(REPLICATIONS)]
    inside = [case for case in simulated[0] if case.arrived_us >= begin]
    before = [case for case in learnt if case.arrived_us >= begin - (last - begin)]
    return Report(
        fitted=fitted,
        matches=tuple(match(cases, simulated, window)),
        distances=distances(truth, inside or simulated[0]),
        yardstick=distances(truth, before),
        begin_us=begin,
        end_us=last,
    )


def _simulated(
    fitted: Mined, random: np.random.Generator, span_us: tuple[int, int], number: int, should_stop: ShouldStop
) -> list[Case]:
    if should_stop():
        raise Stopped
    start, end = span_us
    span = Span(start_at=start, horizon_us=end - start + _WEEK_US)  # a week more, so that the last ones can end
    pathway = build_pathway(redrawn(fitted, random), span=span)
    plan = RunPlan(pathway=pathway, span=span, seed=int(random.integers(1 << 32)))
    log = run_once(plan, number, log=True, should_stop=should_stop).log
    found = [case for case in cases_of(log, plan) if case.arrived_us < end] if log is not None else []
    return [_without_gaps(case) for case in found]


def _without_gaps(case: Case) -> Case:
    """Leave the waits between activities out, which are nodes of the model and not activities of the log."""
    kept = tuple(one for one in case.activities if " then " not in one.name)
    return Case(id=case.id, activities=kept or case.activities)
