"""The same emergency department as an experienced user of SimPy writes it: processes, priority resources, interrupts.

Shifts are what SimPy lacks; its documentation's way is taken: a process per unit off duty that asks for the resource
with the highest priority and holds it for the shift. Patients race their patience with ``request | timeout``.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from benchmarks.peers.emergency import ADMITTED, BAYS, BEDS, IMAGED, PER_HOUR, SHARES, STAFF, TREATED_MIN


def lognormal(random: np.random.Generator, mean: float, sd: float) -> float:
    """Draw a lognormal duration with this mean and standard deviation."""
    variance = math.log1p((sd / mean) ** 2)
    return float(random.lognormal(math.log(mean) - variance / 2, math.sqrt(variance)))


class Department:
    """One run."""

    def __init__(self, seed: int) -> None:
        self.env = simpy.Environment()
        self.random = np.random.default_rng(seed)
        self.staff = {name: simpy.PriorityResource(self.env, max(units)) for name, units in STAFF.items()}
        self.bays = simpy.PriorityResource(self.env, BAYS)
        self.beds = simpy.PriorityResource(self.env, BEDS)
        self.waits: dict[str, list[float]] = {name: [] for name in (*STAFF, "bay", "bed")}
        self.stays: list[float] = []
        self.left = 0
        for name, units in STAFF.items():
            for unit in range(max(units)):
                self.env.process(self.shifts(name, unit, units))
        self.env.process(self.arrivals())

    def shifts(self, name: str, unit: int, units: tuple[int, int, int]) -> Generator[Any, Any, None]:
        """Take a unit out of service in the shifts that have fewer."""
        while True:
            for start, count in zip((420.0, 900.0, 1380.0), units, strict=True):
                now = self.env.now % 1440
                yield self.env.timeout((start - now) % 1440)
                if unit >= count:
                    with self.staff[name].request(priority=-1) as request:
                        yield request
                        yield self.env.timeout(480.0)

    def arrivals(self) -> Generator[Any, Any, None]:
        """Thin a stream of the greatest rate."""
        most = max(PER_HOUR) / 60
        while True:
            yield self.env.timeout(self.random.exponential(1 / most))
            if self.random.random() * most * 60 < PER_HOUR[int(self.env.now // 60) % 24]:
                kind = int(self.random.choice(5, p=SHARES))
                self.env.process(self.patient(kind))

    def serve(self, name: str, kind: int, duration: float) -> Generator[Any, Any, None]:
        """Wait for one of the staff and be served."""
        asked = self.env.now
        with self.staff[name].request(priority=kind) as request:
            yield request
            self.waits[name].append(self.env.now - asked)
            yield self.env.timeout(duration)

    def patient(self, kind: int) -> Generator[Any, Any, None]:
        """Come, be treated, leave."""
        env, random, arrived = self.env, self.random, self.env.now
        yield from self.serve("triage", kind, lognormal(random, 6, 3))
        asked = env.now
        bay = self.bays.request(priority=kind)
        outcome = yield bay | env.timeout(random.exponential(240))
        if bay not in outcome:
            bay.cancel()
            self.left += 1
            return
        self.waits["bay"].append(env.now - asked)
        mean = TREATED_MIN[kind]
        yield from self.serve("doctor", kind, lognormal(random, mean, 0.7 * mean))
        while random.random() < IMAGED[kind]:
            yield from self.serve("imaging", kind, lognormal(random, 18, 9))
            if random.random() >= 0.3:
                break
            yield from self.serve("doctor", kind, lognormal(random, mean, 0.7 * mean))
        yield from self.serve("nurse", kind, lognormal(random, 20, 12))
        if random.random() < ADMITTED[kind]:
            asked = env.now
            with self.beds.request(priority=kind) as bed:
                yield bed
                self.waits["bed"].append(env.now - asked)
                self.bays.release(bay)
                yield env.timeout(lognormal(random, 5400, 4800))
        else:
            self.bays.release(bay)
        self.stays.append(env.now - arrived)


def run(hours: float, seed: int) -> int:
    """Run so many hours; give the number of patients who left."""
    department = Department(seed)
    department.env.run(until=hours * 60)
    return len(department.stays) + department.left
