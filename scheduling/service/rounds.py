"""Rounds of people: tasks merged by way, given out in walking order, and compared with how they stand before.

Whoever has begun a task keeps it. Automatic dispatch also keeps what is merely assigned, so that nobody's list changes
under their hands; a person at the board may ask for all of it to be arranged anew and sees the difference first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from scheduling.model.routes import ALWAYS_S, FAR_S, Carrier, RouteProblem, RouteTask, prize_of
from scheduling.model.tasks import Task, TaskStatus
from scheduling.rules.carts import carts_of, length_s, put_together, stops_of
from scheduling.rules.routes import round_of
from scheduling.rules.tasks import Person, roles_of, urgency_key
from scheduling.service.tasks import Step, assign
from scheduling.solvers.routes.dispatching import plan_routes
from scheduling.solvers.routes.searching import RouteSettings
from scheduling.tables.tasks import load_task
from twin.clock import SECOND_US
from twin.errors import HospitalTwinError
from twin.events.work import TaskKind
from twin.ports import EventSink

SERVICE_S: Mapping[TaskKind, int] = {
    TaskKind.RESTOCK: 120,
    TaskKind.CLEAN: 1500,
    TaskKind.TRANSPORT: 300,
    TaskKind.MAINTAIN: 1800,
    TaskKind.RETRIEVE: 180,
    TaskKind.COUNT: 600,
}
"""Time at the place without walking, seconds: what a first plan needs before a hospital's own times are known."""

SOMEWHERE = "?"
"""Stands for where a person is whom no reader has seen."""
SOMEWHERE_S = 300
UNKNOWN_WAY_S = 900
MOST_TASKS = 300
_MERGED = 12  # lines of one cart: what one person picks and puts down in one go

Ways = Callable[[Sequence[str]], NDArray[np.int64]]
"""Gives walking seconds between places, shape (n, n)."""

