"""Leave by the year: terms of contracts, corrections, and what everybody has left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlmodel import Session

from scheduling.model.leave import MOST_HALF_DAYS, LeaveBalance, LeaveGrant, LeaveSpan, LeaveTerms
from scheduling.model.rosters import RosterProblem
from scheduling.model.shift_requests import OPEN_STATUSES, RequestKind, RequestStatus, ShiftRequest
from scheduling.rules.leave import LeaveBook, balance, half_days_by_day, missing_for, on_wall
from scheduling.service.rosters_in_force import RosterInForce, rosters_in_force
from scheduling.service.shift_requests import Acting, wrong
from scheduling.tables.leave import list_grants, list_terms, save_grant, save_terms
from scheduling.tables.shift_requests import list_requests
from twin.access import Permission
from twin.errors import NotFound
from twin.events.work import LeaveGranted, LeaveTermsSet

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""The year after the last one must still be a year that calendars have."""
ALLOWANCE = "leave_allowance"
"""The rule that leave beyond what there is breaks: granting it needs a reason by a named person."""
MOST_LEAVES = 20_000
"""Requests for leave that are counted, the newest."""
_COUNTED = frozenset({*OPEN_STATUSES, RequestStatus.APPROVED})
_WHOLE_DAY = 2


def set_terms(session: Session, *, acting: Acting, terms: LeaveTerms) -> LeaveTerms:
    """Set what a contract grants from a year on.

    Raises
    ------
    Forbidden
        Without PLANS_EDIT.
    FieldError
        Naming what is out of range.
    """
    acting.actor.require(Permission.PLANS_EDIT)
    _year_in_range(terms.year)
    for field, value in (("half_days", terms.half_days), ("carry_half_days", terms.carry_half_days)):
        if not 0 <= value <= MOST_HALF_DAYS:
            raise wrong(field, f"Expected 0 to {MOST_HALF_DAYS} half days, got {value}.", "A day is two half days.")
    if not terms.weekdays or not terms.weekdays <= frozenset(range(7)):
        raise wrong("weekdays", "Expected days of the week, 0 for Monday to 6.", "Name at least one.")
    try:
        date(2024, terms.carry_month, terms.carry_day)  # a leap year: 29 February is a day to be named
    except ValueError as error:
        raise wrong("carry_until", "There is no such day.", "Write month and day such as 03-31.") from error
    save_terms(session, terms)
    event = LeaveTermsSet(
        thing=terms.contract or "*",
        occurred_at=acting.at,
        source=f"user:{acting.actor.id}",
        source_key=f"leave-terms:{terms.contract}:{terms.year}:{acting.at}",
        actor=acting.actor.id,
        year=terms.year,
        half_days=terms.half_days,
        carry_half_days=terms.carry_half_days,
        carry_until=f"{terms.carry_month:02}-{terms.carry_day:02}",
        weekdays="".join(str(day) for day in sorted(terms.weekdays)),
    )
    acting.ledger.append(session, [event])
    return terms


def grant(session: Session, *, acting: Acting, new: LeaveGrant) -> LeaveGrant:
    """Correct somebody's leave of a year by hand.

    Raises
    ------
    Forbidden
        Without PLANS_EDIT.
    NotFound
        If no roster in force speaks of the person.
    FieldError
        If it changes nothing, is out of range, or has no reason.
    """
    acting.actor.require(Permission.PLANS_EDIT)
    _year_in_range(new.year)
    if not 0 < abs(new.half_days) <= MOST_HALF_DAYS:
        told = f"Expected 1 to {MOST_HALF_DAYS} half days more or fewer, got {new.half_days}."
        raise wrong("half_days", told, "A day is two half days.")
    if not new.reason.strip():
        raise wrong("reason", "A correction without a reason cannot be explained later.", "Say why.")
    if not any(found.has(new.staff) for found in rosters_in_force(session)):
        raise NotFound("employee", new.staff)
    made = replace(new, reason=new.reason.strip(), at=acting.at, by=acting.actor.id)
    save_grant(session, made)
    event = LeaveGranted(
        thing=made.staff,
        occurred_at=acting.at,
        source=f"user:{acting.actor.id}",
        source_key=f"leave-grant:{made.id}",
        actor=acting.actor.id,
        year=made.year,
        half_days=made.half_days,
        reason=made.reason[:500],
    )
    acting.ledger.append(session, [event])
    return made


