"""Book value by the straight line, in whole minor units, so that the parts add up to the cent."""

from __future__ import annotations

from itertools import pairwise


def book_value(*, cost: int, residual: int, life_months: int, months: int) -> int:
    """Give the book value after some months.

    Parameters
    ----------
    cost, residual : int
        Price and value at the end, integer minor units, 0 <= residual <= cost.
    life_months : int
        Life in months, above 0.
    months : int
        Months since it was put into service; below 0 counts as 0.

    Notes
    -----
    cost - (cost - residual) m/life, the charge rounded half up in integers and never beyond the life, so that all
    monthly charges together are exactly cost less residual.

    Examples
    --------
    >>> book_value(cost=12_000, residual=2_000, life_months=60, months=30)
    7000
    """
    if life_months < 1 or not 0 <= residual <= cost:
        raise ValueError(f"Expected life_months >= 1 and 0 <= residual <= cost, got {life_months}, {residual}, {cost}.")
    elapsed = min(max(months, 0), life_months)
    return cost - (2 * (cost - residual) * elapsed + life_months) // (2 * life_months)


def monthly_charges(*, cost: int, residual: int, life_months: int) -> tuple[int, ...]:
    """Give the charge of each month of the life; their sum is cost less residual."""
    values = [
        book_value(cost=cost, residual=residual, life_months=life_months, months=month)
        for month in range(life_months + 1)
    ]
    return tuple(before - after for before, after in pairwise(values))
