"""How far a reader's clock is off, from nothing but when its messages came, and when the gateway's own was set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_MINUTE_US = 60_000_000
EARLIEST_US = 946_684_800_000_000  # 2000-01-01: readers without a battery boot in 1970
# Messages of one connection come in order; ten seconds are above any buffering on the way.
_STARTED_ANEW_US = 10_000_000  # no message overtakes another by so much, so that the clock itself went back
_LEAST_STEP_US = 2_000_000
MOST_AHEAD_US = 300_000_000  # no clock that is kept at all is five minutes fast


class ClockOffset:
    """Estimates ``gateway clock - reader clock`` as the least delay seen lately.

    Every message takes some time to come, never less than none; so the smallest difference between arrival and reader
    time within the last one to two windows is the offset plus the least delay. A reader's clock that jumps is followed
    within two windows, or at once when it jumps ahead. A reader that knows no UTC counts from its start; when such a
    clock goes back the reader was started anew, and what was learnt before is forgotten at once.

    Parameters
    ----------
    window_us : int, optional
        Length of a window, microseconds.
    """

    def __init__(self, window_us: int = _MINUTE_US) -> None:
        self._window_us = window_us
        self._started_at: int | None = None
        self._current: int | None = None
        self._previous: int | None = None
        self._newest = 0

    @property
    def offset_us(self) -> int:
        """Microseconds to add to the reader's clock; 0 before the first message."""
        known = [value for value in (self._current, self._previous) if value is not None]
        return min(known, default=0)

    def forget(self) -> None:
        """Begin anew: the clock of the gateway was set, and what was learnt counts from a time that is none."""
        self._started_at = self._current = self._previous = None
        self._newest = 0

    def observe(self, reader_time: int, arrived_at: int) -> None:
        """Learn from a message that bears the reader's time.

        Parameters
        ----------
        reader_time : int
            Reader's clock when it wrote the message, microseconds: UTC, or since its start.
        arrived_at : int
            Gateway's clock when the message came, UTC microseconds.
        """
        if reader_time <= 0:
            return
        if reader_time < EARLIEST_US and reader_time < self._newest - _STARTED_ANEW_US:
            # Its old offset would date everything before the restart, for as long as the reader had run.
            self.forget()
        self._newest = max(self._newest, reader_time)
        difference = arrived_at - reader_time
        if self._started_at is None or arrived_at - self._started_at >= self._window_us:
            # Two windows: the minimum of the one before still holds while the new one has few messages.
            self._previous, self._current, self._started_at = self._current, None, arrived_at
        self._current = difference if self._current is None else min(self._current, difference)

    def correct(self, reader_time: int | None, arrived_at: int) -> int:
        """Give the gateway's time of what a reader saw at a time of its own; never after its arrival.

        A reader that does not tell a usable time is taken to have seen the tag when the message came.
        """
        return self.correct_all((reader_time or 0,), arrived_at)[0]

    def correct_all(self, reader_times: Sequence[int], arrived_at: int) -> list[int]:
        """Give the gateway's times of all that one message bears; 0 stands for a time that was not told.

        Parameters
        ----------
        reader_times : Sequence[int]
            Reader's clock, UTC microseconds.
        arrived_at : int
            When the message came, UTC microseconds; no result is later.
        """
        offset = self.offset_us
        return [
            at if time and EARLIEST_US <= (at := time + offset) < arrived_at else arrived_at for time in reader_times
        ]


class ClockSteps:
    """Notices that a wall clock was set, as by NTP after a start without a battery: a steady clock beside it was not.

    Parameters
    ----------
    steady : Callable[[], float]
        A clock that nobody sets, seconds.
    speed : float
        How fast the wall clock goes beside it; 1 but in demos.
    """

    def __init__(self, steady: Callable[[], float], speed: float = 1.0) -> None:
        self._steady = steady
        self._speed = speed
        self._last: tuple[int, float] | None = None

    def take(self, now: int) -> int:
        """Give by how much the clock was set since the last look, microseconds; 0 for not at all, or hardly.

        Parameters
        ----------
        now : int
            The wall clock, UTC microseconds.
        """
        steady_s = self._steady()
        before, self._last = self._last, (now, steady_s)
        if before is None:
            return 0
        step_us = now - before[0] - round((steady_s - before[1]) * self._speed * 1_000_000)
        # What is less than a reader's usual delay disturbs nothing; NTP slews what is small.
        return step_us if abs(step_us) > _LEAST_STEP_US * max(self._speed, 1.0) else 0
