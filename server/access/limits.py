"""How often somebody may try to sign in, slower after each failure, never locked for good; how much a key may ask."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass

from server.doors.problem import TooManyRequests
from twin.clock import MINUTE_US, SECOND_US

PER_ACCOUNT = 5
PER_ADDRESS = 20  # a ward shares one address, so an address may fail more often than an account
WINDOW_US = MINUTE_US
LONGEST_WAIT_US = 15 * MINUTE_US
_REMEMBERED = 20_000  # accounts and addresses; strangers choose both, so memory needs a bound


class SignInLimits:
    """Counts failed sign-ins by account and by address.

    A success forgets the account's failures, and was none of the address; an account waits 2, 4, 8 … s after its fifth
    failure in a row, at most 15 min, so that nobody can lock somebody else out for good. An address has no row that
    grows: behind a proxy all people share one, and some of them mistype every day.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[int]] = OrderedDict()
        self._in_a_row: dict[str, int] = {}
        self._lock = threading.Lock()

    def check(self, account: str, address: str, *, now: int) -> None:
        """Let pass an attempt that is not too soon.

        Parameters
        ----------
        account : str
            Sign-in name that is tried.
        address : str
            Where the attempt comes from; empty for who is signed in already, whose address does not count.
        now : int
            UTC microseconds.

        Raises
        ------
        TooManyRequests
            If it is too soon; says how long to wait.
        """
        with self._lock:
            wait = self._wait(f"account:{account}", PER_ACCOUNT, now)
            if address:
                wait = max(wait, self._wait(f"address:{address}", PER_ADDRESS, now))
        if wait > 0:
            seconds = -(-wait // SECOND_US)
            raise TooManyRequests(f"Too many attempts to sign in: wait {seconds} s.", retry_after_s=seconds)

    def failed(self, account: str, address: str, *, now: int) -> None:
        """Note a failed attempt."""
        named = f"account:{account}"
        with self._lock:
            self._in_a_row[named] = self._in_a_row.get(named, 0) + 1
            for key in (named, f"address:{address}") if address else (named,):
                times = self._failures.setdefault(key, deque(maxlen=PER_ADDRESS))
                times.append(now)
                self._failures.move_to_end(key)
            # who failed longest ago goes first, so that many made-up names do not push out what is under attack now
            while len(self._failures) > _REMEMBERED:
                key, _ = self._failures.popitem(last=False)
                self._in_a_row.pop(key, None)

    def succeeded(self, account: str, address: str, *, now: int) -> None:
        """Forget the failures of an account, and the attempt of an address that was noted before it proved right.

        Parameters
        ----------
        account, address : str
            As for :meth:`failed`.
        now : int
            Instant under which the attempt was noted, UTC microseconds.
        """
        with self._lock:
            self._failures.pop(f"account:{account}", None)
            self._in_a_row.pop(f"account:{account}", None)
            times = self._failures.get(f"address:{address}")
            if times is not None and now in times:
                times.remove(now)

    def _wait(self, key: str, allowed: int, now: int) -> int:
        times = self._failures.get(key)
        if not times:
            return 0
        # a clock that was put back makes times of the future; they count as recent until the clock has caught up
        recent = [at for at in times if at > now - WINDOW_US]
        by_window = recent[-allowed] + WINDOW_US - now if len(recent) >= allowed else 0
        beyond = self._in_a_row.get(key, 0) - allowed
        by_row = times[-1] + min(2 ** min(beyond, 20) * SECOND_US, LONGEST_WAIT_US) - now if beyond > 0 else 0
        return max(by_window, by_row, 0)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a key.

    Parameters
    ----------
    is_allowed : bool
        Whether this request may pass.
    limit : int
        Requests per minute.
    remaining : int
        Requests that may come at once.
    reset_s : int
        Seconds until the next one may come if none is left, else until all are back.
    """

    is_allowed: bool
    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Give the answer's headers, as draft-ietf-httpapi-ratelimit-headers-06 names them."""
        told = (
            ("ratelimit-limit", str(self.limit)),
            ("ratelimit-remaining", str(self.remaining)),
            ("ratelimit-reset", str(self.reset_s)),
        )
        return told if self.is_allowed else (*told, ("retry-after", str(self.reset_s)))


class KeyLimits:
    """A bucket of requests for each API key: a minute's worth at once, refilled steadily.

    A gateway that was cut off sends what it kept at once, so a bucket suits better than a window; one that runs wild is
    slowed down before it takes the server from everybody else.

    Parameters
    ----------
    per_minute : int
        Requests per minute; 0 for no limit.
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._held: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def take(self, key_id: str, *, now: int) -> Allowance | None:
        """Take one request from a key's bucket; None without a limit.

        Parameters
        ----------
        key_id : str
            Whose; only keys that exist are asked about, so that their number bounds what is remembered.
        now : int
            UTC microseconds; a clock that was put back refills nothing.
        """
        if not self.per_minute:
            return None
        per_us = self.per_minute / MINUTE_US
        with self._lock:
            left, at = self._held.get(key_id, (float(self.per_minute), now))
            left = min(self.per_minute, left + max(0, now - at) * per_us)
            is_allowed = left >= 1
            left -= is_allowed
            self._held[key_id] = (left, max(now, at))
        missing = self.per_minute - left if is_allowed else 1 - left
        # rounded up: who comes back a part of a second early would be refused again
        reset_s = -int(-missing / per_us // SECOND_US)
        return Allowance(is_allowed, self.per_minute, int(left), max(1, reset_s) if not is_allowed else reset_s)
