"""The library of situations: each does to the hospital what its name says, and to the same patients."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.experiments.hospital import Capacities, ParameterSheet, hospital_document
from simulation.experiments.money import CostTable, PoolCost
from simulation.experiments.request import Change, ExperimentRequest, ExperimentResult, Scenario, Verdict
from simulation.experiments.running import run
from simulation.experiments.shadow import one_more_of_each, shadow_prices
from simulation.experiments.situations.offers import SITUATIONS, choices_of, situation_changes
from simulation.model.problems import PathwayError

pytestmark = pytest.mark.timeout(240)  # the first run of a fresh machine compiles the kernel as well
MONDAY = 1_796_083_200_000_000
DAYS = 4
SIZE = Capacities(
    ed=14, icu=8, theatres=4, recovery=6, cleaners=4, wards={"A": 20, "B": 16}, ed_present=8, ward_present=30
)
HOSPITAL = hospital_document(SIZE, ParameterSheet(), {})


def asked(scenarios: tuple[Scenario, ...], **told: Any) -> ExperimentResult:
    values: dict[str, Any] = {"pathway": HOSPITAL, "start_at": MONDAY, "horizon_s": DAYS * 86_400.0, "replications": 6}
    return run(ExperimentRequest(**(values | {"scenarios": (Scenario(name="as it is"), *scenarios)} | told)))


def means(name: str, **told: float | str) -> tuple[dict[str, float], dict[str, float]]:
    result = asked((Scenario(name=name, changes=situation_changes(HOSPITAL, name, told)),))
    base, changed = ({key: one.mean for key, one in scenario.measures.items()} for scenario in result.scenarios)
    return base, changed


def test_surge_tells_how_long_beds_ventilators_and_protective_sets_last() -> None:
    base, changed = means(
        "epidemic_surge", peak_per_day=30, days_to_peak=2, sets_in_stock=300, sets_per_day=10, ventilators=2
    )

    assert changed["patients.arrived"] > base["patients.arrived"] + 50
    for pool in ("ventilators", "protective-sets", "icu"):
        assert 0 < changed[f"pool.{pool}.full_after_h"] < DAYS * 24, pool
    assert changed["pool.icu.full_after_h"] < base["pool.icu.full_after_h"]


def test_deliveries_make_protective_sets_last() -> None:
    few = {"peak_per_day": 10, "days_to_peak": 1, "sets_in_stock": 150, "sets_per_day": 5}

    _, without = means("epidemic_surge", **few)
    _, delivered = means("epidemic_surge", **few, sets_per_delivery=2000, delivery_days=0.25)

    assert without["pool.protective-sets.full_after_h"] < delivered["pool.protective-sets.full_after_h"] == DAYS * 24


def test_casualties_come_on_top_of_the_same_patients() -> None:
    base, changed = means("mass_casualty", casualties=25, after_h=6, spread_min=20)

    assert changed["patients.arrived"] == base["patients.arrived"] + 25


def test_closed_ward_takes_nobody_and_its_patients_go_to_the_others() -> None:
    base, changed = means("ward_closure", ward="ward-A")

    assert "wait.ed-to-A.mean_s" in base
    # Nobody asks for a bed there after the first minute; whoever came within it stays.
    assert changed["pool.ward-A.occupied"] < 0.6
    assert changed["pool.ward-B.occupied"] > base["pool.ward-B.occupied"]


def test_beds_closed_for_a_while_come_back() -> None:
    changes = situation_changes(HOSPITAL, "ward_closure", {"ward": "ward-B", "beds": 5, "after_h": 10, "hours": 24})

    assert [change.value for change in changes] == [[{"after": "10 h", "add": -5}, {"after": "34 h", "add": 5}]]


@pytest.mark.parametrize(
    ("name", "told", "measure"),
    [
        ("sterilizer_down", {"sterilizers": 1, "down": 0, "sets": 3, "reprocess_h": 10}, "pool.theatres.waiting"),
        ("staff_sickness", {"share": 0.5, "beds_share": 0.3}, "pool.cleaners.utilisation_share"),
    ],
)
def test_what_befalls_the_hospital_makes_it_worse(name: str, told: dict[str, float], measure: str) -> None:
    base, changed = means(name, **told)

    assert changed[measure] > base[measure]


def test_lifts_that_stand_still_make_patients_wait_for_the_others() -> None:
    _, whole = means("lift_outage", lifts=2, out=0, trip_min=60)
    _, half = means("lift_outage", lifts=2, out=1, trip_min=60)

    assert half["pool.lifts.waiting"] > whole["pool.lifts.waiting"]


def test_lounge_frees_beds_by_the_hours_that_are_spent_in_it() -> None:
    _, small = means("discharge_lounge", places=1, hours=12, share=1.0)
    _, large = means("discharge_lounge", places=20, hours=12, share=1.0)

    assert 0 < small["pool.lounge.occupied"] < large["pool.lounge.occupied"]
    # The same patients: whoever sits in the lounge has left a bed that is cleaned and taken by the next.
    assert large["pool.ward-A.full_share"] <= small["pool.ward-A.full_share"]


def test_saturday_in_theatre_brings_more_planned_operations() -> None:
    result = asked(
        (Scenario(name="sat", changes=situation_changes(HOSPITAL, "extra_theatre_day", {"day": "sat"})),),
        horizon_s=7 * 86_400.0,
    )

    base, changed = (scenario.measures["patients.arrived"].mean for scenario in result.scenarios)
    assert changed > base


def test_field_hospital_takes_patients_once_it_is_open() -> None:
    _, changed = means("field_hospital", beds=10, opens_after_h=24, share=1.0)

    assert changed["pool.field-beds.occupied"] > 0.5
    assert changed["pool.ambulances.utilisation_share"] > 0


def test_two_situations_can_be_mixed() -> None:
    from simulation.experiments.changes import changed

    once = changed(HOSPITAL, situation_changes(HOSPITAL, "ward_closure", {"ward": "ward-A", "beds": 4, "hours": 24}))
    twice = changed(once, situation_changes(once, "staff_sickness", {"share": 0.25, "hours": 24}))

    assert twice["pools"]["ward-A"]["changes"] == [  # type: ignore[index]
        {"after": "0.0166667 h", "add": -4},
        {"after": "24.0167 h", "add": 4},
        {"after": "0 h", "add": -2},
        {"after": "24 h", "add": 2},
    ]


@pytest.mark.parametrize(
    ("name", "told", "place"),
    [
        ("earthquake", {}, "situations"),  # not in the library
        ("ward_closure", {"ward": "ward-Z"}, "ward"),  # no such ward
        ("mass_casualty", {"casualties": 2.5}, "casualties"),  # half a patient
        ("mass_casualty", {"major_share": 1.5}, "major_share"),  # out of range
        ("mass_casualty", {"casualties": float("nan")}, "casualties"),
        ("lift_outage", {"lifts": 2, "out": 2}, "out"),  # for ever
        ("sterilizer_down", {"sterilizers": 1, "down": 1}, "down"),
        ("staff_sickness", {"wards": 3}, "wards"),  # not asked for
        ("discharge_lounge", {"hours": 48, "share": 1.0, "places": True}, "places"),
    ],
)
def test_situation_that_cannot_be_is_refused_with_its_place(name: str, told: dict[str, Any], place: str) -> None:
    with pytest.raises(PathwayError) as refused:
        situation_changes(HOSPITAL, name, told)

    assert place in str(refused.value)


@pytest.mark.parametrize("name", SITUATIONS)
def test_situation_says_what_a_foreign_pathway_lacks(name: str) -> None:
    with pytest.raises(PathwayError, match="This hospital has no"):
        situation_changes({"pools": {"bed": {"capacity": 3}}, "nodes": {}, "arrivals": {}}, name)


def test_wards_can_be_chosen() -> None:
    assert choices_of(SITUATIONS["ward_closure"], HOSPITAL) == ("ward-A", "ward-B")
    assert choices_of(SITUATIONS["extra_theatre_day"], HOSPITAL) == ("sat", "sun")
    assert choices_of(SITUATIONS["lift_outage"], HOSPITAL) == ()


CLINIC: dict[str, Any] = {
    "unit": "h",
    "pools": {"doctor": {"shifts": [{"from": "08:00", "to": "16:00", "units": 2}]}, "room": {"capacity": 3}},
    "arrivals": {"in": {"per_hour": [0, 4, 0], "piece": "8 h", "from_week_start": True, "to": "see"}},
    "nodes": {"see": {"do": "serve", "pools": ["doctor", "room"], "duration": "exp:mean=0.4", "next": "out"}}
    | {"out": {"do": "exit"}},
}


def test_money_is_counted_by_resource_and_hour_of_the_day() -> None:
    night = tuple(2.0 if 8 <= hour < 12 else 1.0 for hour in range(24))
    table = CostTable(
        pools={"doctor": PoolCost(per_hour=night), "room": PoolCost(per_hour=0.5, in_use_per_hour=1.0)},
        counts={"patients.arrived": 10.0},
    )
    result = asked((Scenario(name="dear", cost_once=1000.0),), pathway=CLINIC, costs=table, horizon_s=86_400.0)

    base, dear = (scenario.measures for scenario in result.scenarios)
    # Two doctors: four hours at 2 and four at 1 each; rooms: 3 · 24 h · 0.5 and what they are in use.
    assert base["cost.doctor"].mean == pytest.approx(2 * (4 * 2.0 + 4 * 1.0))
    assert base["cost.room"].mean == pytest.approx(36.0 + 24 * base["pool.room.occupied"].mean)
    parts = base["cost.doctor"].mean + base["cost.room"].mean + 10 * base["patients.arrived"].mean
    assert base["cost"].mean == pytest.approx(parts)
    assert dear["cost"].mean - base["cost"].mean == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("table", "place"),
    [
        (CostTable(pools={"nurse": PoolCost(per_hour=1.0)}), "nurse"),  # no such pool
        (CostTable(pools={"room": PoolCost(per_hour=(1.0, 2.0))}), "room"),  # a day has 24 hours
    ],
)
def test_prices_that_do_not_fit_are_refused(table: CostTable, place: str) -> None:
    with pytest.raises(PathwayError, match=place):
        asked((), pathway=CLINIC, costs=table)


def test_prices_by_the_hour_need_audits() -> None:
    with pytest.raises(PathwayError, match="audit"):
        asked((), pathway=CLINIC, audit_every_s=0.0, costs=CostTable(pools={"room": PoolCost(per_hour=(1.0,) * 24)}))


def test_one_more_of_what_is_short_helps_most() -> None:
    scenarios = one_more_of_each(CLINIC)
    # Six runs, which are enough elsewhere here, would leave the verdict to chance.
    costs = CostTable(pools={"doctor": PoolCost(per_hour=100.0)})
    result = asked(scenarios, pathway=CLINIC, costs=costs, replications=40)

    first, second = shadow_prices(result, "wait.see.mean_s")

    assert scenarios[0].changes == (Change(path="pools.doctor.shifts.0.units", action="add", value=1),)
    assert (first.pool, first.verdict) == ("doctor", Verdict.BETTER)
    assert result.scenarios[0].bands
    assert result.scenarios[1].bands == ()  # of each of many they would be most of the answer
    assert second.difference.mean >= first.difference.mean
    assert first.cost is not None
    assert first.cost.mean > 0


def test_ranking_needs_a_measure_that_has_a_better_side() -> None:
    result = asked(one_more_of_each(CLINIC, ("room",)), pathway=CLINIC)

    for measure in ("pool.room.turnover", "no such measure"):
        with pytest.raises(PathwayError, match="rank"):
            shadow_prices(result, measure)
    with pytest.raises(PathwayError, match="no such pool"):
        one_more_of_each(CLINIC, ("ct",))
