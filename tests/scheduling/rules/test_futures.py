"""Plans played through futures: laws that hold for any plan, and cases whose answer is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.model.admissions import AdmissionPlan, AdmissionProblem, Patient, Room, Stay, Surgeon, Theatre
from scheduling.model.futures import Uncertainty
from scheduling.rules.chance import Futures
from scheduling.rules.futures import difference, estimate, play, risk_of
from tests.scheduling.wards import occupant, patient, problem, random_problem
from twin.errors import InputError

SURE = Uncertainty(
    operation_cv=0.0,
    no_show_share=0.0,
    late_share=0.0,
    early_share=0.0,
    emergency_operations_per_day=0.0,
    emergency_beds_per_day=0.0,
)
MANY = Futures(count=4000, seed=3)


def one_operation(**changes: object) -> AdmissionPlan:
    return AdmissionPlan(stays=(Stay(patient="p1", day=0, room="r1", theatre="t1"),), **changes)  # type: ignore[arg-type]


def test_nothing_happens_in_a_certain_world() -> None:
    risk = risk_of(problem(), one_operation(), SURE, MANY)

    assert risk.totals.called_off.mean == 0
    assert risk.totals.overtime_minutes.mean == 0
    assert risk.totals.as_planned_share.mean == 1
    assert [day.occupied.mean for day in risk.days] == [2, 1, 0, 0]  # the occupant stays a day, the patient two


def test_overtime_of_one_operation_is_that_of_the_log_normal_law() -> None:
    made = problem(theatres=(Theatre(id="t1", minutes_by_day=(60,) * 4),))

    risk = risk_of(made, one_operation(), replace(SURE, operation_cv=0.5), Futures(count=10_000, seed=1))

    # E[max(0, X - m)] of a log-normal X of mean m: m * (2 * Phi(s / 2) - 1), s the deviation of its logarithm
    deviation = math.sqrt(math.log1p(0.25))
    expected = 60 * math.erf(deviation / 2 / math.sqrt(2))
    [theatre] = [one for one in risk.theatres if one.day == 0]
    assert abs(theatre.overtime_minutes.mean - expected) < 2 * theatre.overtime_minutes.half_width
    assert abs(theatre.overtime_share.mean - 0.5 * math.erfc(deviation / 2 / math.sqrt(2))) < 0.02


def test_late_discharges_follow_the_geometric_law() -> None:
    risk = risk_of(problem(patients=()), AdmissionPlan(), replace(SURE, late_share=0.5), MANY)

    for day, share in enumerate((1.0, 0.5, 0.25, 0.125)):
        assert risk.days[day].occupied.mean == pytest.approx(share, abs=0.03)


def test_a_patient_without_a_bed_is_called_off_and_one_with_another_room_is_moved() -> None:
    full = problem(occupants=(occupant("o1", length_of_stay=4), occupant("o2", length_of_stay=4)))

    taken = risk_of(full, one_operation(), SURE, MANY)
    nowhere = risk_of(replace(full, rooms=(Room(id="r1", capacity=2),)), one_operation(), SURE, MANY)

    assert taken.totals.moved.mean == 1
    assert taken.totals.called_off.mean == 0
    assert nowhere.totals.called_off.mean == 1
    assert nowhere.patients[0].no_bed_share.mean == 1
    assert nowhere.totals.overtime_minutes.mean == 0  # who has no bed is not operated


def test_emergencies_take_beds_and_theatre_time() -> None:
    told = replace(SURE, emergency_operations_per_day=3.0, emergency_beds_per_day=3.0, emergency_minutes=120.0)

    calm, rough = risk_of(problem(), one_operation(), SURE, MANY), risk_of(problem(), one_operation(), told, MANY)

    assert rough.totals.overtime_minutes.mean > calm.totals.overtime_minutes.mean
    assert rough.totals.emergencies_elsewhere.mean > 0
    assert rough.totals.as_planned_share.mean < 1
    assert all(day.occupied.mean <= day.beds for day in rough.days)


def test_a_patient_who_stays_away_is_not_called_off() -> None:
    risk = risk_of(problem(), one_operation(), replace(SURE, no_show_share=1.0), MANY)

    assert risk.totals.called_off.mean == 0
    assert risk.days[0].occupied.mean == 1


def test_an_operation_that_would_end_too_late_is_called_off_and_frees_the_bed() -> None:
    made = problem(theatres=(Theatre(id="t1", minutes_by_day=(30,) * 4),))

    risk = risk_of(made, one_operation(), replace(SURE, overtime_limit_minutes=20), MANY)

    assert risk.patients[0].no_time_share.mean == 1
    assert risk.days[0].occupied.mean == 1


def test_a_plan_does_not_differ_from_itself_and_chance_is_common() -> None:
    made = problem(rooms=(Room(id="r1", capacity=2), Room(id="r2", capacity=2)))
    rough = Uncertainty()
    other = AdmissionPlan(stays=(Stay(patient="p1", day=1, room="r2", theatre="t1"),))

    same = difference(play(made, one_operation(), rough, MANY), play(made, one_operation(), rough, MANY))
    moved = difference(play(made, one_operation(), SURE, MANY), play(made, other, SURE, MANY))

    assert all(one.difference.mean == 0 and not one.is_distinguishable for one in same)
    assert all(one.difference.half_width == 0 for one in moved)


def test_common_chance_narrows_the_difference() -> None:
    made = problem(theatres=(Theatre(id="t1", minutes_by_day=(60,) * 4),))
    rough = replace(SURE, operation_cv=0.5)
    later = AdmissionPlan(stays=(Stay(patient="p1", day=1, room="r1", theatre="t1"),))
    first = play(made, one_operation(), rough, MANY)

    common = difference(first, play(made, later, rough, MANY))
    apart = difference(first, play(made, later, rough, replace(MANY, seed=4)))

    widths = [{one.measure: one.difference.half_width for one in told}["overtime_minutes"] for told in (common, apart)]
    assert widths[0] < widths[1] / 10


def any_plan(made: AdmissionProblem, seed: int) -> AdmissionPlan:
    chance = np.random.default_rng(seed)
    stays = []
    for one in made.patients:
        day = int(chance.integers(0, made.days))
        room = made.rooms[int(chance.integers(len(made.rooms)))].id
        theatre = made.theatres[int(chance.integers(len(made.theatres)))].id if one.surgery_minutes else ""
        stays.append(Stay(patient=one.id, day=day, room=room, theatre=theatre))
    return AdmissionPlan(stays=tuple(stays))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 1000))
def test_laws_of_any_plan(drawn: int, seed: int) -> None:
    made = random_problem(drawn)
    plan = any_plan(made, drawn)

    played = play(made, plan, Uncertainty(), Futures(count=50, seed=seed))

    assert (played.occupied >= 0).all()
    assert (played.elsewhere >= 0).all()
    assert (played.moved <= len(plan.stays)).all()
    assert all((late >= 0).all() for late in played.overtime.values())
    for name, flags in played.no_bed.items():
        assert not (flags & played.no_time[name]).any()  # who has no bed is not operated


def test_an_interval_of_a_share_that_never_happened_is_not_nothing() -> None:
    assert estimate(np.zeros(1000, np.bool_)).half_width == pytest.approx(0.003)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("operation_cv", -0.1),  # a negative spread
        ("no_show_share", 1.5),  # more than everybody
        ("late_share", 1.0),  # nobody would ever leave
        ("early_share", -1.0),
        ("emergency_operations_per_day", 1e9),
        ("emergency_beds_per_day", -1.0),
        ("emergency_minutes", 0.0),
        ("emergency_stay_days", 0.5),
        ("turnover_minutes", -5),
        ("overtime_limit_minutes", 5000),
        ("operation_cv", float("nan")),
    ],
)
def test_uncertainty_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(InputError, match=field):
        replace(Uncertainty(), **{field: value})


@pytest.mark.parametrize(("count", "seed"), [(1, 0), (10_001, 0), (1000, -1), (1000, 1 << 32)])
def test_futures_out_of_range_are_named(count: int, seed: int) -> None:
    with pytest.raises(InputError, match=r"futures|seed"):
        Futures(count=count, seed=seed)


def test_who_operates_in_two_theatres_is_waited_for_although_the_minutes_of_both_fit() -> None:
    """Two operations of 240 minutes by one surgeon, in two theatres of 300: the second one ends at 480."""
    calm = replace(SURE, overtime_limit_minutes=300)
    one, two = (patient(name, surgery_minutes=240, length_of_stay=1, workload=(1,) * 3, skill_required=(0,) * 3)
                for name in ("p1", "p2"))  # fmt: skip
    other = replace(two, surgeon="s2")
    theatres = tuple(Theatre(id=name, minutes_by_day=(300,) * 4) for name in ("t1", "t2"))
    surgeons = tuple(Surgeon(id=name, minutes_by_day=(600,) * 4) for name in ("s1", "s2"))
    stays = (Stay(patient="p1", day=0, room="r1", theatre="t1"), Stay(patient="p2", day=0, room="r2", theatre="t2"))

    def overtime(second: Patient) -> dict[str, float]:
        made = problem(patients=(one, second), theatres=theatres, surgeons=surgeons)
        told = play(made, AdmissionPlan(stays=stays), calm, Futures(count=2)).overtime
        return {name: float(late.max()) for (name, day), late in told.items() if day == 0}

    assert overtime(two) == {"t1": 0.0, "t2": 180.0}
    assert overtime(other) == {"t1": 0.0, "t2": 0.0}


def test_a_turnover_that_the_plan_has_counted_is_not_played_twice() -> None:
    calm = replace(SURE, overtime_limit_minutes=300)
    # three operations of 80 minutes and 20 of turnover in a theatre that is open for 280 and one turnover
    three = tuple(
        patient(f"p{at}", surgery_minutes=100, length_of_stay=1, workload=(1,) * 3, skill_required=(0,) * 3)
        for at in range(3)
    )
    made = problem(
        patients=three, theatres=(Theatre(id="t1", minutes_by_day=(300,) * 4),),
        surgeons=(Surgeon(id="s1", minutes_by_day=(600,) * 4),), turnover_minutes=20,
    )  # fmt: skip
    stays = tuple(Stay(patient=f"p{at}", day=0, room=f"r{1 + at % 2}", theatre="t1") for at in range(3))

    told = play(made, AdmissionPlan(stays=stays), calm, Futures(count=2))

    assert float(told.overtime["t1", 0].max()) == 0.0
    assert not any(late.any() for late in told.no_time.values())
