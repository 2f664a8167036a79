"""Loans, rentals, service contracts and warranties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class AgreementKind(StrEnum):
    """What two parties agreed on."""

    LOAN_IN = "loan_in"
    LOAN_OUT = "loan_out"
    RENTAL = "rental"
    SERVICE = "service"
    WARRANTY = "warranty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One agreement about devices.

    Parameters
    ----------
    id, reference : str
        Key, and the number on the paper.
    kind : AgreementKind
        What it is.
    party : str
        The other side.
    assets : tuple[str, ...]
        Devices that it covers.
    starts_on, ends_on : date or None
        Local days, both included; ``ends_on`` None while it is open.
    notice_days : int
        How long before its end somebody must act, not below 0.
    cost : int
        Integer minor units per ``per_days`` days, or in all if that is 0.
    per_days : int
        Days that ``cost`` is for; 0 if it is for the whole time.
    response_hours : int
        Promised time to respond; 0 if none.
    uptime_share : float
        Promised availability, 0..1; 0 if none.
    terms : str
        In words.
    """

    id: str
    kind: AgreementKind
    party: str
    assets: tuple[str, ...]
    starts_on: date
    ends_on: date | None = None
    reference: str = ""
    notice_days: int = 30
    cost: int = 0
    per_days: int = 0
    response_hours: int = 0
    uptime_share: float = 0.0
    terms: str = ""

    def __post_init__(self) -> None:
        """Refuse an agreement that ends before it starts, or covers nothing."""
        if not self.assets:
            raise ValueError("Expected at least one device: an agreement about nothing is none.")
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError(f"Expected ends_on not before {self.starts_on}, got {self.ends_on}.")
        if self.notice_days < 0 or self.cost < 0 or self.per_days < 0 or not 0.0 <= self.uptime_share <= 1.0:
            raise ValueError("Expected notice_days, cost and per_days not below 0 and uptime_share within 0 to 1.")

    def covers(self, day: date) -> bool:
        """Tell whether it is in force on a local day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def cost_until(self, day: date) -> int:
        """Give what it has cost up to and including a day, integer minor units; a begun period counts whole."""
        last = day if self.ends_on is None else min(day, self.ends_on)
        # Both ends are included, hence one day more than the difference.
        days = (last - self.starts_on).days + 1
        if days <= 0:
            return 0
        # -(-a // b) rounds up in whole numbers: money never goes through a float.
        return self.cost if not self.per_days else self.cost * -(-days // self.per_days)
