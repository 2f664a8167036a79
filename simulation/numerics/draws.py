"""Random numbers as pure functions of who draws, where and for what.

A draw depends on (seed, replication, patient, branch, node, visit, draw) and on nothing else. So a change of the model
moves no other draw, and two scenarios meet the same patients: common random numbers without further care.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic

from simulation.numerics.compiling import compiled, woven

if TYPE_CHECKING:
    from collections.abc import Callable

MULTIPLIER = np.uint64(0xD2B74407B1CE6E93)  # M of Philox2x64, Salmon et al. 2011
WEYL = np.uint64(0x9E3779B97F4A7C15)  # golden ratio, key schedule of Philox
# Salmon et al. 2011, table 2: six rounds of Philox2x64 pass every test of TestU01's SmallCrush, Crush and BigCrush; one
# more is the margin. A chain of multiplications is what a draw costs, so ten would take half as long again.
ROUNDS = 7
UNIT = 1.0 / 4503599627370496.0  # 2**-52

MAX_PATIENTS = 1 << 32  # width of the patient's field in the counter
MAX_STREAMS = 1 << 16
MAX_BRANCHES = 1 << 16
MAX_VISITS = 1 << 24
MAX_DRAWS = 1 << 8

_ONE, _S32, _S48, _S8, _S12 = np.uint64(1), np.uint64(32), np.uint64(48), np.uint64(8), np.uint64(12)


def _multiply_high_in_python(a: np.uint64, b: np.uint64) -> np.uint64:
    return np.uint64((int(a) * int(b)) >> 64)


def _multiply_low_in_python(a: np.uint64, b: np.uint64) -> np.uint64:
    return np.uint64((int(a) * int(b)) & 0xFFFFFFFFFFFFFFFF)


def _wrapping_add_in_python(a: np.uint64, b: np.uint64) -> np.uint64:
    return np.uint64((int(a) + int(b)) & 0xFFFFFFFFFFFFFFFF)


if getattr(config, "DISABLE_JIT", 0):
    multiply_high = _multiply_high_in_python
    multiply_low = _multiply_low_in_python
    wrapping_add = _wrapping_add_in_python
else:

    @intrinsic
    def multiply_high(typing_context, a, b):  # type: ignore[no-untyped-def]  # numba's own protocol
        """Give the upper 64 bits of a product of two unsigned 64-bit numbers."""
        from llvmlite import ir  # type: ignore[import-untyped]  # it carries no types

        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            wide = ir.IntType(128)
            product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
            return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

        return types.uint64(types.uint64, types.uint64), generate

    @njit(inline="always")
    def multiply_low(a: np.uint64, b: np.uint64) -> np.uint64:
        """Give the lower 64 bits of a product."""
        return a * b

    @njit(inline="always")
    def wrapping_add(a: np.uint64, b: np.uint64) -> np.uint64:
        """Give the lower 64 bits of a sum."""
        return a + b


@woven
def philox(counter_low: np.uint64, counter_high: np.uint64, key: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Give the 128 random bits of one counter under one key: Philox2x64-7.

    Parameters
    ----------
    counter_low, counter_high : np.uint64
        The two words of the counter. For one key the map is one to one, so different counters never meet.
    key : np.uint64
        The key.

    References
    ----------
    J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11, section 3.3.
    """
    low, high, key = np.uint64(counter_low), np.uint64(counter_high), np.uint64(key)
    for _ in range(ROUNDS):
        top = multiply_high(MULTIPLIER, low)
        bottom = multiply_low(MULTIPLIER, low)
        low = top ^ key ^ high
        high = bottom
        key = wrapping_add(key, WEYL)
    return low, high


@woven
def unit_of(bits: np.uint64) -> float:
    """Give a word's upper 52 bits as a number in the open interval (0, 1)."""
    return (np.float64(bits >> _S12) + 0.5) * UNIT


@woven
def uniform(key: np.uint64, who: np.uint64, where: np.uint64) -> float:
    """Give the one uniform number in the open interval (0, 1) of a place in the model.

    Parameters
    ----------
    key : np.uint64
        From :func:`key_of`.
    who : np.uint64
        From :func:`who_of`.
    where : np.uint64
        From :func:`where_of`.

    Notes
    -----
    Draws 2b and 2b + 1 of a place are the two words of one block, so whoever needs both pays for one.
    """
    first, second = philox(who, np.uint64(where) >> _ONE, key)
    return unit_of(second if np.uint64(where) & _ONE else first)


@woven
def uniform_pair(key: np.uint64, who: np.uint64, where: np.uint64) -> tuple[float, float]:
    """Give the draws 2b and 2b + 1 of a place at the price of one; ``where`` names either of them."""
    first, second = philox(who, np.uint64(where) >> _ONE, key)
    return unit_of(first), unit_of(second)


@compiled
def key_of(seed: int, replication: int) -> np.uint64:
    """Give the key of one replication of one seed; both lie in [0, 2**32)."""
    return (np.uint64(seed) << _S32) | np.uint64(replication)


@woven
def who_of(stream: int, branch: int, number: int) -> np.uint64:
    """Pack who draws: 16 bits of arrival stream, 16 of branch within the patient, 32 of number within the stream."""
    return (np.uint64(stream) << _S48) | (np.uint64(branch) << _S32) | np.uint64(number)


@woven
def where_of(site: int, visit: int, draw: int) -> np.uint64:
    """Pack where and for what: 32 bits of site, 24 of visit, 8 of draw."""
    return (np.uint64(site) << _S32) | (np.uint64(visit) << _S8) | np.uint64(draw)


def draw(key: np.uint64, who: np.uint64, where: np.uint64) -> float:
    """Give :func:`uniform` to plain Python with a type that checkers know."""
    return cast("Callable[[np.uint64, np.uint64, np.uint64], float]", uniform)(key, who, where)
