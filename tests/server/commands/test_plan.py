"""``hospital-twin plan``: files in, files and figures out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduling.loaders.ihtc import load_plan, load_problem, plan_to_bytes, problem_to_bytes
from scheduling.model.admissions import AdmissionPlan
from server.console import Exit, run
from server.tree import build_tree
from tests.datafiles import data_file
from tests.scheduling.loaders.test_rosters import TEXT as ROSTER
from tests.scheduling.loaders.test_vrplib import SMALL
from tests.scheduling.wards import good_plan, patient, problem

pytestmark = pytest.mark.timeout(300)  # the first test of a fresh machine compiles the kernels


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A problem file."""
    path = tmp_path / "week.json"
    path.write_bytes(problem_to_bytes(problem()))
    return path


def test_a_plan_is_made_written_and_found_in_order(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = file.with_name("plan.json")

    code = run(build_tree(), ["plan", "ihtc", str(file), "--steps", "20000", "--out", str(target), "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == Exit.DONE
    assert told["is_valid"]
    assert load_plan(target, problem()).stays
    assert run(build_tree(), ["plan", "check", str(file), str(target), "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["cost"] == told["cost"]


def test_a_broken_plan_is_told_and_gives_exit_code_one(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = file.with_name("plan.json")
    target.write_bytes(plan_to_bytes(problem(), AdmissionPlan(duties=good_plan(problem()).duties)))

    code = run(build_tree(), ["plan", "check", str(file), str(target)])

    heard = capsys.readouterr()
    assert code == Exit.NOT_IN_ORDER
    assert "mandatory_unscheduled" in heard.err
    assert "p1" in heard.err


@pytest.mark.parametrize("arguments", [["--seconds", "0"], ["--threads", "0"], ["--seed", "-1"], ["--steps", "-5"]])
def test_settings_out_of_range_are_wrong_use(file: Path, arguments: list[str]) -> None:
    assert run(build_tree(), ["plan", "ihtc", str(file), *arguments]) == Exit.WRONG_USE


def test_a_file_that_is_no_problem_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "week.json"
    path.write_text('{"days": -3}')

    assert run(build_tree(), ["plan", "ihtc", str(path)]) == Exit.WRONG_USE
    assert "days" in capsys.readouterr().err


def test_a_target_that_cannot_be_written_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = file.parent / "nowhere" / "plan.json"

    code = run(build_tree(), ["plan", "ihtc", str(file), "--steps", "1000", "--out", str(target)])

    assert code == Exit.CANNOT
    assert "nowhere" in capsys.readouterr().err


def test_routes_of_a_vrplib_file_are_planned_checked_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, target = tmp_path / "small.vrp", tmp_path / "small.sol"
    file.write_text(SMALL)

    code = run(build_tree(), ["plan", "routes", str(file), "--iterations", "50", "--out", str(target), "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == Exit.DONE
    assert told["is_valid"]
    assert sorted(visit for route in told["routes"] for visit in route["visits"]) == ["1", "2", "3"]
    assert target.read_text().endswith(f"Cost {told['cost']:g}\n")
    assert run(build_tree(), ["plan", "routes", str(file), "--iterations", "50"]) == Exit.DONE
    assert "dropped" in capsys.readouterr().out


def test_a_broken_vrplib_file_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.vrp"
    file.write_text(SMALL.replace("2 3 4", "2 3"))

    assert run(build_tree(), ["plan", "routes", str(file)]) == Exit.WRONG_USE
    assert "NODE_COORD_SECTION, line 8" in capsys.readouterr().err


def test_routes_are_checked_from_their_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, solution = tmp_path / "small.vrp", tmp_path / "small.sol"
    file.write_text(SMALL)
    solution.write_text("Route #1: 1 2\nRoute #2: 3\nCost 15\n")

    assert run(build_tree(), ["plan", "check", str(file), str(solution), "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["cost"] == 15
    solution.write_text("Route #1: 1 2 3\n")
    assert run(build_tree(), ["plan", "check", str(file), str(solution), "--json"]) == Exit.NOT_IN_ORDER
    assert json.loads(capsys.readouterr().out)["violations"][0]["rule"] == "capacity"
    solution.write_text("Route #1: 1 9\n")
    assert run(build_tree(), ["plan", "check", str(file), str(solution)]) == Exit.WRONG_USE


def test_a_monthly_roster_is_made_written_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, target = tmp_path / "week.txt", tmp_path / "roster.txt"
    file.write_text(ROSTER)

    assert run(build_tree(), ["plan", "roster", str(file), "--seconds", "5", "--out", str(target), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["is_valid"]
    assert run(build_tree(), ["plan", "check", str(file), str(target), "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["cost"] == told["cost"]
    target.write_text("A\tE\tE\tE\tE\tE\tE\tE\nB\n")
    assert run(build_tree(), ["plan", "check", str(file), str(target)]) == Exit.NOT_IN_ORDER
    assert "work_run" in capsys.readouterr().err


def test_a_weekly_roster_is_made_into_a_folder_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, target = data_file("rostering/inrc2_n005w4"), tmp_path / "made"

    code = run(build_tree(), ["plan", "roster", str(folder), "--seconds", "6", "--out", str(target), "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == Exit.DONE
    assert [week["is_valid"] for week in told["weeks"]] == [True] * 4
    assert run(build_tree(), ["plan", "check", str(folder), str(target), "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["cost"] == told["cost"]
    assert run(build_tree(), ["plan", "check", str(folder), str(folder / "nothing")]) == Exit.WRONG_USE


def test_a_broken_roster_file_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "week.txt"
    file.write_text(ROSTER.replace("L,480,E", "L,480,X"))

    assert run(build_tree(), ["plan", "roster", str(file)]) == Exit.WRONG_USE
    assert "SECTION_SHIFTS" in capsys.readouterr().err
    assert run(build_tree(), ["plan", "roster", str(tmp_path / "none.txt")]) == Exit.WRONG_USE


def test_a_problem_is_generated_and_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "week.json"

    assert run(build_tree(), ["plan", "generate", str(target), "--patients", "30", "--seed", "3"]) == Exit.DONE
    assert len(load_problem(target).patients) == 30
    assert run(build_tree(), ["plan", "generate", str(target), "--patients", "0"]) == Exit.WRONG_USE


def test_what_stands_against_each_other_is_told_in_words(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(build_tree(), ["plan", "conflicts", str(file)]) == Exit.DONE
    late = tuple(patient(f"p{i}", due_day=0) for i in range(3))
    file.write_bytes(problem_to_bytes(problem(patients=late)))
    capsys.readouterr()

    assert run(build_tree(), ["plan", "conflicts", str(file), "--json"]) == Exit.NOT_IN_ORDER
    told = json.loads(capsys.readouterr().out)
    assert told["is_minimal"]
    assert {"kind": "admission", "who": "p0", "text": "Patient p0 is admitted."} in told["demands"]
    assert run(build_tree(), ["plan", "conflicts", str(file)]) == Exit.NOT_IN_ORDER
    assert "has to give way" in capsys.readouterr().out


def test_two_plans_are_played_through_the_same_futures(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here, gone = file.with_name("here.json"), file.with_name("gone.json")
    here.write_bytes(plan_to_bytes(problem(), good_plan(problem())))
    gone.write_bytes(plan_to_bytes(problem(), AdmissionPlan()))

    code = run(
        build_tree(), ["plan", "futures", str(file), str(here), "--against", str(gone), "--futures", "100", "--json"]
    )

    told = json.loads(capsys.readouterr().out)
    assert code == Exit.DONE
    assert told["risk"]["futures"] == 100
    assert {one["measure"] for one in told["differences"]} == set(told["risk"]["totals"])
    assert told["other"]["totals"]["called_off"]["mean"] == 0  # nobody is planned, so nobody is called off
    assert run(build_tree(), ["plan", "futures", str(file), str(here), "--futures", "100"]) == Exit.DONE
    assert "called_off" in capsys.readouterr().out
    assert run(build_tree(), ["plan", "futures", str(file), str(here), "--futures", "1"]) == Exit.WRONG_USE
