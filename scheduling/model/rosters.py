"""Rosters: who works which shift on which day, under contracts, laws and wishes.

Days count from 0; day 0 is a Monday unless :attr:`RosterProblem.first_weekday` says otherwise. One set of rules serves
monthly rosters of one piece and weekly ones that go on from a history.

References
----------
Curtois, T., Qu, R. (2014). Computational results on new staff scheduling benchmark instances. University of Nottingham.
Ceschia, S., Dang, N., De Causmaecker, P., Haspeslagh, S., Schaerf, A. (2019). The Second International Nurse Rostering
Competition. Annals of Operations Research 274, sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

HARD = -1
"""A weight that makes a rule a must."""
NO_LIMIT = 1 << 20
LEGAL_REST_MINUTES = 11 * 60  # daily rest, directive 2003/88/EC, article 3


class RosterRule(StrEnum):
    """Rules of a roster."""

    UNKNOWN = "unknown"
    ONE_SHIFT = "one_shift"
    SKILL = "skill"
    DAY_OFF = "day_off"
    SUCCESSION = "succession"
    LEGAL_REST = "legal_rest"
    OTHER_ROSTER = "other_roster"
    SHIFT_COUNT = "shift_count"
    MINUTES = "minutes"
    ASSIGNMENTS = "assignments"
    WORK_RUN = "work_run"
    OFF_RUN = "off_run"
    SHIFT_RUN = "shift_run"
    WEEKENDS = "weekends"
    COMPLETE_WEEKEND = "complete_weekend"
    MINIMUM_COVER = "minimum_cover"
    COVER = "cover"
    REQUEST = "request"
    FAIRNESS = "fairness"
    TRAINING = "training"
    PIN = "pin"
    CHANGE = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A lower and an upper bound.

    Parameters
    ----------
    low, high : int
        Bounds.
    weight : int
        Price of each unit outside; :data:`HARD` for a must.
    """

    low: int = 0
    high: int = NO_LIMIT
    weight: int = HARD

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked."""
        return (self.low <= 0 and self.high >= NO_LIMIT) or self.weight == 0


ANY = Limit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A kind of shift.

    Parameters
    ----------
    id : str
        Code.
    minutes : int
        Length.
    start_minute : int
        Minutes after midnight at which it begins; -1 if unknown.
    forbidden_next : frozenset[str]
        Shifts that must not follow on the next day.
    run : Limit
        Days in a row on this shift.
    """

    id: str
    minutes: int = 0
    start_minute: int = -1
    forbidden_next: frozenset[str] = frozenset()
    run: Limit = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What an employee may be asked for.

    Parameters
    ----------
    id : str
        Name.
    shift_counts : dict[str, int]
        Largest number of each shift in the roster, a must; shifts left out are not limited.
    minutes, assignments : Limit
        Over the roster, history included in the assignments.
    work_run, off_run : Limit
        Days in a row at work and off. What begins before or goes on after the roster is not too short.
    weekends : Limit
        Weekends with at least one day at work, history included.
    complete_weekend : int
        Price of working one day only of a weekend; 0 for none.
    """

    id: str
    shift_counts: dict[str, int] = field(default_factory=dict)
    minutes: Limit = ANY
    assignments: Limit = ANY
    work_run: Limit = ANY
    off_run: Limit = ANY
    weekends: Limit = ANY
    complete_weekend: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What an employee did before the first day.

    Parameters
    ----------
    last_shift : str
        Shift of the day before; empty if off or unknown.
    shift_run, work_run, off_run : int
        Days in a row up to the day before: on the last shift, at work, off.
    assignments, weekends : int
        In the weeks before, within the planning period.
    """

    last_shift: str = ""
    shift_run: int = 0
    work_run: int = 0
    off_run: int = 0
    assignments: int = 0
    weekends: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """Somebody who is rostered.

    Parameters
    ----------
    id : str
        Id of the member of staff.
    contract : str
        Id of the contract.
    skills : frozenset[str]
        What they can do.
    days_off : frozenset[int]
        Days on which they must not work: leave, sickness.
    history : History
        What they did before.
    """

    id: str
    contract: str
    skills: frozenset[str] = frozenset()
    days_off: frozenset[int] = frozenset()
    history: History = History()


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How many are needed.

    Parameters
    ----------
    day : int
        When.
    shift, skill : str
        On which shift, with which skill; skill empty for anyone.
    minimum : int
        A must.
    preferred : int
        What is wished.
    under, over : int
        Price of each one missing or too many.
    """

    day: int
    shift: str
    skill: str = ""
    minimum: int = 0
    preferred: int = 0
    under: int = 0
    over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish of an employee.

    Parameters
    ----------
    employee : str
        Whose.
    day : int
        When.
    shift : str
        Which shift; empty for any.
    is_on : bool
        Whether they wish to work it, or not to.
    weight : int
        Price of not granting it.
    """

    employee: str
    day: int
    shift: str = ""
    is_on: bool = False
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """Shifts that are to be shared evenly.

    Parameters
    ----------
    shifts : frozenset[str]
        Such as the nights; empty for work on weekends.
    weight : int
        Price of the square of each employee's share above the even one, in whole shifts.
    carried : Mapping[str, int]
        How many of them each employee has worked in the rosters before, so that who had more gets fewer now; who is not
        named has worked none.
    """

    shifts: frozenset[str] = frozenset()
    weight: int = 1
    carried: Mapping[str, int] = field(default_factory=dict)

    def most_carried(self) -> int:
        """Give the most that anybody has worked before."""
        return max(self.carried.values(), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A trainee who works with a mentor.

    Parameters
    ----------
    trainee, mentor : str
        Ids of employees.
    weight : int
        Price of each day that the trainee works a shift without the mentor.
    """

    trainee: str
    mentor: str
    weight: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One day of one employee.

    Parameters
    ----------
    employee : str
        Who.
    day : int
        When.
    shift : str
        Which shift.
    skill : str
        In which skill; empty where skills are not told apart.
    """

    employee: str
    day: int
    shift: str
    skill: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterProblem:
    """Everything that a roster has to respect.

    Parameters
    ----------
    days : int
        Horizon.
    shifts, contracts, employees, needs, requests, fairness, pairs
        What there is; ids are unique.
    first_weekday : int
        Weekday of day 0, Monday is 0.
    skills : tuple[str, ...]
        Skills that are told apart; empty for none.
    is_last : bool
        Whether the planning period ends with this roster: then totals have to be right, before that they are paced.
    weeks_done, weeks : int
        Weeks of the planning period before this roster, and in all; 0 and 0 for a roster of one piece.
    published : tuple[Assignment, ...]
        The roster in force; each day that differs costs ``change``.
    change : int
        Price of a changed day.
    pins : tuple[Assignment, ...]
        Days that a person has fixed; an empty shift is a day off.
    place : str
        Ward or area that is staffed.
    rest_minutes : int
        Least rest between shifts of two days, a must wherever both shifts' starts are known; 0 for none.
    following : tuple[Need, ...]
        Needs of days after the last one, counted on from it, if they are known already: the roster leaves enough people
        who may work there for every minimum, as a must. Nobody is assigned to them.
    likely : tuple[Need, ...]
        Needs of earlier rosters, days counted from the first of them: by them and its own needs a roster that others
        follow judges what the day after may need.
    """

    days: int
    shifts: tuple[Shift, ...]
    contracts: tuple[Contract, ...]
    employees: tuple[Employee, ...]
    needs: tuple[Need, ...] = ()
    requests: tuple[Request, ...] = ()
    fairness: tuple[Fairness, ...] = ()
    pairs: tuple[Pair, ...] = ()
    first_weekday: int = 0
    skills: tuple[str, ...] = ()
    is_last: bool = True
    weeks_done: int = 0
    weeks: int = 0
    published: tuple[Assignment, ...] = ()
    change: int = 0
    pins: tuple[Assignment, ...] = ()
    place: str = ""
    rest_minutes: int = LEGAL_REST_MINUTES
    following: tuple[Need, ...] = ()
    likely: tuple[Need, ...] = ()

    def weekends(self) -> list[tuple[int, ...]]:
        """Give the days of each weekend within the horizon: Saturday and Sunday, or one of them at a border."""
        found: dict[int, list[int]] = {}
        for day in range(self.days):
            weekday = (day + self.first_weekday) % 7
            if weekday >= 5:
                found.setdefault((day + self.first_weekday) // 7, []).append(day)
        return [tuple(days) for days in found.values()]

    def contract_of(self, employee: Employee) -> Contract:
        """Give an employee's contract."""
        return next(contract for contract in self.contracts if contract.id == employee.contract)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Who works when.

    Parameters
    ----------
    assignments : tuple[Assignment, ...]
        Days at work; all others are off.
    """

    assignments: tuple[Assignment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFinding:
    """One breach of a rule.

    Parameters
    ----------
    rule : RosterRule
        Which.
    is_hard : bool
        Whether it is a must.
    amount : int
        Units of the breach, above 0.
    cost : int
        Its price; 0 for a must.
    employee, shift, skill : str
        Who and what; empty if it does not apply.
    day : int
        When; -1 if it does not apply.
    """

    rule: RosterRule
    is_hard: bool
    amount: int
    cost: int
    employee: str = ""
    day: int = -1
    shift: str = ""
    skill: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterReport:
    """What the check of a roster found.

    Parameters
    ----------
    findings : tuple[RosterFinding, ...]
        Every breach.
    """

    findings: tuple[RosterFinding, ...] = ()

    @property
    def cost(self) -> int:
        """Price of all soft breaches."""
        return sum(found.cost for found in self.findings)

    @property
    def is_valid(self) -> bool:
        """Whether every must is kept."""
        return not self.violations

    @property
    def violations(self) -> tuple[RosterFinding, ...]:
        """Breaches of musts."""
        return tuple(found for found in self.findings if found.is_hard)

    def cost_by_rule(self) -> dict[RosterRule, int]:
        """Give the cost of each rule that costs something."""
        found: dict[RosterRule, int] = {}
        for finding in self.findings:
            if not finding.is_hard:
                found[finding.rule] = found.get(finding.rule, 0) + finding.cost
        return found

    def cost_by_employee(self) -> dict[str, int]:
        """Give the cost of each employee, the dearest first."""
        found: dict[str, int] = {}
        for finding in self.findings:
            if finding.employee:
                found[finding.employee] = found.get(finding.employee, 0) + finding.cost
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
