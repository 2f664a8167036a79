"""Faulty instruments: what was found, the cases that it may have reached, and sets that must not be issued with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session, col, func, select

from assets.model.instruments import Fault
from assets.service.act import Act
from assets.service.instruments import find_instrument, stays_of
from assets.service.tracing import SetUse, use_of_row
from assets.tables.records import AssemblyRow, InstrumentFaultRow, SetContentRow
from assets.tables.rows import SetUseRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, Refused
from twin.events.watch import AlarmCleared, AlarmPriority, AlarmRaised

_OPEN = 2**62  # stands for the end of a stay that lasts, where ends are compared
_TOLD_CASES = 50  # an alarm names so many; the trace of the instrument gives all


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A fault with the uses that it may have reached, the latest first."""

    fault: Fault
    uses: tuple[SetUse, ...]

    @property
    def cases(self) -> tuple[str, ...]:
        """Pseudonyms of the cases, in order of use."""
        return tuple(dict.fromkeys(use.case_id for use in reversed(self.uses)))


def report_fault(session: Session, *, act: Act, fault: Fault) -> Exposure:
    """Keep that an instrument was found faulty; the cases that it may have reached raise an exposure alert.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who found it; anybody who does tasks may say so, since a fact is always recordable.
    fault : Fault
        What was found. Without ``since_at`` it counts from when its set was last put together before that, when
        somebody had it in hand.

    Returns
    -------
    Exposure
        With every use since then of the sets in which it lay.

    Raises
    ------
    NotFound
        If nobody entered the instrument.
    FieldError
        If nothing is described, or it is said to be older than it was found.
    Refused
        If it is on record as faulty already.
    """
    act.actor.require(Permission.TASKS_DO)
    find_instrument(session, mark=fault.instrument)
    if not fault.note.strip():
        raise _problem("note", "Expected what was found.", "Say it without a patient's name.")
    if fault.since_at > fault.found_at:
        raise _problem("since_at", "It is later than when it was found.", "Correct one of the two instants.")
    known = open_fault(session, mark=fault.instrument)
    if known is not None:
        if (known.kind, known.note, known.found_at) == (fault.kind, fault.note, fault.found_at):
            return exposure_of(session, fault=known)  # sent again
        raise Refused(f"{fault.instrument} is on record as faulty already.", code="instrument.faulty")
    since = fault.since_at or _looked_at(session, fault)
    kept = replace(fault, since_at=since, actor=act.actor.id)
    session.add(
        InstrumentFaultRow(
            instrument=kept.instrument,
            found_at=kept.found_at,
            since_at=since,
            body=msgspec.json.encode(kept).decode(),
        )
    )
    session.flush()
    found = exposure_of(session, fault=kept)
    _alarm(session, act, found)
    return found


def _looked_at(session: Session, fault: Fault) -> int:
    """Give when it was last put into a set before the fault was found: somebody had it in hand then."""
    query = (
        select(func.max(AssemblyRow.at))
        .join(
            SetContentRow,
            (col(SetContentRow.set_instance) == col(AssemblyRow.set_instance))
            & (col(SetContentRow.start_at) == col(AssemblyRow.at)),
        )
        .where(col(SetContentRow.instrument) == fault.instrument, col(AssemblyRow.at) <= fault.found_at)
    )
    return session.exec(query).one() or 0


def exposure_of(session: Session, *, fault: Fault) -> Exposure:
    """Give the uses that a fault may have reached: of the sets in which it lay, from when it was last known good."""
    uses: list[SetUse] = []
    for stay in stays_of(session, instrument=fault.instrument):
        query = select(SetUseRow).where(
            col(SetUseRow.set_instance) == stay.set_instance,
            col(SetUseRow.at) >= max(stay.start_at, fault.since_at),
            col(SetUseRow.at) < min(stay.end_at or _OPEN, fault.mended_at or _OPEN),
        )
        uses += [use_of_row(row) for row in session.exec(query)]
    return Exposure(fault=fault, uses=tuple(sorted(uses, key=lambda use: (-use.at, use.case_id))))


def _alarm(session: Session, act: Act, found: Exposure) -> None:
    cases = found.cases
    event = AlarmRaised(
        thing=alarm_of(found.fault),
        occurred_at=found.fault.found_at,
        source=act.source,
        source_key=alarm_of(found.fault),
        actor=act.actor.id,
        # Nobody reached yet is a matter for the workshop; a case reached is one for those who treat the patient.
        alarm_class="reprocessing.instrument_exposure" if cases else "reprocessing.instrument_faulty",
        subject_id=found.fault.instrument,
        priority=AlarmPriority.HIGH if cases else AlarmPriority.MEDIUM,
        parameters=(
            ("cases", ", ".join(cases[:_TOLD_CASES])),
            ("count", str(len(cases))),
            ("fault", found.fault.kind.value),
        ),
    )
    act.ledger.append(session, [event])


def alarm_of(fault: Fault) -> str:
    """Give the id of the alarm that a fault raises."""
    return f"alarm:instrument:{fault.instrument}:{fault.found_at}"


def mend_fault(session: Session, *, act: Act, mark: str, outcome: str) -> Fault:
    """Note that a faulty instrument was mended, or is there no more; its set may be issued again.

    Raises
    ------
    Refused
        If it is not on record as faulty, or nothing is said.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    fault = open_fault(session, mark=mark)
    if fault is None or not outcome.strip():
        message = f"Expected a faulty instrument and what was done, got {mark} and {outcome!r}."
        raise Refused(message, code="instrument.not_faulty")
    mended = replace(fault, mended_at=act.now, mended_by=act.actor.id, outcome=outcome.strip())
    row = session.get(InstrumentFaultRow, (mark, fault.found_at))
    assert row is not None  # noqa: S101  # it was read above in this transaction
    row.mended_at, row.body = act.now, msgspec.json.encode(mended).decode()
    session.add(row)
    session.flush()
    over = AlarmCleared(
        thing=alarm_of(fault),
        occurred_at=act.now,
        source=act.source,
        source_key=f"{alarm_of(fault)}:mended",
        actor=act.actor.id,
    )
    act.ledger.append(session, [over])
    return mended


def open_fault(session: Session, *, mark: str) -> Fault | None:
    """Give the fault of an instrument that is not mended; None if it is good."""
    query = select(InstrumentFaultRow).where(
        col(InstrumentFaultRow.instrument) == mark, col(InstrumentFaultRow.mended_at) == 0
    )
    row = session.exec(query).first()
    return None if row is None else msgspec.json.decode(row.body, type=Fault)


def faults_of(session: Session, *, mark: str = "", limit: int = 200) -> list[Fault]:
    """Give faults, the latest found first: of one instrument, or all that are not mended."""
    query = select(InstrumentFaultRow)
    if mark:
        query = query.where(col(InstrumentFaultRow.instrument) == mark)
    else:
        query = query.where(col(InstrumentFaultRow.mended_at) == 0)
    rows = session.exec(query.order_by(col(InstrumentFaultRow.found_at).desc()).limit(limit))
    return [msgspec.json.decode(row.body, type=Fault) for row in rows]


def exposures(session: Session, *, faults: Sequence[Fault]) -> list[Exposure]:
    """Give the exposure of each fault, in their order."""
    return [exposure_of(session, fault=fault) for fault in faults]


def _problem(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="fault", message=message, cure=cure))
