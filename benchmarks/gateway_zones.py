"""Zone accuracy on a ring of rooms, beside the EdgeX algorithm and the best fixed window.

Protocol: eight rooms in a ring, one antenna each; stays are geometric with a mean of 120 s; one epoch a second; an
antenna reads a tag of its own room with probability ``own`` and one of each neighbouring room with ``cross``; the
filter starts from its default guess and learns. Each of 20 seeds has ten tags for 2,000 s, 20,000 tag-seconds, pooled.
Run: ``python -m benchmarks.gateway_zones`` (about a minute).
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfid_gateway.cleaning.layout import Layout, ReadPoint
from rfid_gateway.cleaning.zones import FilterSettings, ZoneDecider, ZoneFilter, ZoneModel

ROOMS, DWELL_S, TAGS, LAG = 8, 120.0, 10, 5
WINDOWS = (3, 5, 8, 10, 15, 25)
# Published constants of EdgeX app-rfid-llrp-inventory (mobility profile): see the gateway notes of the project.
EDGEX_WINDOW, EDGEX_THRESHOLD_DB, EDGEX_HOLD_MS, EDGEX_SLOPE = 20, 6.0, 500.0, -0.008

Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ring:
    own: float
    cross: float


@dataclass(frozen=True, kw_only=True)
class Found:
    online_share: float
    online_moves_ratio: float
    lagged_share: float
    lagged_moves_ratio: float
    calibration_error: float
    best_window_share: float
    best_window: int
    edgex_share: float
    edgex_moves_ratio: float


class EdgexLike:
    """One tag by the published rule: mean RSSI of the last 20 reads per antenna, move when a new one is stronger by an
    offset that fades with the age of the last read at the old one."""

    def __init__(self) -> None:
        self.levels = [deque[float](maxlen=EDGEX_WINDOW) for _ in range(ROOMS)]
        self.last_ms = [0.0] * ROOMS
        self.room = -1

    def read(self, room: int, level: float, now_ms: float) -> None:
        self.levels[room].append(level)
        self.last_ms[room] = now_ms
        if self.room < 0:
            self.room = room
        if room == self.room or len(self.levels[room]) < 2:
            return
        age = now_ms - self.last_ms[self.room]
        offset = min(EDGEX_THRESHOLD_DB, EDGEX_SLOPE * age + EDGEX_THRESHOLD_DB - EDGEX_SLOPE * EDGEX_HOLD_MS)
        means = [sum(one) / len(one) if one else -np.inf for one in self.levels]
        if means[room] > means[self.room] + offset:
            self.room = room


@dataclass
class _Tally:
    right: int = 0
    total: int = 0
    moves: int = 0

    def add(self, belief: Integers, truth: Integers, moved: int) -> None:
        self.right += int((belief == truth).sum())
        self.total += len(truth)
        self.moves += moved

    @property
    def share(self) -> float:
        return self.right / self.total


def _layout() -> Layout:
    points = tuple(ReadPoint(id=f"p{i}", reader=f"r{i}", antenna=1, place=f"z{i}") for i in range(ROOMS))
    return Layout(points, frozenset((f"z{i}", f"z{(i + 1) % ROOMS}") for i in range(ROOMS)))


def _rates(ring: Ring, rooms: Integers) -> npt.NDArray[np.float64]:
    rates = np.zeros((len(rooms), ROOMS))
    rows = np.arange(len(rooms))
    rates[rows, rooms] = ring.own
    rates[rows, (rooms + 1) % ROOMS] = ring.cross
    rates[rows, (rooms - 1) % ROOMS] = ring.cross
    return rates


def run_ring(ring: Ring, *, seeds: int, seconds: int) -> Found:
    online, lagged, edgex = _Tally(), _Tally(), _Tally()
    windows = {width: _Tally() for width in WINDOWS}
    true_moves = 0
    confidences: list[npt.NDArray[np.float64]] = []
    hits: list[Booleans] = []
    for seed in range(seeds):
        chance = np.random.default_rng(seed)
        model = ZoneModel(_layout(), FilterSettings(away_s=1e7))
        tags = ZoneFilter(model, lag_epochs=LAG)
        decider, late_decider = ZoneDecider(model.away), ZoneDecider(model.away, 0.5)
        for i in range(TAGS):
            tags.add(str(i))
        rooms = chance.integers(0, ROOMS, TAGS)
        peers = [EdgexLike() for _ in range(TAGS)]
        counts = {width: np.zeros((TAGS, ROOMS), int) for width in WINDOWS}
        past: deque[Booleans] = deque(maxlen=max(WINDOWS) + 1)
        truths: deque[Integers] = deque(maxlen=LAG + 1)
        for second in range(seconds):
            leaving = chance.random(TAGS) < 1 / DWELL_S
            true_moves += int(leaving.sum())
            rooms = np.where(leaving, (rooms + chance.choice([-1, 1], TAGS)) % ROOMS, rooms)
            seen = chance.random((TAGS, ROOMS)) < _rates(ring, rooms)
            truths.append(rooms)
            belief = tags.advance(seen)
            changes = decider.decide(belief)
            online.add(decider.zone[:TAGS], rooms, sum(one.previous >= 0 for one in changes))
            confidences.append(belief.max(axis=1))
            hits.append(belief.argmax(axis=1) == rooms)
            smooth = tags.lagged()
            if smooth is not None:
                changes = late_decider.decide(smooth)
                lagged.add(late_decider.zone[:TAGS], truths[0], sum(one.previous >= 0 for one in changes))
            past.append(seen)
            _windows(windows, counts, past, rooms)
            _edgex(edgex, peers, seen, rooms, (chance, second * 1000.0))
    best = max(WINDOWS, key=lambda width: windows[width].share)
    return Found(
        online_share=online.share,
        online_moves_ratio=online.moves / true_moves,
        lagged_share=lagged.share,
        lagged_moves_ratio=lagged.moves / true_moves,
        calibration_error=_calibration(np.concatenate(confidences), np.concatenate(hits)),
        best_window_share=windows[best].share,
        best_window=best,
        edgex_share=edgex.share,
        edgex_moves_ratio=edgex.moves / true_moves,
    )


def _windows(
    windows: dict[int, _Tally], counts: dict[int, npt.NDArray[np.int_]], past: deque[Booleans], rooms: Integers
) -> None:
    for width, tally in windows.items():
        counts[width] += past[-1]
        if len(past) > width:
            counts[width] -= past[-1 - width]
        tally.add(counts[width].argmax(axis=1), rooms, 0)


def _edgex(
    tally: _Tally, peers: list[EdgexLike], seen: Booleans, rooms: Integers, at: tuple[np.random.Generator, float]
) -> None:
    chance, now_ms = at
    moved = 0
    for row, peer in enumerate(peers):
        before = peer.room
        for room in np.flatnonzero(seen[row]):
            # Its own room is heard at -55 dBm, a neighbour at -65, both with 4 dB of noise.
            level = (-55.0 if room == rooms[row] else -65.0) + 4.0 * chance.standard_normal()
            peer.read(int(room), level, now_ms)
        moved += before >= 0 and peer.room != before
    tally.add(np.array([peer.room for peer in peers]), rooms, moved)


def _calibration(confidence: npt.NDArray[np.float64], hit: Booleans) -> float:
    """Expected calibration error over 15 bins of equal width."""
    bins = np.minimum((confidence * 15).astype(int), 14)
    used = [(bins == k) for k in range(15) if (bins == k).any()]
    return float(sum(abs(confidence[one].mean() - hit[one].mean()) * one.mean() for one in used))


def main() -> None:
    good, poor = Ring(own=0.7, cross=0.08), Ring(own=0.5, cross=0.15)
    for ring in (good, poor):
        found = run_ring(ring, seeds=20, seconds=20_000 // TAGS)
        name = f"ring of 8 rooms, read {ring.own}, cross-read {ring.cross}"
        must = ("0.98", "0.994") if ring is good else ("0.95", "")
        peer = {"peer": f"best fixed window ({found.best_window} s)", "peer_figure": round(found.best_window_share, 4)}
        edgex = {"peer": "EdgeX rule restated", "peer_figure": round(found.edgex_share, 4)}
        _row(f"{name}: online", found.online_share, must[0], peer)
        _row(f"{name}: online", found.online_share, must[0], edgex)
        _row(f"{name}: 5 s later", found.lagged_share, must[1], peer)
        moves = {"peer": "EdgeX rule restated", "peer_figure": round(found.edgex_moves_ratio, 2)}
        _row(
            f"{name}: moves over true moves, online", found.online_moves_ratio, "<= 1.6" if ring is good else "", moves
        )
        _row(
            f"{name}: moves over true moves, 5 s later", found.lagged_moves_ratio, "<= 1.1" if ring is good else "", {}
        )
        _row(f"{name}: calibration error", found.calibration_error, "<= 0.02", {})


def _row(row: str, figure: float, must: str, peer: dict[str, object]) -> None:
    print(json.dumps({"row": row, "figure": round(figure, 4), "unit": "share", "must": must, **peer}))


if __name__ == "__main__":
    main()
