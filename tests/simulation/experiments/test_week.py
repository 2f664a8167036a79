"""The usual week, and how long a run needs to forget its beginning."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simulation.experiments.request import ExperimentRequest, Scenario
from simulation.experiments.running import run
from simulation.experiments.warming import find_warm_up, plain_warm_up
from simulation.model.problems import PathwayError, Stopped
from tests.simulation.pathways import HOUR, MONDAY, Document

WEEK_S = 7 * 86_400.0


def clinic(*, zone: str = "UTC", rate: float = 2.0, stay: str = "const:60") -> Document:
    """A clinic that is open on weekday mornings, eight to noon, with four appointments an opening."""
    return {
        "zone": zone,
        "pools": {"room": {"capacity": 8}},
        "calendars": {"open": {"open": [{"days": "mon-fri", "from": "08:00", "to": "12:00"}]}},
        "arrivals": {
            "booked": {"to": "room", "appointments": {"calendar": "open", "per_opening": 4, "every": "1 h"}},
            "walk-in": {"to": "room", "per_hour": rate},
        },
        "nodes": {
            "room": {"do": "seize", "pools": "room", "next": "stay"},
            "stay": {"do": "delay", "duration": stay, "next": "leave"},
            "leave": {"do": "release", "pools": "room", "next": "out"},
            "out": {"do": "exit"},
        },
    }


def asked(document: Document, *, weeks: float = 2.0, **more: object) -> ExperimentRequest:
    told = {"start_at": MONDAY, "horizon_s": weeks * WEEK_S, "replications": 3, "threads": 2}
    return ExperimentRequest(pathway=document, **(told | more))


def test_a_week_has_an_entry_for_each_of_its_hours_and_ordered_quantiles() -> None:
    result = run(asked(clinic()))
    bands = {band.name: band for band in result.scenarios[0].week}

    occupied = bands["pool.room.occupied"]
    assert occupied.at == tuple(hour * HOUR for hour in range(168))
    for low, high in zip(
        (occupied.lowest, occupied.low, occupied.median, occupied.high),
        (occupied.low, occupied.median, occupied.high, occupied.highest),
        strict=True,
    ):
        assert all(a <= b for a, b in zip(low, high, strict=True))
    assert set(bands) == {f"pool.room.{what}" for what in ("occupied", "waiting", "turnover")} | {"patients.inside"}


@pytest.mark.parametrize(("zone", "first"), [("UTC", 8), ("Asia/Shanghai", 8)])
def test_hours_are_those_of_the_local_week(zone: str, first: int) -> None:
    document = clinic(zone=zone)
    del document["arrivals"]["walk-in"]

    week = run(asked(document, weeks=3)).scenarios[0].week
    occupied = next(band for band in week if band.name == "pool.room.occupied")

    # A patient comes at each full hour of the opening and stays for one: at the next hour the change-over is seen.
    busy = {hour for hour, mean in enumerate(occupied.mean) if mean > 0}
    assert busy == {24 * day + first + k for day in range(5) for k in range(4)}


def test_there_is_no_week_where_none_was_seen_whole() -> None:
    assert run(asked(clinic(), weeks=0.9)).scenarios[0].week == ()
    assert run(asked(clinic(), weeks=1.5, warm_up_s=WEEK_S)).scenarios[0].week == ()
    no_bands = (Scenario(name="quiet", has_bands=False),)
    assert run(asked(clinic(), scenarios=no_bands)).scenarios[0].week == ()


def test_the_warm_up_of_a_ward_that_fills_slowly_is_some_of_its_stays() -> None:
    # Filling an infinite ward: m(t) = λ E[S] (1 − exp(−t/E[S])), so after four mean stays 98 % are there.
    document = clinic(rate=6.0, stay="exp:mean=2880")  # two days, in minutes
    document["pools"]["room"]["capacity"] = 2000
    del document["arrivals"]["booked"]
    # Ten weeks would be 35 mean stays, too few for the rule: chance would settle it, or not.
    several = [find_warm_up(asked(document, weeks=20, replications=8, seed=seed)) for seed in range(1, 8)]

    assert all(found.is_settled for found in several)
    assert all(found.warm_up_s == max(found.by_quantity.values()) for found in several)
    # MSER-5 may cut later by chance, hence several seeds; it never cuts while the ward visibly fills.
    days = [found.by_quantity["pool.room.occupied"] / 86_400 for found in several]
    assert min(days) >= 2
    assert 4 <= float(np.median(days)) <= 20


def test_what_grows_for_ever_does_not_settle() -> None:
    document = clinic(rate=10.0, stay="const:120")  # 20 at once on 8 rooms
    found = find_warm_up(asked(document, weeks=2))

    assert not found.is_settled
    assert math.isnan(found.by_quantity["pool.room.waiting"])
    plain = plain_warm_up(found)
    assert plain["warm_up_hours"] is None
    assert plain["by_quantity"]["pool.room.waiting"] is None  # type: ignore[index]


def test_a_cycle_is_looked_at_as_a_whole() -> None:
    found = find_warm_up(asked(clinic(), weeks=6, replications=2), cycle_s=86_400.0)

    settled = [value for value in found.by_quantity.values() if not math.isnan(value)]
    assert settled
    assert np.allclose(np.mod(settled, 86_400.0), 0)


@pytest.mark.parametrize(
    ("weeks", "cycle_s", "place"),
    [(0.1, 0.0, "horizon_s"), (19.0, WEEK_S, "horizon_s"), (4.0, 5000.0, "cycle_s"), (4.0, 60.0, "cycle_s")],
)
def test_runs_that_are_too_short_are_refused_with_what_to_do(weeks: float, cycle_s: float, place: str) -> None:
    with pytest.raises(PathwayError) as caught:
        find_warm_up(asked(clinic(), weeks=weeks), cycle_s=cycle_s)

    assert caught.value.problem.field == place


def test_it_can_be_called_off() -> None:
    long = replace(asked(clinic(), weeks=520), replications=50)

    with pytest.raises(Stopped):
        find_warm_up(long, should_stop=lambda: True)
