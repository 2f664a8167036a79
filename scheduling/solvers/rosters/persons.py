"""One employee as flat arrays, and which day may follow which: what labels and bounds of schedules have in common.

The days so far are told by a kind: days off in a row, or days at work in a row and the kind of the last shift. Nothing
else about them binds the next day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduling.solvers.compiling import inlined

Longs = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

REST = -1
"""Stands for a day off where a shift's number would stand."""
# days of weekends: whether another day of the same weekend lies before it in the roster
NO_WEEKEND, FIRST_OF_WEEKEND, SECOND_OF_WEEKEND = range(3)


class Person(NamedTuple):
    """What binds one employee, who has a number; shifts, kinds of shifts and limits by number too.

    Shifts of one kind forbid the same shifts on the next day. A unit is the largest number of minutes that divides the
    length of every shift. Days in a row count up to a cap above which nothing changes any more.
    """

    number: int
    days: int
    work_low: int
    work_high: int
    work_cap: int
    off_low: int
    off_high: int
    off_cap: int
    units_low: int
    units_high: int
    weekends_high: int
    half_weekend: float
    first_kind: int
    first_run: int
    is_work_cut: bool
    is_off_cut: bool
    may: Flags
    must: Flags
    units: Longs
    kind: Longs
    may_follow: Flags
    replaces: Flags
    limited: Longs
    limits: Longs
    weekend: Longs
    weekends_left: Longs
    reach: Longs


def kinds_of(person: Person) -> int:
    """Give how many kinds of labels an employee has: days off in a row, then days at work in a row by kind of shift."""
    return person.off_cap + 1 + len(person.may_follow) * person.work_cap


@inlined
def first_kind_of(person: Person) -> int:
    """Give the kind of the label before the first day."""
    if person.first_kind >= 0:
        return person.off_cap + 1 + person.first_kind * person.work_cap + person.first_run - 1
    return person.first_run


@inlined
def before_of(person: Person, kind: int) -> int:
    """Give the kind of the shift of the last day, after a day off the one that everything may follow."""
    if kind <= person.off_cap:
        return int(person.may_follow.shape[0] - 1)
    return (kind - person.off_cap - 1) // person.work_cap


@inlined
def kind_after_rest(person: Person, day: int, kind: int) -> int:
    """Give the kind of a label after a day off, -1 if it may not be one."""
    if person.must[day]:
        return -1
    if kind <= person.off_cap:
        run = kind + 1
        if run > person.off_high:
            return -1
    else:
        length = (kind - person.off_cap - 1) % person.work_cap + 1
        # what began before a roster without history may have been long enough: it is never too short
        if length < person.work_low and not (person.is_work_cut and length == day):
            return -1
        run = 1
    if person.is_off_cut and day == 0 and person.off_high >= person.days:
        run = person.off_cap
    return min(run, person.off_cap)


@inlined
def run_after_work(person: Person, day: int, kind: int) -> int:
    """Give how many days at work in a row end with one more, up to the cap; 0 if there may not be one more."""
    if kind <= person.off_cap:
        # no day off in a row is known only at the start of a roster
        if 0 < kind < person.off_low and not (person.is_off_cut and kind == day):
            return 0
        run = 1
    else:
        run = (kind - person.off_cap - 1) % person.work_cap + 2
        if run > person.work_high:
            return 0
    if person.is_work_cut and day == 0 and person.work_high >= person.days:
        run = person.work_cap
    return min(run, person.work_cap)


@inlined
def is_half_weekend(person: Person, day: int, was_off: bool, is_off: bool) -> bool:
    """Tell whether a day makes its weekend a half one."""
    return bool(person.weekend[day] == SECOND_OF_WEEKEND and was_off != is_off)


@inlined
def opens_weekend(person: Person, day: int, was_off: bool) -> bool:
    """Tell whether work on a day is the first of its weekend."""
    return bool(person.weekend[day] == FIRST_OF_WEEKEND or (person.weekend[day] == SECOND_OF_WEEKEND and was_off))
