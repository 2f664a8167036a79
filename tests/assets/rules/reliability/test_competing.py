"""Competing causes: against a worked table, against Kaplan and Meier, and by properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.failure_file import read_failures
from assets.rules.reliability.competing import cumulative_incidence
from assets.rules.reliability.observation import Lifetimes, Observation, lifetimes_of
from assets.rules.reliability.report import analyse_failures
from assets.rules.reliability.survival import survival_steps
from twin.errors import ImportRefused


def lives(*rows: tuple[float, float, str]) -> tuple[Lifetimes, list[str]]:
    observations = [Observation(start=s, end=e, is_event=bool(c), cause=c) for s, e, c in rows]
    return lifetimes_of(observations), [one.cause for one in observations]


def test_a_table_that_is_worked_out_by_hand() -> None:
    # n = 5: battery at 1 (S- = 1, n 5), pump at 2 (S- .8, n 4), censored at 3, battery at 4 (S- .6, n 2), alive at 5.
    told = lives((0, 1, "battery"), (0, 2, "pump"), (0, 3, ""), (0, 4, "battery"), (0, 5, ""))

    found = cumulative_incidence(*told)

    assert [(step.age, step.at_risk, step.events) for step in found["battery"]] == [(1.0, 5, 1), (4.0, 2, 1)]
    assert [step.incidence for step in found["battery"]] == pytest.approx([0.2, 0.5])
    assert [step.incidence for step in found["pump"]] == pytest.approx([0.2])
    assert all(step.low < step.incidence < step.high for step in found["battery"])


ROWS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 12), st.sampled_from(["", "a", "b", "c"])), min_size=6, max_size=40
)


@given(rows=ROWS)
def test_the_causes_add_up_to_all_failures_and_never_fall(rows: list[tuple[int, int, str]]) -> None:
    told = [(0.0, float(length), cause) for _, length, cause in rows]
    if sum(bool(cause) for _, _, cause in told) < 3:
        return
    lifetimes, causes = lives(*told)

    found = cumulative_incidence(lifetimes, causes)

    last = sum(steps[-1].incidence for steps in found.values())
    assert last == pytest.approx(1.0 - survival_steps(lifetimes)[-1].survival)
    for steps in found.values():
        shares = [step.incidence for step in steps]
        assert shares == sorted(shares)
        assert all(0.0 <= step.low <= step.incidence <= step.high <= 1.0 for step in steps)


@given(rows=ROWS)
def test_a_single_cause_is_one_minus_kaplan_meier_with_greenwood_s_variance(rows: list[tuple[int, int, str]]) -> None:
    told = [(float(start), float(start + length), "a" if cause else "") for start, length, cause in rows]
    if sum(bool(cause) for _, _, cause in told) < 3:
        return
    lifetimes, causes = lives(*told)

    (steps,) = cumulative_incidence(lifetimes, causes).values()
    plain = survival_steps(lifetimes)

    assert [step.incidence for step in steps] == pytest.approx([1.0 - step.survival for step in plain])
    z = 1.959963984540054
    greenwood = 0.0
    for step, one in zip(steps, plain, strict=True):
        if one.at_risk == one.events:
            break
        greenwood += one.events / (one.at_risk * (one.at_risk - one.events))
        deviation = one.survival * math.sqrt(greenwood)
        width = z * deviation / (step.incidence * abs(math.log(step.incidence)))
        assert step.low == pytest.approx(step.incidence ** math.exp(width), rel=1e-6, abs=1e-9)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(200):
        first, second, out = rng.exponential(2.0, 60), rng.exponential(4.0, 60), rng.uniform(0.0, 4.0, 60)
        end = np.minimum(np.minimum(first, second), out)
        rows = [
            (0.0, float(e), "" if e == o else "a" if e == f else "b") for e, f, o in zip(end, first, out, strict=True)
        ]
        steps = cumulative_incidence(*lives(*rows))["a"]
        step = [one for one in steps if one.age <= 1.5][-1]
        truth = 2.0 / 3.0 * (1.0 - math.exp(-0.75 * step.age))
        hits += step.low <= truth <= step.high

    assert hits >= 180  # of 200 at 95 %: fewer than that happens once in a thousand


def test_a_file_with_causes_gives_the_share_of_each_and_refuses_one_without_a_failure() -> None:
    text = "asset;start;end;event;Failure_Code\na;0;10;1;battery\nb;0;20;1;pump\nc;0;30;1;\nd;0;40;0;\n"

    report = analyse_failures(read_failures(text, source="f.csv"))

    assert report.cumulative_incidence is not None
    assert sorted(report.cumulative_incidence) == ["battery", "pump", "unspecified"]
    with pytest.raises(ImportRefused) as refused:
        read_failures(text.replace("d;0;40;0;", "d;0;40;0;pump"), source="f.csv")
    assert [(one.field, one.place) for one in refused.value.problems] == [("cause", "row 5")]


def test_causes_of_devices_that_are_repaired_are_refused_by_name() -> None:
    text = "asset,start,end,event,cause\na,0,10,1,battery\na,10,20,1,pump\na,20,30,1,pump\n"

    report = analyse_failures(read_failures(text, source="f.csv"))

    assert report.cumulative_incidence is None
    assert report.refused["cumulative_incidence"] == "reliability.repairable"
