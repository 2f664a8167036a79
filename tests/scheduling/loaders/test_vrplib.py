"""Files of vehicle routing: read, refused with line and cure, and solved close to the best known."""

from __future__ import annotations

import contextlib
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.checker.routes import check_routes
from scheduling.loaders.vrplib import Rounding, load_vrp, routes_to_text, vrp_of
from scheduling.solvers.routes.dispatching import plan_routes
from scheduling.solvers.routes.searching import RouteSettings
from tests.datafiles import data_file
from twin.errors import HospitalTwinError, ImportRefused

SMALL = """NAME : small
TYPE : CVRP
DIMENSION : 4
CAPACITY : 3
EDGE_WEIGHT_TYPE : EUC_2D
NODE_COORD_SECTION
1 0 0
2 3 4
3 0 5
4 1 1
DEMAND_SECTION
1 0
2 1
3 2
4 1
DEPOT_SECTION
1
-1
EOF
"""


def test_distances_are_rounded_as_asked() -> None:
    nearest = vrp_of(SMALL, "small").rounds.seconds
    tenths = vrp_of(SMALL, "small", Rounding.DIMACS)

    assert nearest[0].tolist() == [0, 5, 5, 1]  # the square root of 2 is 1.41
    assert (tenths.scale, tenths.rounds.seconds[0].tolist()) == (10, [0, 50, 50, 14])
    assert vrp_of(SMALL, "small", Rounding.TRUNC).rounds.seconds[1, 2] == 3  # 3.16
    assert vrp_of(SMALL, "small", Rounding.EXACT).rounds.seconds[0, 3] == 1414


def test_a_header_needs_no_colon() -> None:
    bare = SMALL.replace(" :", "").replace("NAME small", "NAME: small")

    one, other = vrp_of(SMALL, "small"), vrp_of(bare, "small")

    assert other.name == one.name == "small"
    assert other.rounds.tasks == one.rounds.tasks
    assert other.rounds.carriers == one.rounds.carriers


def test_a_solution_file_names_routes_and_cost() -> None:
    made = vrp_of(SMALL, "small")

    plan = plan_routes(made.rounds, RouteSettings(iterations=50))

    report = check_routes(made.rounds, plan)
    assert report.is_valid
    text = routes_to_text(plan, report.cost)
    assert text.startswith("Route #1: ")
    assert text.endswith(f"Cost {report.cost}\n")


def test_an_explicit_matrix_may_be_given_by_its_lower_half() -> None:
    explicit = SMALL.replace("EUC_2D", "EXPLICIT\nEDGE_WEIGHT_FORMAT : LOWER_ROW")
    head, tail = explicit.split("NODE_COORD_SECTION")
    text = head + "EDGE_WEIGHT_SECTION\n7\n8 9\n1 2 3\nDEMAND_SECTION" + tail.split("DEMAND_SECTION")[1]

    assert vrp_of(text, "small").rounds.seconds.tolist() == [[0, 7, 8, 1], [7, 0, 9, 2], [8, 9, 0, 3], [1, 2, 3, 0]]


def test_prizes_make_clients_optional() -> None:
    text = SMALL.replace("DEPOT_SECTION", "PRIZE_SECTION\n1 0\n2 1\n3 100\n4 100\nDEPOT_SECTION")
    made = vrp_of(text, "small")

    plan = plan_routes(made.rounds, RouteSettings(iterations=50))

    assert [found.task for found in plan.dropped] == ["1"]  # farther than its prize is worth


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("DIMENSION : 4", "DIMENSION : -4", "DIMENSION"),  # negative
        ("DIMENSION : 4", "DIMENSION : 5001", "DIMENSION"),  # a matrix that would fill the memory
        ("DIMENSION : 4", "DIMENSION : 5", "NODE_COORD_SECTION"),  # a node without a line
        ("DIMENSION : 4", "DIMENSION : 3", "line 10"),  # a node too many
        ("CAPACITY : 3", "CAPACITY : many", "CAPACITY"),  # no number
        ("CAPACITY : 3", "CAPACITY : 1", "DEMAND_SECTION"),  # a demand that no vehicle can carry
        ("2 3 4", "2 3 x", "line 8"),  # no number
        ("2 3 4", "2 3", "line 8"),  # a number too few
        ("2 3 4", "1 3 4", "twice"),  # a node twice
        ("3 2\n", "3 -2\n", "DEMAND_SECTION"),  # negative demand
        ("DEPOT_SECTION\n1", "DEPOT_SECTION\n9", "DEPOT_SECTION"),  # unknown depot
        ("DEPOT_SECTION\n1\n", "DEPOT_SECTION\n", "DEPOT_SECTION"),  # no depot
        ("2 3 4", "\u00b2 3 4", "NODE_COORD_SECTION"),  # a digit that is no number
        ("DEPOT_SECTION\n1\n", "DEPOT_SECTION\n\u00b9\n", "DEPOT_SECTION"),
        ("EUC_2D", "EUC_3D", "EDGE_WEIGHT_TYPE"),  # not read
        ("NAME : small", "NOM small", "line 1"),  # no header
        ("DEPOT_SECTION", "BACKHAUL_SECTION\nDEPOT_SECTION", "BACKHAUL_SECTION"),  # a section that is not read
        ("DEPOT_SECTION", "TIME_WINDOW_SECTION\n1 0 9\n2 5 1\n3 0 9\n4 0 9\nDEPOT_SECTION", "ends before"),
        ("DEMAND_SECTION\n1 0", "DEMAND_SECTION\n1 1", "depot has a demand"),
    ],
)
def test_a_broken_file_is_refused_by_section_and_line(old: str, new: str, named: str) -> None:
    assert old in SMALL

    with pytest.raises(ImportRefused) as refused:
        vrp_of(SMALL.replace(old, new, 1), "small")

    assert named in " ".join(f"{found.field} {found.place} {found.message}" for found in refused.value.problems)


@settings(max_examples=80, deadline=None)
@given(at=st.integers(0, len(SMALL)), put=st.text(max_size=4), gone=st.integers(0, 6))
def test_damaged_files_are_read_or_refused_never_more(at: int, put: str, gone: int) -> None:
    with contextlib.suppress(HospitalTwinError):
        vrp_of(SMALL[:at] + put + SMALL[at + gone :], "small")


def test_a_large_problem_is_read_in_the_memory_of_two_matrices() -> None:
    n = 1_500
    nodes = "\n".join(f"{node} {node % 40} {node // 40}" for node in range(1, n + 1))
    demand = "\n".join(f"{node} {int(node > 1)}" for node in range(1, n + 1))
    text = (
        f"NAME : large\nTYPE : CVRP\nDIMENSION : {n}\nCAPACITY : 9\nEDGE_WEIGHT_TYPE : EUC_2D\n"
        f"NODE_COORD_SECTION\n{nodes}\nDEMAND_SECTION\n{demand}\nDEPOT_SECTION\n1\n-1\nEOF\n"
    )
    tracemalloc.start()
    try:
        made = vrp_of(text, "large")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert made.rounds.seconds[0, 40] == 1
    assert peak < 3 * made.rounds.seconds.nbytes  # distances, then whole numbers; the lines of the file besides


def test_rc208_comes_close_to_its_best_known_cost() -> None:
    made = load_vrp(data_file("routing/RC208.vrp"))

    plan = plan_routes(made.rounds, RouteSettings(iterations=1500))

    report = check_routes(made.rounds, plan)
    assert report.is_valid
    assert report.cost / made.scale <= 776.1 * 1.03  # best known: 776.1
