"""Where tests find the real and published test data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("HOSPITAL_TWIN_DATA", Path(__file__).resolve().parents[1] / ".." / "shared" / "data"))


def data_file(name: str) -> Path:
    """Give a data file; the test module is skipped visibly without it, but never in CI."""
    path = DATA / name
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing: set HOSPITAL_TWIN_DATA to the folder of test data", pytrace=False)
        pytest.skip(f"{path} is missing: set HOSPITAL_TWIN_DATA", allow_module_level=True)
    return path


def load_json(name: str) -> Any:
    """Read a JSON data file."""
    return json.loads(data_file(name).read_text(encoding="utf-8"))
