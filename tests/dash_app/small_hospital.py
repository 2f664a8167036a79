"""A hospital small enough to know by heart, and a port onto it that needs no server."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel

import dash_app.pages.registry  # noqa: F401  # the organs' tables are known once their pages are
from dash_app.actions.access import AuditLine, AuditQuery, DisplayCard, FactorCard, KeyCard, UserCard
from dash_app.actions.upkeep import BackupCard, BackupState, FindingCard
from dash_app.queries.port import HospitalPort, JobLine, JobState, JobView
from twin.access import Actor, Role
from twin.clock import SECOND_US, ManualClock
from twin.errors import NotFound, NotSignedIn
from twin.events.envelope import Event
from twin.events.patients import (
    BedReadiness,
    BedReadinessChanged,
    DischargePlanned,
    EncounterArrived,
    EncounterClass,
    EncounterPlanned,
    EncounterStarted,
)
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.supply import ParLevelSet, StockMoved
from twin.events.things import AssetRegistered, AvailabilityChanged, BearerKind, TagBound, ZoneChanged
from twin.events.watch import (
    AlarmPriority,
    AlarmRaised,
    GatewayHealthChanged,
    GatewayStatus,
    ReadPointDefined,
)
from twin.events.work import PlannedStay, PlanPublished, StaffDefined, TaskCreated, TaskKind
from twin.ports import Stored
from twin.settings import Settings
from twin.state.live import LiveState
from twin.state.model import Encounter

NOW = 1_790_000_000 * SECOND_US  # 2026-09-21 14:13:20 UTC
HOUR = 3600 * SECOND_US


@dataclass
class Teller:
    """Makes events with running source keys, an hour before now unless told otherwise."""

    told: list[Event] = field(default_factory=list)

    def __call__(self, event_type: type[Event], thing: str, /, *, ago_s: float = 3600, **payload) -> None:
        """Tell one fact."""
        number = len(self.told)
        at = NOW - int(ago_s * SECOND_US)
        self.told.append(
            event_type(
                thing=thing, occurred_at=at, source="demo:test", source_key=str(number), id=f"e{number}", **payload
            )
        )


def _places(tell: Teller) -> None:
    far = 30 * 24 * 3600
    tell(PlaceDefined, "SITE", ago_s=far, kind=PlaceKind.SITE, name="Test hospital", name_zh="测试医院")
    for ward, name, name_zh, y in (("W1", "Ward 1", "一病区", 10.0), ("ICU", "Intensive care", "重症医学科", 40.0)):
        tell(
            PlaceDefined,
            ward,
            ago_s=far,
            kind=PlaceKind.WARD,
            name=name,
            name_zh=name_zh,
            parent="SITE",
            floor=1,
            purpose="ward",
            x_m=30,
            y_m=y,
            width_m=60,
            depth_m=20,
        )
        for bed in range(1, 5):
            tell(
                PlaceDefined,
                f"{ward}-B{bed}",
                ago_s=far,
                kind=PlaceKind.BED,
                name=f"{name} bed {bed}",
                name_zh=f"{name_zh}{bed}床",
                parent=ward,
                floor=1,
                purpose="bed",
                x_m=bed * 12.0,
                y_m=y,
                width_m=8,
                depth_m=10,
            )
    for key, name, name_zh, x in (("STORE", "Ward store", "病区库房", 10.0), ("HALL", "Entrance hall", "门厅", 40.0)):
        tell(
            PlaceDefined,
            key,
            ago_s=far,
            kind=PlaceKind.ROOM,
            name=name,
            name_zh=name_zh,
            parent="SITE",
            floor=0,
            purpose="store",
            x_m=x,
            y_m=10,
            width_m=18,
            depth_m=16,
        )
    tell(
        PlaceDefined,
        "OR1",
        ago_s=far,
        kind=PlaceKind.ROOM,
        name="Theatre 1",
        name_zh="一号手术间",
        parent="SITE",
        floor=2,
        purpose="theatre",
        x_m=20,
        y_m=20,
        width_m=10,
        depth_m=10,
    )
    tell(
        PlaceDefined,
        "EXIT",
        ago_s=far,
        kind=PlaceKind.PORTAL,
        name="Main entrance",
        name_zh="正门",
        parent="SITE",
        floor=0,
        purpose="exit",
        x_m=60,
        y_m=10,
        width_m=4,
        depth_m=4,
    )


def _assets(tell: Teller) -> None:
    for number, place in enumerate(("W1-B1", "W1-B2", "ICU-B1", "STORE"), start=1):
        key = f"IP-{number}"
        tell(
            AssetRegistered,
            key,
            category="infusion_pump",
            name=f"Infusion pump {key}",
            model="M100",
            home="STORE",
            serial=f"S{number}",
        )
        tell(TagBound, f"T-{number}", bearer=key, bearer_kind=BearerKind.ASSET)
        tell(ZoneChanged, f"T-{number}", ago_s=40 * number, zone=place, read_point="RP1")
    tell(AssetRegistered, "V-1", category="ventilator", name="Ventilator V-1", home="ICU")
    tell(AvailabilityChanged, "V-1", is_usable=False, reasons=("compliance.maintenance_overdue",))


def _patients(tell: Teller) -> None:
    for bed, encounter in (("W1-B1", "enc-1"), ("W1-B2", "enc-2"), ("ICU-B1", "enc-3")):
        tell(EncounterStarted, encounter, encounter_class=EncounterClass.INPATIENT, place=bed)
        tell(EncounterArrived, encounter, ago_s=3500, place=bed)
    tell(DischargePlanned, "enc-2", ago_s=1800, expected_at=NOW + 2 * HOUR)
    tell(BedReadinessChanged, "W1-B3", ago_s=900, readiness=BedReadiness.DIRTY)
    tell(EncounterStarted, "enc-ed", ago_s=5 * 3600, encounter_class=EncounterClass.EMERGENCY, acuity=3)
    tell(
        EncounterPlanned,
        "enc-amb",
        ago_s=300,
        encounter_class=EncounterClass.EMERGENCY,
        expected_at=NOW + HOUR // 6,
        arrival_mode="ambulance",
    )


def _supply(tell: Teller) -> None:
    for item, par, reorder, held in (("gloves-m", 100, 40, 12), ("mask-ffp2", 50, 20, 45), ("saline", 30, 10, 0)):
        tell(ParLevelSet, item, place="STORE", par_level=par, reorder_point=reorder)
        if held:
            tell(StockMoved, item, quantity=held, from_place="supplier", to_place="STORE", lot="L1", reason="receive")


def _work(tell: Teller) -> None:
    tell(StaffDefined, "porter-1", role="porter", label="Porter 001")
    tell(
        TaskCreated,
        "task-1",
        kind=TaskKind.RESTOCK,
        subject_id="gloves-m",
        from_place="STORE",
        to_place="W1",
        quantity=88,
        due_at=NOW - HOUR // 2,
        priority=2,
        reason="par_breach",
    )
    tell(
        TaskCreated, "task-2", kind=TaskKind.CLEAN, subject_id="W1-B3", to_place="W1-B3", priority=3, reason="departure"
    )
    tell(
        PlanPublished,
        "plan-1",
        kind="admissions",
        start_at=NOW,
        end_at=NOW + 48 * HOUR,
        content_hash="ab12",
        stays=(
            PlannedStay(
                encounter="enc-9",
                place="W1-B4",
                start_at=NOW + HOUR,
                end_at=NOW + 30 * HOUR,
                theatre="OR1",
                theatre_start_at=NOW + 3 * HOUR,
                theatre_end_at=NOW + 5 * HOUR,
                surgeon="surgeon-1",
            ),
        ),
    )


def _watch(tell: Teller) -> None:
    tell(ReadPointDefined, "RP1", reader="reader-1", antenna=1, place="W1")
    tell(GatewayHealthChanged, "gw-1", ago_s=600, status=GatewayStatus.ONLINE)
    tell(
        GatewayHealthChanged,
        "reader-1",
        ago_s=60,
        status=GatewayStatus.OFFLINE,
        parent="gw-1",
        detail="keepalive_missed",
    )
    tell(
        AlarmRaised,
        "alarm-1",
        ago_s=120,
        alarm_class="egress",
        subject_id="IP-3",
        place="EXIT",
        priority=AlarmPriority.HIGH,
    )
    tell(
        AlarmRaised,
        "alarm-2",
        ago_s=60,
        alarm_class="gateway_offline",
        subject_id="reader-1",
        priority=AlarmPriority.MEDIUM,
    )


def small_events() -> list[Event]:
    """Give every fact of the small hospital."""
    tell = Teller()
    for chapter in (_places, _assets, _patients, _supply, _work, _watch):
        chapter(tell)
    return tell.told


def small_state() -> LiveState:
    """Give the small hospital as of :data:`NOW`."""
    state = LiveState()
    for sequence, event in enumerate(small_events(), start=1):
        state.apply(event, sequence)
    return state


@dataclass
class MemoryJobs:
    """Jobs that do nothing until a test says so."""

    views: dict[str, JobView] = field(default_factory=dict)
    submitted: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    def submit(self, kind: str, arguments: Mapping[str, object], *, actor: Actor) -> str:
        """Note the work."""
        self.submitted.append((kind, arguments))
        key = f"job-{len(self.submitted)}"
        self.views[key] = JobView(id=key, state=JobState.QUEUED)
        return key

    def view(self, job_id: str) -> JobView:
        """Give what a test has set."""
        if job_id not in self.views:
            raise NotFound("job", job_id)
        return self.views[job_id]

    def recent(self, kind: str, *, limit: int) -> Sequence[JobLine]:
        """Give what was asked for of a kind, as if an hour ago."""
        return [
            JobLine(
                id=f"job-{number}", state=self.views[f"job-{number}"].state, asked_at=NOW - HOUR, asked_by="somebody"
            )
            for number, (asked, _arguments) in reversed(list(enumerate(self.submitted, start=1)))
            if asked == kind
        ][:limit]

    def cancel(self, job_id: str) -> None:
        """Note it."""
        self.cancelled.append(job_id)

    def finish(self, job_id: str) -> None:
        """Note it."""
        self.finished.append(job_id)


def _organs_tables() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    SQLModel.metadata.create_all(engine)
    return engine


@dataclass
class MemoryHospital:
    """A writer and a ledger in memory that apply at once."""

    state: LiveState
    stored: list[Event] = field(default_factory=list)
    tables: Engine = field(default_factory=_organs_tables)

    def run(self, use_case: Callable):
        """Run a use case in a transaction of its own."""
        with Session(self.tables, expire_on_commit=False) as session:
            answer = use_case(session)
            session.commit()
        return answer

    def append(self, session: object, events: Sequence[Event]) -> list[Stored]:
        """Store and apply."""
        answer = []
        for event in events:
            self.stored.append(event)
            sequence = self.state.sequence + 1
            self.state.apply(event, sequence)
            answer.append(Stored(sequence=sequence, event=event, is_new=True))
        return answer

    @contextmanager
    def read(self):
        """Give a session on the organs' empty tables."""
        with Session(self.tables) as session:
            yield session


