"""Whatever door an act comes through, the audit knows who did it; what happens by itself leaves no row."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from sqlmodel import col, select

from server.audit import chain as audit
from server.audit.acts import ACTIONS
from server.schema.access import AuditRow
from server.wiring import Hospital
from tests.server.conftest import Served
from twin.access import Role
from twin.events.envelope import Event
from twin.events.patients import (
    BedReadiness,
    BedReadinessChanged,
    BedService,
    BedServiceChanged,
    QueueCalled,
    QueueLeft,
    StageReached,
)
from twin.events.places import PathClosed, PathReopened, PlaceDefined, PlaceKind, PlaceRemoved
from twin.events.supply import ItemsMerged, LoadRejected, LoadReleased, OrderDecided
from twin.events.things import AssetRetired, LimitsSet, TagSuspected
from twin.events.watch import AlarmAcknowledged, AlarmPriority, AlarmRaised, AlarmShelved, AlarmUnshelved
from twin.events.work import (
    LeaveGranted,
    LeaveTermsSet,
    PlanPublished,
    ShiftRequestChanged,
    TaskAssigned,
    TaskBlocked,
    TaskCancelled,
    TaskCompleted,
    TaskKind,
    TaskRequested,
    TaskStarted,
)

PAYLOADS: dict[type[Event], dict[str, object]] = {
    LoadReleased: {"machine": "m", "cycle": "c"},
    LoadRejected: {"machine": "m", "cycle": "c", "reason": "wet"},
    ItemsMerged: {"dropped": "item-2", "quantity": 3},
    OrderDecided: {"decision": "approved", "supplier": "Acme", "value_minor": 900},
    PlanPublished: {"kind": "admissions", "start_at": 1, "end_at": 2, "content_hash": "h"},
    AssetRetired: {},
    LimitsSet: {"kind": "electrical", "body": "[]"},
    TagSuspected: {"reason": "two_chips", "zone": "a", "other_zone": "b", "is_over": True},
    PlaceDefined: {"kind": PlaceKind.ROOM, "name": "Room 1"},
    PlaceRemoved: {},
    PathClosed: {"reason": "serviced"},
    PathReopened: {},
    BedServiceChanged: {"service": BedService.CLOSED, "reason": "motor broken"},
    BedReadinessChanged: {"readiness": BedReadiness.DIRTY},
    ShiftRequestChanged: {"kind": "leave", "stage": "asked", "staff": "nurse-1", "reason": "wedding"},
    LeaveTermsSet: {"year": 2026, "half_days": 60},
    LeaveGranted: {"year": 2026, "half_days": -3, "reason": "joined in May"},
    AlarmAcknowledged: {},
    AlarmShelved: {"until": 9, "reason": "known"},
    AlarmUnshelved: {},
    TaskRequested: {"kind": TaskKind.CLEAN, "dedupe_key": "d", "subject_id": "s", "reason": "manual"},
    TaskAssigned: {"assignee": "user-2"},
    TaskStarted: {},
    TaskBlocked: {"reason": "damaged"},
    TaskCompleted: {"quantity": 3},
    TaskCancelled: {"reason": "not needed"},
    QueueCalled: {"counter": "2", "exception_reason": "chest pain"},
    QueueLeft: {"reason": "did not come"},
    StageReached: {"stage": "operation_started", "service_point": "t1"},
}


def rows(hospital: Hospital) -> Sequence[AuditRow]:
    with hospital.read() as session:
        return session.exec(select(AuditRow).order_by(col(AuditRow.sequence))).all()


def event_of(kind: type[Event], actor: str, hospital: Hospital) -> Event:
    return kind(
        thing="thing-1",
        occurred_at=hospital.clock.now(),
        source="user:u",
        source_key=f"{kind.__name__}{actor}",
        actor=actor,
        **PAYLOADS[kind],
    )


@pytest.mark.parametrize("kind", ACTIONS)
def test_an_act_of_a_person_is_noted_with_what_it_was(hospital: Hospital, kind: type[Event]) -> None:
    hospital.record_now([event_of(kind, "user-1", hospital)])

    noted = [row for row in rows(hospital) if row.action == ACTIONS[kind]]
    assert [(row.actor, row.subject) for row in noted] == [("user-1", "thing-1")]
    facts = json.loads(noted[0].facts)
    told = {name: value for name, value in PAYLOADS[kind].items() if name in {"reason", "assignee", "content_hash"}}
    assert facts.items() >= told.items()
    assert facts["event"]


@pytest.mark.parametrize("kind", ACTIONS)
@pytest.mark.parametrize("actor", ["", "system"])
def test_what_happens_by_itself_leaves_no_row(hospital: Hospital, kind: type[Event], actor: str) -> None:
    hospital.record_now([event_of(kind, actor, hospital)])

    assert not [row for row in rows(hospital) if row.action == ACTIONS[kind]]


def test_an_act_that_comes_twice_is_noted_once_and_one_that_is_undone_never(hospital: Hospital) -> None:
    act = event_of(AlarmAcknowledged, "user-1", hospital)

    def undone(session: object) -> None:
        hospital.ledger.append(session, [event_of(AlarmUnshelved, "user-1", hospital)])  # type: ignore[arg-type]
        raise RuntimeError("changed my mind")

    hospital.record_now([act])
    hospital.record_now([act])
    with pytest.raises(RuntimeError):
        hospital.write_now(undone)

    assert [row.action for row in rows(hospital)] == ["alarm.acknowledged"]
    with hospital.read() as session:
        assert audit.verify(session).sequence == 1


async def test_an_alarm_handled_over_http_is_in_the_audit(served: Served) -> None:
    raised = AlarmRaised(
        thing="A1",
        occurred_at=served.clock.now(),
        source="twin:test",
        source_key="A1",
        alarm_class="egress",
        subject_id="IP-1",
        priority=AlarmPriority.HIGH,
    )
    served.hospital.record_now([raised])
    nurse = await served.signed_in(Role.NURSE)

    await nurse.post("/v1/alarms/A1/acknowledge")
    await nurse.post("/v1/alarms/A1/shelve", json={"minutes": 30, "reason": "on the way"})

    auditor = await served.signed_in(Role.AUDITOR)
    page = (await auditor.get("/v1/audit", params={"action": "alarm."})).json()["rows"]
    assert [(row["action"], row["subject"]) for row in page] == [("alarm.acknowledged", "A1"), ("alarm.shelved", "A1")]
    assert page[1]["facts"]["reason"] == "on the way"
    assert page[0]["actor"] == served.hospital.live.alarms["A1"].acknowledged_by


async def test_word_that_a_copied_tag_is_gone_is_noted_and_no_other_alarm_ends_so(served: Served) -> None:
    def raised(alarm: str, kind: str, *parameters: tuple[str, str]) -> AlarmRaised:
        return AlarmRaised(
            thing=alarm,
            occurred_at=served.clock.now(),
            source="twin:test",
            source_key=alarm,
            alarm_class=kind,
            subject_id="TAG-1",
            place="ward",
            priority=AlarmPriority.LOW,
            parameters=parameters,
        )

    served.hospital.record_now(
        [raised("A1", "tag_suspected", ("other", "exit"), ("reason", "two_chips")), raised("A2", "egress")]
    )
    engineer = await served.signed_in(Role.BIOMED)

    settled, refused = [await engineer.post(f"/v1/alarms/{alarm}/settle") for alarm in ("A1", "A2")]

    with served.hospital.read() as session:
        (told,) = [one.event for one in served.hospital.ledger.read(session) if isinstance(one.event, TagSuspected)]
    assert (settled.status_code, refused.status_code) == (200, 409)
    assert (told.thing, told.is_over, told.reason, told.zone, told.other_zone) == (
        "TAG-1",
        True,
        "two_chips",
        "ward",
        "exit",
    )
    auditor = await served.signed_in(Role.AUDITOR)
    (row,) = (await auditor.get("/v1/audit", params={"action": "tag."})).json()["rows"]
    assert (row["action"], row["subject"], row["actor"]) == ("tag.suspicion_settled", "TAG-1", told.actor)
