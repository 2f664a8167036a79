"""How far each reader's own time has come, and with it the time up to which everything has been told.

Readers bring their readings by different ways: one at once, one in parcels of a second, one over a slow line. An epoch
that is weighed before all of them have told theirs takes a tag that stands before a slow reader for one that nobody
sees. So every reader has a watermark: nothing older is expected from it. The lowest of them closes epochs.

A reader without tags before it tells nothing at all, which must hold up nobody. Such a reader is taken to be as prompt
as it was of late: it holds an epoch for as long as its readings were late within the last minute, never longer than
``patience``, and for ``lateness`` if nothing is known of it.

References
----------
Akidau et al., The Dataflow Model, Proc. VLDB Endowment 8 (2015), section 2.3: watermarks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rfid_gateway.rfid.clocks import EARLIEST_US

_WINDOW_US = 30_000_000  # delays are remembered for one to two of these: a silent reader is idle after a minute
_MARGIN_SHARE = 0.25  # the next parcel may be a little later than the latest one so far


@dataclass(slots=True)
class ReaderProgress:
    """How far one reader has come.

    Parameters
    ----------
    newest : int
        Newest time that it told, UTC microseconds; 0 for none.
    late : int
        Readings that came behind the watermark.
    is_offline : bool
        Whether it is known to be cut off: then nobody waits for it.
    """

    newest: int = 0
    late: int = 0
    is_offline: bool = False
    # The largest delay, and how far its times went back, in this window and in the one before.
    _window: int = 0
    _delays: tuple[int, int] = (0, 0)
    _spreads: tuple[int, int] = (0, 0)

    @property
    def usual_delay_us(self) -> int:
        """How late its readings came within the last minute in which it told any, at most; microseconds."""
        return max(self._delays)

    def take(self, oldest: int, newest: int, now: int) -> None:
        """Take in the times that one message of the reader bears; all UTC microseconds."""
        newest = min(newest, now)  # a clock that runs ahead proves nothing about what is still to come
        if self.newest > now:
            self.newest = 0  # the gateway's own clock was set back: what is known counts from a time that is not yet
        if oldest >= EARLIEST_US:
            self._roll(now)
            back = max(self.newest - oldest, 0) if self.newest else 0
            self._delays = (max(self._delays[0], now - oldest), self._delays[1])
            self._spreads = (max(self._spreads[0], back), self._spreads[1])
        self.newest = max(self.newest, newest)

    def _roll(self, now: int) -> None:
        window = now // _WINDOW_US
        if window != self._window:
            is_next = window == self._window + 1
            self._delays = (0, self._delays[0] if is_next else 0)
            self._spreads = (0, self._spreads[0] if is_next else 0)
            self._window = window

    def watermark(self, now: int, lateness_us: int, patience_us: int) -> int:
        """Give the time before which nothing is expected from the reader any more, UTC microseconds.

        Parameters
        ----------
        now : int
            UTC microseconds.
        lateness_us, patience_us : int
            Least and most time for which it is waited for, microseconds.
        """
        if self.is_offline:
            return now - lateness_us
        self._roll(now)
        usual = self.usual_delay_us
        wait_us = min(max(lateness_us, usual + round(usual * _MARGIN_SHARE)), patience_us)
        told_until = self.newest - min(max(self._spreads), patience_us)
        return max(told_until, now - wait_us)


class Watermarks:
    """The progress of all readers of a gateway.

    Parameters
    ----------
    readers : Iterable[str]
        Ids of the readers that are waited for.
    lateness_us : int
        How long a reader is waited for at least, microseconds.
    patience_us : int
        How long a reader that is known to be late is waited for at most, microseconds.
    """

    def __init__(self, readers: Iterable[str], lateness_us: int, patience_us: int) -> None:
        self.lateness_us = lateness_us
        self._patience_us = max(patience_us, lateness_us)
        self._progress = {reader: ReaderProgress() for reader in readers}
        self._slowest = ReaderProgress()

    def of(self, reader: str) -> ReaderProgress:
        """Give the progress of a reader; one that is not waited for has none."""
        return self._progress.get(reader) or ReaderProgress()

    def take(self, reader: str, oldest: int, newest: int, now: int) -> None:
        """Take in the oldest and the newest time of a reader's message, UTC microseconds."""
        progress = self._progress.get(reader)
        if progress is not None:
            progress.take(oldest, newest, now)

    def set_offline(self, reader: str, *, is_offline: bool) -> None:
        """Say whether a reader is cut off."""
        progress = self._progress.get(reader)
        if progress is not None:
            progress.is_offline = is_offline

    def may_have_passed(self, at: int, now: int) -> bool:
        """Tell whether it is worth while to ask :meth:`low`: not before the clock and the last slowest one are past.

        Parameters
        ----------
        at, now : int
            UTC microseconds.
        """
        return now >= at and self._slowest.watermark(now, self.lateness_us, self._patience_us) >= at

    def low(self, now: int, readers: Iterable[str] | None = None) -> int:
        """Give the time up to which all readers have told everything, as far as it is waited for; UTC microseconds.

        Parameters
        ----------
        now : int
            UTC microseconds.
        readers : Iterable[str], optional
            Only these; all of the gateway's otherwise.
        """
        known = self._progress
        chosen = known.values() if readers is None else [known[one] for one in readers if one in known]
        lateness_us, patience_us = self.lateness_us, self._patience_us
        low, slowest = now - lateness_us, None
        for one in chosen:
            mark = one.watermark(now, lateness_us, patience_us)
            if slowest is None or mark < low:
                low, slowest = mark, one
        if readers is None and slowest is not None:
            self._slowest = slowest
        return low
