"""How every function of the engines is compiled, said once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import jit

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """Give a function compiled to machine code at its first call, and kept on disk.

    Notes
    -----
    No lock, so that replications run in threads. Division by zero gives infinity rather than an exception, and arrays
    are not reference-counted: the kernel only borrows them, and counting costs more than the simulation itself.
    """
    options = {"nopython": True, "cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    return cast(_Function, jit(**options)(function))  # type: ignore[call-overload]  # _nrt is not in its stubs


def woven(function: _Function) -> _Function:
    """Give a function compiled like :func:`compiled`, but put into its callers, so that no call is left.

    Notes
    -----
    A call hands over every field of every array, some hundred words for the kernel's: without this the kernel takes
    1.7 times as long. Only for functions of the kernel: each place of use costs compile time.
    """
    options = {
        "nopython": True,
        "cache": True,
        "nogil": True,
        "error_model": "numpy",
        "_nrt": False,
        "forceinline": True,
    }
    return cast(_Function, jit(**options)(function))  # type: ignore[call-overload]  # _nrt is not in its stubs
