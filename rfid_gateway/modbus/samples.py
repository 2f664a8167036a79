"""One value that a machine measured, with unit, time and quality."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Quality(IntEnum):
    """Whether a sample can be used."""

    GOOD = 0
    NOT_AVAILABLE = 1
    """The machine itself says that it has no value (sentinel, NaN)."""
    OUT_OF_RANGE = 2
    """Outside what the quantity can be; the number as read is kept for the engineer, not for rules."""
    TOO_FAST = 3
    """Changed faster than the quantity can."""
    STALE = 4
    """The machine's heartbeat stands still, or the machine does not answer."""


class Sample(msgspec.Struct, frozen=True, gc=False):
    """A machine's value of one signal at one instant.

    Parameters
    ----------
    device : str
        Id of the machine.
    quantity : str
        Key of the signal in the profile; ends with its unit.
    at : int
        When the answer came, UTC microseconds.
    value : float
        In the inside unit; NaN where there is none.
    quality : Quality
        Whether it can be used.
    """

    device: str
    quantity: str
    at: int
    value: float
    quality: Quality = Quality.GOOD
