"""Codes of machines in one field: what is written is read back, and what could mean two things is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.model.machine import DEFAULT_QUANTITIES
from assets.rules.setup_text import (
    codes_text,
    codes_told,
    programmes_text,
    programmes_told,
    quantities_text,
    quantities_told,
)

CODES = st.integers(0, 65_535)
NAMES = st.text("abcXYZ019_- ", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(st.lists(CODES, max_size=8))
def test_codes_are_read_back(codes: list[int]) -> None:
    assert codes_told(codes_text(codes)) == tuple(codes)


@given(st.dictionaries(CODES, NAMES, max_size=6))
def test_programmes_are_read_back(programmes: dict[int, str]) -> None:
    assert programmes_told(programmes_text(programmes)) == programmes


@given(st.dictionaries(st.sampled_from(sorted(DEFAULT_QUANTITIES)), st.lists(NAMES, min_size=1, max_size=3).map(tuple)))
def test_quantities_are_read_back(quantities: dict[str, tuple[str, ...]]) -> None:
    assert quantities_told(quantities_text(quantities)) == quantities


def test_the_punctuation_of_a_chinese_keyboard_and_lines_are_read() -> None:
    assert programmes_told("1＝P134；2=P121\n3 = P105") == {1: "P134", 2: "P121", 3: "P105"}


@pytest.mark.parametrize("text", ["x", "-1", "65536", "1.0", "²", "1;;x"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="from 0 to 65535"):
        codes_told(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1", "pairs such as"),
        ("1=", "pairs such as"),
        ("=P134", "pairs such as"),
        ("1=A; 1=B", "stands twice"),
        ("1=A; 01=B", "stands twice"),  # the same code, written differently
        ("one=A", "from 0 to 65535"),
    ],
)
def test_what_is_no_programme_of_a_code_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        programmes_told(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [("colour=x", "no channel"), ("control_c=|", "a name for"), ("control_c=a;control_c=b", "twice")],
)
def test_what_is_no_name_of_a_channel_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quantities_told(text)
