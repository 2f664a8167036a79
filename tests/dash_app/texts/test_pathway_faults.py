"""What the simulation says is wrong can be said in Chinese, wherever it says it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dash_app.texts.pathway_faults import INSIDE, SAID, said
from simulation.model.problems import Deadlock, EndlessLoop, Overflow

ROOT = Path(__file__).parents[3]
SOURCES = [
    *(ROOT / "simulation").rglob("*.py"),
    *(ROOT / "server" / "runs").glob("*.py"),
    ROOT / "server" / "imports" / "event_logs.py",
    ROOT / "server" / "commands" / "scenario_texts.py",
    ROOT / "dash_app" / "queries" / "pathway.py",
    ROOT / "dash_app" / "queries" / "pathway_entry.py",
    ROOT / "dash_app" / "actions" / "runs.py",
]
SPEAKING = {"PathwayError": 1, "FieldProblem": 0, "Overflow": 0, "_problem": 0}
"""Calls that say what is wrong, and which argument is the first sentence."""


def sentences(node: ast.expr) -> Iterator[str]:
    """Give a literal sentence, with something in place of its fields."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from (*sentences(one), *sentences(other))


def said_in(source: Path) -> Iterator[tuple[str, int]]:
    """Give every sentence about what is wrong, and its line."""
    for call in (one for one in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(one, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        is_fault = name == "add" and isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "faults"
        if name in SPEAKING or is_fault:
            named = [one.value for one in call.keywords if one.arg in ("message", "cure")]
            for argument in (*call.args[1 if is_fault else SPEAKING[name] :], *named):
                for text in sentences(argument):
                    if " " in text:  # else the name of a field
                        yield text, call.lineno


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: str(one.relative_to(ROOT)))
def test_every_sentence_has_its_translation(source: Path) -> None:
    lacking = [f"{line}: {text}" for text, line in said_in(source) if text != "7." and said(text, "zh_CN") == text]

    assert lacking == []


def test_sentences_are_found_at_all() -> None:
    assert sum(1 for source in SOURCES for _ in said_in(source)) > 250


def test_names_and_numbers_stand_where_they_belong() -> None:
    text = "There is no way from 'ED' to '3A' for a bed."

    assert said(text, "zh_CN") == "bed 无法从 'ED' 到达 '3A'。"
    assert said(text, "en") == text
    assert said("Something that nobody foresaw.", "zh_CN") == "Something that nobody foresaw."


def test_what_ends_a_run_is_said_with_place_and_cure() -> None:
    waiting = [
        ("walk-in 3", ("bay",), ("nurse",)),
        ("walk-in 4", ("nurse",), ("bay",)),
        ("Ann", (), ("2 more at 'x'",)),
    ]
    told = said(Deadlock(7_200_000_000, waiting).message, "zh_CN")

    assert "walk-in 3 占用 bay，等候 nurse；walk-in 4 占用 nurse，等候 bay；" in told
    assert "2.000 小时" in told
    assert "相同顺序" in told
    assert "'triage'" in said(EndlessLoop("triage", 1000).message, "zh_CN")
    overflow = Overflow("More than 512 patients at once", "check that patients can leave: raise a capacity.")
    assert said(overflow.message, "zh_CN") == "同时有超过 512 名患者：请检查患者能否离开：提高某项容量。"


def test_templates_are_written_once() -> None:
    assert len({*SAID, *INSIDE}) == len(SAID) + len(INSIDE)
