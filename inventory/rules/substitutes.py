"""How much of an item another one stands for: ratios in whole base units, never a fraction of a piece."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from inventory.model.items import Substitute


def quantity_needed(substitute: Substitute, quantity: int) -> int:
    """Give the base units of the stand-in that replace a quantity of the item: enough, never less.

    Examples
    --------
    >>> two_for_three = Substitute(item="large", stand_in="small", numerator=3, denominator=2)
    >>> quantity_needed(two_for_three, 5)
    8
    """
    return -(-quantity * substitute.numerator // substitute.denominator)


def quantity_stood_for(substitute: Substitute, quantity: int) -> int:
    """Give the base units of the item that a quantity of the stand-in replaces: whole ones only."""
    return quantity * substitute.denominator // substitute.numerator


def whole_share(substitute: Substitute, quantity: int) -> int:
    """Give the largest quantity of the stand-in, not above the one given, that replaces whole units of the item.

    A pick is cut to it: what is left over would count as nothing and the task would never be complete.
    """
    step = substitute.numerator // gcd(substitute.numerator, substitute.denominator)
    return quantity // step * step


def shares_stood_for(substitute: Substitute, quantities: Sequence[int]) -> list[int]:
    """Give what each of several parts replaces, so that together they replace what the whole does.

    Each lot of a pick is a part of its own; rounding each down by itself would lose units between them.
    """
    shares, taken, told = [], 0, 0
    for quantity in quantities:
        taken += quantity
        share = quantity_stood_for(substitute, taken) - told
        told += share
        shares.append(share)
    return shares
