"""Put sets together, and keep bills and instruments."""

from __future__ import annotations

from collections.abc import Sequence

from assets.model.instruments import Assembly, Fault, FaultKind, Instrument, SetType
from assets.service import instrument_faults, instruments
from assets.service.act import Act
from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import InputError, NotFound


def _act(port: Commands, verb: str, permission: Permission) -> Act:
    actor, now = port.actor(), port.clock.now()
    actor.require(permission)
    return Act(actor=actor, now=now, key=f"{actor.id}:{verb}:{now}", ledger=port.ledger)


def assemble(port: Commands, *, name: str | None, set_type: str | None, marks: str | None) -> Assembly:
    """Keep which instruments were put into a set, one mark a line."""
    act = _act(port, "assemble", Permission.TASKS_DO)
    scanned = tuple(line.strip() for line in (marks or "").splitlines() if line.strip())
    if not (name or "").strip() or not set_type or not scanned:
        raise InputError("Expected a set, its bill and at least one instrument.", code="input.assembly")
    assembly = Assembly(set_instance=(name or "").strip(), set_type=set_type, at=act.now, instruments=scanned)
    return port.writer.run(lambda session: instruments.assemble(session, act=act, assembly=assembly))


def save_type(port: Commands, *, key: str | None, name: str | None, counts: Sequence[Sequence[str]]) -> SetType:
    """Keep a bill of instruments: a kind and its number a row.

    Raises
    ------
    InputError
        If a row lacks one of them, a kind stands twice, or nothing is in it.
    """
    act = _act(port, "set-type", Permission.DEVICES_WRITE)
    held: dict[str, int] = {}
    for kind, count in counts:
        # A kind that stands twice is a slip: whichever number counted, the set would be short or over.
        if not kind or not count.isdecimal() or kind in held:
            raise InputError(f"Expected a kind, once, and a number, got {kind!r} and {count!r}.", code="input.bill")
        held[kind] = int(count)
    if not (key or "").strip() or not held or min(held.values()) < 1:
        raise InputError("Expected a key and at least one kind with a number.", code="input.bill")
    bill = SetType(id=(key or "").strip(), name=(name or "").strip(), counts=held)
    return port.writer.run(lambda session: instruments.save_set_type(session, act=act, set_type=bill))


def save_instrument(port: Commands, *, mark: str | None, kind: str | None, name: str | None, cycles: int) -> Instrument:
    """Keep an instrument under its mark."""
    act = _act(port, "instrument", Permission.DEVICES_WRITE)
    if not (mark or "").strip() or not (kind or "").strip():
        raise InputError("Expected a mark and a kind.", code="input.instrument")
    held = Instrument(
        id=(mark or "").strip(), kind=(kind or "").strip(), name=(name or "").strip(), most_cycles=max(cycles, 0)
    )
    return port.writer.run(lambda session: instruments.save_instrument(session, act=act, instrument=held))


def report_fault(port: Commands, *, mark: str | None, kind: str | None, note: str | None) -> instrument_faults.Exposure:
    """Keep that an instrument was found faulty now; give the cases that it may have reached."""
    act = _act(port, "instrument-fault", Permission.TASKS_DO)
    if not (mark or "").strip() or not kind or not (note or "").strip():
        raise InputError("Expected a mark, what is wrong and a note.", code="input.fault")
    fault = Fault(instrument=(mark or "").strip(), kind=FaultKind(kind), note=(note or "").strip(), found_at=act.now)
    try:
        return port.writer.run(lambda session: instrument_faults.report_fault(session, act=act, fault=fault))
    except NotFound as error:
        # Not "load the page again": the mark was read wrongly, or nobody entered the instrument.
        raise InputError(f"No instrument has the mark {fault.instrument!r}.", code="instrument.unknown") from error


def mend_fault(port: Commands, *, mark: str | None, outcome: str | None) -> Fault:
    """Note what was done about a faulty instrument; its set may be issued again."""
    act = _act(port, "instrument-mended", Permission.DEVICES_WRITE)
    if not (mark or "").strip() or not (outcome or "").strip():
        raise InputError("Expected a mark and what was done.", code="input.fault")
    return port.writer.run(
        lambda session: instrument_faults.mend_fault(
            session, act=act, mark=(mark or "").strip(), outcome=(outcome or "").strip()
        )
    )