_BEGUN = (TaskStatus.STARTED, TaskStatus.PICKED)
_ROUTED = (TaskStatus.CREATED, TaskStatus.ASSIGNED, *_BEGUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSettings:
    """How rounds are made.

    Parameters
    ----------
    most_per_person : int
        Tasks that one person has at most.
    is_anew : bool
        Whether tasks that are assigned and not begun may change hands.
    iterations : int
        Of the search; the same number and seed give the same rounds.
    """

    most_per_person: int = 8
    is_anew: bool = False
    iterations: int = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Where a task stands in a plan.

    Parameters
    ----------
    task : str
        Its id.
    assignee : str
        Who does it; empty if nobody can at present.
    position : int
        Place in the round, from 1; 0 without one.
    expected_at : int
        When it is done by this plan, UTC microseconds; 0 without one.
    version : int
        Version of the task that was planned with.
    """

    task: str
    assignee: str
    position: int
    expected_at: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How good rounds are.

    Parameters
    ----------
    walking_s : int
        Seconds of walking of all.
    late : int
        Tasks done after they are due.
    late_s : int
        Seconds by which all of these together are late.
    waiting : int
        Tasks that nobody has.
    """

    walking_s: int
    late: int
    late_s: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlan:
    """Rounds, and how they compare with the present ones.

    Parameters
    ----------
    given : tuple[Given, ...]
        Every task that was planned, by person and position; those that nobody does last.
    changed : tuple[Given, ...]
        Those of them whose hands or position differ from the present ones.
    before, after : Measured
        The present rounds and the planned ones.
    """

    given: tuple[Given, ...]
    changed: tuple[Given, ...]
    before: Measured
    after: Measured


def plan_rounds(
    tasks: Sequence[Task], people: Sequence[Person], ways: Ways, settings: RoundSettings, *, now: int
) -> RoundPlan:
    """Plan who does which tasks in what order.

    Parameters
    ----------
    tasks : Sequence[Task]
        Open tasks; blocked ones are left alone, and beyond :data:`MOST_TASKS` the least urgent wait.
    people : Sequence[Person]
        Who is on duty, with places.
    ways : Ways
        Walking seconds.
    settings : RoundSettings
        What may change.
    now : int
        UTC microseconds.
    """
    # The most urgent first: when there are too many, the others wait for the next round.
    open_tasks = sorted((task for task in tasks if task.status in _ROUTED), key=lambda task: urgency_key(task, now))
    return _Planner(open_tasks[:MOST_TASKS], people, ways, settings, now).plan()


class _Planner:
    def __init__(
        self, tasks: Sequence[Task], people: Sequence[Person], ways: Ways, settings: RoundSettings, now: int
    ) -> None:
        self.now, self.settings = now, settings
        self.task_by_id = {task.id: task for task in tasks}
        roles = {role for task in tasks for role in roles_of(task)}
        self.people = [person for person in people if person.role in roles]
        known = {person.id for person in self.people}
        self.held: dict[str, list[Task]] = {}
        # What is begun stands first, then the order of the present round.
        for task in sorted(tasks, key=lambda each: (each.status not in _BEGUN, each.position or 10**6, each.id)):
            if task.assignee in known:
                self.held.setdefault(task.assignee, []).append(task)
        # Held by somebody who is not on duty now: their list is not ours to change.
        self.elsewhere = {task.id for task in tasks if task.assignee and task.assignee not in known}
        named = {place for task in tasks for place in (task.from_place, task.to_place) if place}
        named |= {person.place for person in self.people if person.place}
        self.places = (SOMEWHERE, *sorted(named))
        self.seconds = _with_somewhere(ways(self.places[1:]))
        self.index = {place: at for at, place in enumerate(self.places)}
        # A cart with more lines than one person may have could be given to nobody.
        self.most_lines = min(_MERGED, max(settings.most_per_person, 1))

    def plan(self) -> RoundPlan:
        pinned = {
            person.id: [task for task in self.held.get(person.id, []) if self._stays(task)] for person in self.people
        }
        stays = {task.id for kept in pinned.values() for task in kept} | self.elsewhere
        bundles = self._bundles([task for task in self.task_by_id.values() if task.id not in stays])
        rounds = self._search(pinned, bundles)
        given = self._given(rounds)
        present = {key: [task.id for task in held] for key, held in self.held.items()}
        planned: dict[str, list[str]] = {}
        for each in given:
            if each.assignee and each.task not in self.elsewhere:
                planned.setdefault(each.assignee, []).append(each.task)
        changed = tuple(each for each in given if self._differs(each))
        return RoundPlan(given=given, changed=changed, before=self._measured(present), after=self._measured(planned))

    def _stays(self, task: Task) -> bool:
        return task.status in _BEGUN or not self.settings.is_anew

    def _differs(self, each: Given) -> bool:
        task = self.task_by_id[each.task]
        if each.task in self.elsewhere or (not each.assignee and not task.assignee):
            return False
        return (each.assignee, each.position) != (task.assignee, task.position)

    def _bundles(self, tasks: Sequence[Task]) -> dict[str, list[Task]]:
        """Give tasks that one cart carries together, by the id of the first; others alone."""
        bundles: dict[str, list[Task]] = {}
        open_bundle: dict[tuple[str, str], str] = {}
        for task in tasks:
            way = (task.from_place, task.to_place)
            first = open_bundle.get(way) if task.kind is TaskKind.RESTOCK and task.from_place else None
            if first is not None and len(bundles[first]) < self.most_lines:
                bundles[first].append(task)
                continue
            bundles[task.id] = [task]
            if task.kind is TaskKind.RESTOCK:
                open_bundle[way] = task.id
        carts = put_together(list(bundles.values()), self._way, most=self.most_lines, now=self.now)
        return {cart[0].id: cart for cart in carts}

    def _way(self, start: str, end: str) -> int:
        return int(self.seconds[self.index[start], self.index[end]])

    def _search(self, pinned: dict[str, list[Task]], bundles: dict[str, list[Task]]) -> dict[str, list[str]]:
        """Search within the due times, then whatever is left as soon as may be, at last line by line.

        Late beats never, and a line by itself fits where a whole cart does not.
        """
        search = RouteSettings(iterations=self.settings.iterations)
        promised = {person: [task.id for task in kept] for person, kept in pinned.items()}
        loads = {person: len(kept) for person, kept in pinned.items()}
        for has_windows, is_by_line in ((True, False), (False, False), (False, True)):
            free = {key: kept for key, kept in bundles.items() if not any(key in ids for ids in promised.values())}
            # Bundles that the first search placed are promised to the second.
            if not free or (is_by_line and all(len(held) == 1 for held in free.values())):
                break
            if is_by_line:
                placed = {key: kept for key, kept in bundles.items() if key not in free}
                bundles = placed | {task.id: [task] for held in free.values() for task in held}
            problem = self._problem(promised, bundles, loads, has_windows=has_windows)
            found = plan_routes(problem, search)
            for round_ in found.rounds:
                promised[round_.carrier] = [stop.task for stop in round_.stops]
        return {
            person: [task.id for key in ids for task in bundles.get(key, [self.task_by_id[key]])]
            for person, ids in promised.items()
        }

    def _problem(
        self,
        promised: dict[str, list[str]],
        bundles: dict[str, list[Task]],
        loads: dict[str, int],
        *,
        has_windows: bool,
    ) -> RouteProblem:
        kept = {key for ids in promised.values() for key in ids}
        tasks = [
            self._route_task(key, held, has_window=has_windows and key not in kept) for key, held in bundles.items()
        ]
        tasks += [
            # What is kept has no window any more: late or not, it is done next.
            self._route_task(key, [self.task_by_id[key]], has_window=False)
            for key in sorted(kept - set(bundles))
        ]
        carriers = [
            Carrier(
                id=person.id,
                start=person.place or SOMEWHERE,
                role=person.role,
                committed=tuple(promised[person.id]),
                # 0 would mean no limit: whoever has more than the most keeps it and gets nothing more
                capacity=max(self.settings.most_per_person, loads[person.id], 1),
            )
            for person in self.people
        ]
        return RouteProblem(places=self.places, seconds=self.seconds, tasks=tuple(tasks), carriers=tuple(carriers))

    def _route_task(self, key: str, held: Sequence[Task], *, has_window: bool) -> RouteTask:
        first, last = held[0], held[-1]
        place = last.to_place or last.from_place or SOMEWHERE
        due = min((task.due_at for task in held if task.due_at), default=0)
        ahead = (due - self.now) // SECOND_US
        # The search knows where a cart starts and ends; its way through the wards between is time at work there.
        stops = [stop[0].to_place for stop in stops_of(held)] if len(held) > 1 else []
        between = length_s(first.from_place, stops, self._way) - self._way(first.from_place, place) if stops else 0
        return RouteTask(
            id=key,
            place=place,
            # Only a transport begins elsewhere; other tasks have one place.
            from_place=first.from_place if first.to_place else "",
            service_s=sum(SERVICE_S[task.kind] for task in held) + between,
            latest_s=int(ahead) if has_window and due and ahead > 0 else ALWAYS_S,
            amount=len(held),
            prize=sum(prize_of(task.priority - 1) for task in held),
            roles=roles_of(first),
        )

    def _given(self, rounds: dict[str, list[str]]) -> tuple[Given, ...]:
        given = []
        for person in self.people:
            ids = rounds.get(person.id, [])
            done_at = self._times(person, ids)
            given += [
                Given(
                    task=key,
                    assignee=person.id,
                    position=position,
                    expected_at=done_at[position - 1],
                    version=self.task_by_id[key].version,
                )
                for position, key in enumerate(ids, start=1)
            ]
        placed = {each.task for each in given}
        for key, task in self.task_by_id.items():
            if key not in placed:
                owner = task.assignee if key in self.elsewhere else ""
                given.append(Given(task=key, assignee=owner, position=0, expected_at=0, version=task.version))
        return tuple(given)

    def _walk(self, person: Person, ids: Sequence[str]) -> tuple[int, list[int]]:
        """Give seconds of walking, and when each task is done; a cart is fetched once and brought from ward to ward."""
        carts = carts_of([self.task_by_id[key] for key in ids], most=self.most_lines)
        legs = [(lines, is_first) for cart in carts for is_first, lines in _legs(cart)]
        problem = RouteProblem(places=self.places, seconds=self.seconds, tasks=(), carriers=())
        carrier = Carrier(id=person.id, start=person.place or SOMEWHERE, role=person.role)
        tasks = [self._route_task(lines[0].id, lines, has_window=False) for lines, _ in legs]
        # From one ward of a cart the next one is walked to straight, not by the store.
        tasks = [
            task if is_first else replace(task, from_place="") for task, (_, is_first) in zip(tasks, legs, strict=True)
        ]
        walked = round_of(problem, carrier, tasks)
        done_at = {
            line.id: self.now + stop.leave_s * SECOND_US
            for stop, (lines, _) in zip(walked.stops, legs, strict=True)
            for line in lines
        }
        return walked.walking_s, [done_at[key] for key in ids]

    def _times(self, person: Person, ids: Sequence[str]) -> list[int]:
        return self._walk(person, ids)[1]

    def _measured(self, rounds: Mapping[str, Sequence[str]]) -> Measured:
        walking, late_s, held = 0, list[int](), set(self.elsewhere)
        for person in self.people:
            ids = rounds.get(person.id, [])
            seconds, done = self._walk(person, ids)
            walking += seconds
            dues = [self.task_by_id[key].due_at for key in ids]
            late_s += [(at - due) // SECOND_US for due, at in zip(dues, done, strict=True) if 0 < due < at]
            held.update(ids)
        waiting = len(self.task_by_id.keys() - held)
        return Measured(walking_s=walking, late=len(late_s), late_s=sum(late_s), waiting=waiting)


def _legs(cart: Sequence[Task]) -> list[tuple[bool, list[Task]]]:
    """Give the wards of a cart with their lines, and whether its way begins there: at the store."""
    return [(number == 0, lines) for number, lines in enumerate(stops_of(cart))]


def _with_somewhere(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    matrix = np.full((len(seconds) + 1, len(seconds) + 1), SOMEWHERE_S, dtype=np.int64)
    # a building without drawn corridors still has people who find their way: far, not out of reach
    matrix[1:, 1:] = np.where(seconds >= FAR_S, UNKNOWN_WAY_S, seconds)
    np.fill_diagonal(matrix, 0)
    return matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What applying a plan has done.

    Parameters
    ----------
    tasks : tuple[Task, ...]
        Tasks as they stand after it.
    passed_over : tuple[str, ...]
        Ids of tasks that somebody had changed since the plan was made; they stay as they are.
    """

    tasks: tuple[Task, ...]
    passed_over: tuple[str, ...]


def apply_rounds(session: Session, *, ledger: EventSink, step: Step, given: Sequence[Given]) -> Applied:
    """Give tasks out as planned; what has changed since the plan was made is passed over.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    step : Step
        Who gives them out.
    given : Sequence[Given]
        The changes of a plan.
    """
    done: list[Task] = []
    passed_over: list[str] = []
    for each in given:
        try:
            present = load_task(session, each.task, lock=True)
        except HospitalTwinError:
            passed_over.append(each.task)
            continue
        may_move = present.status in (TaskStatus.CREATED, TaskStatus.ASSIGNED)
        if present.version != each.version or not may_move or (not each.assignee and not present.assignee):
            passed_over.append(each.task)
            # Also what somebody began meanwhile: whoever has begun keeps it.
            continue
        done.append(
            assign(
                session,
                ledger=ledger,
                step=step,
                task=each.task,
                assignee=each.assignee,
                position=each.position,
            )
        )
    return Applied(tasks=tuple(done), passed_over=tuple(passed_over))
