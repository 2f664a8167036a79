"""A roster from a hospital's own sheets, going on from the roster in force where that ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from scheduling.loaders.roster_sheets import (
    COVER_COLUMNS,
    DAY_MINUTES,
    FIRST_YEAR,
    LAST_YEAR,
    Period,
    Sheets,
    problem_of_sheets,
)
from scheduling.model.plans import PlanKind
from scheduling.model.rosters import History, Need, Roster, RosterProblem
from scheduling.rules.leave import on_wall
from scheduling.rules.rosters import histories_after
from scheduling.service.contents import check_names
from scheduling.service.leave import with_granted_leave
from scheduling.service.planning import read_json
from scheduling.service.rosters_in_force import rosters_in_force
from scheduling.tables.plans import once_published_rows
from twin.errors import InputError

CARRIED_WEEKS = 12
"""Rosters older than this are forgotten when nights and weekends are shared out."""
SATURDAY = 5


def histories_at(session: Session, first: date, zone: str, place: str = "") -> Mapping[str, History]:
    """Give what people of a place's roster in force have done when it ends, if it ends on the eve of a day.

    Parameters
    ----------
    session : Session
        May be a reading session.
    first : date
        First day of the next roster.
    zone : str
        IANA name of the hospital's zone.
    place : str
        Ward or area; empty for the whole hospital.

    Returns
    -------
    Mapping[str, History]
        By id of the member of staff; empty if no roster ends there.
    """
    # Only a roster that ends on the eve is a history; with a gap nothing is known of the days between.
    for found in rosters_in_force(session):
        ends_on = on_wall(found.time.at(found.problem.days), zone).date()
        if found.row.place == place and ends_on == first:
            after = histories_after(found.problem, found.roster)
            return {one.id: history for one, history in zip(found.problem.employees, after, strict=True)}
    return {}


def problem_from_sheets(
    session: Session | None, *, sheets: Sheets, period: Period, zone: str = "UTC", cover: tuple[Need, ...] = ()
) -> RosterProblem:
    """Give the problem of a roster.

    Parameters
    ----------
    session : Session or None
        Where the roster in force is read; None for a roster that goes on from nothing.
    sheets : Sheets
        CSV texts.
    period : Period
        What is rostered.
    zone : str
        IANA name of the hospital's zone.
    cover : tuple[Need, ...]
        Further needs, such as those of simulated results.

    Raises
    ------
    ImportRefused
        With every cell that is wrong, by sheet and row.
    DecodeError
        If further needs name what there is not.
    """
    histories = histories_at(session, period.first, zone, period.place) if session is not None else {}
    found = problem_of_sheets(sheets, period, histories)
    if session is not None:
        found = with_carried_shares(session, found, first=period.first, zone=zone)
        # What was granted stays granted, whoever wrote the sheet of staff.
        found = with_granted_leave(session, found, first=period.first, zone=zone)
    if cover:
        found = with_cover(found, cover)
    check_names(found)
    return found


@dataclass(slots=True)
class _Worked:
    """Nights and weekend days of one person, by calendar day, and all days on which a roster had the person."""

    nights: set[date] = field(default_factory=set)
    weekends: set[date] = field(default_factory=set)
    rostered: set[date] = field(default_factory=set)


def with_carried_shares(session: Session, problem: RosterProblem, *, first: date, zone: str) -> RosterProblem:
    """Let nights and weekends of the rosters before count in what is shared evenly.

    Parameters
    ----------
    session : Session
        May be a reading session.
    problem : RosterProblem
        The next roster.
    first : date
        Its first day.
    zone : str
        IANA name of the hospital's zone.

    Notes
    -----
    Published rosters of the last :data:`CARRIED_WEEKS` weeks count, of a day the one published last. Whoever is new has
    the mean of the others: nobody begins with all the nights that others have done before.
    """
    worked = _worked_before(session, {one.id for one in problem.employees}, first, zone)
    if not worked:
        return problem
    shared = []
    for rule in problem.fairness:
        counts = {name: len(one.nights if rule.shifts else one.weekends) for name, one in worked.items()}
        usual = sum(counts.values()) // len(counts)
        carried = {one.id: counts.get(one.id, usual) for one in problem.employees}
        least = min(carried.values())
        # Only differences matter; without what all have in common the figures are those that people can follow.
        shared.append(replace(rule, carried={name: count - least for name, count in carried.items()}))
    return replace(problem, fairness=tuple(shared))


def _worked_before(session: Session, staff: set[str], first: date, zone: str) -> dict[str, _Worked]:
    oldest = max(first - timedelta(weeks=CARRIED_WEEKS), date(FIRST_YEAR, 1, 1))
    since = midnight(oldest, zone)
    worked: dict[str, _Worked] = {}
    for row in once_published_rows(session, PlanKind.ROSTER.value, since=since, until=midnight(first, zone)):
        problem, roster = read_json(row.problem, RosterProblem, "problem"), read_json(row.plan, Roster, "plan")
        begins = datetime.fromtimestamp(row.start_at / 1e6, UTC).astimezone(ZoneInfo(row.zone)).date()
        days = {begins + timedelta(days=day) for day in range(problem.days)}
        days = {day for day in days if day < first}
        nights = {one.id for one in problem.shifts if one.start_minute + one.minutes > DAY_MINUTES}
        for employee in problem.employees:
            if employee.id in staff:
                known = worked.setdefault(employee.id, _Worked())
                known.nights -= days
                known.weekends -= days
                known.rostered |= days
        for one in roster.assignments:
            day = begins + timedelta(days=one.day)
            if one.employee in worked and day in days:
                if one.shift in nights:
                    worked[one.employee].nights.add(day)
                if day.weekday() >= SATURDAY:
                    worked[one.employee].weekends.add(day)
    return {name: one for name, one in worked.items() if one.rostered}


def with_cover(problem: RosterProblem, cover: tuple[Need, ...]) -> RosterProblem:
    """Give a problem with needs of some days, shifts and skills in the place of those that it has."""
    named = {(one.day, one.shift, one.skill) for one in cover}
    kept = tuple(one for one in problem.needs if (one.day, one.shift, one.skill) not in named)
    return replace(problem, needs=(*kept, *cover))


def midnight(day: date, zone: str, *, hour: int = 0) -> int:
    """Give the midnight before a calendar day of a zone, UTC microseconds, or another full hour of the day.

    Raises
    ------
    InputError
        If the day is before 1970 or after 2200: nobody plans then, and calendars run out of years near their ends.
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InputError(f"day: expected a day from {FIRST_YEAR} to {LAST_YEAR}, got {day}.", code="plan.day")
    return round(datetime.combine(day, time(hour), ZoneInfo(zone)).timestamp()) * 1_000_000


def cover_sheet(needs: Iterable[Need], first: date) -> str:
    """Write needs as a sheet of cover that :func:`problem_from_sheets` reads, those of nobody left out.

    Parameters
    ----------
    needs : Iterable[Need]
        By day.
    first : date
        Day 0.
    """
    lines = [",".join(COVER_COLUMNS)]
    lines += [
        f"{first + timedelta(days=one.day)},{one.shift},{one.skill},{one.minimum},{one.preferred}"
        for one in needs
        if one.preferred
    ]
    return "\n".join([*lines, ""])
