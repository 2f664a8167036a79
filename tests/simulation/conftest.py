"""Time enough for the first test of a fresh machine, which compiles the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMPILES_S = 240


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of this folder that names no limit of its own the time of a compilation."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(COMPILES_S))
