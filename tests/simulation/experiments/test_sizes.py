"""The size of a hospital as somebody tells it: read, refused with a reason, and made into a pathway that runs."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.experiments.sizes import USUAL_ROOMS, document_of, size_of, wards_of
from simulation.model.problems import PathwayError

NAMES = st.text(alphabet=string.ascii_letters + string.digits + "_-", min_size=1, max_size=12)


@given(
    st.dictionaries(NAMES, st.integers(1, 900), min_size=1, max_size=6), st.sampled_from([", ", " ", "; ", "，", "\n"])
)
def test_wards_are_read_as_they_are_written(wards: dict[str, int], between: str) -> None:
    assert wards_of(between.join(f"{name}={beds}" for name, beds in wards.items())) == wards


@pytest.mark.parametrize(
    "text",
    [
        "A",  # no number
        "A=",
        "A=many",
        "A=-3",
        "A=3.5",
        "A=٣",  # a digit, but not one that people here read
        "A=3, A=4",  # which of them?
    ],
)
def test_wards_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(PathwayError):
        wards_of(text)


@pytest.mark.parametrize(
    ("rooms", "wards"),
    [
        ({"beds": 3}, {}),  # unknown kind of rooms
        ({"icu": 0}, {}),
        ({"icu": -1}, {}),
        ({"icu": 2.5}, {}),
        ({"icu": float("nan")}, {}),
        ({"icu": True}, {}),
        ({"icu": "many"}, {}),
        ({"icu": 10**9}, {}),  # a mistake of the keyboard
        ({}, {"A.B": 3}),  # a dot would be read as a step into the document
        ({}, {"": 3}),
        ({}, {"A": 0}),
        ({}, {f"W{n}": 1 for n in range(201)}),
    ],
)
def test_sizes_that_cannot_be_are_refused(rooms: dict[str, object], wards: dict[str, object]) -> None:
    with pytest.raises(PathwayError):
        size_of(rooms, wards)


def test_what_is_not_told_is_usual() -> None:
    size = size_of({"icu": 4.0}, {})

    assert (size.icu, size.ed, sum(size.wards.values())) == (4, USUAL_ROOMS["ed"], 90)
    assert 0 < size.ward_present < 90


@pytest.mark.parametrize(
    "sheet",
    [
        {"icu_stays": "1 d"},
        {"icu_stay": "lognormal:"},
        {"ed_admitted_share": 0.9, "ed_to_icu_share": 0.9},
        {"zone": "Europe/Nowhere"},
    ],
)
def test_sheet_that_makes_no_pathway_is_refused_at_once(sheet: dict[str, object]) -> None:
    with pytest.raises(PathwayError):
        document_of({"sheet": sheet}, "UTC")
    with pytest.raises(PathwayError):
        document_of({"sheet": [1]}, "UTC")


def test_sheet_becomes_a_pathway_of_the_told_size() -> None:
    made = document_of({"rooms": {"icu": 4}, "wards": {"A": 12}, "sheet": {"icu_stay": "exp:mean=2d"}}, "Asia/Shanghai")

    assert made["pools"]["ward-A"]["capacity"] == 12  # type: ignore[index]
    assert made["nodes"]["icu-stay"]["duration"] == "exp:mean=2d"  # type: ignore[index]
    assert made["zone"] == "Asia/Shanghai"
