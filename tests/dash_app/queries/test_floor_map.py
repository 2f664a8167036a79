from hypothesis import given
from hypothesis import strategies as st

from dash_app.queries.floor_map import GATHER_FROM, Position, gather, spot
from twin.events.watch import AlarmPriority


@given(st.text(max_size=40))
def test_a_mark_always_stands_within_its_room_and_at_the_same_spot(asset):
    u, v = spot(asset)

    assert -0.4 <= u <= 0.4
    assert -0.4 <= v <= 0.4
    assert spot(asset) == (u, v)


def test_marks_are_scattered():
    spots = {spot(f"IP-{number}") for number in range(200)}

    assert len(spots) == 200


def position(number, place, priority):
    return Position(
        asset=f"A{number}",
        name=f"Pump {number}",
        category="pump",
        place=place,
        place_name=place.title(),
        floor=0,
        seen_at=1,
        confidence=1.0,
        basis="observed",
        is_lost=False,
        priority=priority,
        u=0.0,
        v=0.0,
        tags=(),
    )


POSITIONS = st.lists(
    st.tuples(st.sampled_from(["bay", "hall", "ward"]), st.sampled_from([None, None, None, *AlarmPriority])),
    max_size=60,
).map(lambda told: [position(number, place, priority) for number, (place, priority) in enumerate(told)])


@given(POSITIONS, st.sampled_from(["", "bay"]))
def test_every_device_is_drawn_or_counted_and_no_alarm_is_hidden(found, opened):
    alone, rooms = gather(found, opened=opened)

    assert len(alone) + sum(room.count for room in rooms) == len(found)
    assert [entry for entry in found if entry.priority is not None] == [entry for entry in alone if entry.priority]
    assert opened not in {room.place for room in rooms}
    assert all(room.count >= GATHER_FROM for room in rooms)
    calm_alone = [entry.place for entry in alone if entry.priority is None and entry.place != opened]
    assert all(calm_alone.count(place) < GATHER_FROM for place in set(calm_alone))


def test_a_number_stands_from_twelve_devices_on():
    eleven = [position(number, "bay", None) for number in range(GATHER_FROM - 1)]

    assert gather(eleven)[1] == []
    assert [(room.place, room.count) for room in gather([*eleven, position(99, "bay", None)])[1]] == [("bay", 12)]
