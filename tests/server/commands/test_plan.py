"""``hospital-twin plan``: files in, files and figures out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduling.loaders.ihtc import load_plan, plan_to_bytes, problem_to_bytes
from scheduling.model.admissions import AdmissionPlan
from server.console import Exit, run
from server.tree import build_tree
from tests.scheduling.loaders.test_vrplib import SMALL
from tests.scheduling.wards import good_plan, problem

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
