"""``hospital-twin interop`` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.console import run
from server.tree import build_tree
from tests.interop.messages_for_tests import adt


def test_check_says_what_each_message_would_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "some.hl7"
    file.write_bytes(adt("A01") + adt("A02", PV1_19=""))

    code = run(build_tree(), ["interop", "check", str(file), "--json"])

    rows = json.loads(capsys.readouterr().out)
    assert code == 1
    assert rows[0]["events"] == "EncounterStarted"
    assert "PV1-19" in rows[1]["problem"]
