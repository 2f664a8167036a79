"""What the device routes take and give; instants are ISO 8601 at this door."""

from __future__ import annotations

from typing import Annotated

import msgspec

from assets.model.loads import IndicatorKind, Load, LoadItem, MachineTestKind
from assets.model.notices import Clause, MatchState, Notice
from assets.model.register import CustodianKind, CustodyPeriod
from assets.model.work import Answer, Labour, Part, Step, StepKind, WorkKind, WorkOrder
from assets.rules.interlock import ItemReason, StartCheck
from assets.service.finding import FoundDevice
from assets.tables.rows import CycleRow
from twin.clock import to_text

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00]+$")]
Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Note = Annotated[str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00]*$")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Level = Annotated[int, msgspec.Meta(ge=1, le=5)]
ShelfLife = Annotated[int, msgspec.Meta(ge=0, le=3_650)]


def instant(at: int) -> str:
    """Give an instant in ISO 8601; empty for none."""
    return to_text(at) if at else ""


class CustodyTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who shall answer for a device."""

    custodian: Key
    kind: CustodianKind = CustodianKind.PERSON


class CustodyShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who answered for a device when; ``end_at`` is empty while it lasts."""

    asset: str
    custodian: str
    kind: str
    start_at: str
    end_at: str


def custody_shown(period: CustodyPeriod) -> CustodyShown:
    """Give a custody as it is shown."""
    return CustodyShown(
        asset=period.asset,
        custodian=period.custodian,
        kind=period.kind.value,
        start_at=instant(period.start_at),
        end_at=instant(period.end_at),
    )


class CustodyList(msgspec.Struct, frozen=True, kw_only=True):
    """The custody of a device, the latest first."""

    custody: list[CustodyShown]


class FoundShown(msgspec.Struct, frozen=True, kw_only=True):
    """A device that may be fetched; a position never without its age."""

    asset: str
    name: str
    seconds: float
    place: str
    confidence: float
    age_s: float
    basis: str


class FoundList(msgspec.Struct, frozen=True, kw_only=True):
    """The nearest devices, nearest first."""

    devices: list[FoundShown]


def found_shown(found: FoundDevice) -> FoundShown:
    """Give a found device as it is shown."""
    where = found.location
    return FoundShown(
        asset=found.asset,
        name=found.name,
        seconds=found.seconds,
        place=where.place,
        confidence=where.confidence,
        age_s=where.age_s,
        basis=where.basis.value,
    )


class ChecklistStepTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of a checklist."""

    id: Key
    label: Short
    kind: StepKind = StepKind.CHECK
    unit: Short = ""
    low: float | None = None
    high: float | None = None
    choices: list[Short] = []
    is_required: bool = True

    def to_step(self) -> Step:
        """Give it as the organ's value."""
        return Step(
            id=self.id,
            label=self.label,
            kind=self.kind,
            unit=self.unit,
            low=self.low,
            high=self.high,
            choices=tuple(self.choices),
            is_required=self.is_required,
        )


class WorkTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A work order to open."""

    asset: Key
    kind: WorkKind
    title: Short = ""
    priority: Level = 3
    due_at: Short = ""
    failure_code: Short = ""
    steps: list[ChecklistStepTold] = []


class StepAnswerTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was found at a step."""

    step: Key
    value: bool | float | Short


class PartTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part that was built in; it leaves the stock of ``place``, empty for one that a vendor brought."""

    item: Key
    quantity: Count
    lot: Short = ""
    cost: Count = 0
    place: Short = ""


class LabourTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Time that somebody worked."""

    staff: Key
    minutes: Count
    cost: Count = 0
    is_external: bool = False


class FindingTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is added to a work order."""

    answers: list[StepAnswerTold] = []
    parts: list[PartTold] = []
    labour: list[LabourTold] = []
    failure_code: Short | None = None
    finding: Short | None = None
    opens_mains_part: bool | None = None
    acceptance_passed: bool | None = None
    safety_test_passed: bool | None = None


class WordsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A reason, deviation or amendment in words."""

    text: Words


class WorkShown(msgspec.Struct, frozen=True, kw_only=True):
    """A work order."""

    id: str
    asset: str
    kind: str
    state: str
    title: str
    priority: int
    opened_at: str
    due_at: str
    started_at: str
    closed_at: str
    closed_by: str
    failure_code: str
    finding: str
    steps: list[Step]
    answers: list[Answer]
    parts: list[Part]
    labour: list[Labour]
    amendments: list[str]
    version: int


