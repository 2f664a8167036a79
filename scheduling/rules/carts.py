"""What one cart carries: the lines of one store that are brought to several wards in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from scheduling.model.tasks import Task, TaskStatus
from twin.events.work import TaskKind

MOST_STOPS = 4
"""Wards of one cart: what one person keeps apart on it."""

Way = Callable[[str, str], int]
"""Walking seconds between two places."""


def stops_of(cart: Sequence[Task]) -> list[list[Task]]:
    """Give the lines of a cart by the ward they are for, in the order in which these come first.

    Parameters
    ----------
    cart : Sequence[Task]
        Tasks that begin at one place.
    """
    by_place: dict[str, list[Task]] = {}
    for task in cart:
        by_place.setdefault(task.to_place, []).append(task)
    return list(by_place.values())


def length_s(start: str, stops: Sequence[str], way: Way) -> int:
    """Give the walking seconds from a store through the wards of a cart, in their order."""
    places = [start, *stops]
    return sum(way(one, other) for one, other in pairwise(places))


def carts_of(tasks: Sequence[Task], *, most: int) -> list[list[Task]]:
    """Part a round into what is carried together: neighbours in it that begin at one store, as a cart holds them.

    Parameters
    ----------
    tasks : Sequence[Task]
        In the order of the round.
    most : int
        Lines that a cart holds.
    """
    carts: list[list[Task]] = []
    for task in tasks:
        if carts and _fits(carts[-1], [task], most):
            carts[-1].append(task)
        else:
            carts.append([task])
    return carts


def _fits(cart: Sequence[Task], more: Sequence[Task], most: int) -> bool:
    together = [*cart, *more]
    return (
        len(together) <= most
        and len({task.to_place for task in together}) <= MOST_STOPS
        and len({task.from_place for task in together}) == 1
        and all(task.kind is TaskKind.RESTOCK and task.from_place and task.to_place for task in together)
        # What is on a cart already is brought from wherever that cart is; nothing can be put beside it in the store.
        and len({task.status is TaskStatus.PICKED for task in together}) == 1
    )


def put_together(bundles: Sequence[Sequence[Task]], way: Way, *, most: int, now: int) -> list[list[Task]]:
    """Put bundles for several wards on one cart where that saves walking and makes nothing late.

    The most urgent bundle leads, and its wards stay the first: what is added comes after them. Of all that fit, the one
    that saves most is added.

    Parameters
    ----------
    bundles : Sequence[Sequence[Task]]
        Each from one place to one place, the most urgent first.
    way : Way
        Walking seconds.
    most : int
        Lines that a cart holds.
    now : int
        UTC microseconds.
    """
    left = [list(bundle) for bundle in bundles]
    carts: list[list[Task]] = []
    while left:
        cart = left.pop(0)
        while True:
            gains = [
                (_gain_s(cart, other, way), -index)
                for index, other in enumerate(left)
                if _fits(cart, other, most) and not _makes_late(cart, other, way, now)
            ]
            gain, index = max(gains, default=(0, 0))
            if gain <= 0:
                break
            cart += left.pop(-index)
        carts.append(cart)
    return carts


def _gain_s(cart: Sequence[Task], other: Sequence[Task], way: Way) -> int:
    """Give the seconds saved by walking on to another ward instead of back to the store and out again."""
    last, store, ward = cart[-1].to_place, other[0].from_place, other[0].to_place
    return way(last, store) + way(store, ward) - way(last, ward)


def _makes_late(cart: Sequence[Task], other: Sequence[Task], way: Way, now: int) -> bool:
    """Tell whether a bundle that could come in time by itself would not on this cart."""
    due = min((task.due_at for task in other if task.due_at), default=0)
    if not due:
        return False
    ahead_s = (due - now) / 1_000_000
    store, ward = other[0].from_place, other[0].to_place
    stops = [stop[0].to_place for stop in stops_of(cart)]
    return way(store, ward) <= ahead_s < length_s(store, [*stops, ward], way)
