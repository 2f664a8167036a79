"""Which exact values are claimed, and that they hold together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.experiments.queues.estimates import answer, unstable_points
from simulation.experiments.queues.exact import exact_values
from simulation.experiments.queues.question import question_of, sine_rates
from simulation.model.distributions import read_distribution
from simulation.model.problems import PathwayError
from simulation.numerics import laws
from simulation.numerics.sources import LawBook
from simulation.statistics import formulae
from simulation.statistics.chains import (
    MarkovQueue,
    Station,
    birth_death,
    line_with_blocking,
    markov_values,
    periodic_birth_death,
    preemptive_mmc,
)
from simulation.statistics.moments import mean_of, mean_of_least, second_moment_of, tilted, transform_of
from simulation.statistics.repeated import preemptive_repeat_mg1
from tests.datafiles import load_json

RATES = st.floats(0.05, 5.0)
LAWS = [
    "exp:0.5",
    "const:2",
    "lognormal:3,2",
    "triangular:1,2,5",
    "uniform:1,4",
    "gamma:mean=3,sd=2",
    "weibull:1.5,3",
    "normal:3,2,0.5",
    "hyperexp:.3,1,5",
    "values:1,2,2,7",
]


def exact(**document: Any) -> dict[str, float]:
    return exact_values(question_of(document))


@pytest.mark.parametrize(
    "document",
    [
        {"servers": 3, "arrivals": "const:1", "service": "exp:1"},  # GI/M/c has no simple formula
        {"servers": 3, "arrivals": "exp:1", "service": "lognormal:1,1"},
        {"servers": 1, "arrivals": "exp:1", "service": "exp:2", "patience": "const:3"},
        {  # work done again is known for one server only
            "servers": 2,
            "arrivals": ["exp:.3", "exp:.3"],
            "service": "const:1",
            "discipline": "preemptive",
            "eviction": "restart",
        },
    ],
)
def test_no_wait_is_claimed_where_there_is_no_formula(document: dict[str, Any]) -> None:
    found = exact(**document)

    assert not any(name.startswith(("wait", "stay")) for name in found)


@pytest.mark.parametrize(
    ("eviction", "service", "load"),
    [
        ("resume", "const:1", 0.5),
        ("resample", "exp:1", 0.5),
        ("restart", "exp:1", 0.575),
        ("resample", "const:1", 0.532104),
    ],
)
def test_work_that_is_done_again_after_an_eviction_is_more_than_the_load(
    eviction: str, service: str, load: float
) -> None:
    # Restarted exponential services take 1.25 in all here, constant ones (exp(0.2) - 1)/0.2 = 1.107.
    found = exact(servers=1, arrivals=["exp:.2", "exp:.3"], service=service, discipline="preemptive", eviction=eviction)

    assert found["utilisation_share"] == pytest.approx(load, rel=1e-5)


@pytest.mark.parametrize(
    ("eviction", "service"),
    [
        ("restart", "exp:2.5"),
        ("restart", "const:0.7"),
        ("restart", "triangular:0.2,0.6,1.5"),
        ("restart", "normal:0.8,0.2,0.1"),
        ("restart", "weibull:2,0.8"),
        ("resample", "const:0.7"),
        ("resample", "lognormal:0.7,0.9"),
        ("resample", "uniform:0.2,1.2"),
    ],
)
def test_work_done_again_takes_as_long_as_simulated(eviction: str, service: str) -> None:
    question = question_of(
        {
            "servers": 1,
            "arrivals": ["exp:.25", "exp:.2", "exp:.3"],
            "service": service,
            "discipline": "preemptive",
            "eviction": eviction,
            "patients": 200_000,
        }
    )

    known = {line.measure: line.z for line in answer(question) if math.isfinite(line.z)}

    assert {"stay.0", "stay.1", "stay.2", "waiting", "utilisation_share"} <= set(known)
    assert {name: z for name, z in known.items() if abs(z) >= 3.5} == {}


@given(st.floats(0.05, 0.4), st.floats(0.05, 0.4), st.floats(0.2, 1.0))
def test_exponential_service_drawn_anew_is_as_good_as_what_was_left(first: float, second: float, mean: float) -> None:
    rates, service = [first, second], read_distribution(f"exp:mean={mean}", unit_us=1.0, place="service")

    anew = preemptive_repeat_mg1(rates, [service, service], is_same=False)

    left = formulae.preemptive_mg1(rates, [mean] * 2, [2 * mean**2] * 2)
    assert [one.sojourn for one in anew] == pytest.approx(left, rel=1e-9)
    assert [one.busy for one in anew] == pytest.approx([mean, mean], rel=1e-9)


@pytest.mark.parametrize("rate", [-3.0, -0.2, 0.05])
@pytest.mark.parametrize("text", [law for law in LAWS if "lognormal" not in law])
def test_tilted_moments_are_those_of_what_is_drawn(text: str, rate: float) -> None:
    found = read_distribution(text, unit_us=1.0, place="service")
    book = LawBook()
    row = book.add(found)
    table, values = book.arrays()
    u = (np.arange(200_000) + 0.5) / 200_000
    drawn = np.array([laws.inverse_survival(int(table[row, 0]), *table[row, 1:], values, s) for s in u[::20]])

    once, slope = tilted(found, rate)

    assert once == pytest.approx(float(np.exp(rate * drawn).mean()), rel=0.01)
    assert slope == pytest.approx(float((drawn * np.exp(rate * drawn)).mean()), rel=0.02)


def test_one_who_needs_long_and_begins_again_and_again_never_gets_through() -> None:
    told = {"servers": 1, "arrivals": ["exp:.2", "exp:.1"], "discipline": "preemptive", "eviction": "restart"}

    assert tilted(read_distribution("lognormal:1,1", unit_us=1.0, place="service"), 0.1) == (math.inf, math.inf)
    assert unstable_points(question_of(told | {"service": "lognormal:1,1"})) == ["queue"]
    assert unstable_points(question_of(told | {"service": "const:1"})) == []
    assert unstable_points(question_of(told | {"service": "const:4"})) == ["queue"]  # 0.2*4 + 0.1*(exp(.8) - 1)/.2 > 1


def test_point_behind_a_way_back_is_exact_only_in_product_form() -> None:
    loop = {
        "a": {"servers": 1, "service": "exp:2", "arrivals": "exp:0.5", "next": {"b": 0.5}},
        "b": {"servers": 1, "service": "exp:2", "next": {"a": 0.5}},
    }
    general = loop | {"b": loop["b"] | {"service": "const:0.5"}}

    assert "b.wait" in exact(points=loop)
    assert "b.wait" not in exact(points=general)
    assert "a.wait" not in exact(points=general)


def test_what_comes_out_of_endless_servers_is_by_chance_again() -> None:
    points = {
        "home": {"servers": "inf", "service": "lognormal:5,9", "arrivals": "exp:0.5", "next": {"ward": 1.0}},
        "ward": {"servers": 1, "service": "const:1"},
    }

    assert exact(points=points)["ward.wait"] == pytest.approx(formulae.mg1(0.5, 1.0, 1.0).wait)


@given(RATES, RATES, st.integers(1, 12), st.integers(0, 8))
def test_limited_queue_loses_what_it_does_not_serve(rate: float, service: float, servers: int, more: int) -> None:
    queue = MarkovQueue(service_rate=service, servers=servers, places=servers + more)

    values = markov_values(rate, queue)
    chances = birth_death(rate, queue)

    busy = sum(min(n, servers) * chance for n, chance in enumerate(chances.tolist()))
    assert busy * service == pytest.approx(rate * (1 - values.lost_share), rel=1e-6)
    assert values.waiting == pytest.approx(rate * (1 - values.lost_share) * values.wait, rel=1e-6, abs=1e-9)
    assert values.wait_p95 >= 0


@given(RATES, RATES, st.integers(1, 12), RATES)
def test_those_who_leave_are_those_who_are_not_served(
    rate: float, service: float, servers: int, leaving: float
) -> None:
    values = markov_values(rate, MarkovQueue(service_rate=service, servers=servers, leaving_rate=leaving))

    assert values.lost_share == pytest.approx(leaving * values.waiting / rate, rel=1e-6, abs=1e-9)
    assert -1e-12 <= values.lost_share < 1


@given(st.floats(0.05, 0.9), st.integers(1, 6))
def test_pre_emption_moves_waiting_but_makes_none(load: float, servers: int) -> None:
    rates = [load * servers * share for share in (0.2, 0.3, 0.5)]

    stays = preemptive_mmc(rates, 1.0, servers)

    plain = formulae.mmc(sum(rates), 1.0, servers)
    assert sum(r * t for r, t in zip(rates, stays, strict=True)) == pytest.approx(
        sum(rates) * (plain.wait + 1), rel=1e-6
    )
    assert stays == sorted(stays)


def test_line_with_many_places_is_a_line_without_blocking() -> None:
    found = line_with_blocking(
        0.5, [Station(service_rate=1, servers=1), Station(service_rate=1, servers=1, places=60)], loses_at_door=False
    )

    assert found is not None
    assert [station.present for station in found] == pytest.approx([1.0, 1.0], rel=1e-6)
    assert found[0].blocked < 1e-9


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 3.0), st.integers(1, 3), st.integers(0, 3), st.integers(1, 3))
def test_flow_through_a_line_is_the_same_everywhere(rate: float, servers: int, more: int, last: int) -> None:
    stations = [
        Station(service_rate=1.0, servers=servers, places=servers + more),
        Station(service_rate=1.3, servers=last, places=last + more),
    ]

    found = line_with_blocking(rate, stations, loses_at_door=True)

    assert found is not None
    assert found[0].busy * 1.0 == pytest.approx(found[1].busy * 1.3, rel=1e-8)


def test_rate_that_does_not_change_gives_the_values_of_the_constant_queue() -> None:
    queue = MarkovQueue(service_rate=1.0, servers=2)

    found = periodic_birth_death([1.2, 1.2], 3.0, queue)

    assert found is not None
    assert found.whole.wait == pytest.approx(formulae.mmc(1.2, 1.0, 2).wait, rel=1e-6)
    assert found.present == pytest.approx([found.mean_present] * 2, rel=1e-6)


@pytest.mark.parametrize("text", LAWS)
def test_moments_and_transform_agree_with_the_survival_function(text: str) -> None:
    law = read_distribution(text, unit_us=1.0, place="test")

    assert mean_of_least(law, 1e4) == pytest.approx(mean_of(law), rel=1e-6)
    assert second_moment_of(law) >= mean_of(law) ** 2 * (1 - 1e-12)
    small = 1e-3
    first = (1 - transform_of(law, small)) / small
    assert first == pytest.approx(mean_of(law) - small * second_moment_of(law) / 2, rel=1e-3)


def test_stroke_unit_delays_are_erlang_losses() -> None:
    expected = load_json("simulation/14_stroke_monks2016.json")["expected"]

    for unit in ("asu", "rehab"):
        load = expected["analytic"][f"load_{unit}"]
        for beds, published in expected["published_paper"]["current"][unit].items():
            assert formulae.erlang_b(load, int(beds)) == pytest.approx(published, abs=0.01)


def test_sine_is_cut_into_its_own_means() -> None:
    rates = sine_rates(20.0, 10.0, 24.0, pieces=48)

    assert sum(rates) / 48 == pytest.approx(20.0)
    assert max(rates) == pytest.approx(30.0, abs=0.05)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"service": ["exp:1", "exp:2", "exp:3"]}, "3 distributions for 1 classes"),
        ({"places": 2}, "fewer places than servers"),
        ({"replications": 1}, "at least two"),
        ({"service": "exp:0"}, "parameters are positive"),
        ({"discipline": "loudest"}, "Unknown discipline"),
        ({"servers": 0}, "at least 1"),
        ({"arrivals": []}, "Expected a distribution"),
        ({"rates": [1, 2]}, "both arrivals and rates"),
        ({"rates": "saw:1,2,3"}, "sine:MEAN"),
        ({"next": {"nowhere": 0.5}}, "There is no point 'nowhere'"),
        ({"full": "wait"}, "lose or block"),
        ({"speed": 3}, "Unknown key"),
        ({"seed": 1 << 32}, "seed below"),
        ({"rates": "sine:5,10,24", "arrivals": None}, "amplitude <= mean"),
    ],
)
def test_queue_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    document = {"servers": 3, "arrivals": "exp:1", "service": "exp:1"} | changes
    document = {key: value for key, value in document.items() if value is not None}

    with pytest.raises(PathwayError, match=message):
        answer(question_of(document))


def test_point_with_too_much_work_is_named() -> None:
    question = question_of({"servers": 2, "arrivals": "exp:3", "service": "exp:1"})

    assert unstable_points(question) == ["queue"]
    assert not math.isfinite(exact_values(question)["wait"])


def test_loss_formulae_are_monotone_in_servers() -> None:
    values = [formulae.erlang_b(10.0, servers) for servers in range(30)]

    assert values == sorted(values, reverse=True)
    assert formulae.square_root_staffing(100.0, 1.0) == 110
