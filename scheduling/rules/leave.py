"""How leave is counted: by the calendar day on the wall, in the year in which the day lies, what was carried first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.model.leave import LeaveBalance, LeaveGrant, LeaveSpan, LeaveTerms

NOON = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def on_wall(at: int, zone: str) -> datetime:
    """Give what the wall clock shows at an instant, without offset."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def half_days_by_day(from_at: int, to_at: int, zone: str) -> dict[date, int]:
    """Give how much of each calendar day a leave covers: 2 for the whole, 1 for the morning or the afternoon.

    Parameters
    ----------
    from_at, to_at : int
        UTC microseconds; any part of a half day counts as the half.
    zone : str
        IANA name of the hospital's zone. A day in which the clock changes is a day like any other.

    Examples
    --------
    >>> half_days_by_day(0, 36 * 3_600_000_000, "UTC")
    {datetime.date(1970, 1, 1): 2, datetime.date(1970, 1, 2): 1}
    """
    # On the wall, not in hours: a day of 23 hours is one day of leave.
    first, last = on_wall(from_at, zone), on_wall(to_at - 1, zone)
    found = {}
    day = first.date()
    while day <= last.date():
        begins = NOON if day == first.date() and first.hour >= NOON else 0
        ends = NOON if day == last.date() and last.hour < NOON else 2 * NOON
        found[day] = max(1, (ends - begins) // NOON)
        day += timedelta(days=1)
    return found


def terms_in(terms: Sequence[LeaveTerms], year: int) -> LeaveTerms | None:
    """Give the terms of a year: those of the latest year that has begun by then."""
    return max((one for one in terms if one.year <= year), key=lambda one: one.year, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveBook:
    """All that somebody's leave is computed from.

    Parameters
    ----------
    staff, contract : str
        Whose.
    zone : str
        IANA name of the hospital's zone.
    terms : tuple[LeaveTerms, ...]
        Of the contract, of any years.
    grants : tuple[LeaveGrant, ...]
        Corrections.
    spans : tuple[LeaveSpan, ...]
        Leave granted and asked for.
    """

    staff: str
    contract: str
    zone: str
    terms: tuple[LeaveTerms, ...] = ()
    grants: tuple[LeaveGrant, ...] = ()
    spans: tuple[LeaveSpan, ...] = ()


@dataclass(slots=True)
class _Year:
    entitled: int
    corrected: int
    carried: int
    expiry: date
    by_day: Mapping[date, int]

    @property
    def in_time(self) -> int:
        """Half days on which what was carried over could be used."""
        return sum(halves for day, halves in self.by_day.items() if day <= self.expiry)

    @property
    def need(self) -> int:
        """Half days that come from this year's own entitlement; a debt of the year before is paid from it too."""
        late = sum(halves for day, halves in self.by_day.items() if day > self.expiry)
        return late + max(0, self.in_time - self.carried)

    @property
    def left(self) -> int:
        """What is left of the year's own entitlement; below 0 if more was granted than there was."""
        return self.entitled + self.corrected - self.need


def _counted(book: LeaveBook, spans: Iterable[LeaveSpan]) -> dict[date, int]:
    """Give half days by day; of two leaves on one day no more than the whole day counts."""
    found: dict[date, int] = {}
    for span in spans:
        for day, halves in half_days_by_day(span.from_at, span.to_at, book.zone).items():
            terms = terms_in(book.terms, day.year)
            if terms is not None and day.weekday() in terms.weekdays:
                found[day] = min(2, found.get(day, 0) + halves)
    return found


def _year(book: LeaveBook, year: int, by_day: Mapping[date, int]) -> _Year | None:
    terms = terms_in(book.terms, year)
    if terms is None:
        return None
    before = _year(book, year - 1, by_day)
    last = terms_in(book.terms, year - 1)
    # The year before says how much of it goes over, and until when.
    carried = min(before.left, last.carry_half_days) if before is not None and last is not None else 0
    return _Year(
        entitled=terms.half_days,
        corrected=sum(one.half_days for one in book.grants if one.year == year),
        carried=carried,
        expiry=(last or terms).expiry(year),
        by_day={day: halves for day, halves in by_day.items() if day.year == year},
    )


def balance(book: LeaveBook, year: int, today: date) -> LeaveBalance:
    """Give somebody's leave of a calendar year.

    Parameters
    ----------
    book : LeaveBook
        Terms, corrections, leave.
    year : int
        Calendar year.
    today : date
        In the hospital's zone.

    Notes
    -----
    Leave up to the day of expiry takes what was carried over first, then the year's own; leave after it only the year's
    own. What was granted beyond that is a debt of the next year.
    """
    granted = _counted(book, (one for one in book.spans if one.is_approved))
    found = _year(book, year, granted)
    empty = LeaveBalance(staff=book.staff, contract=book.contract, year=year)
    if found is None:
        return empty
    with_asked = _counted(book, book.spans)
    unused = max(0, found.carried - found.in_time)
    is_over = today > found.expiry
    taken = sum(halves for day, halves in found.by_day.items() if day < today)
    return LeaveBalance(
        staff=book.staff,
        contract=book.contract,
        year=year,
        has_terms=True,
        entitled=found.entitled,
        corrected=found.corrected,
        carried=found.carried,
        carried_until=found.expiry if found.carried > 0 else None,
        expired=unused if is_over else 0,
        taken=taken,
        planned=sum(found.by_day.values()) - taken,
        asked=sum(halves - granted.get(day, 0) for day, halves in with_asked.items() if day.year == year),
        remaining=max(0, found.left) + (0 if is_over else unused),
        over=max(0, -found.left),
    )


def missing_for(book: LeaveBook, span: LeaveSpan) -> dict[int, int]:
    """Give how many half days each calendar year lacks if a leave is granted on top of what is granted already.

    Parameters
    ----------
    book : LeaveBook
        Terms, corrections, leave; the leave itself may be in it.
    span : LeaveSpan
        The leave.

    Returns
    -------
    dict[int, int]
        Years that lack something. Leave at the end of a year can be missing in the next one, whose leave is granted.
    """
    granted = [one for one in book.spans if one.is_approved and one.request != span.request]
    before, after = _counted(book, granted), _counted(book, [*granted, span])
    first, last = on_wall(span.from_at, book.zone).year, on_wall(span.to_at - 1, book.zone).year
    found: dict[int, int] = {}
    for year in range(first, last + 2):
        old, new = _year(book, year, before), _year(book, year, after)
        if old is None or new is None:
            continue
        # A debt that goes over is told in the year that makes it, not once more in the next.
        is_later = year > last
        if is_later and not new.by_day:
            continue
        more = max(0, -new.left) - max(0, -old.left)
        if is_later:
            more -= found.get(year - 1, 0)
        if more > 0:
            found[year] = more
    return found
