"""Long counts in pieces: what is done is kept in a folder, so that a shared machine is never taken for long.

``HOSPITAL_TWIN_PIECES`` names the folder, ``HOSPITAL_TWIN_PIECES_S`` the seconds after which a benchmark ends with code
75 at the next border between two pieces; called again, it goes on where it was. Without the folder nothing is kept and
everything is counted at once.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COME_AGAIN = 75


class Pieces:
    """What is known of the pieces of one benchmark.

    Parameters
    ----------
    benchmark : str
        Its name.
    """

    def __init__(self, benchmark: str) -> None:
        folder = os.environ.get("HOSPITAL_TWIN_PIECES", "")
        self._file = Path(folder) / f"{benchmark}.json" if folder else None
        self._known: dict[str, Any] = {}
        if self._file is not None and self._file.exists():
            self._known = json.loads(self._file.read_text("utf-8"))
        self._ends = time.monotonic() + float(os.environ.get("HOSPITAL_TWIN_PIECES_S", "inf"))

    def get(self, name: str, count: Callable[[], Any]) -> Any:
        """Give what a piece came to, counting it now if it is not known yet."""
        if name not in self._known:
            if time.monotonic() > self._ends:
                sys.stderr.write(f"{len(self._known)} pieces are done; call again\n")
                raise SystemExit(COME_AGAIN)
            self._known[name] = count()
            if self._file is not None:
                self._file.write_text(json.dumps(self._known), "utf-8")
        return self._known[name]
