"""Every reason that a verdict or a refusal can give is a sentence for the person who signs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from assets.model.loads import IndicatorKind, LoadState, MachineTestKind
from assets.model.programme import Evidence
from assets.rules import criteria, manual, release, trust, verdict
from dash_app.texts.verdict_words import CRITERIA, DETAILS, REASONS, criteria_text, reason_text

# Words of the rules that are no codes of reasons.
_NOT_CODES = {"utf-8", "kw_only", "little"}


def told_by(module: object) -> set[str]:
    """Heads of all codes that a module of rules writes: literals, and the beginnings of formatted ones."""
    tree = ast.parse(Path(str(getattr(module, "__file__", ""))).read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Reason", "_unknown", "_skipped", "Finding"):
            values = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "code")]
            for value in values:
                first = value.values[0] if isinstance(value, ast.JoinedStr) else value
                branches = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                found |= {one.value for one in branches if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        if isinstance(node, ast.Tuple) and node.elts and isinstance(node.elts[0], ast.Constant):
            first_word = node.elts[0].value
            found |= {first_word} if isinstance(first_word, str) and first_word.endswith(("_low", "_short")) else set()
    return {code.partition(".")[0] for code in found} - {""} - _NOT_CODES


@pytest.mark.parametrize("module", [criteria, trust, verdict, manual])
def test_no_code_of_a_verdict_lacks_its_text(module: object) -> None:
    codes = told_by(module)

    assert codes or module is trust
    assert codes <= set(REASONS) | set(CRITERIA)


def test_what_the_clock_and_a_standstill_say_has_a_text() -> None:
    assert {"clock_step", "samples_frozen"} <= set(REASONS)


@pytest.mark.parametrize(
    "code",
    [
        *(f"evidence_missing.{one}" for one in Evidence),
        *(f"indicator.{one}" for one in IndicatorKind),
        *(f"machine_test.{one}" for one in MachineTestKind),
        "not_printed.f0",
        "gap_in_hold.pressure",
    ],
)
def test_a_detail_is_told_in_words(code: str) -> None:
    head, _dot, detail = code.partition(".")

    assert detail in DETAILS
    assert reason_text(code) == f"{REASONS[head]} ({DETAILS[detail]})"


def test_every_state_against_a_release_has_a_text() -> None:
    assert release.LoadState is LoadState
    assert {f"load.{one}" for one in LoadState if one is not LoadState.PENDING} <= set(REASONS)


def test_criteria_are_told_in_one_line() -> None:
    assert (
        criteria_text(("hold", "precondition.leak_test")) == "Time in the band, Known of the machine before (leak test)"
    )
    assert criteria_text(()) == "–"
