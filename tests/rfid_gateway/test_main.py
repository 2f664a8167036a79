"""The program of a gateway on a computer of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from rfid_gateway.__main__ import main


@pytest.mark.parametrize("content", [None, b"id: \xff\xfe", b"id: ["])
def test_settings_file_that_cannot_be_read_is_told_in_one_line(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "east.yaml"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr("sys.argv", ["rfid_gateway", str(path)])

    assert main() == 2

    assert "east.yaml" in capsys.readouterr().err
