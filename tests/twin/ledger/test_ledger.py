from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from tests.fakes import START_US
from twin.clock import ManualClock
from twin.db.database import Database, open_database
from twin.errors import FieldError, StorageError
from twin.events.envelope import Event
from twin.events.patients import EncounterClass, EncounterStarted
from twin.events.places import PathClosed
from twin.events.things import AssetMoved, BearerKind, TagBound, TagUnbound, ZoneChanged
from twin.ledger.ledger import Ledger
from twin.ports import HandlerContext, Handlers, Stored
from twin.settings import Settings
from twin.state.live import LiveState

MakeLedger = Callable[..., Ledger]


@pytest.fixture
def make_ledger(database: Database, clock: ManualClock) -> Iterator[MakeLedger]:
    made: list[Ledger] = []

    def make(handlers: Handlers | None = None, **options: int) -> Ledger:
        made.append(Ledger(database, state=LiveState(), handlers=handlers, clock=clock, **options))
        return made[-1]

    yield make
    for ledger in made:
        ledger.close()


def zone(tag: str, place: str, at: int = START_US, key: str = "") -> ZoneChanged:
    return ZoneChanged(
        thing=tag, occurred_at=at, source="gateway:ed-1", source_key=key or f"{tag}/{at}/{place}", zone=place
    )


def bound(tag: str, asset: str, at: int = START_US) -> TagBound:
    return TagBound(
        thing=tag,
        occurred_at=at,
        source="user:7",
        source_key=f"{tag}/{asset}",
        bearer=asset,
        bearer_kind=BearerKind.ASSET,
    )


def moved(context: HandlerContext, event: Event) -> list[Event]:
    assert isinstance(event, ZoneChanged)
    bearer = context.bearer_of(event.thing, event.occurred_at)
    if not bearer:
        return []
    return [
        AssetMoved(
            thing=bearer, occurred_at=event.occurred_at, source="", source_key="", from_place="", to_place=event.zone
        )
    ]


MOVES: Handlers = {ZoneChanged: {"assets.moved": moved}}


def all_stored(ledger: Ledger) -> list[Stored]:
    with ledger.database.read() as session:
        return ledger.read(session)


def test_a_fact_gets_id_instant_and_position(make_ledger: MakeLedger) -> None:
    ledger = make_ledger()

    (stored,) = ledger.submit([zone("t1", "icu")]).result(10)

    assert (stored.sequence, stored.is_new) == (1, True)
    assert len(stored.event.id) == 36
    assert stored.event.recorded_at == START_US
    assert [one.event for one in all_stored(ledger)] == [stored.event]


def test_the_same_fact_is_stored_once(make_ledger: MakeLedger) -> None:
    ledger = make_ledger()
    first = ledger.submit([zone("t1", "icu", key="k1")]).result(10)[0]

    again = ledger.submit([zone("t1", "elsewhere", key="k1"), zone("t2", "icu", key="k2")]).result(10)

    assert [(s.sequence, s.is_new) for s in again] == [(1, False), (2, True)]
    assert again[0].event == first.event


def test_a_fact_twice_in_one_batch_is_stored_once(make_ledger: MakeLedger) -> None:
    ledger = make_ledger()

    stored = ledger.submit([zone("t", "a", key="k"), zone("t", "b", key="k"), zone("t", "c", key="l")]).result(10)

    assert [(s.sequence, s.is_new) for s in stored] == [(1, True), (1, False), (2, True)]


def test_large_batches_with_duplicates_keep_sequence_without_gaps(make_ledger: MakeLedger) -> None:
    ledger = make_ledger()
    ledger.submit([zone("t", "a", key=f"k{i}") for i in range(0, 100, 7)]).result(10)

    stored = ledger.submit([zone("t", "a", key=f"k{i}") for i in range(100)]).result(10)

    assert sum(s.is_new for s in stored) == 85
    assert [s.sequence for s in all_stored(ledger)] == list(range(1, 101))


