"""The bench writes a line for each run and goes on where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduling.bench import best_known, main, summary
from tests.scheduling.loaders.test_vrplib import SMALL


def test_runs_are_written_once_and_taken_up_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "small.vrp").write_text(SMALL)
    (tmp_path / "small.sol").write_text("Route #1: 1 2\nRoute #2: 3\nCost 15\n")
    out = tmp_path / "bench.jsonl"
    arguments = ["routes", str(tmp_path), "--seconds", "0.2", "--threads", "1", "--seeds", "1,2", "--out", str(out)]

    assert main(arguments) == 0
    first = out.read_text()
    assert main(arguments) == 0

    assert out.read_text() == first
    assert len(first.splitlines()) == 2
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["runs"], told["valid"], told["mean_gap_percent"]) == (2, 2, 0.0)


def test_best_known_costs_come_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "best_known.csv").write_text("instance,best_known\na,12\nb,\n")
    (tmp_path / "c.sol").write_text("Route #1: 1\nCost 7.5\n")

    assert best_known(tmp_path) == {"a": 12.0, "c": 7.5}


def test_an_invalid_run_has_no_gap_and_is_counted() -> None:
    line = {"is_valid": False, "gap_percent": None, "wall_s": 1.0, "processor_s": 0.5, "threads": 1}
    good = line | {"is_valid": True, "gap_percent": 2.0}

    told = summary([line, good])

    assert (told["valid"], told["mean_gap_percent"], told["processor_share"]) == (1, 2.0, 0.5)


def test_half_a_line_that_a_kill_left_is_run_again(tmp_path: Path) -> None:
    (tmp_path / "other-name.vrp").write_text(SMALL)
    out = tmp_path / "bench.jsonl"
    arguments = ["routes", str(tmp_path), "--seconds", "0.2", "--threads", "1", "--seeds", "1", "--out", str(out)]
    assert main(arguments) == 0
    whole = out.read_text()
    out.write_text(whole[: len(whole) // 2])

    assert main(arguments) == 0

    lines = out.read_text().splitlines()
    assert [json.loads(line)["instance"] for line in lines[1:]] == ["other-name"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["ihtc", "{folder}"],  # no instances
        ["ihtc", "{folder}/nowhere"],  # no folder
        ["routes", "{folder}", "--only", "small,other"],  # one of them is not there
        ["routes", "{folder}", "--seeds", "one"],  # no number
        ["routes", "{folder}", "--seconds", "-1"],  # no time
    ],
)
def test_a_bench_that_cannot_be_run_says_why(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "small.vrp").write_text(SMALL)
    (tmp_path / "table.json").write_text("{}")
    given = [one.format(folder=tmp_path) for one in arguments]

    assert main([*given, "--out", str(tmp_path / "bench.jsonl")]) == 2

    assert capsys.readouterr().err.strip()
