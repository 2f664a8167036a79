"""The emergency department of the speed benchmark: one pathway document, and its tables for the C program.

Modelled on the usual shape of a department of 200 patients a day: five classes, triage, a bay that is held through
doctor, imaging and nurse, a ward bed waited for in the bay (boarding), three shifts of staff, and patients who leave
when triaged late. ``simple`` leaves out what Ciw cannot say: several resources at once, shifts, and patience.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from simulation.compiled import layout as at
from simulation.compiled.tables import build_tables
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.plan import RunPlan

CLASSES = ("resuscitation", "emergent", "urgent", "less urgent", "not urgent")
SHARES = (0.02, 0.18, 0.42, 0.28, 0.10)
ADMITTED = (0.8, 0.45, 0.22, 0.06, 0.02)
IMAGED = (0.6, 0.5, 0.4, 0.25, 0.1)
TREATED_MIN = (60.0, 45.0, 30.0, 20.0, 12.0)
PER_HOUR = (5.0, 4.1, 3.4, 3.1, 3.0, 3.3, 4.6, 7.2, 10.1, 12.3, 13.0, 12.8, 12.1, 11.7, 11.3, 11.2, 11.1, 11.0, 10.8, 10.2,
            9.4, 8.4, 7.2, 6.0)  # fmt: skip
YEAR_H = 8760.0
STAFF = {"triage": (2, 2, 1), "doctor": (7, 7, 5), "nurse": (5, 5, 4), "imaging": (3, 3, 2)}
BAYS, BEDS = 26, 166


def document() -> dict[str, Any]:
    """Give the whole model."""
    by_class = dict(zip(CLASSES, TREATED_MIN, strict=True))
    shifts = (("07:00", "15:00"), ("15:00", "23:00"), ("23:00", "07:00"))
    pools: dict[str, Any] = {
        name: {"shifts": [{"from": a, "to": b, "units": n} for (a, b), n in zip(shifts, units, strict=True)]}
        for name, units in STAFF.items()
    }
    pools |= {"bay": {"capacity": BAYS}, "bed": {"capacity": BEDS}}
    treated = {name: f"lognormal:{mean},{0.7 * mean}" for name, mean in by_class.items()}
    nodes: dict[str, Any] = {
        "triage": {"do": "serve", "pools": "triage", "duration": "lognormal:6,3", "next": "bay"},
        "bay": {"do": "seize", "pools": "bay", "patience": "exp:mean=240", "reneged": "left", "next": "doctor"},
        "doctor": {"do": "serve", "pools": "doctor", "duration": treated, "next": "imaged"},
        "imaged": {
            "do": "route",
            "branches": [
                {"to": "imaging", "share": dict(zip(CLASSES, IMAGED, strict=True))},
                {"to": "nurse", "share": dict(zip(CLASSES, (1 - share for share in IMAGED), strict=True))},
            ],
        },
        "imaging": {"do": "serve", "pools": "imaging", "duration": "lognormal:18,9", "next": "again"},
        "again": {"do": "route", "branches": [{"to": "doctor", "share": 0.3}, {"to": "nurse", "share": 0.7}]},
        "nurse": {"do": "serve", "pools": "nurse", "duration": "lognormal:20,12", "next": "admitted"},
        "admitted": {
            "do": "route",
            "branches": [
                {"to": "bed", "share": dict(zip(CLASSES, ADMITTED, strict=True))},
                {"to": "discharge", "share": dict(zip(CLASSES, (1 - share for share in ADMITTED), strict=True))},
            ],
        },
        "bed": {"do": "seize", "pools": "bed", "next": "leave bay"},
        "leave bay": {"do": "release", "pools": "bay", "next": "stay"},
        "stay": {"do": "delay", "duration": "lognormal:5400,4800", "next": "leave bed"},
        "leave bed": {"do": "release", "pools": "bed", "next": "home"},
        "discharge": {"do": "release", "pools": "bay", "next": "home"},
        "home": {"do": "exit"},
        "left": {"do": "exit"},
    }
    return {
        "name": "emergency",
        "unit": "min",
        "classes": {name: {"priority": level} for level, name in enumerate(CLASSES)},
        "pools": pools,
        "arrivals": {
            "door": {"per_hour": list(PER_HOUR), "to": "triage", "classes": dict(zip(CLASSES, SHARES, strict=True))}
        },
        "nodes": nodes,
    }


def simple_document() -> dict[str, Any]:
    """Give what Ciw can say: one resource at a time, exponential, a constant rate, classes with priorities."""
    share = sum(a * b for a, b in zip(SHARES, IMAGED, strict=True))
    return {
        "name": "simple",
        "unit": "min",
        "classes": {name: {"priority": level} for level, name in enumerate(CLASSES)},
        "pools": {"triage": {"capacity": 2}, "doctor": {"capacity": 9}, "imaging": {"capacity": 3}},
        "arrivals": {
            "door": {"per_hour": 8.4, "to": "triage", "classes": dict(zip(CLASSES, SHARES, strict=True))}
        },
        "nodes": {
            "triage": {"do": "serve", "pools": "triage", "duration": "exp:mean=6", "next": "doctor"},
            "doctor": {"do": "serve", "pools": "doctor", "duration": "exp:mean=45", "next": "route"},
            "route": {
                "do": "route",
                "branches": [{"to": "imaging", "share": share}, {"to": "home", "share": 1 - share}],
            },
            "imaging": {"do": "serve", "pools": "imaging", "duration": "exp:mean=18", "next": "home"},
            "home": {"do": "exit"},
        },
    }


def plan_of(pathway: dict[str, Any], *, hours: float = YEAR_H, seed: int = 1) -> RunPlan:
    """Give the run of a document over so many hours."""
    span = Span(start_at=1_795_996_800_000_000, horizon_us=round(hours * 3.6e9))
    return RunPlan(pathway=build_pathway(pathway, span=span), span=span, seed=seed)


def write_tables(plan: RunPlan, path: Path) -> None:
    """Write the flat tables of a plan for ``emergency.c``: each as its length and its numbers."""
    t = build_tables(plan)
    sizes = [t.sizes[k] for k in (at.SIZE_NODES, at.SIZE_POOLS, at.SIZE_CLASSES)]
    sizes += [len(t.streams), t.sizes[at.SIZE_HORIZON], t.sizes[at.SIZE_ARRIVAL_SITE], t.sizes[at.SIZE_SEIZES]]
    parts = [np.array(sizes, dtype=np.int64)]
    parts += [t.program, t.needs, t.levels, t.branches, t.pools, t.capacity, t.streams, t.piece_ends]
    parts += [t.chances, t.laws, t.class_shares, t.piece_totals]
    with path.open("wb") as file:
        for part in parts:
            np.array([part.size], dtype=np.int64).tofile(file)
            np.ascontiguousarray(part).tofile(file)
