"""Days that somebody enters: one kind of field everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import dash_app.pages
from dash_app.actions.device_records import instant_entered
from dash_app.pages.days import day_entry, instant_entry
from twin.clock import SECOND_US


def test_a_field_says_how_a_day_is_written() -> None:
    assert day_entry("x", "Day", value="2026-12-24").children.value == "2026-12-24"
    assert day_entry("x", "Day").children.placeholder == "year-month-day"
    assert instant_entry("x", "When").children.placeholder == "year-month-day hours:minutes"


def test_a_field_names_the_calendar_that_opens_beside_it() -> None:
    field = instant_entry("x", "When").children

    assert getattr(field.rightSection, "data-calendar") == "x"
    assert "When" in getattr(field.rightSection, "aria-label")


@pytest.mark.parametrize("text", ["2026-09-21 16:13:20", "2026-09-21T16:13:20"])
def test_what_is_entered_is_the_hospitals_time(text: str) -> None:
    assert instant_entered(text, ZoneInfo("Europe/Berlin")) == 1_790_000_000 * SECOND_US


def test_no_page_asks_for_a_day_with_a_field_of_its_own() -> None:
    typed = re.compile(r"TextInput\([^)]*(such as 20\d\d|EXAMPLE_DAY|YYYY)", re.DOTALL)
    found = [
        path.name
        for path in Path(dash_app.pages.__file__).parent.glob("*.py")
        if typed.search(path.read_text(encoding="utf-8"))
    ]

    assert found == []
