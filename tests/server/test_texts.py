"""Every text of the command line has its Chinese: what commands say, and what their help says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from server.console import localize
from server.texts.catalogue import translations
from server.tree import build_tree

SERVER = Path(__file__).resolve().parents[2] / "server"
CHINESE = re.compile(r"[\u4e00-\u9fff\uff00-\uffef]")  # ideographs and full-width forms
FIELD = re.compile(r"\{(\w+)")


def said() -> Iterator[tuple[str, str]]:
    """Give every literal that a command says, with the file it stands in."""
    for file in sorted(SERVER.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and node.args:
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield file.name, part.value


def test_everything_that_is_said_has_its_chinese() -> None:
    known = translations("zh_CN")

    assert [(file, text) for file, text in said() if text not in known] == []


def test_each_chinese_text_has_the_fields_of_its_source() -> None:
    for source, text in translations("zh_CN").items():
        assert set(FIELD.findall(source)) == set(FIELD.findall(text)), source


def lacking(command: click.Command, path: str = "hospital-twin") -> Iterator[str]:
    if not CHINESE.search((command.help or "").partition("\n")[0]):
        yield f"{path}: {command.help}"
    for parameter in command.params:
        told = getattr(parameter, "help", None)
        # Addresses of identities are the same in every language.
        if told and not CHINESE.search(told) and "://" not in told:
            yield f"{path} {parameter.name}: {told}"
    for name, below in getattr(command, "commands", {}).items():
        yield from lacking(below, f"{path} {name}")


def test_every_command_and_option_helps_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSPITAL_TWIN_LANGUAGE", "zh_CN")
    command = typer.main.get_command(build_tree())
    localize(command)

    assert list(lacking(command)) == []


def test_an_example_stays_under_the_translated_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSPITAL_TWIN_LANGUAGE", "zh_CN")
    command = click.Command("x", help="The audit.\n\nExample: hospital-twin audit verify")

    localize(command)

    assert command.help == "审计。\n\nExample: hospital-twin audit verify"
