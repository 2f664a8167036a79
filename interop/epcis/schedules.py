"""When a standing query runs by the clock: the QuerySchedule of EPCIS.

References
----------
GS1 EPCIS 2.0, section 8.2.5.3 (QuerySchedule).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from twin.clock import SECOND_US
from twin.errors import FieldError, FieldProblem

RANGES: dict[str, tuple[int, int]] = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "dayOfMonth": (1, 31),
    "month": (1, 12),
    "dayOfWeek": (1, 7),  # Monday is 1, as ISO 8601 counts
}
"""Fields of a schedule with their least and greatest values."""

_MAX_TEXT = 200
_YEARS = 9  # 29 February is 8 years away at most, from 2096 to 2104
_ELEMENT = re.compile(r"(?P<one>[0-9]{1,2})|\[(?P<low>[0-9]{1,2})-(?P<high>[0-9]{1,2})\]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def refused(name: str, message: str, cure: str) -> FieldError:
    """Make the error of a field of a schedule; of the schedule itself where ``name`` is empty."""
    place = f"schedule/{name}" if name else "schedule"
    problem = FieldProblem(field=place, place=f"/{place}", message=message, cure=cure)
    return FieldError(problem, code="epcis.subscription_controls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Which readings of the clock are meant; a field that is left out means all of them.

    Parameters
    ----------
    second, minute, hour, day_of_month, month, day_of_week : frozenset[int]
        The values that count, see :data:`RANGES`.
    """

    second: frozenset[int]
    minute: frozenset[int]
    hour: frozenset[int]
    day_of_month: frozenset[int]
    month: frozenset[int]
    day_of_week: frozenset[int]

    def next_after(self, at: int, zone: tzinfo) -> int:
        """Give the first instant behind another at which a clock shows what is meant.

        Parameters
        ----------
        at : int
            UTC microseconds.
        zone : tzinfo
            Whose clock is meant: EPCIS leaves that to the repository.

        Returns
        -------
        int
            UTC microseconds on a whole second; 0 if there is none in the next nine years, such as for 30 February.

        Notes
        -----
        It is the reading that counts: an hour that a clock shows twice, when summer time ends, counts twice, and one
        that it never shows does not come.
        """
        moment = _EPOCH + timedelta(seconds=at // SECOND_US + 1)
        last = moment + timedelta(days=366 * _YEARS)
        while moment < last:
            local = moment.astimezone(zone)
            step = self._step(local)
            if not step:
                return int((moment - _EPOCH).total_seconds()) * SECOND_US
            moment += step
        return 0

    def _step(self, local: datetime) -> timedelta:
        """Give how far the next reading that could be meant lies ahead; nothing if this one is."""
        # Steps are of absolute time and end at the next full hour at most, so that no change of the clock is passed by.
        if local.month not in self.month or not self._is_day(local):
            # Twenty hours before midnight no change of a clock leads into the next day too far.
            hours = 20 - local.hour if local.hour < 20 else 0
            return timedelta(hours=hours) if hours > 1 else self._to_next_hour(local)
        if local.hour not in self.hour:
            return self._to_next_hour(local)
        if local.minute not in self.minute:
            return timedelta(seconds=60 - local.second)
        return timedelta(seconds=0 if local.second in self.second else 1)

    def _is_day(self, local: datetime) -> bool:
        return local.day in self.day_of_month and local.isoweekday() in self.day_of_week

    @staticmethod
    def _to_next_hour(local: datetime) -> timedelta:
        return timedelta(seconds=3600 - 60 * local.minute - local.second)


def read_schedule(told: Mapping[str, object]) -> Schedule:
    """Read a QuerySchedule as a subscription holds it.

    Parameters
    ----------
    told : Mapping[str, object]
        Fields of :data:`RANGES`, each a text: numbers and ranges ``[low-high]``, separated by commas.

    Raises
    ------
    FieldError
        If a field is unknown, a value is out of its range, nothing is said at all, or no day ever meets it.
    """
    unknown = next((name for name in told if name not in RANGES), "")
    if unknown or not told:
        known = ", ".join(RANGES)
        raise refused(unknown[:40], f"Expected fields of {known}.", 'Send {"minute": "0", "second": "0"}.')
    values = {name: _values(name, told.get(name)) for name in RANGES}
    made = Schedule(
        second=values["second"],
        minute=values["minute"],
        hour=values["hour"],
        day_of_month=values["dayOfMonth"],
        month=values["month"],
        day_of_week=values["dayOfWeek"],
    )
    if not made.next_after(0, UTC):
        raise refused("dayOfMonth", "Expected a day that occurs in one of these months.", "Change one of both.")
    return made


def _values(name: str, told: object) -> frozenset[int]:
    least, greatest = RANGES[name]
    if told is None or told == "":
        return frozenset(range(least, greatest + 1))
    # A number is taken for its text: JSON has both, and what is meant is plain.
    text = str(told) if isinstance(told, str | int) and not isinstance(told, bool) else "?"
    found: set[int] = set()
    for part in text[:_MAX_TEXT].split(","):
        element = _ELEMENT.fullmatch(part.strip())
        low, high = (int(element[first] or element["one"]) for first in ("low", "high")) if element else (1, 0)
        if not least <= low <= high <= greatest:
            message = f"Expected numbers and ranges of {least} to {greatest}, got {text[:40]!r}."
            raise refused(name, message, f'Send "{least}", "{least},{greatest}" or "[{least}-{greatest}]".')
        found.update(range(low, high + 1))
    return frozenset(found)
