"""The qualification passes here, and each kind of check notices what is broken."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rfid_gateway.simulators.faults import Fault
from server.console import run
from server.tree import build_tree
from server.validation import installation
from server.validation.cases import CASES
from server.validation.checks import Check, Outcome, WorkedCase, equal, run_checks
from server.validation.protocols import modbus_refusal
from server.validation.registry import all_checks


def broken(_folder: Path) -> Outcome:
    raise ValueError("out of order")


def test_whole_qualification_passes_on_this_machine(tmp_path: Path) -> None:
    outcomes = run_checks(all_checks(), tmp_path)

    assert [one for one in outcomes if not one.is_passed] == []
    assert len({one.name for one in outcomes}) == len(outcomes)
    assert all(one.source for one in outcomes)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_worked_case_notices_a_wrong_number(case: WorkedCase) -> None:
    off = 1 + 10 * case.tolerance + 1e-6

    assert case.judge(case.expected).is_passed
    assert not case.judge(case.expected * off).is_passed
    assert not case.judge(math.nan).is_passed
    assert not replace(case, expected=case.expected * off).judge(case.expected).is_passed


def recorded(folder: Path, *parts: str) -> Any:
    """Read a file of recorded cases."""
    return json.loads(folder.joinpath(*parts).read_text(encoding="utf-8"))


def numbers_of(folder: Path) -> dict[str, float]:
    """Give the number of each worked case as the files of recorded sources have it."""
    steam = recorded(folder, "assets", "12_steam_saturation_if97.json")["verification"]
    lethal = recorded(folder, "assets", "13_f0_constant_and_ramps.json")["rows"]
    numbers: dict[str, float] = {
        "lethality.f0_of_3_min_at_134": next(row["F0"] for row in lethal if (row["T"], row["min"]) == (134, 3)),
        "steam.pressure_at_300_K": steam["psat_MPa"]["300K"] * 1000,
        "steam.pressure_at_500_K": steam["psat_MPa"]["500K"] * 1000,
        "steam.temperature_at_1_MPa": steam["tsat_K"]["1MPa"],
        "queue.probability_of_waiting": recorded(folder, "simulation", "02_mmc_4.json")["expected"]["P_wait"],
    }
    for file, name, case in (
        ("eoq", "stock.economic_order", "eoq.economic_order_quantity#2"),
        ("newsvendor", "stock.newsvendor", "newsvendor.newsvendor_normal#2"),
        ("rq", "stock.reorder_point_and_quantity", "rq.r_q_cost#1"),
        ("ss", "stock.order_up_to", "ss.s_s_cost_discrete#1"),
    ):
        cases = recorded(folder, "inventory", f"{file}.json")["cases"]
        output = next(one["output"] for one in cases if one["id"] == case)
        numbers[name] = output[0] if isinstance(output, list) else output
    return numbers


def test_the_numbers_are_those_of_the_recorded_sources(data_dir: Path) -> None:
    by_name = {case.name: case for case in CASES}

    for name, number in numbers_of(data_dir).items():
        assert by_name[name].expected == pytest.approx(number, rel=2e-9), name


def test_check_that_cannot_run_has_failed_and_the_rest_goes_on(tmp_path: Path) -> None:
    fine = Check(name="fine", run=lambda _folder: equal("fine", 1, 1, "arithmetic"))

    first, second = run_checks([Check(name="broken", run=broken), fine], tmp_path)

    assert (first.is_passed, second.is_passed) == (False, True)
    assert "out of order" in first.found


def test_old_database_library_is_noticed(tmp_path: Path) -> None:
    assert not installation.library(tmp_path, version=(3, 40, 1)).is_passed


def test_refusal_check_fails_when_the_reply_is_sound(tmp_path: Path) -> None:
    (outcome,) = run_checks([modbus_refusal(Fault.NONE)], tmp_path)

    assert (outcome.is_passed, outcome.found) == (False, "answered")


def test_command_tells_each_check_and_ends_with_1_if_one_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = Check(name="fine", run=lambda _folder: equal("fine", 1, 1, "arithmetic"))
    monkeypatch.setattr("server.commands.validate.all_checks", lambda: (fine,))
    passed = run(build_tree(), ["validate", "--json"])
    told = json.loads(capsys.readouterr().out)
    monkeypatch.setattr("server.commands.validate.all_checks", lambda: (fine, Check(name="broken", run=broken)))
    failed = run(build_tree(), ["validate"])

    assert (passed, failed) == (0, 1)
    assert told["passed"] == 1
    assert "out of order" in capsys.readouterr().out
