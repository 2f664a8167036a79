"""A roster that people can argue with: what else a day could be, who else could work a shift, and what a change does.

Every figure comes from the independent checker. A question asks it about the people and days that a change touches:
rules of one person do not depend on what others do, so the rest of the ward is looked at for cover and fairness alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scheduling.checker.rosters import check_cover, check_fairness, check_roster
from scheduling.model.rosters import (
    Assignment,
    Fairness,
    Roster,
    RosterFinding,
    RosterProblem,
    RosterRule,
    Shift,
)
from scheduling.rules.rosters import cells_at, with_cells
from scheduling.rules.shift_requests import MOST_PACKAGE, swap_cells
from twin.errors import FieldError, FieldProblem, NotFound

BROKEN_PRICE = 100_000
"""How a broken must is ranked among choices: each unit comes after any price below this."""
MOST_SWAPS = 20
MOST_UNEVEN = 6
"""Swaps among these in which one gets more shifts than the other."""
MOST_TRIED = 2000
"""Swaps that are tried for one question: some second of work on a ward of forty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterConsequence:
    """What a change does to one rule at one place.

    Parameters
    ----------
    rule : RosterRule
        Which.
    is_hard : bool
        Whether it must hold.
    before, after : int
        Units broken, or price.
    employee, shift, skill : str
        Who and what; empty if it does not apply.
    day : int
        When; -1 if it does not apply.
    """

    rule: RosterRule
    is_hard: bool
    before: int
    after: int
    employee: str = ""
    day: int = -1
    shift: str = ""
    skill: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that could be done.

    Parameters
    ----------
    cells : tuple[Assignment, ...]
        Days that it changes, as they would be; an empty shift is a day off.
    cost : int
        Change of the roster's price.
    broken : int
        Units of musts broken more than now; below 0 if it mends some.
    consequences : tuple[RosterConsequence, ...]
        Every rule that it touches, what gets worse first.
    is_present : bool
        Whether it is as it is now.
    """

    cells: tuple[Assignment, ...]
    cost: int
    broken: int
    consequences: tuple[RosterConsequence, ...]
    is_present: bool = False

    @property
    def is_allowed(self) -> bool:
        """Whether no must is broken more than now, by anybody."""
        return not any(one.is_hard and one.after > one.before for one in self.consequences)


def consequences_between(
    before: Iterable[RosterFinding], after: Iterable[RosterFinding]
) -> tuple[RosterConsequence, ...]:
    """Give every rule and place at which two checks differ: broken musts first, then what became dearer."""
    amounts: dict[tuple[RosterRule, bool, str, int, str, str], list[int]] = {}
    for at, findings in enumerate((before, after)):
        for one in findings:
            # the same must may be broken in two ways of one name, such as two shifts a day: both count
            key = (one.rule, one.is_hard, one.employee, one.day, one.shift, one.skill)
            amounts.setdefault(key, [0, 0])[at] += one.amount if one.is_hard else one.cost
    found = [
        RosterConsequence(
            rule=rule, is_hard=is_hard, before=old, after=new, employee=who, day=day, shift=shift, skill=skill
        )
        for (rule, is_hard, who, day, shift, skill), (old, new) in amounts.items()
        if old != new
    ]
    return tuple(sorted(found, key=lambda one: (not one.is_hard, one.before - one.after, one.rule.value, one.day)))


class RosterBoard:
    """One roster under discussion.

    Parameters
    ----------
    problem : RosterProblem
        What the roster is made for.
    roster : Roster
        The roster.
    """

    def __init__(self, problem: RosterProblem, roster: Roster) -> None:
        self.problem = problem
        self.roster = roster
        self.employees = {one.id: one for one in problem.employees}
        self.shifts = {one.id: one for one in problem.shifts}
        self._held: dict[tuple[str, int], Assignment] = {}
        for one in roster.assignments:
            self._held.setdefault((one.employee, one.day), one)  # of two shifts a day the checker counts the first
        # Cover and fairness look at who is there, never at what people may do.
        self._crowd = replace(problem, shifts=tuple(Shift(id=one.id) for one in problem.shifts))
        self._weekend = {day for days in problem.weekends() for day in days}
        # What each share is counted from; a question looks at these instead of the whole roster.
        self._shared = [
            (rule, [one for one in self._held.values() if self._counts(rule, one)]) for rule in problem.fairness
        ]
        self._own_before: dict[frozenset[str], tuple[RosterFinding, ...]] = {}
        self._cover_before: dict[frozenset[int], tuple[RosterFinding, ...]] = {}
        self._shares_before = self._shares(())

    def at(self, employee: str, day: int) -> Assignment:
        """Give what a day of somebody is; an empty shift is a day off.

        Raises
        ------
        NotFound
            If there is no such employee.
        FieldError
            If the day is outside the roster.
        """
        if employee not in self.employees:
            raise NotFound("employee", employee)
        if not 0 <= day < self.problem.days:
            raise _wrong("day", f"{day} is outside the roster.", f"Use 0 to {self.problem.days - 1}.")
        return self._held.get((employee, day), Assignment(employee=employee, day=day, shift=""))

    def check_cells(self, cells: Sequence[Assignment]) -> None:
        """Refuse cells that name what there is not, or one day of somebody twice.

        Raises
        ------
        NotFound, FieldError
            Naming it.
        """
        seen: set[tuple[str, int]] = set()
        for cell in cells:
            self.at(cell.employee, cell.day)
            if (cell.employee, cell.day) in seen:
                raise _wrong("cells", f"Day {cell.day} of {cell.employee} stands twice.", "Name each day once.")
            seen.add((cell.employee, cell.day))
            if cell.shift and cell.shift not in self.shifts:
                raise NotFound("shift", cell.shift)
            if cell.skill and cell.skill not in self.problem.skills:
                raise NotFound("skill", cell.skill)

    def consider(self, cells: Sequence[Assignment]) -> Choice:
        """Tell what a change would do.

        Parameters
        ----------
        cells : Sequence[Assignment]
            Days as they would be; an empty shift is a day off.

        Raises
        ------
        NotFound, FieldError
            As of :meth:`check_cells`.
        """
        self.check_cells(cells)
        now = cells_at(self.roster, cells)
        who = frozenset(cell.employee for cell in cells)
        days = frozenset(cell.day for cell in cells)
        # What is asked again and again for one person or day is checked once.
        if who not in self._own_before:
            self._own_before[who] = self._own(who, ())
        if days not in self._cover_before:
            self._cover_before[days] = self._cover(days, ())
        before = [*self._own_before[who], *self._cover_before[days], *self._shares_before]
        after = [*self._own(who, cells), *self._cover(days, cells), *self._shares(cells)]
        consequences = consequences_between(before, after)
        return Choice(
            cells=tuple(cells),
            cost=sum(one.after - one.before for one in consequences if not one.is_hard),
            broken=sum(one.after - one.before for one in consequences if one.is_hard),
            consequences=consequences,
            # Asked for as well: choosing what is there already costs nothing.
            is_present=tuple(now) == tuple(cells),
        )

    def _own(self, who: frozenset[str], cells: Sequence[Assignment]) -> tuple[RosterFinding, ...]:
        """Give the breaches of some people's own rules."""
        # A trainee's days are judged by the mentor's: who changes brings the other one along.
        pairs = [pair for pair in self.problem.pairs if who & {pair.trainee, pair.mentor}]
        people = who | {one for pair in pairs for one in (pair.trainee, pair.mentor)}
        own = replace(
            self.problem,
            employees=tuple(self.employees[one] for one in sorted(people)),
            needs=(),
            fairness=(),
            requests=tuple(one for one in self.problem.requests if one.employee in people),
            pairs=tuple(one for one in self.problem.pairs if {one.trainee, one.mentor} <= people),
            pins=tuple(one for one in self.problem.pins if one.employee in people),
        )
        theirs = Roster(assignments=tuple(one for one in self.roster.assignments if one.employee in people))
        return check_roster(own, with_cells(theirs, cells)).findings

    def _cover(self, days: frozenset[int], cells: Sequence[Assignment]) -> tuple[RosterFinding, ...]:
        """Give the breaches of cover on some days."""
        crowd = replace(self._crowd, needs=tuple(one for one in self.problem.needs if one.day in days))
        present = Roster(assignments=tuple(one for one in self.roster.assignments if one.day in days))
        return check_cover(crowd, with_cells(present, cells))

    def _counts(self, rule: Fairness, one: Assignment) -> bool:
        return one.shift in rule.shifts if rule.shifts else one.day in self._weekend

    def _shares(self, cells: Sequence[Assignment]) -> tuple[RosterFinding, ...]:
        """Give the breaches of fairness."""
        found: list[RosterFinding] = []
        for rule, shared in self._shared:
            counts = [one for one in cells if one.shift and self._counts(rule, one)]
            changed = {(cell.employee, cell.day) for cell in cells}
            kept = [one for one in shared if (one.employee, one.day) not in changed]
            roster = Roster(assignments=(*kept, *counts))
            found += check_fairness(replace(self._crowd, fairness=(rule,)), roster)
        return tuple(found)

    def alternatives(self, employee: str, day: int) -> list[Choice]:
        """Give everything that a day of somebody could be, the best first; what it is now is among it.

        Raises
        ------
        NotFound, FieldError
            If there is no such employee or day.
        """
        self.at(employee, day)
        skills = sorted(self.employees[employee].skills & set(self.problem.skills)) if self.problem.skills else [""]
        cells = [Assignment(employee=employee, day=day, shift="")]
        cells += [
            Assignment(employee=employee, day=day, shift=shift, skill=skill)
            for shift in self.shifts
            for skill in skills
        ]
        return _ranked([self.consider((cell,)) for cell in cells])

    def candidates(self, day: int, shift: str, *, skill: str = "", instead_of: str = "") -> list[Choice]:
        """Give who else could work a shift, the best first.

        Parameters
        ----------
        day : int
            When.
        shift, skill : str
            Which shift, in which skill.
        instead_of : str
            Who would be off instead; empty for one more.

        Raises
        ------
        NotFound, FieldError
            If employee, shift, skill or day are unknown.
        """
        found = []
        for employee in self.problem.employees:
            held = self.at(employee.id, day)
            if employee.id == instead_of or held.shift == shift or (skill and skill not in employee.skills):
                continue
            cells = [Assignment(employee=employee.id, day=day, shift=shift, skill=skill)]
            if instead_of:
                cells.append(Assignment(employee=instead_of, day=day, shift=""))
            found.append(self.consider(cells))
        return _ranked(found)

    def swaps(self, employee: str, days: Sequence[int], *, first_day: int = 0) -> list[Choice]:
        """Give shifts of colleagues that somebody could have for theirs without breaking a must, the best first.

        As many of a colleague's shifts in a row are looked at as are given away, then one more or fewer.

        Parameters
        ----------
        employee : str
            Whose shifts are given away.
        days : Sequence[int]
            When they are.
        first_day : int
            Shifts before this day are over.

        Raises
        ------
        NotFound, FieldError
            If there is no such employee or day.
        """
        mine = [one for one in (self.at(employee, day) for day in sorted(set(days))) if one.shift]
        if not mine:
            return []
        n, tried = len(mine), 0
        even: list[Choice] = []
        uneven: list[Choice] = []
        given = {one.day for one in mine}
        for theirs in self._shifts_of_others(employee, first_day).values():
            busy = {one.day for one in theirs}
            for size in (one for one in (n, n + 1, n - 1) if 0 < one <= MOST_PACKAGE):
                for window in (theirs[at : at + size] for at in range(len(theirs) - size + 1)):
                    taken = {one.day for one in window}
                    # One of them works already on the other's day, or nothing would change hands.
                    is_clash = any(self.at(employee, day).shift for day in taken - given) or given & (busy - taken)
                    same = {(one.day, one.shift) for one in window} & {(one.day, one.shift) for one in mine}
                    if is_clash or same or tried >= MOST_TRIED:
                        continue
                    tried += 1
                    choice = self.consider(swap_cells(mine, window))
                    if choice.is_allowed:
                        (even if size == n else uneven).append(choice)
        # Like for like first, but two for one must not vanish behind twenty of them.
        uneven = _ranked(uneven)[:MOST_UNEVEN]
        return [*_ranked(even)[: MOST_SWAPS - len(uneven)], *uneven]

    def _shifts_of_others(self, employee: str, first_day: int) -> dict[str, list[Assignment]]:
        """Give colleagues' shifts from a day on, by colleague and in their order."""
        found: dict[str, list[Assignment]] = {}
        for one in sorted(self._held.values(), key=lambda each: each.day):
            if one.employee != employee and one.day >= first_day and one.employee in self.employees:
                found.setdefault(one.employee, []).append(one)
        return dict(sorted(found.items()))


