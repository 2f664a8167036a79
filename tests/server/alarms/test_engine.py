"""Alarms are raised after their delay, once, cleared after theirs, and held back behind what is down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.alarms.classes import read_classes
from server.alarms.engine import AlarmEngine
from server.wiring import Hospital
from tests.fakes import START_US
from twin.clock import MINUTE_US, SECOND_US, ManualClock
from twin.errors import ConfigurationError
from twin.events.envelope import Event
from twin.events.patients import QueueCalled, QueueJoined
from twin.events.supply import CycleEnded, StockMoved, StockoutPredicted, Verdict
from twin.events.things import AssetMoved, EgressSeen, SuspicionReason, TagSuspected
from twin.events.watch import AlarmPriority, AlarmShelved, GatewayHealthChanged, GatewayStatus
from twin.events.work import TaskCompleted, TaskCreated, TaskKind
from twin.settings import Settings
from twin.state.floods import groups_of
from twin.state.model import Alarm


class Watch:
    """A hospital whose engine is driven by hand: events, then time."""

    def __init__(self, hospital: Hospital, clock: ManualClock) -> None:
        self.hospital = hospital
        self.clock = clock
        self.engine = AlarmEngine(hospital)
        hospital.deadlines.on_due("alarms", self.engine._on_due)
        self.engine._restore()
        self._keys = 0

    def tell(self, event: Event) -> None:
        self.engine.follow(self.hospital.record_now([event]))

    def head(self, thing: str) -> dict[str, object]:
        self._keys += 1
        return {"thing": thing, "occurred_at": self.clock.now(), "source": "gateway:g1", "source_key": f"k{self._keys}"}

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.hospital.deadlines.tick()

    @property
    def active(self) -> set[tuple[str, str]]:
        live = self.hospital.live
        return {(live.alarms[key].alarm_class, live.alarms[key].subject_id) for key in live.index.active_alarms}


@pytest.fixture
def watch(settings: Settings, clock: ManualClock) -> Iterator[Watch]:
    from server.wiring import open_hospital

    hospital = open_hospital(settings, clock=clock, handlers=[])
    yield Watch(hospital, clock)
    hospital.close()


def gateway(watch: Watch, thing: str, status: GatewayStatus, parent: str = "") -> None:
    watch.tell(GatewayHealthChanged(**watch.head(thing), status=status, parent=parent))  # type: ignore[arg-type]


def test_egress_is_raised_at_once_and_cleared_when_the_device_is_back(watch: Watch) -> None:
    watch.tell(EgressSeen(**watch.head("P1"), place="exit"))  # type: ignore[arg-type]
    raised = watch.active

    watch.tell(AssetMoved(**watch.head("P1"), from_place="exit", to_place="ward"))  # type: ignore[arg-type]

    assert raised == {("egress", "P1")}
    assert watch.active == set()


def test_suspicion_of_a_copy_ends_by_somebodys_word_and_comes_back_with_a_new_proof(watch: Watch) -> None:
    def suspected(*, is_over: bool = False, by: str = "") -> TagSuspected:
        head = {**watch.head("TAG-1"), **({"source": f"user:{by}", "actor": by} if by else {})}
        return TagSuspected(reason=SuspicionReason.TWO_CHIPS, zone="a", other_zone="b", is_over=is_over, **head)  # type: ignore[arg-type]

    watch.tell(suspected())
    raised = watch.active
    watch.wait(60)
    watch.tell(suspected(is_over=True, by="engineer"))
    settled = watch.active
    watch.wait(60)
    watch.tell(suspected())

    assert (raised, settled, watch.active) == ({("tag_suspected", "TAG-1")}, set(), {("tag_suspected", "TAG-1")})


def test_short_outage_of_a_gateway_raises_nothing(watch: Watch) -> None:
    gateway(watch, "G1", GatewayStatus.OFFLINE)
    watch.wait(29)
    gateway(watch, "G1", GatewayStatus.ONLINE)
    watch.wait(60)

    assert watch.hospital.live.alarms == {}


def test_outage_is_raised_after_its_delay_and_cleared_after_another(watch: Watch) -> None:
    gateway(watch, "G1", GatewayStatus.OFFLINE)
    watch.wait(30)
    raised = watch.active
    gateway(watch, "G1", GatewayStatus.ONLINE)
    watch.wait(59)
    still = watch.active
    watch.wait(1)

    assert raised == still == {("gateway_offline", "G1")}
    assert watch.active == set()


def test_readers_behind_a_gateway_that_is_down_say_nothing_new(watch: Watch) -> None:
    gateway(watch, "G1", GatewayStatus.OFFLINE)
    watch.wait(31)
    for number in range(5):
        gateway(watch, f"R{number}", GatewayStatus.OFFLINE, parent="G1")
    watch.wait(31)
    held = watch.active
    gateway(watch, "G1", GatewayStatus.ONLINE)
    watch.wait(61)

    assert held == {("gateway_offline", "G1")}
    assert watch.active == {("gateway_offline", f"R{number}") for number in range(5)}


def test_same_events_again_raise_no_second_alarm(watch: Watch) -> None:
    event = EgressSeen(**watch.head("P1"), place="exit")  # type: ignore[arg-type]
    stored = watch.hospital.record_now([event])
    watch.engine.follow(stored)
    again = AlarmEngine(watch.hospital)

    again.follow(stored)  # what a crash between storing and noting the position leads to

    assert len(watch.hospital.live.alarms) == 1


def test_overdue_task_is_raised_and_ends_with_the_task(watch: Watch) -> None:
    due_at = START_US + 10 * MINUTE_US
    watch.tell(TaskCreated(**watch.head("K1"), kind=TaskKind.CLEAN, due_at=due_at))  # type: ignore[arg-type]
    watch.wait(10 * 60 + 299)
    before = watch.active
    watch.wait(1)
    raised = watch.active
    watch.tell(TaskCompleted(**watch.head("K1")))  # type: ignore[arg-type]

    assert (before, raised, watch.active) == (set(), {("task_overdue", "K1")}, set())


def test_failed_cycle_and_predicted_stock_out(watch: Watch) -> None:
    watch.tell(CycleEnded(**watch.head("M1"), cycle="C1", verdict=Verdict.UNDETERMINED))  # type: ignore[arg-type]
    for probability in (0.4, 0.6, 0.47):
        watch.tell(
            StockoutPredicted(**watch.head("I1"), place="S1", expected_at=START_US, probability=probability)  # type: ignore[arg-type]
        )
    raised = watch.active
    watch.tell(StockMoved(**watch.head("I1"), quantity=5, from_place="store", to_place="S1"))  # type: ignore[arg-type]

    assert raised == {("cycle_failed", "M1"), ("stockout_predicted", "I1@S1")}
    assert watch.active == {("cycle_failed", "M1")}


def test_one_alarm_for_a_queue_however_many_wait(watch: Watch) -> None:
    for number in range(3):
        watch.tell(QueueJoined(**watch.head(f"T{number}"), service_point="lab"))  # type: ignore[arg-type]
    watch.wait(3600)
    raised = watch.active
    for number in range(3):
        watch.tell(QueueCalled(**watch.head(f"T{number}")))  # type: ignore[arg-type]
    watch.wait(300)

    assert raised == {("queue_wait", "lab")}
    assert watch.active == set()


def test_shelved_alarm_comes_back_by_itself(watch: Watch) -> None:
    watch.tell(EgressSeen(**watch.head("P1"), place="exit"))  # type: ignore[arg-type]
    (alarm,) = watch.hospital.live.alarms
    until = watch.clock.now() + MINUTE_US
    watch.tell(AlarmShelved(**watch.head(alarm), until=until, reason="being fetched"))  # type: ignore[arg-type]
    shelved = watch.hospital.live.alarms[alarm].shelved_until

    watch.wait(60)

    assert shelved == until
    assert watch.hospital.live.alarms[alarm].shelved_until == 0


def test_delays_go_on_after_a_restart(watch: Watch) -> None:
    gateway(watch, "G1", GatewayStatus.OFFLINE)
    watch.wait(10)
    again = AlarmEngine(watch.hospital)
    watch.hospital.deadlines.on_due("alarms", again._on_due)
    again._restore()

    watch.wait(21)

    assert watch.active == {("gateway_offline", "G1")}
    assert len(watch.hospital.live.alarms) == 1


def test_flood_is_shown_by_roots() -> None:
    alarms = [
        Alarm(
            id=f"a{n}",
            is_active=True,
            alarm_class="egress",
            subject_id=f"P{n}",
            raised_at=START_US + n * SECOND_US,
            priority=AlarmPriority.LOW if n else AlarmPriority.HIGH,
        )
        for n in range(30)
    ]

    quiet = groups_of(alarms[:10], root_of=lambda alarm: "ward", now=START_US + MINUTE_US)
    flood = groups_of(alarms, root_of=lambda alarm: "ward", now=START_US + MINUTE_US)

    assert len(quiet) == 10
    assert [(group.root, group.priority, len(group.alarms)) for group in flood] == [("ward", "P1", 30)]


def test_every_shipped_class_says_what_to_do() -> None:
    classes = read_classes()

    assert {
        "egress",
        "gateway_offline",
        "cycle_failed",
        "stockout_predicted",
        "task_overdue",
        "queue_wait",
        "disk_low",
    } <= set(classes)
    assert all(data.action and data.consequence and data.owner_role for data in classes.values())


def test_class_with_an_unknown_field_is_refused(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "classes.toml"
    path.write_text('[egress]\npriority = "P9"\n')

    with pytest.raises(ConfigurationError, match="priority"):
        read_classes(path)