@pytest.mark.parametrize(
    ("event", "field"),
    [
        # no key: the same fact sent again could not be told from a new one
        (ZoneChanged(thing="t", occurred_at=1, source="gateway:a", source_key="", zone="z"), "source_key"),
        # a source without its kind has no rank
        (ZoneChanged(thing="t", occurred_at=1, source="gateway", source_key="k", zone="z"), "source"),
        # milliseconds taken for microseconds twice over: no calendar holds it
        (ZoneChanged(thing="t", occurred_at=10**18, source="gateway:a", source_key="k", zone="z"), "occurred_at"),
    ],
)
def test_a_head_that_cannot_be_stored_is_refused_and_nothing_of_its_batch_stays(
    make_ledger: MakeLedger, event: Event, field: str
) -> None:
    ledger = make_ledger()

    error = ledger.submit([zone("good", "icu"), event]).exception(10)

    assert isinstance(error, FieldError)
    assert (error.problem.field, error.problem.place) == (field, "events/1")
    assert all_stored(ledger) == []


def test_senders_that_share_a_transaction_get_their_own_answers(make_ledger: MakeLedger) -> None:
    ledger = make_ledger(MOVES)
    started, go = threading.Event(), threading.Event()

    def hold(_transaction: object) -> None:
        started.set()
        go.wait(10)

    ledger.database.writer.submit_work(hold)
    assert started.wait(10)
    bad = ZoneChanged(thing="t", occurred_at=1, source="nobody", source_key="k", zone="z")
    good = [ledger.submit([zone("t1", "a", key="k1"), zone("t1", "b", key="k2")]), ledger.submit([])]
    good.append(ledger.submit([zone("t2", "a", key="k1"), zone("t2", "a", key="k3")]))
    refused = ledger.submit([zone("t3", "a", key="k4"), bad])
    good.append(ledger.submit([zone("t4", "a", key="k5")]))
    go.set()

    assert [[(s.sequence, s.is_new) for s in one.result(10)] for one in good] == [
        [(1, True), (2, True)],
        [],
        [(1, False), (3, True)],
        [(4, True)],
    ]
    error = refused.exception(10)
    assert isinstance(error, FieldError)
    assert error.problem.place == "events/1"
    assert [s.event.source_key for s in all_stored(ledger)] == ["k1", "k2", "k3", "k5"]
    assert ledger.state.sequence == 4


def test_events_cannot_be_changed_or_taken_away(make_ledger: MakeLedger, database: Database) -> None:
    ledger = make_ledger()
    ledger.submit([zone("t1", "icu")]).result(10)

    for statement in ("UPDATE events SET thing = 'x'", "DELETE FROM events"):
        error = database.writer.submit(lambda s, sql=statement: s.execute(text(sql))).exception(10)
        assert "append-only" in str(error)

    assert len(all_stored(ledger)) == 1


def test_replacing_a_row_is_refused_too(make_ledger: MakeLedger, database: Database) -> None:
    if database.dialect != "sqlite":
        error = database.writer.submit(lambda s: s.execute(text("TRUNCATE events"))).exception(10)
    else:
        make_ledger().submit([zone("t1", "icu")]).result(10)
        replace = "INSERT OR REPLACE INTO events SELECT sequence, id, type, version, 'x', 0, 0, source, source_key, body FROM events"
        error = database.writer.submit(lambda s: s.execute(text(replace))).exception(10)

    assert "append-only" in str(error)


def test_a_use_case_that_fails_after_append_stores_nothing_and_tells_nobody(make_ledger: MakeLedger) -> None:
    ledger = make_ledger()

    def use_case(session: Session) -> None:
        ledger.append(session, [zone("t1", "icu")])
        raise ValueError("a later rule forbids it")

    assert isinstance(ledger.database.writer.submit(use_case).exception(10), ValueError)
    ledger.submit([zone("t2", "ward")]).result(10)

    assert [s.event.thing for s in all_stored(ledger)] == ["t2"]
    assert set(ledger.state.tags) == {"t2"}
    assert ledger.state.sequence == 1


