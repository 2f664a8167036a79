"""Records of merges, and how what hung on an entry comes back to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Table, and_, or_
from sqlalchemy import delete as delete_rows
from sqlalchemy import insert as insert_rows
from sqlalchemy import select as select_rows
from sqlalchemy import update as update_rows
from sqlmodel import Field, Session, SQLModel, col, select

from inventory.model.merging import MergeRecord, Moved, Row
from inventory.tables.driver import Driver
from inventory.tables.kits import KitLineRow
from inventory.tables.order_rows import SupplyRow
from inventory.tables.rows import BinRow, PackageRow, ParLevelRow, SubstituteRow
from twin.errors import NotFound

_TABLES: Mapping[str, tuple[type[SQLModel], tuple[str, ...]]] = {
    "par_level": (ParLevelRow, ("item",)),
    "package": (PackageRow, ("item",)),
    "bin": (BinRow, ("item",)),
    "supply": (SupplyRow, ("item",)),
    "kit_line": (KitLineRow, ("item",)),
    "substitute": (SubstituteRow, ("item", "stand_in")),
}
"""What names an entry and is told to another one by a merge, with the columns that name it."""


class MergeRow(SQLModel, table=True):
    """One merge; ``body`` is the JSON of what it moved."""

    __tablename__ = "inventory_merge"

    id: str = Field(primary_key=True)
    keep: str = Field(index=True)
    dropped: str = Field(index=True)
    merged_at: int = Field(sa_type=BigInteger)
    merged_by: str
    body: str
    undone_at: int = Field(default=0, sa_type=BigInteger)
    undone_by: str = ""


class _Body(msgspec.Struct):
    lot_of: dict[str, str]
    shared_lots: list[str]
    stock: list[Moved]
    serials: list[str]
    rows: dict[str, list[dict[str, str | int | bool | None]]]
    followers: list[str]


def save_merge(session: Session, record: MergeRecord) -> None:
    """Write what a merge has done."""
    body = _Body(
        lot_of=dict(record.lot_of),
        shared_lots=list(record.shared_lots),
        stock=list(record.stock),
        serials=list(record.serials),
        rows={name: [dict(row) for row in rows] for name, rows in record.rows.items()},
        followers=list(record.followers),
    )
    session.merge(
        MergeRow(
            id=record.id,
            keep=record.keep,
            dropped=record.drop,
            merged_at=record.merged_at,
            merged_by=record.merged_by,
            body=msgspec.json.encode(body).decode(),
            undone_at=record.undone_at,
            undone_by=record.undone_by,
        )
    )
    session.flush()


def _record_of(row: MergeRow) -> MergeRecord:
    body = msgspec.json.decode(row.body, type=_Body)
    return MergeRecord(
        id=row.id,
        keep=row.keep,
        drop=row.dropped,
        merged_at=row.merged_at,
        merged_by=row.merged_by,
        lot_of=body.lot_of,
        shared_lots=body.shared_lots,
        stock=body.stock,
        serials=body.serials,
        rows=body.rows,
        followers=body.followers,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
    )


def load_merge(session: Session, merge: str) -> MergeRecord:
    """Give a merge, locked until the transaction ends.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.exec(select(MergeRow).where(col(MergeRow.id) == merge).with_for_update()).first()
    if row is None:
        raise NotFound("merge", merge)
    return _record_of(row)


def list_merges(session: Session, *, limit: int = 200) -> list[MergeRecord]:
    """Give merges, the latest first, those that were taken back as well."""
    query = select(MergeRow).order_by(col(MergeRow.merged_at).desc(), col(MergeRow.id).desc()).limit(limit)
    return [_record_of(row) for row in session.exec(query)]


def undone_merges_of(session: Session, item: str) -> list[MergeRecord]:
    """Give the merges of an entry that were taken back: for a while its goods were booked under two names."""
    query = select(MergeRow).where(
        or_(col(MergeRow.keep) == item, col(MergeRow.dropped) == item), col(MergeRow.undone_at) > 0
    )
    return [_record_of(row) for row in session.exec(query.order_by(col(MergeRow.id)).limit(1000))]


def rows_before(session: Session, items: Sequence[str]) -> dict[str, list[Row]]:
    """Give the rows that name any of some entries, by table."""
    found: dict[str, list[Row]] = {}
    for name, (model, columns) in _TABLES.items():
        table = _table(model)
        names = or_(*(table.c[column].in_(items) for column in columns))
        found[name] = [dict(row) for row in session.execute(select_rows(table).where(names)).mappings()]
    return found


def put_back(session: Session, record: MergeRecord) -> None:
    """Take away what the entry that stayed had from the other one, and write the latter's rows as they were.

    What the entry that stayed had of its own, or got since then, stays as it is.
    """
    for name, (model, columns) in _TABLES.items():
        table, before = _table(model), record.rows.get(name, [])
        own = {_key(table, row) for row in before if record.drop not in (row[column] for column in columns)}
        gone = [row for row in before if record.drop in (row[column] for column in columns)]
        for row in gone:
            taken = _renamed(row, columns, record)
            # a kit that named both had the units added up: its line is written anew, everything else of its own is not
            is_summed = name == "kit_line" and _key(table, taken) in own
            if is_summed or _key(table, taken) not in own:
                session.execute(delete_rows(table).where(_is(table, taken)))
            session.execute(delete_rows(table).where(_is(table, row)))
            session.execute(insert_rows(table), [dict(row)])
            if is_summed:
                kept = next(one for one in before if _key(table, one) == _key(table, taken))
                session.execute(insert_rows(table), [dict(kept)])
    driver = Driver(session)
    driver.run("UPDATE inventory_item SET merged_into = '' WHERE id = ?", (record.drop,))
    for follower in record.followers:
        driver.run("UPDATE inventory_item SET merged_into = ? WHERE id = ?", (record.drop, follower))
    session.expire_all()  # rows were changed behind the mapper's back


def mark_undone(session: Session, record: MergeRecord, *, at: int, actor: str) -> MergeRecord:
    """Write that a merge was taken back."""
    table = _table(MergeRow)
    session.execute(update_rows(table).where(table.c.id == record.id).values(undone_at=at, undone_by=actor))
    return replace(record, undone_at=at, undone_by=actor)


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


def _renamed(row: Row, columns: Iterable[str], record: MergeRecord) -> Row:
    """Give a row under the name of the entry that stayed."""
    names = {column: record.keep for column in columns if row[column] == record.drop}
    return {**row, **names}


def _key(table: Table, row: Row) -> tuple[str | int | bool | None, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)


def _is(table: Table, row: Row) -> ColumnElement[bool]:
    return and_(*(column == row[column.name] for column in table.primary_key.columns))
