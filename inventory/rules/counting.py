"""What a counted line waits for, what is taken for true, and what is due to be counted."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.model.counting import CountClass, CountLine, LineState, Seen
from twin.clock import DAY_US

EVERY_DAYS: Mapping[CountClass, int] = {CountClass.A: 30, CountClass.B: 90, CountClass.C: 180}
"""How often an item of each class is counted, unless the hospital says otherwise."""
A_SHARE, B_SHARE = 0.80, 0.95


def within(seen: Seen, tolerance_share: float) -> bool:
    """Tell whether what was seen is near enough to the books.

    Parameters
    ----------
    seen : Seen
        With what the books said of that instant.
    tolerance_share : float
        Share of the books' figure.
    """
    # of the books, not of what was seen: whoever counts far too many would widen their own tolerance
    return abs(seen.quantity - seen.books) <= tolerance_share * seen.books


def state_of(line: CountLine, tolerance_share: float) -> LineState:
    """Tell what a line waits for.

    Parameters
    ----------
    line : CountLine
        With what was seen so far.
    tolerance_share : float
        Of the session.

    Notes
    -----
    One count within the tolerance is enough. Else a second person counts: if both saw the same apart from what moved
    in between, or the second is within the tolerance, that is taken; if not, a person decides.
    """
    if line.taken >= 0:
        return LineState.AGREED
    if line.first is None:
        return LineState.WAITING
    if within(line.first, tolerance_share):
        return LineState.AGREED
    if line.second is None:
        return LineState.RECOUNT
    # Differences are compared, not figures: goods may have moved between the two counts.
    is_same = line.first.quantity - line.first.books == line.second.quantity - line.second.books
    return LineState.AGREED if is_same or within(line.second, tolerance_share) else LineState.DECIDE


def taken_of(line: CountLine, tolerance_share: float) -> tuple[int, Seen] | None:
    """Give the quantity that is taken for true, and the count whose instant it is of; None while that is open.

    Parameters
    ----------
    line : CountLine
        With what was seen.
    tolerance_share : float
        Of the session.
    """
    last = line.second or line.first
    if last is None or state_of(line, tolerance_share) is not LineState.AGREED:
        return None
    return (line.taken if line.taken >= 0 else last.quantity), last


def classes_of(value_by_item: Mapping[str, float]) -> dict[str, CountClass]:
    """Give the class of each item by its share of all that is used, in value.

    Parameters
    ----------
    value_by_item : Mapping[str, float]
        Value of what was used of each item, at least 0.

    Notes
    -----
    Items in falling order of value: those that make up the first 80 % are A, up to 95 % B, the rest C. Whoever is not
    used at all is C.

    Examples
    --------
    >>> [one.value for one in classes_of({"a": 90.0, "b": 6.0, "c": 4.0, "d": 0.0}).values()]
    ['A', 'B', 'C', 'C']
    """
    total, before = sum(value_by_item.values()), 0.0
    found: dict[str, CountClass] = {}
    for item, value in sorted(value_by_item.items(), key=lambda pair: (-pair[1], pair[0])):
        share = before / total if total > 0 else 1.0
        is_used = value > 0
        found[item] = (
            CountClass.A
            if is_used and share < A_SHARE
            else CountClass.B
            if is_used and share < B_SHARE
            else CountClass.C
        )
        before += value
    return found


def is_due(counted_at: int, kind: CountClass, now: int, every_days: Mapping[CountClass, int] = EVERY_DAYS) -> bool:
    """Tell whether something is due to be counted; what never was is.

    Parameters
    ----------
    counted_at : int
        When it was counted last, UTC microseconds; 0 for never.
    kind : CountClass
        Its class.
    now : int
        UTC microseconds.
    every_days : Mapping[CountClass, int], optional
        Days between two counts, by class.
    """
    return counted_at == 0 or now - counted_at >= every_days[kind] * DAY_US
