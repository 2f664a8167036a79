"""Instants as senders write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.hl7v2.instants import offset_of, read_instant, write_instant

SHANGHAI = ZoneInfo("Asia/Shanghai")


def us(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20260105080000", us(2026, 1, 5, 0, 0)),  # local time of the facility
        ("202601050800", us(2026, 1, 5, 0, 0)),
        ("2026010508", us(2026, 1, 5, 0, 0)),
        ("20260105080000+0000", us(2026, 1, 5, 8, 0)),
        ("20260105080000-0530", us(2026, 1, 5, 13, 30)),
        ("20260105080000.25+0000", us(2026, 1, 5, 8, 0) + 250_000),
    ],
)
def test_an_instant_is_local_unless_it_says_otherwise(text: str, at: int) -> None:
    told = read_instant(text, SHANGHAI)

    assert told is not None
    assert (told.at, told.is_day_only) == (at, False)


def test_a_day_alone_is_no_instant() -> None:
    told = read_instant("20260105", SHANGHAI)

    assert told is not None
    assert told.is_day_only


@pytest.mark.parametrize("text", ["", "2026", "202601", "20261301", "20260230", "2026010525", "x", '""', "20260105T08"])
def test_what_is_no_instant_is_none(text: str) -> None:
    assert read_instant(text, UTC) is None


def test_of_an_hour_that_exists_twice_the_first_is_meant() -> None:
    told = read_instant("20261025023000", ZoneInfo("Europe/Berlin"))

    assert told is not None
    assert told.at == us(2026, 10, 25, 0, 30)


@given(st.integers(0, 4_000_000_000_000))
def test_what_is_written_is_read_back(at_ms: int) -> None:
    told = read_instant(write_instant(at_ms * 1000), SHANGHAI)

    assert told is not None
    assert told.at == at_ms * 1000


def test_the_offset_of_a_header_is_found() -> None:
    assert str(offset_of("20260105080000+0800")) == "UTC+08:00"
    assert offset_of("20260105080000") is None
