from __future__ import annotations

from collections.abc import Callable, Iterator
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlmodel import Session

from tests.fakes import START_US
from twin.clock import SECOND_US, ManualClock
from twin.db.database import Database, open_database
from twin.errors import Refused
from twin.events.envelope import Event, precedence
from twin.events.patients import (
    BedReadiness,
    BedReadinessChanged,
    EncounterClass,
    EncounterDeparted,
    EncounterFactCancelled,
    EncounterFinished,
    EncounterMoved,
    EncountersMerged,
    EncountersSwapped,
    EncounterStarted,
)
from twin.events.things import BearerKind, TagBound, ZoneChanged, ZoneConfirmed
from twin.history import checkpoints, history, projection
from twin.history.claims import claims_of
from twin.history.memory import MemoryHistory
from twin.history.projection import NAME, HistoryProjection
from twin.history.tables import CHECKPOINTS, INTERVALS
from twin.ledger.by_thing import latest_indexed
from twin.ledger.ledger import Ledger
from twin.ledger.retention import _prune
from twin.ledger.subscriptions import save_position
from twin.settings import Settings
from twin.state.live import LiveState

Record = Callable[..., None]


class Past:
    """A ledger with its history, where tests say what happened when and when it became known."""

    def __init__(self, database: Database) -> None:
        self.clock = ManualClock(START_US)
        self.ledger = Ledger(database, state=LiveState(), clock=self.clock)
        self.following = HistoryProjection().follow(self.ledger)
        self._number = 0

    def record(self, *events: Event, known: int = 0) -> None:
        self.clock.set(at(known))
        self.ledger.submit(events).result(10)
        assert self.following.wait_until(self.ledger.last_sequence(), 10), self.following.error

    def value(self, facet: str, thing: str, second: int, known: int | None = None) -> str:
        known_at = None if known is None else at(known)
        with self.ledger.database.read() as session:
            whole = history.state_at(session, at(second), known_at).value(facet, thing)
            assert history.value_at(session, facet, thing, at(second), known_at) == whole
        return whole

    def key(self) -> str:
        self._number += 1
        return f"k{self._number}"

    def close(self) -> None:
        self.ledger.close()


@pytest.fixture
def past(database: Database) -> Iterator[Past]:
    made = Past(database)
    yield made
    made.close()


def at(second: int) -> int:
    return START_US + second * SECOND_US


def zone(tag: str, place: str, second: int) -> ZoneChanged:
    return ZoneChanged(
        thing=tag, occurred_at=at(second), source="gateway:g", source_key=f"z/{tag}/{second}/{place}", zone=place
    )


def confirmed(tag: str, place: str, second: int) -> ZoneConfirmed:
    return ZoneConfirmed(
        thing=tag, occurred_at=at(second), source="gateway:g", source_key=f"c/{tag}/{second}/{place}", zone=place
    )


def bound(tag: str, bearer: str, second: int) -> TagBound:
    return TagBound(
        thing=tag,
        occurred_at=at(second),
        source="user:1",
        source_key=f"b/{tag}/{second}",
        bearer=bearer,
        bearer_kind=BearerKind.ASSET,
    )


def started(encounter: str, place: str, second: int) -> EncounterStarted:
    return EncounterStarted(
        thing=encounter,
        occurred_at=at(second),
        source="his:main",
        source_key=f"s/{encounter}/{second}",
        encounter_class=EncounterClass.INPATIENT,
        place=place,
    )


def fact(kind: type[Event], encounter: str, second: int, **fields: str) -> Event:
    key = f"{kind.__name__}/{encounter}/{second}"
    return kind(thing=encounter, occurred_at=at(second), source="his:main", source_key=key, **fields)


def test_a_facet_holds_until_the_next_claim(past: Past) -> None:
    past.record(zone("t1", "icu", 10), zone("t1", "ward", 20), zone("t2", "icu", 15))

    assert [past.value("tag.zone", "t1", second) for second in (9, 10, 19, 20, 999)] == [
        "",
        "icu",
        "icu",
        "ward",
        "ward",
    ]


