"""All rows of the device organ. Instants are UTC microseconds, money integer minor units; 0 stands for "not known"."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

_ID = 100


def _instant(*, index: bool = False) -> int:
    found: int = Field(default=0, sa_type=BigInteger, index=index)
    return found


def _body() -> str:
    found: str = Field(default="", sa_type=Text)
    return found


class ModelRow(SQLModel, table=True):
    """A catalogue entry; ``body`` is the whole value as JSON."""

    __tablename__ = "assets_model"

    id: str = Field(primary_key=True, max_length=_ID)
    category: str = Field(max_length=_ID, index=True)
    body: str = _body()


class AssetRow(SQLModel, table=True):
    """An asset with its present state; ``body`` is the register entry as JSON.

    ``registered_at`` is when it first came into the register, ``entry_at`` when what stands in the entry was said last.
    """

    __tablename__ = "assets_asset"
    __table_args__ = (
        Index("assets_asset_find", "category", "is_usable"),
        Index("assets_asset_plate", "manufacturer", "model", "serial"),
    )

    id: str = Field(primary_key=True, max_length=_ID)
    # On the hospital's own label: what people read out on the telephone must name one device.
    control_no: str = Field(unique=True, max_length=_ID)
    category: str = Field(max_length=_ID)
    name: str = Field(max_length=200)
    model: str = Field(default="", max_length=200)
    manufacturer: str = Field(default="", max_length=200)
    serial: str = Field(default="", max_length=_ID)
    gtin: str = Field(default="", max_length=20, index=True)
    home: str = Field(default="", max_length=_ID)
    pool: str = Field(default="", max_length=_ID, index=True)
    parent: str = Field(default="", max_length=_ID, index=True)
    may_leave: bool = False
    # The regions stand as columns, not in the body: every search for a free device filters on them.
    operational: str = Field(max_length=30)
    reprocessing: str = Field(max_length=30)
    custody: str = Field(max_length=30)
    compliance: str = Field(default="", max_length=200)
    status: str = Field(default="", max_length=30)
    # Follows from the regions, and is kept since "find me one" asks it of a whole category with one index.
    is_usable: bool = True
    reasons: str = Field(default="", max_length=1000)
    version: int = 1
    registered_at: int = _instant()
    entry_at: int = _instant()
    retired_at: int = _instant()
    # Instants of the facts behind two regions: an older one that comes late must not overwrite a newer one.
    readiness_at: int = _instant()
    status_at: int = _instant()
    body: str = _body()


class IdentifierRow(SQLModel, table=True):
    """A mark by which an asset is recognised; each mark names one asset at a time."""

    __tablename__ = "assets_identifier"

    kind: str = Field(primary_key=True, max_length=20)
    value: str = Field(primary_key=True, max_length=200)
    asset: str = Field(max_length=_ID, index=True)


class RelationRow(SQLModel, table=True):
    """One asset depends on another."""

    __tablename__ = "assets_relation"

    asset: str = Field(primary_key=True, max_length=_ID)
    other: str = Field(primary_key=True, max_length=_ID, index=True)
    kind: str = Field(primary_key=True, max_length=20)


class CustodyRow(SQLModel, table=True):
    """Somebody answered for an asset; ``end_at`` is 0 while it lasts, and only one period per asset lasts."""

    __tablename__ = "assets_custody"
    __table_args__ = (
        Index(
            "assets_custody_open",
            "asset",
            unique=True,
            sqlite_where=text("end_at = 0"),
            postgresql_where=text("end_at = 0"),
        ),
    )

    asset: str = Field(primary_key=True, max_length=_ID)
    start_at: int = Field(primary_key=True, sa_type=BigInteger)
    custodian: str = Field(max_length=_ID, index=True)
    kind: str = Field(max_length=20)
    is_reservation: bool = False
    end_at: int = _instant()


class PermitRow(SQLModel, table=True):
    """Leave for an asset to be outside."""

    __tablename__ = "assets_permit"

    asset: str = Field(primary_key=True, max_length=_ID)
    start_at: int = Field(primary_key=True, sa_type=BigInteger)
    end_at: int = _instant()
    reason: str = Field(default="", max_length=200)
    actor: str = Field(default="", max_length=_ID)


class WorkOrderRow(SQLModel, table=True):
    """A work order; ``body`` holds checklist, parts, labour and amendments as JSON."""

    __tablename__ = "assets_work_order"
    __table_args__ = (UniqueConstraint("dedupe_key"), Index("assets_work_order_asset", "asset", "state"))

    id: str = Field(primary_key=True, max_length=_ID)
    # Rule and due day for planned work: however often the scheduler runs, one order comes of them.
    dedupe_key: str = Field(max_length=200)
    asset: str = Field(max_length=_ID)
    kind: str = Field(max_length=30)
    state: str = Field(max_length=20, index=True)
    opened_at: int = _instant()
    due_at: int = _instant(index=True)
    closed_at: int = _instant()
    rule: str = Field(default="", max_length=_ID, index=True)
    version: int = 1
    body: str = _body()


class MachineRow(SQLModel, table=True):
    """A reprocessing machine and where its cycle detection stands."""

    __tablename__ = "assets_machine"

    id: str = Field(primary_key=True, max_length=_ID)
    # Unique, since samples of one device cannot make the cycles of two machines.
    device: str = Field(unique=True, max_length=_ID)
    body: str = _body()
    detection: str = _body()


class FollowRow(SQLModel, table=True):
    """How far a follower of samples has come; kept in the transaction that used them."""

    __tablename__ = "assets_follow"

    name: str = Field(primary_key=True, max_length=_ID)
    sequence: int = Field(default=0, sa_type=BigInteger)


class ProgrammeRow(SQLModel, table=True):
    """A programme's limits as JSON."""

    __tablename__ = "assets_programme"

    id: str = Field(primary_key=True, max_length=_ID)
    body: str = _body()


