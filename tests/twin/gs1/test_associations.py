"""Which identifiers may, must and must not stand together."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.epc.identifiers import METHODS
from twin.gs1.associations import invalid_pairs, missing_partners
from twin.gs1.identifiers import identifier_of

KEYS = sorted({*METHODS, "03", "8014", "8040", "8041"})  # those of tags, and some that no tag bears
some_keys = st.lists(st.sampled_from(KEYS), max_size=8)


@pytest.mark.parametrize(
    ("keys", "pairs"),
    [
        (["01", "10", "17", "21"], []),  # what most medical devices bear
        (["00", "02", "37", "10"], []),  # a pallet of one lot
        (["01", "02"], [("01", "02")]),
        (["01", "37"], [("01", "37")]),
        (["3102", "3103"], [("3102", "3103")]),  # one weight, told twice
        (["3102", "3202"], []),  # kilograms and pounds
        (["3920", "3930"], [("3920", "3930")]),
        (["421", "4307", "420"], [("420", "421"), ("421", "4307")]),
        (["8017", "8018"], [("8017", "8018")]),
        (["8006", "8026", "02"], [("02", "8026"), ("8006", "8026")]),
        (["7253", "7259"], [("7253", "7259")]),
    ],
)
def test_pairs_that_no_item_may_bear_are_named_once(keys: list[str], pairs: list[tuple[str, str]]) -> None:
    assert invalid_pairs(keys) == pairs


@pytest.mark.parametrize(
    ("keys", "alone"),
    [
        (["01", "10", "17", "21"], []),
        (["10", "17"], ["10", "17"]),  # the second of two barcodes: lot and expiry of which article?
        (["255", "17"], []),  # a coupon expires, too
        (["01", "250"], ["250"]),
        (["01", "21", "250"], []),
        (["37", "02"], ["37"]),  # a count of what stands in which unit?
        (["00", "37", "02"], []),
        (["8018", "7258"], ["7258"]),  # first of twins, but no name of the baby
        (["8018", "7258", "7259"], []),
        (["3940"], ["3940"]),
        (["3103"], ["3103"]),
        (["00", "3303"], []),  # a gross weight of a pallet
        (["00", "3103"], ["3103"]),  # but no net weight
        (["01", "3922", "3101"], []),  # a price by weight
        (["01", "3922"], ["3922"]),
        (["99", "401", "8004", "417", "8110"], []),  # these stand for themselves
    ],
)
def test_identifiers_that_mean_nothing_alone_are_named(keys: list[str], alone: list[str]) -> None:
    assert [one.identifier for one in missing_partners(keys)] == alone


@given(some_keys, st.randoms())
def test_order_and_repetition_do_not_matter(keys: list[str], chance: random.Random) -> None:
    again = [*keys, *keys]
    chance.shuffle(again)

    assert invalid_pairs(again) == invalid_pairs(keys)
    assert missing_partners(again) == missing_partners(keys)


@given(some_keys, some_keys)
def test_more_on_an_item_never_takes_a_pair_away_nor_a_partner(keys: list[str], more: list[str]) -> None:
    both = [*keys, *more]

    assert set(invalid_pairs(keys)) <= set(invalid_pairs(both))
    assert {one.identifier for one in missing_partners(both)} <= {
        one.identifier for part in (keys, more) for one in missing_partners(part)
    }


def test_every_identifier_that_a_rule_names_exists() -> None:
    named = {
        part for key in KEYS for one in missing_partners([key]) for group in one.groups for part in group.split("+")
    }

    assert all(identifier_of(part) or any(key.startswith(part.rstrip("n")) for key in KEYS) for part in named)
