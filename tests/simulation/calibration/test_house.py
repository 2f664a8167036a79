"""What a hospital's own history tells, against a history of which the truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.calibration.house import UnitStay, check_house, figures_of, learn_house
from simulation.experiments.hospital import Capacities, ParameterSheet, hospital_document
from simulation.experiments.situations.offers import situation_changes
from simulation.model.distributions import read_distribution
from simulation.model.problems import PathwayError
from tests.simulation.pathways import DAY, HOUR, MONDAY

pytestmark = pytest.mark.timeout(240)  # the first run on a fresh machine compiles the kernel as well

USUAL = ParameterSheet()


def history(*, days: int = 84, ed_per_day: float = 30.0, ward_days: float = 3.0) -> list[UnitStay]:
    """Emergency patients of whom a quarter go on to ward A, and others who come to ward A from home."""
    random = np.random.default_rng(3)
    found = []
    for number in range(round(days * ed_per_day)):
        at = MONDAY + int(random.random() * days * DAY)
        ended = at + int(random.gamma(4.0, 0.75) * HOUR)
        found.append(UnitStay(encounter=f"e{number}", pool="ed", arrived_us=at, ended_us=ended))
        if random.random() < 0.25:
            until = ended + int(random.exponential(ward_days) * DAY)
            found.append(UnitStay(encounter=f"e{number}", pool="ward-A", arrived_us=ended, ended_us=until))
    for number in range(days * 4):
        at = MONDAY + int(random.random() * days * DAY)
        until = at + int(random.exponential(ward_days) * DAY)
        found.append(UnitStay(encounter=f"d{number}", pool="ward-A", arrived_us=at, ended_us=until))
    return found


def mean_h(duration: str) -> float:
    return read_distribution(duration, unit_us=3.6e9, place="stay").mean / 3.6e9


def test_laws_arrivals_and_ways_come_out_as_they_were_put_in() -> None:
    found = learn_house(history(), (MONDAY, MONDAY + 84 * DAY), USUAL)

    assert mean_h(found.sheet.ed_major_stay) == pytest.approx(3.0, rel=0.05)
    assert mean_h(found.sheet.stay_of("A")) == pytest.approx(72.0, rel=0.1)
    assert found.sheet.ed_arrivals_per_day == pytest.approx(30.0, rel=0.02)
    admitted = (1 - USUAL.ed_minor_share) * found.sheet.ed_admitted_share
    assert admitted == pytest.approx(0.25, abs=0.02)
    assert sum(found.sheet.ed_by_hour) == pytest.approx(1.0)
    assert max(found.sheet.ed_by_hour) < 0.06  # they came at any hour alike


def test_times_in_theatre_and_recovery_come_from_where_they_were_told() -> None:
    random = np.random.default_rng(6)
    operations, recoveries = [], []
    for number in range(400):
        at = MONDAY + int(random.random() * 80 * DAY)
        over = at + int(random.gamma(4.0, 0.5) * HOUR)
        operations.append(UnitStay(encounter=f"o{number}", pool="theatres", arrived_us=at, ended_us=over))
        awake = over + int(random.gamma(9.0, 0.1) * HOUR)
        recoveries.append(UnitStay(encounter=f"o{number}", pool="recovery", arrived_us=over, ended_us=awake))
    window = (MONDAY, MONDAY + 84 * DAY)

    learnt = learn_house(history() + recoveries, window, USUAL, operations)
    few = learn_house(history(), window, USUAL, operations[:5])

    assert mean_h(learnt.sheet.operation) == pytest.approx(2.0, rel=0.1)
    assert mean_h(learnt.sheet.recovery) == pytest.approx(0.9, rel=0.1)
    assert {"theatres", "recovery"} <= set(learnt.laws)
    assert (few.sheet.operation, few.sheet.recovery) == (USUAL.operation, USUAL.recovery)


def test_one_who_is_operated_on_the_way_is_admitted_to_where_the_way_ends() -> None:
    stays = history()
    ended = {stay.encounter: stay.ended_us for stay in stays if stay.pool == "ed"}
    on_the_way = [
        UnitStay(encounter=name, pool="recovery", arrived_us=at, ended_us=at + 1) for name, at in ended.items()
    ]
    window = (MONDAY, MONDAY + 84 * DAY)

    shares = [learn_house(listed, window, USUAL).sheet.ed_admitted_share for listed in (stays, stays + on_the_way)]

    assert shares[0] == shares[1]


def test_triage_and_plans_that_were_told_give_laws_shares_and_counts_of_their_own() -> None:
    random = np.random.default_rng(5)
    found = []
    for number in range(2000):
        kind = "minor" if random.random() < 0.7 else "major"
        at = MONDAY + int(random.random() * 56 * DAY)
        lasting = random.gamma(4.0, 0.25 if kind == "minor" else 1.25)
        found.append(
            UnitStay(encounter=f"e{number}", pool="ed", arrived_us=at, ended_us=at + int(lasting * HOUR), kind=kind)
        )
    for day in range(56):
        for number in range(8 if day % 7 < 5 else 0):
            at = MONDAY + day * DAY + 8 * HOUR
            name = f"p{day}-{number}"
            # Two of the eight go home from the recovery room.
            pool = "recovery" if number < 2 else "ward-A"
            found.append(UnitStay(encounter=name, pool=pool, arrived_us=at, ended_us=at + 9 * HOUR, kind="elective"))
    window = (MONDAY, MONDAY + 56 * DAY)

    sheet = learn_house(found, window, USUAL).sheet
    on_wards = learn_house([stay for stay in found if stay.pool != "recovery"], window, USUAL).sheet
    untold = learn_house([replace(stay, kind="") for stay in found], window, USUAL).sheet

    assert mean_h(sheet.ed_minor_stay) == pytest.approx(1.0, rel=0.06)
    assert mean_h(sheet.ed_major_stay) == pytest.approx(5.0, rel=0.06)
    assert sheet.ed_minor_share == pytest.approx(0.7, abs=0.03)
    assert sheet.electives_per_weekday == 8
    assert on_wards.electives_per_weekday == 9  # six on wards, and those who usually go home the same day beside them
    assert (untold.ed_minor_share, untold.electives_per_weekday) == (USUAL.ed_minor_share, USUAL.electives_per_weekday)
    assert untold.ed_minor_stay == untold.ed_major_stay


def test_stays_that_are_not_over_do_not_make_the_law_short() -> None:
    whole = history(ward_days=6.0)
    now = MONDAY + 84 * DAY
    still_here = [stay for stay in whole if stay.ended_us > now]
    assert still_here

    found = learn_house(whole, (MONDAY, now), USUAL)

    assert found.laws["ward-A"].censored == sum(stay.pool == "ward-A" for stay in still_here)
    assert mean_h(found.sheet.stay_of("A")) == pytest.approx(144.0, rel=0.12)


def test_too_little_history_leaves_usual_values() -> None:
    few = history(days=2, ed_per_day=10)

    assert learn_house(few, (MONDAY, MONDAY + 2 * DAY), USUAL).sheet == USUAL
    assert learn_house([], (MONDAY, MONDAY + DAY), USUAL).sheet == USUAL


def test_only_what_began_in_the_window_counts() -> None:
    later = learn_house(history(), (MONDAY + 200 * DAY, MONDAY + 300 * DAY), USUAL)

    assert later.sheet == USUAL


@given(st.integers(1, 40), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_figures_are_those_of_the_naive_count(days: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    starts = random.integers(0, 40 * 24, 25)
    stays = [
        UnitStay(
            encounter=str(number),
            pool=("ed", "icu")[number % 2],
            arrived_us=MONDAY + int(start) * HOUR,
            ended_us=MONDAY + int(start + random.integers(1, 90)) * HOUR,
        )
        for number, start in enumerate(starts)
    ]
    window = (MONDAY + 5 * DAY, MONDAY + (5 + days) * DAY)
    found = figures_of(stays, window)

    for pool in ("ed", "icu"):
        hours = [
            sum(one.pool == pool and one.arrived_us <= at < one.ended_us for one in stays)
            for at in range(window[0], window[1], HOUR)
        ]
        assert found[f"present.{pool}"] == pytest.approx(sum(hours) / len(hours))
        came = sum(one.pool == pool and window[0] <= one.arrived_us < window[1] for one in stays)
        assert found[f"came_per_day.{pool}"] == pytest.approx(came / days)


def test_a_model_matches_its_own_hospital_and_not_one_that_is_twice_as_busy() -> None:
    size = Capacities(ed=20, icu=2, theatres=1, recovery=2, cleaners=4, wards={"A": 60}, ward_present=30)
    stays = history()
    window = (MONDAY + 42 * DAY, MONDAY + 84 * DAY)
    learnt = learn_house(stays, (MONDAY, window[0]), USUAL)
    real = {name: value for name, value in figures_of(stays, window).items() if name.endswith(".ed")}

    own = {one.figure: one for one in check_house(size, learnt.sheet, real, window)}
    other = replace(learnt.sheet, ed_arrivals_per_day=2 * learnt.sheet.ed_arrivals_per_day)
    busy = {one.figure: one for one in check_house(size, other, real, window)}

    assert own["came_per_day.ed"].matches
    assert own["present.ed"].middle == pytest.approx(own["present.ed"].real, rel=0.1)
    assert not busy["came_per_day.ed"].matches
    assert set(own) == {"present.ed", "came_per_day.ed"}


@pytest.mark.parametrize(
    ("stay", "mean"),
    [
        ("exp:mean=100h", 97.0),
        ("lognormal:mean=100h,sd=80h", 97.0),
        ("gamma:2,50", 97.0),
        ("weibull:1,100", 97.0),
        ("values:50,100,150", 97.0),
    ],
)
def test_a_lounge_shortens_fitted_stays_of_any_law(stay: str, mean: float) -> None:
    size = Capacities(ed=4, icu=2, theatres=1, recovery=2, cleaners=2, wards={"A": 10})
    document = hospital_document(size, replace(USUAL, ward_stays={"A": stay}), {})

    changes = situation_changes(document, "discharge_lounge", {"places": 4, "hours": 6, "share": 0.5})

    put = {change.path: change.value for change in changes}
    assert mean_h(str(put["nodes.stay-A"]["duration"])) == pytest.approx(mean, rel=1e-3)  # type: ignore[index]


def test_a_lounge_refuses_stays_that_it_cannot_shorten() -> None:
    size = Capacities(ed=4, icu=2, theatres=1, recovery=2, cleaners=2, wards={"A": 10})
    fixed = hospital_document(size, replace(USUAL, ward_stays={"A": "triangular:50,100,150"}), {})
    short = hospital_document(size, replace(USUAL, ward_stays={"A": "exp:mean=1h"}), {})

    for document in (fixed, short):
        with pytest.raises(PathwayError, match="shorte"):
            situation_changes(document, "discharge_lounge", {"places": 4, "hours": 6, "share": 0.5})
