"""Worked cases of ../shared/data/assets, read by the tests only."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("HOSPITAL_TWIN_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))


def case(name: str) -> Any:
    found = sorted((DATA / "assets").glob(f"{name}*.json"))
    if not found:
        message = f"{DATA}/assets/{name}*.json is absent: set HOSPITAL_TWIN_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return json.loads(found[0].read_text(encoding="utf-8"))


@pytest.fixture
def worked_case() -> Callable[[str], Any]:
    """Give the content of a worked case by the number that its file name begins with."""
    return case
