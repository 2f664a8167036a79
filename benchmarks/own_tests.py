"""What benchmarks share with the tests of this repository."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

_TESTS = Path(__file__).parent.parent / "tests"


def from_tests(name: str) -> ModuleType:
    """Give a module of the tests, such as ``crash.broker_kills``."""
    # An installed package may be called ``tests`` as well, and would be found first: it has an __init__, ours has none.
    package = ModuleType("tests")
    package.__path__ = [str(_TESTS)]
    sys.modules.setdefault("tests", package)
    return import_module(f"tests.{name}")