def test_a_late_claim_splits_the_interval_it_falls_into(past: Past) -> None:
    past.record(zone("t1", "icu", 10), zone("t1", "ward", 30), known=30)
    past.record(zone("t1", "lift", 20), known=60)

    assert [past.value("tag.zone", "t1", second) for second in (10, 20, 29, 30)] == ["icu", "lift", "lift", "ward"]


def test_as_we_knew_it_then_does_not_know_what_came_late(past: Past) -> None:
    past.record(zone("t1", "icu", 10), zone("t1", "ward", 30), known=30)
    past.record(zone("t1", "lift", 20), known=60)

    assert past.value("tag.zone", "t1", 25, known=40) == "icu"
    assert past.value("tag.zone", "t1", 25, known=60) == "lift"
    assert past.value("tag.zone", "t1", 35, known=29) == ""


def test_a_claim_before_all_others_is_kept(past: Past) -> None:
    past.record(zone("t1", "ward", 30), known=30)
    past.record(zone("t1", "store", 5), known=31)

    assert [past.value("tag.zone", "t1", second) for second in (4, 5, 29, 30)] == ["", "store", "store", "ward"]


def test_a_confirmation_counts_again_when_something_late_comes_before_it(past: Past) -> None:
    past.record(zone("t1", "icu", 10), confirmed("t1", "icu", 30), known=30)
    past.record(zone("t1", "lift", 20), known=60)

    assert [past.value("tag.zone", "t1", second) for second in (15, 25, 35)] == ["icu", "lift", "icu"]


def test_a_confirmation_counts_also_after_a_restart(past: Past) -> None:
    past.record(zone("t1", "icu", 10), confirmed("t1", "icu", 30), confirmed("t1", "icu", 50), known=30)
    past.following.stop()
    past.following = HistoryProjection().follow(past.ledger)

    past.record(zone("t1", "lift", 20), known=60)
    past.record(zone("t1", "er", 40), known=61)

    assert [past.value("tag.zone", "t1", second) for second in (15, 25, 35, 45, 55)] == [
        "icu",
        "lift",
        "icu",
        "er",
        "icu",
    ]


def test_of_two_claims_of_one_instant_the_higher_ranked_source_holds(past: Past) -> None:
    low = BedReadinessChanged(
        thing="b1", occurred_at=at(5), source="demo:x", source_key="1", readiness=BedReadiness.DIRTY
    )
    high = BedReadinessChanged(
        thing="b1", occurred_at=at(5), source="user:7", source_key="2", readiness=BedReadiness.CLEAN
    )
    past.record(high)
    past.record(low)
    assert past.value("bed.readiness", "b1", 5) == "clean"

    past.record(
        BedReadinessChanged(
            thing="b2", occurred_at=at(5), source="demo:x", source_key="3", readiness=BedReadiness.DIRTY
        )
    )
    past.record(
        BedReadinessChanged(
            thing="b2", occurred_at=at(5), source="user:7", source_key="4", readiness=BedReadiness.CLEAN
        )
    )
    assert past.value("bed.readiness", "b2", 5) == "clean"


def test_an_encounter_is_followed_from_admission_to_departure(past: Past) -> None:
    past.record(started("E1", "bed-1", 10))
    past.record(fact(EncounterMoved, "E1", 20, place="bed-2"))
    past.record(fact(EncounterFinished, "E1", 30), fact(EncounterDeparted, "E1", 40, place="bed-2"))

    assert [past.value("encounter.place", "E1", s) for s in (5, 10, 25, 35)] == ["", "bed-1", "bed-2", ""]
    assert [past.value("encounter.present", "E1", s) for s in (25, 35, 45)] == ["bed-2", "bed-2", ""]
    assert past.value("encounter.status", "E1", 50) == "finished"


