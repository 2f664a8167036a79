"""The competition's plain text files: read as its JSON files are, refused by line."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.loaders.inrc2 import load_week_roster, load_weeks
from scheduling.loaders.inrc2_text import DAYS, record_of_text
from scheduling.model.rosters import Assignment
from tests.datafiles import data_file
from twin.errors import HospitalTwinError, ImportRefused

WEEK = """WEEK_DATA
n005w4

REQUIREMENTS
Early HeadNurse (1,1) (0,0) (0,0) (0,1) (0,0) (1,1) (0,0)
Late Nurse (1,2) (1,1) (1,1) (0,1) (1,1) (1,1) (0,1)

SHIFT_OFF_REQUESTS = 2
Andrea Late Wed
Sara Any Mon
"""


def scenario_text(body: dict) -> str:
    """Write a scenario of the JSON files as text."""
    pair = lambda record, name: f"({record['minim' + name]},{record['maxim' + name]})"  # noqa: E731  # said nine times
    shifts = [f"{one['id']} {pair(one, 'umNumberOfConsecutiveAssignments')}" for one in body["shiftTypes"]]
    after = [
        " ".join([one["precedingShiftType"], str(len(one["succeedingShiftTypes"])), *one["succeedingShiftTypes"]])
        for one in body["forbiddenShiftTypeSuccessions"]
    ]
    names = ("umNumberOfAssignments", "umNumberOfConsecutiveWorkingDays", "umNumberOfConsecutiveDaysOff")
    contracts = [
        f"{one['id']} {' '.join(pair(one, name) for name in names)}"
        f" {one['maximumNumberOfWorkingWeekends']} {one['completeWeekends']}"
        for one in body["contracts"]
    ]
    nurses = [f"{one['id']} {one['contract']} {len(one['skills'])} {' '.join(one['skills'])}" for one in body["nurses"]]
    lists = {"SKILLS": body["skills"], "SHIFT_TYPES": shifts, "CONTRACTS": contracts, "NURSES": nurses}
    parts = [f"SCENARIO = {body['id']}", f"WEEKS = {body['numberOfWeeks']}"]
    parts += [f"{name} = {len(lines)}\n" + "\n".join(lines) for name, lines in lists.items()]
    parts.insert(4, "FORBIDDEN_SHIFT_TYPES_SUCCESSIONS\n" + "\n".join(after))
    return "\n\n".join(parts) + "\n"


def history_text(body: dict) -> str:
    """Write a history of the JSON files as text."""
    rows = [
        f"{one['nurse']} {one['numberOfAssignments']} {one['numberOfWorkingWeekends']} {one['lastAssignedShiftType']}"
        f" {one['numberOfConsecutiveAssignments']} {one['numberOfConsecutiveWorkingDays']}"
        f" {one['numberOfConsecutiveDaysOff']}"
        for one in body["nurseHistory"]
    ]
    return f"HISTORY\n0 {body['scenario']}\n\nNURSE_HISTORY\n" + "\n".join(rows) + "\n"


def week_text(body: dict) -> str:
    """Write a week of the JSON files as text."""
    needs = []
    for one in body["requirements"]:
        days = [one[f"requirementOn{day}"] for day in DAYS]
        needs.append(
            " ".join([one["shiftType"], one["skill"], *(f"({day['minimum']},{day['optimal']})" for day in days)])
        )
    wishes = [f"{one['nurse']} {one['shiftType']} {one['day'][:3]}" for one in body["shiftOffRequests"]]
    asked = f"SHIFT_OFF_REQUESTS = {len(wishes)}\n" + "\n".join(wishes)
    return f"WEEK_DATA\n{body['scenario']}\n\nREQUIREMENTS\n" + "\n".join(needs) + f"\n\n{asked}\n"


def test_text_means_what_json_means(tmp_path: Path) -> None:
    folder = data_file("rostering/inrc2_n005w4")
    read = {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}
    for name, body in read.items():
        write = {"S": scenario_text, "H": history_text, "W": week_text}[name[0]]
        (tmp_path / name.replace(".json", ".txt")).write_text(write(body))

    assert load_weeks(tmp_path) == load_weeks(folder)
    assert load_weeks(tmp_path / "Sc-n005w4.txt") == load_weeks(folder)


def test_a_solution_in_text_is_read(tmp_path: Path) -> None:
    base = load_weeks(data_file("rostering/inrc2_n005w4")).base
    path = tmp_path / "Sol-n005w4-0.txt"
    path.write_text("SOLUTION\n0 n005w4\n\nASSIGNMENTS = 1\nPatrick Mon Early HeadNurse\n")

    assert load_week_roster(path, base).assignments == (
        Assignment(employee="Patrick", day=0, shift="Early", skill="HeadNurse"),
    )


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("(1,1) (0,0)", "(1,1)", "REQUIREMENTS line 5"),  # a day too few
        ("SHIFT_OFF_REQUESTS = 2", "SHIFT_OFF_REQUESTS = 3", "SHIFT_OFF_REQUESTS file"),  # a wish too few
        ("Sara Any Mon", "Sara Any", "SHIFT_OFF_REQUESTS line 10"),
        ("WEEK_DATA\n", "", "section line 1"),  # no heading
        ("REQUIREMENTS\n", "REQUIREMENTS\nREQUIREMENTS\n", "REQUIREMENTS line 5"),  # a section twice
    ],
)
def test_a_line_of_another_shape_is_named(old: str, new: str, named: str) -> None:
    assert old in WEEK

    with pytest.raises(ImportRefused) as refused:
        record_of_text(WEEK.replace(old, new, 1), "WD.txt")

    assert named in [f"{one.field} {one.place}" for one in refused.value.problems]


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, len(WEEK)), put=st.text(max_size=4), gone=st.integers(0, 6))
def test_damaged_text_is_read_or_refused_never_more(at: int, put: str, gone: int) -> None:
    with contextlib.suppress(HospitalTwinError):
        record_of_text(WEEK[:at] + put + WEEK[at + gone :], "WD.txt")
