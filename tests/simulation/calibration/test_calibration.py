"""From a log to a model and back: what was put in comes out again."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.calibration.arrivals import fit_weekly_rates
from simulation.calibration.checking import check_last_weeks
from simulation.calibration.distances import distances
from simulation.calibration.durations import fit_durations, kaplan_meier
from simulation.calibration.logs import Activity, Case, cases_of, read_cases, to_csv_rows, to_xes
from simulation.calibration.mining import mine, redrawn
from simulation.compiled.engine import CompiledEngine
from simulation.model.distributions import read_distribution
from tests.datafiles import data_file
from tests.simulation.pathways import HOUR, MONDAY, plan_of
from twin.errors import FieldError

pytestmark = pytest.mark.timeout(240)  # the first run on a fresh machine compiles the kernel as well

CLINIC = {
    "name": "clinic",
    "unit": "h",
    "arrivals": {"door": {"per_hour": [1.0, 1.0, 6.0, 3.0], "piece": "6h", "to": "triage"}},
    "nodes": {
        "triage": {"do": "delay", "duration": "lognormal:0.3,0.1", "next": "way"},
        "way": {"do": "route", "branches": [{"to": "ward", "share": 0.25}, {"to": "home", "share": 0.75}]},
        "ward": {"do": "delay", "duration": "gamma:4,5", "next": "home"},
        "home": {"do": "exit"},
    },
}


def clinic(days: int = 90) -> list[Case]:
    plan = plan_of(CLINIC, hours=24.0 * days, seed=4)
    log = CompiledEngine(plan).run(0, log=True).log
    assert log is not None
    return sorted(cases_of(log, plan), key=lambda case: case.arrived_us)


@pytest.mark.parametrize(
    ("law", "draw"),
    [
        ("exp", lambda random: random.exponential(3.0, 3000)),
        ("lognormal", lambda random: random.lognormal(1.0, 0.6, 3000)),
        ("gamma", lambda random: random.gamma(4.0, 0.8, 3000)),
        ("weibull", lambda random: 3.0 * random.weibull(2.5, 3000)),
    ],
)
def test_law_that_made_the_durations_is_found_though_some_are_cut(law: str, draw: object) -> None:
    random = np.random.default_rng(7)
    whole = draw(random)  # type: ignore[operator]
    limit = random.uniform(2.0, 9.0, len(whole))
    cut = whole > limit

    best = fit_durations(np.minimum(whole, limit), cut)[0]
    naive = fit_durations(whole[~cut])[0]

    nested = {"exp": {"exp", "gamma", "weibull"}}.get(law, {law})  # they hold the exponential as a special case
    assert best.law in nested
    assert best.mean == pytest.approx(whole.mean(), rel=0.06)
    assert naive.mean < best.mean
    assert read_distribution(best.text, unit_us=1.0, place="test").mean == pytest.approx(best.mean, rel=1e-4)
    assert best.ks < 0.05


def test_sample_that_no_family_fits_is_taken_as_it_is() -> None:
    values = np.r_[np.full(300, 1.0), np.full(300, 9.0)] + np.linspace(0, 0.01, 600)

    best = fit_durations(values)[0]

    assert best.law == "values"
    assert best.mean == pytest.approx(values.mean(), rel=0.02)
    with pytest.raises(ValueError, match="at least 5"):
        fit_durations(np.ones(4))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0.1, 50), st.booleans()), min_size=1, max_size=40))
def test_kaplan_meier_falls_and_without_censoring_is_the_sample(rows: list[tuple[float, bool]]) -> None:
    durations = np.array([value for value, _ in rows])
    cut = np.array([flag for _, flag in rows])

    times, survival = kaplan_meier(durations, cut)
    plain_times, plain = kaplan_meier(durations, np.zeros(len(rows), dtype=bool))

    assert np.all(np.diff(survival) <= 1e-12)
    assert np.all(np.diff(times) > 0)
    assert plain == pytest.approx([(durations > time).mean() for time in plain_times], abs=1e-9)


def test_pathway_mined_from_a_log_tells_the_log_again() -> None:
    cases = clinic()

    found = mine(cases)
    plan = plan_of(found.document, hours=24.0 * 90, seed=9)
    log = CompiledEngine(plan).run(0, log=True).log
    assert log is not None
    again = cases_of(log, plan)

    assert found.counts["triage"]["ward"] / len(cases) == pytest.approx(0.25, abs=0.02)
    assert found.durations["ward"].mean == pytest.approx(20.0, rel=0.08)
    apart = distances(cases, again)
    assert apart.ngram < 0.05
    assert apart.cycle_time_h < 0.6
    assert abs(apart.arrivals_per_day) < 3
    nobody = distances(cases, [Case(id="x", activities=(Activity("other", MONDAY, MONDAY + HOUR),))])
    assert nobody.ngram == pytest.approx(1.0)  # a sum of shares


def test_shares_drawn_anew_differ_more_where_the_log_says_less() -> None:
    random = np.random.default_rng(1)

    def spread(cases: list[Case]) -> float:
        found = mine(cases)
        shares = []
        for _ in range(60):
            node = redrawn(found, random)["nodes"]["after triage"]  # type: ignore[index]
            shares.append(next(way["share"] for way in node["branches"] if way["to"].endswith("ward")))
        return float(np.std(shares))

    cases = clinic()
    assert spread(cases[:40]) > 3 * spread(cases)


def test_model_matches_the_last_weeks_of_a_log_that_did_not_change() -> None:
    report = check_last_weeks(clinic(), weeks=4.0)

    assert sum(one.matches for one in report.matches) >= 4
    assert report.distances.ngram < 0.1


def test_model_does_not_match_once_stays_have_grown() -> None:
    cases = clinic()
    changed = [
        Case(
            id=case.id,
            activities=tuple(
                Activity(one.name, one.begin_us, one.begin_us + 3 * (one.end_us - one.begin_us))
                if case.arrived_us > MONDAY + 62 * 24 * HOUR
                else one
                for one in case.activities
            ),
        )
        for case in cases
    ]

    failing = {one.figure for one in check_last_weeks(changed, weeks=4.0).matches if not one.matches}

    assert {"cycle_time_mean_h", "present_mean"} <= failing
    assert "cases_per_day" not in failing


def test_rates_follow_the_hours_and_carry_their_interval() -> None:
    cases = clinic()

    rates = fit_weekly_rates(np.array([case.arrived_us for case in cases], dtype=np.int64))

    noon, night = rates.per_hour.reshape(7, 24)[:, 12:18], rates.per_hour.reshape(7, 24)[:, 0:6]
    assert noon.mean() == pytest.approx(6.0, rel=0.1)
    assert night.mean() == pytest.approx(1.0, rel=0.2)
    assert ((rates.low <= 6.0) & (rates.high >= 6.0)).reshape(7, 24)[:, 12:18].mean() > 0.8
    assert rates.dispersion == pytest.approx(1.0, abs=0.5)


def test_log_written_as_csv_is_read_as_it_was() -> None:
    cases = clinic(days=5)
    head, *rows = to_csv_rows(cases)

    again = read_cases(dict(zip(head, row, strict=True)) for row in rows)

    assert {case.id: case.activities for case in again} == {case.id: case.activities for case in cases}


def test_log_written_as_xes_is_well_formed_and_whole() -> None:
    cases = [Case(id="a<b", activities=(Activity('say "x"', MONDAY, MONDAY + HOUR),))]

    root = ElementTree.fromstring(to_xes(cases))

    space = "{http://www.xes-standard.org/}"
    [trace] = root.iter(f"{space}trace")
    assert trace.find(f"{space}string").get("value") == "a<b"  # type: ignore[union-attr]
    assert [event.find(f"{space}string").get("value") for event in trace.iter(f"{space}event")] == ['say "x"'] * 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"x": "1", "activity": "a", "time": "2026-01-01"}, "no column for the case"),
        ({"case": "1", "activity": "a", "time": "yesterday"}, "row 2"),
    ],
)
def test_log_that_cannot_be_read_is_refused_with_its_place(row: dict[str, str], message: str) -> None:
    with pytest.raises(FieldError, match=message):
        read_cases([row])


def test_public_log_of_an_emergency_department_is_mined_and_run() -> None:
    with data_file("event_logs/patients.csv").open(encoding="utf-8") as file:
        cases = read_cases(csv.DictReader(file))

    found = mine(cases)
    plan = plan_of(found.document, hours=240.0)
    outcome = CompiledEngine(plan).run(0)

    assert len(cases) == 500
    assert set(found.durations) >= {"Registration", "Triage and Assessment", "Check-out"}
    assert outcome.patients > 0


def test_short_rows_and_empty_transitions_are_read() -> None:
    text = ["case,activity,time,lifecycle", "1,triage,2026-11-30 08:00:00,", "1,home,2026-11-30 09:00:00"]

    (case,) = read_cases(csv.DictReader(text))

    assert [one.name for one in case.activities] == ["triage", "home"]
