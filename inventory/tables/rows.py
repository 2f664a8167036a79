"""Rows of the catalogue, the stock ledger and its balances.

Instants are BIGINT microseconds, quantities BIGINT base units. No row refers to a table of another organ.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class ItemRow(SQLModel, table=True):
    """An item of the catalogue."""

    __tablename__ = "inventory_item"

    id: str = Field(primary_key=True)
    code: str = Field(unique=True)
    name: str
    kind: str
    base_unit: str = "each"
    tracking: str
    is_expiry_tracked: bool
    minimum_remaining_days: int = 0
    in_use_days: int = 0
    thawed_days: int = 0
    storage_class: str
    criticality: str
    value_class: str
    controlled_schedule: str = ""
    unit_cost_minor: int = Field(default=0, sa_type=BigInteger)
    unit_volume_ml: int = Field(default=0, sa_type=BigInteger)
    owner_rule: str = "any"
    is_reviewed: bool = True
    merged_into: str = Field(default="", index=True)


class PackageRow(SQLModel, table=True):
    """A packaging level by its GTIN."""

    __tablename__ = "inventory_package"
    __table_args__ = (CheckConstraint("quantity >= 1", name="inventory_package_holds_something"),)

    gtin: str = Field(primary_key=True)
    item: str = Field(index=True)
    level: str
    quantity: int = Field(sa_type=BigInteger)


class SubstituteRow(SQLModel, table=True):
    """An item that may stand in for another."""

    __tablename__ = "inventory_substitute"

    item: str = Field(primary_key=True)
    stand_in: str = Field(primary_key=True)
    numerator: int = 1
    denominator: int = 1
    approved_by: str = ""


class LotRow(SQLModel, table=True):
    """A lot; the number alone is not unique, see :class:`inventory.model.lots.Lot`."""

    __tablename__ = "inventory_lot"
    __table_args__ = (
        UniqueConstraint(
            "item", "number_folded", "expires_at", "opened_at", "thawed_at", name="inventory_lot_once_per_expiry"
        ),
    )

    id: str = Field(primary_key=True)
    item: str
    number: str
    number_folded: str
    expires_at: int = Field(default=0, sa_type=BigInteger)
    status: str
    status_reason: str = ""
    opened_at: int = Field(default=0, sa_type=BigInteger)
    thawed_at: int = Field(default=0, sa_type=BigInteger)
    supplier: str = ""
    keyed_by: str = ""


class PlaceRow(SQLModel, table=True):
    """A stock place with other properties than an ordinary shelf has."""

    __tablename__ = "inventory_place"

    id: str = Field(primary_key=True)
    kind: str
    storage_class: str
    source: str = ""


class MovementRow(SQLModel, table=True):
    """A movement, under the id of the command that made it; never changed once written."""

    __tablename__ = "inventory_movement"
    __table_args__ = (
        Index(
            "inventory_movement_reversed_once",
            "reverses",
            unique=True,
            sqlite_where=text("reverses <> ''"),
            postgresql_where=text("reverses <> ''"),
        ),
        Index("inventory_movement_by_recorded", "recorded_at", "id"),
        Index(
            "inventory_movement_by_task",
            "task",
            sqlite_where=text("task <> ''"),
            postgresql_where=text("task <> ''"),
        ),
    )

    id: str = Field(primary_key=True)
    command_hash: str
    kind: str
    occurred_at: int = Field(sa_type=BigInteger)
    recorded_at: int = Field(sa_type=BigInteger)
    actor: str
    witness: str = ""
    task: str = ""
    reason: str = ""
    encounter: str = ""
    reverses: str = ""
    flags: str = ""


class EntryRow(SQLModel, table=True):
    """One side of a line of a movement; never changed once written."""

    __tablename__ = "inventory_entry"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="inventory_entry_moves_something"),
        # the one index of all entries: what lay where is read from it alone, and so are the uses of a lot, since a lot
        # is of one item; a second one by lot would be a page more to write with every movement
        Index("inventory_entry_by_item", "item", "place", "lot", "owner", "quantity"),
        # few goods are a vendor's: what was used of them is found without a look at all the others
        Index(
            "inventory_entry_by_owner",
            "owner",
            "item",
            sqlite_where=text("owner <> ''"),
            postgresql_where=text("owner <> ''"),
        ),
        # laid down in the order of the key itself: one tree less to write into with every entry
        {"sqlite_with_rowid": False},
    )

    movement: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    place: str
    item: str
    lot: str = ""
    owner: str = ""
    serial: str = ""
    quantity: int = Field(sa_type=BigInteger)


class BalanceRow(SQLModel, table=True):
    """What lies where: the sum of the entries of a real place, kept in the same transaction."""

    __tablename__ = "inventory_balance"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="inventory_balance_never_negative"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="inventory_balance_reserved_within"),
        Index("inventory_balance_by_item", "item", "place"),
        Index("inventory_balance_by_lot", "lot"),
        {"sqlite_with_rowid": False},  # a balance is found by its key in one step instead of two
    )

    place: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    lot: str = Field(primary_key=True)
    owner: str = Field(primary_key=True)
    on_hand: int = Field(sa_type=BigInteger)
    reserved: int = Field(default=0, sa_type=BigInteger)
    received_at: int = Field(default=0, sa_type=BigInteger)
    version: int = 1


class SerialRow(SQLModel, table=True):
    """Where a single piece is."""

    __tablename__ = "inventory_serial"

    item: str = Field(primary_key=True)
    serial: str = Field(primary_key=True)
    lot: str = ""
    place: str = Field(index=True)
    epc: str = Field(default="", index=True)


class ReservationRow(SQLModel, table=True):
    """A quantity that is promised to a task."""

    __tablename__ = "inventory_reservation"
    __table_args__ = (CheckConstraint("quantity >= 1", name="inventory_reservation_of_something"),)

    task: str = Field(primary_key=True)
    place: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    lot: str = Field(primary_key=True)
    owner: str = Field(primary_key=True)
    quantity: int = Field(sa_type=BigInteger)


class ParLevelRow(SQLModel, table=True):
    """How much of an item a place should hold."""

    __tablename__ = "inventory_par_level"

    place: str = Field(primary_key=True)
    item: str = Field(primary_key=True, index=True)
    par_level: int = Field(sa_type=BigInteger)
    reorder_point: int = Field(sa_type=BigInteger)
    pack_multiple: int = Field(default=1, sa_type=BigInteger)
    source: str = ""
    method: str = "fixed"
    accepted_by: str = ""
    changed_at: int = Field(default=0, sa_type=BigInteger)


class InboundRow(SQLModel, table=True):
    """A quantity that an open task will bring to a place, and where it is fetched."""

    __tablename__ = "inventory_inbound"
    __table_args__ = (Index("inventory_inbound_by_place", "place", "item"),)

    task: str = Field(primary_key=True)
    place: str
    item: str
    quantity: int = Field(sa_type=BigInteger)
    created_at: int = Field(default=0, sa_type=BigInteger)
    source: str = ""


class BackOrderRow(SQLModel, table=True):
    """What a task could not bring because its source had no more; owed until some arrives there."""

    __tablename__ = "inventory_back_order"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="inventory_back_order_of_something"),
        Index("inventory_back_order_by_item", "item", "state"),
    )

    id: str = Field(primary_key=True)
    place: str
    item: str
    source: str = ""
    quantity: int = Field(sa_type=BigInteger)
    state: str = "open"
    opened_at: int = Field(default=0, sa_type=BigInteger)
    closed_at: int = Field(default=0, sa_type=BigInteger)
    task: str = ""


class BinRow(SQLModel, table=True):
    """A bin of a two-bin shelf: what it holds and how much."""

    __tablename__ = "inventory_bin"
    __table_args__ = (CheckConstraint("quantity >= 1", name="inventory_bin_holds_something"),)

    id: str = Field(primary_key=True)
    place: str
    item: str
    quantity: int = Field(sa_type=BigInteger)


class RecallRow(SQLModel, table=True):
    """A recall of some lots of an item, or of all of them."""

    __tablename__ = "inventory_recall"

    id: str = Field(primary_key=True)
    item: str = Field(index=True)
    lots: str
    recall_class: str
    notice: str
    actor: str
    recorded_at: int = Field(sa_type=BigInteger)


class CountRow(SQLModel, table=True):
    """What somebody saw of one balance at an instant, whether or not the books said the same."""

    __tablename__ = "inventory_count"
    __table_args__ = (Index("inventory_count_by_balance", "place", "item", "lot", "owner", "occurred_at"),)

    command: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    place: str
    item: str
    lot: str = ""
    owner: str = ""
    quantity: int = Field(sa_type=BigInteger)
    occurred_at: int = Field(sa_type=BigInteger)
    recorded_at: int = Field(sa_type=BigInteger)
    actor: str


def table_of(row: type[SQLModel]) -> Table:
    """Give the SQLAlchemy table of a row class."""
    return SQLModel.metadata.tables[str(row.__tablename__)]
