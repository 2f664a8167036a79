from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfid_gateway.cleaning.bins import Bin
from rfid_gateway.cleaning.layout import Layout, ReadPoint, ReadPointKind, ReadRates
from rfid_gateway.cleaning.pipeline import Cleaning, CleaningSettings
from rfid_gateway.cleaning.zones import FilterSettings
from rfid_gateway.rfid.readings import TagReading
from tests.fakes import START_US
from twin.clock import SECOND_US
from twin.events.envelope import Event
from twin.events.things import BinEmptied, PortalCrossed, TagLost, ZoneChanged, ZoneConfirmed
from twin.events.watch import GatewayStatus

WARD, STORE, EXIT = "WARD", "STORE", "EXIT"
POINTS = (
    ReadPoint(id="w", reader="r1", antenna=1, place=WARD),
    ReadPoint(id="s", reader="r2", antenna=1, place=STORE),
    ReadPoint(id="x", reader="r3", antenna=1, place=EXIT, kind=ReadPointKind.CHOKE),
    ReadPoint(id="pi", reader="r4", antenna=1, place="DOOR", kind=ReadPointKind.PORTAL, inside=WARD, outside="OUTSIDE"),
    ReadPoint(
        id="po",
        reader="r4",
        antenna=2,
        place="DOOR",
        kind=ReadPointKind.PORTAL,
        inside=WARD,
        outside="OUTSIDE",
        is_outer=True,
    ),
    ReadPoint(id="b", reader="r5", antenna=1, place="RACK", kind=ReadPointKind.BIN),
)
LAYOUT = Layout(POINTS, frozenset({(WARD, STORE), (WARD, EXIT)}))


class Bench:
    """A cleaning stage with a clock that is moved by hand."""

    def __init__(self, **settings: Any) -> None:
        self.cleaning = Cleaning(LAYOUT, CleaningSettings(**settings), {"BIN1": Bin("bin-1", "WARD-3-SHELF")})
        self.now = START_US
        self.events: list[Event] = []

    def see(self, reader: str, antenna: int = 1, *, tag: str = "T1", rssi: float = -50.0, ago_s: float = 0.0) -> None:
        at = self.now - round(ago_s * SECOND_US)
        self.events += self.cleaning.accept([TagReading(tag, reader, antenna, at, rssi)], self.now)

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * SECOND_US)
        self.events += self.cleaning.advance(self.now)

    def watch(self, reader: str, seconds: int) -> None:
        for _ in range(seconds):
            self.see(reader)
            self.wait(1.0)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def test_tag_that_is_read_in_a_room_is_there_with_confidence() -> None:
    bench = Bench()

    bench.watch("r1", 4)

    (change,) = bench.of(ZoneChanged)
    assert (change.thing, change.zone, change.read_point, change.previous_zone) == ("T1", WARD, "w", "")
    assert 0.7 <= change.confidence <= 1.0


def test_tag_that_goes_to_the_next_room_is_there_within_a_few_seconds() -> None:
    bench = Bench()
    bench.watch("r1", 10)
    left_at = bench.now

    bench.watch("r2", 6)

    change = bench.of(ZoneChanged)[-1]
    assert (change.previous_zone, change.zone) == (WARD, STORE)
    assert change.occurred_at - left_at <= 4 * SECOND_US


def test_exit_is_told_at_the_first_solid_reading() -> None:
    bench = Bench()
    bench.watch("r1", 5)

    bench.see("r3")

    change = bench.of(ZoneChanged)[-1]
    assert (change.zone, change.occurred_at) == (EXIT, bench.now)


def test_doorway_tells_the_way_out_and_the_way_in() -> None:
    bench = Bench()
    for antennas in ((1, 2), (2, 1)):
        for antenna in antennas:
            for _ in range(3):
                bench.see("r4", antenna)
                bench.wait(0.1)
        bench.wait(1.0)

    ways = [(one.from_zone, one.to_zone) for one in bench.of(PortalCrossed)]
    assert ways == [(WARD, "OUTSIDE"), ("OUTSIDE", WARD)]


