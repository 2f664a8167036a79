"""Which rooms are not for everybody."""

from __future__ import annotations

import pytest

from scheduling.loaders.readiness import reserved_rooms
from twin.events.places import PlaceDefined, PlaceKind
from twin.state.live import LiveState


@pytest.mark.parametrize(
    ("purpose", "reserved"),
    [
        ("icu", {"r1"}),  # for who needs it
        ("emergency", {"r1"}),  # for who comes without being planned
        ("recovery", {"r1"}),  # for hours, not nights
        ("theatres", {"r1"}),
        ("ward", set()),
    ],
)
def test_rooms_of_some_wards_are_kept_for_who_names_them(purpose: str, reserved: set[str]) -> None:
    live = LiveState()
    for key, what in (("w1", purpose), ("w2", "ward")):
        live.apply(
            PlaceDefined(
                thing=key, occurred_at=1, source="t", source_key=key, kind=PlaceKind.WARD, name=key, purpose=what
            )
        )

    assert reserved_rooms(live.freeze(2), {"r1": "w1", "r2": "w2"}) == reserved


def test_where_there_is_nothing_else_every_room_serves() -> None:
    live = LiveState()
    live.apply(
        PlaceDefined(
            thing="w1", occurred_at=1, source="t", source_key="w1", kind=PlaceKind.WARD, name="w1", purpose="icu"
        )
    )

    assert reserved_rooms(live.freeze(2), {"r1": "w1"}) == frozenset()
