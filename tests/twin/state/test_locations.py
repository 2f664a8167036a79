"""Where things probably are, and why we think so."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house import House
from twin.clock import HOUR_US, MINUTE_US
from twin.events import things
from twin.events.places import PathDefined, PlaceDefined, PlaceKind
from twin.events.things import BearerKind, DeviceReadiness
from twin.places.building import Building
from twin.state import views
from twin.state.locations import HOME_CONFIDENCE, LOST_FACTOR, OBSERVATION_HALF_LIFE_S
from twin.state.views import Basis

HALF_LIFE_US = round(OBSERVATION_HALF_LIFE_S * 1e6)


def with_pump(*, tag: str = "t1") -> House:
    house = House()
    house.tell(things.AssetRegistered, "pump", 1, category="infusion_pump", name="Pump", home="north")
    if tag:
        house.tell(things.TagBound, tag, 2, bearer="pump", bearer_kind=BearerKind.ASSET)
    return house


def test_nothing_known_is_said_to_be_unknown() -> None:
    found = views.believed_location(House().state, "ghost", 0)

    assert (found.place, found.confidence, found.basis) == ("", 0.0, Basis.UNKNOWN)


def test_an_asset_never_seen_is_believed_at_home_with_little_confidence() -> None:
    found = views.believed_location(with_pump().state, "pump", HOUR_US)

    assert (found.place, found.basis, found.confidence) == ("north", Basis.HOME, HOME_CONFIDENCE)


def test_a_sighting_is_believed_and_fades_with_age() -> None:
    house = with_pump()
    seen = house.tell(things.ZoneChanged, "t1", 10, zone="south")

    fresh = views.believed_location(house.state, "pump", 10 * MINUTE_US)
    old = views.believed_location(house.state, "pump", 10 * MINUTE_US + HALF_LIFE_US)

    assert (fresh.place, fresh.basis, fresh.confidence, fresh.age_s) == ("south", Basis.OBSERVED, 1.0, 0.0)
    assert old.confidence == pytest.approx(0.5)
    assert old.age_s == OBSERVATION_HALF_LIFE_S
    assert fresh.event_ids == (seen.id,)


def test_a_fixed_asset_does_not_fade() -> None:
    house = with_pump()
    house.tell(things.AssetRegistered, "pump", 3, category="scanner", name="CT", home="north", is_mobile=False)
    house.tell(things.ZoneChanged, "t1", 10, zone="south")

    assert views.believed_location(house.state, "pump", HALF_LIFE_US * 5).confidence == 1.0


def test_a_confirmation_makes_the_position_young_but_not_the_stay() -> None:
    house = with_pump()
    house.tell(things.ZoneChanged, "t1", 10, zone="south")

    house.tell(things.ZoneConfirmed, "t1", 70, zone="south")

    found = views.believed_location(house.state, "pump", 70 * MINUTE_US)
    assert (found.age_s, found.since_at) == (0.0, 10 * MINUTE_US)


def test_a_lost_tag_leaves_the_last_zone_with_less_confidence() -> None:
    house = with_pump()
    house.tell(things.ZoneChanged, "t1", 10, zone="south")
    house.tell(things.TagLost, "t1", 10, last_zone="south", source="twin:watch")
    assert not views.believed_location(house.state, "pump", 10 * MINUTE_US).is_lost

    house.tell(things.TagLost, "t1", 11, last_zone="south")

    found = views.believed_location(house.state, "pump", 11 * MINUTE_US)
    assert found.is_lost
    assert found.place == "south"
    assert found.confidence < LOST_FACTOR + 1e-9


def test_a_portal_puts_the_tag_behind_it() -> None:
    house = with_pump()
    house.tell(things.ZoneChanged, "t1", 10, zone="north")

    house.tell(things.PortalCrossed, "t1", 11, portal="door", from_zone="north", to_zone="south")

    assert views.believed_location(house.state, "pump", 11 * MINUTE_US).place == "south"
    assert house.state.index.assets_by_zone["south"] == {"pump"}


def test_a_sighting_before_the_binding_says_nothing_of_the_new_bearer() -> None:
    house = with_pump(tag="")
    house.tell(things.ZoneChanged, "t1", 5, zone="south")

    house.tell(things.TagBound, "t1", 10, bearer="pump", bearer_kind=BearerKind.ASSET)

    assert views.believed_location(house.state, "pump", 11 * MINUTE_US).basis is Basis.HOME


def test_a_tag_moved_to_another_device_takes_its_position_along() -> None:
    house = with_pump()
    house.tell(things.AssetRegistered, "other", 1, category="infusion_pump", name="Other", home="north")
    house.tell(things.TagBound, "t1", 20, bearer="other", bearer_kind=BearerKind.ASSET)

    house.tell(things.ZoneChanged, "t1", 30, zone="south")

    assert house.state.index.assets_by_zone["south"] == {"other"}
    assert views.believed_location(house.state, "pump", 31 * MINUTE_US).basis is Basis.HOME


def test_of_two_tags_the_one_seen_last_counts_and_far_apart_sightings_are_told() -> None:
    house = with_pump()
    house.tell(things.TagBound, "t2", 2, bearer="pump", bearer_kind=BearerKind.ASSET)
    house.tell(things.ZoneChanged, "t1", 10, zone="north")

    house.tell(things.ZoneChanged, "t2", 10.5, zone="south")

    assert views.believed_location(house.state, "pump", 11 * MINUTE_US).place == "south"
    assert [violation.code for violation in views.invariants(house.state)] == ["asset_in_two_places"]


def test_far_apart_sightings_are_told_whichever_of_three_tags_saw_them() -> None:
    house = with_pump()
    for tag in ("t2", "t3"):
        house.tell(things.TagBound, tag, 2, bearer="pump", bearer_kind=BearerKind.ASSET)
    house.tell(things.ZoneChanged, "t2", 5, zone="north")
    house.tell(things.ZoneChanged, "t1", 10, zone="north")

    house.tell(things.ZoneChanged, "t3", 10.5, zone="south")

    assert [violation.code for violation in views.invariants(house.state)] == ["asset_in_two_places"]


def test_a_device_on_a_patient_is_believed_at_the_bed() -> None:
    house = with_pump()
    house.admit("e1", "north-1", 10)

    house.tell(things.CustodyChanged, "pump", 12, custodian="e1")

    found = views.believed_location(house.state, "pump", 12 * MINUTE_US)
    assert (found.place, found.basis) == ("north-1", Basis.ASSIGNED)


def test_a_wristband_outranks_the_assigned_bed_while_it_is_fresh() -> None:
    house = House()
    house.admit("e1", "north-1", 1)
    house.tell(things.TagBound, "w1", 2, bearer="e1", bearer_kind=BearerKind.ENCOUNTER)
    house.tell(things.ZoneChanged, "w1", 10, zone="south")

    fresh = views.believed_encounter_location(house.state, "e1", 10 * MINUTE_US)
    stale = views.believed_encounter_location(house.state, "e1", 10 * MINUTE_US + 3 * HALF_LIFE_US)

    assert (fresh.place, fresh.basis) == ("south", Basis.OBSERVED)
    assert (stale.place, stale.basis) == ("north-1", Basis.ASSIGNED)
    assert house.state.index.encounters_by_zone["south"] == {"e1"}


def test_bearer_and_tags_are_told_as_of_any_instant() -> None:
    house = with_pump()
    house.tell(things.TagBound, "t1", 20, bearer="e1", bearer_kind=BearerKind.ENCOUNTER)
    house.tell(things.TagUnbound, "t1", 30)

    at = [views.bearer_of(house.state, "t1", minute * MINUTE_US) for minute in (1, 2, 19, 20, 29, 30, 99)]

    assert at == ["", "pump", "pump", "e1", "e1", "", ""]
    assert views.tags_of(house.state, "pump", 5 * MINUTE_US) == ("t1",)
    assert views.tags_of(house.state, "pump", 25 * MINUTE_US) == ()
    assert views.tags_of(house.state, "e1", 25 * MINUTE_US, BearerKind.ENCOUNTER) == ("t1",)
    assert views.tags_of(house.state, "e1", 25 * MINUTE_US, BearerKind.ASSET) == ()
    assert views.bearer_of(house.state, "never seen", 5) == ""


@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from(("pump", "scanner", ""))), max_size=12), st.integers(0, 60)
)
def test_the_bearer_is_always_the_one_of_the_latest_binding(bindings: list[tuple[int, str]], at: int) -> None:
    house = House()
    for minute, bearer in bindings:
        if bearer:
            house.tell(things.TagBound, "t1", minute, bearer=bearer, bearer_kind=BearerKind.ASSET)
        else:
            house.tell(things.TagUnbound, "t1", minute)
    earlier = [(minute, number) for number, (minute, _) in enumerate(bindings) if minute <= at]

    expected = bindings[max(earlier)[1]][1] if earlier else ""

    assert views.bearer_of(house.state, "t1", at * MINUTE_US) == expected


def test_a_retired_asset_is_not_offered_and_a_new_entry_brings_it_back() -> None:
    house = with_pump()
    house.tell(things.AssetRetired, "pump", 10)
    assert house.state.freeze().assets == {}

    house.tell(things.AssetRegistered, "pump", 20, category="infusion_pump", name="Pump", home="south")

    assert house.state.freeze().assets["pump"].place == "south"


def corridor(house: House) -> Building:
    house.tell(PathDefined, "p1", 0, start="north", end="site", length_m=13.0)
    house.tell(PathDefined, "p2", 0, start="site", end="south", length_m=13.0)
    return Building.from_definitions(house.state.places.values(), house.state.paths.values())


def test_the_nearest_suitable_asset_is_found_by_walking_time() -> None:
    house = with_pump(tag="")
    house.tell(things.AssetRegistered, "far", 1, category="infusion_pump", name="Far", home="south")
    house.tell(things.DeviceReadinessChanged, "pump", 5, readiness=DeviceReadiness.DIRTY)
    routes = corridor(house).routes()

    def suits(asset: str) -> bool:
        return views.is_free_to_use(house.state, asset)

    [found] = views.nearest_assets(house.state, routes, "north-1", category="infusion_pump", suits=suits)
    assert (found.asset, found.place, found.seconds) == ("far", "south", pytest.approx(20.0))
    house.tell(things.DeviceReadinessChanged, "pump", 6, readiness=DeviceReadiness.CLEAN)

    both = views.nearest_assets(house.state, routes, "north-1", category="infusion_pump", suits=suits, k=5)
    assert [near.asset for near in both] == ["pump", "far"]
    assert views.nearest_assets(house.state, routes, "north-1", category="ventilator", suits=suits) == []


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        pytest.param(things.AvailabilityChanged, {"is_usable": False, "reasons": ("overdue",)}, id="not usable"),
        pytest.param(things.CustodyChanged, {"custodian": "s1"}, id="somebody has it"),
        pytest.param(things.DeviceStatusChanged, {"status": "running"}, id="running"),
        pytest.param(things.DeviceStatusChanged, {"status": "fault"}, id="faulty"),
        pytest.param(things.DeviceReadinessChanged, {"readiness": DeviceReadiness.REPROCESSING}, id="in the machine"),
        pytest.param(things.AssetRetired, {}, id="retired"),
    ],
)
def test_a_device_is_not_free_for_any_of_these_reasons(
    kind: type[things.CustodyChanged], payload: dict[str, str]
) -> None:
    house = with_pump()
    assert views.is_free_to_use(house.state, "pump")

    house.tell(kind, "pump", 10, **payload)

    assert not views.is_free_to_use(house.state, "pump")


def test_nearest_assets_equal_brute_force() -> None:
    house, chance = House(), random.Random(4)
    rooms = [f"room-{number}" for number in range(30)]
    for number, room in enumerate(rooms):
        house.tell(PlaceDefined, room, 0, kind=PlaceKind.ROOM, name=room)
        if number:
            house.tell(
                PathDefined,
                f"w{number}",
                0,
                start=rooms[chance.randrange(number)],
                end=room,
                length_m=chance.uniform(1, 9),
            )
    for number in range(120):
        house.tell(
            things.AssetRegistered, f"a{number:03}", 1, category=f"c{number % 3}", name="x", home=chance.choice(rooms)
        )
    routes = Building.from_definitions(house.state.places.values(), house.state.paths.values()).routes()
    free = {f"a{number:03}" for number in range(120) if chance.random() < 0.3}

    for start in rooms:
        away = routes.reach(start)
        truth = sorted(
            (round(away[asset.entry.home], 9), asset.id)
            for asset in house.state.assets.values()
            if asset.entry is not None and asset.entry.category == "c1" and asset.id in free
        )

        found = views.nearest_assets(house.state, routes, start, category="c1", suits=free.__contains__, k=4)

        assert [(round(near.seconds, 9), near.asset) for near in found] == truth[:4]
