"""Whether the fast engine can start at once, or has to be compiled first."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

from simulation.compiled.freshness import keep_code_fresh
from simulation.compiled.walk import walk


class _Statistics(Protocol):
    """What numba tells of a function; it carries no types."""

    cache_path: str | None


class _Compiled(Protocol):
    stats: _Statistics


def is_engine_ready() -> bool:
    """Tell whether machine code of the fast engine is on disk; if not, the first run takes about a minute longer."""
    keep_code_fresh()
    folder = cast(_Compiled, walk).stats.cache_path
    return folder is not None and any(Path(folder).glob("walk.walk-*.nbi"))
