"""How often somebody may try to sign in: slower after each failure, never locked for good."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from server.doors.problem import TooManyRequests
from twin.clock import MINUTE_US, SECOND_US

PER_ACCOUNT = 5
PER_ADDRESS = 20
WINDOW_US = MINUTE_US
LONGEST_WAIT_US = 15 * MINUTE_US
_REMEMBERED = 20_000


class SignInLimits:
    """Counts failed sign-ins by account and by address.

    A success forgets the account's failures; an account waits 2, 4, 8 … s after its fifth failure in a row, at most
    15 min, so that nobody can lock somebody else out for good.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[int]] = OrderedDict()
        self._in_a_row: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, account: str, address: str, *, now: int) -> None:
        """Let pass an attempt that is not too soon.

        Parameters
        ----------
        account : str
            Sign-in name that is tried.
        address : str
            Where the attempt comes from.
        now : int
            UTC microseconds.

        Raises
        ------
        TooManyRequests
            If it is too soon; says how long to wait.
        """
        with self._lock:
            wait = max(
                self._wait(f"account:{account}", PER_ACCOUNT, now),
                self._wait(f"address:{address}", PER_ADDRESS, now),
            )
        if wait > 0:
            seconds = -(-wait // SECOND_US)
            raise TooManyRequests(f"Too many attempts to sign in: wait {seconds} s.", retry_after_s=seconds)

    def failed(self, account: str, address: str, *, now: int) -> None:
        """Note a failed attempt."""
        with self._lock:
            for key in (f"account:{account}", f"address:{address}"):
                times = self._failures.setdefault(key, deque(maxlen=PER_ADDRESS))
                times.append(now)
                self._failures.move_to_end(key)
                self._in_a_row[key] = self._in_a_row.get(key, 0) + 1
                self._in_a_row.move_to_end(key)
            while len(self._failures) > _REMEMBERED:
                key, _ = self._failures.popitem(last=False)
                self._in_a_row.pop(key, None)

    def succeeded(self, account: str) -> None:
        """Forget the failures of an account."""
        with self._lock:
            self._failures.pop(f"account:{account}", None)
            self._in_a_row.pop(f"account:{account}", None)

    def _wait(self, key: str, allowed: int, now: int) -> int:
        times = self._failures.get(key)
        if not times:
            return 0
        recent = [at for at in times if at > now - WINDOW_US]
        by_window = recent[-allowed] + WINDOW_US - now if len(recent) >= allowed else 0
        beyond = self._in_a_row.get(key, 0) - allowed
        by_row = times[-1] + min(2 ** min(beyond, 20) * SECOND_US, LONGEST_WAIT_US) - now if beyond > 0 else 0
        return max(by_window, by_row, 0)
