"""Compiling search kernels to machine code that runs without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function when it is first called; the machine code is kept on disk for the next start.

    Parameters
    ----------
    function : Callable
        Takes numbers, arrays and named tuples of arrays.
    """
    return cast(F, njit(cache=True, nogil=True)(function))