def test_doorway_with_one_working_antenna_goes_by_where_the_tag_was() -> None:
    bench = Bench()
    bench.watch("r1", 5)

    bench.see("r4", 2)
    bench.wait(1.0)

    (passage,) = bench.of(PortalCrossed)
    assert (passage.from_zone, passage.to_zone) == (WARD, "OUTSIDE")


def test_passage_that_is_judged_when_its_epoch_was_weighed_already_still_takes_the_tag_away() -> None:
    bench = Bench()
    bench.watch("r1", 5)
    bench.wait(0.9)
    bench.see("r4", 2)
    for _ in range(20):
        bench.wait(0.1)  # the doorway is judged after 0.7 s of silence, its epoch is over by then

    bench.watch("r1", 4)

    assert [(one.from_zone, one.to_zone) for one in bench.of(PortalCrossed)] == [(WARD, "OUTSIDE")]
    # Back in its room the tag is news: the filter had it away meanwhile.
    assert [(one.previous_zone, one.zone) for one in bench.of(ZoneChanged)] == [("", WARD), ("OUTSIDE", WARD)]
    assert bench.cleaning.zone_of("T1") == WARD


def test_tag_beside_a_doorway_crosses_nothing() -> None:
    bench = Bench()

    for _ in range(5):
        bench.see("r4", 1)
        bench.see("r4", 2)
        bench.wait(0.1)
    bench.wait(2.0)

    assert bench.of(PortalCrossed) == []


def test_tag_that_nobody_sees_any_more_is_lost_once() -> None:
    bench = Bench(absence_s=60.0)
    bench.watch("r1", 5)

    for _ in range(40):
        bench.wait(5.0)

    (lost,) = bench.of(TagLost)
    assert (lost.thing, lost.last_zone) == ("T1", WARD)


@pytest.mark.parametrize(("zone", "is_lost"), [(WARD, False), ("ELSEWHERE", True)])
def test_zone_may_have_a_limit_of_its_own_after_which_a_tag_is_lost(zone: str, is_lost: bool) -> None:
    bench = Bench(absence_s=60.0, absence_s_by_zone={zone: 86_400.0})
    bench.watch("r1", 5)

    for _ in range(40):
        bench.wait(5.0)

    assert bool(bench.of(TagLost)) is is_lost


def test_dead_reader_is_no_mass_departure() -> None:
    bench = Bench(absence_s=60.0)
    for i in range(30):
        for _ in range(4):
            bench.see("r1", tag=f"T{i}")
    bench.wait(2.0)
    bench.watch("r1", 3)
    bench.cleaning.set_reader_status("r1", GatewayStatus.OFFLINE)

    for _ in range(60):
        bench.wait(5.0)

    assert bench.of(TagLost) == []
    bench.cleaning.set_reader_status("r1", GatewayStatus.ONLINE)
    for _ in range(60):
        bench.wait(5.0)
    assert bench.of(TagLost)


def test_tag_that_stays_is_confirmed_now_and_then() -> None:
    bench = Bench(confirm_s=30.0)

    bench.watch("r1", 100)

    confirmations = bench.of(ZoneConfirmed)
    assert 2 <= len(confirmations) <= 4
    assert {one.zone for one in confirmations} == {WARD}


def test_bin_on_the_rack_is_told_once_with_its_own_place() -> None:
    bench = Bench()

    for _ in range(5):
        bench.see("r5", tag="BIN1")
        bench.wait(20.0)

    (emptied,) = bench.of(BinEmptied)
    assert (emptied.thing, emptied.place) == ("bin-1", "WARD-3-SHELF")


def test_bin_that_comes_back_later_is_told_again() -> None:
    bench = Bench(bin_rest_s=600.0)
    bench.see("r5", tag="BIN1")
    bench.wait(900.0)

    bench.see("r5", tag="BIN1")

    assert len(bench.of(BinEmptied)) == 2


