"""Distances of the TSPLIB format: published entries, and triangles written in every order."""

from __future__ import annotations

import numpy as np
import pytest

from scheduling.loaders.edge_weights import FORMATS, SAME_ORDER, by_coordinates, of_numbers, size_of
from scheduling.loaders.vrplib import vrp_of
from twin.errors import ImportRefused

FULL = np.array([[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]], np.float64)
WRITTEN = {
    "FULL_MATRIX": [0, 1, 2, 3, 1, 0, 4, 5, 2, 4, 0, 6, 3, 5, 6, 0],
    "UPPER_ROW": [1, 2, 3, 4, 5, 6],
    "LOWER_ROW": [1, 2, 4, 3, 5, 6],
    "UPPER_DIAG_ROW": [0, 1, 2, 3, 0, 4, 5, 0, 6, 0],
    "LOWER_DIAG_ROW": [0, 1, 0, 2, 4, 0, 3, 5, 6, 0],
    "UPPER_COL": [1, 2, 4, 3, 5, 6],
    "LOWER_COL": [1, 2, 3, 4, 5, 6],
    "UPPER_DIAG_COL": [0, 1, 0, 2, 4, 0, 3, 5, 6, 0],
    "LOWER_DIAG_COL": [0, 1, 2, 3, 0, 4, 5, 0, 6, 0],
}


def vrp(headers: str, sections: str, demand: str = "1") -> str:
    return (
        f"NAME : t\nTYPE : CVRP\nDIMENSION : 4\nCAPACITY : 10\n{headers}\n{sections}\n"
        f"DEMAND_SECTION\n1 0\n2 {demand}\n3 1\n4 1\nDEPOT_SECTION\n1\n-1\nEOF\n"
    )


@pytest.mark.parametrize("form", sorted(WRITTEN))
def test_a_matrix_is_read_in_every_order(form: str) -> None:
    numbers = WRITTEN[form]
    known = SAME_ORDER.get(form, form)

    assert known in FORMATS
    assert len(numbers) == size_of(known, 4)
    assert np.array_equal(of_numbers(known, [float(one) for one in numbers], 4), FULL)
    lines = "\n".join(str(one) for one in numbers)
    made = vrp_of(
        vrp(f"EDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : {form}", f"EDGE_WEIGHT_SECTION\n{lines}"), "t.vrp"
    )
    assert np.array_equal(made.rounds.seconds, FULL)


@pytest.mark.parametrize(
    ("kind", "a", "b", "apart"),
    [
        ("GEO", (38.24, 20.42), (39.57, 26.15), 509),  # ulysses16, entry 1-2
        ("GEO", (38.24, 20.42), (40.56, 25.32), 501),  # ulysses16, entry 1-3
        ("ATT", (6734, 1453), (2233, 10), 1495),  # att48, entry 1-2
        ("EUC_2D", (0, 0), (1, 1), 2**0.5),
        ("EXACT_2D", (0, 0), (1, 1), 2**0.5),
        ("CEIL_2D", (0, 0), (1, 1), 2),
        ("FLOOR_2D", (0, 0), (1, 1), 1),
        ("MAN_2D", (0, 0), (-3, 4), 7),
        ("MAX_2D", (0, 0), (-3, 4), 4),
    ],
)
def test_distances_are_those_of_the_formula(
    kind: str, a: tuple[float, float], b: tuple[float, float], apart: float
) -> None:
    found = by_coordinates(kind, np.array([a, b], np.float64))

    assert found[0, 1] == pytest.approx(apart)
    assert found[1, 0] == found[0, 1]
    assert found[0, 0] == found[1, 1] == 0


def test_places_on_a_globe_are_routed() -> None:
    places = "NODE_COORD_SECTION\n1 38.24 20.42\n2 39.57 26.15\n3 40.56 25.32\n4 36.26 23.12"

    made = vrp_of(vrp("EDGE_WEIGHT_TYPE : GEO", places), "t.vrp")

    assert made.rounds.seconds[0].tolist() == [0, 509, 501, 312]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (vrp("EDGE_WEIGHT_TYPE : XRAY1", "NODE_COORD_SECTION\n1 0 0\n2 1 1\n3 2 2\n4 3 3"), "EDGE_WEIGHT_TYPE"),
        (
            vrp("EDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : FUNCTION", "EDGE_WEIGHT_SECTION\n1"),
            "EDGE_WEIGHT_FORMAT",
        ),
        (vrp("EDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : UPPER_COL", "EDGE_WEIGHT_SECTION\n1 2"), "6 numbers"),
        # half a unit would be carried for nothing if it were cut off
        (vrp("EDGE_WEIGHT_TYPE : EUC_2D", "NODE_COORD_SECTION\n1 0 0\n2 1 1\n3 2 2\n4 3 3", "0.5"), "whole number"),
    ],
)
def test_what_is_not_read_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(ImportRefused, match="t") as refused:
        vrp_of(text, "t.vrp")

    assert named in " ".join(f"{one.field} {one.message}" for one in refused.value.problems)
