"""A pathway from an event log: who comes when, what happens how long, and where one goes next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulation.calibration.arrivals import WeeklyRates, fit_weekly_rates
from simulation.calibration.durations import Fitted, fit_durations
from simulation.calibration.logs import Case

START, END = "come", "gone"
_FEWEST = 5  # durations from which a law is fitted; fewer take the values as they are
_HOUR_US = 3.6e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """A pathway found in a log, and how it was found.

    Parameters
    ----------
    document : dict[str, object]
        Pathway document; hours are its unit.
    arrivals : WeeklyRates
        Of the cases.
    durations : dict[str, Fitted]
        By activity, where it takes time.
    gaps : dict[tuple[str, str], Fitted]
        Time from the end of one activity to the beginning of the next.
    counts : dict[str, dict[str, int]]
        How often one activity followed another; the source of the shares.
    cases : int
        Of the log.
    """

    document: dict[str, object]
    arrivals: WeeklyRates
    durations: dict[str, Fitted]
    gaps: dict[tuple[str, str], Fitted]
    counts: dict[str, dict[str, int]]
    cases: int


def mine(cases: Sequence[Case]) -> Mined:
    """Find the pathway of a log.

    Parameters
    ----------
    cases : Sequence[Case]
        At least two.

    Notes
    -----
    What follows depends on the last activity only. With counts c and k ways, shares are (c + 1/k)/(n + 1): Jeffreys'
    spirit, so that a way taken once in a small log is neither certain nor forgotten.
    """
    if len(cases) < 2:
        raise ValueError(f"expected at least two cases, got {len(cases)}")
    names = _node_names({activity.name for case in cases for activity in case.activities})
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    lasting: dict[str, list[float]] = defaultdict(list)
    between: dict[tuple[str, str], list[float]] = defaultdict(list)
    for case in cases:
        before, ended = START, case.arrived_us
        for activity in case.activities:
            node = names[activity.name]
            counts[before][node] += 1
            lasting[node].append((activity.end_us - activity.begin_us) / _HOUR_US)
            # Overlapping activities have no gap between them.
            between[before, node].append(max(activity.begin_us - ended, 0) / _HOUR_US)
            before, ended = node, max(activity.end_us, ended)
        counts[before][END] += 1
    durations = {node: _fitted(values) for node, values in lasting.items() if max(values) > 0}
    gaps = {pair: _fitted(values) for pair, values in between.items() if max(values) > 0}
    arrivals = fit_weekly_rates(np.array([case.arrived_us for case in cases], dtype=np.int64))
    plain = {node: dict(found) for node, found in counts.items()}
    document = _document(plain, durations, gaps, arrivals, None)
    return Mined(document=document, arrivals=arrivals, durations=durations, gaps=gaps, counts=plain, cases=len(cases))


def redrawn(found: Mined, draw: np.random.Generator) -> dict[str, object]:
    """Give the pathway with the shares of every route drawn from their Dirichlet law.

    Parameters
    ----------
    found : Mined
        A pathway found in a log.
    draw : np.random.Generator
        Draws; bands made of several such pathways carry what the log leaves unknown.
    """
    return _document(found.counts, found.durations, found.gaps, found.arrivals, draw)


def _node_names(activities: set[str]) -> dict[str, str]:
    """Give each activity a node name without colons, different from all others."""
    found: dict[str, str] = {}
    for name in sorted(activities):
        node = name.replace(":", " ").strip() or "activity"
        while node in found.values() or node in {START, END}:
            node += "'"
        found[name] = node
    return found


def _fitted(values: list[float]) -> Fitted:
    sample = np.array(values)
    # Equal values have no spread to fit a law to.
    if len(sample) >= _FEWEST and np.ptp(sample) > 0:
        return _with_zeros(sample)
    text = "values:" + ",".join(f"{value:.6g}" for value in values)
    return Fitted(law="values", text=text, aic=np.inf, ks=0.0, mean=float(sample.mean()), n=len(sample), censored=0)


def _with_zeros(sample: np.ndarray) -> Fitted:
    """Fit a law, or take the values where a part of them is 0: no family has an atom there."""
    fitted = fit_durations(sample)
    if (sample <= 0).mean() > 0.02:
        return next(one for one in fitted if one.law == "values")
    return fitted[0]


def _shares(counts: dict[str, int], draw: np.random.Generator | None) -> dict[str, float]:
    ways = sorted(counts)
    weights = np.array([counts[way] for way in ways], dtype=float) + 1.0 / len(ways)
    shares = weights / weights.sum() if draw is None else draw.dirichlet(weights)
    listed = [float(share) for share in shares[:-1]]
    # The last share is what is left, so that rounding cannot make the sum another number than 1.
    return dict(zip(ways, [*listed, 1.0 - sum(listed)], strict=True))


def _document(
    counts: dict[str, dict[str, int]],
    durations: dict[str, Fitted],
    gaps: dict[tuple[str, str], Fitted],
    arrivals: WeeklyRates,
    draw: np.random.Generator | None,
) -> dict[str, object]:
    nodes: dict[str, object] = {END: {"do": "exit"}}
    for before, following in counts.items():
        if before != START:
            found = durations.get(before)
            nodes[before] = {"do": "delay", "duration": found.text if found else "0 h", "next": f"after {before}"}
        ways = []
        for node, share in _shares(following, draw).items():
            to = node
            if (before, node) in gaps:
                to = f"{before} then {node}"
                nodes[to] = {"do": "delay", "duration": gaps[before, node].text, "next": node}
            ways.append({"to": to, "share": share})
        nodes[START if before == START else f"after {before}"] = {"do": "route", "branches": ways}
    return {
        "name": "from a log",
        "unit": "h",
        "arrivals": {
            "cases": {
                "per_hour": [round(float(rate), 6) for rate in arrivals.per_hour],
                "piece": "1h",
                "from_week_start": True,
                "to": START,
            }
        },
        "nodes": nodes,
    }
