"""When theatres are open: one line of text for a whole house, by theatre and weekday.

``mon-fri 08:00-16:00; OR-1 mon,wed 07:30-18:00; OR-2 sat 09:00-13:00; OR-3 fri closed``: entries without a theatre are
for all of them; of several that fit, one that names the theatre outranks one that does not, else the last one holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from twin.errors import InputError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "closed"
_ENTRY = re.compile(
    r"(?:(?P<place>\S+)\s+)?(?P<days>[a-z]{3}(?:[-,][a-z]{3})*)\s+"
    r"(?:closed|(?P<opens>([01]\d|2[0-3]):[0-5]\d)-(?P<closes>(([01]\d|2[0-3]):[0-5]\d|24:00)))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry.

    Parameters
    ----------
    place : str
        Id of a theatre; empty for all.
    weekdays : frozenset[int]
        Monday is 0.
    opens, closes : int
        Minutes after midnight on the wall; equal for closed.
    """

    place: str
    weekdays: frozenset[int]
    opens: int
    closes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """What a text of hours says.

    Parameters
    ----------
    entries : tuple[Entry, ...]
        In their order.
    """

    entries: tuple[Entry, ...] = ()

    def of(self, place: str, weekday: int) -> tuple[int, int] | None:
        """Give when a theatre opens and closes on a weekday, minutes after midnight; None if nothing is said.

        Parameters
        ----------
        place : str
            Id of the theatre.
        weekday : int
            Monday is 0.

        Examples
        --------
        >>> hours = opening_hours("mon-fri 08:00-16:00; OR-1 fri closed")
        >>> hours.of("OR-2", 4), hours.of("OR-1", 4), hours.of("OR-2", 5)
        ((480, 960), (0, 0), None)
        """
        found = [one for one in self.entries if weekday in one.weekdays and one.place in ("", place)]
        own = [one for one in found if one.place] or found
        return (own[-1].opens, own[-1].closes) if own else None


def opening_hours(text: str) -> OpeningHours:
    """Read hours.

    Parameters
    ----------
    text : str
        Entries between semicolons; empty for none.

    Raises
    ------
    InputError
        Naming the entry that cannot be read.
    """
    return OpeningHours(entries=tuple(_entry(part.strip()) for part in text.split(";") if part.strip()))


def _entry(text: str) -> Entry:
    found = _ENTRY.fullmatch(text)
    if found is None:
        told = f"theatre hours: expected such as `OR-1 mon-fri 08:00-16:00` or `sat closed`, got {text[:60]!r}."
        raise InputError(told, code="settings.theatre_hours")
    opens, closes = _minutes(found["opens"]), _minutes(found["closes"])
    if found["opens"] and closes <= opens:
        raise InputError(f"theatre hours: {text[:60]!r} closes before it opens.", code="settings.theatre_hours")
    return Entry(place=found["place"] or "", weekdays=_weekdays(found["days"], text), opens=opens, closes=closes)


def _minutes(clock: str | None) -> int:
    return int(clock[:2]) * 60 + int(clock[3:]) if clock else 0


def _weekdays(text: str, entry: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            told = f"theatre hours: {entry[:60]!r}: expected weekdays of {', '.join(WEEKDAYS)}, got {part!r}."
            raise InputError(told, code="settings.theatre_hours")
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        # fri-mon goes over the weekend
        days |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(days)
