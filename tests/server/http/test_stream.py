"""Live topics: snapshot, deltas with numbers, repetition of what was missed, and no patience with slow clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest
from starlette.requests import Request

from server.access import keys
from server.access.lasting import revoke
from server.doors.context import set_actor
from server.http import stream
from server.http.hub import CLIENT_BACKLOG, Hub
from server.http.stream import hub_of
from server.schema.access import KeyRow
from server.wiring import Hospital
from tests.fakes import START_US
from tests.server.conftest import Served
from twin.access import Role
from twin.events.watch import AlarmPriority, AlarmRaised
from twin.ports import Stored


def raise_alarm(hospital: Hospital, hub: Hub, number: int) -> None:
    hub.note(record_alarm(hospital, number))


def record_alarm(hospital: Hospital, number: int) -> Sequence[Stored]:
    event = AlarmRaised(
        thing=f"A{number}",
        occurred_at=START_US + number,
        source="twin:test",
        source_key=f"k{number}",
        alarm_class="egress",
        subject_id=f"P{number}",
        priority=AlarmPriority.HIGH,
    )
    return hospital.record_now([event])


def data_of(frame: bytes) -> dict[str, object]:
    told: dict[str, object] = json.loads(frame.partition(b"data: ")[2])
    return told


def test_new_client_gets_a_snapshot_and_then_deltas(hospital: Hospital) -> None:
    hub = hub_of(hospital)
    raise_alarm(hospital, hub, 1)
    hub.tick()
    listener, first = hub.join(frozenset({"alarms"}), last=None)
    raise_alarm(hospital, hub, 2)

    hub.tick()

    delta = data_of(listener.waiting.get_nowait().data)
    assert first[0].startswith(b"id: ")
    assert b"event: snapshot" in first[0]
    assert [one["id"] for one in data_of(first[0])["items"]] == ["A1"]
    assert [one["id"] for one in delta["items"]] == ["A2"]
    assert delta["events"][0]["type"] == "AlarmRaised"


def test_client_of_an_earlier_run_of_the_server_gets_a_snapshot(hospital: Hospital) -> None:
    before = hub_of(hospital)
    raise_alarm(hospital, before, 1)
    last = before.tick()[-1].number
    after = Hub(hospital.live, hospital.clock.now, hospital.ledger.steady)
    for number in range(3, 9):
        raise_alarm(hospital, after, number)
        after.tick()

    _, first = after.join(frozenset({"alarms"}), last=last)

    assert b"event: snapshot" in first[0]


def test_returning_client_gets_exactly_what_it_missed(hospital: Hospital) -> None:
    hub = hub_of(hospital)
    numbers = []
    for number in range(5):
        raise_alarm(hospital, hub, number)
        numbers += [frame.number for frame in hub.tick() if frame.topic == "alarms"]

    _, missed = hub.join(frozenset({"alarms"}), last=numbers[1])
    _, unknown = hub.join(frozenset({"alarms"}), last=10**9)

    assert [data_of(frame)["items"][0]["id"] for frame in missed] == ["A2", "A3", "A4"]
    assert b"event: snapshot" in unknown[0]


def test_slow_client_is_dropped_and_others_go_on(hospital: Hospital) -> None:
    hub = hub_of(hospital)
    slow, _ = hub.join(frozenset({"alarms"}), last=None)
    for number in range(CLIENT_BACKLOG + 1):
        raise_alarm(hospital, hub, number)
        hub.tick()

    assert slow.is_slow
    assert hub.listeners == 0


async def test_topic_needs_its_permission_and_must_exist(served: Served) -> None:
    auditor = await served.holder(Role.AUDITOR)

    forbidden = await auditor.get("/v1/stream", params={"topics": "alarms"})
    unknown = await auditor.get("/v1/stream", params={"topics": "nonsense"})

    assert (forbidden.status_code, unknown.status_code) == (403, 422)


async def test_the_first_change_after_a_rest_is_shown_at_once(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "TICK_S", 60.0)  # a tick by the clock would come long after the test
    hub = hub_of(hospital)
    async with stream.ticking(hospital):
        listener, _ = hub.join(frozenset({"alarms"}), last=None)

        record_alarm(hospital, 1)

        frame = await asyncio.wait_for(listener.waiting.get(), 10)
    assert [one["id"] for one in data_of(frame.data)["items"]] == ["A1"]


async def test_a_stream_ends_soon_after_its_key_was_revoked(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_S", 0.01)
    text = served.make_key(Role.LOGISTICS)
    scope = {"type": "http", "method": "GET", "path": "/v1/stream", "query_string": b"", "headers": []}
    set_actor(scope, served.access.keys.find(text, now=served.clock.now()))
    request = Request(scope | {"app": served.app.api})
    frames = stream._frames(request, hub_of(served.hospital), frozenset({"alarms"}), None)
    assert await anext(frames) == b"retry: 2000\n\n"
    key_id = text.removeprefix(keys.PREFIX).partition("_")[0]
    served.hospital.write_now(lambda session: revoke(session, KeyRow, key_id, now=served.clock.now()))
    served.access.keys.forget(key_id)

    async def last() -> bytes:
        return [frame async for frame in frames][-1]

    assert (await asyncio.wait_for(last(), 10)).startswith(b"event: ended")