def test_repeated_readings_of_one_second_count_once() -> None:
    bench = Bench()

    for _ in range(50):
        bench.see("r1")

    assert bench.cleaning.figures.duplicates == 49


def test_reading_of_an_unknown_antenna_is_counted_and_left_out() -> None:
    bench = Bench()

    bench.see("r1", 9)
    bench.see("nobody")

    assert bench.cleaning.figures.unknown_antennas == 2


def test_reading_from_1970_or_the_future_is_counted_and_left_out() -> None:
    bench = Bench()

    bench.cleaning.accept([TagReading("T1", "r1", 1, 5), TagReading("T1", "r1", 1, bench.now * 2)], bench.now)

    assert bench.cleaning.figures.implausible_times == 2


def test_late_reading_does_not_move_a_tag_back() -> None:
    bench = Bench()
    bench.watch("r1", 10)
    bench.watch("r2", 6)
    before = bench.cleaning.zone_of("T1")

    for _ in range(5):
        bench.see("r1", ago_s=10.0)
    bench.wait(1.0)

    assert before == STORE
    assert bench.cleaning.zone_of("T1") == STORE
    assert bench.cleaning.figures.late == 5


# Antenna 7 and 8 are heard at the same read point: r6 has one for the whole reader.
WHOLE = Layout(
    (*POINTS, ReadPoint(id="all", reader="r6", antenna=0, place=STORE)), frozenset({(WARD, STORE), (WARD, EXIT)})
)
heard = st.tuples(
    st.sampled_from(["r1", "r2", "r3", "r4", "r5", "r6", "nobody"]),
    st.sampled_from([1, 2, 7, 8]),
    st.sampled_from("ABC"),
    st.sampled_from([0, 0, 1, 300_000, 5_000_000, -400_000_000]),
)


class _Forgetful(set[tuple[str, str, int]]):
    """Sends every reading the long way, past all checks."""

    def __contains__(self, _: object) -> bool:
        return False


