"""Which way a tag went through a doorway, when it is told, and who only stood in it."""

from __future__ import annotations

from rfid_gateway.cleaning.layout import ReadPoint, ReadPointKind
from rfid_gateway.cleaning.portals import Passage, PortalTracker
from rfid_gateway.cleaning.watermarks import Watermarks
from rfid_gateway.rfid.readings import TagReading
from tests.fakes import START_US

WARD, STREET, TENTH_US = "WARD", "STREET", 100_000
INNER = ReadPoint(id="i", reader="d", antenna=1, place="DOOR", kind=ReadPointKind.PORTAL, inside=WARD, outside=STREET)
OUTER = ReadPoint(
    id="o", reader="d", antenna=2, place="DOOR", kind=ReadPointKind.PORTAL, inside=WARD, outside=STREET, is_outer=True
)


def walk(*levels: tuple[float | None, float | None], before: str = WARD) -> list[tuple[int, Passage]]:
    """Say how strong both antennas see a tag, tenth of a second by tenth; give what is told, and in which step."""
    tracker, told, zone_of = PortalTracker({"DOOR": frozenset({"d"})}), [], {"T": before}
    marks = Watermarks({"d"}, 300_000, 300_000)
    for step, pair in enumerate([*levels, *[(None, None)] * 10]):
        now = START_US + step * TENTH_US
        for point, level in zip((INNER, OUTER), pair, strict=True):
            if level is not None:
                tracker.take(point, TagReading("T", "d", point.antenna, now, level))
                marks.take("d", now, now, now)
        for passage in tracker.close(marks, now + TENTH_US, zone_of):
            zone_of["T"] = passage.to_zone
            told.append((step, passage))
    return told


OUT = [(-45.0, -75.0), (-50.0, -65.0), (-60.0, -55.0), (-68.0, -48.0), (-75.0, -45.0), (None, -46.0), (None, -50.0)]


def test_way_out_is_told_while_the_tag_is_still_heard() -> None:
    ((step, passage),) = walk(*OUT, *[(None, -60.0)] * 20)

    assert (passage.from_zone, passage.to_zone) == (WARD, STREET)
    assert step <= 8  # 19 more steps go by before nobody hears it any more
    assert passage.confidence >= 0.85


def test_way_in_is_told_the_same_way() -> None:
    ((_, passage),) = walk(*((outer, inner) for inner, outer in OUT), before=STREET)

    assert (passage.from_zone, passage.to_zone) == (STREET, WARD)


def test_who_turns_back_at_the_threshold_went_nowhere() -> None:
    assert walk(*OUT[:2], *[(-58.0, -62.0)] * 10, *OUT[1::-1]) == []


def test_who_walks_by_inside_went_nowhere() -> None:
    assert walk(*[(-50.0, None), (-48.0, -75.0)] * 8) == []


def test_who_goes_out_and_comes_back_at_once_is_told_twice() -> None:
    ways = [passage.to_zone for _, passage in walk(*OUT, *[(None, -45.0)] * 8, *OUT[::-1], *[(-45.0, None)] * 8)]

    assert ways == [STREET, WARD]


def test_one_strong_reflection_at_the_outer_antenna_is_no_exit() -> None:
    assert walk((-50.0, None), (-48.0, -40.0), (-48.0, None), (-47.0, None), (-50.0, None)) == []


def test_outer_antenna_alone_says_that_a_tag_of_the_ward_left() -> None:
    ((_, passage),) = walk((None, -55.0))

    assert (passage.to_zone, passage.confidence) == (STREET, 0.8)
