"""The ledger takes closed matters out of the live state, and brings them back when somebody speaks of them again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes import START_US
from twin.clock import ManualClock
from twin.db.database import Database
from twin.events.envelope import Event
from twin.events.patients import (
    EncounterClass,
    EncounterDeparted,
    EncounterFactCancelled,
    EncounterFinished,
    EncounterMoved,
    EncounterStarted,
)
from twin.events.watch import AlarmCleared, AlarmPriority, AlarmRaised
from twin.ledger.ledger import Ledger
from twin.state.live import LiveState
from twin.state.model import EncounterStatus


@pytest.fixture
def ledger(database: Database, clock: ManualClock) -> Iterator[Ledger]:
    opened = Ledger(database, state=LiveState(), clock=clock)
    yield opened
    opened.close()


def head(thing: str, at: int) -> dict[str, object]:
    return {"thing": thing, "occurred_at": START_US + at, "source": "his:main", "source_key": f"{thing}-{at}"}


def visit(key: str) -> list[Event]:
    return [
        EncounterStarted(encounter_class=EncounterClass.INPATIENT, place="bed-1", **head(key, 10)),  # type: ignore[arg-type]
        EncounterDeparted(place="bed-1", **head(key, 19)),  # type: ignore[arg-type]
        EncounterFinished(**head(key, 20)),  # type: ignore[arg-type]
    ]


def replayed(ledger: Ledger) -> LiveState:
    state = LiveState()
    with ledger.database.read() as session:
        state.apply_all(one.event for one in ledger.read(session, limit=10_000))
    return state


def test_closed_visits_leave_the_live_state_and_stay_in_the_ledger(ledger: Ledger) -> None:
    ledger.submit([*visit("e1"), *visit("e2")[:1]]).result(10)

    gone = ledger.forget_closed(START_US + 100)

    assert gone == 1
    assert set(ledger.state.encounters) == {"e2"}
    assert set(replayed(ledger).encounters) == {"e1", "e2"}


@pytest.mark.parametrize(
    "late",
    [
        EncounterFactCancelled(cancels="EncounterFinished", **head("e1", 30)),  # type: ignore[arg-type]  # HL7 A13
        EncounterMoved(place="bed-2", **head("e1", 15)),  # type: ignore[arg-type]  # between two known facts
        EncounterStarted(encounter_class=EncounterClass.INPATIENT, place="bed-3", **head("e1", 40)),  # type: ignore[arg-type]
    ],
    ids=["cancelled discharge", "late move", "second admission"],
)
def test_late_fact_finds_the_whole_visit(ledger: Ledger, late: Event) -> None:
    ledger.submit(visit("e1")).result(10)
    ledger.forget_closed(START_US + 100)

    ledger.submit([late]).result(10)

    assert ledger.state.digest() == replayed(ledger).digest()
    assert ledger.state.encounters["e1"].facts[0].source_key == "e1-10"


def test_reopened_visit_is_under_way_again_after_its_discharge_was_cancelled(ledger: Ledger) -> None:
    ledger.submit(visit("e1")).result(10)
    ledger.forget_closed(START_US + 100)

    ledger.submit([EncounterFactCancelled(cancels="EncounterFinished", **head("e1", 30))]).result(10)  # type: ignore[arg-type]

    assert ledger.state.encounters["e1"].status is EncounterStatus.IN_PROGRESS
    assert ledger.forget_closed(START_US + 100) == 0


def test_restart_from_a_snapshot_knows_what_was_forgotten(ledger: Ledger, database: Database) -> None:
    alarm = [
        AlarmRaised(alarm_class="egress", subject_id="a1", priority=AlarmPriority.HIGH, **head("al-1", 5)),  # type: ignore[arg-type]
        AlarmCleared(**head("al-1", 6)),  # type: ignore[arg-type]
    ]
    ledger.submit([*visit("e1"), *alarm]).result(10)
    assert ledger.forget_closed(START_US + 100) == 2
    ledger.take_snapshot().result(10)

    again = Ledger(database, state=LiveState())

    assert again.state.encounters == {}
    again.submit([EncounterMoved(place="bed-2", **head("e1", 30))]).result(10)  # type: ignore[arg-type]
    assert again.state.encounters["e1"].conflicts == ("moved_after_finish",)
    with database.read() as session:
        assert again.verify(session).is_equal
    again.close()


def test_verification_holds_though_things_closed_after_the_last_round(ledger: Ledger) -> None:
    ledger.submit(visit("e1")).result(10)
    ledger.forget_closed(START_US + 100)
    ledger.submit(visit("e2")).result(10)  # long past as well, and still there until the next round
    ledger.take_snapshot().result(10)

    with ledger.database.read() as session:
        found = ledger.verify(session)

    assert found.is_equal
