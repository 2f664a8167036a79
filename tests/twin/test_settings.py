from __future__ import annotations

from pathlib import Path

import pytest

from twin.errors import ConfigurationError
from twin.settings import FILE_VARIABLE, load_settings


@pytest.mark.parametrize(
    "content",
    [
        b"port = = 1",  # no TOML
        'site_name = "北京"'.encode("gb18030"),  # not UTF-8
        b"prot = 1",  # no such key
    ],
)
def test_a_file_that_cannot_be_used_is_refused(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hospital.toml"
    file.write_bytes(content)
    monkeypatch.setenv(FILE_VARIABLE, str(file))

    with pytest.raises(ConfigurationError):
        load_settings()


def test_a_list_in_the_environment_that_is_no_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSPITAL_TWIN_NOTIFY_ORIGINS", "https://host")

    with pytest.raises(ConfigurationError, match="JSON"):
        load_settings()
