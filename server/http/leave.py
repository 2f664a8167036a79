"""Leave by the year over HTTP: what contracts grant, corrections by hand, and what everybody has left.

All amounts are whole numbers of half days: a day is 2.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query

from scheduling.model.leave import LeaveBalance, LeaveGrant, LeaveTerms
from scheduling.rules.leave import on_wall
from scheduling.service import leave
from scheduling.service.shift_requests import Acting
from scheduling.tables.leave import list_grants, list_terms
from server.doors.context import Call, CallDep
from server.doors.pages import Text
from server.doors.router import SELF, Router
from twin.access import Permission
from twin.clock import to_text
from twin.errors import FieldError, FieldProblem

router = Router("/v1/leave", tag="roster")

Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Year = Annotated[int, msgspec.Meta(ge=leave.FIRST_YEAR, le=leave.LAST_YEAR)]
YearAsked = Annotated[int, Query(ge=0, le=leave.LAST_YEAR, description="Calendar year; the present one by default.")]
HalfDays = Annotated[int, msgspec.Meta(ge=0, le=732)]
Weekday = Annotated[int, msgspec.Meta(ge=0, le=6)]
MonthDay = Annotated[str, msgspec.Meta(pattern=r"^\d\d-\d\d$")]


class TermsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a contract grants from a year on; ``contract`` is empty for all contracts without terms of their own.

    Up to ``carry_half_days`` go over into the next year and can be taken there until ``carry_until``, month and day.
    Leave counts on ``weekdays``, 0 is Monday.
    """

    contract: Short = ""
    year: Year
    half_days: HalfDays
    carry_half_days: HalfDays = 0
    carry_until: MonthDay = "03-31"
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)] = (0, 1, 2, 3, 4)


class TermsShown(msgspec.Struct, frozen=True, kw_only=True):
    """Terms of a contract from a year on; fields as they are told."""

    contract: str
    year: int
    half_days: int
    carry_half_days: int
    carry_until: str
    weekdays: list[int]


class AllTerms(msgspec.Struct, frozen=True, kw_only=True):
    """All terms, by contract and year."""

    terms: list[TermsShown]


class GrantTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A correction of somebody's year; below 0 takes half days away."""

    staff: Short
    year: Year
    half_days: Annotated[int, msgspec.Meta(ge=-732, le=732)]
    reason: Reason


class GrantShown(msgspec.Struct, frozen=True, kw_only=True):
    """A correction, who made it and when."""

    id: str
    staff: str
    year: int
    half_days: int
    reason: str
    at: str
    by: str


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """Corrections of one member of staff, the newest first."""

    grants: list[GrantShown]


class BalanceShown(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's leave of a calendar year in half days; without terms nothing is counted against a limit.

    ``remaining`` is what can still be granted, ``asked`` not taken off; what was ``carried`` can be taken until
    ``carried_until``; ``over`` was granted beyond what there was.
    """

    staff: str
    contract: str
    year: int
    has_terms: bool
    entitled: int
    corrected: int
    carried: int
    carried_until: str
    expired: int
    taken: int
    planned: int
    asked: int
    remaining: int
    over: int


class Balances(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody in a roster in force, and labels of them."""

    year: int
    balances: list[BalanceShown]
    names: dict[str, str]


def _terms(one: LeaveTerms) -> TermsShown:
    return TermsShown(
        contract=one.contract,
        year=one.year,
        half_days=one.half_days,
        carry_half_days=one.carry_half_days,
        carry_until=f"{one.carry_month:02}-{one.carry_day:02}",
        weekdays=sorted(one.weekdays),
    )


def _balance(one: LeaveBalance) -> BalanceShown:
    fields = {name: getattr(one, name) for name in BalanceShown.__struct_fields__ if name != "carried_until"}
    return BalanceShown(**fields, carried_until=one.carried_until.isoformat() if one.carried_until else "")


def _grant(one: LeaveGrant) -> GrantShown:
    fields = {name: getattr(one, name) for name in GrantShown.__struct_fields__ if name != "at"}
    return GrantShown(**fields, at=to_text(one.at))


def _acting(call: Call) -> Acting:
    return Acting(actor=call.actor, at=call.now, ledger=call.hospital.ledger)


def _year(call: Call, year: int) -> int:
    return year or on_wall(call.now, call.hospital.settings.time_zone).year


@router.get("/mine", permission=SELF, gives=BalanceShown)
def get_my_leave(call: CallDep, year: YearAsked = 0) -> BalanceShown:
    """Give one's own leave of a calendar year."""
    zone = call.hospital.settings.time_zone
    with call.hospital.read() as session:
        found = leave.balance_of(session, call.actor.hands, year=_year(call, year), at=call.now, zone=zone)
    return _balance(found)


@router.get("/balances", permission=Permission.PLANS_EDIT, gives=Balances)
def list_balances(call: CallDep, year: YearAsked = 0) -> Balances:
    """Give the leave of everybody in a roster in force."""
    wanted, zone = _year(call, year), call.hospital.settings.time_zone
    with call.hospital.read() as session:
        found = leave.balances(session, year=wanted, at=call.now, zone=zone)
    known = call.hospital.live.staff
    names = {one.staff: known[one.staff].label for one in found if one.staff in known and known[one.staff].label}
    return Balances(year=wanted, balances=[_balance(one) for one in found], names=names)


@router.get("/terms", permission=Permission.PLANS_READ, gives=AllTerms)
def get_terms(call: CallDep) -> AllTerms:
    """Give what contracts grant."""
    with call.hospital.read() as session:
        return AllTerms(terms=[_terms(one) for one in list_terms(session)])


@router.put("/terms", permission=Permission.PLANS_EDIT, takes=TermsTold, gives=TermsShown)
async def set_terms(call: CallDep) -> TermsShown:
    """Set what a contract grants from a year on, new or otherwise than before."""
    told, acting = call.read(TermsTold), _acting(call)
    month, day = (int(part) for part in told.carry_until.split("-"))
    terms = LeaveTerms(
        contract=told.contract,
        year=told.year,
        half_days=told.half_days,
        carry_half_days=told.carry_half_days,
        carry_month=month,
        carry_day=day,
        weekdays=frozenset(told.weekdays),
    )
    return _terms(await call.hospital.write(lambda session: leave.set_terms(session, acting=acting, terms=terms)))


@router.get("/grants", permission=Permission.PLANS_EDIT, gives=Grants)
def get_grants(call: CallDep, staff: Text) -> Grants:
    """Give the corrections of one member of staff."""
    if not staff:
        raise FieldError(FieldProblem(field="staff", place="/query", message="It is empty.", cure="Name somebody."))
    with call.hospital.read() as session:
        return Grants(grants=[_grant(one) for one in list_grants(session, staff=staff)])


@router.post("/grants", permission=Permission.PLANS_EDIT, takes=GrantTold, gives=GrantShown, status=201)
async def add_grant(call: CallDep) -> GrantShown:
    """Correct somebody's leave of a year by hand."""
    told, acting = call.read(GrantTold), _acting(call)
    new = LeaveGrant(
        id=call.hospital.new_id(), staff=told.staff, year=told.year, half_days=told.half_days, reason=told.reason
    )
    return _grant(await call.hospital.write(lambda session: leave.grant(session, acting=acting, new=new)))
