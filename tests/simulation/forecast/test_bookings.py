"""Bookings in the forecast: who is expected, what is not known yet, and what knowing it is worth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.forecast.backtest import BacktestPlan, backtest
from simulation.forecast.bookings import (
    BOOKED,
    KINDS,
    OVERDUE_US,
    BookingHistory,
    Bookings,
    bookings_by_unit,
)
from simulation.forecast.census import fit_census
from simulation.forecast.stays import HOUR_US, Stays
from twin.events.patients import EncounterClass
from twin.events.work import PlannedStay, PlanPublished
from twin.state.frozen import FrozenBed, FrozenEncounter
from twin.state.model import EncounterStatus

DAY = 24 * HOUR_US
MONDAY = 1_795_996_800_000_000
NONE = np.zeros(0, dtype=np.int64)


@dataclass
class SmallState:
    """What bookings look at of a hospital."""

    at: int
    beds: dict[str, FrozenBed] = field(default_factory=dict)
    encounters: dict[str, FrozenEncounter] = field(default_factory=dict)
    plans: dict[str, PlanPublished] = field(default_factory=dict)


def planned(name: str, expected_at: int, **facts: object) -> FrozenEncounter:
    facts = {"encounter_class": EncounterClass.INPATIENT} | facts
    return FrozenEncounter(id=name, status=EncounterStatus.PLANNED, expected_at=expected_at, **facts)  # type: ignore[arg-type]


def booked_house(*, days: int = 150, seed: int = 1) -> tuple[Stays, np.ndarray]:
    """Make a unit in which most come by appointment in the morning, on some days many and on others few.

    Gives the stays, and when each booked one was booked (-1 for the others).
    """
    random = np.random.default_rng(seed)
    rows = []
    for day in range(days):
        for _ in range(random.poisson(random.choice([4, 20]))):
            at = MONDAY + day * DAY + round((7 + 3 * random.random()) * HOUR_US)
            rows.append((at, at + round(random.gamma(4, 2) * HOUR_US), BOOKED, at - round(3 * random.random() * DAY)))
        for _ in range(random.poisson(5)):
            at = MONDAY + day * DAY + round(24 * random.random() * HOUR_US)
            rows.append((at, at + round(random.gamma(4, 2) * HOUR_US), 0, -1))
    table = np.array(sorted(rows), dtype=np.int64)
    stays = Stays(
        arrived_us=table[:, 0],
        ended_us=table[:, 1],
        is_open=np.zeros(len(table), dtype=bool),
        kinds=table[:, 2],
        kind_names=KINDS,
    )
    return stays, table[:, 3]


def known_at(stays: Stays, booked: np.ndarray, at: int) -> Bookings:
    """Give the bookings of the made unit as they are known at an instant."""
    ahead = (booked >= 0) & (booked <= at) & (stays.arrived_us > at)
    past = (booked >= 0) & (stays.arrived_us <= at)
    expected = stays.arrived_us[ahead]
    leads = np.sort(stays.arrived_us[past] - booked[past])
    return Bookings(expected_us=expected, chances=np.ones(len(expected)), leads_us=leads)


def test_knowing_the_list_is_worth_a_fifth_of_the_score_and_keeps_the_bands_honest() -> None:
    stays, booked = booked_house()
    plan = BacktestPlan(
        instants=[MONDAY + day * DAY + 6 * HOUR_US for day in range(70, 140)], horizons_h=(4, 8, 24), refit_days=35
    )

    without = list(backtest(stays, plan))
    told = list(backtest(stays, plan, lambda at: known_at(stays, booked, at)))

    for horizon in (4, 8):
        before = np.mean([one.score.crps for one in without if one.horizon_h == horizon])
        after = np.mean([one.score.crps for one in told if one.horizon_h == horizon])
        assert after < 0.8 * before
    inside = np.mean([0.05 < one.score.pit < 0.95 for one in told])
    assert 0.8 < inside < 0.99


def test_those_not_booked_yet_are_expected_as_well() -> None:
    stays, booked = booked_house()
    errors = []
    for day in range(100, 140):
        at = MONDAY + day * DAY + 6 * HOUR_US
        known = stays.known_at(at)
        model = fit_census(known, at)
        [made] = model.forecast(known, at, (28,), bookings=known_at(stays, booked, at))
        errors.append(made.mean - float(stays.census(np.array([made.target_at]))[0]))

    # Two thirds of tomorrow's list are not written yet: leaving them out would be some four patients too few.
    assert abs(float(np.mean(errors))) < 2.0


@given(st.lists(st.integers(0, 10**12), max_size=20), st.integers(0, 10**12))
def test_share_not_yet_booked_grows_with_the_time_ahead(leads: list[int], ahead: int) -> None:
    bookings = Bookings(expected_us=NONE, chances=np.zeros(0), leads_us=np.sort(np.array(leads, dtype=np.int64)))

    near, far = bookings.unknown_share(np.array([ahead, ahead + 10**9]))

    assert 0 <= near <= far <= 1
    if leads:
        assert near == pytest.approx(sum(lead < ahead for lead in leads) / len(leads))


def test_booking_goes_where_plan_bed_or_habit_say() -> None:
    at = MONDAY
    state = SmallState(at=at)
    state.beds["B1"] = FrozenBed(id="B1", ward="W1")
    state.encounters = {
        one.id: one
        for one in (
            planned("bed", at + HOUR_US, reserved="B1"),
            planned("plan", at + HOUR_US, reserved="B1"),
            planned("habit", at + 2 * HOUR_US),
            planned("ambulance", at + HOUR_US // 4, encounter_class=EncounterClass.EMERGENCY),
            planned("late", at - HOUR_US, reserved="W2"),
            planned("too late", at - OVERDUE_US - 1, reserved="W2"),
            FrozenEncounter(id="here", status=EncounterStatus.IN_PROGRESS, expected_at=at + HOUR_US),
        )
    }
    stay = PlannedStay(encounter="plan", place="W2", start_at=at + 3 * HOUR_US, end_at=at + DAY)
    head = {"thing": "P1", "occurred_at": at, "source": "t", "source_key": "p"}
    state.plans["P1"] = PlanPublished(kind="admissions", start_at=at, end_at=at + DAY, stays=(stay,), **head)  # type: ignore[arg-type]
    history = BookingHistory(
        leads_us={"W1": np.array([5, 3], dtype=np.int64), "W2": np.array([4, 1], dtype=np.int64)}, came=40, missed=0
    )

    found = bookings_by_unit(state, history, {"W1": "ward", "W2": "ward", "ED": "emergency"})  # type: ignore[arg-type]

    kept = 49 / 50
    assert found["W1"].expected_us.tolist() == [at + HOUR_US, at + 2 * HOUR_US]
    assert found["W1"].chances.tolist() == pytest.approx([kept, kept / 2])
    assert found["W2"].expected_us.tolist() == [at + 3 * HOUR_US, at + 2 * HOUR_US, at]
    assert found["W1"].leads_us.tolist() == [3, 5]
    assert found["ED"].chances.tolist() == pytest.approx([kept])


def test_without_any_booking_everything_is_as_if_they_were_not_looked_at() -> None:
    stays, _ = booked_house(days=80)
    at = MONDAY + 75 * DAY
    known = stays.known_at(at)
    model = fit_census(known, at)
    nothing = Bookings(expected_us=NONE, chances=np.zeros(0), leads_us=NONE)

    [plain], [told] = model.forecast(known, at, (24,)), model.forecast(known, at, (24,), bookings=nothing)

    assert told.booked == 0
    assert told.mean == pytest.approx(plain.mean, rel=0.1)  # only the level of the day is judged by other patients
