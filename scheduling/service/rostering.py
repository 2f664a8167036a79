"""Rosters away from the hospital's own process: week after week, each going on from the one before, and checked.

What a week needs is known only when it comes. If then no roster keeps its musts, since too many of last Sunday's late
and night shifts must not be followed by an early one, last week is made again with what is known now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from scheduling.checker.rosters import check_roster
from scheduling.loaders.inrc2 import Weeks
from scheduling.model.rosters import Need, Roster, RosterProblem, RosterReport
from scheduling.rules.rosters import histories_after
from scheduling.solvers.bounds import Deadline
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import Progress, RosterSettings, ShouldStop

LEAST_S = 0.1
"""Time for all weeks that are left when there is none any more, seconds: each needs a roster."""


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
    is_again : bool
        Whether it was made a second time, since the week after it could not be staffed.
    """

    problem: RosterProblem
    roster: Roster
    report: RosterReport
    is_again: bool = False


def roster_weeks(
    weeks: Weeks,
    settings: RosterSettings,
    progress: Progress = lambda share, price: None,
    should_stop: ShouldStop = lambda: False,
) -> list[RosteredWeek]:
    """Roster a planning period week by week, as it happens: no week knows the needs of the next.

    Only where a week turns out to have no roster that keeps every must is the one before made again, see the module.

    Parameters
    ----------
    weeks : Weeks
        The period.
    settings : RosterSettings
        Seconds are shared by the weeks; what one of them leaves goes to those after it, and a week that is made again
        takes of theirs.
    progress : Callable, optional
        Hears the share done and the best price of the week.
    should_stop : Callable, optional
        Asked several times a second; True ends every further week with its first roster.
    """
    n = len(weeks.needs)
    deadline = Deadline(settings.seconds)
    done: list[RosteredWeek] = []
    for index in range(n):
        heard = _within(progress, index, n)
        week = _roster(_next_problem(weeks, done), _part(settings, deadline, n - index), heard, should_stop)
        if done and not week.report.is_valid and not should_stop():
            # two more rosters, and those of the weeks to come
            needs, part = weeks.needs[index], _part(settings, deadline, n - index + 1)
            last = _again(done[-1], needs, part, heard, should_stop)
            if last.report.is_valid:
                known = [*done[:-1], last]
                after = _roster(_next_problem(weeks, known), _part(settings, deadline, n - index), heard, should_stop)
                # What breaks as much as before is not worth a changed week.
                if _broken(after) < _broken(week):
                    done[-1], week = last, after
        done.append(week)
    return done


def _part(settings: RosterSettings, deadline: Deadline, rosters: int) -> RosterSettings:
    """Give the settings of the next of so many rosters that have to share what is left of the time."""
    return replace(settings, seconds=max(LEAST_S, deadline.left_s()) / rosters)


def _next_problem(weeks: Weeks, done: list[RosteredWeek]) -> RosterProblem:
    """Give the problem of the week after those that are done."""
    if not done:
        return weeks.week(0, tuple(nurse.history for nurse in weeks.base.employees))
    return weeks.week(len(done), histories_after(done[-1].problem, done[-1].roster))


def _roster(
    problem: RosterProblem, settings: RosterSettings, progress: Progress, should_stop: ShouldStop
) -> RosteredWeek:
    outcome = solve_roster(problem, settings, progress, should_stop)
    return RosteredWeek(problem=problem, roster=outcome.roster, report=check_roster(problem, outcome.roster))


def _again(
    week: RosteredWeek,
    needs: tuple[Need, ...],
    settings: RosterSettings,
    progress: Progress,
    should_stop: ShouldStop,
) -> RosteredWeek:
    """Give a week that leaves enough people who may work what the next one needs."""
    problem = week.problem
    following = tuple(replace(need, day=need.day + problem.days) for need in needs if need.minimum)
    outcome = solve_roster(replace(problem, following=following), settings, progress, should_stop, week.roster)
    report = check_roster(problem, outcome.roster)
    return RosteredWeek(problem=problem, roster=outcome.roster, report=report, is_again=True)


def _broken(week: RosteredWeek) -> int:
    return sum(found.amount for found in week.report.violations)


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
