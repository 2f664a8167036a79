"""What must hold in every run, whatever the pathway: nobody is lost, and time adds up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulation.compiled.engine import CompiledEngine
from simulation.model.plan import Mark, RunPlan
from simulation.model.problems import EndlessLoop
from simulation.statistics.outcome import RunOutcome
from tests.simulation.pathways import Document, documents, plan_of

some = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
SERVICES = ("exp:mean=10", "lognormal:10,8", "const:9", "hyperexp:.3,3,13")


@some
@given(documents(), st.integers(0, 2**32 - 1))
def test_who_came_has_left_or_is_inside(document: Document, seed: int) -> None:
    plan = plan_of(document, hours=10, seed=seed, step_budget=5_000)
    try:
        outcome = CompiledEngine(plan).run(0)
    except EndlessLoop:
        return

    in_place = sum(not one.in_turnover for one in plan.initial.patients)
    assert outcome.patients + in_place == int(outcome.exits.sum()) + outcome.inside
    assert np.all(outcome.areas >= 0)
    assert np.all(outcome.waits >= 0)


def clinic(
    capacity: int, service: str, *, classes: int = 1, per_hour: float = 20.0, patience: str = ""
) -> dict[str, Any]:
    names = [f"c{n}" for n in range(classes)]
    serve: dict[str, Any] = {"do": "serve", "pools": "nurse", "duration": service, "next": "home"}
    nodes = {"serve": serve, "home": {"do": "exit"}}
    if patience:
        serve |= {"patience": patience, "reneged": "left"}
        nodes["left"] = {"do": "exit"}
    return {
        "name": "clinic",
        "classes": {name: {"priority": level} for level, name in enumerate(names)},
        "pools": {"nurse": {"capacity": capacity}},
        "arrivals": {"door": {"per_hour": per_hour, "to": "serve", "classes": dict.fromkeys(names, 1 / classes)}},
        "nodes": nodes,
    }


def waits_of(plan: RunPlan, replication: int) -> dict[int, int]:
    """Give the wait of every patient who was served, by number."""
    log = CompiledEngine(plan).run(replication, log=True).log
    assert log is not None
    asked: dict[int, int] = {}
    found = {}
    for time, _, number, _, _, mark, _ in log.rows():
        if mark == Mark.REQUEST:
            asked[number] = time
        elif mark == Mark.GRANT:
            found[number] = time - asked[number]
    return found


@some
@given(
    st.integers(1, 6),
    st.sampled_from(SERVICES),
    st.integers(1, 3),
    st.sampled_from(["", "exp:mean=20"]),
    st.integers(0, 99),
)
def test_little_s_law_holds_to_the_microsecond(
    capacity: int, service: str, classes: int, patience: str, seed: int
) -> None:
    plan = plan_of(clinic(capacity, service, classes=classes, patience=patience), hours=30, seed=seed)
    outcome: RunOutcome = CompiledEngine(plan).run(0, log=True)
    log = outcome.log
    assert log is not None

    waiting, serving, begun = 0.0, 0.0, {}
    for time, _, number, _, _, mark, _ in log.rows():
        match Mark(mark):
            case Mark.REQUEST:
                begun[number] = time
            case Mark.GRANT:
                waiting += time - begun[number]
                begun[number] = time
            case Mark.RENEGE:
                waiting += time - begun.pop(number)
            case Mark.RELEASE:
                serving += time - begun.pop(number)
    left = {one.name for one in outcome.waiting}
    horizon = plan.span.horizon_us
    waiting += sum(horizon - at for number, at in begun.items() if f"door {number}" in left)
    serving += sum(horizon - at for number, at in begun.items() if f"door {number}" not in left)

    assert outcome.areas[0, 2] == pytest.approx(waiting, rel=1e-12)
    assert outcome.areas[0, 0] == pytest.approx(serving, rel=1e-12)


@some
@given(st.integers(1, 6), st.sampled_from(SERVICES), st.integers(1, 3), st.integers(0, 99))
def test_holders_never_exceed_capacity_and_classes_are_served_in_turn(
    capacity: int, service: str, classes: int, seed: int
) -> None:
    plan = plan_of(clinic(capacity, service, classes=classes), hours=30, seed=seed)
    log = CompiledEngine(plan).run(0, log=True).log
    assert log is not None

    holders, kind, queues = 0, {}, [[] for _ in range(classes)]  # type: ignore[var-annotated]
    for _, _, number, _, _, mark, value in log.rows():
        match Mark(mark):
            case Mark.ARRIVE:
                kind[number] = value
            case Mark.REQUEST:
                queues[kind[number]].append(number)
            case Mark.GRANT:
                assert queues[kind[number]].pop(0) == number
                assert not any(queues[k] for k in range(kind[number])) or holders < capacity
                holders += 1
                assert holders <= capacity
            case Mark.RELEASE:
                holders -= 1


@some
@given(st.integers(1, 5), st.sampled_from(SERVICES), st.integers(0, 999))
def test_one_more_unit_makes_nobody_wait_longer(capacity: int, service: str, seed: int) -> None:
    fewer = waits_of(plan_of(clinic(capacity, service), hours=20, seed=seed), 0)
    more = waits_of(plan_of(clinic(capacity + 1, service), hours=20, seed=seed), 0)

    assert set(fewer) <= set(more)  # first come, first served: whoever was served is served still
    assert all(more[number] <= wait for number, wait in fewer.items())
