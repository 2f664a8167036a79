"""The qualification passes here, and each kind of check notices what is broken."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

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
