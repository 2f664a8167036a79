"""The check of a roster: every must and every price computed anew from problem and roster."""

from __future__ import annotations

from collections import Counter

from scheduling.model.rosters import (
    HARD,
    Contract,
    Employee,
    Limit,
    Roster,
    RosterFinding,
    RosterProblem,
    RosterReport,
    RosterRule,
)


def check_roster(problem: RosterProblem, roster: Roster) -> RosterReport:
    """Check a roster.

    Parameters
    ----------
    problem : RosterProblem
        What has to be respected.
    roster : Roster
        What is planned; may be nonsense.

    Returns
    -------
    RosterReport
        Every breach with its price.

    Notes
    -----
    Totals of a planning period of several weeks are charged when its last week is checked, as its rules say; runs of
    days are charged in the week in which they end, or for each day too many in the week of that day.
    """
    return _Check(problem, roster).report()


def check_cover(problem: RosterProblem, roster: Roster) -> tuple[RosterFinding, ...]:
    """Check only how many are there: the needs of a problem.

    Parameters
    ----------
    problem : RosterProblem
        Its needs count, rules of people do not.
    roster : Roster
        At least everything on the days of the needs.
    """
    check = _Check(problem, roster)
    # Reading the roster notes unknown names as well; they are not asked for here.
    check.findings.clear()
    check.needs()
    return tuple(check.findings)


def check_fairness(problem: RosterProblem, roster: Roster) -> tuple[RosterFinding, ...]:
    """Check only how evenly shifts are shared.

    Parameters
    ----------
    problem : RosterProblem
        Its fairness counts, rules of people do not.
    roster : Roster
        At least every shift that is to be shared.
    """
    check = _Check(problem, roster)
    check.findings.clear()
    check.fairness()
    return tuple(check.findings)


