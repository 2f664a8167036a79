"""Doors of ``hospital-twin plan`` against hostile files: exit code 2, field and record named, nothing half-planned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduling.loaders.ihtc import plan_to_bytes, problem_to_bytes
from server.console import Exit, run
from server.tree import build_tree
from tests.datafiles import data_file
from tests.scheduling.loaders.test_roster_sheets import CONTRACTS, COVER, STAFF
from tests.scheduling.loaders.test_rosters import TEXT as ROSTER
from tests.scheduling.loaders.test_vrplib import SMALL
from tests.scheduling.wards import good_plan, problem

Change = Callable[[dict[str, Any]], object]


def ward() -> dict[str, Any]:
    """Give a problem of the competition as JSON values."""
    return json.loads(problem_to_bytes(problem()))  # type: ignore[no-any-return]  # an object


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], *named: str) -> None:
    """Assert that a command refuses and says why."""
    code = run(build_tree(), arguments)

    told = capsys.readouterr().err
    assert code == Exit.WRONG_USE, told
    for name in named:
        assert name in told


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d["patients"][0].update(length_of_stay=-1), ("length_of_stay", "patients/0")),  # negative stay
        (lambda d: d["patients"][0].update(length_of_stay=10**30), ("length_of_stay", "patients/0")),  # huge
        (lambda d: d["patients"][0].update(length_of_stay=2.5), ("length_of_stay", "patients/0")),  # no whole number
        (lambda d: d["patients"][0].update(length_of_stay=True), ("length_of_stay", "patients/0")),  # wrong type
        (lambda d: d["patients"][0].update(surgeon_id="nobody"), ("surgeon_id", "'nobody'")),  # unknown surgeon
        (lambda d: d["patients"][0].update(incompatible_room_ids=["r99"]), ("incompatible_room_ids", "'r99'")),  # room
        (lambda d: d["patients"][0].update(age_group="ancient"), ("age_group", "'ancient'")),  # unknown group
        (lambda d: d["patients"][0].update(workload_produced=[1]), ("workload_produced", "patients/0")),  # too short
        (lambda d: d["patients"][0].pop("gender"), ("gender", "patients/0")),  # missing
        (lambda d: d["patients"].append(d["patients"][0]), ("patients/", "already")),  # one id twice
        (lambda d: d["surgeons"].append(d["surgeons"][0]), ("surgeons/", "already")),  # two surgeons with one id
        (lambda d: d["surgeons"][0].update(max_surgery_time=[-5] * d["days"]), ("max_surgery_time", "surgeons/0")),
        (lambda d: d["rooms"][0].update(capacity=-1), ("capacity", "rooms/0")),  # negative
        (lambda d: d["rooms"][0].update(id=7), ("id", "rooms/0")),  # wrong type
        (lambda d: d.update(rooms=[]), ("rooms", "empty")),  # empty list
        (lambda d: d.update(patients=[]), ("patients", "empty")),  # empty list
        (lambda d: d.update(patients={"p": 1}), ("patients", "list")),  # wrong type
        (lambda d: d.update(patients=[None]), ("patients/0", "object")),  # wrong type
        (lambda d: d.update(days=0), ("days",)),  # no day
        (lambda d: d.update(days=10**9), ("days",)),  # huge
        (lambda d: d.update(shift_types=[]), ("shift_types",)),  # empty list
        (lambda d: d.pop("weights"), ("weights",)),  # missing
        (lambda d: d["nurses"][0]["working_shifts"].append({"day": 99, "shift": "early", "max_load": 1}), ("day",)),
    ],
)
def test_a_hostile_problem_is_refused_and_nothing_is_written(
    change: Change, named: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, target = tmp_path / "week.json", tmp_path / "plan.json"
    body = ward()
    change(body)
    file.write_text(json.dumps(body))

    refused(["plan", "ihtc", str(file), "--seconds", "1", "--out", str(target)], capsys, *named)

    assert not target.exists()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"days": NaN}', b"[" * 5000, b'{"days": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_problem_at_all_is_refused(body: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "week.json"
    file.write_bytes(body)

    refused(["plan", "ihtc", str(file)], capsys, "week.json" if body != b'{"days": NaN}' else "days")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: s["patients"][0].update(room="r99"), ("room", "'r99'")),  # unknown room
        (lambda s: s["patients"][0].update(admission_day=-1), ("admission_day",)),  # before the plan
        (lambda s: s["patients"][0].update(admission_day="soon"), ("admission_day",)),  # wrong type
        (lambda s: s["patients"].append(s["patients"][0]), ("already",)),  # one patient twice
        (lambda s: s["patients"][0].update(id="nobody"), ("'nobody'",)),  # unknown patient
        (lambda s: s["nurses"][0].update(id="nobody"), ("'nobody'",)),  # unknown nurse
        (lambda s: s["nurses"][0]["assignments"][0].update(rooms=["r99"]), ("'r99'",)),  # unknown room
        (lambda s: s.pop("patients"), ("patients",)),  # missing
    ],
)
def test_a_hostile_solution_is_refused(
    change: Change, named: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, solution = tmp_path / "week.json", tmp_path / "plan.json"
    file.write_bytes(problem_to_bytes(problem()))
    body = json.loads(plan_to_bytes(problem(), good_plan(problem())))
    change(body)
    solution.write_text(json.dumps(body))

    refused(["plan", "check", str(file), str(solution)], capsys, *named)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("SECTION_HORIZON", "SECTION_HORIZOM", "SECTION_HORIZOM"),  # mistyped section
        ("\n7\n", "\n-7\n", "horizon"),  # negative
        ("\n7\n", "\n99999999999\n", "horizon"),  # huge
        ("\n7\n", "\n\n", "SECTION_HORIZON"),  # empty
    ],
)
def test_a_hostile_roster_is_refused_and_nothing_is_written(
    old: str, new: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, target = tmp_path / "week.txt", tmp_path / "roster.txt"
    assert old in ROSTER
    file.write_text(ROSTER.replace(old, new, 1))

    refused(["plan", "roster", str(file), "--seconds", "1", "--out", str(target)], capsys, named)

    assert not target.exists()


@pytest.mark.parametrize("change", ["nurses", "contracts", "shiftTypes"])
def test_a_weekly_roster_with_an_empty_list_is_refused(
    change: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, folder = data_file("rostering/inrc2_n005w4"), tmp_path / "n005w4"
    folder.mkdir()
    for path in source.glob("*.json"):
        body = json.loads(path.read_text())
        if path.name.startswith("Sc-"):
            body[change] = []
        (folder / path.name).write_text(json.dumps(body))

    refused(["plan", "roster", str(folder), "--seconds", "1", "--out", str(tmp_path / "out")], capsys, change)

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("DIMENSION", "DIMENSIOM"),  # missing
        ("CAPACITY", "CAPACITI"),  # missing
        ("2 3 4", "2 3 x"),  # no number
        ("2 3 4", "9 3 4"),  # unknown node
        ("2 3 4", "2 3 1e400"),  # no finite number
    ],
)
def test_hostile_routes_are_refused_and_nothing_is_written(
    old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, target = tmp_path / "small.vrp", tmp_path / "small.sol"
    assert old in SMALL
    file.write_text(SMALL.replace(old, new, 1))

    refused(["plan", "routes", str(file), "--iterations", "5", "--out", str(target)], capsys)

    assert not target.exists()


def test_a_place_that_cannot_be_written_is_told_before_the_search(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, target = tmp_path / "week.txt", tmp_path / "nowhere" / "roster.txt"
    file.write_text(ROSTER)

    # an hour of searching that nobody could keep would not end within this test's time
    assert run(build_tree(), ["plan", "roster", str(file), "--seconds", "3600", "--out", str(target)]) == Exit.CANNOT
    assert "nowhere" in capsys.readouterr().err


@pytest.fixture
def sheets(tmp_path: Path) -> list[str]:
    """Sheets of contracts, staff and cover as files."""
    texts = {"contracts": "contract,hours_max\nfull,80\n", "staff": STAFF, "cover": "day,shift,minimum\nmon,E,1\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return [str(tmp_path / f"{name}.csv") for name in texts]


def test_a_roster_is_made_from_sheets_after_a_dry_run(
    sheets: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "roster.txt"
    asked = ["plan", "sheets", *sheets, "--starts", "2026-12-21", "--days", "7", "--json"]

    assert run(build_tree(), [*asked, "--dry-run", "--out", str(target)]) == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["is_dry_run"], told["staff"], told["leave_days"]) == (True, 2, 3)
    assert not target.exists()

    assert run(build_tree(), [*asked, "--seconds", "2", "--out", str(target)]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["is_valid"]
    assert target.read_text().startswith("ann\t")


def test_wrong_rows_of_sheets_are_all_named(
    sheets: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(sheets[0]).write_text(CONTRACTS.replace("full,60", "full,-1"))
    Path(sheets[2]).write_text(COVER.replace("daily,E", "daily,X"))

    asked = ["plan", "sheets", *sheets, "--starts", "2026-12-21", "--days", "7"]
    refused(asked, capsys, "contracts row 2", "cover row 2", "hours_min", "'X'")
    refused([*asked[:-4], "--starts", "soon"], capsys, "starts")


def test_cover_comes_from_a_simulations_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, target = tmp_path / "result.json", tmp_path / "cover.csv"
    band = {"name": "pool.icu.occupied", "at": [0], "high": [4.0]}
    file.write_text(json.dumps({"scenarios": [{"name": "base", "bands": [band]}]}))
    asked = ["plan", "cover", str(file), "--starts", "1970-01-01", "--days", "1", "--patients-per-person", "2"]

    assert run(build_tree(), [*asked, "--measure", "pool.icu.occupied", "--out", str(target), "--json"]) == Exit.DONE

    assert json.loads(capsys.readouterr().out)["people"] == [2] * 24
    assert target.read_text().startswith("day,shift,skill,minimum,preferred\n1970-01-01,E,,2,2\n")
    refused([*asked, "--measure", "pool.x"], capsys, "pool.icu.occupied")


@pytest.mark.parametrize("command", ["roster", "routes"])
def test_a_problem_of_another_kind_is_refused_by_its_kind(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "week.json"
    file.write_bytes(b"\xef\xbb\xbf" + problem_to_bytes(problem()))

    refused(["plan", command, str(file), "--seconds", "1"], capsys, "week.json", "plan ihtc")
