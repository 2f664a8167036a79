"""Rows of machines, programmes, cycles and loads to values and back."""

from __future__ import annotations

import msgspec
from sqlmodel import Session, col, select

from assets.model.cycle import Judgement
from assets.model.loads import (
    Indicator,
    IndicatorKind,
    Load,
    LoadItem,
    LoadState,
    MachineTest,
    MachineTestKind,
    Signature,
    SignatureMeaning,
)
from assets.model.machine import DetectionState, Machine
from assets.model.programme import Programme
from assets.rules.manual import Printout
from assets.tables.rows import (
    CycleRow,
    IndicatorRow,
    LoadItemRow,
    LoadRow,
    MachineRow,
    MachineTestRow,
    ProgrammeRow,
    SignatureRow,
)
from twin.errors import NotFound


def save_machine(session: Session, machine: Machine) -> None:
    """Write a machine; where its detection stands is kept."""
    # Read first, not merged: the detection of a cycle that runs stands in the same row.
    row = session.get(MachineRow, machine.id) or MachineRow(id=machine.id, device=machine.telemetry_device)
    row.device = machine.telemetry_device
    row.body = msgspec.json.encode(machine).decode()
    session.add(row)
    session.flush()


def machine_of_row(row: MachineRow) -> Machine:
    """Give the machine of a row."""
    return msgspec.json.decode(row.body, type=Machine)


def detection_of_row(row: MachineRow) -> DetectionState:
    """Give where the detection of a machine's cycles stands."""
    return msgspec.json.decode(row.detection, type=DetectionState) if row.detection else DetectionState()


def write_detection(session: Session, row: MachineRow, state: DetectionState) -> None:
    """Keep where the detection stands."""
    row.detection = msgspec.json.encode(state).decode()
    session.add(row)


def find_machine_by_device(session: Session, device: str) -> MachineRow | None:
    """Give the machine whose samples a telemetry device holds, or None."""
    return session.exec(select(MachineRow).where(col(MachineRow.device) == device)).first()


def list_machines(session: Session) -> list[Machine]:
    """Give all machines by id."""
    return [machine_of_row(row) for row in session.exec(select(MachineRow).order_by(col(MachineRow.id)).limit(1000))]


def save_programme(session: Session, programme: Programme) -> None:
    """Write a programme's limits."""
    session.merge(ProgrammeRow(id=programme.id, body=msgspec.json.encode(programme).decode()))
    session.flush()


def find_programme(session: Session, programme_id: str) -> Programme | None:
    """Give a programme's limits, or None."""
    row = session.get(ProgrammeRow, programme_id)
    return None if row is None else msgspec.json.decode(row.body, type=Programme)


def judgement_of_row(row: CycleRow) -> Judgement | None:
    """Give the latest verdict on a cycle, or None while there is none."""
    return msgspec.json.decode(row.judgement, type=Judgement) if row.judgement else None


def printout_of_row(row: CycleRow) -> Printout | None:
    """Give what was entered of a cycle by hand; None for one that was judged by samples."""
    return msgspec.json.decode(row.printout, type=Printout) if row.printout else None


def write_judgement(row: CycleRow, judgement: Judgement) -> None:
    """Put a verdict into a cycle's row."""
    row.verdict, row.input_hash = judgement.verdict.value, judgement.input_hash
    row.judgement = msgspec.json.encode(judgement).decode()


def load_of_row(session: Session, row: LoadRow) -> Load:
    """Give a load with its items."""
    query = select(LoadItemRow).where(col(LoadItemRow.load) == row.id).order_by(col(LoadItemRow.position))
    items = tuple(
        LoadItem(
            set_instance=item.set_instance,
            asset=item.asset,
            gtin=item.gtin,
            lot=item.lot,
            quantity=item.quantity,
            shelf_life_s=item.shelf_life_s,
            is_implant=item.is_implant,
            expires_at=item.expires_at,
        )
        for item in session.exec(query)
    )
    return Load(
        id=row.id,
        machine=row.machine,
        cycle=row.cycle,
        place=row.place,
        state=LoadState(row.state),
        items=items,
        opened_at=row.opened_at,
        decided_at=row.decided_at,
        reason=row.reason,
    )


def load_row(session: Session, load_id: str) -> LoadRow:
    """Give the row of a load.

    Raises
    ------
    NotFound
        If there is no such load.
    """
    row = session.get(LoadRow, load_id)
    if row is None:
        raise NotFound("load", load_id)
    return row


def add_item(session: Session, load_id: str, position: int, item: LoadItem) -> None:
    """Put an item into a load."""
    session.add(
        LoadItemRow(
            load=load_id,
            position=position,
            set_instance=item.set_instance,
            asset=item.asset,
            gtin=item.gtin,
            lot=item.lot,
            quantity=item.quantity,
            shelf_life_s=item.shelf_life_s,
            is_implant=item.is_implant,
        )
    )


def signatures_of(session: Session, load_id: str) -> tuple[Signature, ...]:
    """Give all signatures of a load in their order."""
    query = select(SignatureRow).where(col(SignatureRow.load) == load_id).order_by(col(SignatureRow.position))
    return tuple(
        Signature(
            actor=row.actor, meaning=SignatureMeaning(row.meaning), at=row.at, input_hash=row.input_hash, note=row.note
        )
        for row in session.exec(query)
    )


def indicators_of(session: Session, cycle_id: str) -> tuple[Indicator, ...]:
    """Give all indicators of a cycle that were read."""
    query = select(IndicatorRow).where(col(IndicatorRow.cycle) == cycle_id).order_by(col(IndicatorRow.name))
    return tuple(
        Indicator(cycle=row.cycle, name=row.name, kind=IndicatorKind(row.kind), at=row.at, is_passed=row.is_passed)
        for row in session.exec(query)
    )


def latest_test(session: Session, machine: str, kind: MachineTestKind, at: int) -> MachineTest | None:
    """Give the machine's latest test of a kind not later than an instant, or None."""
    row = session.exec(
        select(MachineTestRow)
        .where(col(MachineTestRow.machine) == machine, col(MachineTestRow.kind) == kind.value)
        # Not later than the cycle: a leak test that passed in the evening proves nothing of the morning's loads.
        .where(col(MachineTestRow.at) <= at)
        .order_by(col(MachineTestRow.at).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return MachineTest(machine=machine, kind=kind, at=row.at, valid_until=row.valid_until, is_passed=row.is_passed)


def load_cycle(session: Session, cycle_id: str) -> CycleRow:
    """Give the row of a cycle.

    Raises
    ------
    NotFound
        If there is no such cycle.
    """
    row = session.get(CycleRow, cycle_id)
    if row is None:
        raise NotFound("cycle", cycle_id)
    return row