def test_a_cancelled_move_did_not_happen_but_was_believed(past: Past) -> None:
    past.record(started("E1", "bed-1", 10), known=10)
    past.record(fact(EncounterMoved, "E1", 20, place="bed-2"), known=20)
    past.record(fact(EncounterFactCancelled, "E1", 30, cancels="EncounterMoved"), known=30)

    assert [past.value("encounter.place", "E1", s) for s in (15, 25, 35)] == ["bed-1", "bed-1", "bed-1"]
    assert past.value("encounter.place", "E1", 25, known=25) == "bed-2"


def test_a_late_admission_is_told_before_the_move_that_came_first(past: Past) -> None:
    past.record(fact(EncounterMoved, "E1", 20, place="bed-2"), known=21)
    past.record(started("E1", "bed-1", 10), known=50)

    assert [past.value("encounter.place", "E1", s) for s in (9, 10, 20)] == ["", "bed-1", "bed-2"]
    assert past.value("encounter.place", "E1", 15, known=30) == ""


def test_swapped_encounters_exchange_their_places(past: Past) -> None:
    past.record(started("E1", "bed-1", 10), started("E2", "bed-2", 11))
    past.record(fact(EncountersSwapped, "E1", 20, other="E2"))

    assert [past.value("encounter.place", e, s) for s in (15, 25) for e in ("E1", "E2")] == [
        "bed-1",
        "bed-2",
        "bed-2",
        "bed-1",
    ]


def test_a_merged_encounter_lives_on_in_the_other(past: Past) -> None:
    past.record(started("E1", "bed-1", 10), started("E2", "", 11), known=11)
    past.record(fact(EncountersMerged, "E1", 20, into="E2"), known=20)

    assert past.value("encounter.place", "E2", 15) == "bed-1"
    assert past.value("encounter.place", "E1", 15) == ""
    assert past.value("encounter.place", "E1", 15, known=19) == "bed-1"


