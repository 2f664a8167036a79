"""What the live state holds: one slots object per thing.

A register *is* the event that won it, so value, age (``occurred_at``), ``source``, ``confidence`` and the event's id
stand together, and every screen can show how old a value is and why we hold it to be true. ``None`` means that nobody
has said anything yet.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from twin.events.envelope import Event
from twin.events.patients import (
    BedReadinessChanged,
    BedReserved,
    BedServiceChanged,
    DischargePlanned,
    EncounterArrived,
    EncounterClass,
    EncounterDeparted,
    EncounterFactCancelled,
    EncounterFinished,
    EncounterLeaveEnded,
    EncounterLeaveStarted,
    EncounterMoved,
    EncounterPlanned,
    EncountersMerged,
    EncountersSwapped,
    EncounterStarted,
    EncounterUpdated,
    QueueCalled,
    QueueJoined,
    QueueLeft,
    QueueServiceEnded,
    QueueServiceStarted,
    StageReached,
)
from twin.events.supply import CycleEnded, CycleStarted, LoadReleased, ParLevelSet, StockoutPredicted
from twin.events.things import (
    AssetRegistered,
    AssetRetired,
    AvailabilityChanged,
    CustodyChanged,
    DeviceReadiness,
    DeviceReadinessChanged,
    DeviceStatusChanged,
    EgressSeen,
    PortalCrossed,
    TagBound,
    TagLost,
    TagUnbound,
    ZoneChanged,
    ZoneConfirmed,
)
from twin.events.watch import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmPriority,
    AlarmRaised,
    AlarmShelved,
    AlarmUnshelved,
)
from twin.events.work import (
    TaskAssigned,
    TaskBlocked,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskKind,
    TaskStarted,
)

VIRTUAL_STOCK_PLACES = frozenset(
    {"supplier", "patient", "consumed", "waste", "found", "lost", "adjustment", "reprocessing", "opened", "merged"}
)
"""Where stock comes from or goes to outside the house; their balances may be below zero."""

Sighting = ZoneChanged | ZoneConfirmed | PortalCrossed
Binding = TagBound | TagUnbound
EncounterFact = (
    EncounterPlanned
    | EncounterStarted
    | EncounterUpdated
    | EncounterMoved
    | BedReserved
    | EncounterDeparted
    | EncounterArrived
    | EncounterLeaveStarted
    | EncounterLeaveEnded
    | DischargePlanned
    | EncounterFinished
    | EncounterFactCancelled
    | EncountersSwapped
    | EncountersMerged
    | StageReached
)
TicketFact = QueueJoined | QueueCalled | QueueServiceStarted | QueueServiceEnded | QueueLeft
TaskFact = TaskCreated | TaskAssigned | TaskStarted | TaskBlocked | TaskCompleted | TaskCancelled
AlarmFact = AlarmRaised | AlarmAcknowledged | AlarmShelved | AlarmUnshelved | AlarmCleared


def zone_of(sighting: Sighting) -> str:
    """Give the place in which a sighting put the tag."""
    return sighting.to_zone if isinstance(sighting, PortalCrossed) else sighting.zone


class Tag(msgspec.Struct, kw_only=True, gc=False):
    """A tag: where readers saw it, and to what it was fixed when.

    Parameters
    ----------
    id : str
        Id of the tag, such as an EPC.
    sighting : Sighting or None
        Latest word of a reader on where it is.
    entered : ZoneChanged, PortalCrossed or None
        Latest change of zone: since when it has been there.
    lost : TagLost or None
        Latest word that no reader sees it.
    bindings : list[Binding]
        All bindings and unbindings, in order of precedence; replaced, never changed in place.
    is_shared : bool
        Whether a bearer of it ever bore another tag too, so that the place of the bearer needs both.
    is_settled : bool
        Whether the sighting held already counts for the bearer, which no other tag speaks for; a hint for speed.
    """

    id: str
    sighting: Sighting | None = None
    entered: ZoneChanged | PortalCrossed | None = None
    lost: TagLost | None = None
    bindings: list[Binding] = msgspec.field(default_factory=list)
    is_shared: bool = False
    is_settled: bool = False

    @property
    def bound(self) -> TagBound | None:
        """The binding in force now, if any."""
        last = self.bindings[-1] if self.bindings else None
        return last if isinstance(last, TagBound) else None


class Asset(msgspec.Struct, kw_only=True, gc=False):
    """A device or other asset: its register entry and its facets.

    Parameters
    ----------
    id : str
        Id of the asset.
    entry : AssetRegistered or None
        Its latest register entry; None while only others have spoken of it.
    retired : AssetRetired or None
        Its retirement; undone by a later register entry.
    readiness : DeviceReadinessChanged, LoadReleased or None
        Latest word on cleanliness; a released load makes its devices clean.
    status : DeviceStatusChanged or None
        Latest operating status.
    availability : AvailabilityChanged or None
        Latest word on whether it may be used, with reasons.
    custody : CustodyChanged or None
        Who answers for it.
    cycle : CycleStarted, CycleEnded or None
        For a reprocessing machine: its latest cycle.
    egress : EgressSeen or None
        When it last passed an exit without a permit.
    """

    id: str
    entry: AssetRegistered | None = None
    retired: AssetRetired | None = None
    readiness: DeviceReadinessChanged | LoadReleased | None = None
    status: DeviceStatusChanged | None = None
    availability: AvailabilityChanged | None = None
    custody: CustodyChanged | None = None
    cycle: CycleStarted | CycleEnded | None = None
    egress: EgressSeen | None = None

    @property
    def readiness_value(self) -> DeviceReadiness | None:
        """Cleanliness, or None if nobody has said anything."""
        if isinstance(self.readiness, LoadReleased):
            return DeviceReadiness.CLEAN
        return self.readiness.readiness if self.readiness is not None else None

    @property
    def is_usable(self) -> bool:
        """Whether it may be used on a patient as far as anybody has said."""
        return self.availability is None or self.availability.is_usable


class Bed(msgspec.Struct, kw_only=True, gc=False):
    """What is known of a bed besides who lies in it.

    Parameters
    ----------
    id : str
        Id of the bed's place.
    readiness : BedReadinessChanged or None
        Latest word on cleanliness.
    service : BedServiceChanged or None
        Latest word on whether it is in service.
    """

    id: str
    readiness: BedReadinessChanged | None = None
    service: BedServiceChanged | None = None


class EncounterStatus(StrEnum):
    """Where an encounter stands: FHIR R4 ``encounter-status`` codes, and ``merged``."""

    UNKNOWN = "unknown"
    PLANNED = "planned"
    IN_PROGRESS = "in-progress"
    ON_LEAVE = "onleave"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    MERGED = "merged"


class Encounter(msgspec.Struct, kw_only=True, gc=False):
    """An encounter: its facts in order of precedence, and what they come to.

    Parameters
    ----------
    id : str
        Pseudonym of the encounter.
    facts : list[EncounterFact]
        What was said under this id, in order of precedence.
    status : EncounterStatus
        Where it stands.
    encounter_class : EncounterClass or None
        Its class.
    service, acuity, arrival_mode, disposition
        As in the events; empty and 0 if unknown.
    place : str
        Place assigned: a booking; empty after discharge.
    present : str
        Place where the person physically is as far as events say; stays after discharge until departure.
    reserved : str
        Place kept for a pending admission or transfer.
    expected_at, discharge_expected_at, return_expected_at : int
        Expected arrival, discharge and return from leave, UTC microseconds; 0 if unknown.
    started_at, placed_at, finished_at : int
        Admission, last change of the assigned place, discharge, UTC microseconds; 0 if not yet.
    placed_by : str
        Id of the event that set the assigned place.
    stage, stage_point : str
        Last stage reached, and where.
    stage_at : int
        When, UTC microseconds.
    merged_into : str
        Id of the encounter that survived; empty unless merged.
    conflicts : tuple[str, ...]
        Codes of facts that could not be, such as ``moved_after_finish``.
    """

    id: str
    facts: list[EncounterFact] = msgspec.field(default_factory=list)
    status: EncounterStatus = EncounterStatus.UNKNOWN
    encounter_class: EncounterClass | None = None
    service: str = ""
    acuity: int = 0
    arrival_mode: str = ""
    disposition: str = ""
    place: str = ""
    present: str = ""
    reserved: str = ""
    expected_at: int = 0
    discharge_expected_at: int = 0
    return_expected_at: int = 0
    started_at: int = 0
    placed_at: int = 0
    finished_at: int = 0
    placed_by: str = ""
    stage: str = ""
    stage_point: str = ""
    stage_at: int = 0
    merged_into: str = ""
    conflicts: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is expected, under way, or the person is still in a place after discharge."""
        return self.status in OPEN_STATUSES or bool(self.present)


