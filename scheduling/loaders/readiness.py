"""What a hospital has ready on each day of a plan: clean beds, equipped rooms, nurses of the roster, released sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduling.model.admissions import Nurse, NurseShift
from scheduling.rules.calendar_days import day_at, wall_time
from twin.events.patients import BedReadiness
from twin.events.work import TaskKind
from twin.state.frozen import FrozenBed, HospitalState
from twin.state.rosters import rosters

ADMISSION_MINUTE = 8 * 60
"""Minute of the day by which a bed has to be clean and a set released."""
CLEANING_US = 45 * 60 * 1_000_000
"""How long a bed is cleaned after its patient has gone."""
REPROCESSING_US = 24 * 3_600_000_000
"""How long a set that is not released now needs, from the theatre to the shelf."""
ISOLATION = "isolation"
"""Purpose of a place in which patients are isolated; a room of one bed does as well."""
INTENSIVE = "icu"
"""Purpose of a ward of intensive care."""
NURSE_LOAD = 8
"""Persons whom one nurse of the roster looks after on a shift."""
LATE_HOUR, NIGHT_HOUR = 12, 20
"""From these hours on a shift that begins is the late one, and the night."""


def days_until(at: int, start_at: int, zone: str, days: int) -> int:
    """Give how many days of a plan begin their admissions before an instant.

    Parameters
    ----------
    at : int
        When something is ready, UTC microseconds.
    start_at : int
        Midnight before day 0.
    zone : str
        IANA name of the hospital's zone.
    days : int
        Horizon; no more are given.
    """
    found = 0
    while found < days and wall_time(start_at, found, zone, ADMISSION_MINUTE) < at:
        # Counted on the wall clock: on the day on which the clock changes admissions still begin at eight.
        found += 1
    return found


def clean_at(state: HospitalState, bed: FrozenBed) -> int:
    """Give when a bed that nobody lies in is clean; 0 if it is.

    An open task for its cleaning says by when; without one it is cleaned as soon as somebody comes.
    """
    if bed.readiness is BedReadiness.CLEAN:
        return 0
    due = [
        task.due_at
        for task in state.tasks.values()
        if task.kind is TaskKind.CLEAN and task.subject_id == bed.id and task.due_at
    ]
    return max(state.at + CLEANING_US, *due) if due else state.at + CLEANING_US


def equipment_by_room(state: HospitalState, rooms: Iterable[str]) -> dict[str, frozenset[str]]:
    """Give the categories of fixed, usable devices whose home is a room or one of its beds.

    Parameters
    ----------
    state : HospitalState
        Devices and places.
    rooms : Iterable[str]
        Ids.
    """
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for asset in state.assets.values():
        if asset.is_mobile or not asset.is_usable or not asset.home:
            # A device that is carried about says nothing about the room in which it stands today.
            continue
        place = state.places.get(asset.home)
        room = asset.home if asset.home in found else (place.parent if place is not None else "")
        if room in found:
            found[room].add(asset.category)
    return {room: frozenset(categories) for room, categories in found.items()}


def isolation_rooms(state: HospitalState, beds_by_room: Mapping[str, int]) -> frozenset[str]:
    """Give the rooms in which a patient can be isolated: those for it, and those of one bed."""
    return frozenset(
        room
        for room, beds in beds_by_room.items()
        if beds == 1 or (room in state.places and state.places[room].purpose == ISOLATION)
    )


RESERVED = frozenset({INTENSIVE, "emergency", "recovery", "theatres"})
"""Purposes of wards into whose rooms no patient is planned who does not name them."""


def intensive_wards(state: HospitalState) -> frozenset[str]:
    """Give the wards of intensive care."""
    return frozenset(key for key, place in state.places.items() if place.purpose == INTENSIVE)


def reserved_rooms(state: HospitalState, ward_by_room: Mapping[str, str]) -> frozenset[str]:
    """Give the rooms in which nobody lies unless their ward is named; none if there are no others.

    Intensive care is for who needs it, bays of the emergency department for who comes without being planned, and
    recovery beds beside theatres for hours, not nights.
    """
    wards = frozenset(key for key, place in state.places.items() if place.purpose in RESERVED)
    found = frozenset(room for room, ward in ward_by_room.items() if ward in wards)
    return found if len(found) < len(ward_by_room) else frozenset()


def set_days(state: HospitalState, name: str, start_at: int, zone: str, days: int) -> int:
    """Give the first day of a plan on which a set can be used; -1 if there is no such set.

    Parameters
    ----------
    state : HospitalState
        Devices, as reprocessing has released them.
    name : str
        Id of the set.
    start_at, zone, days
        As for :func:`days_until`.
    """
    found = state.assets.get(name)
    if found is None:
        return -1
    return 0 if found.is_usable else days_until(state.at + REPROCESSING_US, start_at, zone, days)


def nurses_of(state: HospitalState, start_at: int, zone: str, days: int, wards: frozenset[str]) -> tuple[Nurse, ...]:
    """Give the nurses of the roster in force, if it has some for every shift of the plan.

    Parameters
    ----------
    state : HospitalState
        With the roster in force.
    start_at, zone, days
        Horizon of the plan.
    wards : frozenset[str]
        Wards that are planned.

    Returns
    -------
    tuple[Nurse, ...]
        None if no roster is in force, it is of another ward, or it leaves a shift of the horizon without anybody: a
        plan in which half of the days have no nurse would be all violations, and say nothing.
    """
    shifts: dict[str, dict[tuple[int, int], None]] = {}
    known = rosters(state.plans)
    staffed = {shift.place for roster in known for shift in roster.shifts}
    # Rosters of several wards are in force at once. A ward without one would be nursed by the people of the others.
    if "" not in staffed and not wards <= staffed:
        return ()
    for one in (shift for roster in known for shift in roster.shifts):
        if one.place and one.place not in wards:
            continue
        day = day_at(start_at, one.start_at, zone)
        if 0 <= day < days:
            shifts.setdefault(one.staff, {})[day, _kind_at(one.start_at, zone)] = None
    present = {key for worked in shifts.values() for key in worked}
    # Early, late and night of every day.
    if len(present) < 3 * days:
        return ()
    return tuple(
        Nurse(
            id=staff,
            skill=0,
            shifts=tuple(NurseShift(day=day, shift=kind, max_load=NURSE_LOAD) for day, kind in sorted(worked)),
        )
        for staff, worked in sorted(shifts.items())
    )


def _kind_at(at: int, zone: str) -> int:
    hour = datetime.fromtimestamp(at / 1e6, ZoneInfo(zone)).hour
    # Nights begin late in the evening or, in some rosters, shortly after midnight.
    return 0 if 3 <= hour < LATE_HOUR else 1 if LATE_HOUR <= hour < NIGHT_HOUR else 2
