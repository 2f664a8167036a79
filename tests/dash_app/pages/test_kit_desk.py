"""Kits are put together on a page: by the items' names, a line each, and changed the same way."""

from __future__ import annotations

from typing import Any

import pytest

from dash_app.pages import cases, kit_desk
from dash_app.queries import cases as queries
from inventory.model.items import Item, Tracking
from inventory.tables.catalogue import save_item
from tests.dash_app.gathering import gathered
from tests.dash_app.pages.test_device_pages import words
from tests.dash_app.small_hospital import small_port
from twin.access import Role
from twin.errors import FieldError, Forbidden, InputError, NotFound
from twin.ids import ItemId


def port_with_items(*roles: Role) -> Any:
    port = small_port(*roles)
    with port.read() as session:
        for key, name in (("gauze", "Gauze"), ("drape", "Drape")):
            item = Item(id=ItemId(key), code=key, name=name, tracking=Tracking.NONE, is_expiry_tracked=False)
            save_item(session, item)
        session.commit()
    return port


def keep(
    port: Any,
    *rows: tuple[str | None, str, str],
    number: str = "hip",
    name: str = "Hip set",
    surgeon: str = "",
    emergency_at: str = "",
) -> Any:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    return gathered(cases.register, port)["keep"].function(1, number, name, "", surgeon, emergency_at, *columns)


def test_a_kit_is_kept_listed_and_filled_in_again() -> None:
    port = port_with_items()

    said, offered, shown = keep(port, ("gauze", "4", ""), (None, "", ""), ("drape", "", "2"))

    assert said == "Kept: Hip set"
    assert offered == [{"value": "hip", "label": "Hip set"}]
    assert "Gauze" in words(shown)
    number, name, _procedure, _staff, _surgeon, _pack, rows = gathered(cases.register, port)["choose"].function("hip")
    assert (number, name) == ("hip", "Hip set")
    filled = sorted([cell.children.value for cell in row.children] for row in rows[:2])
    assert filled == [["drape", "0", "2"], ["gauze", "4", "0"]]


def test_a_kit_that_is_kept_again_is_changed() -> None:
    port = port_with_items()
    keep(port, ("gauze", "4", ""))

    keep(port, ("gauze", "6", "1"))

    with port.read() as session:
        (line,) = queries.kit(session, "hip").lines
    assert (line.opened, line.held) == (6, 1)


def test_the_surgeon_of_a_kit_is_not_lost_when_it_is_changed() -> None:
    port = port_with_items()
    keep(port, ("gauze", "4", ""), surgeon="surgeon-of-old")

    _number, _name, _procedure, offered, surgeon, _pack, _rows = gathered(cases.register, port)["choose"].function(
        "hip"
    )

    assert surgeon == "surgeon-of-old"
    assert surgeon in [one["value"] for one in offered]


def test_an_emergency_pack_is_filled_in_again_as_it_was_kept() -> None:
    port = port_with_items()
    keep(port, ("gauze", "4", ""), emergency_at="*")

    *_told, pack, _rows = gathered(cases.register, port)["choose"].function("hip")

    assert pack == "*"
    with pytest.raises(FieldError):
        keep(port, ("gauze", "4", ""), number="other", emergency_at="*")


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([], FieldError),
        ([("gauze", "", "")], FieldError),  # a line of nothing
        ([("gauze", "two", "")], InputError),
        ([("gauze", "-1", "")], InputError),
        ([(None, "3", "")], InputError),  # how many, but not of what
        ([("gauze", "1", ""), ("gauze", "2", "")], FieldError),
        ([("unknown", "1", "")], NotFound),
    ],
)
def test_what_is_no_kit_is_refused(rows: list[tuple[str | None, str, str]], error: type[Exception]) -> None:
    port = port_with_items()

    with pytest.raises(error):
        keep(port, *rows)

    with port.read() as session:
        assert queries.kits(session) == []


def test_only_who_plans_stock_gets_the_form() -> None:
    assert kit_desk.desk(port_with_items(Role.NURSE)) == []
    with pytest.raises(Forbidden):
        keep(port_with_items(Role.NURSE), ("gauze", "1", ""))
