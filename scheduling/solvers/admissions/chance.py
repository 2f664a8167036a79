"""Random numbers of a search: xorshift64, whose state is one number in the plan's arrays."""

from __future__ import annotations

import numpy as np

from scheduling.solvers.admissions.arrays import Fixed, State
from scheduling.solvers.compiling import inlined

_A, _B, _C = np.uint64(13), np.uint64(7), np.uint64(17)  # triple of Marsaglia (2003), Xorshift RNGs, section 3
_HIGH, _TOP, _MANTISSA = np.uint64(33), np.uint64(31), np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0  # 2**-53


@inlined
def _next(now: State) -> np.uint64:
    x: np.uint64 = now.chance[0]
    x ^= x << _A
    x ^= x >> _B
    x ^= x << _C
    now.chance[0] = x
    return x


@inlined
def wide(value: int | np.uint64) -> int:
    """Give a number in 64 bits, so that kernels are compiled for one width only."""
    return np.int64(value)  # type: ignore[return-value]  # a kernel's integer, which the interpreter never sees


@inlined
def below(now: State, n: int) -> int:
    """Give a whole number from 0 to n - 1; n is at least 1 and below 2**31."""
    return wide(((_next(now) >> _HIGH) * np.uint64(n)) >> _TOP)


@inlined
def share(now: State) -> float:
    """Give a number from 0 to 1, 1 left out."""
    return (_next(now) >> _MANTISSA) * _UNIT


@inlined
def some_nurse(fixed: Fixed, now: State, q: int) -> int:
    """Give a nurse who is on duty in a shift."""
    return wide(fixed.on_duty[q, below(now, fixed.n_on_duty[q])])
