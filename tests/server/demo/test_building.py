from collections import Counter

from server.demo.building import building_events
from twin.events.places import PathDefined, PlaceDefined, PlaceKind


def test_the_demo_hospital_has_three_hundred_beds_on_six_storeys():
    places = [event for event in building_events(0) if isinstance(event, PlaceDefined)]

    kinds = Counter(place.kind for place in places)

    assert kinds[PlaceKind.BED] == 300
    assert kinds[PlaceKind.LEVEL] == 6


def test_every_place_stands_behind_its_container_and_has_a_chinese_name():
    known: set[str] = set()

    for event in building_events(0):
        if isinstance(event, PlaceDefined):
            assert event.parent == "" or event.parent in known
            assert any("一" <= character <= "鿿" for character in event.name_zh)
            known.add(event.thing)

    assert "ICU" in known


def test_every_bed_can_be_reached_from_the_main_entrance():
    events = building_events(0)
    neighbours: dict[str, set[str]] = {}
    for event in events:
        if isinstance(event, PathDefined):
            neighbours.setdefault(event.start, set()).add(event.end)
            neighbours.setdefault(event.end, set()).add(event.start)
    reached, front = {"MAIN-EXIT"}, ["MAIN-EXIT"]
    while front:
        for other in neighbours[front.pop()] - reached:
            reached.add(other)
            front.append(other)

    beds = {event.thing for event in events if isinstance(event, PlaceDefined) and event.kind is PlaceKind.BED}

    assert beds <= reached


def test_rooms_of_one_floor_do_not_overlap():
    rooms = [
        event
        for event in building_events(0)
        if isinstance(event, PlaceDefined) and event.kind in {PlaceKind.ROOM, PlaceKind.CABINET, PlaceKind.PORTAL}
    ]

    for floor in {room.floor for room in rooms}:
        row = sorted((r for r in rooms if r.floor == floor), key=lambda r: (r.y_m, r.x_m))
        for left, right in zip(row, row[1:], strict=False):
            if left.y_m == right.y_m:
                assert left.x_m + left.width_m / 2 <= right.x_m - right.width_m / 2 + 1e-9, (left.thing, right.thing)
