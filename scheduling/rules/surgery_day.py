"""A day of operating as it will go on: projected ends, places for an emergency, a better distribution of what waits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from scheduling.model.surgery_day import Case, CaseStatus, Hours, Opening, Projected, Shift, TheatreDay

MINUTE_US = 60_000_000
OVERTIME_WEIGHT = 2
"""A minute of overtime counts as so many minutes of waiting: it keeps a whole team, not one patient."""
MOST_SHIFTS = 10
"""Changes proposed at once; a board that is turned over completely is not read."""
WAITING = (CaseStatus.PLANNED,)


def project(cases: Iterable[Case], theatres: Collection[str], hours: Hours, now: int) -> tuple[TheatreDay, ...]:
    """Give each theatre's day as it is expected to go on.

    Parameters
    ----------
    cases : Iterable[Case]
        Of the day.
    theatres : Collection[str]
        Ids of all theatres, so that an empty one is seen too.
    hours : Hours
        Opening and turnover.
    now : int
        UTC microseconds.

    Notes
    -----
    What runs ends at its planned length, or now if that is over. What waits begins in its order, as soon as theatre
    and surgeon are free, a planned case never before its planned start. Of theatres whose next cases want the same
    surgeon, the one that could begin first gets him.
    """
    known = list(cases)
    names = sorted({*theatres, *(case.theatre for case in known)})
    told: dict[str, list[Projected]] = {name: [] for name in names}
    free = {name: hours.opens(name) for name in names}
    busy: dict[str, int] = {}
    for case in sorted((one for one in known if one.started_at), key=lambda one: one.started_at):
        if case.status is CaseStatus.CANCELLED:
            continue
        # What runs beyond its length may end any moment; now is the earliest.
        ends = case.ended_at or max(now, case.started_at + case.planned_minutes * MINUTE_US)
        told[case.theatre].append(_projected(case, case.started_at, ends, hours))
        free[case.theatre] = max(free[case.theatre], ends + hours.turnover_minutes * MINUTE_US)
        busy[case.surgeon] = max(busy.get(case.surgeon, 0), ends)
    queues = {name: _queue(known, name) for name in names}
    # List scheduling: always the case that can begin first, so that a surgeon of two theatres is never booked twice.
    while any(queues.values()):
        starts = {
            name: _start(queue[0], free[name], busy, hours, now) for name, queue in sorted(queues.items()) if queue
        }
        name = min(starts, key=lambda one: (starts[one], one))
        case = queues[name].pop(0)
        ends = starts[name] + case.planned_minutes * MINUTE_US
        told[name].append(_projected(case, starts[name], ends, hours))
        free[name] = ends + hours.turnover_minutes * MINUTE_US
        busy[case.surgeon] = ends  # cases without a surgeon share this entry, which nobody asks for
    return tuple(_theatre_day(name, told[name], known, hours) for name in names)


def _queue(cases: Sequence[Case], theatre: str) -> list[Case]:
    waiting = [case for case in cases if case.theatre == theatre and case.status in WAITING and not case.started_at]
    return sorted(waiting, key=lambda case: (case.position, case.planned_start_at, case.id))


def _start(case: Case, free_at: int, busy: Mapping[str, int], hours: Hours, now: int) -> int:
    surgeon = busy.get(case.surgeon, 0) if case.surgeon else 0
    earliest = hours.opens(case.theatre) if case.is_emergency else case.planned_start_at
    return max(free_at, surgeon, earliest, now)


def _projected(case: Case, starts_at: int, ends_at: int, hours: Hours) -> Projected:
    return Projected(
        case=case,
        starts_at=starts_at,
        ends_at=ends_at,
        delay_minutes=max(0, (starts_at - case.planned_start_at) // MINUTE_US),
        ends_late=ends_at > hours.closes(case.theatre),
    )


def _theatre_day(theatre: str, told: list[Projected], cases: Sequence[Case], hours: Hours) -> TheatreDay:
    off = sorted(
        (case for case in cases if case.theatre == theatre and case.status is CaseStatus.CANCELLED),
        key=lambda case: (case.position, case.id),
    )
    gone = tuple(Projected(case=case, starts_at=0, ends_at=0, delay_minutes=0, ends_late=False) for case in off)
    free_at = max((one.ends_at for one in told), default=hours.opens(theatre))
    closes_at = hours.closes(theatre)
    if told and closes_at == hours.opens(theatre):
        # Closed on this day: nobody waits there from morning on, but all that is done there is overtime.
        closes_at = max(closes_at, min(one.starts_at for one in told))
    late = max(0, free_at - closes_at) if told else 0
    return TheatreDay(theatre=theatre, cases=(*told, *gone), overtime_minutes=-(-late // MINUTE_US), free_at=free_at)


def overtime_and_delay(days: Iterable[TheatreDay]) -> tuple[int, int]:
    """Give the minutes of overtime and of delay of cases that still wait."""
    known = list(days)
    waits = [one for day in known for one in day.cases if one.case.status in WAITING]
    return sum(day.overtime_minutes for day in known), sum(one.delay_minutes for one in waits)


def openings(
    cases: Sequence[Case], theatres: Collection[str], hours: Hours, now: int, emergency: Case
) -> tuple[Opening, ...]:
    """Give every place for an emergency, the best first.

    Parameters
    ----------
    cases, theatres, hours, now
        As for :func:`project`.
    emergency : Case
        Its length and surgeon; theatre and position are tried out.

    Notes
    -----
    Ranked by the emergency's own wait, the others' delay and overtime, the last at :data:`OVERTIME_WEIGHT`.
    """
    # Everything is compared with the day as it is: most of its delay is not the emergency's fault.
    before = overtime_and_delay(project(cases, theatres, hours, now))
    found = []
    # Every theatre and every place in its queue is tried: a board has a few dozen.
    for theatre in sorted(theatres):
        for position in range(len(_queue(cases, theatre)) + 1):
            placed = put(cases, emergency, theatre, position)
            days = project(placed, theatres, hours, now)
            own = next(one for day in days for one in day.cases if one.case.id == emergency.id)
            late, delay = overtime_and_delay(days)
            found.append(
                Opening(
                    theatre=theatre,
                    position=position,
                    starts_at=own.starts_at,
                    delay_minutes=delay - own.delay_minutes - before[1],
                    overtime_minutes=late - before[0],
                )
            )
    return tuple(sorted(found, key=lambda one: (_burden(one, now), one.starts_at, one.theatre, one.position)))


def _burden(one: Opening, now: int) -> int:
    return (one.starts_at - now) // MINUTE_US + one.delay_minutes + OVERTIME_WEIGHT * one.overtime_minutes


def put(cases: Sequence[Case], case: Case, theatre: str, position: int) -> list[Case]:
    """Give the cases with one at a place among those that wait in a theatre; the others close up or make room.

    Parameters
    ----------
    cases : Sequence[Case]
        Of the day, with or without the case.
    case : Case
        Which.
    theatre : str
        Where.
    position : int
        Before the case that has it now; beyond the last for the end.
    """
    others = [one for one in cases if one.id != case.id]
    queue = _queue(others, theatre)
    place = min(max(position, 0), len(queue))
    order = [*queue[:place], replace(case, theatre=theatre), *queue[place:]]
    # Positions are given anew to all that wait, so that no two are equal.
    numbered = {one.id: replace(one, position=at) for at, one in enumerate(order)}
    return [*(numbered.pop(one.id, one) for one in others), *numbered.values()]


def better_day(
    cases: Sequence[Case],
    theatres: Collection[str],
    hours: Hours,
    now: int,
    unsuitable: Mapping[str, frozenset[str]] | None = None,
) -> tuple[Shift, ...]:
    """Give changes of what still waits that save overtime and delay, each better than the one before.

    Parameters
    ----------
    cases, theatres, hours, now
        As for :func:`project`.
    unsuitable : Mapping[str, frozenset[str]] or None, optional
        Theatres that do not suit a case, by its id.

    Notes
    -----
    Steepest descent over single moves: a day has a few dozen cases, and a planner wants few changes.
    """
    bad = unsuitable or {}
    current = list(cases)
    best = _price(current, theatres, hours, now)
    found: list[Shift] = []
    while len(found) < MOST_SHIFTS:
        # A few dozen cases times theatres times places: thousands of projections of some microseconds each.
        options = [
            (_price(tried, theatres, hours, now), case.id, theatre, position)
            for case in current
            if case.status in WAITING and not case.started_at
            for theatre in sorted(theatres)
            if theatre not in bad.get(case.id, frozenset())
            for position in range(len(_queue(current, theatre)) + 1)
            for tried in [put(current, case, theatre, position)]
        ]
        if not options or min(options)[0] >= best:
            break
        best, name, theatre, position = min(options)
        current = put(current, next(one for one in current if one.id == name), theatre, position)
        late, delay = overtime_and_delay(project(current, theatres, hours, now))
        found.append(Shift(case=name, theatre=theatre, position=position, overtime_minutes=late, delay_minutes=delay))
    return tuple(found)


def _price(cases: Sequence[Case], theatres: Collection[str], hours: Hours, now: int) -> int:
    late, delay = overtime_and_delay(project(cases, theatres, hours, now))
    return OVERTIME_WEIGHT * late + delay
