"""Limits and clocks as the hospital set them: electrical safety, reporting of incidents, endoscopes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import msgspec
from sqlmodel import Session

from assets.model.electrical import Method, Quantity
from assets.model.incidents import REPORTING_CLOCKS, ReportingClock, Severity
from assets.rules.electrical import IEC_62353_LIMITS, LimitKey
from assets.rules.endoscopes import ScopeLimits
from assets.service.act import Act
from assets.tables.records import LimitsRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem
from twin.events.things import LimitsSet

T = TypeVar("T")


class LimitsOf(StrEnum):
    """What limits are kept for."""

    ELECTRICAL = "electrical"
    CLOCKS = "clocks"
    ENDOSCOPES = "endoscopes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricalLimit:
    """Greatest value of one quantity by one method.

    Parameters
    ----------
    quantity : Quantity
        What is measured.
    method : Method
        How; ``none`` where the limit does not depend on it.
    subject : str
        Class of protection, kind of applied part, or what the protective earth includes.
    limit : float
        µA, or mΩ for protective earth, above 0.
    source : str
        Standard and edition that it was taken from.
    """

    quantity: Quantity
    subject: str
    limit: float
    method: Method = Method.NONE
    source: str = ""


USUAL = "IEC 62353:2014 as commonly quoted"
"""Where the figures come from until the hospital sets its own."""


def electrical_limits(session: Session) -> list[ElectricalLimit]:
    """Give the limits of electrical safety tests in force; the commonly quoted ones until others are set."""
    usual = [
        ElectricalLimit(quantity=quantity, method=Method(method), subject=subject, limit=limit, source=USUAL)
        for (quantity, method, subject), limit in IEC_62353_LIMITS.items()
    ]
    return _held(session, LimitsOf.ELECTRICAL, list[ElectricalLimit], usual)


def electrical_table(session: Session) -> dict[LimitKey, float]:
    """Give the limits in force as tests are judged by them."""
    return {(one.quantity, one.method.value, one.subject): one.limit for one in electrical_limits(session)}


def save_electrical_limits(session: Session, *, act: Act, limits: Sequence[ElectricalLimit]) -> None:
    """Set the limits of electrical safety tests; tests that were judged keep what was decided then.

    Raises
    ------
    FieldError
        If there is none, one is not above 0, or two are about the same.
    """
    if not limits or any(not 0.0 < one.limit < math.inf for one in limits):
        raise _problem("limit", "Expected at least one limit, each above 0.", "Correct it.")
    if len({(one.quantity, one.method, one.subject) for one in limits}) < len(limits):
        raise _problem("subject", "Two limits are about the same quantity, method and subject.", "Leave one out.")
    _keep(session, act, LimitsOf.ELECTRICAL, list(limits))


def reporting_clocks(session: Session) -> dict[Severity, ReportingClock]:
    """Give the clocks of incidents in force; a severity without one need not be reported by a day."""
    return _held(session, LimitsOf.CLOCKS, dict[Severity, ReportingClock], dict(REPORTING_CLOCKS))


def save_reporting_clocks(session: Session, *, act: Act, clocks: Mapping[Severity, ReportingClock]) -> None:
    """Set the clocks of incidents; those that run keep the end that they were given.

    Raises
    ------
    FieldError
        If a clock has no days.
    """
    if any(clock.days < 1 for clock in clocks.values()):
        raise _problem("days", "Expected at least one day.", "Leave the severity out if nothing binds.")
    _keep(session, act, LimitsOf.CLOCKS, dict(clocks))


def scope_limits(session: Session) -> ScopeLimits:
    """Give the clocks of endoscopes in force."""
    return _held(session, LimitsOf.ENDOSCOPES, ScopeLimits, ScopeLimits())


def save_scope_limits(session: Session, *, act: Act, limits: ScopeLimits) -> None:
    """Set the clocks of endoscopes."""
    _keep(session, act, LimitsOf.ENDOSCOPES, limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBy:
    """Who set limits, and when, UTC microseconds."""

    actor: str
    at: int


def set_by(session: Session, *, of: LimitsOf) -> SetBy | None:
    """Give who set the limits of a kind last; None while the commonly quoted ones are in force."""
    row = session.get(LimitsRow, of.value)
    return None if row is None else SetBy(actor=row.actor, at=row.set_at)


def reset(session: Session, *, act: Act, of: LimitsOf) -> None:
    """Take the hospital's own limits of a kind back; what was judged by them stays as it was decided."""
    act.actor.require(Permission.DEVICES_WRITE)
    row = session.get(LimitsRow, of.value)
    if row is not None:
        session.delete(row)
        session.flush()
        tell(session, act, of.value, of.value, "")


def _held(session: Session, of: LimitsOf, kind: type[T], usual: T) -> T:
    # A whole table or none: limits half the hospital's and half quoted would have no source to name.
    row = session.get(LimitsRow, of.value)
    return usual if row is None else msgspec.json.decode(row.body, type=kind)


def _keep(session: Session, act: Act, of: LimitsOf, value: object) -> None:
    act.actor.require(Permission.DEVICES_WRITE)
    body = msgspec.json.encode(value).decode()
    held = session.get(LimitsRow, of.value)
    is_changed = held is None or held.body != body
    session.merge(LimitsRow(of=of.value, set_at=act.now, actor=act.actor.id, body=body))
    session.flush()
    if is_changed:
        tell(session, act, of.value, of.value, body)


def tell(session: Session, act: Act, kind: str, thing: str, body: str) -> None:
    """Put into the ledger, and so into the audit, what limits hold from now on.

    The tables keep only the limits in force; who relaxed one, and what it was before, stands in the ledger alone.
    """
    event = LimitsSet(
        thing=thing,
        occurred_at=act.now,
        source=act.source,
        source_key=f"{act.key}:limits:{kind}:{thing}",
        actor=act.actor.id,
        kind=kind,
        body=body,
    )
    act.ledger.append(session, [event])


def _problem(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="limits", message=message, cure=cure))
