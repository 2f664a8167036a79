"""Whether an asset that is seen somewhere leaves the hospital without a permit."""

from __future__ import annotations

from dataclasses import dataclass

EXIT_PURPOSES = frozenset({"exit", "outside", "loading_dock"})
"""Purposes of places behind which the hospital's care for a device ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Leave for one asset to be outside during a time: a transfer, loan or return to a vendor.

    Parameters
    ----------
    asset : str
        Id.
    start_at, end_at : int
        UTC microseconds, end exclusive; ``end_at`` 0 means until withdrawn.
    """

    asset: str
    start_at: int
    end_at: int = 0

    def covers(self, at: int) -> bool:
        """Tell whether the permit holds at an instant."""
        return self.start_at <= at and (self.end_at == 0 or at < self.end_at)


def is_exit(purpose: str) -> bool:
    """Tell whether a place of this purpose is an exit or lies outside."""
    return purpose in EXIT_PURPOSES


def is_egress(*, purpose: str, may_leave: bool, permits: tuple[Permit, ...] = (), at: int = 0) -> bool:
    """Tell whether standing at a place is an egress without a permit.

    Parameters
    ----------
    purpose : str
        The place's purpose.
    may_leave : bool
        Whether the asset may always leave (a patient's own device, an ambulance's stretcher).
    permits : tuple[Permit, ...]
        Permits of this asset.
    at : int
        When it was seen, UTC microseconds.
    """
    return is_exit(purpose) and not may_leave and not any(permit.covers(at) for permit in permits)
