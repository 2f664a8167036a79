from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel, create_engine

import scheduling.handlers
from scheduling.model.tasks import TaskStatus
from scheduling.service import tasks
from scheduling.service.tasks import Step
from scheduling.tables.tasks import list_tasks, load_task, transitions_of
from tests.inventory.stockroom import NOW, FakeLedger
from twin.errors import FieldError, Refused
from twin.events.patients import BedReadinessChanged, EncounterDeparted
from twin.events.work import TaskCompleted, TaskKind, TaskRequested


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path / 'tasks.db'}")
    SQLModel.metadata.create_all(
        engine, tables=[table for name, table in SQLModel.metadata.tables.items() if name.startswith("scheduling_task")]
    )
    with Session(engine) as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger(dict(scheduling.handlers.handlers()))


def step(key: str, actor: str = "cleaner-1") -> Step:
    return Step(command_id=key, actor=actor, at=NOW)


def request(key: str, *, dedupe_key: str = "clean:bed-1", priority: int = 3) -> TaskRequested:
    return TaskRequested(
        thing="bed-1",
        occurred_at=NOW,
        source="user:u",
        source_key=key,
        kind=TaskKind.CLEAN,
        dedupe_key=dedupe_key,
        subject_id="bed-1",
        to_place="bed-1",
        priority=priority,
    )


def test_departure_dirties_the_bed_and_finished_cleaning_makes_it_clean(session: Session, ledger: FakeLedger) -> None:
    departed = EncounterDeparted(thing="enc-1", occurred_at=NOW, source="his:a", source_key="a03", place="bed-1")
    ledger.append(session, [departed])
    [task] = list_tasks(session)

    tasks.start(session, ledger=ledger, step=step("s1"), task=task.id)
    tasks.complete(session, ledger=ledger, step=step("s2"), task=task.id)

    assert [event.readiness.value for event in ledger.of(BedReadinessChanged)] == [  # type: ignore[attr-defined]
        "dirty",
        "cleaning",
        "clean",
    ]
    assert load_task(session, task.id).status is TaskStatus.COMPLETED
    assert [found.to_status.value for found in transitions_of(session, task.id)] == ["started", "completed"]


def test_second_request_with_an_open_key_makes_no_second_task_but_may_hurry_it(
    session: Session, ledger: FakeLedger
) -> None:
    ledger.append(session, [request("r1"), request("r2", priority=1)])

    [task] = list_tasks(session)
    assert task.priority == 1


def test_key_of_a_closed_task_may_be_asked_for_again(session: Session, ledger: FakeLedger) -> None:
    ledger.append(session, [request("r1")])
    [first] = list_tasks(session)
    tasks.complete(session, ledger=ledger, step=step("s1"), task=first.id)

    ledger.append(session, [request("r2")])

    [second] = list_tasks(session)
    assert second.id != first.id


def test_step_sent_twice_is_one_step(session: Session, ledger: FakeLedger) -> None:
    ledger.append(session, [request("r1")])
    [task] = list_tasks(session)

    for _ in range(2):
        tasks.start(session, ledger=ledger, step=step("s1"), task=task.id)
        tasks.complete(session, ledger=ledger, step=step("s2"), task=task.id)

    assert len(transitions_of(session, task.id)) == 2
    assert len(ledger.of(TaskCompleted)) == 1


def test_block_needs_a_reason_and_a_started_task_belongs_to_who_started_it(
    session: Session, ledger: FakeLedger
) -> None:
    ledger.append(session, [request("r1")])
    [task] = list_tasks(session)
    started = tasks.start(session, ledger=ledger, step=step("s1", "cleaner-9"), task=task.id)

    with pytest.raises(FieldError):
        tasks.block(session, ledger=ledger, step=step("s2"), task=task.id, reason="")
    blocked = tasks.block(session, ledger=ledger, step=step("s3"), task=task.id, reason="room_in_use")

    assert started.assignee == "cleaner-9"
    assert (blocked.status, blocked.blocked_reason) == (TaskStatus.BLOCKED, "room_in_use")
    resumed = tasks.start(session, ledger=ledger, step=step("s4"), task=task.id)
    assert resumed.blocked_reason == ""


def test_completed_task_cannot_be_started(session: Session, ledger: FakeLedger) -> None:
    ledger.append(session, [request("r1")])
    [task] = list_tasks(session)
    tasks.complete(session, ledger=ledger, step=step("s1"), task=task.id)

    with pytest.raises(Refused):
        tasks.start(session, ledger=ledger, step=step("s2"), task=task.id)