def actor_with(*roles: Role) -> Actor:
    """Give a person with these roles."""
    return Actor(id="user-1", name="Test reader", roles=frozenset(roles))


EVERYTHING = (Role.ADMINISTRATOR, Role.LOGISTICS, Role.BIOMED, Role.PLANNER, Role.NURSE, Role.SYSADMIN)


class SmallDesk:
    """One user, one key, one row of audit; nothing can be changed."""

    def users(self) -> Sequence[UserCard]:
        return [
            UserCard(
                id="user-1",
                name="reader",
                display_name="Test reader",
                roles=("sysadmin",),
                is_active=True,
                staff="",
                version=1,
                sessions=1,
            )
        ]

    def list_keys(self) -> Sequence[KeyCard]:
        return [
            KeyCard(
                id="k1",
                name="Gateway",
                role="service:gateway",
                source="gateway:g1",
                created_at=NOW - HOUR,
                expires_at=NOW + HOUR,
                used_at=0,
                revoked_at=0,
            )
        ]

    def second_factor(self, *, actor: Actor) -> FactorCard:
        return FactorCard(is_on=True, codes_left=9)

    def list_displays(self) -> Sequence[DisplayCard]:
        return [
            DisplayCard(
                id="d1",
                name="Corridor",
                shows="beds",
                created_at=NOW - HOUR,
                expires_at=NOW + HOUR,
                used_at=0,
                revoked_at=0,
            )
        ]

    def count_audit(self, query: AuditQuery) -> int:
        return len(self.audit(query))

    def audit(self, query: AuditQuery) -> Sequence[AuditLine]:
        line = AuditLine(
            sequence=1,
            at=NOW,
            actor="user-1",
            actor_name="reader",
            action="session.started",
            subject="",
            facts={"address": "::1"},
        )
        return [line] if not query.action or line.action.startswith(query.action) else []


