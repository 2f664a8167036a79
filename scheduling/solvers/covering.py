"""Which shifts cover people needed by the hour, with the least time at work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from scheduling.model.rosters import Need, Shift
from scheduling.rules.staffing import MOST_PEOPLE
from twin.errors import InputError

SLOT_MINUTES = 15
DAY_MINUTES = 24 * 60
GAP_PRICE = 1_000_000
"""Of a quarter of an hour with one too few: more than any shift costs."""
SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Shifts that cover a need.

    Parameters
    ----------
    needs : tuple[Need, ...]
        People by day and shift, all of them a minimum.
    gaps : tuple[tuple[int, int], ...]
        Hour and people missing in it, where no shift of the hospital lies.
    minutes : int
        Time at work that is asked for.
    is_optimal : bool
        Whether less is impossible.
    """

    needs: tuple[Need, ...]
    gaps: tuple[tuple[int, int], ...]
    minutes: int
    is_optimal: bool


def cover_hours(people: Sequence[int], shifts: Sequence[Shift], *, skill: str = "", under: int = 100) -> Covered:
    """Give the shifts with the least time at work that cover people by the hour.

    Parameters
    ----------
    people : Sequence[int]
        Needed in each hour, from midnight before the first day; whole days.
    shifts : Sequence[Shift]
        With known starts and lengths.
    skill : str
        Of the needs.
    under : int
        Price of one too few against the preferred number, which is the same.

    Notes
    -----
    A shift of the eve may reach into the first morning; it belongs to the roster before and is taken as given.

    References
    ----------
    Dantzig, G. B. (1954). A comment on Edie's traffic delays at toll booths. Operations Research 2(3), 339-341.
    """
    if not people or len(people) % 24:
        raise InputError(f"people: expected whole days of 24 hours, got {len(people)} hours.", code="staffing.hours")
    unknown = [shift.id for shift in shifts if shift.start_minute < 0 or shift.minutes <= 0]
    if not shifts or unknown:
        told = f"shift {unknown[0]} has no start or length" if unknown else "there are no shifts"
        raise InputError(f"shifts: {told}: give each a start and hours.", code="staffing.shifts")
    days = len(people) // 24
    model = cp_model.CpModel()
    count = {
        (day, shift.id): model.new_int_var(0, MOST_PEOPLE, f"{day}.{shift.id}")
        for day in range(-1, days)
        for shift in shifts
    }
    missing = []
    # Quarters of an hour, since shifts begin at half past and the like.
    for slot in range(days * DAY_MINUTES // SLOT_MINUTES):
        wanted = people[slot * SLOT_MINUTES // 60]
        gap = model.new_int_var(0, wanted, f"gap.{slot}")
        missing.append(gap)
        if wanted:
            present = [count[key] for key in _present(slot * SLOT_MINUTES, days, shifts)]
            model.add(sum(present) + gap >= wanted)
    minutes = {shift.id: shift.minutes for shift in shifts}
    # what the eve lends costs as much, so that it lends no more than it needs to
    model.minimize(sum(minutes[key[1]] * one for key, one in count.items()) + GAP_PRICE * sum(missing))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0  # one worker and a fixed seed give the same cover each time
    solver.parameters.max_time_in_seconds = SECONDS
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise InputError("people: no shifts were found in time: give fewer days.", code="staffing.time")
    found = {key: solver.value(one) for key, one in count.items() if key[0] >= 0}
    gaps: dict[int, int] = {}
    for slot, one in enumerate(missing):
        if solver.value(one):
            hour = slot * SLOT_MINUTES // 60
            gaps[hour] = max(gaps.get(hour, 0), solver.value(one))
    return Covered(
        needs=tuple(
            Need(day=day, shift=shift, skill=skill, minimum=n, preferred=n, under=under)
            for (day, shift), n in sorted(found.items())
        ),
        gaps=tuple(sorted(gaps.items())),
        minutes=sum(minutes[shift] * n for (_, shift), n in found.items()),
        is_optimal=status == cp_model.OPTIMAL,
    )


def _present(minute: int, days: int, shifts: Sequence[Shift]) -> list[tuple[int, str]]:
    """Give the shifts that last all through the quarter of an hour that begins at a minute."""
    found = []
    for shift in shifts:
        for day in (minute // DAY_MINUTES - 1, minute // DAY_MINUTES):
            begins = day * DAY_MINUTES + shift.start_minute
            if day < days and begins <= minute and minute + SLOT_MINUTES <= begins + shift.minutes:
                found.append((day, shift.id))
    return found
