from hypothesis import given
from hypothesis import strategies as st

from dash_app.queries.floor_map import spot


@given(st.text(max_size=40))
def test_a_mark_always_stands_within_its_room_and_at_the_same_spot(asset):
    u, v = spot(asset)

    assert -0.4 <= u <= 0.4
    assert -0.4 <= v <= 0.4
    assert spot(asset) == (u, v)


def test_marks_are_scattered():
    spots = {spot(f"IP-{number}") for number in range(200)}

    assert len(spots) == 200
