"""Stock requisitions by OMS^O05: what is asked for, given up, and not understood."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.hl7v2.message import read_message
from interop.hl7v2.telling import Told, tell
from server.listening import receive
from server.wiring import open_hospital
from tests.interop.conftest import InMemory, places
from twin.clock import ManualClock
from twin.events.work import RequestSettled, TaskKind, TaskRequested
from twin.settings import Settings
from twin.state.live import LiveState
from twin.state.model import TaskStatus

HEAD = "MSH|^~\\&|WARDSYS|HOSP|TWIN|HOSP|20260105080000||OMS^O05^OMS_O05|R1|P|2.5.1"


@pytest.fixture
def listening(clock: ManualClock) -> InMemory:
    state = LiveState()
    for number, place in enumerate(places(), 1):
        state.apply(place, number)
    return InMemory(state, clock)


def written(*segments: str) -> bytes:
    return "\r".join((HEAD, *segments)).encode() + b"\r"


def told_by(listening: InMemory, *segments: str) -> Told:
    message = read_message(written(*segments))
    return tell(message, listening.intake.around(message, listening.clock.now()))


def test_each_line_is_a_request_of_its_own(listening: InMemory) -> None:
    told = told_by(
        listening,
        "ORC|NW|PO-7^WARDSYS",
        "TQ1|1||||||||S^Stat",
        "RQD|1|I-1^Gloves||GLOVES^Gloves M^L|12|BX^box||| W1 ^Ward 1|20260106",
        "ORC|NW|PO-8",
        "RQD|2|MASKS||| 2.5 ||||W2",
    )

    first, second = told.events
    assert isinstance(first, TaskRequested)
    assert isinstance(second, TaskRequested)
    assert (first.kind, first.subject_id, first.quantity, first.to_place) == (TaskKind.RESTOCK, "GLOVES", 12, "W1")
    assert (first.priority, first.due_at) == (1, 1_767_657_600_000_000)  # stat; 6 January 2026
    assert (second.subject_id, second.quantity, second.to_place, second.priority) == ("MASKS", 3, "W2", 3)
    assert first.dedupe_key != second.dedupe_key


@pytest.mark.parametrize(
    ("segments", "place"),
    [
        (("PV1|1|I|W2^1^A", "ORC|NW|P|||||||||||W1", "RQD|1|GLOVES|||1"), "W2-1-A"),  # for the patient of the message
        (("ORC|NW|P|||||||||||W1", "RQD|1|GLOVES|||1"), "W1"),  # where it was entered
        (("PV1|1|I|W2^1^A", "ORC|NW|P", "RQD|1|GLOVES|||1||||W1"), "W1"),  # where the line says, before all
    ],
)
def test_it_is_brought_where_the_message_says(listening: InMemory, segments: tuple[str, ...], place: str) -> None:
    (event,) = told_by(listening, *segments).events

    assert isinstance(event, TaskRequested)
    assert event.to_place == place


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("RQD|1||EXT-9||5||||W1", "requisition_unreadable"),  # an outside code names no item of ours
        ("RQD|1|GLOVES|||0||||W1", "requisition_unreadable"),
        ("RQD|1|GLOVES|||-3||||W1", "requisition_unreadable"),
        ("RQD|1|GLOVES|||nan||||W1", "requisition_unreadable"),
        ("RQD|1|GLOVES|||1e300||||W1", "requisition_unreadable"),
        ('RQD|1|GLOVES|||""||||W1', "requisition_unreadable"),
        ("RQD|1|GLOVES|||5", "place_missing"),
        ("RQD|1|GLOVES|||5||||NOWHERE", "place_missing"),
    ],
)
def test_what_cannot_be_done_is_stored_with_the_reason(listening: InMemory, line: str, note: str) -> None:
    told = told_by(listening, "ORC|NW|P1", line)

    assert told.events == ()
    assert note in told.notes


def test_an_unknown_place_is_listed_for_a_person_to_match(listening: InMemory) -> None:
    assert told_by(listening, "ORC|NW|P1", "RQD|1|GLOVES|||5||||STORE-9").unmatched == (("STORE-9", ""),)


def test_a_status_of_an_order_asks_for_nothing(listening: InMemory) -> None:
    told = told_by(listening, "ORC|SC|P1", "RQD|1|GLOVES|||5||||W1")

    assert (told.events, "order_not_new" in told.notes) == ((), True)


@given(
    order=st.text("ABC123-", min_size=1, max_size=8),
    line=st.integers(1, 99),
    quantity=st.integers(1, 10**9 - 1),
    control=st.sampled_from(["CA", "DC", "OC", "ca"]),
)
def test_a_cancel_settles_the_request_of_the_same_order_and_line(
    order: str, line: int, quantity: int, control: str
) -> None:
    state = LiveState()
    for number, place in enumerate(places(), 1):
        state.apply(place, number)
    listening = InMemory(state, ManualClock(1_767_600_000_000_000))

    (asked,) = told_by(listening, f"ORC|NW|{order}", f"RQD|{line}|GLOVES|||{quantity}||||W1").events
    (settled,) = told_by(listening, f"ORC|{control}|{order}", f"RQD|{line}|GLOVES").events

    assert isinstance(asked, TaskRequested)
    assert isinstance(settled, RequestSettled)
    assert asked.dedupe_key == settled.dedupe_key
    assert (asked.quantity, settled.is_done) == (quantity, False)


async def test_it_is_a_task_of_the_house_until_it_is_given_up(tmp_path: Path, clock: ManualClock) -> None:
    hospital = open_hospital(Settings(data_dir=tmp_path, free_disk_floor_mb=0, time_zone="UTC"), clock=clock)
    try:
        hospital.record_now(places())
        asked = written("ORC|NW|PO-1", "RQD|1|GLOVES|||4||||W1")
        await receive(hospital, read_message(asked), asked)
        (task,) = hospital.live.tasks.values()
        assert (task.kind, task.to_place, task.quantity) == (TaskKind.RESTOCK, "W1", 4)
        assert task.status is TaskStatus.REQUESTED

        gone = written("ORC|CA|PO-1", "RQD|1|GLOVES").replace(b"|R1|", b"|R2|")
        await receive(hospital, read_message(gone), gone)

        assert [one.status for one in hospital.live.tasks.values()] == [TaskStatus.CANCELLED]
    finally:
        hospital.close()