def test_who_was_in_a_place_tells_bearers_and_patients(past: Past) -> None:
    past.record(bound("t1", "IP-221", 0), zone("t1", "icu", 10), zone("t1", "ward", 50), zone("t9", "icu", 20))
    past.record(started("E1", "icu", 30), fact(EncounterMoved, "E1", 45, place="ward"))

    with past.ledger.database.read() as session:
        found = history.who_was_in(session, "icu", at(0), at(60))
        window = history.who_was_in(session, ["icu"], at(15), at(18))
        nobody = history.who_was_in(session, "icu", at(0), at(10))

    assert [
        (p.thing, (p.from_at - START_US) // SECOND_US, (p.to_at - START_US) // SECOND_US, p.basis) for p in found
    ] == [
        ("asset/IP-221", 10, 50, "observed"),
        ("tag/t9", 20, 60, "observed"),
        ("encounter/E1", 30, 45, "assigned"),
        ("encounter/E1", 30, 45, "present"),
    ]
    assert [(p.thing, p.from_at, p.to_at) for p in window] == [("asset/IP-221", at(15), at(18))]
    assert nobody == []


def test_a_tag_that_changes_hands_in_a_place_counts_for_both(past: Past) -> None:
    past.record(zone("t1", "icu", 10), bound("t1", "A", 20), bound("t1", "B", 30))

    with past.ledger.database.read() as session:
        found = history.who_was_in(session, "icu", at(0), at(40))

    assert [(p.thing, (p.from_at - START_US) // SECOND_US) for p in found] == [
        ("tag/t1", 10),
        ("asset/A", 20),
        ("asset/B", 30),
    ]


def test_the_trail_of_a_thing(past: Past) -> None:
    past.record(zone("t1", "icu", 10), zone("t1", "ward", 20), bound("t1", "A", 5))

    with past.ledger.database.read() as session:
        found = history.trail(session, "t1")
        newest = history.trail(session, "t1", facet="tag.zone", limit=1)

    assert [(i.facet, i.value, i.to_at is None) for i in found] == [
        ("tag.bearer", "asset/A", True),
        ("tag.zone", "icu", False),
        ("tag.zone", "ward", True),
    ]
    assert [i.value for i in newest] == ["ward"]


def test_the_difference_of_two_instants(past: Past) -> None:
    past.record(zone("t1", "icu", 10), zone("t2", "icu", 10), zone("t1", "ward", 20), zone("t3", "er", 25))

    with past.ledger.database.read() as session:
        found = history.diff(session, at(15), at(30))
        assert history.diff(session, at(15), at(15)) == []

    assert [(d.thing, d.before, d.after) for d in found] == [("t1", "icu", "ward"), ("t3", "", "er")]


def test_things_of_one_facet(past: Past) -> None:
    past.record(zone("t1", "icu", 10), zone("t2", "", 10), bound("t1", "A", 5))

    with past.ledger.database.read() as session:
        assert list(history.state_at(session, at(11)).things("tag.zone")) == ["t1"]


SEARCH = (Phase.explicit, Phase.generate)  # shrinking opens a database for every attempt

EVENTS = st.lists(
    st.tuples(st.sampled_from(["t1", "t2"]), st.sampled_from("ab"), st.integers(0, 12), st.booleans()),
    min_size=1,
    max_size=25,
    unique_by=lambda one: one[:3],
)


def claim_by_brute_force(events: list[Event], thing: str, instant: int) -> str:
    until = [e for e in events if e.occurred_at <= instant and any(c[1] == thing for c in claims_of(e))]
    latest = max(until, key=precedence, default=None)
    return claims_of(latest)[0][2] if latest is not None else ""


@settings(max_examples=60, deadline=None, phases=SEARCH)
@given(rows=EVENTS, cut=st.integers(1, 25), every=st.integers(2, 9))
def test_any_order_of_arrival_gives_the_history_of_a_plain_search(
    rows: list[tuple[str, str, int, bool]], cut: int, every: int, open_past: Callable[[], Past]
) -> None:
    past = open_past()
    checkpoints.EVERY, normal = every, checkpoints.EVERY
    memory = MemoryHistory(every=every)
    events: list[Event] = [(confirmed if is_word else zone)(tag, place, second) for tag, place, second, is_word in rows]
    try:
        for number, start in enumerate(range(0, len(events), cut)):
            past.record(*events[start : start + cut], known=100 + number)
            with past.ledger.database.read() as session:
                memory.refresh(session)
        for second in range(13):
            with past.ledger.database.read() as session:
                whole = history.state_at(session, at(second))
                then = history.state_at(session, at(second), at(100))
            assert whole.facts == memory.state_at(at(second))
            for tag in ("t1", "t2"):
                assert whole.value("tag.zone", tag) == claim_by_brute_force(events, tag, at(second))
                assert then.value("tag.zone", tag) == claim_by_brute_force(events[:cut], tag, at(second))
    finally:
        checkpoints.EVERY = normal
        past.close()
        past.ledger.database.close()


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(7)))
def test_encounter_facts_in_any_order_give_the_same_history(order: list[int], open_past: Callable[[], Past]) -> None:
    facts = [
        started("E1", "bed-1", 10),
        fact(EncounterMoved, "E1", 20, place="bed-2"),
        fact(EncounterFactCancelled, "E1", 30, cancels="EncounterMoved"),
        started("E2", "bed-9", 12),
        fact(EncountersSwapped, "E1", 40, other="E2"),
        fact(EncounterFinished, "E2", 50),
        fact(EncounterDeparted, "E2", 55, place="bed-1"),
    ]
    past = open_past()
    for number in order:
        past.record(facts[number])

    read = [past.value("encounter.place", e, s) for e in ("E1", "E2") for s in (5, 15, 25, 35, 45, 52)]
    past.close()
    past.ledger.database.close()

    assert read == ["", "bed-1", "bed-1", "bed-1", "bed-9", "bed-9", "", "bed-9", "bed-9", "bed-9", "bed-1", ""]


