"""Cost of service by price, and use by zones, from the register, the orders and the history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assets.model.agreements import Agreement, AgreementKind
from assets.model.work import WorkKind
from assets.rules.due_dates import local_day
from assets.rules.endoscopes import LightDose
from assets.rules.fleet_figures import TimeUse
from assets.service import agreements, fleet_figures, taking_over, turnaround
from assets.service.endoscopes import RoomDose, record_dose
from assets.service.taking_over import PastOrder
from tests.assets.conftest import House
from tests.assets.service.test_records import UTC, enter, pump
from twin.clock import DAY_US, HOUR_US
from twin.events.patients import BedReadiness, BedReadinessChanged, EncounterClass, EncounterStarted
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.things import BearerKind, DeviceStatusChanged, TagBound, ZoneChanged
from twin.history.projection import HistoryProjection


def order(house: House, number: int, *, cost: int, ago_days: float) -> PastOrder:
    closed = house.clock.now() - int(ago_days * DAY_US)
    return PastOrder(
        number=f"o{number}-{ago_days}",
        asset=f"pump-{number}",
        kind=WorkKind.CORRECTIVE,
        title="Battery",
        opened_at=closed - HOUR_US,
        closed_at=closed,
        failure_code="battery",
        finding="repaired",
        minutes=60,
        labour_cost=cost,
        parts_cost=0,
        technician="x",
    )


def test_cost_of_service_counts_orders_of_the_year_and_the_days_of_contracts(house: House) -> None:
    enter(house, *(pump(n, cost=100_000) for n in (1, 2, 3)), pump(4))
    orders = [order(house, 1, cost=6_000, ago_days=10), order(house, 2, cost=3_000, ago_days=300)]
    orders.append(order(house, 3, cost=50_000, ago_days=400))  # before the year
    house.do(taking_over.take_over, act=house.act(), orders=orders)
    today = local_day(house.clock.now(), UTC)
    contract = Agreement(
        id="c",
        kind=AgreementKind.SERVICE,
        party="Maker",
        assets=("pump-1", "pump-2", "pump-3"),
        starts_on=today - timedelta(days=3 * 365),
        cost=9_000,
        per_days=365,
    )
    house.do(agreements.save_agreement, act=house.act(), agreement=contract)

    (found,) = house.ask(fleet_figures.cost_ratios, now=house.clock.now(), zone=UTC)

    assert (found.devices, found.without_price, found.orders) == (3, 1, 2)
    assert (found.work_cost, found.contract_cost, found.paid) == (9_000, 9_000, 300_000)
    assert found.by_acquisition.point == pytest.approx(0.06)
    assert found.by_acquisition.low is not None
    assert found.by_acquisition.low < 0.06 < (found.by_acquisition.high or 0.0)
    assert (found.by_replacement.point, found.by_replacement.n) == (None, 0)


def told(event: type[Any], thing: str, at: int, **payload: Any) -> Any:
    return event(
        thing=thing, occurred_at=at, source="demo:test", source_key=f"{event.__name__}:{thing}:{at}", **payload
    )


def test_use_by_zones_counts_a_bed_only_while_a_patient_had_it(house: House) -> None:
    history_begins = house.clock.now()
    house.clock.advance(2 * 86_400)
    now, begin = house.clock.now(), house.clock.now() - DAY_US
    history = HistoryProjection().follow(house.ledger)
    enter(house, pump(1), pump(2), pump(3))
    old = history_begins
    places = [("R1", PlaceKind.ROOM, "ward_room", ""), ("B1", PlaceKind.BED, "bed", "R1")]
    places.append(("EB", PlaceKind.ROOM, "equipment_bay", ""))
    house.tell(
        *(told(PlaceDefined, key, old, kind=kind, name=key, parent=up, purpose=use) for key, kind, use, up in places)
    )
    for n in (1, 2, 3):
        house.tell(told(TagBound, f"T{n}", old, bearer=f"pump-{n}", bearer_kind=BearerKind.ASSET))
        house.tell(told(ZoneChanged, f"T{n}", begin, zone="R1"))
        house.tell(told(ZoneChanged, f"T{n}", begin + 18 * HOUR_US, zone="EB", previous_zone="R1"))
    patient = told(EncounterStarted, "E1", begin + 6 * HOUR_US, encounter_class=EncounterClass.INPATIENT, place="B1")
    house.tell(patient)
    assert history.wait_until(house.ledger.last_sequence(), 10)

    (found,) = house.ask(fleet_figures.utilisation, state=house.state, now=now, days=1)

    assert (found.in_use.point, found.in_use.n) == (pytest.approx(0.5), 3)
    assert (found.running.point, found.running.n) == (None, 0)  # none of them says anything of itself
    assert found.shares[TimeUse.WITH_PATIENT_AWAY].point == pytest.approx(0.25)
    assert found.shares[TimeUse.KEPT_READY].point == pytest.approx(0.25)

    # Each runs for three of the twelve hours beside the patient, and once more in the equipment bay.
    for n in (1, 2, 3):
        for hour, status in ((0, "standby"), (8, "running"), (11, "standby"), (20, "running"), (21, "standby")):
            house.tell(told(DeviceStatusChanged, f"pump-{n}", begin + hour * HOUR_US, status=status))
    assert history.wait_until(house.ledger.last_sequence(), 10)

    (found,) = house.ask(fleet_figures.utilisation, state=house.state, now=now, days=1)

    assert (found.running.point, found.running.n) == (pytest.approx(4 / 24), 3)
    assert found.in_use.point == found.running.point
    assert found.shares[TimeUse.BESIDE_PATIENT].point == pytest.approx(9 / 24)


def test_rooms_are_turned_round_by_ward_with_their_doses(house: House) -> None:
    old = house.clock.now()
    house.clock.advance(3 * 86_400)
    now = house.clock.now()
    history = HistoryProjection().follow(house.ledger)
    house.tell(
        told(PlaceDefined, "W", old, kind=PlaceKind.WARD, name="W", purpose="ward"),
        told(PlaceDefined, "R", old, kind=PlaceKind.ROOM, name="R", parent="W", purpose="ward_room"),
        told(PlaceDefined, "B", old, kind=PlaceKind.BED, name="B", parent="R", purpose="bed"),
    )
    for number in range(4):
        begin = now - 30 * HOUR_US + number * 5 * HOUR_US
        for minutes, readiness in ((0, "clean"), (60, "dirty"), (75, "cleaning"), (100 + number, "clean")):
            at = begin + minutes * 60_000_000
            house.tell(told(BedReadinessChanged, "B", at, readiness=BedReadiness(readiness)))
    house.tell(told(BedReadinessChanged, "B", now - HOUR_US, readiness=BedReadiness.DIRTY))
    dose = RoomDose(
        place="R",
        at=now - HOUR_US,
        doses=(LightDose(position="bed", irradiance_mw_cm2=1.0, duration_s=60.0, target_mj_cm2=50.0),),
    )
    house.do(record_dose, act=house.act(), dose=dose)
    assert history.wait_until(house.ledger.last_sequence(), 10)

    (found,) = house.ask(turnaround.turnaround, state=house.state, now=now, days=2)

    assert (found.ward, found.turnovers, found.not_ready) == ("W", 4, 1)
    assert found.median.point == pytest.approx(41.5 * 60)
    assert (found.cleaned.point, found.waited.point) == (pytest.approx(26.5 * 60), pytest.approx(15 * 60))
    assert (found.doses, found.doses_reached) == (1, 1)