class SmallJourney:
    """One ambulance on its way; nobody wears a wristband."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, ...]] = []

    def bind(self, tag: str, encounter: str, *, actor: Actor) -> int:
        self.acts.append(("bind", tag, encounter))
        return NOW

    def unbind(self, tag: str, *, actor: Actor) -> None:
        self.acts.append(("unbind", tag))

    def bindings(self, tag: str) -> Sequence[object]:
        return []

    def check(self, tag: str, encounter: str, *, stage: str, service_point: str, actor: Actor) -> str:
        return "" if encounter == "E-right" else "other_encounter"

    def ambulances(self) -> Sequence[Encounter]:
        return [Encounter(id="ambulance-1", expected_at=NOW + HOUR // 4, acuity=2, reserved="W1-B1")]

    def announce(self, expected_at: int, acuity: int, *, actor: Actor, bay: str = "", service: str = "") -> None:
        self.acts.append(("announce", str(expected_at), str(acuity), bay))

    def arrived(self, encounter: str, *, actor: Actor) -> None:
        self.acts.append(("arrived", encounter))

    def cancel(self, encounter: str, *, actor: Actor) -> None:
        self.acts.append(("cancel", encounter))


class SmallWatches:
    """Nothing is watched over, and whatever is set is only noted."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, object]] = []

    def fences(self) -> Sequence[object]:
        return []

    def limits(self) -> Sequence[object]:
        return []

    def put(self, kind: str, facts: Mapping[str, object], *, actor: str) -> str:
        self.acts.append((kind, dict(facts)))
        return "watch-1"

    def end(self, watch_id: str, *, actor: str) -> None:
        self.acts.append(("end", watch_id))