@settings(max_examples=25, deadline=None, phases=SEARCH)
@given(rows=EVENTS, cut=st.integers(1, 25), chips=st.lists(st.sampled_from(["", "", "E280"]), min_size=25, max_size=25))
def test_what_readers_repeat_is_written_as_every_other_claim_is(
    rows: list[tuple[str, str, int, bool]], cut: int, chips: list[str], open_past: Callable[[], Past]
) -> None:
    events = [
        msgspec.structs.replace((confirmed if is_word else zone)(tag, place, second), tid=chip)
        for (tag, place, second, is_word), chip in zip(rows, chips, strict=False)
    ]
    written = []
    for seen in (projection._SEEN, frozenset()):  # the short way, and the one for everything
        past = open_past()
        with patch.object(projection, "_SEEN", seen):
            for start in range(0, len(events), cut):
                past.record(*events[start : start + cut])
            with past.ledger.database.read() as session:
                written.append(session.execute(select(INTERVALS).order_by(INTERVALS.c.id)).all())
        past.close()
        past.ledger.database.close()

    assert written[0] == written[1]


def test_history_written_anew_from_the_ledger_is_the_same(past: Past) -> None:
    past.record(zone("t1", "icu", 10), zone("t1", "ward", 30), zone("t1", "lift", 20), started("E1", "bed-1", 10))
    past.record(fact(EncounterMoved, "E1", 20, place="bed-2"), fact(EncounterMoved, "E1", 15, place="bed-7"))
    with past.ledger.database.read() as session:
        before = [history.state_at(session, at(s)).facts for s in range(40)]

    past.ledger.database.writer.run(HistoryProjection().rebuild)

    def values(facts: object) -> object:
        assert isinstance(facts, dict)
        return {key: (fact.value) for key, fact in facts.items()}

    with past.ledger.database.read() as session:
        after = [history.state_at(session, at(s)).facts for s in range(40)]
    assert [values(f) for f in after] == [values(f) for f in before]


def pruned(past: Past, last: int, *, restarts: bool) -> None:
    """Take the first events out of the ledger, as retention does; memory of the projection goes with a restart."""
    past.ledger.database.writer.run(lambda session: _prune(session, last))
    if restarts:
        past.following.stop()
        past.following = HistoryProjection().follow(past.ledger)


@pytest.mark.parametrize("restarts", [False, True])
def test_late_facts_leave_alone_what_rests_on_facts_that_were_taken_out(past: Past, restarts: bool) -> None:
    past.record(started("E1", "bed-1", 10), fact(EncounterMoved, "E1", 20, place="bed-2"))
    past.record(fact(EncounterMoved, "E1", 40, place="bed-4"))
    pruned(past, 2, restarts=restarts)

    past.record(fact(EncounterMoved, "E1", 30, place="bed-3"))  # late, behind the last fact that is gone
    past.record(fact(EncounterMoved, "E1", 15, place="bed-9"))  # late, between facts that are gone
    past.record(fact(EncounterFactCancelled, "E1", 45, cancels="EncounterMoved"))
    past.record(fact(EncounterFinished, "E1", 50))

    assert [past.value("encounter.place", "E1", s) for s in (5, 12, 17, 25, 35, 42, 47, 55)] == [
        *("", "bed-1", "bed-1", "bed-2", "bed-3"),
        *("bed-3", "bed-3", ""),  # the move to bed-4 was taken back
    ]
    assert [past.value("encounter.status", "E1", s) for s in (5, 12, 35, 55)] == [
        *("", "in-progress", "in-progress", "finished")
    ]


