"""Keeps machine code on disk in step with its sources.

numba looks only at the file of the function that is called, not at those it calls: without this, an upgrade that
changed one of the other files would go on running the old kernel.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

STAMP = "kernel.sources"


def drop_stale_code(folders: Sequence[Path]) -> bool:
    """Remove cached machine code if any source in these folders has changed since it was made.

    Parameters
    ----------
    folders : Sequence[Path]
        Folders of sources that call one another; the stamp stands in the cache of the first.

    Returns
    -------
    bool
        Whether something had changed.
    """
    digest = hashlib.sha256()
    for folder in folders:
        for source in sorted(folder.glob("*.py")):
            digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    stamp = folders[0] / "__pycache__" / STAMP
    with contextlib.suppress(OSError):
        if stamp.read_text("ascii") == digest.hexdigest():
            return False
    # A folder that cannot be written holds no cache either; numba then keeps its code elsewhere, by path and version.
    with contextlib.suppress(OSError):
        for folder in folders:
            for stale in (folder / "__pycache__").glob("*.nb[ic]"):
                stale.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest.hexdigest(), "ascii")
    return True


@cache
def keep_code_fresh() -> None:
    """Do so for the kernel, once in a process."""
    here = Path(__file__).parent
    drop_stale_code((here, here.parent / "numerics", here.parent / "model"))
