"""Ratios of substitutes: enough is given, nothing is counted twice, and parts add up to the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.model.items import Substitute
from inventory.rules.substitutes import quantity_needed, quantity_stood_for, shares_stood_for, whole_share
from twin.ids import ItemId

ratios = st.builds(
    Substitute,
    item=st.just(ItemId("a")),
    stand_in=st.just(ItemId("b")),
    numerator=st.integers(1, 12),
    denominator=st.integers(1, 12),
)
quantities = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("numerator", "denominator", "wanted", "needed"),
    [
        (1, 1, 30, 30),
        (2, 1, 30, 60),  # two small swabs for a large one
        (1, 2, 5, 3),  # a double pack for two: three double packs cover five
        (3, 2, 1, 2),
    ],
)
def test_enough_is_given(numerator: int, denominator: int, wanted: int, needed: int) -> None:
    pair = Substitute(item=ItemId("a"), stand_in=ItemId("b"), numerator=numerator, denominator=denominator)

    assert quantity_needed(pair, wanted) == needed


@given(ratios, quantities)
def test_what_is_needed_stands_for_all_of_it_and_one_less_does_not(pair: Substitute, wanted: int) -> None:
    needed = quantity_needed(pair, wanted)

    assert quantity_stood_for(pair, needed) >= wanted
    if wanted:
        assert quantity_stood_for(pair, needed - 1) < wanted


@given(ratios, st.lists(quantities, max_size=8))
def test_parts_stand_for_what_the_whole_does(pair: Substitute, parts: list[int]) -> None:
    shares = shares_stood_for(pair, parts)

    assert sum(shares) == quantity_stood_for(pair, sum(parts))
    assert all(share >= 0 for share in shares)


@given(ratios, quantities)
def test_a_whole_share_leaves_no_fraction(pair: Substitute, quantity: int) -> None:
    taken = whole_share(pair, quantity)

    assert taken <= quantity
    assert taken * pair.denominator % pair.numerator == 0
    assert quantity - taken < pair.numerator
