"""Par levels: arrays against the formulae for one item, proposals that hold still, limits of money and room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.model.items import Criticality
from inventory.model.planning import CostPoint, Decision, Expected, PlanSettings, Proposal, ServiceKind
from inventory.model.stock import ParLevel
from inventory.rules.planning import levels
from inventory.rules.planning.demand import CANDIDATES, census_rates, outlook, uncensored
from inventory.rules.planning.levels import Use
from inventory.rules.planning.limits import Choices, Limits, Spare, choose, transship
from inventory.rules.planning.proposals import CURVE_STEPS, Line, cost_curve, expected_of, propose
from inventory.rules.policies.service import Review, Service, base_stock
from inventory.rules.running_out import THRESHOLD_BY_CRITICALITY, runs_out
from twin.clock import DAY_US
from twin.ids import ItemId, PlaceId

NOW = 1_790_000_000_000_000


def line(par: int = 20, point: int = 8, *, pack: int = 1, cost: int = 100, frozen_until: int = 0) -> Line:
    current = ParLevel(
        place=PlaceId("ward"), item=ItemId("gloves"), par_level=par, reorder_point=point, pack_multiple=pack
    )
    return Line(current=current, unit_cost_minor=cost, frozen_until=frozen_until)


def use(mean: float, sd: float | None = None) -> Expected:
    return Expected(
        place="ward",
        item="gloves",
        method="ses",
        mean_per_day=mean,
        sd_per_day=mean**0.5 if sd is None else sd,
        periods=26,
        censored=0,
        at=NOW,
    )


def proposed(given: Line, expected: Expected, **changes: float) -> Proposal:
    return propose([given], [expected], PlanSettings(**changes), now=NOW)[0]  # type: ignore[arg-type]


@settings(deadline=None, max_examples=150)
@given(
    st.floats(0.05, 60),
    st.floats(0.3, 3),
    st.floats(0.25, 7),
    st.just(0.0) | st.floats(0.01, 5),
    st.floats(0.5, 0.995),
    st.sampled_from(list(ServiceKind)),
)
def test_many_levels_at_once_are_those_of_one_at_a_time(
    mean: float, variation: float, review: float, lead: float, target: float, service: ServiceKind
) -> None:
    sd = variation * mean**0.5
    one = base_stock(
        Review(demand_mean=mean, demand_sd=sd, review_period=review, lead_time=lead),
        target,
        Service(service.value),
        is_whole=True,
    )
    protection = Use(mean=np.array([mean * (review + lead)]), variance=np.array([sd * sd * (review + lead)]))
    during_lead = Use(mean=np.array([mean * lead]), variance=np.array([sd * sd * lead]))

    level = levels.smallest_level(target, service, protection, during_lead)

    assert level[0] == one.base_stock_level
    at = level.astype(np.float64)
    assert levels.fill_rate(at, protection, during_lead)[0] == pytest.approx(one.fill_rate, abs=1e-9)
    assert levels.cycle_service(at, protection)[0] == pytest.approx(one.cycle_service, abs=1e-9)


@given(st.floats(0.01, 200), st.floats(0.2, 4), st.integers(0, 400))
def test_missing_units_fall_with_the_level_and_ever_more_slowly(mean: float, variation: float, level: int) -> None:
    stretch = Use(mean=np.full(3, mean), variance=np.full(3, variation * mean))

    lost = levels.missing(np.array([level, level + 1, level + 2], dtype=np.float64), stretch)

    assert lost[0] + 1e-9 >= lost[1] >= lost[2] - 1e-9
    assert (lost[0] - lost[1]) + 1e-9 >= (lost[1] - lost[2])


def test_empty_shelf_is_no_proof_of_no_demand() -> None:
    used = np.array([[6.0, 6.0, 0.0, 6.0, 0.0, 6.0]])
    was_empty = np.array([[False, False, True, False, True, False]])

    assert uncensored(used, was_empty).tolist() == [[6.0] * 6]
    assert uncensored(used, np.zeros_like(was_empty)).tolist() == used.tolist()
    assert outlook(used, was_empty).mean[0] == pytest.approx(6.0)
    assert outlook(used, np.zeros_like(was_empty)).mean[0] < 6.0


@given(st.lists(st.lists(st.integers(0, 50), min_size=6, max_size=6), min_size=1, max_size=4))
def test_censoring_never_lowers_what_was_used(rows: list[list[int]]) -> None:
    used = np.array(rows, dtype=np.float64)
    was_empty = used == 0

    assert (uncensored(used, was_empty) >= used).all()


def test_each_series_gets_the_method_that_did_best_on_it() -> None:
    steady = np.full(26, 4.0)
    rising = np.arange(26, dtype=np.float64)
    rare = np.array([0, 0, 0, 5] * 6 + [0, 0], dtype=np.float64)
    used = np.stack([steady, rising, rare])

    found = outlook(used, np.zeros(used.shape, dtype=bool))

    assert found.mean[0] == pytest.approx(4.0)
    assert CANDIDATES[found.method[1]].value == "ses"  # the quickest to follow
    assert found.mean[1] > 15
    assert 0.5 < found.mean[2] < 2.5
    assert found.variance[2] > found.variance[0] == 0


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_too_short_a_history_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="periods"):
        outlook(np.zeros(shape), np.zeros(shape, dtype=bool))


def test_use_per_patient_day_is_found_by_acuity() -> None:
    chance = np.random.default_rng(1)
    days = chance.integers(0, 60, (30, 3)).astype(np.float64)

    rates = census_rates(days @ np.array([0.5, 2.0, 0.0]), days)

    assert rates == pytest.approx([0.5, 2.0, 0.0], abs=1e-9)
    assert census_rates(np.ones(4), np.zeros((4, 2))).tolist() == [0.0, 0.0]


def test_fuller_ward_is_expected_to_use_more() -> None:
    found = outlook(np.full((1, 8), 7.0), np.zeros((1, 8), dtype=bool))
    calm, surge = (
        expected_of([Line(current=line().current, surge=factor)], found, PlanSettings(), now=NOW)[0]
        for factor in (1.0, 1.5)
    )

    assert surge.mean_per_day == pytest.approx(1.5 * calm.mean_per_day)


@settings(deadline=None)
@given(st.floats(0.1, 40), st.integers(1, 12), st.floats(0.8, 0.99))
def test_proposal_reaches_its_target_in_whole_packs(mean: float, pack: int, target: float) -> None:
    found = proposed(line(pack=pack), use(mean), target=target)

    assert found.fill_rate >= target
    assert (found.par_level - found.reorder_point) % pack == 0
    assert found.par_level > found.reorder_point >= 0
    assert found.par_level - found.reorder_point >= min(3 * mean, pack)


def test_par_that_serves_well_is_not_moved_by_a_little() -> None:
    first = proposed(line(), use(4.0))
    present = line(first.par_level + 1, first.reorder_point + 1)

    assert first.decision is Decision.PROPOSED
    assert proposed(present, use(4.0)).decision is Decision.KEPT_SMALL_CHANGE
    assert proposed(line(first.par_level, first.reorder_point), use(4.0)).decision is Decision.UNCHANGED


def test_small_change_is_proposed_where_the_service_demands_it() -> None:
    wanted = proposed(line(), use(4.0))
    short = line(wanted.par_level - 1, wanted.reorder_point - 2)

    found = proposed(short, use(4.0))

    assert abs(found.par_level - short.current.par_level) <= 0.2 * short.current.par_level
    assert found.current_fill_rate < found.target - 0.01
    assert found.decision is Decision.PROPOSED


def test_accepted_par_is_left_alone_for_a_while() -> None:
    assert proposed(line(2, 1, frozen_until=NOW + DAY_US), use(9.0)).decision is Decision.KEPT_FROZEN
    assert proposed(line(2, 1, frozen_until=NOW), use(9.0)).decision is Decision.PROPOSED


def test_item_that_nobody_used_keeps_its_emergency_stock() -> None:
    assert proposed(line(2, 1), use(0.0)).decision is Decision.NO_HISTORY


def test_curve_rises_in_service_and_in_money() -> None:
    points = cost_curve(line(pack=5), use(3.0), PlanSettings())

    assert 2 < len(points) <= CURVE_STEPS + 2
    for lower, higher in zip(points, points[1:], strict=False):
        assert lower.fill_rate <= higher.fill_rate <= 1
        assert lower.cycle_service <= higher.cycle_service
        assert lower.holding_per_day <= higher.holding_per_day
        assert lower.missing_per_day >= higher.missing_per_day
        assert higher.cost_per_day == higher.holding_per_day + higher.handling_per_day
    assert points[-1].fill_rate > 0.999


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": 1.0},  # nothing reaches all of the demand
        {"target": 0.0},
        {"target": 98.0},  # percent
        {"review_days": 0.0},
        {"period_days": 0},
        {"periods": 3},
        {"lead_days": -1.0},
        {"change_share": float("nan")},
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PlanSettings(**wrong)  # type: ignore[arg-type]


def choice(place: str, item: str, losses: list[float], *, cost: int = 10, volume: float = 1.0) -> Choices:
    points = [
        CostPoint(
            reorder_point=level,
            par_level=level + 1,
            cycle_service=0,
            fill_rate=0,
            mean_stock=0,
            holding_per_day=0,
            handling_per_day=0,
            missing_per_day=loss,
        )
        for level, loss in enumerate(losses)
    ]
    return Choices(place=place, item=item, points=points, unit_cost_minor=cost, unit_volume_ml=volume)


losses_of = st.lists(st.floats(0, 9), min_size=2, max_size=4).map(lambda found: sorted(found, reverse=True))


@settings(deadline=None, max_examples=40)
@given(st.lists(losses_of, min_size=1, max_size=4), st.integers(0, 16), st.integers(1, 12))
def test_choice_under_limits_is_the_best_of_all_choices(rows: list[list[float]], units: int, room: int) -> None:
    choices = [choice("ward" if i % 2 else "icu", f"item-{i}", losses) for i, losses in enumerate(rows)]
    limits = Limits(budget_minor=10 * units, room_ml_by_place={"icu": float(room)})

    best: float | None = None
    for taken in np.ndindex(*[len(losses) for losses in rows]):
        pars = [level + 1 for level in taken]
        in_icu = sum(par for i, par in enumerate(pars) if i % 2 == 0)
        if sum(pars) <= units and in_icu <= room:
            loss = sum(rows[i][level] for i, level in enumerate(taken))
            best = loss if best is None else min(best, loss)
    found = choose(choices, limits)

    assert (found.points is None) == (best is None)
    if best is not None and found.points is not None:
        assert found.missing_per_day == pytest.approx(best, abs=1e-3 * max(1.0, best))
        assert found.value_minor <= 10 * units


def test_neighbours_help_out_with_the_shortest_carrying() -> None:
    spares = [
        Spare(place="far", surplus=10),
        Spare(place="near", surplus=4),
        Spare(place="icu", surplus=-6),
        Spare(place="cut-off", surplus=-3),
    ]
    endless = float("inf")
    seconds = [[0, 50, 90, endless], [50, 0, 20, endless], [90, 20, 0, endless], [endless] * 4]

    found = {(shift.from_place, shift.to_place): shift.quantity for shift in transship(spares, seconds)}

    assert found == {("near", "icu"): 4, ("far", "icu"): 2}
    assert transship(spares[:2], [[0, 1], [1, 0]]) == ()


@given(st.floats(0.01, 30), st.integers(0, 200), st.floats(0.1, 5))
def test_more_on_the_shelf_never_runs_out_sooner(mean: float, on_hand: int, days: float) -> None:
    less, more = (runs_out(use(mean), on_hand=quantity, days=days, now=NOW) for quantity in (on_hand, on_hand + 1))

    assert 0 <= more.probability <= less.probability + 1e-12 <= 1 + 1e-12
    assert more.expected_at >= less.expected_at >= NOW
    assert less.days_of_cover == pytest.approx(on_hand / mean)


def test_what_nobody_uses_never_runs_out() -> None:
    found = runs_out(use(0.0), on_hand=0, days=3, now=NOW)

    assert (found.probability, found.expected_at) == (0.0, 0)
    assert THRESHOLD_BY_CRITICALITY[Criticality.VITAL] < THRESHOLD_BY_CRITICALITY[Criticality.DESIRABLE]
