"""What stands in the table beside the columns, and that every event is read back as it was given."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from sqlalchemy import text

from tests import strategies as hospital
from tests.twin.ledger.test_ledger import START_US, MakeLedger, all_stored, bound, make_ledger, zone
from twin.db.database import Database
from twin.events import registry
from twin.events.envelope import Event
from twin.events.registry import EVENT_TYPES
from twin.ledger.bodies import HEAD, bodies_of
from twin.ports import HandlerContext

__all__ = ["make_ledger"]

GOLDEN = Path(__file__).parents[2] / "golden" / "events-v1.jsonl"
TAKEN_OUT = set(HEAD)


def golden() -> list[Event]:
    return [registry.decode(line) for line in GOLDEN.read_bytes().splitlines()]


def stored_bodies(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.execute(text("SELECT body FROM events ORDER BY sequence")).scalars())


def store_whole(database: Database, sequence: int, event: Event) -> None:
    """Store an event as releases did that kept whole bodies."""
    row = {name: getattr(event, name, "") for name in (*HEAD, "version")}
    row |= {"sequence": sequence, "type": type(event).__name__, "body": registry.encode(event).decode()}
    names = ", ".join(row)
    insert = text(f"INSERT INTO events ({names}) VALUES ({', '.join(f':{name}' for name in row)})")
    database.writer.run(lambda session: session.execute(insert, row))


def test_every_type_of_event_is_read_back_byte_by_byte(make_ledger: MakeLedger, database: Database) -> None:
    ledger, events = make_ledger(), golden()

    told = ledger.submit(events).result(10)

    with database.read() as session:
        found = ledger.read(session, limit=len(events) + 1)
        assert ledger.by_id(session, events[7].id) == told[7]
    assert [registry.encode(one.event) for one in found] == [registry.encode(event) for event in events]
    assert not any(json.loads(body).keys() & TAKEN_OUT for body in stored_bodies(database))


@pytest.mark.parametrize(
    "odd",
    [
        'quote " and \\ and /',
        "tab\tline\nreturn\r\x01\x1f\x7f",
        "\u2028 é 😀 中文",
        "{}",
        "}",
        '{"type":"ZoneChanged"}',
        # what ends the head, in every field that comes before or after it
        f'"recorded_at":{START_US}',
        f',"recorded_at":{START_US},"zone":"x"',
        "%s ? :name",
    ],
)
def test_odd_texts_are_read_back_as_they_were_given(make_ledger: MakeLedger, odd: str) -> None:
    ledger = make_ledger()
    events = [
        zone(odd, odd, key=f"{odd}{number}")
        if number
        else msgspec.structs.replace(zone(odd, odd, key=odd), source=f"gateway:{odd}", actor=odd, confidence=0.25)
        for number in range(20)
    ]

    told = [one.event for one in ledger.submit(events).result(10)]

    assert [(one.thing, one.source, one.source_key) for one in told] == [
        (one.thing, one.source, one.source_key) for one in events
    ]
    assert [one.event for one in all_stored(ledger)] == told
    # a fact that is known is answered with the one that was stored
    assert [one.event for one in ledger.submit(events).result(10)] == told


def test_rows_with_whole_bodies_are_read_beside_those_without_heads(
    make_ledger: MakeLedger, database: Database
) -> None:
    events = golden()
    half = len(events) // 2
    for number, event in enumerate(events[:half], start=1):
        store_whole(database, number, event)
    ledger = make_ledger()

    ledger.submit(events[half:]).result(10)

    assert [one.event for one in all_stored(ledger)] == events
    assert all(body.startswith('{"type":') for body in stored_bodies(database)[:half])
    again = make_ledger()
    assert again.state.digest() == ledger.state.digest()
    known = ledger.submit([msgspec.structs.replace(event, id="", recorded_at=0) for event in events]).result(10)
    assert [(one.is_new, one.event) for one in known] == [(False, event) for event in events]


def test_a_binding_of_the_same_transaction_is_found_by_its_handler(make_ledger: MakeLedger) -> None:
    bearers: list[str] = []

    def look(context: HandlerContext, event: Event) -> list[Event]:
        bearers.append(context.bearer_of(event.thing, event.occurred_at))
        return []

    ledger = make_ledger({EVENT_TYPES["ZoneChanged"]: {"x.look": look}})
    ledger.submit([bound("t1", 'pump "7" \\ é'), zone("t1", "icu", START_US + 1)]).result(10)

    assert bearers == ['pump "7" \\ é']


def test_an_event_without_an_instant_of_recording_keeps_its_whole_body() -> None:
    assert bodies_of([zone("t1", "icu")]) == [registry.encode(zone("t1", "icu")).decode()]


@given(hospital.event_sets(max_size=20))
def test_a_body_holds_what_the_columns_do_not(events: list[Event]) -> None:
    completed = [
        msgspec.structs.replace(event, id=f"id-{number}", recorded_at=START_US + number % 3)
        for number, event in enumerate(events)
    ]

    for event, body in zip(completed, bodies_of(completed), strict=True):
        whole, kept = json.loads(registry.encode(event)), json.loads(body)
        assert kept == {name: value for name, value in whole.items() if name not in TAKEN_OUT}


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=lambda kind: kind.__name__)
def test_every_type_writes_its_payload_then_the_head_then_what_is_kept(kind: type[Event]) -> None:
    written = [field.encode_name for field in msgspec.structs.fields(kind)]
    after = ["causation", "actor", "confidence", "version"]  # texts and numbers, in which nothing is nested

    assert written[-10:] == [*HEAD[1:], *after]
    assert len(written) == len(set(written))


class Part(msgspec.Struct, tag_field="type", tag="Part", kw_only=True):
    """Part of a payload that calls everything as a head does."""

    thing: str
    occurred_at: int
    source: str
    source_key: str
    id: str
    recorded_at: int
    actor: str = ""


class Confusing(Event, frozen=True):
    """Event whose payload could be taken for a head."""

    parts: list[Part]
    by_name: dict[str, int]


@pytest.mark.parametrize("actor", ["", "user:1", '"thing":"x","recorded_at":7', "\\"])
def test_a_payload_that_looks_like_a_head_is_not_taken_for_it(actor: str) -> None:
    part = Part(thing="x", occurred_at=1, source="a:b", source_key="k", id="i", recorded_at=7, actor=actor)
    event = Confusing(
        thing='"thing":"y"',
        occurred_at=6,
        source="gateway:g",
        source_key='"recorded_at":7',
        id="0",
        recorded_at=7,
        actor=actor,
        parts=[part, part],
        by_name={"thing": 1, "recorded_at": 7, "type": 3},
    )

    (body,) = bodies_of([event])

    whole = json.loads(registry.encode(event))
    assert json.loads(body) == {name: value for name, value in whole.items() if name not in TAKEN_OUT}
    assert not body.startswith('{"type":')