def work_shown(order: WorkOrder, version: int) -> WorkShown:
    """Give a work order as it is shown."""
    return WorkShown(
        id=order.id,
        asset=order.asset,
        kind=order.kind.value,
        state=order.state.value,
        title=order.title,
        priority=order.priority,
        opened_at=instant(order.opened_at),
        due_at=instant(order.due_at),
        started_at=instant(order.started_at),
        closed_at=instant(order.closed_at),
        closed_by=order.closed_by,
        failure_code=order.failure_code,
        finding=order.finding,
        steps=list(order.steps),
        answers=list(order.answers),
        parts=list(order.parts),
        labour=list(order.labour),
        amendments=[note.text for note in order.amendments],
        version=version,
    )


class WorkPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of work orders."""

    work_orders: list[WorkShown]
    next: str = ""


class ItemTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A set (with its GTIN) or a device in a load."""

    set_instance: Short = ""
    asset: Short = ""
    gtin: Annotated[str, msgspec.Meta(max_length=20, pattern=r"^[^\x00]*$")] = ""
    lot: Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[^\x00]*$")] = ""
    quantity: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    shelf_life_days: ShelfLife = 180
    is_implant: bool = False


class LoadTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A load to begin."""

    machine: Key
    place: Short = ""
    items: list[ItemTold] = []


class ItemsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Items to add."""

    items: list[ItemTold]


class LoadShown(msgspec.Struct, frozen=True, kw_only=True):
    """A load; its cycle having passed does not make it released."""

    id: str
    machine: str
    cycle: str
    place: str
    state: str
    items: list[LoadItem]
    opened_at: str
    decided_at: str
    reason: str
    missing: list[str] = []


def load_shown(load: Load, missing: tuple[str, ...] = ()) -> LoadShown:
    """Give a load as it is shown."""
    return LoadShown(
        id=load.id,
        machine=load.machine,
        cycle=load.cycle,
        place=load.place,
        state=load.state.value,
        items=list(load.items),
        opened_at=instant(load.opened_at),
        decided_at=instant(load.decided_at),
        reason=load.reason,
        missing=list(missing),
    )


class StartShown(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a load may be started; ``warnings`` speak against some of the programmes that its machine may run."""

    load: str
    machine: str
    may_start: bool
    reasons: list[str]
    items: list[ItemReason]
    warnings: list[str]


class StartList(msgspec.Struct, frozen=True, kw_only=True):
    """Loads that wait for their cycle, the first opened first."""

    loads: list[StartShown]


def start_shown(found: StartCheck) -> StartShown:
    """Give what speaks against a start as it is shown."""
    return StartShown(
        load=found.load,
        machine=found.machine,
        may_start=found.may_start,
        reasons=list(found.reasons),
        items=list(found.items),
        warnings=list(found.warnings),
    )


class LoadPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of loads."""

    loads: list[LoadShown]
    next: str = ""


class SignatureTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A remark of who signs."""

    note: Note = ""


class CycleShown(msgspec.Struct, frozen=True, kw_only=True):
    """A cycle with what its evidence says; never "sterile"."""

    id: str
    machine: str
    number: int
    programme: str
    start_at: str
    end_at: str
    verdict: str
    input_hash: str
    judgement: msgspec.Raw


class CyclePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of cycles, the latest first."""

    cycles: list[CycleShown]


def cycle_shown(row: CycleRow) -> CycleShown:
    """Give a cycle as it is shown."""
    return CycleShown(
        id=row.id,
        machine=row.machine,
        number=row.number,
        programme=row.programme,
        start_at=instant(row.start_at),
        end_at=instant(row.end_at),
        verdict=row.verdict,
        input_hash=row.input_hash,
        judgement=msgspec.Raw((row.judgement or "null").encode()),
    )


class MachineTestTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The result of a machine's regular test; ``value`` is the figure it rests on, kPa/min for a leak test."""

    machine: Key
    kind: MachineTestKind
    is_passed: bool
    value: Annotated[float, msgspec.Meta(ge=-1000, le=1000)] | None = None
    valid_hours: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 24


class IndicatorTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The result of an indicator."""

    cycle: Key
    name: Key
    kind: IndicatorKind
    is_passed: bool


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """Loads that a late indicator recalls."""

    loads: list[str]


class NoticeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A field safety notice."""

    id: Key
    title: Key
    clauses: Annotated[list[Clause], msgspec.Meta(min_length=1, max_length=1000)]
    reference: Short = ""
    issuer: Short = ""
    stops_use: bool = True
    action: Note = ""


class NoticeList(msgspec.Struct, frozen=True, kw_only=True):
    """Notices."""

    notices: list[Notice]


class MatchShown(msgspec.Struct, frozen=True, kw_only=True):
    """A device that a notice applies, or may apply, to."""

    asset: str
    certainty: str
    state: str
    evidence: str


class MatchList(msgspec.Struct, frozen=True, kw_only=True):
    """All devices of a notice."""

    matches: list[MatchShown]


class ClosureTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one device of a notice was dealt with."""

    state: MatchState
    evidence: Words
