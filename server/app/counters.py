"""Figures of the server itself, written in the text format that Prometheus reads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class RequestTimes:
    """Histogram of answering times by method, route and status."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _buckets: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)
    _sums: dict[tuple[str, str, int], float] = field(default_factory=dict)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request.

        Parameters
        ----------
        method : str
            HTTP method.
        route : str
            Pattern of the route, never a path with ids.
        status : int
            HTTP status.
        seconds : float
            How long it took.
        """
        # strangers choose the method: each new one would be a row that stays
        key = (method if method.isalpha() and len(method) < 10 else "other", route, status)
        with self._lock:
            counts = self._buckets.get(key)
            if counts is None:
                counts = self._buckets[key] = [0] * (len(BOUNDS_S) + 1)
            # one bucket per observation; they are summed up when somebody reads, as Prometheus wants them cumulative
            counts[bisect_left(BOUNDS_S, seconds)] += 1
            self._sums[key] = self._sums.get(key, 0.0) + seconds

    def lines(self) -> Iterable[str]:
        """Give the histogram as text lines."""
        name = "http_request_duration_seconds"
        yield f"# TYPE {name} histogram"
        with self._lock:
            rows = [(key, list(counts), self._sums[key]) for key, counts in sorted(self._buckets.items())]
        for (method, route, status), counts, total in rows:
            labels = f'method="{method}",route="{escape(route)}",status="{status}"'
            running = 0
            for bound, count in zip((*BOUNDS_S, "+Inf"), counts, strict=True):
                running += count
                yield f'{name}_bucket{{{labels},le="{bound}"}} {running}'
            yield f"{name}_sum{{{labels}}} {total:.6f}"
            yield f"{name}_count{{{labels}}} {running}"


def escape(value: str) -> str:
    r"""Escape a label's value: backslash, quote and new line.

    Examples
    --------
    >>> escape('a"b')
    'a\\"b'
    """
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@dataclass(slots=True)
class Counters:
    """All figures that the server keeps of itself."""

    requests: RequestTimes = field(default_factory=RequestTimes)
