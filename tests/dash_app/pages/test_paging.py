"""A browser gets one page of a long table; what it asks for is anybody's word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.pages import audit, devices, stock
from dash_app.pages.page import Visit
from dash_app.pages.paging import MOST_AT_ONCE, Asked, asked_of, cut
from dash_app.pages.tables import PAGE_ROWS, Column
from tests.dash_app.gathering import gathered
from tests.dash_app.small_hospital import EVERYTHING, small_port
from twin.access import Role

COLUMNS = [
    Column(field="name", title="Name"),
    Column(field="size", title="Size", is_number=True),
    Column(field="link", title="Link", is_link=True),
]
ROWS: list[dict[str, object]] = [
    {"id": "a", "name": "Bed 10", "size": 3, "link": "/x/1", "link_text": "Zebra"},
    {"id": "b", "name": "bed 9", "size": 12, "link": "/x/2", "link_text": "apple"},
    {"id": "c", "name": "", "size": 0, "link": "/x/3", "link_text": "Mango"},
    {"id": "d", "name": "Bed 9", "size": None, "link": "/x/4", "link_text": "mango"},
]


def ids(request: dict[str, Any]) -> str:
    rows, _count = cut(ROWS, COLUMNS, asked_of(request))
    return "".join(str(row["id"]) for row in rows)


def text(kind: str, wanted: object = None, field: str = "name") -> dict[str, Any]:
    return {"filterModel": {field: {"filterType": "text", "type": kind, "filter": wanted}}}


def size(kind: str, wanted: object = None, until: object = None) -> dict[str, Any]:
    return {"filterModel": {"size": {"filterType": "number", "type": kind, "filter": wanted, "filterTo": until}}}


@pytest.mark.parametrize(
    ("request_told", "expected"),
    [
        (text("contains", "BED"), "abd"),
        (text("notContains", "10"), "bcd"),
        (text("equals", "bed 9"), "bd"),
        (text("notEqual", "bed 9"), "ac"),
        (text("startsWith", "bed"), "abd"),
        (text("endsWith", "10"), "a"),
        (text("blank"), "c"),
        (text("notBlank"), "abd"),
        (text("contains", "mango", field="link"), "cd"),  # by what is read, not by its address
        (size("equals", 12), "b"),
        (size("notEqual", 12), "ac"),
        (size("lessThan", 3), "c"),
        (size("lessThanOrEqual", 3), "ac"),
        (size("greaterThan", 3), "b"),
        (size("greaterThanOrEqual", 3), "ab"),
        (size("inRange", 0, 12), "a"),
        (size("blank"), "d"),
        (text("contains", 7), "abcd"),  # no text: nothing is asked
        (size("equals", "x"), "abcd"),
        (text("sounds_like", "bed"), "abcd"),
        (text("contains", "x", field="secret"), "abcd"),
        (
            {
                "filterModel": {
                    "name": {
                        "operator": "OR",
                        "conditions": [{"type": "blank"}, {"type": "equals", "filter": "bed 10"}],
                    }
                }
            },
            "ac",
        ),
        (
            {
                "filterModel": {
                    "name": {
                        "operator": "AND",
                        "conditions": [{"type": "notBlank"}, {"type": "contains", "filter": "9"}],
                    }
                }
            },
            "bd",
        ),
        ({"sortModel": [{"colId": "name", "sort": "asc"}]}, "bdac"),  # nine before ten, blanks last
        ({"sortModel": [{"colId": "name", "sort": "desc"}]}, "abdc"),
        ({"sortModel": [{"colId": "size", "sort": "desc"}]}, "bacd"),
        ({"sortModel": [{"colId": "link", "sort": "asc"}, {"colId": "size", "sort": "asc"}]}, "bcda"),
        ({"sortModel": [{"colId": "link"}, {"colId": "size", "sort": "desc"}]}, "bcda"),
        ({"startRow": 1, "endRow": 3}, "bc"),
        ({"startRow": 3, "endRow": 1}, ""),
        ({"startRow": -5, "endRow": 2}, "ab"),
        ({"startRow": True, "endRow": "9"}, "abcd"),
    ],
)
def test_rows_are_narrowed_sorted_and_cut(request_told: dict[str, Any], expected: str) -> None:
    assert ids(request_told) == expected


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["startRow", "endRow", "sortModel", "filterModel", "name", "size", "type", "filter", "conditions"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_json)
def test_whatever_a_browser_sends_is_answered_with_rows_of_the_table(told: Any) -> None:
    rows, count = cut(ROWS, COLUMNS, asked_of(told))

    assert all(row in ROWS for row in rows)
    assert len(rows) <= count <= len(ROWS)


@given(st.integers(-10, 10**9), st.integers(-10, 10**9))
def test_nobody_gets_more_than_a_few_pages_at_once(start: int, end: int) -> None:
    asked = asked_of({"startRow": start, "endRow": end})

    assert 0 <= asked.end - asked.start <= MOST_AT_ONCE


def test_the_grid_gets_a_page_and_the_file_everything_that_passes_the_filters() -> None:
    port = small_port(*EVERYTHING)
    held = gathered(devices.register, port)
    request = {"startRow": 0, "endRow": 2, "sortModel": [{"colId": "link", "sort": "desc"}]}

    answer, summary = held["give_rows"].function(request, "")
    whole = held["export"].function(1, "", request | {"filterModel": {"link": {"type": "contains", "filter": "pump"}}})
    shown = devices.layout(port, Visit(path="/devices", query={}))
    (grid,) = [part for part in shown._traverse() if getattr(part, "id", "") == "devices-grid"]

    everything = devices.LISTING.rows(port, {})
    assert (len(answer["rowData"]), answer["rowCount"]) == (2, len(everything))
    assert summary == devices.LISTING.summary(port, everything)
    names = sorted(
        (str(row["link_text"]) for row in everything if "pump" in str(row["link_text"]).casefold()), reverse=True
    )
    assert [line.split(",")[0] for line in whole["content"].splitlines()[1:]] == names != []
    assert (grid.rowModelType, getattr(grid, "rowData", None)) == ("infinite", None)


@pytest.mark.parametrize("page", [devices, stock, audit], ids=lambda page: page.LISTING.key)
def test_the_first_page_is_no_longer_than_a_page(page: Any) -> None:
    port = small_port(*EVERYTHING, Role.AUDITOR)

    found = page.LISTING.found(port, {}, Asked())

    assert len(found.rows) <= PAGE_ROWS
    assert found.count >= len(found.rows)
