"""The days that a waiting list is planned for, and what the house has on each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twin.errors import InputError
from twin.opening_hours import OpeningHours
from twin.sentences import sentence

SHIFTS = ("early", "late", "night")
MOST_DAYS = 60
MOST_ROOMS = 1_000
MOST_TURNOVER = 480
"""Minutes; the bound of the setting."""
USUAL_HOURS = OpeningHours()


def _outside(field: str, low: object, high: object, found: object) -> InputError:
    told = sentence("{field}: expected {low} to {high}, got {found}.", field=field, low=low, high=high, found=found)
    return InputError(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """What is planned for.

    Parameters
    ----------
    start_at : int
        Midnight before the first day, UTC microseconds.
    zone : str
        IANA name of the zone in which that is midnight; dates of the list are days of this zone.
    days : int
        1 to 60.
    theatre_minutes, surgeon_minutes : int
        Minutes of each theatre and surgeon on a weekday; none on Saturday and Sunday.
    hours : OpeningHours
        Where theatres or weekdays differ from that; surgeons work on every day on which a theatre is open.
    wards : frozenset[str]
        Ids of wards whose beds are planned; all when empty.
    stay_share : float
        Chance that a stay ends within what is planned for it, 0.5 to 0.9: a buffer between the usual length of a stay
        and the one that nine of ten do not exceed, for patients of whom that is known.
    nurse_rooms : int
        Occupied rooms that a nurse of the roster looks after on a shift at most; 0 for no limit.
    turnover_minutes : int
        Between two operations of a theatre, 0 to :data:`MOST_TURNOVER`.
    """

    start_at: int
    zone: str = "UTC"
    days: int = 14
    theatre_minutes: int = 480
    surgeon_minutes: int = 480
    wards: frozenset[str] = frozenset()
    stay_share: float = 0.5
    nurse_rooms: int = 0
    turnover_minutes: int = 0
    hours: OpeningHours = USUAL_HOURS

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming what is out of range.
        """
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder such as America
            raise InputError(f"zone: expected an IANA name such as Europe/Berlin, got {self.zone[:40]!r}.") from error
        if not 1 <= self.days <= MOST_DAYS:
            raise _outside("days", "1", MOST_DAYS, self.days)
        if not 0 <= self.theatre_minutes <= 1440 or not 0 <= self.surgeon_minutes <= 1440:
            raise InputError("theatre_minutes and surgeon_minutes: expected 0 to 1440.")
        if not 0.5 <= self.stay_share <= 0.9:
            raise _outside("stay_share", "0.5", "0.9", f"{self.stay_share:g}")
        if not 0 <= self.nurse_rooms <= MOST_ROOMS:
            raise _outside("nurse_rooms", "0", MOST_ROOMS, self.nurse_rooms)
        if not 0 <= self.turnover_minutes <= MOST_TURNOVER:
            raise _outside("turnover_minutes", "0", MOST_TURNOVER, self.turnover_minutes)

    def with_turnover(self, minutes: int) -> int:
        """Give minutes of an operation, a theatre or a surgeon with one turnover; nothing stays nothing.

        The last operation of a day needs none after it: with one more for the theatre the sums are exact. Surgeons wait
        while their theatre is made ready, which is right for who stays in one and too careful for who does not.
        """
        return minutes + self.turnover_minutes if minutes else 0

    def minutes_of(self, theatre: str) -> tuple[int, ...]:
        """Give the minutes of a theatre on each day."""
        found = []
        for day in range(self.days):
            weekday = self.date_of(day).weekday()
            told = self.hours.of(theatre, weekday)
            found.append(told[1] - told[0] if told is not None else self.theatre_minutes * (weekday < 5))
        return tuple(found)

    def date_of(self, day: int) -> date:
        """Give the calendar day of a day of the plan."""
        return datetime.fromtimestamp(self.start_at / 1e6, ZoneInfo(self.zone)).date() + timedelta(days=day)