def test_swaps_and_merges_after_pruning_go_on_from_what_the_history_holds(past: Past) -> None:
    past.record(started("E1", "bed-1", 10), started("E2", "bed-2", 11), started("E3", "bed-3", 12))
    past.record(zone("t1", "icu", 13))
    pruned(past, 3, restarts=True)

    past.record(fact(EncountersSwapped, "E1", 20, other="E2"))
    past.record(fact(EncountersMerged, "E3", 30, into="E1"))
    past.record(fact(EncounterMoved, "E1", 40, place="bed-4"))

    read = {e: [past.value("encounter.place", e, s) for s in (15, 25, 35, 45)] for e in ("E1", "E2", "E3")}
    assert read == {
        "E1": ["bed-1", "bed-2", "bed-2", "bed-4"],
        "E2": ["bed-2", "bed-1", "bed-1", "bed-1"],
        "E3": ["bed-3", "bed-3", "", ""],
    }


def test_late_sighting_holds_no_longer_than_the_last_word_that_pruning_took_away(past: Past) -> None:
    past.record(zone("t1", "icu", 10), confirmed("t1", "icu", 30), zone("t1", "ward", 50))
    pruned(past, 2, restarts=True)

    past.record(zone("t1", "lift", 20))

    assert [past.value("tag.zone", "t1", s) for s in (15, 25, 35, 55)] == ["icu", "lift", "icu", "ward"]


def test_history_is_not_written_anew_from_half_a_ledger(past: Past) -> None:
    past.record(zone("t1", "icu", 10), zone("t1", "ward", 20))
    pruned(past, 1, restarts=False)

    with pytest.raises(Refused, match="taken out"):
        past.ledger.database.writer.run(HistoryProjection().rebuild)

    assert past.value("tag.zone", "t1", 12) == "icu"


def test_checkpoints_that_a_late_fact_undid_come_back_one_by_one(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 5)

    def count() -> int:
        with past.ledger.database.read() as session:
            return len(session.execute(select(CHECKPOINTS.c.at)).all())

    past.record(*(zone("t1", f"z{n}", n) for n in range(1, 41)))
    while count() < 6:
        before = count()
        past.record(zone("t2", "a", 100 + before))
        assert count() == before + 1
    past.record(zone("t1", "cellar", 0))
    assert count() == 1
    past.record(zone("t2", "b", 200))

    assert count() == 2
    assert [past.value("tag.zone", "t1", s) for s in (0, 1, 33)] == ["cellar", "z1", "z33"]


def test_a_transaction_that_was_undone_leaves_no_trace_in_memory(past: Past) -> None:
    projection = HistoryProjection()
    past.record(zone("t1", "icu", 10))
    with past.ledger.database.read() as session:
        batch = past.ledger.read(session)

    def undone(session: object) -> None:
        projection.project(session, batch)  # type: ignore[arg-type]
        raise RuntimeError("power")

    for _ in range(2):
        error = past.ledger.database.writer.submit(undone).exception(10)
        assert isinstance(error, RuntimeError)
    assert past.value("tag.zone", "t1", 11) == "icu"


def test_batch_whose_commit_failed_is_written_whole_when_it_comes_again(database: Database, clock: ManualClock) -> None:
    ledger, projection = Ledger(database, state=LiveState(), clock=clock), HistoryProjection()
    events = [zone("t1", f"z{second}", second) for second in range(1, 7)]
    stored = ledger.submit(events).result(10)

    def fails_at_commit(session: Session) -> None:
        projection.project(session, stored[2:4])
        raise RuntimeError("the disk is full")

    database.writer.run(lambda session: projection.project(session, stored[:2]))
    database.writer.run(lambda session: save_position(session, NAME, 2, clock))
    assert isinstance(database.writer.submit(fails_at_commit).exception(10), RuntimeError)
    database.writer.run(lambda session: projection.project(session, stored[2:4]))
    database.writer.run(lambda session: projection.project(session, stored[4:]))

    with database.read() as session:
        assert [history.value_at(session, "tag.zone", "t1", at(second)) for second in range(1, 7)] == [
            f"z{second}" for second in range(1, 7)
        ]
        assert sorted(session.execute(latest_indexed("t1", 10)).scalars()) == [1, 2, 3, 4, 5, 6]
    ledger.close()


