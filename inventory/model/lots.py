"""Lots, and until when something of a lot may be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from inventory.model.items import Item
from twin.clock import DAY_US, from_datetime
from twin.ids import ItemId, LotId

NO_LOT = LotId("")
"""Stands for stock whose lots are not tracked."""


class LotStatus(StrEnum):
    """Whether a lot may be used at all."""

    RELEASED = "released"
    QUARANTINED = "quarantined"
    HELD = "held"
    RECALLED = "recalled"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What was made together and carries one lot number and expiry.

    The same lot number can have two expiries (two suppliers, or a relabelled batch), so the number alone names nothing.
    An opened or thawed container is a lot of its own with the same number.

    Parameters
    ----------
    id : LotId
        Its id.
    item : ItemId
        What it is a lot of.
    number : str
        As printed; compared without regard to case.
    expires_at : int
        First instant at which it may not be used any more, UTC microseconds; 0 if no expiry is known.
    status : LotStatus
        Whether it may be used.
    opened_at, thawed_at : int
        When it was first opened or thawed, UTC microseconds; 0 if it was not.
    supplier : str
        Who delivered it.
    """

    id: LotId
    item: ItemId
    number: str = ""
    expires_at: int = 0
    status: LotStatus = LotStatus.RELEASED
    opened_at: int = 0
    thawed_at: int = 0
    supplier: str = ""


def end_of_day(day: date, zone: tzinfo) -> int:
    """Give the instant at which a date of expiry is over, by the hospital's clock.

    An expiry date means "usable to the end of that day" where the hospital stands, so the limit is the next local
    midnight. On a day when clocks jump over midnight the first instant of the next day counts.

    Parameters
    ----------
    day : date
        Date of expiry as printed.
    zone : tzinfo
        The hospital's time zone.

    Returns
    -------
    int
        UTC microseconds.

    Examples
    --------
    >>> from datetime import UTC
    >>> end_of_day(date(2026, 12, 31), UTC) == from_datetime(datetime(2027, 1, 1, tzinfo=UTC))
    True
    """
    following = day + timedelta(days=1)
    return from_datetime(datetime(following.year, following.month, following.day, tzinfo=zone))


def effective_expiry(lot: Lot, item: Item) -> int:
    """Give the first instant at which a lot may not be used any more, whatever ends its life first.

    Parameters
    ----------
    lot : Lot
        With its printed expiry and when it was opened or thawed.
    item : Item
        With the life after opening and after thawing.

    Returns
    -------
    int
        UTC microseconds; 0 if nothing limits its life.
    """
    limits = [lot.expires_at]
    if lot.opened_at and item.in_use_days:
        limits.append(lot.opened_at + item.in_use_days * DAY_US)
    if lot.thawed_at and item.thawed_days:
        limits.append(lot.thawed_at + item.thawed_days * DAY_US)
    known = [limit for limit in limits if limit]
    return min(known) if known else 0
