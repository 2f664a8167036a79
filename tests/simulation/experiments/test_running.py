from __future__ import annotations

import dataclasses
import math
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from simulation.experiments.request import Change, Engine, ExperimentRequest, ExperimentResult, Scenario, Verdict
from simulation.experiments.running import address_of, plan_of, run
from simulation.model.problems import Deadlock, PathwayError
from tests.simulation.pathways import MONDAY, Document

WARD: Document = {
    "name": "ward",
    "unit": "h",
    "classes": {"short": {"priority": 1}, "long": {"priority": 0}},
    "pools": {"bed": {"capacity": 6, "cost_per_hour": 40.0, "turnover": {"duration": "45 min"}}},
    "arrivals": {"in": {"per_hour": 0.5, "to": "stay", "classes": {"short": 0.7, "long": 0.3}}},
    "nodes": {
        "stay": {
            "do": "serve",
            "pools": "bed",
            "duration": {"short": "exp:mean=8", "long": "exp:mean=20"},
            "next": "out",
        },
        "out": {"do": "exit", "disposition": "home"},
    },
}
TWO_MORE = Scenario(name="two more beds", changes=(Change(path="pools.bed.capacity", action="add", value=2),))
REQUEST = ExperimentRequest(
    pathway=WARD,
    scenarios=(Scenario(name="as it is"), TWO_MORE),
    start_at=MONDAY,
    horizon_s=7 * 86_400.0,
    replications=24,
)


@pytest.fixture(scope="module")
def result() -> ExperimentResult:
    return run(REQUEST)


def test_more_beds_are_found_better_with_the_same_patients(result: ExperimentResult) -> None:
    wait = next(c for c in result.comparisons if c.measure == "wait.stay.mean_s")
    base, more = (scenario.measures for scenario in result.scenarios)

    assert wait.verdict is Verdict.BETTER
    assert base["patients.arrived"] == more["patients.arrived"]
    assert wait.difference.half_width < base["wait.stay.mean_s"].half_width


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_result_is_the_same_for_any_number_of_threads(result: ExperimentResult, threads: int) -> None:
    found = run(dataclasses.replace(REQUEST, threads=threads))

    assert pickle.dumps(found) == pickle.dumps(result) or repr(found) == repr(result)


def test_result_is_the_same_in_another_process(result: ExperimentResult) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(run, REQUEST).result()

    assert repr(found) == repr(result)


def test_measure_that_does_not_exist_is_named_and_not_waited_for() -> None:
    asked = dataclasses.replace(REQUEST, replications=60, precision_share=0.1, precise=("pool.bad.occupied",))

    with pytest.raises(PathwayError, match=r"pool\.bad\.occupied"):
        run(asked)


def test_readable_engine_gives_the_same_estimates(result: ExperimentResult) -> None:
    request = dataclasses.replace(REQUEST, engine=Engine.REFERENCE)

    found = run(request)

    for mine, theirs in zip(found.scenarios, result.scenarios, strict=True):
        for name, interval in theirs.measures.items():
            assert mine.measures[name].mean == pytest.approx(interval.mean, rel=1e-9, nan_ok=True), name
    assert [c.verdict for c in found.comparisons] == [c.verdict for c in result.comparisons]


def test_address_changes_with_everything_but_threads() -> None:
    address = address_of(REQUEST)

    assert address == address_of(dataclasses.replace(REQUEST, threads=3))
    for change in ({"seed": 2}, {"horizon_s": 86_400.0}, {"replications": 25}, {"scenarios": REQUEST.scenarios[:1]}):
        assert address != address_of(dataclasses.replace(REQUEST, **change))  # type: ignore[arg-type]


def test_progress_grows_to_one_and_partial_intervals_shrink() -> None:
    told: list[tuple[float, ExperimentResult | None]] = []

    run(dataclasses.replace(REQUEST, threads=1), lambda share, partial: told.append((share, partial)))

    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    widths = [p.scenarios[0].measures["pool.bed.occupied"].half_width for _, p in told if p is not None]
    assert widths[-1] < widths[0]


def test_called_off_experiment_keeps_what_is_complete() -> None:
    told: list[float] = []

    found = run(
        dataclasses.replace(REQUEST, horizon_s=3e9, replications=400, threads=1),
        lambda share, partial: told.append(share),
        lambda: True,
    )

    assert not found.complete
    assert found.scenarios[0].replications == found.scenarios[1].replications < 400


