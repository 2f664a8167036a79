"""The page of places: a place is made, changed and removed by who may, and the house follows at once."""

from __future__ import annotations

import pytest

from dash_app.pages import places
from dash_app.pages.page import Visit
from tests.dash_app.gathering import gathered
from tests.dash_app.pages.test_device_pages import words
from tests.dash_app.small_hospital import small_port
from twin.access import Role
from twin.errors import FieldError, Forbidden, InputError, Refused
from twin.events.places import PlaceKind


def entered(**told):
    begin = {name: 0 if name in places.FIGURES else "" for name in places.FIELDS}
    return [{**begin, "capacity": 1, "kind": "ro", **told}[name] for name in places.FIELDS]


def test_a_place_is_made_and_stands_in_the_table():
    port = small_port()
    save = gathered(places.register, port)["save"].function

    said, offered, rows = save(
        1, *entered(id="W1-R9", name="Room 9", name_zh="9号房", parent="W1", floor=1, x_m=3.5), ""
    )

    assert said == "Kept: Room 9"
    held = port.state().places["W1-R9"]
    assert (held.kind, held.parent, held.floor, held.x_m, held.name_zh) == (PlaceKind.ROOM, "W1", 1, 3.5, "9号房")
    assert {"value": "W1-R9", "label": "Room 9 · W1-R9"} in offered
    assert [row["parent"] for row in rows if row["id"] == "W1-R9"] == ["Ward 1"]


def test_what_is_known_of_a_place_fills_the_form_and_is_kept_as_it_is():
    port = small_port()
    page = gathered(places.register, port)
    before = port.state().places["ICU"]

    filled = page["choose"].function("ICU")
    page["save"].function(1, *filled, "")

    after = port.state().places["ICU"]
    fields = [name for name in places.FIELDS if name != "id"]
    assert [getattr(after, name) for name in fields] == [getattr(before, name) for name in fields]
    assert page["choose"].function(None) == places._values(None)


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"id": "X", "name": ""}, InputError),
        ({"id": "", "name": "X"}, InputError),
        ({"id": "X", "name": "X", "floor": 1.5}, InputError),
        ({"id": "X", "name": "X", "parent": "nowhere"}, FieldError),
        ({"id": "W1", "name": "X", "parent": "W1-B1"}, FieldError),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(told, error):
    port = small_port()
    before = dict(port.state().places)

    with pytest.raises(error):
        gathered(places.register, port)["save"].function(1, *entered(**told), "")

    assert port.state().places == before


def test_a_place_goes_once_nothing_needs_it():
    port = small_port()
    page = gathered(places.register, port)
    page["save"].function(1, *entered(id="SHED", name="Shed"), "")
    with pytest.raises(Refused):
        page["remove"].function(1, "W1", "")

    port.clock.advance(1)  # at one instant the place would only just have been made
    said, offered, rows, chosen = page["remove"].function(1, "SHED", "")

    assert (said, chosen) == ("Removed: SHED", None)
    assert "SHED" not in port.state().places
    assert all(row["id"] != "SHED" for row in rows)
    assert all(one["value"] != "SHED" for one in offered)


def test_who_may_only_look_gets_the_table_without_the_form():
    port = small_port(Role.NURSE)

    shown = words(places.layout(port, Visit(path="/places", query={})))

    assert "Places: " in shown
    assert "Keep the place" not in shown
    with pytest.raises(Forbidden):
        gathered(places.register, port)["save"].function(1, *entered(id="X", name="X"), "")


def test_filters_narrow_the_table():
    port = small_port()

    beds = places._rows(port, {"kind": "bd"})
    ground = places._rows(port, {"floor": "0"})

    assert len(beds) == 8
    assert {row["floor"] for row in ground} == {0}
