"""What the device organ tells when something happens, through the real ledger."""

from __future__ import annotations

import pytest

from assets.model.regions import ReprocessingState
from assets.model.register import Asset
from assets.rules.egress import Permit
from assets.service.custody import custody_as_of, permit_leaving
from assets.service.register import register_asset
from assets.tables.register import load_asset
from tests.assets.conftest import House
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.things import (
    AssetMoved,
    AssetRegistered,
    AssetRetired,
    AvailabilityChanged,
    BearerKind,
    CustodyChanged,
    DeviceReadiness,
    DeviceReadinessChanged,
    DeviceStatusChanged,
    EgressSeen,
    PortalCrossed,
    TagBound,
    ZoneChanged,
)

PUMP = Asset(id="pump-1", control_no="C-1", category="infusion_pump", name="Pump 1")


def head(house: House, thing: str, key: str, *, at: int = 0) -> dict[str, object]:
    return {"thing": thing, "occurred_at": at or house.clock.now(), "source": "gateway:g1", "source_key": key}


@pytest.fixture
def tagged(house: House) -> House:
    house.do(register_asset, act=house.act(), asset=PUMP)
    house.tell(
        PlaceDefined(**head(house, "ward", "p1"), kind=PlaceKind.WARD, name="Ward", purpose="ward"),
        PlaceDefined(**head(house, "gate", "p2"), kind=PlaceKind.PORTAL, name="Gate", purpose="exit"),
        PlaceDefined(**head(house, "street", "p3"), kind=PlaceKind.AREA, name="Street", purpose="outside"),
        TagBound(**head(house, "tag-1", "b1"), bearer="pump-1", bearer_kind=BearerKind.ASSET),
        TagBound(**head(house, "tag-2", "b2"), bearer="patient-1", bearer_kind=BearerKind.ENCOUNTER),
    )
    house.clock.advance(60)
    return house


def test_a_tag_s_zone_change_is_told_of_its_asset(tagged: House) -> None:
    tagged.tell(ZoneChanged(**head(tagged, "tag-1", "z1"), zone="ward", previous_zone="gate"))

    (moved,) = tagged.events(AssetMoved)
    assert (moved.thing, moved.from_place, moved.to_place) == ("pump-1", "gate", "ward")
    assert moved.source == "twin:assets.movement"


def test_a_wristband_moves_no_asset(tagged: House) -> None:
    tagged.tell(ZoneChanged(**head(tagged, "tag-2", "z1"), zone="gate"))

    assert tagged.events(AssetMoved) == []
    assert tagged.events(EgressSeen) == []


def test_the_same_read_twice_is_told_once(tagged: House) -> None:
    for _ in range(2):
        tagged.tell(ZoneChanged(**head(tagged, "tag-1", "z1"), zone="ward", previous_zone="gate"))

    assert len(tagged.events(AssetMoved)) == 1


def test_alarm_when_a_pump_stands_at_the_exit_without_a_permit(tagged: House) -> None:
    tagged.tell(ZoneChanged(**head(tagged, "tag-1", "z1"), zone="gate", previous_zone="ward"))

    (seen,) = tagged.events(EgressSeen)
    assert (seen.thing, seen.place, seen.from_place) == ("pump-1", "gate", "ward")


def test_no_alarm_with_a_permit_nor_within_the_house(tagged: House) -> None:
    permit = Permit(asset="pump-1", start_at=tagged.clock.now())
    tagged.do(permit_leaving, act=tagged.act(), permit=permit, reason="return to vendor")

    tagged.tell(
        ZoneChanged(**head(tagged, "tag-1", "z1"), zone="gate", previous_zone="ward"),
        ZoneChanged(**head(tagged, "tag-1", "z2"), zone="ward", previous_zone="gate"),
    )

    assert tagged.events(EgressSeen) == []


def test_going_out_through_a_gate_is_an_egress_and_coming_in_is_none(tagged: House) -> None:
    tagged.tell(PortalCrossed(**head(tagged, "tag-1", "x1"), portal="gate", from_zone="street", to_zone="ward"))
    assert tagged.events(EgressSeen) == []

    tagged.clock.advance(60)
    tagged.tell(PortalCrossed(**head(tagged, "tag-1", "x2"), portal="gate", from_zone="ward", to_zone="street"))

    assert [seen.place for seen in tagged.events(EgressSeen)] == ["street"]


def test_an_asset_that_came_in_as_an_event_stands_in_the_register(house: House) -> None:
    house.tell(AssetRegistered(**head(house, "bed-9", "r1"), category="bed", name="Bed 9", may_leave=True))

    row = house.ask(load_asset, asset_id="bed-9")
    assert (row.category, row.may_leave, row.is_usable) == ("bed", True, True)
    assert house.events(AvailabilityChanged) == []


def test_dirty_makes_unusable_and_clean_makes_usable_again_and_an_older_word_changes_nothing(tagged: House) -> None:
    at = tagged.clock.now()
    dirty, clean = DeviceReadiness.DIRTY, DeviceReadiness.CLEAN
    tagged.tell(
        DeviceReadinessChanged(**head(tagged, "pump-1", "d1", at=at), readiness=dirty),
        DeviceReadinessChanged(**head(tagged, "pump-1", "d2", at=at + 10), readiness=clean),
        DeviceReadinessChanged(**head(tagged, "pump-1", "d3", at=at + 5), readiness=dirty),
    )

    told = [(event.is_usable, event.reasons) for event in tagged.events(AvailabilityChanged)]
    assert told == [(False, ("reprocessing.dirty",)), (True, ())]
    assert tagged.ask(load_asset, asset_id="pump-1").reprocessing == ReprocessingState.CLEAN
    assert tagged.state.assets["pump-1"].is_usable


def test_a_fault_is_a_reason_as_long_as_it_lasts(tagged: House) -> None:
    tagged.tell(DeviceStatusChanged(**head(tagged, "pump-1", "s1"), status="fault", fault_code="E7"))
    tagged.clock.advance(5)
    tagged.tell(DeviceStatusChanged(**head(tagged, "pump-1", "s2"), status="standby"))

    assert [event.reasons for event in tagged.events(AvailabilityChanged)] == [("status.fault",), ()]


def test_another_system_s_word_on_custody_is_followed(tagged: House) -> None:
    tagged.tell(CustodyChanged(**head(tagged, "pump-1", "c1"), custodian="nurse-7"))

    period = tagged.ask(custody_as_of, asset_id="pump-1", at=tagged.clock.now())
    assert period is not None
    assert period.custodian == "nurse-7"


def test_retired_elsewhere_is_unusable_here(tagged: House) -> None:
    tagged.tell(AssetRetired(**head(tagged, "pump-1", "x1"), reason="sold"))

    assert [event.reasons for event in tagged.events(AvailabilityChanged)] == [("operational.retired",)]
