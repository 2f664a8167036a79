"""A roster from a hospital's own sheets, going on from the roster in force where that ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from scheduling.loaders.roster_sheets import COVER_COLUMNS, FIRST_YEAR, LAST_YEAR, Period, Sheets, problem_of_sheets
from scheduling.model.rosters import History, Need, RosterProblem
from scheduling.rules.rosters import histories_after
from scheduling.service.contents import check_names
from scheduling.service.shift_requests import roster_in_force
from twin.errors import Conflict, InputError


def histories_at(session: Session, first: date, zone: str) -> Mapping[str, History]:
    """Give what people of the roster in force have done when it ends, if it ends on the eve of a day.

    Parameters
    ----------
    session : Session
        May be a reading session.
    first : date
        First day of the next roster.
    zone : str
        IANA name of the hospital's zone.

    Returns
    -------
    Mapping[str, History]
        By id of the member of staff; empty if no roster ends there.
    """
    try:
        found = roster_in_force(session)
    except Conflict:
        return {}
    end_at = found.time.at(found.problem.days)
    # Only a roster that ends on the eve is a history; with a gap nothing is known of the days between.
    if datetime.fromtimestamp(end_at / 1e6, UTC).astimezone(ZoneInfo(zone)).date() != first:
        return {}
    after = histories_after(found.problem, found.roster)
    return {one.id: history for one, history in zip(found.problem.employees, after, strict=True)}


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
    histories = histories_at(session, period.first, zone) if session is not None else {}
    found = problem_of_sheets(sheets, period, histories)
    if cover:
        found = with_cover(found, cover)
    check_names(found)
    return found


def with_cover(problem: RosterProblem, cover: tuple[Need, ...]) -> RosterProblem:
    """Give a problem with needs of some days, shifts and skills in the place of those that it has."""
    named = {(one.day, one.shift, one.skill) for one in cover}
    kept = tuple(one for one in problem.needs if (one.day, one.shift, one.skill) not in named)
    return replace(problem, needs=(*kept, *cover))


def midnight(day: date, zone: str) -> int:
    """Give the midnight before a calendar day of a zone, UTC microseconds.

    Raises
    ------
    InputError
        If the day is before 1970 or after 2200: nobody plans then, and calendars run out of years near their ends.
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InputError(f"day: expected a day from {FIRST_YEAR} to {LAST_YEAR}, got {day}.", code="plan.day")
    return round(datetime.combine(day, time(), ZoneInfo(zone)).timestamp()) * 1_000_000


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