def test_live_state_shows_a_fact_when_its_sender_is_answered(make_ledger: MakeLedger) -> None:
    ledger = make_ledger()

    ledger.submit([zone("t1", "icu")]).result(10)

    sighting = ledger.state.tags["t1"].sighting
    assert isinstance(sighting, ZoneChanged)
    assert sighting.zone == "icu"


def test_a_frozen_value_is_not_taken_while_events_are_applied(make_ledger: MakeLedger) -> None:
    ledger = make_ledger()

    with ThreadPoolExecutor(1) as pool:
        with ledger.steady:
            waiting = pool.submit(ledger.state.freeze)
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
        assert waiting.result(10).sequence == ledger.state.sequence


def test_append_outside_a_use_case_is_refused(make_ledger: MakeLedger) -> None:
    ledger = make_ledger()

    with ledger.database.read() as session, pytest.raises(StorageError, match=r"writer\.submit"):
        ledger.append(session, [zone("t1", "icu")])


def test_a_derived_fact_names_its_cause_and_handler(make_ledger: MakeLedger) -> None:
    ledger = make_ledger(MOVES)
    ledger.submit([bound("t1", "IP-221")]).result(10)

    (cause,) = ledger.submit([zone("t1", "icu", START_US + 1)]).result(10)

    derived = all_stored(ledger)[-1].event
    assert isinstance(derived, AssetMoved)
    assert (derived.thing, derived.to_place) == ("IP-221", "icu")
    assert derived.source == "twin:assets.moved"
    assert derived.source_key == f"{cause.event.id}:assets.moved"
    assert derived.causation == cause.event.id


def test_a_handler_sees_bindings_of_its_own_transaction(make_ledger: MakeLedger) -> None:
    ledger = make_ledger(MOVES)

    ledger.submit([bound("t1", "IP-221"), zone("t1", "icu", START_US + 1)]).result(10)

    assert isinstance(all_stored(ledger)[-1].event, AssetMoved)


def test_a_late_binding_does_not_outrank_a_later_one(make_ledger: MakeLedger) -> None:
    ledger = make_ledger(MOVES)
    ledger.submit([bound("t1", "NEW", START_US + 100)]).result(10)

    ledger.submit([bound("t1", "OLD", START_US), zone("t1", "icu", START_US + 200)]).result(10)
    ledger.submit([bound("t1", "OLDER", START_US - 50), zone("t1", "er", START_US + 20)]).result(10)

    derived = [s.event for s in all_stored(ledger) if isinstance(s.event, AssetMoved)]
    assert [event.thing for event in derived] == ["NEW", "OLD"]


def test_unbinding_in_the_same_transaction_is_seen(make_ledger: MakeLedger) -> None:
    ledger = make_ledger(MOVES)
    ledger.submit([bound("t1", "IP-221")]).result(10)
    unbound = TagUnbound(thing="t1", occurred_at=START_US + 5, source="user:7", source_key="off")

    ledger.submit([unbound, zone("t1", "icu", START_US + 9)]).result(10)

    assert not any(isinstance(s.event, AssetMoved) for s in all_stored(ledger))


def test_several_derived_facts_of_one_handler_have_keys_of_their_own(make_ledger: MakeLedger) -> None:
    def two(_context: HandlerContext, event: Event) -> list[Event]:
        make = [PathClosed(thing=f"p{i}", occurred_at=event.occurred_at, source="", source_key="") for i in (1, 2)]
        return list(make)

    ledger = make_ledger({ZoneChanged: {"x.two": two}})
    ledger.submit([zone("t1", "icu")]).result(10)

    keys = [s.event.source_key.partition(":")[2] for s in all_stored(ledger)[1:]]
    assert keys == ["x.two", "x.two:1"]


