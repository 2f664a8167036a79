"""Compiling search kernels to machine code that runs without the interpreter's lock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from numba import jit

_IMPORTED = re.compile(rb"^from [\w.]+\.(\w+) import", re.MULTILINE)
F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function when it is first called; the machine code is kept on disk for the next start.

    Parameters
    ----------
    function : Callable
        Takes numbers, arrays and named tuples of arrays; makes no arrays.
    """
    return _compile(function, is_inlined=False)


def inlined(function: F) -> F:
    """Compile a small function into whatever calls it: a call with many arrays costs more than its few steps.

    Parameters
    ----------
    function : Callable
        Takes numbers, arrays and named tuples of arrays; makes no arrays.
    """
    return _compile(function, is_inlined=True)


def _compile(function: F, *, is_inlined: bool) -> F:
    # Without _nrt, kernels only borrow their arrays: counting references in every call costs more than the search.
    options = {"nopython": True, "cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    dispatcher = jit(**options, forceinline=is_inlined)(function)  # type: ignore[call-overload]  # _nrt has no stub
    # numba looks at the file of the function alone: a change in a file that it calls would leave old code in use
    kept = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if kept is not None:
        kept._source_stamp = _stamp(Path(function.__code__.co_filename))
    return cast(F, dispatcher)


@cache
def _stamp(file: Path) -> str:
    """Give a digest of a source file and of every file beside it that it imports, however indirectly."""
    digest, seen, waiting = hashlib.sha256(), {file}, [file]
    while waiting:
        body = waiting.pop().read_bytes()
        digest.update(body)
        beside = {file.parent / f"{name.decode()}.py" for name in _IMPORTED.findall(body)}
        waiting += sorted(found for found in beside - seen if found.is_file())
        seen |= beside
    return digest.hexdigest()
