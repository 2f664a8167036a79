"""All devices of a fleet at once, against one device after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assets.service.fleet import DAY_US, DownTimes, Life, WatchedDevice, watch_all

NOW = 1_000 * DAY_US
instants = st.integers(0, 1_100).map(lambda days: days * DAY_US)
spells = st.lists(st.tuples(instants, st.integers(0, 60)), max_size=8, unique_by=lambda pair: pair[0])


def one_by_one(life: Life, down: list[tuple[int, int]]) -> WatchedDevice | None:
    """Give what the vectors must give, as one would write it down."""
    down = sorted(down)
    begun = max(life.registered, life.born)
    if down:
        begun = min(begun, max(down[0][0] - 1, life.born))
    if begun >= NOW:
        return None
    failures, down_us, reached = [], 0, begun
    for start, end in down:
        if begun < start <= NOW:
            failures.append((start - life.born) / DAY_US)
            until = min(end or NOW, NOW)
            down_us += max(until - max(start, reached), 0)
            reached = max(reached, until)
    return WatchedDevice(
        asset=life.asset,
        start=(begun - life.born) / DAY_US,
        end=(NOW - life.born) / DAY_US,
        failures=tuple(failures),
        down_days=down_us / DAY_US,
    )


def columns(downs: dict[str, list[tuple[int, int]]]) -> DownTimes:
    told = {asset: down for asset, down in downs.items() if down}
    flat = [pair for down in told.values() for pair in down]
    return DownTimes(
        assets=list(told),
        counts=np.array([len(down) for down in told.values()], dtype=np.int64),
        starts=np.array([start for start, _end in flat], dtype=np.int64),
        ends=np.array([end for _start, end in flat], dtype=np.int64),
    )


@given(st.lists(st.tuples(instants, instants, spells), max_size=6))
def test_a_fleet_is_watched_as_each_device_is(told):
    lives, downs = [], {}
    for number, (born, registered, own) in enumerate(told):
        lives.append(Life(asset=f"a{number}", born=born, registered=registered))
        # 0 days stands for a down time that still lasts
        downs[f"a{number}"] = [(start, start + days * DAY_US if days else 0) for start, days in own]
    downs["somebody else's"] = [(5 * DAY_US, 6 * DAY_US)]

    found = watch_all(lives, columns(downs), NOW)

    assert found == [one_by_one(life, downs[life.asset]) for life in lives]


def test_a_fleet_without_failures_or_devices_is_watched_too():
    nothing = columns({})

    assert watch_all([], nothing, NOW) == []
    assert watch_all([Life(asset="a", born=0, registered=DAY_US)], nothing, NOW) == [
        WatchedDevice(asset="a", start=1.0, end=1_000.0, failures=(), down_days=0.0)
    ]
    assert watch_all([Life(asset="a", born=NOW, registered=NOW)], nothing, NOW) == [None]


def test_a_retired_device_is_watched_until_it_was_retired():
    life = Life(asset="a", born=0, registered=0, ended=100 * DAY_US)
    down = columns({"a": [(40 * DAY_US, 50 * DAY_US), (90 * DAY_US, 0), (200 * DAY_US, 201 * DAY_US)]})

    (found,) = watch_all([life], down, NOW)

    assert found == WatchedDevice(asset="a", start=0.0, end=100.0, failures=(40.0, 90.0), down_days=20.0)
