"""Whichever reader's line is faster: where tags are, and when, follows from the readings' own times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfid_gateway.cleaning.layout import Layout, ReadPoint, ReadPointKind
from rfid_gateway.cleaning.pipeline import Cleaning, CleaningSettings
from rfid_gateway.cleaning.zones import FilterSettings
from rfid_gateway.rfid.readings import TagReading
from tests.fakes import START_US
from twin.clock import SECOND_US
from twin.events.envelope import Event
from twin.events.things import PortalCrossed, ZoneChanged, ZoneStayEnded

WARD, STORE, EXIT, STREET = "WARD", "STORE", "EXIT", "STREET"
ROOMS = (
    ReadPoint(id="w", reader="r1", antenna=1, place=WARD),
    ReadPoint(id="s", reader="r2", antenna=1, place=STORE),
    ReadPoint(id="k", reader="r3", antenna=1, place="KITCHEN"),
)
CHOKE = ReadPoint(id="x", reader="r4", antenna=1, place=EXIT, kind=ReadPointKind.CHOKE)
BESIDE = frozenset({(WARD, STORE), (STORE, "KITCHEN"), (WARD, EXIT)})
READERS = ("r1", "r2", "r3", "r4")
NO_LEARNING = FilterSettings(learning_memory=0.0)
MS_US = 1000
SPAN_MS = 12_000  # of the readings; stays end when their tags are lost some seconds later
SETTINGS = CleaningSettings(stay_lag_s=4.0, absence_s=8.0, lateness_s=0.3, patience_s=2.0)

Arrival = tuple[int, TagReading]


def readings_of(reader: str) -> st.SearchStrategy[list[tuple[int, str, str]]]:
    moment = st.tuples(st.integers(0, SPAN_MS), st.just(reader), st.sampled_from("AB"))
    return st.lists(moment, max_size=25).map(sorted)


streams = st.tuples(*(readings_of(reader) for reader in READERS))


def in_order(streams: Sequence[Sequence[tuple[int, str, str]]], delays_ms: dict[str, list[int]]) -> list[Arrival]:
    """Give when each reading comes: delayed by the next of its reader's delays, yet after what its reader told before.

    All delays of 0 make the ordered stream.
    """
    arrivals: list[Arrival] = []
    for stream in streams:
        came = 0
        for number, (at_ms, reader, tag) in enumerate(stream):
            delays = delays_ms.get(reader) or [0]
            came = max(came, at_ms + delays[number % len(delays)])
            at = START_US + at_ms * MS_US
            arrivals.append((START_US + came * MS_US, TagReading(tag, reader, 1, at)))
    return sorted(arrivals, key=lambda one: one[0])


def run(layout: Layout, arrivals: Sequence[Arrival], how: CleaningSettings = SETTINGS) -> tuple[Cleaning, list[Event]]:
    """Feed readings as they come, ten ticks a second between them, and let all tags be lost in the end."""
    cleaning, events, now = Cleaning(layout, how), list[Event](), START_US
    waiting = list(arrivals)
    end = START_US + 40 * SECOND_US + 900_000  # not at an epoch's end: who is waited for longer must not count
    while now < end:
        now += SECOND_US // 10
        while waiting and waiting[0][0] <= now:
            came, reading = waiting.pop(0)
            events += cleaning.accept([reading], came)
        events += cleaning.advance(now)
    return cleaning, events


def stays(events: Sequence[Event]) -> list[ZoneStayEnded]:
    return [one for one in events if isinstance(one, ZoneStayEnded)]


delays = st.fixed_dictionaries({reader: st.lists(st.integers(0, 300), min_size=1, max_size=5) for reader in READERS})


@settings(max_examples=40)
@given(streams, delays)
def test_any_interleaving_within_the_lateness_gives_the_stays_of_the_ordered_stream(
    streams: Sequence[Sequence[tuple[int, str, str]]], delays_ms: dict[str, list[int]]
) -> None:
    layout = Layout((*ROOMS, CHOKE), BESIDE)

    ordered, told = run(layout, in_order(streams, {}))
    tangled, told_anyhow = run(layout, in_order(streams, delays_ms))

    assert tangled.figures.late == ordered.figures.late == 0
    assert stays(told_anyhow) == stays(told)
    assert [tangled.zone_of(tag) for tag in "AB"] == [ordered.zone_of(tag) for tag in "AB"]


@settings(max_examples=25)
@given(streams, delays)
def test_moves_between_rooms_are_told_alike_whichever_line_is_faster(
    streams: Sequence[Sequence[tuple[int, str, str]]], delays_ms: dict[str, list[int]]
) -> None:
    layout = Layout(ROOMS, BESIDE)

    _, told = run(layout, in_order(streams[:3], {}))
    _, told_anyhow = run(layout, in_order(streams[:3], delays_ms))

    assert told_anyhow == told


@settings(max_examples=25)
@given(streams, st.fixed_dictionaries({reader: st.integers(0, 1_500).map(lambda ms: [ms]) for reader in READERS}))
def test_reader_that_is_known_to_be_late_is_waited_for(
    streams: Sequence[Sequence[tuple[int, str, str]]], delays_ms: dict[str, list[int]]
) -> None:
    layout, how = Layout((*ROOMS, CHOKE), BESIDE), replace(SETTINGS, filter=NO_LEARNING)
    # Another tag shows how late each reader is; it comes in the same order before all others.
    beats = [[(0, reader, "BEAT"), (10, reader, "BEAT")] for reader in READERS]
    later = [[(at_ms + 2500, reader, tag) for at_ms, reader, tag in stream] for stream in streams]
    both = [[*beat, *stream] for beat, stream in zip(beats, later, strict=True)]

    _, told = run(layout, in_order(both, {}), how)
    tangled, told_anyhow = run(layout, in_order(both, delays_ms), how)

    assert [one for one in stays(told_anyhow) if one.thing != "BEAT"] == [
        one for one in stays(told) if one.thing != "BEAT"
    ]
    assert tangled.figures.late <= 2 * len(READERS)


@pytest.mark.parametrize("delay_ms", [700, 1_500, 2_800])
def test_stays_come_out_alike_though_a_reader_tells_its_own_behind_the_watermark(delay_ms: int) -> None:
    how = replace(SETTINGS, lateness_s=0.2, patience_s=0.2)  # nobody is waited for
    rooms = (("r1", 0, 10_000), ("r2", 10_000, 20_000), ("r1", 20_000, 30_000))
    walked = [[(ms, reader, "A") for ms in range(first, last, 400)] for reader, first, last in rooms]

    _, told = run(Layout(ROOMS, BESIDE), in_order(walked, {}), how)
    cleaning, told_late = run(Layout(ROOMS, BESIDE), in_order(walked, {"r2": [delay_ms]}), how)

    ordered, late = stays(told), stays(told_late)
    assert cleaning.figures.late >= 10
    assert [one.zone for one in late] == [one.zone for one in ordered] == [WARD, STORE, WARD]
    # What is decided of an epoch knows what came until then: a border may move by one.
    for one, other in zip(ordered, late, strict=True):
        assert abs(one.entered_at - other.entered_at) <= SECOND_US
        assert abs(one.occurred_at - other.occurred_at) <= SECOND_US


def test_exit_is_told_at_once_though_another_reader_is_slow_and_moves_nothing_back() -> None:
    layout = Layout((*ROOMS, CHOKE), BESIDE)
    ward = [(ms, "r1", "A") for ms in range(0, 9_000, 500)]
    slow = [(ms, "r2", "B") for ms in range(0, 12_000, 500)]
    arrivals = in_order([ward, slow, [(9_200, "r4", "A")]], {"r1": [400], "r2": [1_500]})
    cleaning, events = Cleaning(layout, SETTINGS), list[Event]()

    for came, reading in arrivals:
        found = cleaning.accept([reading], came)
        events += found
        if reading.reader == "r4":
            assert [(one.zone, one.occurred_at) for one in found if isinstance(one, ZoneChanged)] == [(EXIT, came)]

    assert [one.zone for one in events if isinstance(one, ZoneChanged) and one.thing == "A"] == [WARD, EXIT]
    assert cleaning.zone_of("A") == EXIT


def test_map_ends_at_the_exit_when_a_room_before_it_is_decided_after_it_was_heard_again() -> None:
    layout = Layout((*ROOMS, CHOKE), BESIDE)
    cleaning, events, now = Cleaning(layout, SETTINGS), list[Event](), START_US
    for second, readers in enumerate([["r4"], ["r1"], ["r1"], ["r1"], ["r1"], ["r4"], [], []]):
        now = START_US + second * SECOND_US + 50_000
        for reader in readers:
            events += cleaning.accept([TagReading("A", reader, 1, now)], now)
    events += cleaning.advance(now + 2 * SECOND_US)

    last = [one for one in events if isinstance(one, ZoneChanged)][-1]
    assert (last.zone, cleaning.zone_of("A")) == (EXIT, EXIT)


@pytest.mark.parametrize("delay_ms", [0, 80, 250])
def test_doorway_of_two_readers_tells_the_way_by_their_times_not_by_their_lines(delay_ms: int) -> None:
    door = {"place": "DOOR", "kind": ReadPointKind.PORTAL, "inside": WARD, "outside": STREET}
    layout = Layout(
        (
            *ROOMS,
            ReadPoint(id="i", reader="inner", antenna=1, **door),
            ReadPoint(id="o", reader="outer", antenna=1, is_outer=True, **door),
        ),
        BESIDE,
    )
    inner = [(ms, "inner", "A") for ms in (0, 100, 200)]
    outer = [(ms, "outer", "A") for ms in (250, 350, 450)]

    # The inner reader's line is the slower one: by arrival the tag would come in.
    _, events = run(layout, in_order([inner, outer], {"inner": [delay_ms]}))

    assert [(one.from_zone, one.to_zone) for one in events if isinstance(one, PortalCrossed)] == [(WARD, STREET)]


def test_readings_behind_the_watermark_are_counted_for_their_reader() -> None:
    cleaning = Cleaning(Layout(ROOMS, BESIDE), SETTINGS)
    for second in range(5):
        cleaning.accept([TagReading("A", "r1", 1, START_US + second * SECOND_US)], START_US + second * SECOND_US)
    now = START_US + 5 * SECOND_US

    cleaning.accept([TagReading("A", "r2", 1, now - 3 * SECOND_US), TagReading("A", "r1", 1, now)], now)

    assert [cleaning.progress_of(reader).late for reader in ("r1", "r2", "nobody")] == [0, 1, 0]
    assert cleaning.progress_of("r2").usual_delay_us == 3 * SECOND_US
    assert cleaning.figures.late == 1