def test_derived_facts_are_handled_in_turn(make_ledger: MakeLedger) -> None:
    def close(_context: HandlerContext, event: Event) -> list[Event]:
        return [PathClosed(thing=event.thing, occurred_at=event.occurred_at, source="", source_key="")]

    ledger = make_ledger({**MOVES, AssetMoved: {"x.close": close}})
    ledger.submit([bound("t1", "IP-221"), zone("t1", "icu")]).result(10)

    assert [type(s.event).__name__ for s in all_stored(ledger)] == [
        "TagBound",
        "ZoneChanged",
        "AssetMoved",
        "PathClosed",
    ]


def test_a_chain_without_end_is_cut_and_seen(make_ledger: MakeLedger) -> None:
    def again(_context: HandlerContext, event: Event) -> list[Event]:
        return [PathClosed(thing=event.thing, occurred_at=event.occurred_at, source="", source_key="")]

    ledger = make_ledger({PathClosed: {"x.again": again}})
    ledger.submit([PathClosed(thing="p", occurred_at=START_US, source="user:1", source_key="k")]).result(10)

    with ledger.database.read() as session:
        (row,) = ledger.unhandled(session)
    assert row.handler == "x.again"
    assert "without end" in row.error


class Flaky:
    """A handler that fails until it is told not to, after having written something."""

    def __init__(self) -> None:
        self.is_broken = True

    def __call__(self, context: HandlerContext, event: Event) -> list[Event]:
        context.session.execute(text("INSERT INTO events_pruning (up_to) VALUES (-1)"))
        context.session.execute(text("DELETE FROM events_pruning"))
        if self.is_broken and event.thing == "bad":
            raise KeyError("no such bed")
        return [PathClosed(thing=event.thing, occurred_at=event.occurred_at, source="", source_key="")]


def test_a_failing_handler_is_seen_holds_up_nothing_and_is_tried_again(
    make_ledger: MakeLedger, clock: ManualClock
) -> None:
    flaky = Flaky()
    ledger = make_ledger({ZoneChanged: {"x.flaky": flaky, "x.moved": moved}})
    ledger.submit([bound("bad", "IP-1"), zone("good", "icu"), zone("bad", "icu")]).result(10)

    with ledger.database.read() as session:
        (row,) = ledger.unhandled(session)
        stored = ledger.read(session)
    assert (row.handler, row.attempts) == ("x.flaky", 1)
    assert "no such bed" in row.error
    assert sorted(type(s.event).__name__ for s in stored) == [
        "AssetMoved",
        "PathClosed",
        "TagBound",
        "ZoneChanged",
        "ZoneChanged",
    ]

    assert ledger.database.writer.run(ledger.retry) == 1  # not due yet: not tried
    clock.advance(11)
    assert ledger.database.writer.run(ledger.retry) == 1  # due, fails again, waits longer
    with ledger.database.read() as session:
        (row,) = ledger.unhandled(session)
    assert row.attempts == 2
    assert row.retry_at - clock.now() == 20_000_000

    flaky.is_broken = False
    clock.advance(21)
    assert ledger.database.writer.run(ledger.retry) == 0
    assert [s.event.thing for s in all_stored(ledger) if isinstance(s.event, PathClosed)] == ["good", "bad"]


def test_a_handler_that_does_not_exist_any_more_stays_in_sight(make_ledger: MakeLedger, clock: ManualClock) -> None:
    make_ledger({ZoneChanged: {"x.flaky": Flaky()}}).submit([zone("bad", "icu")]).result(10)
    newer = make_ledger({})

    assert newer.database.writer.run(lambda s: newer.retry(s, is_forced=True)) == 1

    with newer.database.read() as session:
        assert "no handler 'x.flaky'" in newer.unhandled(session)[0].error