OPEN_STATUSES = frozenset({EncounterStatus.PLANNED, EncounterStatus.IN_PROGRESS, EncounterStatus.ON_LEAVE})
IN_HOUSE_STATUSES = frozenset({EncounterStatus.IN_PROGRESS, EncounterStatus.ON_LEAVE})


class TicketStatus(StrEnum):
    """Where a queue ticket stands."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    SERVED = "served"
    LEFT = "left"


class Ticket(msgspec.Struct, kw_only=True, gc=False):
    """A queue ticket: its facts, and what they come to; instants in UTC microseconds, 0 if not yet."""

    id: str
    facts: list[TicketFact] = msgspec.field(default_factory=list)
    status: TicketStatus = TicketStatus.UNKNOWN
    service_point: str = ""
    encounter: str = ""
    number: str = ""
    priority: int = 0
    counter: str = ""
    exception_reason: str = ""
    joined_at: int = 0
    called_at: int = 0
    started_at: int = 0
    ended_at: int = 0


class TaskStatus(StrEnum):
    """Where a task stands: FHIR R4 ``task-status`` codes."""

    DRAFT = "draft"
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


OPEN_TASK_STATUSES = frozenset({TaskStatus.REQUESTED, TaskStatus.ACCEPTED, TaskStatus.IN_PROGRESS, TaskStatus.ON_HOLD})


class Task(msgspec.Struct, kw_only=True, gc=False):
    """A task: its facts, and what they come to; instants in UTC microseconds, 0 if not yet.

    ``kind`` is None, and the task not open, until the event that created it is known.
    """

    id: str
    facts: list[TaskFact] = msgspec.field(default_factory=list)
    status: TaskStatus = TaskStatus.DRAFT
    kind: TaskKind | None = None
    dedupe_key: str = ""
    subject_id: str = ""
    from_place: str = ""
    to_place: str = ""
    quantity: int = 0
    due_at: int = 0
    priority: int = 3
    reason: str = ""
    assignee: str = ""
    position: int = 0
    blocked_reason: str = ""
    done_quantity: int = 0
    outcome: str = ""
    created_at: int = 0
    assigned_at: int = 0
    started_at: int = 0
    ended_at: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.kind is not None and self.status in OPEN_TASK_STATUSES


class Alarm(msgspec.Struct, kw_only=True, gc=False):
    """An alarm: its facts, and what they come to; instants in UTC microseconds, 0 if not.

    It is *active* from raising to clearing; acknowledging and shelving are told apart from that.
    """

    id: str
    facts: list[AlarmFact] = msgspec.field(default_factory=list)
    is_active: bool = False
    is_acknowledged: bool = False
    shelved_until: int = 0
    shelved_reason: str = ""
    alarm_class: str = ""
    subject_id: str = ""
    place: str = ""
    priority: AlarmPriority = AlarmPriority.LOW
    parameters: tuple[tuple[str, str], ...] = ()
    raised_at: int = 0
    acknowledged_at: int = 0
    acknowledged_by: str = ""
    cleared_at: int = 0


class StockLine(msgspec.Struct, kw_only=True, gc=False):
    """How much of an item a place holds, and how much it should.

    Parameters
    ----------
    place, item : str
        Ids.
    quantity : int
        Base units on hand, all lots.
    lots : dict[str, int]
        Base units by lot; lots at 0 are left out.
    moved_at : int
        When stock last moved, UTC microseconds; 0 if never.
    moved_by : str
        Id of that movement's event.
    par : ParLevelSet or None
        Par level and reorder point in force.
    predicted : StockoutPredicted or None
        Latest prediction of a stock-out.
    """

    place: str
    item: str
    quantity: int = 0
    lots: dict[str, int] = msgspec.field(default_factory=dict)
    moved_at: int = 0
    moved_by: str = ""
    par: ParLevelSet | None = None
    predicted: StockoutPredicted | None = None

    @property
    def is_low(self) -> bool:
        """Whether the quantity on hand is at or below the reorder point; a par level of 0 asks for nothing."""
        return self.par is not None and self.par.par_level > 0 and self.quantity <= self.par.reorder_point


def evidence(register: Event | None) -> tuple[str, ...]:
    """Give the id of the event behind a register, for "why do we think so"."""
    return (register.id,) if register is not None else ()
