"""The check of rounds: every time, load and promise computed anew from problem and plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scheduling.model.routes import FAR_S, Carrier, RoutePlan, RouteProblem, RouteTask, Stop


class RouteRule(StrEnum):
    """Rules that rounds must not break."""

    UNKNOWN = "unknown"
    TWICE = "twice"
    ORDER = "order"
    WALKING = "walking"
    WINDOW = "window"
    CAPACITY = "capacity"
    ROLE = "role"
    SHIFT = "shift"
    COMMITTED = "committed"
    FORGOTTEN = "forgotten"
    REQUIRED = "required"
    SUM = "sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteViolation:
    """One broken rule.

    Parameters
    ----------
    rule : RouteRule
        Which.
    amount : int
        How far: seconds, units or 1.
    carrier, task : str
        Whose and which; empty if it does not apply.
    """

    rule: RouteRule
    amount: int
    carrier: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteReport:
    """What the check of rounds found.

    Parameters
    ----------
    violations : tuple[RouteViolation, ...]
        Broken rules; being late for a committed task is none, since nothing can be done about it.
    walking_s : int
        Seconds of walking, computed anew.
    lost_prize : int
        Worth of the tasks that nobody does.
    late_s : int
        Seconds by which committed tasks begin too late.
    """

    violations: tuple[RouteViolation, ...]
    walking_s: int
    lost_prize: int
    late_s: int

    @property
    def is_valid(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations

    @property
    def cost(self) -> int:
        """What a search minimises: walking and what is lost."""
        return self.walking_s + self.lost_prize


def check_routes(problem: RouteProblem, plan: RoutePlan) -> RouteReport:
    """Check rounds.

    Parameters
    ----------
    problem : RouteProblem
        What has to be respected.
    plan : RoutePlan
        Rounds; may be nonsense.
    """
    check = _Check(problem)
    for round_ in plan.rounds:
        carrier = check.carriers.get(round_.carrier)
        if carrier is None or round_.carrier in check.walked:
            check.add(RouteRule.UNKNOWN if carrier is None else RouteRule.TWICE, 1, round_.carrier)
            continue
        check.walk(carrier, round_.stops)
        # What the planner says is added up anew: its sums are shown to people.
        if check.walked[carrier.id] != round_.walking_s:
            check.add(RouteRule.SUM, abs(check.walked[carrier.id] - round_.walking_s), carrier.id)
    return check.report({found.task for found in plan.dropped})


class _Check:
    """One check under way."""

    def __init__(self, problem: RouteProblem) -> None:
        self.problem = problem
        self.index = {place: at for at, place in enumerate(problem.places)}
        self.tasks = {task.id: task for task in problem.tasks}
        self.carriers = {carrier.id: carrier for carrier in problem.carriers}
        self.violations: list[RouteViolation] = []
        self.walked: dict[str, int] = {}
        self.done: set[str] = set()
        self.late_s = 0

    def add(self, rule: RouteRule, amount: int, carrier: str = "", task: str = "") -> None:
        """Note a broken rule."""
        self.violations.append(RouteViolation(rule=rule, amount=amount, carrier=carrier, task=task))

    def way(self, start: str, end: str) -> int:
        """Give walking seconds between two places."""
        return int(self.problem.seconds[self.index[start], self.index[end]]) if start and end else 0

    def walk(self, carrier: Carrier, stops: tuple[Stop, ...]) -> None:
        """Follow one carrier."""
        ids = tuple(stop.task for stop in stops)
        if ids[: len(carrier.committed)] != carrier.committed:
            self.add(RouteRule.COMMITTED, 1, carrier.id)
        now, place, load, walked = carrier.from_s, carrier.start, 0, 0
        for at, stop in enumerate(stops):
            task = self.tasks.get(stop.task)
            # A stop that is not known moves nobody: the walk goes on from the place before.
            if task is None or stop.task in self.done:
                self.add(RouteRule.UNKNOWN if task is None else RouteRule.TWICE, 1, carrier.id, stop.task)
                continue
            self.done.add(stop.task)
            step = self.way(place, task.from_place or task.place)
            carried = self.way(task.from_place, task.place)
            if max(step, carried) >= FAR_S:
                self.add(RouteRule.WALKING, 1, carrier.id, task.id)
            self._times(carrier, task, stop, now + step, carried)
            # A promise is kept whatever it costs; that it is late is told, not forbidden.
            is_promised = at < len(carrier.committed)
            late = stop.begin_s - task.latest_s
            if late > 0 and is_promised:
                self.late_s += late
            elif late > 0:
                self.add(RouteRule.WINDOW, late, carrier.id, task.id)
            if task.roles and carrier.role not in task.roles and not is_promised:
                self.add(RouteRule.ROLE, 1, carrier.id, task.id)
            # From the time that the plan says the carrier leaves: a plan may wait, but not be early.
            now, place, load, walked = stop.leave_s, task.place, load + task.amount, walked + step + carried
        home = self.way(place, carrier.end)
        # Committed tasks alone may take a carrier beyond the shift: nothing can be done about it.
        if now + home > carrier.until_s and len(stops) > len(carrier.committed):
            self.add(RouteRule.SHIFT, now + home - carrier.until_s, carrier.id)
        # Likewise for a cart that is overloaded by what was promised.
        promised = sum(self.tasks[task].amount for task in carrier.committed)
        if carrier.capacity and load > max(carrier.capacity, promised):
            self.add(RouteRule.CAPACITY, load - carrier.capacity, carrier.id)
        self.walked[carrier.id] = walked + (home if stops else 0)

    def _times(self, carrier: Carrier, task: RouteTask, stop: Stop, earliest_arrival: int, carried: int) -> None:
        if stop.arrive_s < earliest_arrival:
            self.add(RouteRule.WALKING, earliest_arrival - stop.arrive_s, carrier.id, task.id)
        if stop.begin_s < max(stop.arrive_s, task.earliest_s):
            self.add(RouteRule.WINDOW, max(stop.arrive_s, task.earliest_s) - stop.begin_s, carrier.id, task.id)
        if stop.leave_s < stop.begin_s + carried + task.service_s:
            self.add(RouteRule.ORDER, stop.begin_s + carried + task.service_s - stop.leave_s, carrier.id, task.id)

    def report(self, dropped: set[str]) -> RouteReport:
        """Look at what nobody does, and give everything found."""
        lost = 0
        for task in self.problem.tasks:
            if task.id in self.done:
                if task.id in dropped:
                    self.add(RouteRule.TWICE, 1, task=task.id)
                continue
            lost += task.prize
            if task.is_required:
                self.add(RouteRule.REQUIRED, 1, task=task.id)
            if task.id not in dropped:
                self.add(RouteRule.FORGOTTEN, 1, task=task.id)
        for carrier in self.problem.carriers:
            if carrier.committed and carrier.id not in self.walked:
                self.add(RouteRule.COMMITTED, 1, carrier.id)
        return RouteReport(
            violations=tuple(self.violations), walking_s=sum(self.walked.values()), lost_prize=lost, late_s=self.late_s
        )