class _Check:
    """One check; ``worked`` is each employee's shift by day."""

    def __init__(self, problem: RosterProblem, roster: Roster) -> None:
        self.problem = problem
        self.findings: list[RosterFinding] = []
        self.shifts = {shift.id: shift for shift in problem.shifts}
        self.contracts = {contract.id: contract for contract in problem.contracts}
        self.employees = {employee.id: employee for employee in problem.employees}
        self.worked: dict[str, dict[int, str]] = {employee.id: {} for employee in problem.employees}
        self.present: Counter[tuple[int, str, str]] = Counter()
        self._read(roster)

    def report(self) -> RosterReport:
        """Run every rule."""
        for employee in self.problem.employees:
            contract = self.contracts[employee.contract]
            self._days(employee)
            self._totals(employee, contract)
            self._runs(employee, contract)
            self._weekends(employee, contract)
        self.needs()
        self._wishes()
        self.fairness()
        self._fixed()
        return RosterReport(findings=tuple(self.findings))

    def _add(
        self,
        rule: RosterRule,
        amount: int,
        weight: int,
        *,
        employee: str = "",
        day: int = -1,
        shift: str = "",
        skill: str = "",
    ) -> None:
        # A weight of 0 means that nobody asks: no finding at all, rather than one for nothing.
        if amount > 0 and weight != 0:
            is_hard = weight == HARD
            self.findings.append(
                RosterFinding(
                    rule=rule,
                    is_hard=is_hard,
                    amount=amount,
                    cost=0 if is_hard else amount * weight,
                    employee=employee,
                    day=day,
                    shift=shift,
                    skill=skill,
                )
            )

    def _read(self, roster: Roster) -> None:
        for found in roster.assignments:
            employee = self.employees.get(found.employee)
            where = {"employee": found.employee, "day": found.day, "shift": found.shift, "skill": found.skill}
            is_known = employee is not None and found.shift in self.shifts and 0 <= found.day < self.problem.days
            if employee is None or not is_known or (found.skill and found.skill not in self.problem.skills):
                self._add(RosterRule.UNKNOWN, 1, HARD, **where)  # type: ignore[arg-type]  # keywords as of _add
                continue
            if found.day in self.worked[employee.id]:
                self._add(RosterRule.ONE_SHIFT, 1, HARD, **where)  # type: ignore[arg-type]  # keywords as of _add
                continue
            if self.problem.skills and found.skill not in employee.skills:
                self._add(RosterRule.SKILL, 1, HARD, **where)  # type: ignore[arg-type]  # keywords as of _add
            self.worked[employee.id][found.day] = found.shift
            self.present[found.day, found.shift, found.skill] += 1
            if found.skill:
                # Needs without a skill count everybody who is there.
                self.present[found.day, found.shift, ""] += 1

    def _days(self, employee: Employee) -> None:
        worked = self.worked[employee.id]
        for day in sorted(employee.days_off & worked.keys()):
            self._add(RosterRule.DAY_OFF, 1, HARD, employee=employee.id, day=day, shift=worked[day])
        for day, shift in sorted(worked.items()):
            # Day 0 follows the last shift before the roster.
            before = worked.get(day - 1, "") if day else employee.history.last_shift
            # Off, or a shift of an earlier roster that is no more.
            if before not in self.shifts:
                continue
            if self._rest_missing(before, shift):
                self._add(RosterRule.LEGAL_REST, 1, HARD, employee=employee.id, day=day, shift=shift)
            elif shift in self.shifts[before].forbidden_next:
                self._add(RosterRule.SUCCESSION, 1, HARD, employee=employee.id, day=day, shift=shift)

    def _rest_missing(self, before: str, shift: str) -> bool:
        """Tell whether too little time lies between a shift and the one of the day before."""
        first, second = self.shifts[before], self.shifts[shift]
        if first.start_minute < 0 or second.start_minute < 0:
            return False  # benchmark files say which shift may follow, not when shifts are
        rest = second.start_minute + 24 * 60 - (first.start_minute + first.minutes)
        return rest < self.problem.rest_minutes

    def _totals(self, employee: Employee, contract: Contract) -> None:
        worked = self.worked[employee.id]
        counts = Counter(worked.values())
        for shift, most in contract.shift_counts.items():
            self._add(RosterRule.SHIFT_COUNT, counts[shift] - most, HARD, employee=employee.id, shift=shift)
        minutes = sum(self.shifts[shift].minutes for shift in worked.values())
        self._within(RosterRule.MINUTES, contract.minutes, minutes, employee)
        # Pacing is the search's affair; a total is wrong only once the period is over.
        if self.problem.is_last:
            total = employee.history.assignments + len(worked)
            self._within(RosterRule.ASSIGNMENTS, contract.assignments, total, employee)

    def _within(self, rule: RosterRule, limit: Limit, value: int, employee: Employee) -> None:
        self._add(rule, max(limit.low - value, value - limit.high), limit.weight, employee=employee.id)

    def _runs(self, employee: Employee, contract: Contract) -> None:
        worked, history = self.worked[employee.id], employee.history
        at_work = [day in worked for day in range(self.problem.days)]
        self._run(RosterRule.WORK_RUN, contract.work_run, at_work, history.work_run, employee)
        self._run(RosterRule.OFF_RUN, contract.off_run, [not day for day in at_work], history.off_run, employee)
        for shift in self.problem.shifts:
            on_shift = [worked.get(day) == shift.id for day in range(self.problem.days)]
            before = history.shift_run if history.last_shift == shift.id else 0
            self._run(RosterRule.SHIFT_RUN, shift.run, on_shift, before, employee, shift.id)

    def _run(
        self, rule: RosterRule, limit: Limit, days: list[bool], before: int, employee: Employee, shift: str = ""
    ) -> None:
        """Look at each run of days; one that began before counts with its history, one that goes on has not ended."""
        if limit.is_open:
            return
        is_cut = self.problem.weeks == 0  # without history it is not known what was before
        length = before
        for day, is_in in enumerate(days):
            # The current run's length goes on from the history's.
            if is_in:
                length += 1
                # One unit a day, as the competition charges, in the week in which the day lies.
                if length > limit.high:
                    self._add(rule, 1, limit.weight, employee=employee.id, day=day, shift=shift)
                continue
            # Curtois and Qu: what lies before the horizon may have been of any length.
            began_before = length == day and is_cut and before == 0
            if length and not began_before:
                self._add(rule, limit.low - length, limit.weight, employee=employee.id, day=day - 1, shift=shift)
            length = 0

    def _weekends(self, employee: Employee, contract: Contract) -> None:
        worked = self.worked[employee.id]
        busy = 0
        for days in self.problem.weekends():
            n = sum(day in worked for day in days)
            busy += n > 0
            # At a border of the roster the other day of the weekend is not known.
            if len(days) == 2 and n == 1:
                price = contract.complete_weekend
                self._add(RosterRule.COMPLETE_WEEKEND, 1, price, employee=employee.id, day=days[0])
        if self.problem.is_last:
            self._within(RosterRule.WEEKENDS, contract.weekends, employee.history.weekends + busy, employee)

    def needs(self) -> None:
        """Look at each need."""
        for need in self.problem.needs:
            n = self.present[need.day, need.shift, need.skill]
            where = {"day": need.day, "shift": need.shift, "skill": need.skill}
            self._add(RosterRule.MINIMUM_COVER, need.minimum - n, HARD, **where)  # type: ignore[arg-type]  # as of _add
            self._add(RosterRule.COVER, need.preferred - n, need.under, **where)  # type: ignore[arg-type]  # as of _add
            self._add(RosterRule.COVER, n - need.preferred, need.over, **where)  # type: ignore[arg-type]  # as of _add

    def _wishes(self) -> None:
        for wish in self.problem.requests:
            shift = self.worked[wish.employee].get(wish.day, "")
            is_worked = shift == wish.shift if wish.shift else bool(shift)
            if is_worked != wish.is_on:
                self._add(RosterRule.REQUEST, 1, wish.weight, employee=wish.employee, day=wish.day, shift=wish.shift)
        for pair in self.problem.pairs:
            mentor = self.worked[pair.mentor]
            for day, shift in sorted(self.worked[pair.trainee].items()):
                if mentor.get(day) != shift:
                    self._add(RosterRule.TRAINING, 1, pair.weight, employee=pair.trainee, day=day, shift=shift)

    def fairness(self) -> None:
        """Look at each share."""
        weekend = {day for days in self.problem.weekends() for day in days}
        for rule in self.problem.fairness:
            counts = {
                employee: rule.carried.get(employee, 0)
                + sum(shift in rule.shifts if rule.shifts else day in weekend for day, shift in days.items())
                for employee, days in self.worked.items()
            }
            # Rounded up: with three nights for two, one of them must have two, and that is fair.
            even = -(-sum(counts.values()) // max(1, len(counts)))
            # Squares: one person with four too many is worse than four with one.
            for employee, count in counts.items():
                self._add(RosterRule.FAIRNESS, max(0, count - even) ** 2, rule.weight, employee=employee)

    def _fixed(self) -> None:
        for pin in self.problem.pins:
            if self.worked[pin.employee].get(pin.day, "") != pin.shift:
                self._add(RosterRule.PIN, 1, HARD, employee=pin.employee, day=pin.day, shift=pin.shift)
        if self.problem.change:
            old = {(found.employee, found.day): found.shift for found in self.problem.published}
            for employee, days in self.worked.items():
                for day in range(self.problem.days):
                    if old.get((employee, day), "") != days.get(day, ""):
                        self._add(RosterRule.CHANGE, 1, self.problem.change, employee=employee, day=day)
