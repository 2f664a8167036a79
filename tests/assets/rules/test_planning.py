"""Levelling, replacement and recall: what a plan keeps, and what a brute-force search cannot beat."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.model.loads import LoadState
from assets.rules.levelling import LevelJob, level
from assets.rules.recall import SetChain, reasons_against_set
from assets.rules.replacement import Candidate, Infeasible, ReplacementRules, plan_replacements


def jobs(count: int, *, weeks: int = 12) -> list[LevelJob]:
    return [
        LevelJob(
            key=f"j{i:03}",
            minutes=60 + 30 * (i % 3),
            first_week=max(0, 4 * (i % 3) - 4),
            last_week=min(weeks - 1, 4 * (i % 3) + 4),
            due_week=4 * (i % 3),
            skill="gas" if i % 4 == 0 else "",
        )
        for i in range(count)
    ]


def test_levelling_halves_the_variation_and_keeps_every_window() -> None:
    todo = jobs(90)

    plan = level(todo, weeks=12, capacity={"": 900, "gas": 400}, seconds=5.0)

    assert plan.variation_after <= 0.5 * plan.variation_before
    assert all(job.first_week <= plan.week_by_key[job.key] <= job.last_week for job in todo)
    assert sum(plan.load_after) == sum(plan.load_before) == sum(job.minutes for job in todo)
    assert plan.overtime_minutes == 0


def test_overtime_is_told_where_hours_do_not_suffice() -> None:
    todo = [LevelJob(key=f"k{i}", minutes=100, first_week=0, last_week=1, due_week=0) for i in range(6)]

    plan = level(todo, weeks=2, capacity={"": 200}, seconds=2.0)

    assert plan.overtime_minutes == 200
    assert plan.is_optimal


def candidates(values: list[tuple[int, int]]) -> list[Candidate]:
    return [
        Candidate(asset=f"a{i}", costs=(cost, cost), benefits=(benefit, benefit * 9 // 10))
        for i, (cost, benefit) in enumerate(values)
    ]


def best_by_trying(options: list[Candidate], rules: ReplacementRules) -> int:
    best = 0
    for years in itertools.product((None, 0, 1), repeat=len(options)):
        spent = [sum(o.costs[y] for o, y in zip(options, years, strict=True) if y == year) for year in (0, 1)]
        if rules.carries_over:
            is_allowed = spent[0] <= rules.budgets[0] and sum(spent) <= sum(rules.budgets)
        else:
            is_allowed = all(s <= b for s, b in zip(spent, rules.budgets, strict=True))
        if is_allowed:
            gain = sum(o.benefits[y] for o, y in zip(options, years, strict=True) if y is not None)
            best = max(best, gain)
    return best


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 60)), min_size=1, max_size=6),
    st.tuples(st.integers(0, 80), st.integers(0, 80)),
    st.booleans(),
)
def test_no_other_plan_gains_more(values: list[tuple[int, int]], budgets: tuple[int, int], carries: bool) -> None:
    options, rules = candidates(values), ReplacementRules(budgets=budgets, carries_over=carries)

    plan = plan_replacements(options, rules, seconds=5.0)

    assert plan.benefit == best_by_trying(options, rules) == plan.bound
    assert plan.gap == 0.0
    assert set(plan.reasons) | set(plan.year_by_asset) == {one.asset for one in options}


def test_bundles_standards_coverage_and_deadlines_are_kept() -> None:
    options = [
        Candidate(
            asset=f"p{i}",
            costs=(10,),
            benefits=(20 - i,),
            bundle="b" if i < 2 else "",
            kind="pump",
            model=("m1", "m2", "m3")[i % 3],
            site="north" if i % 2 else "south",
            forced_by=0 if i == 5 else None,
        )
        for i in range(6)
    ]
    rules = ReplacementRules(
        budgets=(40,), most_models={"pump": 2}, least_per_site={("north", "pump"): 2}, most_per_year=4
    )

    plan = plan_replacements(options, rules, seconds=5.0)

    chosen = set(plan.year_by_asset)
    assert "p5" in chosen
    assert ("p0" in chosen) == ("p1" in chosen)
    assert len({one.model for one in options if one.asset in chosen}) <= 2
    assert sum(one.site == "north" for one in options if one.asset in chosen) >= 2
    assert sum(plan.spent) <= 40
    assert set(plan.reasons) == {one.asset for one in options} - chosen


def test_rules_that_cannot_be_kept_together_are_refused() -> None:
    dear = Candidate(asset="a", costs=(100,), benefits=(1,), forced_by=0)

    with pytest.raises(Infeasible):
        plan_replacements([dear], ReplacementRules(budgets=(10,)), seconds=2.0)


def test_what_is_wrong_with_a_set_is_named_all_at_once() -> None:
    old = SetChain(cycle="c", load="l", state=LoadState.RECALLED, expires_at=10, used_since=True)

    assert reasons_against_set(old, at=10) == ("set.recalled", "set.expired", "set.used_already")
    assert reasons_against_set(SetChain(), at=0) == ("set.never_reprocessed",)
    assert reasons_against_set(SetChain(state=LoadState.RELEASED, expires_at=10), at=9) == ()
