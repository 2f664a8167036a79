from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulation.model.arrivals import Planned, PoissonRates
from simulation.model.calendars import Span
from simulation.model.distributions import Distribution, read_distribution
from simulation.numerics import draws, laws, sources

HOUR = 3_600_000_000
NONE = np.zeros(1)

ORACLES = [
    ((laws.EXPONENTIAL, 3.0, 0.0, 0.0), stats.expon(scale=3)),
    ((laws.LOGNORMAL, 1.0, 0.5, 0.0), stats.lognorm(0.5, scale=math.e)),
    ((laws.TRIANGULAR, 1.0, 2.0, 5.0), stats.triang(0.25, 1, 4)),
    ((laws.UNIFORM, 1.0, 3.0, 0.0), stats.uniform(1, 2)),
    ((laws.GAMMA, 2.5, 3.0, 0.0), stats.gamma(2.5, scale=3)),
    ((laws.GAMMA, 0.3, 1.0, 0.0), stats.gamma(0.3)),
    ((laws.GAMMA, 60.0, 1.0, 0.0), stats.gamma(60)),
    ((laws.WEIBULL, 1.7, 3.0, 0.0), stats.weibull_min(1.7, scale=3)),
]
TEXTS = ["exp:mean=7", "lognormal:8,6", "triangular:2,5,9", "uniform:1,12", "gamma:mean=6,sd=4", "weibull:1.5,8"]
TEXTS += ["hyperexp:.4,2,15", "erlang:3,9", "values:1,4,4,15"]


@pytest.mark.parametrize(("law", "oracle"), ORACLES)
@pytest.mark.parametrize("s", [1e-12, 1e-6, 0.01, 0.3, 0.5, 0.9, 0.999999])
def test_inverse_survival_agrees_with_an_independent_library(
    law: tuple[int, float, float, float], oracle: object, s: float
) -> None:
    found = laws.inverse_survival(*law, NONE, s)

    assert found == pytest.approx(oracle.isf(s), rel=1e-8)  # type: ignore[attr-defined]


@given(st.sampled_from(TEXTS[:-1]), st.floats(1e-9, 1 - 1e-9))
def test_survival_undoes_its_inverse(text: str, s: float) -> None:
    table, values = book(text)
    law = (int(table[0, 0]), *table[0, 1:])

    x = laws.inverse_survival(*law, values, s)

    assert laws.survival(*law, values, x) == pytest.approx(s, rel=1e-6)


@given(st.sampled_from(TEXTS), st.floats(1e-9, 0.5), st.floats(0.5, 1 - 1e-9))
def test_smaller_uniform_numbers_never_give_shorter_durations(text: str, small: float, large: float) -> None:
    table, values = book(text)

    assert laws.sample(table, 0, values, small) >= laws.sample(table, 0, values, large)


@given(st.sampled_from(TEXTS), st.integers(0, 20_000_000), st.floats(1e-9, 1 - 1e-9))
def test_residual_plus_elapsed_has_the_conditional_survival(text: str, elapsed: int, u: float) -> None:
    table, values = book(text)
    law = (int(table[0, 0]), *table[0, 1:])
    alive = laws.survival(*law, values, float(elapsed))

    rest = laws.residual(table, 0, values, elapsed, u)

    if alive * u < 1e-12:
        return
    assert rest >= 0
    if law[0] != laws.VALUES:
        assert laws.survival(*law, values, float(elapsed + rest)) == pytest.approx(alive * u, rel=1e-3, abs=1e-7)


def test_exponential_residual_does_not_remember() -> None:
    table, values = book("exp:mean=7")

    assert laws.residual(table, 0, values, 10**10, 0.3) == pytest.approx(laws.sample(table, 0, values, 0.3), abs=2)


def test_far_tail_of_a_residual_stays_finite_and_positive() -> None:
    table, values = book("lognormal:8,1")

    rest = laws.residual(table, 0, values, 40_000_000, 0.5)

    assert 0 < rest < 40_000_000


def test_overlong_duration_is_marked_not_wrapped() -> None:
    assert laws.to_ticks(1e30) == laws.LONGEST_US
    assert laws.to_ticks(float("nan")) == laws.LONGEST_US
    assert laws.to_ticks(-5.0) == 0


@pytest.mark.parametrize("text", TEXTS)
def test_sample_mean_is_the_mean_of_the_distribution(text: str) -> None:
    table, values = book(text)
    key = np.uint64(draws.key_of(1, 1))
    n = 4000
    total = [laws.sample(table, 0, values, draws.draw(key, np.uint64(k), np.uint64(9))) for k in range(n)]

    expected = distribution(text).mean
    error = np.std(total) / math.sqrt(n)

    assert abs(np.mean(total) - expected) < 4 * error


def distribution(text: str) -> Distribution:
    return read_distribution(text, unit_us=1e6, place="test")


def book(text: str) -> tuple[np.ndarray, np.ndarray]:
    made = sources.LawBook()
    made.add(distribution(text))
    return made.arrays()


@given(st.lists(st.floats(0, 50), min_size=1, max_size=6), st.integers(0, 10 * HOUR), st.floats(1e-6, 1 - 1e-6))
def test_next_arrival_uses_up_exactly_the_expected_number(rates: list[float], now: int, u: float) -> None:
    span = Span(start_at=0, horizon_us=10 * HOUR)
    timing = PoissonRates(per_hour=tuple(rates), piece_us=HOUR)
    ends, totals = sources.rate_pieces(timing, span)

    found, _ = laws.next_arrival(ends, totals, now, 0, u)

    def expected(until: int) -> float:
        return float(np.interp(until, [0, *ends], [0.0, *totals]))

    if found == laws.LONGEST_US:
        assert expected(int(ends[-1])) - expected(now) <= -math.log(u) + 1e-6
    else:
        assert expected(found) - expected(now) == pytest.approx(-math.log(u), abs=1e-5)


def test_hint_of_the_piece_changes_nothing() -> None:
    ends, totals = sources.rate_pieces(
        PoissonRates(per_hour=(1.0, 0.0, 7.0), piece_us=HOUR), Span(start_at=0, horizon_us=50 * HOUR)
    )
    now, piece = 0, 0
    for k in range(100):
        u = (k + 0.5) / 100
        with_hint = laws.next_arrival(ends, totals, now, piece, u)
        assert with_hint[0] == laws.next_arrival(ends, totals, now, 0, u)[0]
        now, piece = with_hint


def test_no_shows_stay_away_and_the_others_keep_their_number() -> None:
    timing = Planned(at_us=tuple(range(1000)), no_show_share=0.25)

    instants, numbers = sources.planned_instants(np.uint64(5), (3, 9), timing, -1, (np.zeros((1, 4)), NONE))

    assert len(numbers) == len(set(numbers.tolist()))
    assert list(instants) == [timing.at_us[n] for n in numbers]
    assert abs(len(numbers) - 750) < 4 * math.sqrt(1000 * 0.25 * 0.75)


def test_rates_from_the_start_of_the_week_follow_the_local_clock() -> None:
    wednesday_noon = 1_796_212_800_000_000
    rates = [0.0] * 168
    rates[2 * 24 + 13] = 5.0  # Wednesday 13:00 to 14:00
    timing = PoissonRates(per_hour=tuple(rates), piece_us=HOUR, from_week_start=True)

    ends, totals = sources.rate_pieces(timing, Span(start_at=wednesday_noon, horizon_us=4 * HOUR, zone="UTC"))

    found = {int(end // HOUR): float(total) for end, total in zip(ends, totals, strict=True)}
    assert found[1] == 0.0
    assert found[2] == pytest.approx(5.0)