def test_replications_stop_when_the_measure_is_known_well_enough() -> None:
    found = run(dataclasses.replace(REQUEST, replications=500, precision_share=0.1, precise=("pool.bed.occupied",)))

    interval = found.scenarios[0].measures["pool.bed.occupied"]
    assert 8 <= found.scenarios[0].replications < 200
    assert interval.half_width <= 0.1 * interval.mean


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_early_stop_does_not_depend_on_how_many_run_at_a_time(threads: int) -> None:
    asked = dataclasses.replace(REQUEST, replications=60, precision_share=0.1, precise=("pool.bed.occupied",))

    found = run(dataclasses.replace(asked, threads=threads))
    alone = run(dataclasses.replace(asked, threads=1))

    assert found.scenarios[0].replications < 60
    assert found == alone


def test_bands_have_one_point_for_each_audit_and_are_in_order(result: ExperimentResult) -> None:
    [band] = [band for band in result.scenarios[0].bands if band.name == "pool.bed.occupied"]

    assert band.at[0] == MONDAY
    assert len(band.at) == len(band.mean) == 7 * 24 + 1
    for row in zip(band.lowest, band.low, band.median, band.high, band.highest, strict=True):
        assert list(row) == sorted(row)


def test_occupancy_is_arrival_rate_times_stay() -> None:
    roomy = Scenario(name="roomy", changes=(Change(path="pools.bed.capacity", value=500),))
    request = dataclasses.replace(REQUEST, scenarios=(roomy,), horizon_s=86_400.0 * 365, warm_up_s=86_400.0 * 20)

    found = run(dataclasses.replace(request, replications=8)).scenarios[0].measures["pool.bed.occupied"]

    expected = 0.5 * (0.7 * 8 + 0.3 * 20)
    assert abs(found.mean - expected) < 4 * found.half_width / 2


def test_cost_is_staffed_hours_times_rate(result: ExperimentResult) -> None:
    cost = result.scenarios[0].measures["cost"]

    assert cost.mean == pytest.approx(6 * 7 * 24 * 40.0)
    assert cost.half_width == pytest.approx(0.0, abs=1e-6)


def test_patients_who_wait_for_one_another_for_ever_are_named() -> None:
    cross = {"a": ("x", "y"), "b": ("y", "x")}
    nodes: Document = {"out": {"do": "exit"}}
    for name, (first, second) in cross.items():
        nodes |= {
            f"{name}1": {"do": "seize", "pools": first, "next": f"{name}2"},
            f"{name}2": {"do": "delay", "duration": 5, "next": f"{name}3"},
            f"{name}3": {"do": "seize", "pools": second, "next": f"{name}4"},
            f"{name}4": {"do": "release", "pools": [first, second], "next": "out"},
        }
    document: Document = {
        "pools": {"x": {"capacity": 1}, "y": {"capacity": 1}},
        "arrivals": {name: {"at": [0], "to": f"{name}1"} for name in cross},
        "nodes": nodes,
    }

    with pytest.raises(Deadlock, match="a 0 holds x and waits for y; b 0 holds y and waits for x"):
        run(ExperimentRequest(pathway=document, replications=2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change(path="pools.beds.capacity", value=3), "no entry 'beds'"),
        (Change(path="pools.bed.capacity", action="double"), "Unknown action"),
        (Change(path="pools.bed.capacity", action="add", value="two"), "Expected a number"),
        (Change(path="name", action="add", value=2), "is no number"),
    ],
)
def test_change_that_does_not_fit_says_why(change: Change, message: str) -> None:
    with pytest.raises(PathwayError, match=message):
        run(dataclasses.replace(REQUEST, scenarios=(Scenario(name="wrong", changes=(change,)),)))


def test_one_replication_has_no_interval() -> None:
    found = run(dataclasses.replace(REQUEST, replications=1))

    assert math.isinf(found.scenarios[0].measures["pool.bed.occupied"].half_width)
    assert {c.verdict for c in found.comparisons} == {Verdict.SAME}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("audit_every_s", -3600.0),
        ("audit_every_s", 1e-3),
        ("audit_every_s", float("nan")),
        ("confidence_share", 1.0),
        ("confidence_share", float("nan")),
        ("precision_share", -0.1),
        ("warm_up_s", float("nan")),
    ],
)
def test_request_that_cannot_be_is_refused_by_field(field: str, value: float) -> None:
    request = dataclasses.replace(REQUEST, **{field: value})  # type: ignore[arg-type]

    with pytest.raises(PathwayError):
        plan_of(request, request.scenarios[0])