def values_told(database: Database, count: int) -> list[str]:
    with database.read() as session:
        return [history.value_at(session, "tag.zone", "t1", at(second)) for second in range(1, count + 1)]


def test_batch_taken_in_ahead_of_the_writer_is_written_once_whatever_fails(
    database: Database, clock: ManualClock
) -> None:
    ledger, ahead = Ledger(database, state=LiveState(), clock=clock), HistoryProjection()
    events = [zone("t1", f"z{second}", second) for second in range(1, 9)]
    stored = ledger.submit(events).result(10)

    def fails_at_commit(session: Session) -> None:
        ahead.project(session, stored[4:6])
        raise RuntimeError("the disk is full")

    def keep(up_to: int) -> None:
        database.writer.run(lambda session: save_position(session, NAME, up_to, clock))

    database.writer.run(lambda session: ahead.project(session, stored[:2]))
    keep(2)
    # the writer took no more work: the same comes again, and more with it
    ahead.take_in(stored[2:3])
    ahead.take_in(stored[2:4])
    database.writer.run(lambda session: ahead.project(session, stored[2:4]))
    keep(4)
    ahead.take_in(stored[4:6])
    assert isinstance(database.writer.submit(fails_at_commit).exception(10), RuntimeError)
    ahead.take_in(stored[4:6])
    database.writer.run(lambda session: ahead.project(session, stored[4:6]))
    keep(6)
    # written anew while a batch is under way
    ahead.take_in(stored[6:])
    database.writer.run(ahead.rebuild)
    database.writer.run(lambda session: ahead.project(session, stored[6:]))

    assert values_told(database, 8) == [f"z{second}" for second in range(1, 9)]
    with database.read() as session:
        assert session.execute(select(func.count()).select_from(INTERVALS)).scalar_one() == 8
        assert sorted(session.execute(latest_indexed("t1", 20)).scalars()) == list(range(1, 9))
    ledger.close()


def test_what_is_taken_in_ahead_asks_the_tables_only_for_what_is_late(database: Database, clock: ManualClock) -> None:
    ledger, ahead = Ledger(database, state=LiveState(), clock=clock), HistoryProjection()
    first = ledger.submit([zone("t1", "z1", 1)]).result(10)
    database.writer.run(lambda session: ahead.project(session, first))
    mixed = [zone("t1", "z4", 4), started("e1", "bed", 2), zone("t1", "z2", 2), zone("t2", "a", 1), zone("t1", "z5", 5)]
    stored = ledger.submit(mixed).result(10)

    ahead.take_in(stored)
    database.writer.run(lambda session: ahead.project(session, stored))

    assert values_told(database, 5) == ["z1", "z2", "z2", "z4", "z5"]
    with database.read() as session:
        assert history.value_at(session, "tag.zone", "t2", at(3)) == "a"
        assert history.value_at(session, "encounter.place", "e1", at(3)) == "bed"
    ledger.close()


@pytest.fixture(scope="module")
def open_past(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Past]:
    def make() -> Past:
        database = open_database(Settings(data_dir=tmp_path_factory.mktemp("past"), free_disk_floor_mb=0))
        database.create_tables()
        return Past(database)

    return make


def test_reader_that_repeats_itself_at_one_instant_changes_nothing(past: Past) -> None:
    past.record(zone("T", "Z1", 10), zone("T", "Z2", 20))
    before = rows_of(past)

    past.record(confirmed("T", "Z2", 20), known=30)

    assert rows_of(past) == before
    assert (past.value("tag.zone", "T", 19), past.value("tag.zone", "T", 20)) == ("Z1", "Z2")


def rows_of(past: Past) -> list[tuple[object, ...]]:
    with past.ledger.database.read() as session:
        return [tuple(row) for row in session.execute(select(INTERVALS).order_by(INTERVALS.c.id))]
