"""Files in Solomon's own format mean what the VRPLIB file of the same problem means; what is wrong is told by line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.checker.routes import check_routes
from scheduling.loaders.vrplib import vrp_of
from scheduling.model.routes import RouteProblem
from scheduling.solvers.routes.dispatching import plan_routes
from scheduling.solvers.routes.searching import RouteSettings
from tests.datafiles import data_file
from twin.errors import HospitalTwinError, ImportRefused

SMALL = """RC201

VEHICLE
NUMBER     CAPACITY
  2         1000

CUSTOMER
CUST NO.  XCOORD.    YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE TIME

    0      40         50          0          0        960          0
    1      25         85         20        673        793         10
    2      22         75         30        152        272         10
"""


def as_solomon(text: str) -> str:
    """Write a VRPLIB file of a problem with time windows in the other format."""
    lines = [line.split() for line in text.splitlines()]
    names = [words[0] if words else "" for words in lines]
    size = int(next(words[-1] for words in lines if words[:1] == ["DIMENSION"]))
    header = {words[0]: words[-1] for words in lines if len(words) > 2 and words[1] == ":"}

    def column(section: str) -> list[list[str]]:
        first = names.index(section) + 1
        return [words[1:] for words in lines[first : first + size]]

    columns = zip(column("NODE_COORD_SECTION"), column("DEMAND_SECTION"), column("TIME_WINDOW_SECTION"), strict=True)
    rows = [
        " ".join([str(at), *xy, *demand, *window, header["SERVICE_TIME"]])
        for at, (xy, demand, window) in enumerate(columns)
    ]
    vehicles = f"NUMBER CAPACITY\n{header['VEHICLES']} {header['CAPACITY']}"
    return "\n".join([header["NAME"], "VEHICLE", vehicles, "CUSTOMER", "CUST NO. XCOORD.", *rows])


def compared(problem: RouteProblem) -> tuple[object, ...]:
    return problem.places, problem.seconds.tolist(), problem.tasks, problem.carriers


def test_both_formats_of_one_problem_are_the_same_problem() -> None:
    text = data_file("routing/RC208.vrp").read_text()

    one, other = vrp_of(text, "RC208.vrp"), vrp_of(as_solomon(text), "RC208.txt")

    assert compared(other.rounds) == compared(one.rounds)
    assert (other.name, other.scale) == (one.name, one.scale)


def test_times_and_places_are_read_and_rounds_found() -> None:
    made = vrp_of(SMALL, "RC201.txt")

    plan = plan_routes(made.rounds, RouteSettings(iterations=20))

    assert (made.name, len(made.rounds.carriers), made.rounds.carriers[0].capacity) == ("RC201", 2, 1000)
    second = made.rounds.tasks[1]
    assert (second.id, second.earliest_s, second.latest_s, second.service_s) == ("2", 1520, 2720, 100)  # in tenths
    assert check_routes(made.rounds, plan).is_valid


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  2         1000", "", "CAPACITY"),  # no vehicles
        ("  2         1000", "  2 1000 3", "number and capacity"),
        ("  2         1000", "  2 many", "CAPACITY"),
        ("    2      22 ", "    3      22 ", "Expected customer 2"),  # a gap in the numbers
        ("272         10", "272", "Expected 7 numbers"),  # a column is missing
        ("272         10", "52         10", "ends before it begins"),
        ("272         10", "272        ten", "Expected a number"),
        ("    0      40         50          0", "    0      40         50          5", "depot has a demand"),
    ],
)
def test_what_is_wrong_is_told_by_place(old: str, new: str, told: str) -> None:
    assert old in SMALL

    with pytest.raises(ImportRefused, match=told):
        vrp_of(SMALL.replace(old, new), "RC201.txt")


@given(st.integers(0, len(SMALL)), st.text(max_size=6))
def test_no_damage_ends_in_anything_but_a_named_error(at: int, junk: str) -> None:
    with contextlib.suppress(HospitalTwinError):
        vrp_of(SMALL[:at] + junk + SMALL[at + len(junk) :], "RC201.txt")
