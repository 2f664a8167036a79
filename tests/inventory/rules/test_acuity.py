"""Patient-days by acuity, what each needs, and what other patients would need."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.planning.acuity import (
    CLASSES,
    HIGHEST_FACTOR,
    UNKNOWN,
    Stay,
    Window,
    class_of,
    patient_days,
    rates_by_acuity,
    surge_factor,
    usual_patients,
)
from twin.clock import DAY_US, HOUR_US

WINDOW = Window(start_us=10 * DAY_US, period_us=2 * DAY_US, periods=5)
instants = st.integers(0, 30 * DAY_US)
stays = st.lists(
    st.builds(
        lambda who, ward, begin, length: Stay(
            encounter=f"e{who}", ward=f"w{ward}", from_us=begin, to_us=begin + length
        ),
        st.integers(0, 4),
        st.integers(0, 1),
        instants,
        st.integers(0, 12 * DAY_US),
    ),
    max_size=12,
)
told = st.dictionaries(
    st.integers(0, 4).map(lambda who: f"e{who}"),
    st.lists(st.tuples(instants, st.integers(0, 7)), max_size=4).map(sorted),
)


@given(stays, told)
def test_days_by_class_add_up_to_the_days_of_the_ward(
    present: list[Stay], levels: dict[str, list[tuple[int, int]]]
) -> None:
    found = patient_days(present, levels, WINDOW)

    for ward in {stay.ward for stay in present}:
        whole = sum(
            max(0, min(stay.to_us, WINDOW.end_us) - max(stay.from_us, WINDOW.start_us))
            for stay in present
            if stay.ward == ward
        )
        assert found.get(ward, np.zeros(1)).sum() == pytest.approx(whole / DAY_US)
    assert all((days >= 0).all() for days in found.values())


@given(stays)
def test_patients_of_whom_nothing_was_told_are_a_class_of_their_own(present: list[Stay]) -> None:
    for days in patient_days(present, {}, WINDOW).values():
        assert days[:, :UNKNOWN].sum() == 0


@given(stays, told, st.randoms())
def test_the_order_of_stays_does_not_matter(
    present: list[Stay], levels: dict[str, list[tuple[int, int]]], chance: object
) -> None:
    shuffled = list(present)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own generator

    one, other = patient_days(present, levels, WINDOW), patient_days(shuffled, levels, WINDOW)

    assert one.keys() == other.keys()
    assert all(one[ward] == pytest.approx(other[ward]) for ward in one)


def test_a_patient_counts_as_told_at_the_time() -> None:
    stay = Stay(encounter="e1", ward="ed", from_us=WINDOW.start_us, to_us=WINDOW.start_us + 3 * DAY_US)
    levels = {"e1": [(WINDOW.start_us + 6 * HOUR_US, 2), (WINDOW.start_us + 60 * HOUR_US, 4)]}

    days = patient_days([stay], levels, WINDOW)["ed"]

    # six hours before triage, then level 2 across the border of the period, then level 4
    assert days[0].tolist() == [0, 1.75, 0, 0, 0, 0.25]
    assert days[1].tolist() == [0, 0.5, 0, 0.5, 0, 0]
    assert days[2:].sum() == 0


def test_a_level_told_before_the_window_holds_in_it() -> None:
    stay = Stay(encounter="e1", ward="icu", from_us=0, to_us=WINDOW.start_us + DAY_US)

    assert patient_days([stay], {"e1": [(5, 1)]}, WINDOW)["icu"][0, 0] == 1


@pytest.mark.parametrize(("acuity", "name"), [(1, "1"), (5, "5"), (0, "unknown"), (6, "unknown"), (-1, "unknown")])
def test_what_is_no_triage_level_is_unknown(acuity: int, name: str) -> None:
    assert CLASSES[class_of(acuity)] == name


def ward(periods: int = 26, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).gamma(4.0, [1.0, 2.0, 4.0, 3.0, 1.0, 0.5], (periods, len(CLASSES)))


TRUE = np.array([6.0, 3.0, 1.0, 0.5, 0.0, 1.5])


def test_rates_are_found_with_intervals_that_hold_them() -> None:
    chance = np.random.default_rng(5)
    inside = np.zeros(len(CLASSES))
    for seed in range(40):
        days = ward(40, seed)
        found = rates_by_acuity(chance.poisson(days @ TRUE).astype(np.float64), days)
        inside += (found.low <= TRUE) & (found.high >= TRUE)
        assert (found.low <= found.rate).all()
        assert (found.rate <= found.high).all()

    # 95 % of 40 are 38; the least that chance would give once in some thousand times is 32
    assert (inside >= 32).all(), inside


def test_a_class_with_too_few_days_gets_the_wards_rate_and_says_so() -> None:
    days = ward()
    days[:, 0] = 0.0
    days[3, 0] = 2.0
    used = days @ TRUE

    found = rates_by_acuity(used, days)

    assert found.is_ward.tolist() == [True, *[False] * 5]
    assert found.rate[0] == pytest.approx(used.sum() / days.sum())


def test_few_periods_part_no_classes() -> None:
    days = ward(5)

    found = rates_by_acuity(days @ TRUE, days)

    assert found.is_ward.all()
    assert len(set(found.rate.tolist())) == 1


def test_nothing_seen_is_not_nothing_possible() -> None:
    days = ward()

    found = rates_by_acuity(np.zeros(26), days)

    assert found.rate.tolist() == [0.0] * 6
    assert found.high == pytest.approx(3.0 / days.sum(axis=0))


def test_one_period_or_none_tells_no_interval() -> None:
    for days in (np.zeros((4, 6)), np.vstack([ward(1), np.zeros((3, 6))])):
        found = rates_by_acuity(np.ones(4), days)

        assert np.isinf(found.high).all()
        assert found.low.tolist() == [0.0] * 6


def test_more_of_the_gravely_ill_need_more_than_more_of_the_slightly_ill() -> None:
    days = ward()
    used, usual = days @ TRUE, usual_patients(days, 7)

    def factor(level: int) -> float:
        expected = usual.copy()
        expected[level] += 2.0
        return surge_factor(used, days, expected, 7)

    assert factor(0) > factor(3) > 1.0
    assert factor(4) == pytest.approx(1.0, abs=1e-6)  # they use nothing of it
    assert surge_factor(used, days, usual, 7) == pytest.approx(1.0)


def test_periods_before_the_ward_was_followed_tell_nothing() -> None:
    days = np.vstack([np.zeros((10, 6)), ward(16)])
    used = np.concatenate([np.full(10, 500.0), days[10:] @ TRUE])

    assert rates_by_acuity(used, days).rate == pytest.approx(TRUE, abs=1e-6)
    assert usual_patients(days, 7) == pytest.approx(days[10:].mean(axis=0) / 7)


@given(st.floats(0, 1e4))
def test_a_factor_stays_within_its_bounds(patients: float) -> None:
    days = ward(12)

    assert 0 <= surge_factor(days @ TRUE, days, np.full(6, patients), 7) <= HIGHEST_FACTOR
    assert surge_factor(np.zeros(12), days, np.full(6, patients), 7) == 1.0
