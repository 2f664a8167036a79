"""Rounds of people and carts: tasks with a place, a time and a worth, and who walks to which in what order.

Instants and durations are whole seconds from the start of the plan. A file of vehicle routing may count in another
unit, which its loader names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twin.errors import InputError

FAR_S = 10_000_000
"""Walking seconds from which on there is no way: four months."""
ALWAYS_S = 1_000_000_000
"""An end of time for tasks and shifts that have none."""
PRIZE_BY_PRIORITY = (1_000_000, 200_000, 50_000, 20_000, 10_000)
"""Seconds of walking that one task of a priority (0 the most urgent) is worth: far more than any round is long."""


def prize_of(priority: int) -> int:
    """Give what doing a task of a priority is worth, in seconds of walking.

    Parameters
    ----------
    priority : int
        0 for the most urgent; anything above the last known counts as the last.
    """
    return PRIZE_BY_PRIORITY[min(max(0, priority), len(PRIZE_BY_PRIORITY) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTask:
    """Something to be done at a place.

    Parameters
    ----------
    id : str
        Id of the task.
    place : str
        Where it is done; where a transport ends.
    from_place : str
        Where a transport begins; empty if the task has one place only.
    service_s : int
        How long it takes without walking, seconds.
    earliest_s, latest_s : int
        It must begin within these, seconds.
    amount : int
        What it takes from the carrier's capacity.
    prize : int
        What doing it is worth, in seconds of walking; see :func:`prize_of`.
    is_required : bool
        Whether a plan without it is worthless, as in files of vehicle routing. Hospital tasks never are: a plan always
        exists, and names what it drops.
    roles : frozenset[str]
        Roles that may do it; anyone when empty.
    """

    id: str
    place: str
    from_place: str = ""
    service_s: int = 0
    earliest_s: int = 0
    latest_s: int = ALWAYS_S
    amount: int = 0
    prize: int = PRIZE_BY_PRIORITY[2]
    is_required: bool = False
    roles: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming the field that is out of range.
        """
        if not self.id:
            raise InputError("id of a task: expected a text, got nothing.", code="route.id")
        if min(self.service_s, self.earliest_s, self.amount, self.prize) < 0:
            raise InputError(
                f"task {self.id}: service_s, earliest_s, amount and prize must be at least 0.", code="route.range"
            )
        if self.latest_s < self.earliest_s:
            raise InputError(
                f"task {self.id}: latest_s is {self.latest_s}, before earliest_s {self.earliest_s}: exchange the two.",
                code="route.window",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A person or a cart that does tasks.

    Parameters
    ----------
    id : str
        Id of the member of staff or of the cart.
    start : str
        Where the round begins.
    end : str
        Where it must end; empty if anywhere.
    from_s, until_s : int
        When the round may begin and must have ended, seconds.
    capacity : int
        What can be carried in one round; 0 for no limit.
    role : str
        Profession code; empty may do tasks without roles only.
    committed : tuple[str, ...]
        Ids of tasks that are begun or promised; they stay first, in this order.
    """

    id: str
    start: str
    end: str = ""
    from_s: int = 0
    until_s: int = ALWAYS_S
    capacity: int = 0
    role: str = ""
    committed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming the field that is out of range.
        """
        if min(self.from_s, self.capacity) < 0 or self.until_s < self.from_s:
            raise InputError(
                f"carrier {self.id}: from_s and capacity must be at least 0 and until_s not before from_s.",
                code="route.range",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteProblem:
    """Everything that rounds have to respect.

    Parameters
    ----------
    places : tuple[str, ...]
        Ids of the places that the matrix knows.
    seconds : NDArray[np.int64]
        Walking seconds from place to place, shape ``(n_places, n_places)``; :data:`FAR_S` and more is no way.
    tasks : tuple[RouteTask, ...]
        What is to be done; ids are unique.
    carriers : tuple[Carrier, ...]
        Who does it; ids are unique.
    """

    places: tuple[str, ...]
    seconds: NDArray[np.int64]
    tasks: tuple[RouteTask, ...]
    carriers: tuple[Carrier, ...]

    def __post_init__(self) -> None:
        """Check that everything named is known.

        Raises
        ------
        InputError
            Naming what is unknown, doubled or of the wrong shape.
        """
        known = set(self.places)
        if self.seconds.shape != (len(self.places), len(self.places)):
            raise InputError(
                f"seconds: expected {len(self.places)} rows and columns, one for each place, got {self.seconds.shape}.",
                code="route.matrix",
            )
        if self.seconds.size and int(self.seconds.min()) < 0:
            raise InputError("seconds: a way takes less than 0 seconds.", code="route.matrix")
        # The count is asked only when something stands twice: it is quadratic.
        for kind, ids in (("task", [task.id for task in self.tasks]), ("carrier", [one.id for one in self.carriers])):
            doubled = sorted({found for found in ids if ids.count(found) > 1}) if len(set(ids)) < len(ids) else []
            if doubled:
                raise InputError(f"{kind} {doubled[0]} stands twice: give each its own id.", code="route.twice")
        named = [(f"task {task.id}", place) for task in self.tasks for place in (task.place, task.from_place)]
        named += [(f"carrier {one.id}", place) for one in self.carriers for place in (one.start, one.end)]
        for who, place in named:
            if place and place not in known:
                raise InputError(f"{who}: there is no place {place!r} in the matrix.", code="route.place")
        tasks = {task.id for task in self.tasks}
        seen: set[str] = set()
        for one in self.carriers:
            for task in one.committed:
                if task not in tasks or task in seen:
                    raise InputError(
                        f"carrier {one.id}: committed task {task!r} is unknown or promised twice.",
                        code="route.committed",
                    )
                seen.add(task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A task within a round.

    Parameters
    ----------
    task : str
        Id of the task.
    arrive_s, begin_s, leave_s : int
        When the carrier arrives, begins after waiting, and is done.
    """

    task: str
    arrive_s: int
    begin_s: int
    leave_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one carrier does.

    Parameters
    ----------
    carrier : str
        Id.
    stops : tuple[Stop, ...]
        In order; the committed ones first.
    walking_s : int
        Seconds of walking, the way to the end included.
    """

    carrier: str
    stops: tuple[Stop, ...]
    walking_s: int


class DropReason(StrEnum):
    """Why a task is in no round."""

    NO_ROLE = "no_role"
    NO_WAY = "no_way"
    TOO_LATE = "too_late"
    TOO_MUCH = "too_much"
    NOT_WORTH = "not_worth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A task that nobody does.

    Parameters
    ----------
    task : str
        Id.
    reason : DropReason
        Why not.
    """

    task: str
    reason: DropReason


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """Rounds of all carriers.

    Parameters
    ----------
    rounds : tuple[Round, ...]
        Carriers without any task are left out.
    dropped : tuple[Dropped, ...]
        Tasks in no round.
    """

    rounds: tuple[Round, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    @property
    def walking_s(self) -> int:
        """Seconds of walking of all."""
        return sum(found.walking_s for found in self.rounds)
