"""Two published studies simulated again, and live starts judged by what really came."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulation.compiled.engine import CompiledEngine
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.operations import Need
from simulation.model.plan import Mark, RunPlan
from simulation.model.state import InitialState, InPlace
from tests.datafiles import load_json
from tests.simulation.pathways import HOUR, MONDAY, plan_of

DAY = 24 * HOUR


def stroke_document(parameters: dict[str, Any]) -> dict[str, Any]:
    """Give the acute stroke unit and rehabilitation of Monks et al. 2016 with beds for everybody."""
    stays = {name: f"lognormal:{mean},{sd}" for name, (mean, sd) in parameters["los_lognormal_mean_sd"].items()}
    ways = {
        "stroke": (0.24, 0.13, 0.63),
        "tia": (0.01, 0.01, 0.98),
        "neuro": (0.11, 0.05, 0.84),
        "other": (0.05, 0.10, 0.85),
    }
    nodes: dict[str, Any] = {"home": {"do": "exit"}}
    arrivals: dict[str, Any] = {}
    acute = {"tia": stays["asu_tia"], "neuro": stays["asu_neuro"], "other": stays["asu_other"]}
    rehab = {
        "stroke": stays["rehab_stroke_noesd"],
        "tia": stays["rehab_tia"],
        "neuro": stays["rehab_neuro"],
        "other": stays["rehab_other"],
    }
    for kind, (to_rehab, early, other) in ways.items():
        # Where a patient goes is known on arrival, since it decides the length of the stay.
        for way in ("rehab", "early", "out"):
            usual = stays["asu_stroke_esd"] if way == "early" else stays["asu_stroke_noesd"]
            nodes[f"asu-{kind}-{way}"] = {
                "do": "serve",
                "pools": "asu",
                "duration": acute.get(kind, usual),
                "next": f"rehab-{kind}" if way == "rehab" else "home",
            }
        nodes[f"asu-{kind}"] = {
            "do": "route",
            "branches": [
                {"to": f"asu-{kind}-{way}", "share": share}
                for way, share in (("rehab", to_rehab), ("early", early), ("out", 1 - to_rehab - early))
            ],
        }
        assert other == pytest.approx(1 - to_rehab - early)
        nodes[f"rehab-{kind}-stay"] = {"do": "serve", "pools": "rehab", "duration": rehab[kind], "next": "home"}
        nodes[f"rehab-{kind}"] = {"do": "route", "branches": [{"to": f"rehab-{kind}-stay", "share": 1.0}]}
        if kind == "stroke":
            nodes["rehab-stroke-early"] = {
                "do": "serve",
                "pools": "rehab",
                "duration": stays["rehab_stroke_esd"],
                "next": "home",
            }
            nodes["rehab-stroke"] = {
                "do": "route",
                "branches": [{"to": "rehab-stroke-early", "share": 0.4}, {"to": "rehab-stroke-stay", "share": 0.6}],
            }
    for unit, prefix in (("asu", "asu"), ("rehab_external", "rehab")):
        for kind, mean in parameters["interarrival_days"][unit].items():
            arrivals[f"{prefix}-{kind}-in"] = {"gap": f"exp:mean={mean}", "to": f"{prefix}-{kind}"}
    return {
        "name": "stroke",
        "unit": "d",
        "pools": {"asu": {"capacity": 500}, "rehab": {"capacity": 500}},
        "arrivals": arrivals,
        "nodes": nodes,
    }


def test_stroke_unit_delays_agree_with_the_published_table() -> None:
    case = load_json("simulation/14_stroke_monks2016.json")
    p, expected = case["params"], case["expected"]
    plan = plan_of(
        stroke_document(p),
        hours=24.0 * (p["warmup_days"] + p["run_days"]),
        audit_every_us=DAY,
        warm_up_us=p["warmup_days"] * DAY,
    )
    engine = CompiledEngine(plan)

    audits = np.concatenate([engine.run(r).audits[p["warmup_days"] :] for r in range(p["replications"])])

    for column, unit in ((0, "asu"), (4, "rehab")):
        census = np.bincount(audits[:, column], minlength=60)
        share = census / census.sum()
        for beds, published in expected["published_paper"]["current"][unit].items():
            delayed = share[int(beds)] / share[: int(beds) + 1].sum()
            assert delayed == pytest.approx(expected["analytic"][f"erlangB_{unit}"][beds], abs=0.01)
            assert delayed == pytest.approx(published, abs=0.015)


RATES = (
    2.3667,
    2.8,
    8.8333,
    10.4333,
    14.8,
    26.2667,
    31.4,
    18.0667,
    16.4667,
    12.0333,
    11.6,
    28.8667,
    18.0333,
    11.5,
    5.3,
    4.0667,
    2.2,
    2.1,
)
TREATMENT_CENTRE: dict[str, Any] = {
    "name": "treatment centre",
    "unit": "min",
    "pools": {
        name: {"capacity": units}
        for name, units in (
            ("triage", 1),
            ("registration", 1),
            ("exam", 3),
            ("cubicle", 1),
            ("trauma", 2),
            ("trauma-cubicle", 1),
        )
    },
    "arrivals": {"door": {"per_hour": list(RATES), "piece": "1h", "to": "triage"}},
    "nodes": {
        "triage": {"do": "serve", "pools": "triage", "duration": "exp:mean=3", "next": "kind"},
        "kind": {"do": "route", "branches": [{"to": "trauma", "share": 0.12}, {"to": "registration", "share": 0.88}]},
        "trauma": {"do": "serve", "pools": "trauma", "duration": "exp:mean=90", "next": "trauma-treatment"},
        "trauma-treatment": {"do": "serve", "pools": "trauma-cubicle", "duration": "lognormal:30,2", "next": "home"},
        "registration": {
            "do": "serve",
            "pools": "registration",
            "duration": f"lognormal:5,{math.sqrt(2)}",
            "next": "exam",
        },
        "exam": {"do": "serve", "pools": "exam", "duration": f"normal:16,{math.sqrt(3)},0.5", "next": "needs-more"},
        "needs-more": {"do": "route", "branches": [{"to": "treatment", "share": 0.6}, {"to": "home", "share": 0.4}]},
        "treatment": {"do": "serve", "pools": "cubicle", "duration": f"lognormal:13.3,{math.sqrt(2)}", "next": "home"},
        "home": {"do": "exit"},
    },
}


def test_treatment_centre_gets_the_patients_that_its_rates_say() -> None:
    plan = plan_of(TREATMENT_CENTRE, hours=19.0)
    engine = CompiledEngine(plan)

    outcomes = [engine.run(r) for r in range(1500)]

    came = np.array([one.patients for one in outcomes], dtype=float)
    expected = sum(RATES) + RATES[0]  # the profile begins anew in the nineteenth hour
    assert expected == pytest.approx(229.5, abs=0.01)
    assert abs(came.mean() - expected) < 3.3 * came.std(ddof=1) / math.sqrt(len(came))
    assert came.var() / came.mean() == pytest.approx(1.0, abs=0.12)
    # Published with thinning at the wrong instant (226.97 patients): the work per patient is the same.
    busy = {pool: np.mean([one.areas[k, 0] for one in outcomes]) for k, pool in enumerate(plan.pathway.pools)}
    for pool, published in (("triage", 0.598), ("exam", 0.851 * 3)):
        assert busy[pool] / (19 * HOUR) == pytest.approx(published * expected / 226.97, rel=0.03)
    waits = np.mean([one.waits[0, 0, 1] / one.waits[0, 0, 0] for one in outcomes]) / 6e7
    assert waits == pytest.approx(31.0, rel=0.15)


WARD: dict[str, Any] = {
    "name": "ward",
    "unit": "h",
    "pools": {"bed": {"capacity": 400}},
    "arrivals": {"door": {"per_hour": 1.5, "to": "stay"}},
    "nodes": {
        "stay": {"do": "serve", "pools": "bed", "duration": "lognormal:40,50", "next": "home"},
        "home": {"do": "exit"},
    },
}


def lying_at(plan: RunPlan, replication: int, at: int) -> list[int]:
    """Give how long everybody has been lying at an instant of a run."""
    log = CompiledEngine(plan).run(replication, log=True).log
    assert log is not None
    begun: dict[int, int] = {}
    for time, _, number, _, _, mark, _ in log.rows():
        if time > at:
            break
        if mark == Mark.BEGIN:
            begun[number] = time
        elif mark == Mark.END:
            begun.pop(number, None)
    return [at - time for time in begun.values()]


def test_ranks_of_what_came_among_live_starts_are_flat() -> None:
    warm, ahead, members = 300 * HOUR, 24 * HOUR, 19
    ranks = []
    truth_plan = plan_of(WARD, hours=324.0, audit_every_us=ahead, seed=11)
    truth = CompiledEngine(truth_plan)
    span = Span(start_at=MONDAY, horizon_us=ahead)
    pathway = build_pathway(WARD, span=span)
    for number in range(240):
        came = (
            int(truth.run(number).audits[-2, 0])
            if truth_plan.span.horizon_us % ahead
            else int(truth.run(number).audits[-1, 0])
        )
        people = tuple(
            InPlace(name=f"p{k}", node="stay:service", elapsed_us=elapsed, held=(Need("bed"),))
            for k, elapsed in enumerate(lying_at(truth_plan, number, warm))
        )
        plan = RunPlan(
            pathway=pathway, span=span, initial=InitialState(patients=people), audit_every_us=ahead, seed=1000 + number
        )
        engine = CompiledEngine(plan)
        found = [int(engine.run(member).audits[-1, 0]) for member in range(members)]
        below, equal = sum(one < came for one in found), sum(one == came for one in found)
        ranks.append(below + int(np.random.default_rng(number).integers(equal + 1)))

    counts = np.bincount(ranks, minlength=members + 1).reshape(5, 4).sum(axis=1)

    assert counts.sum() == 240
    assert stats.chisquare(counts).pvalue > 1e-3
