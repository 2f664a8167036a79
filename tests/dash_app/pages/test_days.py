"""Days that somebody enters: one kind of field everywhere, its calendar in the reader's language."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import dash_app.pages
from dash_app.actions.device_records import instant_entered
from dash_app.app import STATIC
from dash_app.pages.days import calendar_settings, day_entry, instant_entry
from dash_app.texts.preferences import PREFERENCES, Preferences
from twin.clock import SECOND_US


@pytest.fixture
def chinese():
    token = PREFERENCES.set(Preferences(language="zh_CN"))
    yield
    PREFERENCES.reset(token)


def test_the_calendar_speaks_the_readers_language(chinese: None) -> None:
    entry = day_entry("x", "日期")

    assert calendar_settings()["locale"] == "zh-cn"
    assert entry.monthLabelFormat == "YYYY年M月"
    assert entry.ariaLabels["nextMonth"] != "Next month"


def test_every_language_has_the_names_that_its_calendar_looks_up() -> None:
    source = (STATIC / "dayjs-zh-CN.js").read_text(encoding="utf-8")

    assert 'window["dayjs_locale_zh-cn"]' in source
    assert calendar_settings()["locale"] == "en"  # those come with the calendar itself


def test_an_empty_field_is_no_day() -> None:
    assert day_entry("x", "Day").value is None
    assert day_entry("x", "Day", value="2026-12-24").value == "2026-12-24"
    assert "HH:mm" in instant_entry("x", "When").valueFormat


@pytest.mark.parametrize("text", ["2026-09-21 16:13:20", "2026-09-21T16:13:20"])
def test_what_the_calendar_gives_is_the_hospitals_time(text: str) -> None:
    assert instant_entered(text, ZoneInfo("Europe/Berlin")) == 1_790_000_000 * SECOND_US


def test_no_page_asks_for_a_day_as_a_text() -> None:
    typed = re.compile(r"TextInput\([^)]*(such as 20\d\d|EXAMPLE_DAY|YYYY)", re.DOTALL)
    found = [
        path.name
        for path in Path(dash_app.pages.__file__).parent.glob("*.py")
        if typed.search(path.read_text(encoding="utf-8"))
    ]

    assert found == []
