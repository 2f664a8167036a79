"""Exits that are seen, exits that are missed, and alarms for who only passed by: a doorway with two antennas.

Protocol: people carry tags through a model of a doorway. The inner antenna hangs 1 m before the threshold, the outer
one 1 m behind it; a reader asks both every 100 ms; a tag at distance d is read with probability 0.8 exp(-(d / 1.3 m)^2)
and a signal that falls with the square of the distance both ways, with 3 dB of scatter. Walking speed is normal, 1.2
m/s with a deviation of 0.25 (least 0.5). Of 4,000 passages half go out; a quarter walk by the door inside, 1.2 to 2.5 m
before it; a quarter come to within 0.3 to 1.0 m of the threshold, wait up to 3 s and go back. Everybody was in the ward
before. An exit counts as seen if the crossing is told within 2 s of the step over the threshold; any crossing told of
another is a false alarm. Run: ``python -m benchmarks.gateway_exits`` (some seconds).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from rfid_gateway.cleaning.layout import Layout, ReadPoint, ReadPointKind
from rfid_gateway.cleaning.pipeline import Cleaning
from rfid_gateway.cleaning.walking import wilson
from rfid_gateway.rfid.readings import TagReading
from twin.clock import SECOND_US
from twin.events.things import PortalCrossed

PASSAGES, AT_ONCE, STEP_S = 4000, 20, 0.1
START_US = 1_767_600_000_000_000
WARD, STREET, DOOR = "WARD", "STREET", "DOOR"
INNER_M, OUTER_M, REACH_M, BEST = -1.0, 1.0, 1.3, 0.8
TOLD_WITHIN_S, PAUSE_S = 2.0, 15.0


class Way(Enum):
    """What somebody does at the door."""

    OUT = "out"
    BY = "by"
    BACK = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One walk: positions in metres before (-) and behind (+) the threshold, a step each tenth of a second."""

    tag: str
    way: Way
    along: tuple[float, ...]
    aside: tuple[float, ...]


def passages(chance: np.random.Generator) -> Iterator[Passage]:
    for number in range(PASSAGES):
        step = max(float(chance.normal(1.2, 0.25)), 0.5) * STEP_S
        way = (Way.OUT, Way.OUT, Way.BY, Way.BACK)[number % 4]
        if way is Way.OUT:
            along = np.arange(-5.0, 5.0, step)
            aside = np.full(len(along), float(chance.uniform(-0.5, 0.5)))
        elif way is Way.BY:
            aside = np.arange(-5.0, 5.0, step)
            along = np.full(len(aside), -float(chance.uniform(1.2, 2.5)))
        else:
            there = np.arange(-5.0, -float(chance.uniform(0.3, 1.0)), step)
            stay = np.full(int(chance.uniform(0.0, 3.0) / STEP_S), there[-1])
            along = np.concatenate([there, stay, there[::-1]])
            aside = np.full(len(along), float(chance.uniform(-0.5, 0.5)))
        yield Passage(tag=f"{number:024X}", way=way, along=tuple(along), aside=tuple(aside))


def readings(one: Passage, step: int, at: int, chance: np.random.Generator) -> Iterator[TagReading]:
    if step >= len(one.along):
        return
    for antenna, place_m in ((1, INNER_M), (2, OUTER_M)):
        distance_m = math.hypot(one.along[step] - place_m, one.aside[step])
        if chance.random() < BEST * math.exp(-((distance_m / REACH_M) ** 2)):
            level = -45.0 - 40.0 * math.log10(max(distance_m, 0.3) / 0.3) + float(chance.normal(0.0, 3.0))
            # The antennas take turns within the tenth of a second.
            yield TagReading(one.tag, "door", antenna, at + antenna * 40_000, level)


def walk(cleaning: Cleaning, group: list[Passage], start: int, chance: np.random.Generator) -> dict[str, list[int]]:
    """Let a group of people walk at the same time, each through a door of their own, and give what was told when."""
    told: dict[str, list[int]] = {}
    seen_in_ward = [TagReading(one.tag, "ward", 1, start - SECOND_US) for one in group]
    for second in range(4):
        cleaning.accept(seen_in_ward, start - (4 - second) * SECOND_US)
        seen_in_ward = [TagReading(one.tag, "ward", 1, start - (3 - second) * SECOND_US) for one in group]
    steps = max(len(one.along) for one in group) + round(TOLD_WITHIN_S / STEP_S) + 1
    for step in range(steps):
        now = start + round(step * STEP_S * SECOND_US)
        found = [reading for one in group for reading in readings(one, step, now, chance)]
        for event in cleaning.accept(found, now + round(STEP_S * SECOND_US)):
            if isinstance(event, PortalCrossed) and event.to_zone == STREET:
                told.setdefault(event.thing, []).append(now + round(STEP_S * SECOND_US))
    return told


def main() -> None:
    chance = np.random.default_rng(7)
    points = (
        ReadPoint(id="w", reader="ward", antenna=1, place=WARD),
        ReadPoint(id="i", reader="door", antenna=1, place=DOOR, kind=ReadPointKind.PORTAL, inside=WARD, outside=STREET),
        ReadPoint(
            id="o",
            reader="door",
            antenna=2,
            place=DOOR,
            kind=ReadPointKind.PORTAL,
            inside=WARD,
            outside=STREET,
            is_outer=True,
        ),
    )
    cleaning, all_of_them, start = Cleaning(Layout(points)), list(passages(chance)), START_US
    delays: list[float] = []
    exits = false_alarms = others = 0
    for first in range(0, PASSAGES, AT_ONCE):
        group = all_of_them[first : first + AT_ONCE]
        told = walk(cleaning, group, start, chance)
        for one in group:
            if one.way is not Way.OUT:
                others += 1
                false_alarms += bool(told.get(one.tag))
                continue
            exits += 1
            crossed = start + round(next(i for i, at in enumerate(one.along) if at >= 0) * STEP_S * SECOND_US)
            if one.tag in told:
                delays.append((told[one.tag][0] - crossed) / SECOND_US)
        start += round(PAUSE_S * SECOND_US)
    seen = sum(delay <= TOLD_WITHIN_S for delay in delays)
    low, high = wilson(seen, exits)
    _row("exits told within 2 s", seen / exits, "share", ">= 0.99", n=exits, interval=[round(low, 4), round(high, 4)])
    low, high = wilson(false_alarms, others)
    _row(
        "false alarms per 1,000 who pass by or turn back",
        1000 * false_alarms / others,
        "per 1000",
        "<= 1",
        n=others,
        interval=[round(1000 * low, 2), round(1000 * high, 2)],
    )
    _row("from the step over the threshold to the crossing told, p99", float(np.percentile(delays, 99)), "s", "<= 2")


def _row(what: str, figure: float, unit: str, must: str, **more: object) -> None:
    row = f"a doorway with two antennas, 4,000 passages: {what}"
    print(json.dumps({"row": row, "figure": round(figure, 4), "unit": unit, "must": must, **more}))


if __name__ == "__main__":
    main()