class SmallUpkeep:
    """An installation with one backup and one thing out of order, in memory."""

    def findings(self, language: str) -> Sequence[FindingCard]:
        fine = FindingCard(check="folder.exists", is_ok=True, detail=language)
        return [fine, FindingCard(check="backup.fresh", is_ok=False, detail="Too old.", cure="Take one.")]

    def state(self) -> BackupState:
        card = BackupCard(name="hospital-1.backup", taken_at=NOW, last_sequence=7, size=3_000_000)
        return BackupState(backups=(card,), folder="/backups", is_nightly=True, kept=14)


class SmallDoors:
    """No zone has a rule, and nobody was refused."""

    def rules(self) -> Sequence[object]:
        return []

    def refused(self) -> Sequence[object]:
        return []


def small_port(*roles: Role, state: LiveState | None = None) -> HospitalPort:
    """Give a port onto the small hospital, for a reader with these roles (all by default)."""
    memory = MemoryHospital(state if state is not None else small_state())
    reader = actor_with(*(roles or EVERYTHING))
    return HospitalPort(
        state=lambda: memory.state,
        read=memory.read,
        writer=memory,
        ledger=memory,
        clock=ManualClock(NOW),
        settings=Settings(site_name="Test hospital"),
        actor=lambda: reader,
        jobs=MemoryJobs(),
        services={
            "access": SmallDesk(),
            "journey": SmallJourney(),
            "watches": SmallWatches(),
            "upkeep": SmallUpkeep(),
            "entrances": SmallDoors(),
        },
    )


def stranger_port() -> HospitalPort:
    """Give a port for which nobody is signed in."""
    memory = MemoryHospital(small_state())

    def nobody() -> Actor:
        raise NotSignedIn("Nobody is signed in.")

    return HospitalPort(
        state=lambda: memory.state,
        read=memory.read,
        writer=memory,
        ledger=memory,
        clock=ManualClock(NOW),
        settings=Settings(),
        actor=nobody,
        jobs=MemoryJobs(),
    )