def _year_in_range(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise wrong("year", f"Expected a year from {FIRST_YEAR} to {LAST_YEAR}, got {year}.", "Choose a year.")


def balances(session: Session, *, year: int, at: int, zone: str) -> list[LeaveBalance]:
    """Give the leave of everybody in a roster in force, by id.

    Parameters
    ----------
    session : Session
        May be a reading session.
    year : int
        Calendar year.
    at : int
        Now, UTC microseconds.
    zone : str
        IANA name of the hospital's zone.

    Raises
    ------
    FieldError
        If nobody plans in that year.
    """
    _year_in_range(year)
    today = on_wall(at, zone).date()
    books = _books(session, zone)
    return [balance(books[staff], year, today) for staff in sorted(books)]


def balance_of(session: Session, staff: str, *, year: int, at: int, zone: str) -> LeaveBalance:
    """Give one person's leave of a year; parameters as of :func:`balances`, who is in no roster has no terms."""
    _year_in_range(year)
    book = _books(session, zone, staff).get(staff, LeaveBook(staff=staff, contract="", zone=zone))
    return balance(book, year, on_wall(at, zone).date())


def missing_of(session: Session, request: ShiftRequest, zone: str) -> dict[int, int]:
    """Give how many half days each calendar year lacks if a request for leave is granted; none for swaps and offers.

    Parameters
    ----------
    session : Session
        May be a reading session.
    request : ShiftRequest
        Of any kind and status.
    zone : str
        IANA name of the hospital's zone.
    """
    if request.kind is not RequestKind.LEAVE:
        return {}
    book = _books(session, zone, request.staff).get(request.staff)
    return missing_for(book, _span(request)) if book is not None else {}


def _span(request: ShiftRequest) -> LeaveSpan:
    is_approved = request.status is RequestStatus.APPROVED
    return LeaveSpan(request=request.id, from_at=request.from_at, to_at=request.to_at, is_approved=is_approved)


def _books(session: Session, zone: str, staff: str = "") -> dict[str, LeaveBook]:
    """Give what leave is computed from, by id of the person; of one only if named."""
    contracts = _contracts(rosters_in_force(session))
    wanted = {staff: contracts[staff]} if staff in contracts else {} if staff else contracts
    terms = list_terms(session)
    grants = list_grants(session, staff=staff)
    spans: dict[str, list[LeaveSpan]] = {}
    for one in list_requests(session, staff=staff, statuses=_COUNTED, kind=RequestKind.LEAVE, limit=MOST_LEAVES):
        spans.setdefault(one.staff, []).append(_span(one))
    corrections: dict[str, list[LeaveGrant]] = {}
    for correction in grants:
        corrections.setdefault(correction.staff, []).append(correction)
    return {
        name: LeaveBook(
            staff=name,
            contract=contract,
            zone=zone,
            terms=terms_of(terms, contract),
            grants=tuple(corrections.get(name, ())),
            spans=tuple(spans.get(name, ())),
        )
        for name, contract in wanted.items()
    }


def _contracts(known: Sequence[RosterInForce]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    # Of two contracts the one of the roster published last counts: that is what was told last.
    for roster in known:
        for employee in roster.problem.employees:
            found.setdefault(employee.id, employee.contract)
    return found


def terms_of(terms: Sequence[LeaveTerms], contract: str) -> tuple[LeaveTerms, ...]:
    """Give the terms of a contract, or those of every contract if it has none of its own."""
    own = tuple(one for one in terms if one.contract == contract)
    return own or tuple(one for one in terms if not one.contract)


def with_granted_leave(session: Session, problem: RosterProblem, *, first: date, zone: str) -> RosterProblem:
    """Give a roster's problem in which everybody is off on days of leave that is granted already.

    Parameters
    ----------
    session : Session
        May be a reading session.
    problem : RosterProblem
        Of a roster to come.
    first : date
        Its first day.
    zone : str
        IANA name of the hospital's zone.
    """
    off: dict[str, set[int]] = {}
    for one in list_requests(session, statuses=[RequestStatus.APPROVED], kind=RequestKind.LEAVE, limit=MOST_LEAVES):
        for day, halves in half_days_by_day(one.from_at, one.to_at, zone).items():
            index = (day - first).days
            if halves == _WHOLE_DAY and 0 <= index < problem.days:
                off.setdefault(one.staff, set()).add(index)
    employees = tuple(replace(one, days_off=one.days_off | off.get(one.id, set())) for one in problem.employees)
    return replace(problem, employees=employees)
