"""Files of the rostering benchmarks: read, written back, refused with place and cure."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.checker.rosters import check_roster
from scheduling.loaders.curtois import curtois_of, load_curtois, roster_of_text, roster_to_text
from scheduling.loaders.inrc2 import Weeks, load_week_roster, load_weeks, week_to_bytes
from scheduling.model.rosters import Contract, Employee, Limit, Need, Roster, RosterProblem, Shift
from scheduling.service.rostering import check_weeks, roster_weeks
from scheduling.solvers.rosters.settings import RosterSettings
from tests.datafiles import data_file
from tests.scheduling.staff import roster_from
from twin.errors import DecodeError, HospitalTwinError, ImportRefused

TEXT = """SECTION_HORIZON
7

SECTION_SHIFTS
# ShiftID, Length in mins, Shifts which cannot follow this shift | separated
E,480,
L,480,E

SECTION_STAFF
A,E=7|L=2,2400,960,5,2,2,1
B,E=7,2400,960,5,2,2,1

SECTION_DAYS_OFF
A,0

SECTION_SHIFT_ON_REQUESTS
A,2,E,2

SECTION_SHIFT_OFF_REQUESTS
B,1,E,3

SECTION_COVER
0,E,1,100,1
1,E,1,100,1
"""


def test_every_section_is_read() -> None:
    problem = curtois_of(TEXT)

    assert problem.days == 7
    assert problem.shifts[1].forbidden_next == {"E"}
    assert problem.contracts[0].shift_counts == {"E": 7, "L": 2}
    assert problem.contracts[0].work_run == Limit(low=2, high=5)
    assert problem.employees[0].days_off == {0}
    assert [(wish.employee, wish.is_on, wish.weight) for wish in problem.requests] == [("A", True, 2), ("B", False, 3)]
    assert problem.needs[1].under == 100


def test_a_roster_is_written_and_read_back() -> None:
    problem = curtois_of(TEXT)
    roster = roster_from({"A": ".EEL...", "B": "EE....."})

    assert set(roster_of_text(problem, roster_to_text(problem, roster)).assignments) == set(roster.assignments)
    assert check_roster(problem, roster).cost == 3 + 1  # the wish of B and one too many on day 1


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("\n7\n", "\n-7\n", "horizon"),  # negative
        ("E,480,", "E,x,", "length"),  # no number
        ("L,480,E", "L,480,X", "'X'"),  # unknown shift
        ("L,480,E", "E,480,", "twice"),  # a shift twice
        ("B,E=7,", "A,E=7,", "twice"),  # an employee twice
        ("B,E=7,", "B,Q=7,", "'Q'"),  # limit of an unknown shift
        ("960,5,2,2,1\nB", "9600,5,2,2,1\nB", "MinTotalMinutes"),  # least above most
        ("B,1,E,3", "C,1,E,3", "'C'"),  # wish of nobody
        ("B,1,E,3", "B,9,E,3", "day"),  # wish after the last day
        ("1,E,1,100,1", "0,E,1,100,1", "twice"),  # cover twice
        ("1,E,1,100,1", "1,E,1,100", "fields"),  # a field too few
        ("A,0", "Z,0", "'Z'"),  # leave of nobody
        ("SECTION_COVER\n0,E,1,100,1\n1,E,1,100,1\n", "SECTION_COVER\n", "empty"),  # an empty list
        ("SECTION_DAYS_OFF", "SECTION_HOLIDAYS", "no such section"),
        ("SECTION_HORIZON\n", "", "section first"),
    ],
)
def test_a_broken_file_is_refused_by_field_and_line(old: str, new: str, named: str) -> None:
    assert old in TEXT

    with pytest.raises(ImportRefused) as refused:
        curtois_of(TEXT.replace(old, new, 1))

    told = " ".join(f"{found.field} {found.place} {found.message}" for found in refused.value.problems)
    assert named in told


@settings(max_examples=80, deadline=None)
@given(at=st.integers(0, len(TEXT)), put=st.text(max_size=4), gone=st.integers(0, 6))
def test_damaged_files_are_read_or_refused_never_more(at: int, put: str, gone: int) -> None:
    with contextlib.suppress(HospitalTwinError):
        curtois_of(TEXT[:at] + put + TEXT[at + gone :])


@pytest.mark.parametrize("text", ["A\tE\n", "A\tE\nB\tQ\n", "A\tE\nB\tE\nB\tE\n", "A\n" + "B" + "\tE" * 8])
def test_a_roster_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ImportRefused):
        roster_of_text(curtois_of(TEXT), text)


def test_all_instances_are_read() -> None:
    for number in range(1, 13):
        assert load_curtois(data_file(f"rostering/Instance{number}.txt")).needs


def test_the_second_competitions_weeks_are_rostered_written_and_checked_again(tmp_path: Path) -> None:
    folder = data_file("rostering/inrc2_n005w4")
    weeks = load_weeks(folder)

    done = roster_weeks(weeks, RosterSettings(seconds=8.0))

    assert [week.report.is_valid for week in done] == [True] * 4
    read = []
    for index, week in enumerate(done):
        path = tmp_path / f"Sol-{index}.json"
        path.write_bytes(week_to_bytes(weeks.scenario, index, week.roster))
        read.append(load_week_roster(path, weeks.base))
    assert [week.report for week in check_weeks(weeks, read)] == [week.report for week in done]


def test_a_week_that_leaves_too_few_for_the_next_is_made_again() -> None:
    # All three are wished for the first week's last night, and two are needed early on the Monday after: only when the
    # second week is known can that be seen, since no day of the first one needs anybody early.
    shifts = (Shift(id="E"), Shift(id="N", forbidden_next=frozenset({"E"})))
    staff = tuple(Employee(id=name, contract="full", skills=frozenset({"RN"})) for name in "abc")
    base = RosterProblem(days=7, shifts=shifts, contracts=(Contract(id="full"),), employees=staff, skills=("RN",))
    night = Need(day=6, shift="N", skill="RN", preferred=3, under=30)
    early = Need(day=0, shift="E", skill="RN", minimum=2, preferred=2, under=30)
    weeks = Weeks(scenario="s", base=replace(base, weeks=2), needs=((night,), (early,)), requests=((), ()))

    first, second = roster_weeks(weeks, RosterSettings(seconds=4.0))

    assert first.is_again
    assert not second.is_again
    assert first.report.is_valid
    assert second.report.is_valid
    assert first.report.cost == 60  # two of the three wished for the night
    assert not first.problem.following


def test_published_weekly_solutions_keep_every_must() -> None:
    folder = data_file("rostering/inrc2_n005w4")
    files = [folder / f"WD-n005w4-{week}.json" for week in (1, 2, 3, 3)]
    weeks = load_weeks(folder, folder / "H0-n005w4-0.json", files)
    solution = folder / "Solution_H_0-WD_1-2-3-3"
    rosters = [
        load_week_roster(solution / f"Sol-n005w4-{name}.json", weeks.base) for name in ("1-0", "2-1", "3-2", "3-3")
    ]

    assert all(week.report.is_valid for week in check_weeks(weeks, rosters))
    assert not check_weeks(weeks, [Roster()] * 4)[0].report.is_valid


def test_a_broken_scenario_is_refused(tmp_path: Path) -> None:
    folder = data_file("rostering/inrc2_n005w4")
    for path in folder.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    scenario = tmp_path / "Sc-n005w4.json"
    body = json.loads(scenario.read_text())
    body["nurses"][0]["contract"] = "Sometimes"
    scenario.write_text(json.dumps(body))

    with pytest.raises(ImportRefused, match="contract"):
        load_weeks(tmp_path)
    with pytest.raises(DecodeError, match="expected 4 weeks"):
        load_weeks(folder, weeks=[folder / "WD-n005w4-0.json"])
    with pytest.raises(DecodeError, match="Sc-"):
        load_weeks(tmp_path / "..")
