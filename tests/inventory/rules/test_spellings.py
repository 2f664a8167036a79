"""Near spellings: what is read or heard wrongly is offered, anything else is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.spellings import MOST_OFFERED, near_spellings

KNOWN = ["LOT-1780", "LOT-1790", "B4", "77A001"]


@pytest.mark.parametrize(
    ("told", "first"),
    [
        ("L0T-1780", "LOT-1780"),  # a zero for the letter
        ("lot 1780", "LOT-1780"),  # a blank for the hyphen
        ("LOT-I780", "LOT-1780"),  # a letter for the one
        ("77A0001", "77A001"),  # one digit too many
        ("84", "B4"),  # an eight for the letter
    ],
)
def test_a_slip_finds_what_was_meant(told: str, first: str) -> None:
    assert near_spellings(told, KNOWN)[0] == first


def test_what_is_nothing_like_any_lot_finds_none() -> None:
    assert near_spellings("XYZ-99", KNOWN) == ()


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=12), max_size=8))
def test_offers_are_known_numbers_each_once(told: str, known: list[str]) -> None:
    found = near_spellings(told, known)

    assert len(found) == len(set(found)) <= MOST_OFFERED
    assert set(found) <= set(known)


@given(st.text(alphabet="ABCDEFGH12345", min_size=1, max_size=12))
def test_a_number_is_nearest_to_itself(number: str) -> None:
    assert number in near_spellings(number, [number, "Ω"])
