"""Check digits and check characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.gs1.keys import CHARACTERS_82, CHECK_DIGIT_AT, check_characters, check_digit

digits = st.text("0123456789", min_size=1, max_size=18)


@given(digits, st.data())
def test_every_single_wrong_digit_changes_the_check_digit(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 1))
    other = str((int(number[place]) + data.draw(st.integers(1, 9))) % 10)

    assert check_digit(number[:place] + other + number[place + 1 :]) != check_digit(number)


@given(digits, st.integers(0, 5))
def test_zeros_before_a_key_do_not_change_its_check_digit(number: str, count: int) -> None:
    # A GTIN of 8, 12 or 13 digits is written with zeros as fourteen, and keeps its check digit.
    assert check_digit("0" * count + number) == check_digit(number)


@pytest.mark.parametrize(
    "number",
    [  # GS1's own test values: the example of the General Specifications, both ends of the set of 82, and others
        "1987654Ad4X4bL5ttr2310c2K",
        "12345678901234567890123NT",
        "12345_ABCDEFGHIJKLMCP",
        "12345_NOPQRSTUVWXYZDN",
        "12345_abcdefghijklmN3",
        "12345_nopqrstuvwxyzP2",
        "12345_!\"%&'()*+,-./LC",
        "12345_0123456789:;<=>?62",
        "99999zzzzzzzzzzzzzzzzzzT2",
    ],
)
def test_published_model_numbers_end_with_their_check_characters(number: str) -> None:
    assert check_characters(number[:-2]) == number[-2:]


@given(st.text(sorted(CHARACTERS_82), min_size=2, max_size=23), st.data())
def test_two_characters_that_changed_places_are_noticed(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 2))
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]

    assert (check_characters(swapped) == check_characters(text)) == (swapped == text)


def test_every_place_of_a_check_digit_is_inside_of_its_value() -> None:
    # The General Specifications print a check digit for these keys and no others.
    assert set(CHECK_DIGIT_AT.values()) == {13, 14, 17, 18}
    assert {"00", "01", "02", "03", "253", "255", "402", "417", "8003", "8006", "8017", "8018", "8026"} <= set(
        CHECK_DIGIT_AT
    )
