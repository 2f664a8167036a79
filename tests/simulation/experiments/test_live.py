from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from simulation.experiments.live import live_start
from simulation.experiments.request import ExperimentRequest, Scenario
from simulation.experiments.running import plan_of, run
from simulation.model.operations import Need
from simulation.model.state import InitialState, InPlace
from tests.simulation.pathways import MONDAY, both, rows
from tests.simulation.pathways import plan_of as plan_of_document
from twin.events.patients import BedReadiness, BedService, EncounterClass
from twin.events.places import PathDefined, PlaceDefined, PlaceKind
from twin.events.work import StaffDefined
from twin.places.movers import DEFAULT_PROFILES, Mover
from twin.state.beds import Occupancy
from twin.state.frozen import FrozenBed, FrozenEncounter, HospitalState
from twin.state.model import EncounterStatus

HOUR = 3_600_000_000


def place(name: str, purpose: str, department: str, kind: PlaceKind = PlaceKind.WARD) -> PlaceDefined:
    return PlaceDefined(
        thing=name,
        occurred_at=MONDAY,
        source="demo:test",
        source_key=name,
        kind=kind,
        name=name,
        purpose=purpose,
        department=department,
    )


def hospital() -> HospitalState:
    places = {
        p.thing: p for p in (place("ED", "emergency", "ED"), place("ICU", "icu", "ICU"), place("3A", "ward", "MED"))
    }
    places |= {f"OR-{n}": place(f"OR-{n}", "theatre", "OR", PlaceKind.ROOM) for n in range(2)}
    beds: dict[str, FrozenBed] = {}
    encounters: dict[str, FrozenEncounter] = {}
    for ward, count, lying in (("ED", 6, 3), ("ICU", 4, 2), ("3A", 20, 12)):
        for number in range(count):
            name = f"{ward}-{number:02d}"
            who = (f"E-{name}",) if number < lying else ()
            taken = Occupancy.OCCUPIED if who else Occupancy.FREE
            beds[name] = FrozenBed(id=name, ward=ward, occupancy=taken, encounters=who)
            for encounter in who:
                encounters[encounter] = FrozenEncounter(
                    id=encounter,
                    status=EncounterStatus.IN_PROGRESS,
                    encounter_class=EncounterClass.EMERGENCY if ward == "ED" else EncounterClass.INPATIENT,
                    place=name,
                    acuity=4 if number == 0 else 2,
                    started_at=MONDAY - (number + 1) * HOUR,
                    placed_at=MONDAY - number * HOUR,
                )
    beds["3A-19"] = FrozenBed(id="3A-19", ward="3A", service=BedService.CLOSED)
    beds["3A-18"] = FrozenBed(id="3A-18", ward="3A", readiness=BedReadiness.CLEANING, since_at=MONDAY - HOUR // 4)
    beds["3A-17"] = FrozenBed(id="3A-17", ward="3A", readiness=BedReadiness.DIRTY, since_at=MONDAY - HOUR // 2)
    encounters["E-waiting"] = FrozenEncounter(
        id="E-waiting",
        status=EncounterStatus.IN_PROGRESS,
        encounter_class=EncounterClass.EMERGENCY,
        started_at=MONDAY - HOUR // 2,
    )
    encounters["E-nowhere"] = FrozenEncounter(
        id="E-nowhere", status=EncounterStatus.IN_PROGRESS, encounter_class=EncounterClass.INPATIENT, started_at=MONDAY
    )
    return HospitalState(
        at=MONDAY,
        sequence=1,
        places=places,
        paths={},
        closures={},
        staff={},
        read_points={},
        gateways={},
        plans={},
        beds=beds,
        encounters=encounters,
        tickets={},
        assets={},
        tasks={},
        alarms={},
        stock=(),
    )


def test_everybody_in_bed_is_in_place_with_what_has_passed_of_the_stay() -> None:
    found = live_start(hospital())

    lying = {one.name: one for one in found.initial.patients if not one.in_turnover}
    assert lying["E-ICU-01"].node == "icu-stay"
    assert lying["E-ICU-01"].elapsed_us == HOUR
    assert lying["E-3A-05"].held == (Need("ward-3A"),)
    assert lying["E-ED-00"].patient_class == 1
    assert lying["E-waiting"].node == "wait-for-bay"
    assert found.skipped == ("E-nowhere",)


def test_closed_beds_are_no_capacity_and_dirty_ones_come_back_after_cleaning() -> None:
    found = live_start(hospital())

    pools = found.pathway["pools"]
    assert pools["ward-3A"]["capacity"] == 19  # type: ignore[index]
    turning = {one.name: one for one in found.initial.patients if one.in_turnover}
    assert turning["3A-18"].node == "turnover:ward-3A:clean"
    assert Need("cleaners") in turning["3A-18"].held
    assert turning["3A-17"].node == "turnover:ward-3A"


def test_run_begins_with_the_present_census() -> None:
    found = live_start(hospital())

    result = run(
        ExperimentRequest(pathway=found.pathway, initial=found.initial, start_at=found.start_at, replications=10)
    )

    bands = {band.name: band for band in result.scenarios[0].bands}
    assert bands["pool.icu.occupied"].lowest[0] == bands["pool.icu.occupied"].highest[0] == 2
    assert bands["pool.ward-3A.occupied"].mean[0] == 12
    assert bands["pool.ward-3A.turnover"].mean[0] == 2
    assert len(bands["pool.icu.occupied"].at) == 49


def test_live_hospital_runs_the_same_in_both_engines() -> None:
    found = live_start(hospital())
    request = ExperimentRequest(
        pathway=found.pathway, initial=found.initial, start_at=found.start_at, horizon_s=40 * 3600.0
    )
    plan = plan_of(request, request.scenarios[0])

    for replication in range(3):
        fast, slow = both(plan, replication)
        assert rows(fast) == rows(slow)
        np.testing.assert_array_equal(fast.audits, slow.audits)


STAY = {
    "unit": "h",
    "pools": {"bed": {"capacity": 400}},
    "arrivals": {"in": {"per_hour": 0.0001, "to": "stay"}},
    "nodes": {
        "stay": {"do": "serve", "pools": "bed", "duration": "lognormal:10,8", "next": "out"},
        "out": {"do": "exit"},
    },
}


@pytest.mark.parametrize("elapsed_h", [0, 5, 30])
def test_rest_of_a_stay_has_the_conditional_survival(elapsed_h: int) -> None:
    patients = tuple(
        InPlace(name=str(n), node="stay:service", elapsed_us=elapsed_h * HOUR, held=(Need("bed"),)) for n in range(300)
    )
    plan = plan_of_document(STAY, hours=12, initial=InitialState(patients=patients), audit_every_us=12 * HOUR)

    fast, slow = both(plan)

    from simulation.model.distributions import lognormal
    from simulation.numerics import laws, sources

    book = sources.LawBook()
    book.add(lognormal(10 * HOUR, 8 * HOUR))
    table, values = book.arrays()
    law = (int(table[0, 0]), *table[0, 1:])
    expected = laws.survival(*law, values, (elapsed_h + 12.0) * HOUR) / laws.survival(
        *law, values, elapsed_h * HOUR * 1.0
    )
    assert rows(fast) == rows(slow)
    still = fast.audits[-1, 0] / 300
    assert abs(still - expected) < 4 * (expected * (1 - expected) / 300) ** 0.5


def test_known_rest_of_a_stay_is_kept() -> None:
    one = InPlace(name="x", node="stay:service", elapsed_us=HOUR, held=(Need("bed"),), remaining_us=90 * 60_000_000)
    plan = plan_of_document(STAY, hours=12, initial=InitialState(patients=(one,)))

    fast, _ = both(plan)

    assert rows(fast)[0][0] == 90 * 60_000_000


def with_porters(state: HospitalState, count: int) -> HospitalState:
    head = {"occurred_at": MONDAY, "source": "demo:test"}
    staff = {
        f"porter-{n}": StaffDefined(thing=f"porter-{n}", source_key=f"porter-{n}", role="porter", label=f"P{n}", **head)
        for n in range(count)
    }
    paths = {
        name: PathDefined(thing=name, source_key=name, start=start, end=end, length_m=length_m, **head)
        for name, start, end, length_m in (("p1", "ED", "3A", 120.0), ("p2", "ICU", "ED", 40.0))
    }
    return replace(state, staff=staff, paths=paths)


def test_patients_are_wheeled_through_the_corridors_where_there_are_porters() -> None:
    found = live_start(with_porters(hospital(), 7))
    nodes, pools = found.pathway["nodes"], found.pathway["pools"]

    assert pools["porters"] == {"capacity": 2}  # type: ignore[index]
    assert nodes["ed-to-3A"]["next"] == "move-ed-to-3A"  # type: ignore[index]
    assert nodes["move-ed-to-3A"]["next"] == "ed-left-for-3A"  # type: ignore[index]
    seconds = 120 / DEFAULT_PROFILES[Mover.BED].speed_m_per_s
    plan = plan_of(ExperimentRequest(pathway=found.pathway, start_at=MONDAY), Scenario(name="as it is"))
    assert plan.pathway.operations["move-ed-to-3A:way"].durations[0].mean == pytest.approx(seconds * 1e6, abs=1e3)  # type: ignore[union-attr]
    fast, slow = both(plan)
    assert rows(fast) == rows(slow)


def test_a_ward_that_no_bed_can_reach_and_a_house_without_porters_have_no_moves() -> None:
    cut_off = replace(with_porters(hospital(), 3), paths={})

    for state in (cut_off, with_porters(hospital(), 0)):
        assert not [name for name in live_start(state).pathway["nodes"] if name.startswith("move-")]  # type: ignore[attr-defined]
