"""Both engines, which share no logic, write the same event log for any pathway."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulation.model.plan import Mark, RunPlan
from simulation.model.problems import EndlessLoop
from tests.simulation.pathways import HOUR, Document, both, documents, plan_of, rows

PARTS = 10  # so that each stays within the time of one test
EXAMPLES = int(os.environ.get("HOSPITAL_TWIN_PATHWAYS", "2000" if os.environ.get("CI") else "250"))
pytestmark = pytest.mark.timeout(240)  # the first test of a fresh machine compiles the kernel as well
many = settings(
    max_examples=EXAMPLES // PARTS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.differing_executors],
)


def difference(plan: RunPlan, replication: int) -> str:
    fast, slow = both(plan, replication)
    mine, theirs = rows(fast), rows(slow)
    if mine == theirs:
        return ""
    names = list(plan.pathway.operations)
    first = next(
        (n for n, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]), min(len(mine), len(theirs))
    )
    told = [
        f"{who}: {row[:4]} {names[row[4]]} {Mark(row[5]).name} {row[6]}"
        for who, listed in (("compiled", mine), ("reference", theirs))
        for row in listed[max(first - 3, 0) : first + 2]
    ]
    return "\n".join([f"row {first} of {len(mine)} and {len(theirs)}", *told])


@pytest.mark.parametrize("part", range(PARTS))
@many
@given(document=documents(), seed=st.integers(0, 2**32 - 1), replication=st.integers(0, 2**32 - 1))
def test_random_pathways_give_the_same_event_log_in_both_engines(
    part: int, document: Document, seed: int, replication: int
) -> None:
    plan = plan_of(document, hours=10, seed=seed, step_budget=5_000)

    try:
        found = difference(plan, replication)
    except EndlessLoop:
        return

    assert found == ""


@settings(max_examples=max(EXAMPLES // 10, 10), deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(), st.sampled_from([0, 2 * HOUR, 2 * HOUR + 1]))
def test_random_pathways_give_the_same_statistics_in_both_engines(document: Document, warm_up_us: int) -> None:
    plan = plan_of(document, hours=8, warm_up_us=warm_up_us, audit_every_us=HOUR // 2, step_budget=5_000)

    try:
        fast, slow = both(plan)
    except EndlessLoop:
        return

    for name in ("areas", "waits", "wait_bins", "stays", "stay_bins", "exits", "audits"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-9, err_msg=name)
    assert (fast.patients, fast.inside) == (slow.patients, slow.inside)
    assert sorted(map(repr, fast.waiting)) == sorted(map(repr, slow.waiting))
    assert fast.under_way == slow.under_way
