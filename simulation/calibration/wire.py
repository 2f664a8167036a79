"""What calibration has found as plain JSON values, for jobs, files and pages."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
from scipy import stats

from simulation.calibration.checking import Report
from simulation.calibration.durations import Fitted
from simulation.calibration.mining import END, START, Mined
from twin.clock import to_text

_TAIL = 0.025  # on either side of a 95 % interval


def plain_report(report: Report, mined: Mined) -> dict[str, object]:
    """Give a report on a log as plain values; what is infinite is left out.

    Parameters
    ----------
    report : Report
        On the last weeks, by a model that has not seen them.
    mined : Mined
        The model of the whole log.
    """
    return {
        "cases": mined.cases,
        "weeks": mined.arrivals.weeks,
        "dispersion": mined.arrivals.dispersion,
        "matches": msgspec.to_builtins(report.matches),
        "distances": msgspec.to_builtins(report.distances),
        "yardstick": msgspec.to_builtins(report.yardstick),
        "window": {"from": to_text(report.begin_us), "to": to_text(report.end_us)},
        "durations": {name: _finite_fit(found) for name, found in mined.durations.items()},
    }


def plain_mined(mined: Mined) -> dict[str, object]:
    """Give arrivals, laws and ways of a log as plain values, each with what it rests on.

    Parameters
    ----------
    mined : Mined
        The model of a log.
    """
    return {
        "document": mined.document,
        "arrivals": {
            "per_hour": mined.arrivals.per_hour.tolist(),
            "low": mined.arrivals.low.tolist(),
            "high": mined.arrivals.high.tolist(),
        },
        "gaps": [
            {"from": start, "to": end, **_finite_fit(found)} for (start, end), found in sorted(mined.gaps.items())
        ],
        "ways": ways_of(mined.counts),
    }


def ways_of(counts: Mapping[str, Mapping[str, int]]) -> list[dict[str, object]]:
    """Give every way with its share and the 95 % interval of it, the most walked of each place first.

    Parameters
    ----------
    counts : Mapping[str, Mapping[str, int]]
        How often one activity followed another.

    Notes
    -----
    Of a Dirichlet law with weights c + 1/k one share alone has the law Beta(c + 1/k, n + 1 - c - 1/k).
    """
    found: list[dict[str, object]] = []
    for start in sorted(counts, key=lambda name: (name != START, name)):
        following = counts[start]
        total = sum(following.values())
        for end, count in sorted(following.items(), key=lambda way: (-way[1], way[0])):
            weight = count + 1 / len(following)
            rest = total + 1 - weight
            low, high = (float(stats.beta.ppf(tail, weight, rest)) if rest > 0 else 1.0 for tail in (_TAIL, 1 - _TAIL))
            found.append(
                {
                    "from": "" if start == START else start,
                    "to": "" if end == END else end,
                    "count": count,
                    "share": weight / (total + 1),
                    "low": low,
                    "high": high,
                }
            )
    return found


def _finite_fit(found: Fitted) -> dict[str, object]:
    values: dict[str, object] = msgspec.to_builtins(found)
    return {name: value for name, value in values.items() if value != math.inf}
