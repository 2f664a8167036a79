"""Two register entries for one device: found, and made one with the whole history of both."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session, SQLModel, col, select

from assets.model.regions import GONE
from assets.model.register import Asset
from assets.service.act import Act
from assets.service.register import edit_asset, retire_asset
from assets.service.work import OPEN_STATES, order_of_row
from assets.tables.records import (
    AgreementAssetRow,
    DocumentRow,
    DriftWatchRow,
    IncidentRow,
    LifeStepRow,
    MeterReadingRow,
    ReprocessStepRow,
)
from assets.tables.register import asset_of_row, load_asset
from assets.tables.reprocessing import machine_of_row
from assets.tables.rows import (
    AssetRow,
    CustodyRow,
    CycleRow,
    DowntimeRow,
    IdentifierRow,
    LoadItemRow,
    LoadRow,
    MachineRow,
    MachineTestRow,
    MeasurementRow,
    NoticeMatchRow,
    PermitRow,
    RecordsSinceRow,
    RelationRow,
    RuleRow,
    WorkOrderRow,
)
from twin.access import Permission
from twin.errors import Refused

_SUBJECT_COLUMNS: tuple[tuple[type[SQLModel], str], ...] = (
    (CustodyRow, "asset"),
    (PermitRow, "asset"),
    (NoticeMatchRow, "asset"),
    (DowntimeRow, "asset"),
    (MeasurementRow, "asset"),
    (MeasurementRow, "instrument"),
    (LoadItemRow, "asset"),
    (DocumentRow, "subject"),
    (MeterReadingRow, "asset"),
    (AgreementAssetRow, "asset"),
    (ReprocessStepRow, "subject"),
    (RelationRow, "asset"),
    (RelationRow, "other"),
    (RecordsSinceRow, "asset"),
    (LifeStepRow, "asset"),
    (CycleRow, "machine"),
    (LoadRow, "machine"),
    (MachineTestRow, "machine"),
)
"""Where rows name a device by a plain column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Entries that are probably one device.

    Parameters
    ----------
    assets : tuple[str, ...]
        Ids, the earliest registered first.
    why : str
        ``serial`` (one maker, one serial number, written differently) or ``gtin_serial``.
    key : str
        What they share.
    """

    assets: tuple[str, ...]
    why: str
    key: str


def find_duplicates(session: Session, *, limit: int = 200) -> list[Duplicate]:
    """Give groups of entries that are probably one device; retired ones are left out.

    Notes
    -----
    Serial numbers are compared without case, spaces, hyphens and leading zeros, and only within one maker or one GTIN:
    the same serial number of two makers is no sign of anything.
    """
    groups: defaultdict[tuple[str, str], list[AssetRow]] = defaultdict(list)
    states = [state.value for state in GONE]
    live = select(AssetRow).where(col(AssetRow.operational).not_in(states), col(AssetRow.serial) != "")
    for row in session.exec(live.order_by(col(AssetRow.registered_at), col(AssetRow.id))):
        serial = _plain(row.serial)
        if row.manufacturer:
            groups["serial", f"{_plain(row.manufacturer)}/{serial}"].append(row)
        if row.gtin:
            groups["gtin_serial", f"{row.gtin.lstrip('0')}/{serial}"].append(row)
    found: dict[tuple[str, ...], Duplicate] = {}
    for (why, key), rows in groups.items():
        ids = tuple(row.id for row in rows)
        if len(ids) > 1 and ids not in found:
            found[ids] = Duplicate(assets=ids, why=why, key=key)
    return sorted(found.values(), key=lambda one: one.assets)[:limit]


def _plain(text: str) -> str:
    return re.sub(r"[\s\-_./]", "", text).upper().lstrip("0")


def merge_assets(session: Session, *, act: Act, keep: str, drop: str) -> Asset:
    """Make two entries one: all that is known of the second becomes the first's, and the second is retired.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who merges; needs ``devices:write``.
    keep, drop : str
        Ids of the entry that stays and the one that goes.

    Returns
    -------
    Asset
        The entry that stays, with what the other one knew and it did not.

    Raises
    ------
    Refused
        If they are the same, contain each other, both are in somebody's custody or both are set up as machines, or the
        one that goes has open work or runs a cycle.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    kept, gone = load_asset(session, keep), load_asset(session, drop)
    reasons = _against(session, kept, gone)
    if reasons:
        raise Refused(f"{drop} cannot become part of {keep}.", reasons=reasons, code="asset.not_mergeable")
    entry = _joined(asset_of_row(kept), asset_of_row(gone))
    _move_marks(session, keep, drop)
    for table, column in _SUBJECT_COLUMNS:
        _move(session, table, column, keep, drop)
    _move_bodies(session, keep, drop)
    _move_machine(session, keep, drop)
    for child in session.exec(select(AssetRow).where(col(AssetRow.parent) == drop)):
        child.parent = keep
        child.body = msgspec.json.encode(replace(asset_of_row(child), parent=keep)).decode()
        session.add(child)
    session.flush()
    if gone.operational not in GONE:
        retire_asset(session, act=replace(act, key=f"{act.key}:drop"), asset_id=drop, reason=f"merged into {keep}")
    edit_asset(session, act=act, asset=entry, version=load_asset(session, keep).version)
    return entry