@settings(max_examples=60)
@given(st.lists(st.lists(heard, max_size=30), max_size=8), st.integers(0, 1_500_000))
def test_repetitions_are_passed_over_and_change_nothing(
    batches: list[list[tuple[str, int, str, int]]], pause: int
) -> None:
    quick, plain = Cleaning(WHOLE), Cleaning(WHOLE)
    now, quick_events, plain_events = START_US, [], []
    for batch in batches:
        now += pause
        readings = [TagReading(tag, reader, antenna, now - ago) for reader, antenna, tag, ago in batch]
        plain_events += plain.accept([], now)
        for number in {min(one.at, now) // SECOND_US for one in readings}:
            plain._epochs.at(number).heard = _Forgetful()
        quick_events += quick.accept(readings, now)
        plain_events += plain.accept(readings, now)
    quick_events += quick.advance(now + 5 * SECOND_US)
    plain_events += plain.advance(now + 5 * SECOND_US)

    assert quick_events == plain_events
    assert quick.figures == plain.figures


readings = st.tuples(
    st.sampled_from(["r1", "r2", "r3", "r4", "r5"]), st.integers(1, 2), st.sampled_from("ABC"), st.integers(0, 3)
)


@settings(max_examples=60)
@given(st.lists(readings, max_size=60))
def test_changes_of_zone_chain_up_whatever_is_read(seen: list[tuple[str, int, str, int]]) -> None:
    bench = Bench()
    for reader, antenna, tag, pause in seen:
        bench.see(reader, antenna, tag=tag)
        bench.wait(pause * 0.7)
    bench.wait(5.0)

    zone: dict[str, str] = {}
    for event in bench.events:
        assert event.occurred_at <= bench.now
        if isinstance(event, ZoneChanged):
            assert event.previous_zone == zone.get(event.thing, "")
            assert event.zone != event.previous_zone
            zone[event.thing] = event.zone
        elif isinstance(event, PortalCrossed) and event.confidence >= 0.7:
            zone[event.thing] = event.to_zone


def test_tag_that_came_by_a_doorway_is_confirmed_in_its_room() -> None:
    bench = Bench(confirm_s=60.0)
    for antenna in (2, 1):
        for _ in range(3):
            bench.see("r4", antenna)
            bench.wait(0.1)
    bench.wait(1.0)

    bench.watch("r1", 70)

    assert [one.zone for one in bench.of(ZoneConfirmed)] == [WARD]


def test_lost_tag_comes_back_by_a_reading_only() -> None:
    rates = ReadRates(own=0.02, neighbour=0.005)
    bench = Bench(absence_s=60.0, filter=FilterSettings(rates=rates))
    bench.watch("r1", 5)

    for _ in range(60):
        bench.wait(5.0)

    assert [type(one) for one in bench.events] == [ZoneChanged, TagLost]


def test_exit_that_a_reader_held_while_its_line_was_cut_is_told_at_its_own_time() -> None:
    bench = Bench()
    bench.watch("r1", 5)
    bench.wait(60.0)

    bench.see("r3", ago_s=40.0)
    bench.see("r3", ago_s=39.0)

    told = bench.of(ZoneChanged)[-1]
    assert (told.zone, told.read_point, told.previous_zone) == (EXIT, "x", WARD)
    assert told.occurred_at == bench.now - 40 * SECOND_US
    assert bench.cleaning.zone_of("T1") == EXIT
    assert [one.zone for one in bench.of(ZoneChanged)] == [WARD, EXIT]
    assert bench.cleaning.figures.late == 2


def test_exit_of_then_moves_no_tag_that_was_seen_since() -> None:
    bench = Bench()
    bench.watch("r1", 60)

    bench.see("r3", ago_s=40.0)
    bench.watch("r1", 5)

    late = [one for one in bench.of(ZoneChanged) if one.zone == EXIT]
    assert [one.occurred_at for one in late] == [bench.now - 45 * SECOND_US]
    assert bench.cleaning.zone_of("T1") == WARD
    assert [one.zone for one in bench.of(ZoneChanged)] == [WARD, EXIT]  # told once, for the record; nothing moved back


@pytest.mark.parametrize(("agos", "zone"), [((30.0,), WARD), ((30.0, 29.9), WARD), ((30.0, 28.0), STORE)])
def test_late_readings_of_a_room_count_from_two_epochs_on(agos: tuple[float, ...], zone: str) -> None:
    bench = Bench()
    bench.watch("r1", 5)
    bench.wait(60.0)

    for ago_s in agos:
        bench.see("r2", ago_s=ago_s)

    assert bench.cleaning.zone_of("T1") == zone


@given(st.permutations([("r2", 30.0), ("r2", 29.0), ("r2", 27.0), ("r3", 50.0), ("r1", 45.0), ("r1", 44.0)]))
def test_late_readings_end_alike_in_whatever_order_they_come_of_one_reader_each(order: list[tuple[str, float]]) -> None:
    bench = Bench()
    bench.watch("r1", 5)
    bench.wait(60.0)

    # Each reader tells its own in order; how the readers lie in time to each other is chance.
    for reader in dict.fromkeys(reader for reader, _ in order):
        for _, ago_s in sorted((one for one in order if one[0] == reader), key=lambda one: -one[1]):
            bench.see(reader, ago_s=ago_s)

    assert bench.cleaning.zone_of("T1") == STORE
    assert [one.occurred_at for one in bench.of(ZoneChanged) if one.zone == EXIT] == [bench.now - 50 * SECOND_US]


def test_tag_that_only_a_slow_reader_sees_is_found_all_the_same() -> None:
    bench = Bench()

    for _ in range(6):
        bench.see("r2", ago_s=8.0)
        bench.wait(1.0)

    assert bench.cleaning.zone_of("T1") == STORE
