"""Entries that are probably one item are found; sizes, sides and sterility never make two things one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.duplicates import Likeness, Listed, find_candidates, likeness, plain_code


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Syringe Luer 5 ml", "Luer syringe, 5ml"),
        ("Gauze swab 10 x 10 cm sterile", "SWAB GAUZE STERILE 10x10 centimetre"),
        ("Sodium chloride 0,9 % 500 mL", "Sodium chloride 0.90% 500ml"),
        ("Suction catheter 12 CH", "Catheter suction 12 Fr"),
        ("一次性注射器 5ml", "一次性注射器5ml"),
        ("Ｍask FFP2", "mask ffp2"),  # full-width letters of another system
    ],
)
def test_the_same_words_in_another_writing_are_one_item(left: str, right: str) -> None:
    assert likeness(left, right) == 1.0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Syringe Luer 5 ml", "Syringe Luer 10 ml"),
        ("Glove nitrile M", "Glove nitrile L"),
        ("Glove nitrile M", "Glove latex M"),
        ("Splint left", "Splint right"),
        ("Drape sterile", "Drape"),
        ("Cannula 18 G green", "Cannula 20 G green"),
        ("手套 左 7", "手套 右 7"),
        ("Morphine 10 mg", "Morphine 1.0 mg"),
        ("Ceftriaxone 1 g", "Mask FFP2"),
        ("", ""),
    ],
)
def test_what_differs_in_size_side_or_substance_stays_two(left: str, right: str) -> None:
    assert likeness(left, right) < 0.8


def test_pairs_come_once_with_their_strongest_reason_the_surest_first() -> None:
    items = [
        Listed(id="a", code="0012-3", name="Gauze swab 10 cm"),
        Listed(id="b", code="123", name="Gauze swab 10 cm"),
        Listed(id="c", code="9", name="Gauze swab woven 10 cm soft white", supplies=(("Acme", "A-77"),)),
        Listed(id="d", code="8", name="Something else", supplies=(("ACME", "a77"),)),
        Listed(id="e", code="7", name="Third thing", supplies=(("Other", "A-77"),)),
    ]

    found = [(each.first, each.second, each.why, each.score) for each in find_candidates(items)]

    assert found == [("a", "b", Likeness.CODE, 1.0), ("c", "d", Likeness.SUPPLIER_CODE, 1.0)]


def test_only_pairs_with_a_new_entry_are_asked_for() -> None:
    items = [Listed(id=name, code=f"code {name}", name="Foley catheter 14") for name in ("a", "b", "c")]

    assert {(each.first, each.second) for each in find_candidates(items, among=["c"])} == {("a", "c"), ("b", "c")}


names = st.text(max_size=40)


@given(names, names)
def test_likeness_is_the_same_both_ways_and_within_bounds(left: str, right: str) -> None:
    assert likeness(left, right) == likeness(right, left)
    assert 0.0 <= likeness(left, right) <= 1.0


@given(st.text(max_size=30))
def test_a_code_is_compared_the_same_after_being_compared(code: str) -> None:
    assert plain_code(plain_code(code)) == plain_code(code)


@given(st.lists(st.tuples(st.text(max_size=6), st.text(max_size=12)), max_size=12))
def test_every_pair_is_ordered_and_of_two_entries(told: list[tuple[str, str]]) -> None:
    items = [Listed(id=str(at), code=code, name=name) for at, (code, name) in enumerate(told)]

    found = find_candidates(items)

    assert all(each.first < each.second for each in found)
    assert len({(each.first, each.second) for each in found}) == len(found)
    assert all(left.score >= right.score for left, right in zip(found, found[1:], strict=False))
