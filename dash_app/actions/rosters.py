"""Have a roster made from sheets, and change a kept one by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import msgspec
from sqlmodel import Session

from dash_app.actions import runs
from dash_app.actions.files import content_of
from dash_app.actions.port import Commands
from scheduling.loaders.roster_sheets import Period, Sheets, decode_sheet
from scheduling.model.rosters import Assignment, RosterProblem
from scheduling.service import roster_talk
from scheduling.service.making_again import order_again
from scheduling.service.roster_sheets import midnight, problem_from_sheets
from scheduling.service.roster_talk import Absence, Changed, Pins
from scheduling.service.talk import Change
from twin.access import Permission
from twin.errors import FieldError, FieldProblem
from twin.ids import UniqueIds

SHEETS = ("contracts", "staff", "cover", "shifts")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is wanted.

    Parameters
    ----------
    files : Mapping[str, str]
        By sheet, as the browser gives a file: ``data:…;base64,…``; a sheet that is not given is left out.
    starts : str
        First day, such as ``2026-12-21``.
    days : int
        How many.
    place : str
        Ward or area.
    zone : str
        IANA name of the hospital's zone.
    """

    files: Mapping[str, str]
    starts: str
    days: int
    place: str
    zone: str


def read(session: Session, order: Order) -> RosterProblem:
    """Give the problem that sheets hold, going on from the roster in force if that ends on the eve.

    Parameters
    ----------
    session : Session
        Any session.
    order : Order
        What is wanted.

    Raises
    ------
    FieldError
        If the first day is none, or a file did not arrive whole.
    ImportRefused
        With every cell that is wrong.
    """
    texts = {name: _text(order.files.get(name, ""), name) for name in SHEETS}
    try:
        first = date.fromisoformat(order.starts)
    except ValueError as error:
        raise _wrong("starts", f"{order.starts[:40]!r} is no day.", "Write a day such as 2026-12-21.") from error
    period = Period(first=first, days=order.days, place=order.place)
    return problem_from_sheets(session, sheets=Sheets(**texts), period=period, zone=order.zone)


def _text(contents: str, name: str) -> str:
    return decode_sheet(content_of(contents, field=name), name)


def make(port: Commands, problem: RosterProblem, order: Order, *, seconds: int, seed: int) -> str:
    """Queue the making of a roster; gives the job's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    problem : RosterProblem
        As :func:`read` gave it.
    order : Order
        What is wanted.
    seconds, seed : int
        How long to search, and the seed of chance.
    """
    arguments = {
        "kind": "roster",
        "problem": msgspec.to_builtins(problem),
        "seconds": seconds,
        "seed": seed,
        "start_at": midnight(date.fromisoformat(order.starts), order.zone),
        "zone": order.zone,
    }
    return runs.start_roster(port, arguments)


def _changing(port: Commands, plan: str, use_case: Callable[[Session, Change], T]) -> T:
    actor = port.actor()
    actor.require(Permission.PLANS_EDIT)
    change = Change(plan=plan, new_id=UniqueIds().next(port.clock.now()))
    return port.writer.run(lambda session: use_case(session, change))


def edit(port: Commands, plan: str, cell: Assignment, *, pins: bool) -> Changed:
    """Keep a roster with one day otherwise as a new draft.

    Parameters
    ----------
    port : Commands
        The hospital.
    plan : str
        Id of the roster.
    cell : Assignment
        The day as it is to be; an empty shift is a day off.
    pins : bool
        Whether it is kept so whenever the roster is made again.
    """
    actor, now = port.actor(), port.clock.now()
    return _changing(
        port,
        plan,
        lambda session, change: roster_talk.edit_roster(
            session, actor=actor, at=now, change=change, cells=[cell], pins=pins
        ),
    )


def let_go(port: Commands, plan: str, employee: str, day: int) -> Changed:
    """Keep a roster with a pinned day let go as a new draft."""
    actor, now = port.actor(), port.clock.now()
    pins = Pins(employee=employee, days=(day,), is_pinned=False)
    return _changing(
        port,
        plan,
        lambda session, change: roster_talk.pin_days(session, actor=actor, at=now, change=change, pins=pins),
    )


def mend(port: Commands, plan: str, absence: Absence) -> Changed:
    """Keep a roster after a sick call, with colleagues who step in, as a new draft."""
    actor, now = port.actor(), port.clock.now()
    return _changing(
        port,
        plan,
        lambda session, change: roster_talk.mend_roster(session, actor=actor, at=now, change=change, absence=absence),
    )


def make_again(port: Commands, plan: str, *, seconds: int, seed: int) -> str:
    """Queue a roster of the same people and needs that keeps the pins and changes little; gives the job's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    plan : str
        Id of the kept roster.
    seconds, seed : int
        How long to search, and the seed of chance.
    """
    port.actor().require(Permission.PLANS_EDIT)
    order = port.writer.run(lambda session: order_again(session, plan, seconds=seconds, seed=seed))
    return runs.start_roster(port, order.arguments)


def _wrong(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="page", message=message, cure=cure))
