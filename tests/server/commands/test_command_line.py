"""The command line: exit codes, JSON, and both languages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from server.console import run
from server.tree import WORDS, build_tree
from server.wiring import open_hospital
from twin.events.patients import EncounterClass, EncounterFinished, EncounterStarted
from twin.settings import load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOSPITAL_TWIN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOSPITAL_TWIN_FREE_DISK_FLOOR_MB", "0")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["nothing"], 2),  # no such command
        (["token", "create", "--role", "nothing"], 2),  # no such role
        (["token", "revoke", "nothing"], 2),  # no such key
        (["backup", "create"], 2),  # no database yet
        (["config", "show", "--json"], 0),
        (["audit", "verify"], 0),
        (["db", "check"], 1),  # an empty database is not in order
        (["import", "places"], 2),  # neither a file nor a template asked for
        (["import", "places", "--template"], 0),
        (["import", "places", "/no/such/file.csv"], 2),
        (["backup", "verify", "/no/such/file.backup"], 2),
        (["backup", "restore", "/no/such/file.backup"], 2),
        (["backup", "list", "--json"], 0),
        (["openapi", "--to", "/no/such/folder/openapi.json"], 3),  # cannot be written there
        (["assets", "judge", "/"], 2),  # a folder
        (["assets", "udi", ""], 2),
    ],
)
def test_exit_codes_are_as_documented(arguments: list[str], code: int) -> None:
    assert run(build_tree(), arguments) == code


def test_a_broken_database_is_told_with_a_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "hospital.db").write_bytes(b"no database at all" * 500)

    assert run(build_tree(), ["token", "list"]) == 3
    assert "(storage" in capsys.readouterr().err


def test_replay_equals_a_state_that_has_forgotten_what_is_over(folder: Path) -> None:
    hospital = open_hospital(load_settings())
    head = {"thing": "e1", "source": "his:main"}
    visit = [
        EncounterStarted(encounter_class=EncounterClass.AMBULATORY, occurred_at=1, source_key="1", **head),  # type: ignore[arg-type]
        EncounterFinished(occurred_at=2, source_key="2", **head),  # type: ignore[arg-type]
    ]
    try:
        hospital.ledger.submit(visit).result(10)
        assert hospital.ledger.forget_closed(3) == 1
        hospital.ledger.take_snapshot().result(10)
    finally:
        hospital.close()

    assert run(build_tree(), ["replay"]) == 0


def test_key_is_made_listed_and_revoked_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    tree = build_tree()
    run(tree, ["token", "create", "--role", "service:gateway", "--source", "gateway:g1", "--json"])
    made = json.loads(capsys.readouterr().out)

    run(tree, ["token", "revoke", made["id"], "--json"])
    capsys.readouterr()
    run(tree, ["token", "list", "--json"])

    (listed,) = json.loads(capsys.readouterr().out)
    assert made["key"].startswith(f"twk_{made['id']}_")
    assert listed["revoked"] is True
    assert "key" not in listed


def test_help_speaks_chinese(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HOSPITAL_TWIN_LANGUAGE", "zh_CN")

    run(build_tree(), ["--help"])

    assert "医院运营数字孪生系统" in capsys.readouterr().out


def below(tree: typer.Typer, word: str) -> object:
    """Give the commands under a word, or the options of the command that it is."""
    command = typer.main.get_command(tree).commands[word]  # type: ignore[attr-defined]  # a group
    return sorted(getattr(command, "commands", {})) or sorted(option.name for option in command.params)


def test_a_word_loads_only_its_modules_and_finds_the_same_commands() -> None:
    whole = build_tree()
    words = set(typer.main.get_command(whole).commands)  # type: ignore[attr-defined]  # a group

    assert words == set(WORDS)
    for word in words:
        assert below(build_tree(word), word) == below(whole, word), word


def test_a_label_is_read_without_loading_pages_and_solvers() -> None:
    told = "import sys; from server.tree import build_tree; build_tree('gateway'); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout

    assert not [name for name in ("dash", "ortools", "uvicorn", "scipy") if f"'{name}'" in loaded]
