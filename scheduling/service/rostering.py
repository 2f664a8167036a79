"""Rosters away from the hospital's own process: week after week, each going on from the one before, and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scheduling.checker.rosters import check_roster
from scheduling.loaders.inrc2 import Weeks
from scheduling.model.rosters import Roster, RosterProblem, RosterReport
from scheduling.rules.rosters import histories_after
from scheduling.solvers.rosters.search import Progress, RosterSettings, solve_roster


@dataclass(frozen=True, slots=True, kw_only=True)
class RosteredWeek:
    """A week's problem, roster and check.

    Parameters
    ----------
    problem : RosterProblem
        With the histories that the weeks before left.
    roster : Roster
        Who works when.
    report : RosterReport
        What the checker says.
    """

    problem: RosterProblem
    roster: Roster
    report: RosterReport


def roster_weeks(
    weeks: Weeks, settings: RosterSettings, progress: Progress = lambda share, price: None
) -> list[RosteredWeek]:
    """Roster a planning period week by week, as it happens: no week knows the needs of the next.

    Parameters
    ----------
    weeks : Weeks
        The period.
    settings : RosterSettings
        Seconds are shared by the weeks.
    progress : Callable, optional
        Hears the share done and the best price of the week.
    """
    n = len(weeks.needs)
    each = RosterSettings(seconds=settings.seconds / n, threads=settings.threads, seed=settings.seed)
    done: list[RosteredWeek] = []
    for index in range(n):
        before = (
            histories_after(done[-1].problem, done[-1].roster)
            if done
            else tuple(nurse.history for nurse in weeks.base.employees)
        )
        problem = weeks.week(index, before)
        outcome = solve_roster(problem, each, _within(progress, index, n))
        done.append(RosteredWeek(problem=problem, roster=outcome.roster, report=check_roster(problem, outcome.roster)))
    return done


def check_weeks(weeks: Weeks, rosters: list[Roster]) -> list[RosteredWeek]:
    """Check the rosters of a planning period, each with the history that the ones before leave."""
    before = tuple(nurse.history for nurse in weeks.base.employees)
    done = []
    for index, roster in enumerate(rosters):
        problem = weeks.week(index, before)
        done.append(RosteredWeek(problem=problem, roster=roster, report=check_roster(problem, roster)))
        # Names that are unknown were told by the check; a history can be made of the others only.
        known = [found for found in roster.assignments if found.employee in {one.id for one in problem.employees}]
        before = histories_after(problem, Roster(assignments=tuple(known)))
    return done


def _within(progress: Progress, index: int, n: int) -> Callable[[float, int], None]:
    return lambda share, price: progress((index + share) / n, price)
