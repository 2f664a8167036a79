"""Readings of devices' meters: hours, cycles, kilometres."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from assets.rules.due_dates import MeterReading, running_total
from assets.service.act import Act
from assets.tables.records import MeterReadingRow
from assets.tables.register import load_asset
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

DAY_US = 86_400_000_000
HOURS = "hours"
"""Meter that a rule counts by unless it names another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMeter:
    """A reading that somebody, or a machine, took.

    Parameters
    ----------
    asset, meter : str
        Whose, and which of its meters.
    at : int
        When, UTC microseconds.
    reading : MeterReading
        What stood there.
    """

    asset: str
    meter: str
    at: int
    reading: MeterReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much a device was used.

    Parameters
    ----------
    total : float
        Since the first reading, in the meter's unit; never falls.
    per_day : float
        Mean over the time between first and last reading; 0 with fewer than two.
    readings : int
        How many it rests on.
    last_at : int
        When the last one was taken, UTC microseconds; 0 if there is none.
    is_unexplained : bool
        Whether the meter fell without a reset or rollover being recorded.
    """

    total: float
    per_day: float
    readings: int
    last_at: int
    is_unexplained: bool


def record_reading(session: Session, *, act: Act, read: ReadMeter) -> Usage:
    """Keep a reading and give the use that follows.

    Raises
    ------
    FieldError
        If the value is below 0, or lies in the future.
    """
    act.actor.require(Permission.TASKS_DO)
    load_asset(session, read.asset)
    if not 0.0 <= read.reading.value < 1e15 or read.at > act.now:
        message = f"Expected a value not below 0 of the present or past, got {read.reading.value} of {read.at}."
        raise FieldError(FieldProblem(field="value", place="reading", message=message, cure="Read the meter again."))
    session.merge(
        MeterReadingRow(
            asset=read.asset,
            meter=read.meter,
            at=read.at,
            value=read.reading.value,
            rollover_at=read.reading.rollover_at,
            is_reset=read.reading.is_reset,
            actor=act.actor.id,
        )
    )
    session.flush()
    return usage_of(session, asset=read.asset, meter=read.meter)


def usage_of(session: Session, *, asset: str, meter: str = HOURS, until: int = 2**63 - 1) -> Usage:
    """Give how much a device was used up to an instant.

    Parameters
    ----------
    session : Session
        Any session.
    asset, meter : str
        Which meter of which device.
    until : int
        UTC microseconds, included.
    """
    rows = session.exec(
        select(MeterReadingRow)
        .where(col(MeterReadingRow.asset) == asset, col(MeterReadingRow.meter) == meter)
        .where(col(MeterReadingRow.at) <= until)
        .order_by(col(MeterReadingRow.at))
    ).all()
    readings = [MeterReading(value=r.value, rollover_at=r.rollover_at, is_reset=r.is_reset) for r in rows]
    total, is_unexplained = running_total(readings)
    # From first to last reading, not from commissioning: what ran before somebody read it is in the first one.
    span = rows[-1].at - rows[0].at if rows else 0
    return Usage(
        total=total,
        per_day=total * DAY_US / span if span else 0.0,
        readings=len(rows),
        last_at=rows[-1].at if rows else 0,
        is_unexplained=is_unexplained,
    )


def meters_of(session: Session, *, asset: str) -> dict[str, Usage]:
    """Give the use of a device by meter."""
    names = session.exec(select(MeterReadingRow.meter).where(col(MeterReadingRow.asset) == asset).distinct())
    return {name: usage_of(session, asset=asset, meter=name) for name in sorted(names)}
