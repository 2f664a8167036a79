"""Instruments within sets: put together as it happened, found in their set at any instant, traced to cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session, col, func, select

from assets.model.instruments import Assembly, Instrument, SetType, Stay, against_bill
from assets.service.act import Act
from assets.service.tracing import SetUse, use_of_row
from assets.tables.records import AssemblyRow, InstrumentFaultRow, InstrumentRow, SetContentRow, SetTypeRow
from assets.tables.rows import CycleRow, LoadItemRow, LoadRow, SetUseRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound, Refused

_OPEN = 2**62  # stands for the end of a stay that lasts, where ends are compared


def save_set_type(session: Session, *, act: Act, set_type: SetType) -> SetType:
    """Keep a bill of instruments, new or changed; sets that were put together keep what was found then."""
    act.actor.require(Permission.DEVICES_WRITE)
    session.merge(SetTypeRow(id=set_type.id, body=msgspec.json.encode(set_type).decode()))
    session.flush()
    return set_type


def list_set_types(session: Session, *, limit: int = 500) -> list[SetType]:
    """Give all bills by id."""
    rows = session.exec(select(SetTypeRow).order_by(col(SetTypeRow.id)).limit(limit))
    return [msgspec.json.decode(row.body, type=SetType) for row in rows]


def save_instrument(session: Session, *, act: Act, instrument: Instrument) -> Instrument:
    """Keep an instrument under its mark."""
    act.actor.require(Permission.DEVICES_WRITE)
    if instrument.most_cycles < 0 or not instrument.kind.strip():
        raise _problem("kind", "Expected a kind, and a limit of cycles not below 0.", "Enter what it counts as.")
    session.merge(
        InstrumentRow(id=instrument.id, kind=instrument.kind, name=instrument.name, most_cycles=instrument.most_cycles)
    )
    session.flush()
    return instrument


def find_instrument(session: Session, *, mark: str) -> Instrument:
    """Give an instrument by its mark.

    Raises
    ------
    NotFound
        If nobody entered it.
    """
    row = session.get(InstrumentRow, mark)
    if row is None:
        raise NotFound("instrument", mark)
    return Instrument(id=row.id, kind=row.kind, name=row.name, most_cycles=row.most_cycles)


def assemble(session: Session, *, act: Act, assembly: Assembly) -> Assembly:
    """Keep which instruments were put into a set; what they lay in before is left by that.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who put it together.
    assembly : Assembly
        Set, bill, instant and scanned marks; what is missing is found here.

    Returns
    -------
    Assembly
        With what is missing, surplus, worn out and taken from other sets. An incomplete set is kept as it is, since it
        lies there; whether it is used is decided by people who see what lacks.

    Raises
    ------
    NotFound
        If the bill or an instrument is not known.
    FieldError
        If a mark was scanned twice.
    Refused
        If the set, or one of the instruments, was put elsewhere later than this: what came after is not rewritten.
    """
    act.actor.require(Permission.TASKS_DO)
    row = session.get(SetTypeRow, assembly.set_type)
    if row is None:
        raise NotFound("set type", assembly.set_type)
    if len(set(assembly.instruments)) != len(assembly.instruments):
        raise _problem("instruments", "A mark was scanned twice.", "Scan each instrument once.")
    bill = msgspec.json.decode(row.body, type=SetType)
    # Each must be known: a mark that was read wrongly would be missing in the trace of the right one.
    held = [find_instrument(session, mark=mark) for mark in assembly.instruments]
    _require_newest(session, assembly)
    missing, surplus = against_bill(bill.counts, [one.kind for one in held])
    cycles = {one.id: cycles_of(session, instrument=one.id) for one in held if one.most_cycles}
    found = replace(
        assembly,
        actor=act.actor.id,
        missing=missing,
        surplus=surplus,
        worn_out=tuple(one.id for one in held if one.most_cycles and cycles[one.id] >= one.most_cycles),
        faulty=_faulty(session, assembly.instruments),
        moved=_leave(session, assembly),
    )
    for mark in assembly.instruments:
        session.add(SetContentRow(instrument=mark, start_at=assembly.at, set_instance=assembly.set_instance))
    session.merge(
        AssemblyRow(set_instance=assembly.set_instance, at=assembly.at, body=msgspec.json.encode(found).decode())
    )
    session.flush()
    return found


def _faulty(session: Session, marks: Sequence[str]) -> tuple[str, ...]:
    query = select(InstrumentFaultRow.instrument).where(
        col(InstrumentFaultRow.instrument).in_(list(marks)), col(InstrumentFaultRow.mended_at) == 0
    )
    return tuple(sorted(session.exec(query)))


def _require_newest(session: Session, assembly: Assembly) -> None:
    query = select(SetContentRow).where(
        (col(SetContentRow.set_instance) == assembly.set_instance)
        | col(SetContentRow.instrument).in_(list(assembly.instruments)),
        col(SetContentRow.start_at) >= assembly.at,
    )
    if session.exec(query.limit(1)).first() is not None:
        raise Refused(f"{assembly.set_instance} was put together anew since.", code="set.assembled_since")


def _leave(session: Session, assembly: Assembly) -> dict[str, str]:
    """End the stays of all that lay in this set, and of these instruments elsewhere; give where they were."""
    moved: dict[str, str] = {}
    query = select(SetContentRow).where(
        (col(SetContentRow.set_instance) == assembly.set_instance)
        | col(SetContentRow.instrument).in_(list(assembly.instruments)),
        col(SetContentRow.end_at) == 0,
    )
    for row in session.exec(query):
        if row.set_instance != assembly.set_instance:
            moved[row.instrument] = row.set_instance
        row.end_at = assembly.at
        session.add(row)
    session.flush()
    return moved


def contents_of(session: Session, *, set_instance: str, at: int) -> list[Instrument]:
    """Give the instruments that lay in a set at an instant, by mark."""
    query = (
        select(InstrumentRow)
        .join(SetContentRow, col(SetContentRow.instrument) == col(InstrumentRow.id))
        .where(col(SetContentRow.set_instance) == set_instance, col(SetContentRow.start_at) <= at)
        .where((col(SetContentRow.end_at) == 0) | (col(SetContentRow.end_at) > at))
    )
    return [
        Instrument(id=row.id, kind=row.kind, name=row.name, most_cycles=row.most_cycles)
        for row in session.exec(query.order_by(col(InstrumentRow.id)))
    ]


def latest_assembly(session: Session, *, set_instance: str) -> Assembly | None:
    """Give how a set was put together last; None if nobody recorded it."""
    query = select(AssemblyRow).where(col(AssemblyRow.set_instance) == set_instance)
    row = session.exec(query.order_by(col(AssemblyRow.at).desc()).limit(1)).first()
    return msgspec.json.decode(row.body, type=Assembly) if row is not None else None


def stays_of(session: Session, *, instrument: str) -> list[Stay]:
    """Give the sets in which an instrument lay, the latest first."""
    query = select(SetContentRow).where(col(SetContentRow.instrument) == instrument)
    return [
        Stay(instrument=row.instrument, set_instance=row.set_instance, start_at=row.start_at, end_at=row.end_at)
        for row in session.exec(query.order_by(col(SetContentRow.start_at).desc()).limit(1000))
    ]


def cycles_of(session: Session, *, instrument: str) -> int:
    """Give how many ended cycles an instrument went through, in whichever sets it lay."""
    count = 0
    for stay in stays_of(session, instrument=instrument):
        query = (
            select(func.count(func.distinct(col(CycleRow.id))))
            .where(col(LoadItemRow.set_instance) == stay.set_instance)
            .where(col(LoadRow.id) == col(LoadItemRow.load), col(CycleRow.id) == col(LoadRow.cycle))
            # Begun while it lay in the set: one that was taken out during the cycle has gone through it all the same.
            .where(col(CycleRow.start_at) >= stay.start_at, col(CycleRow.end_at) > 0)
            .where(col(CycleRow.start_at) < (stay.end_at or _OPEN))
        )
        count += int(session.exec(query).one())
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentTrace:
    """An instrument with the sets in which it lay, the cases in which these were used meanwhile, and its cycles."""

    instrument: Instrument
    stays: tuple[Stay, ...]
    uses: tuple[SetUse, ...]
    cycles: int


def trace_instrument(session: Session, *, mark: str) -> InstrumentTrace:
    """Give where an instrument was and in which cases: of a set only the uses while it lay in it.

    Raises
    ------
    NotFound
        If nobody entered it.
    """
    instrument = find_instrument(session, mark=mark)
    stays = stays_of(session, instrument=mark)
    uses: list[SetUse] = []
    for stay in stays:
        query = select(SetUseRow).where(
            col(SetUseRow.set_instance) == stay.set_instance,
            col(SetUseRow.at) >= stay.start_at,
            col(SetUseRow.at) < (stay.end_at or _OPEN),
        )
        uses += [use_of_row(row) for row in session.exec(query.limit(1000))]
    return InstrumentTrace(
        instrument=instrument,
        stays=tuple(stays),
        uses=tuple(sorted(uses, key=lambda use: -use.at)),
        cycles=cycles_of(session, instrument=mark),
    )


def _problem(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="assembly", message=message, cure=cure))