def _against(session: Session, kept: AssetRow, gone: AssetRow) -> list[str]:
    reasons = []
    if kept.id == gone.id:
        reasons.append("asset.same")
    if kept.parent == gone.id or gone.parent == kept.id:
        reasons.append("asset.parent_cycle")
    if kept.operational in GONE:
        reasons.append("asset.retired")
    if kept.custody != "free" and gone.custody != "free":
        reasons.append("custody.both")
    machines = [session.get(MachineRow, row.id) for row in (kept, gone)]
    if all(machines):
        # Samples of two devices cannot make the cycles of one: first somebody says which of the two is connected.
        reasons.append("machine.both")
    running = select(CycleRow.id).where(col(CycleRow.machine) == gone.id, col(CycleRow.end_at) == 0)
    if session.exec(running.limit(1)).first() is not None:
        reasons.append("machine.running")  # its end is looked for under the id under which it began
    states = [state.value for state in OPEN_STATES]
    query = select(WorkOrderRow.id).where(col(WorkOrderRow.asset) == gone.id, col(WorkOrderRow.state).in_(states))
    if session.exec(query.limit(1)).first() is not None:
        reasons.append("work_order.open")
    return reasons


def _joined(kept: Asset, gone: Asset) -> Asset:
    """Fill what the first entry leaves empty from the second; what both say, the first says."""
    own = {"id", "control_no", "identifiers", "is_mobile", "may_leave"}  # a "no" is no empty field
    empty = {
        name: getattr(gone, name) for name in Asset.__dataclass_fields__ if name not in own and not getattr(kept, name)
    }
    marks = {(mark.kind, mark.value): mark for mark in (*gone.identifiers, *kept.identifiers)}
    return replace(kept, **empty, identifiers=tuple(marks.values()))


def _move_marks(session: Session, keep: str, drop: str) -> None:
    for mark in session.exec(select(IdentifierRow).where(col(IdentifierRow.asset) == drop)):
        mark.asset = keep
        session.add(mark)
    gone = load_asset(session, drop)
    # The dropped entry must not hold a plate or mark any longer, else the kept one could not take it over.
    gone.body = msgspec.json.encode(replace(asset_of_row(gone), identifiers=(), serial="")).decode()
    gone.serial = ""
    session.add(gone)
    session.flush()


def _move(session: Session, table: type[SQLModel], column: str, keep: str, drop: str) -> None:
    """Let rows name the kept device; a row that it has already under the same key stays with the dropped one."""
    keys = [key.name for key in SQLModel.metadata.tables[str(table.__tablename__)].primary_key]
    rows = session.exec(select(table).where(getattr(table, column) == drop)).all()
    for row in rows:
        if column not in keys:
            setattr(row, column, keep)
            session.add(row)
            continue
        own = tuple(keep if name == column else getattr(row, name) for name in keys)
        if isinstance(row, CustodyRow) and _overlaps(session, keep, row):
            continue  # nobody answers for one device twice at one time: that period stays with the dropped entry
        if session.get(table, own) is None:
            values = {**row.model_dump(), column: keep}
            session.delete(row)
            session.flush()
            session.add(table(**values))
    session.flush()


def _overlaps(session: Session, keep: str, period: CustodyRow) -> bool:
    query = select(CustodyRow).where(col(CustodyRow.asset) == keep)
    query = query.where((col(CustodyRow.end_at) == 0) | (col(CustodyRow.end_at) > period.start_at))
    if period.end_at:
        query = query.where(col(CustodyRow.start_at) < period.end_at)
    return session.exec(query.limit(1)).first() is not None


def _move_bodies(session: Session, keep: str, drop: str) -> None:
    for order in session.exec(select(WorkOrderRow).where(col(WorkOrderRow.asset) == drop)):
        order.asset = keep
        order.body = msgspec.json.encode(replace(order_of_row(order), asset=keep)).decode()
        session.add(order)
    rules: Sequence[RuleRow] = session.exec(select(RuleRow).where(col(RuleRow.asset) == drop)).all()
    incidents: Sequence[IncidentRow] = session.exec(select(IncidentRow).where(col(IncidentRow.asset) == drop)).all()
    watches: Sequence[DriftWatchRow] = session.exec(select(DriftWatchRow).where(col(DriftWatchRow.asset) == drop)).all()
    held: list[RuleRow | IncidentRow | DriftWatchRow] = [*rules, *incidents, *watches]
    for row in held:
        row.asset = keep
        body = {**msgspec.json.decode(row.body), "asset": keep}
        if isinstance(row, DriftWatchRow):
            body["device"] = body.get("device") or drop  # its samples come under the old name still
        row.body = msgspec.json.encode(body).decode()
        session.add(row)
    session.flush()


def _move_machine(session: Session, keep: str, drop: str) -> None:
    """Let a machine's samples go on under the kept entry; where its detection stands goes with it."""
    row = session.get(MachineRow, drop)
    if row is None:
        return
    machine = machine_of_row(row)
    # The samples keep the name of the device that sends them, which was the dropped id where nobody set another.
    moved = replace(machine, id=keep, device=machine.telemetry_device)
    detection = row.detection
    session.delete(row)
    session.flush()  # the device's name is unique: the old row must be gone before the new one takes it
    body = msgspec.json.encode(moved).decode()
    session.add(MachineRow(id=keep, device=moved.telemetry_device, body=body, detection=detection))
    session.flush()