def fill(board: RosterBoard, gaps: Sequence[Assignment]) -> tuple[Assignment, ...]:
    """Give days of others that fill shifts which somebody cannot work, each by the best who breaks no must.

    Parameters
    ----------
    board : RosterBoard
        The roster in which these shifts are open already.
    gaps : Sequence[Assignment]
        The shifts; ``employee`` is who cannot.

    Returns
    -------
    tuple[Assignment, ...]
        Days at work; a gap that nobody can fill without breaking a must has none.
    """
    found: list[Assignment] = []
    for gap in sorted(gaps, key=lambda one: (one.day, one.shift)):
        # The board is made anew after each: who has just stepped in works on that day.
        now = RosterBoard(board.problem, with_cells(board.roster, found))
        choices = [
            one
            for one in now.candidates(gap.day, gap.shift, skill=gap.skill)
            if one.is_allowed
            and one.cells[0].employee != gap.employee
            and not now.at(one.cells[0].employee, gap.day).shift
        ]
        if choices:
            found += choices[0].cells
    return tuple(found)


def without_new_leave(choice: Choice) -> Choice:
    """Leave out that shifts on days of new leave are mended: before the leave there was nothing wrong with them."""
    kept = tuple(one for one in choice.consequences if one.rule is not RosterRule.DAY_OFF or one.after >= one.before)
    return replace(choice, consequences=kept, broken=sum(one.after - one.before for one in kept if one.is_hard))


def _ranked(choices: Iterable[Choice]) -> list[Choice]:
    return sorted(
        choices, key=lambda one: (BROKEN_PRICE * max(0, one.broken) + one.cost, one.cells[0].employee, one.cells[0].day)
    )


def _wrong(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="roster", message=message, cure=cure))
