"""A roster as a model of constraint programming: one yes or no for each employee, day and shift."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ortools.sat.python import cp_model
from ortools.sat.python.cp_model_helper import Literal

from scheduling.model.rosters import HARD, Contract, Employee, Limit, Need, Roster, RosterProblem
from scheduling.solvers.rosters.reserve import Demand, demands_after, missing_after

HARD_PRICE = 100_000
"""Price of breaking a must by a unit when a roster that keeps all of them was not found."""


Linear = cp_model.LinearExpr | int


def hint_all(model: cp_model.CpModel, values: list[int]) -> None:
    """Let a search of a model start from values of all of its variables, by index."""
    hint = model.proto.solution_hint
    hint.vars.clear()
    hint.values.clear()
    hint.vars.extend(range(len(values)))
    hint.values.extend(values)


class RosterModel:
    """The model of one problem.

    Parameters
    ----------
    problem : RosterProblem
        What is to be rostered.
    is_relaxed : bool
        Whether musts may be broken at :data:`HARD_PRICE`; one shift a day, skills and days off never are.
    look : Callable, optional
        Called after each employee and each need; may raise, since a model of a year of a large hospital takes longer
        to write down than anybody waits.
    kept : Sequence of tuple, optional
        Demands of the day after the roster for which people are kept, with the price of each person missing; by default
        those of :func:`~scheduling.solvers.rosters.reserve.demands_after`.

    Attributes
    ----------
    works : list of list of dict
        For each employee and day the variable of each shift that is possible.
    later : list of list of dict
        The same for the days after the roster whose needs are known.
    reserve : list of tuple
        People missing of each demand of the day after the roster, with the price of each.
    """

    def __init__(
        self,
        problem: RosterProblem,
        *,
        is_relaxed: bool = False,
        look: Callable[[], None] = lambda: None,
        kept: Sequence[tuple[Demand, int]] | None = None,
    ) -> None:
        self.problem = problem
        self.is_relaxed = is_relaxed
        self.model = cp_model.CpModel()
        self.prices: list[tuple[Linear, int]] = []
        self.reserve: list[tuple[cp_model.IntVar, int]] = []
        self.pins = {(pin.employee, pin.day): pin.shift for pin in problem.pins}
        self.works: list[list[dict[str, cp_model.IntVar]]] = []
        self.later: list[list[dict[str, cp_model.IntVar]]] = []
        self.off: list[list[cp_model.IntVar]] = []
        self.skilled: dict[tuple[int, int, str, str], cp_model.IntVar] = {}
        self.able: dict[tuple[int, str, str], list[cp_model.IntVar]] = {}
        for index, employee in enumerate(problem.employees):
            self._days(index, employee)
            look()
        for index, employee in enumerate(problem.employees):
            self._contract(index, employee, problem.contract_of(employee))
            look()
        for index, employee in enumerate(problem.employees):
            self.later.append(self._days_after(index, employee))
        for need in problem.needs:
            self._need(need)
            look()
        for need in problem.following:
            # What is wished there is the next roster's business.
            self._need(replace(need, preferred=0, under=0, over=0))
        self._wishes()
        self._fairness()
        self._reserve(demands_after(problem) if kept is None else kept)
        look()
        terms, weights = [term for term, _ in self.prices], [weight for _, weight in self.prices]
        # not sum(): that nests as many sums as there are terms
        self.model.minimize(cp_model.LinearExpr.weighted_sum(terms, weights))

    def _charge(self, term: Linear, weight: int) -> None:
        self.prices.append((term, HARD_PRICE if weight == HARD else weight))

    def _days(self, index: int, employee: Employee) -> None:
        works, off = [], []
        for day in range(self.problem.days):
            shifts = {}
            if day not in employee.days_off:
                for shift in self.problem.shifts:
                    is_known_wrong = self.pins.get((employee.id, day), shift.id) != shift.id
                    if not is_known_wrong and (not self.problem.skills or employee.skills):
                        shifts[shift.id] = self.model.new_bool_var(f"{index}.{day}.{shift.id}")
            rest = self.model.new_bool_var(f"{index}.{day}.off")
            # Off is a variable of its own: runs and weekends ask for it far more often than for a shift.
            self.model.add_exactly_one(*shifts.values(), rest)
            # A pin on a day of leave has no possible shift: relaxed it is one more must that may be broken.
            if self.pins.get((employee.id, day), "") and (shifts or not self.is_relaxed):
                self.model.add(rest == 0)
            for name, works_shift in shifts.items():
                self._skills(index, employee, day, name, works_shift)
            works.append(shifts)
            off.append(rest)
        self.works.append(works)
        self.off.append(off)
        self._successions(index, employee)

    def _days_after(self, index: int, employee: Employee) -> list[dict[str, cp_model.IntVar]]:
        """Give what an employee could work on the days after the roster: only successions bind there."""
        n_days = max((need.day + 1 - self.problem.days for need in self.problem.following), default=0)
        days: list[dict[str, cp_model.IntVar]] = []
        for day in range(self.problem.days, self.problem.days + n_days):
            shifts = {}
            if not self.problem.skills or employee.skills:
                shifts = {one.id: self.model.new_bool_var(f"{index}.{day}.{one.id}") for one in self.problem.shifts}
            self.model.add_at_most_one(shifts.values())
            for name, works_shift in shifts.items():
                self._skills(index, employee, day, name, works_shift)
            before = days[-1] if days else self.works[index][-1]
            for shift in self.problem.shifts:
                for name in sorted(shift.forbidden_next & shifts.keys()):
                    if shift.id in before:
                        self.model.add_bool_or([~before[shift.id], ~shifts[name]])
            days.append(shifts)
        return days

    def _skills(self, index: int, employee: Employee, day: int, shift: str, works: cp_model.IntVar) -> None:
        skills = sorted(employee.skills & set(self.problem.skills))
        for skill in skills:
            # With one skill the shift's own variable serves: half the variables in most wards.
            var = works if len(skills) == 1 else self.model.new_bool_var(f"{index}.{day}.{shift}.{skill}")
            self.skilled[index, day, shift, skill] = var
            self.able.setdefault((day, shift, skill), []).append(var)
        if len(skills) > 1:
            self.model.add(sum(self.skilled[index, day, shift, skill] for skill in skills) == works)

    def _successions(self, index: int, employee: Employee) -> None:
        forbidden = {shift.id: shift.forbidden_next for shift in self.problem.shifts}
        for day in range(self.problem.days):
            today = self.works[index][day]
            if day == 0:
                for name in sorted(forbidden.get(employee.history.last_shift, frozenset())):
                    if name in today:
                        self._forbid([today[name]], HARD)
                continue
            for before, first in self.works[index][day - 1].items():
                for name in sorted(forbidden[before]):
                    if name in today:
                        self._forbid([first, today[name]], HARD)

    def _forbid(self, all_of: list[Literal], weight: int) -> None:
        """Forbid that all of some are true; at a price if it has one."""
        clause = [~found for found in all_of]
        if weight != HARD or self.is_relaxed:
            slack = self.model.new_bool_var("")
            self._charge(slack, weight)
            clause.append(slack)
        self.model.add_bool_or(clause)

    def _within(self, value: Linear, limit: Limit, largest: int) -> None:
        """Keep a sum within its bounds; at a price for each unit if it has one."""
        if limit.is_open:
            return
        for is_low, bound in ((True, limit.low), (False, limit.high)):
            if (is_low and bound <= 0) or (not is_low and bound >= largest):
                # A bound that cannot be reached needs no constraint.
                continue
            slack: Linear = 0
            if limit.weight != HARD or self.is_relaxed:
                slack = self.model.new_int_var(0, largest + bound, "")
                self._charge(slack, limit.weight)
            self.model.add(value + slack >= bound if is_low else value - slack <= bound)

    def _contract(self, index: int, employee: Employee, contract: Contract) -> None:
        problem, history = self.problem, employee.history
        works, off = self.works[index], self.off[index]
        minutes = {shift.id: shift.minutes for shift in problem.shifts}
        for shift, most in sorted(contract.shift_counts.items()):
            days = [day[shift] for day in works if shift in day]
            self._within(sum(days), Limit(high=most), len(days))
        longest = problem.days * max(minutes.values())
        self._within(sum(minutes[name] * var for day in works for name, var in day.items()), contract.minutes, longest)
        n_worked = problem.days - sum(off)
        total = problem.days + history.assignments
        self._within(n_worked + history.assignments, self._paced(contract.assignments), total)
        at_work: list[Literal] = [~rest for rest in off]
        self._run(at_work, contract.work_run, history.work_run)
        self._run(list(off), contract.off_run, history.off_run)
        for shift_ in problem.shifts:
            if not shift_.run.is_open:
                before = history.shift_run if history.last_shift == shift_.id else 0
                never = self.model.new_constant(0)
                self._run([day.get(shift_.id, never) for day in works], shift_.run, before)
        self._weekends(index, contract, history.weekends)

    def _paced(self, limit: Limit) -> Limit:
        """Give a limit of the whole period as it applies at the end of this week, if the period goes on."""
        if self.problem.is_last or limit.is_open:
            return limit
        done, weeks = self.problem.weeks_done + 1, max(1, self.problem.weeks)
        high = limit.high if limit.high >= 1 << 20 else -(-limit.high * done // weeks)
        # Rounded outwards: pacing must not forbid what the whole period allows.
        return Limit(low=limit.low * done // weeks, high=high, weight=limit.weight)

    def _run(self, days: list[Literal], limit: Limit, before: int) -> None:
        """Keep each run of days within its bounds; the checker tells how history and borders count."""
        if limit.is_open:
            return
        n = len(days)
        for day in range(n):
            if day >= limit.high:
                # A window of high + 1 days must hold a day off.
                self._forbid(days[day - limit.high : day + 1], limit.weight)
            elif before >= limit.high - day:
                self._forbid(days[: day + 1], limit.weight)
        is_cut = self.problem.weeks == 0
        for end in range(n):  # the day after the run
            # A run that is too short is forbidden by its own pattern: off, so many days, off.
            for length in range(1, min(limit.low, end + 1)):
                start = end - length
                inside = days[start:end]
                units = limit.low - length
                if start > 0:
                    self._forbid_run([~days[start - 1], *inside, ~days[end]], limit.weight, units)
                elif not before and not is_cut:
                    self._forbid_run([*inside, ~days[end]], limit.weight, units)
            if before and before + end < limit.low:
                self._forbid_run([*days[:end], ~days[end]], limit.weight, limit.low - before - end)

    def _forbid_run(self, all_of: list[Literal], weight: int, units: int) -> None:
        self._forbid(all_of, weight if weight == HARD else weight * units)

    def _weekends(self, index: int, contract: Contract, before: int) -> None:
        busy = []
        for days in self.problem.weekends():
            rests = [self.off[index][day] for day in days]
            if not contract.weekends.is_open:
                is_busy = self.model.new_bool_var("")
                for rest in rests:
                    self.model.add_implication(~rest, is_busy)
                self.model.add_bool_or([~is_busy, *(~rest for rest in rests)])
                busy.append(is_busy)
            if contract.complete_weekend and len(rests) == 2:
                self._forbid([rests[0], ~rests[1]], contract.complete_weekend)
                self._forbid([~rests[0], rests[1]], contract.complete_weekend)
        if busy:
            self._within(sum(busy) + before, self._paced(contract.weekends), len(busy) + before)

    def _need(self, need: Need) -> None:
        if need.skill:
            there = self.able.get((need.day, need.shift, need.skill), [])
        else:
            days = [(*works, *later)[need.day] for works, later in zip(self.works, self.later, strict=True)]
            there = [shifts[need.shift] for shifts in days if need.shift in shifts]
        n = sum(there)
        most = len(there)
        self._within(n, Limit(low=need.minimum), max(most, need.minimum))
        for is_under, weight in ((True, need.under), (False, need.over)):
            if weight and (need.preferred if is_under else most > need.preferred):
                slack = self.model.new_int_var(0, max(most, need.preferred), "")
                self._charge(slack, weight)
                self.model.add(n + slack >= need.preferred if is_under else n - slack <= need.preferred)

    def _reserve(self, demands: Sequence[tuple[Demand, int]]) -> None:
        """Keep people for the first day after the roster, whose needs nobody knows yet."""
        last = [days[-1] for days in self.works]
        for demand, price in demands:
            for missing in missing_after(self.model, self.problem, last, demand):
                self._charge(missing, price)
                self.reserve.append((missing, price))

    def _wishes(self) -> None:
        at = {employee.id: index for index, employee in enumerate(self.problem.employees)}
        for wish in self.problem.requests:
            index = at[wish.employee]
            rest = self.off[index][wish.day]
            shift = self.works[index][wish.day].get(wish.shift)
            is_worked: Linear = (1 - rest) if not wish.shift else (shift if shift is not None else 0)
            self._charge(1 - is_worked if wish.is_on else is_worked, wish.weight)
        for pair in self.problem.pairs:
            for trainee, mentor in zip(self.works[at[pair.trainee]], self.works[at[pair.mentor]], strict=True):
                for name, var in trainee.items():
                    self._forbid([var, ~mentor[name]] if name in mentor else [var], pair.weight)
        if self.problem.change:
            old = {(found.employee, found.day): found.shift for found in self.problem.published}
            for name, index in at.items():
                for day in range(self.problem.days):
                    before = old.get((name, day), "")
                    kept = self.works[index][day].get(before) if before else self.off[index][day]
                    self._charge(1 - kept if kept is not None else 1, self.problem.change)

    def _fairness(self) -> None:
        weekend = {day for days in self.problem.weekends() for day in days}
        for rule in self.problem.fairness:
            counts = [
                rule.carried.get(employee.id, 0)
                + sum(
                    var
                    for day, shifts in enumerate(works)
                    for name, var in shifts.items()
                    if (name in rule.shifts if rule.shifts else day in weekend)
                )
                for employee, works in zip(self.problem.employees, self.works, strict=True)
            ]
            n, most = len(counts), self.problem.days + rule.most_carried()
            even = self.model.new_int_var(0, most, "")
            # The whole number not below the mean, as the checker counts it.
            self.model.add(n * even >= sum(counts))
            self.model.add(n * even <= sum(counts) + n - 1)
            for count in counts:
                above = self.model.new_int_var(0, most, "")
                square = self.model.new_int_var(0, most**2, "")
                self.model.add(above >= count - even)
                self.model.add_multiplication_equality(square, [above, above])
                self._charge(square, rule.weight)

    def hint(self, roster: Roster) -> None:
        """Let a search start from a roster."""
        self.model.proto.solution_hint.vars.clear()
        self.model.proto.solution_hint.values.clear()
        for var, value in self.values(roster):
            self.model.add_hint(var, value)

    def values(self, roster: Roster) -> list[tuple[cp_model.IntVar, int]]:
        """Give the value of each employee's days in a roster."""
        shift_of = {(found.employee, found.day): found for found in roster.assignments}
        values = []
        for index, employee in enumerate(self.problem.employees):
            for day in range(self.problem.days):
                found = shift_of.get((employee.id, day))
                shift = found.shift if found else ""
                values.append((self.off[index][day], int(not shift)))
                values += [(var, int(name == shift)) for name, var in self.works[index][day].items()]
        return values

    def price(self, values: list[int]) -> int:
        """Give the price of values of all variables."""
        objective = self.model.proto.objective
        total: int = round(objective.offset)
        for at, coefficient in zip(objective.vars, objective.coeffs, strict=True):
            total += int(coefficient) * (values[at] if at >= 0 else 1 - values[-at - 1])
        return total