def test_events_of_one_thing_and_by_id(make_ledger: MakeLedger) -> None:
    ledger = make_ledger()
    stored = ledger.submit([zone("t1", "a"), zone("t2", "b"), zone("t1", "c", START_US + 1)]).result(10)

    with ledger.database.read() as session:
        assert [s.sequence for s in ledger.read(session, thing="t1")] == [1, 3]
        assert ledger.read(session, after=1, limit=1)[0].sequence == 2
        found = ledger.by_id(session, stored[1].event.id)
        assert found is not None
        assert found.event == stored[1].event
        assert ledger.by_id(session, "nothing") is None


def test_reopened_ledger_has_the_same_live_state(
    database_settings: Settings, clock: ManualClock, make_events: Callable[[int], list[Event]]
) -> None:
    events = make_events(300)
    with open_database(database_settings) as database:
        database.create_tables()
        ledger = Ledger(database, state=LiveState(), clock=clock, snapshot_every=100, handlers=MOVES)
        for start in range(0, 300, 30):
            ledger.submit(events[start : start + 30]).result(10)
        digest, last = ledger.state.digest(), ledger.last_sequence()
        ledger.close()

    with open_database(database_settings) as database:
        again = Ledger(database, state=LiveState(), clock=clock)
        with database.read() as session:
            verification = again.verify(session)

        assert again.state.digest() == digest
        assert again.last_sequence() == last
        assert verification.sequence >= 100
        assert verification.is_equal
        again.close()


def test_a_damaged_snapshot_is_passed_over(make_ledger: MakeLedger, make_events: Callable[[int], list[Event]]) -> None:
    ledger = make_ledger()
    ledger.submit(make_events(60)).result(10)
    ledger.take_snapshot().result(10)
    damage = text("UPDATE state_snapshots SET digest = 'ffffffff'")
    ledger.database.writer.run(lambda session: session.execute(damage))

    again = make_ledger()

    assert again.state.digest() == ledger.state.digest()


@pytest.fixture
def make_events() -> Callable[[int], list[Event]]:
    def make(count: int) -> list[Event]:
        events: list[Event] = []
        for i in range(count):
            at = START_US + i * 1_000_000
            if i % 5 == 0:
                events.append(bound(f"t{i % 20}", f"A{i}", at))
            elif i % 7 == 0:
                events.append(
                    EncounterStarted(
                        thing=f"E{i}",
                        occurred_at=at,
                        source="his:main",
                        source_key=f"e{i}",
                        encounter_class=EncounterClass.INPATIENT,
                        place=f"bed-{i}",
                    )
                )
            else:
                events.append(zone(f"t{i % 20}", f"z{i % 9}", at - (i % 3) * 5_000_000, f"k{i}"))
        return events

    return make


@settings(max_examples=15, deadline=None)
@given(
    keys=st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=40), min_size=1, max_size=6),
)
def test_whatever_the_batches_each_key_is_stored_once_in_order_without_gaps(
    keys: list[list[int]], sqlite_ledger: Callable[[], Ledger]
) -> None:
    ledger = sqlite_ledger()

    answers = [ledger.submit([zone("t", "z", key=f"k{k}") for k in batch]) for batch in keys]
    for answer in answers:
        answer.result(10)

    stored = all_stored(ledger)
    flat = [key for batch in keys for key in batch]
    assert [s.event.source_key for s in stored] == [f"k{k}" for k in dict.fromkeys(flat)]
    assert [s.sequence for s in stored] == list(range(1, len(set(flat)) + 1))
    sequence_by_key = {s.event.source_key: s.sequence for s in stored}
    for batch, answer in zip(keys, answers, strict=True):
        assert [s.sequence for s in answer.result(10)] == [sequence_by_key[f"k{k}"] for k in batch]
    ledger.close()
    ledger.database.close()


@pytest.fixture(scope="module")
def sqlite_ledger(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Ledger]:
    def make() -> Ledger:
        settings = Settings(data_dir=tmp_path_factory.mktemp("ledger"), free_disk_floor_mb=0)
        database = open_database(settings)
        database.create_tables()
        return Ledger(database, state=LiveState())

    return make