class MachineTestRow(SQLModel, table=True):
    """A leak test, an air-removal test or a calibration of a machine."""

    __tablename__ = "assets_machine_test"

    machine: str = Field(primary_key=True, max_length=_ID)
    kind: str = Field(primary_key=True, max_length=30)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    # A passed test that has run out says nothing any more; a failed one counts until another passes.
    valid_until: int = _instant()
    is_passed: bool = False
    actor: str = Field(default="", max_length=_ID)
    body: str = _body()


class CycleRow(SQLModel, table=True):
    """A machine's cycle; ``judgement`` is the latest verdict as JSON.

    ``standing`` is what the register said of the machine when the cycle was first heard of, so that judging it again
    after a year does not take the maintenance of that year for that of the day. ``printout`` is what was entered by
    hand: without it nobody could prove later what such a verdict rests on.
    """

    __tablename__ = "assets_cycle"
    __table_args__ = (Index("assets_cycle_machine", "machine", "start_at", "id", "end_at"),)

    id: str = Field(primary_key=True, max_length=200)
    machine: str = Field(max_length=_ID)
    # What the controller counts; it begins anew after a reset, which is why it is no key.
    number: int = Field(default=-1, sa_type=BigInteger)
    programme: str = Field(default="", max_length=_ID)
    start_at: int = _instant()
    end_at: int = _instant(index=True)
    verdict: str = Field(default="", max_length=20)
    # Of all that was judged: the same hash and the same rules must give the same verdict for ever.
    input_hash: str = Field(default="", max_length=64)
    is_manual: bool = False
    printout: str = _body()
    standing: str = _body()
    judgement: str = _body()


class LoadRow(SQLModel, table=True):
    """What went through one cycle."""

    __tablename__ = "assets_load"

    id: str = Field(primary_key=True, max_length=200)
    machine: str = Field(max_length=_ID, index=True)
    cycle: str = Field(default="", max_length=200, index=True)
    place: str = Field(default="", max_length=_ID)
    state: str = Field(max_length=20, index=True)
    opened_at: int = _instant()
    decided_at: int = _instant()
    reason: str = Field(default="", max_length=500)


class LoadItemRow(SQLModel, table=True):
    """One set or device in a load."""

    __tablename__ = "assets_load_item"

    load: str = Field(primary_key=True, max_length=200)
    position: int = Field(primary_key=True)
    set_instance: str = Field(default="", max_length=_ID, index=True)
    asset: str = Field(default="", max_length=_ID, index=True)
    gtin: str = Field(default="", max_length=20)
    # Given by the load: a recall of a cycle finds the goods in stock by it.
    lot: str = Field(default="", max_length=60, index=True)
    quantity: int = 1
    shelf_life_s: int = Field(default=0, sa_type=BigInteger)
    expires_at: int = _instant()
    is_implant: bool = False


class SignatureRow(SQLModel, table=True):
    """A person signed for a load: what they saw and what they decided; never overwritten, ``position`` counts them."""

    __tablename__ = "assets_signature"

    load: str = Field(primary_key=True, max_length=200)
    position: int = Field(primary_key=True)
    actor: str = Field(max_length=_ID)
    meaning: str = Field(max_length=20)
    at: int = _instant()
    # Of the evidence that the signer saw: judged anew, it must be signed anew.
    input_hash: str = Field(default="", max_length=64)
    note: str = Field(default="", max_length=1000)


class IndicatorRow(SQLModel, table=True):
    """A biological or chemical indicator of a cycle; its result may come days later."""

    __tablename__ = "assets_indicator"

    cycle: str = Field(primary_key=True, max_length=200)
    kind: str = Field(primary_key=True, max_length=20)
    name: str = Field(primary_key=True, max_length=_ID)
    at: int = _instant()
    is_passed: bool = False
    actor: str = Field(default="", max_length=_ID)


class SetUseRow(SQLModel, table=True):
    """A set was used in a case; stored as it happened, with what was wrong about it."""

    __tablename__ = "assets_set_use"

    set_instance: str = Field(primary_key=True, max_length=_ID)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    case_id: str = Field(primary_key=True, max_length=_ID)
    # The reprocessing that counted then: looked up later, a set that was reprocessed since would hide its exposure.
    cycle: str = Field(default="", max_length=200, index=True)
    flags: str = Field(default="", max_length=300)


class NoticeRow(SQLModel, table=True):
    """A field safety notice; ``body`` holds what it applies to as JSON."""

    __tablename__ = "assets_notice"

    id: str = Field(primary_key=True, max_length=_ID)
    is_open: bool = Field(default=True, index=True)
    received_at: int = _instant()
    body: str = _body()


class NoticeMatchRow(SQLModel, table=True):
    """One asset that a notice applies, or may apply, to, and how that was closed."""

    __tablename__ = "assets_notice_match"

    notice: str = Field(primary_key=True, max_length=_ID)
    asset: str = Field(primary_key=True, max_length=_ID, index=True)
    # What only may apply is looked at by a person and takes no device out of use.
    certainty: str = Field(max_length=20)
    state: str = Field(max_length=20, index=True)
    evidence: str = Field(default="", max_length=1000)
    actor: str = Field(default="", max_length=_ID)
    matched_at: int = _instant()
    closed_at: int = _instant()


class RuleRow(SQLModel, table=True):
    """A maintenance rule of one asset, and the local day from which it counts; ``body`` is the rule as JSON."""

    __tablename__ = "assets_rule"

    id: str = Field(primary_key=True, max_length=_ID)
    asset: str = Field(max_length=_ID, index=True)
    # Days before are nobody's fault: a rule that is entered today must not open ten years of orders.
    since: str = Field(default="", max_length=10)
    body: str = _body()


class DowntimeRow(SQLModel, table=True):
    """A time during which an asset could not be used because it had failed; ``end_at`` is 0 while it lasts."""

    __tablename__ = "assets_downtime"

    asset: str = Field(primary_key=True, max_length=_ID)
    start_at: int = Field(primary_key=True, sa_type=BigInteger)
    end_at: int = _instant()
    work_order: str = Field(default="", max_length=_ID)
    failure_code: str = Field(default="", max_length=60)


class RecordsSinceRow(SQLModel, table=True):
    """Since when an asset's failures are on record, where that was earlier than its entry in this register."""

    __tablename__ = "assets_records_since"

    asset: str = Field(primary_key=True, max_length=_ID)
    since_at: int = _instant()


class MeasurementRow(SQLModel, table=True):
    """A calibration or electrical safety result; ``body`` holds values, limits and instrument as JSON."""

    __tablename__ = "assets_measurement"

    id: str = Field(primary_key=True, max_length=_ID)
    asset: str = Field(max_length=_ID, index=True)
    kind: str = Field(max_length=20)
    instrument: str = Field(default="", max_length=_ID, index=True)
    at: int = _instant(index=True)
    is_passed: bool = False
    # Follows from the instrument's calibrations, in whatever order these are told; kept for the lists.
    is_flagged: bool = False
    body: str = _body()
