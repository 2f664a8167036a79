"""What a person may say of a device's life, what keeps it from service, and that nothing else moves it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.model.regions import OperationalState
from assets.model.register import Asset
from assets.model.work import WorkKind, WorkOrder
from assets.rules.usability import may_move
from assets.service import incidents, work
from assets.service.availability import change_state
from assets.service.life import SAID_BY_PEOPLE, next_states, say_state, steps_of
from assets.service.register import register_asset, retire_asset
from assets.tables.register import load_asset
from assets.tables.rows import AssetRow
from tests.assets.conftest import House
from tests.assets.service.test_records import UTC, incident
from twin.access import Role
from twin.errors import FieldError, Forbidden, Refused
from twin.events.things import AvailabilityChanged

QUARANTINED, MISSING = OperationalState.QUARANTINED, OperationalState.MISSING
IN_SERVICE = OperationalState.IN_SERVICE


def enter(house: House) -> None:
    asset = Asset(id="pump-1", control_no="C-1", category="pump", name="Pump")
    house.do(register_asset, act=house.act(), asset=asset)


def say(house: House, state: OperationalState, reason: str = "seen so") -> None:
    house.clock.advance(60)
    house.do(say_state, act=house.act(), asset_id="pump-1", state=state, reason=reason)


def test_a_device_is_set_aside_missed_and_found_with_who_said_so_and_why(house: House) -> None:
    enter(house)

    for state, reason in ((QUARANTINED, "smells burnt"), (IN_SERVICE, "was the socket"), (MISSING, "third search")):
        say(house, state, reason)
    say(house, IN_SERVICE, "behind the lift")

    steps = house.ask(steps_of, asset="pump-1")
    assert [(step.before, step.after) for step in reversed(steps)] == [
        (IN_SERVICE, QUARANTINED),
        (QUARANTINED, IN_SERVICE),
        (IN_SERVICE, MISSING),
        (MISSING, IN_SERVICE),
    ]
    assert (steps[0].reason, steps[0].actor) == ("behind the lift", "biomed-1")
    assert [event.is_usable for event in house.events(AvailabilityChanged)] == [False, True, False, True]


def test_what_is_open_keeps_a_device_from_service(house: House) -> None:
    enter(house)
    house.do(incidents.report_incident, act=house.act(), incident=incident(house), zone=UTC)
    say(house, QUARANTINED)
    order = WorkOrder(id="w", asset="pump-1", kind=WorkKind.PREVENTIVE)
    house.do(work.open_work_order, act=house.act(), order=order)

    with pytest.raises(Refused) as refused:
        say(house, IN_SERVICE)

    assert refused.value.reasons == ("compliance.incident_open",)  # planned work alone keeps nothing from service
    assert house.ask(load_asset, asset_id="pump-1").operational == "quarantined"


def test_a_broken_device_serves_again_only_by_its_order(house: House) -> None:
    enter(house)
    order = WorkOrder(id="w", asset="pump-1", kind=WorkKind.CORRECTIVE)
    house.do(work.open_work_order, act=house.act(), order=order)

    for state in (IN_SERVICE, MISSING):
        with pytest.raises(Refused):
            say(house, state)
    say(house, QUARANTINED)
    with pytest.raises(Refused) as refused:
        say(house, IN_SERVICE)

    assert refused.value.reasons == ("work_order.open",)


def test_a_retired_device_is_wiped_before_it_is_disposed_of(house: House) -> None:
    enter(house)
    house.do(retire_asset, act=house.act(), asset_id="pump-1", reason="end of life")

    with pytest.raises(Refused):
        say(house, OperationalState.DISPOSED)
    say(house, OperationalState.SANITISED, "disk wiped, certificate 7")
    say(house, OperationalState.DISPOSED)

    with pytest.raises(Refused):
        say(house, IN_SERVICE)


def test_no_reason_and_no_right_is_refused(house: House) -> None:
    enter(house)

    with pytest.raises(FieldError):
        say(house, QUARANTINED, "  ")
    with pytest.raises(Forbidden):
        house.do(say_state, act=house.act("n", Role.NURSE), asset_id="pump-1", state=QUARANTINED, reason="x")


@given(st.sampled_from(list(OperationalState)))
def test_a_person_says_only_what_follows_and_never_what_needs_a_proof(before: OperationalState) -> None:
    row = AssetRow(
        id="a", control_no="a", category="p", name="n", operational=before, reprocessing="clean", custody="free"
    )

    for state in next_states(row):
        assert may_move(before, state)
        assert state in SAID_BY_PEOPLE
        assert state is not before
    # What was repaired, or has just come in, serves only after its test.
    if before in (OperationalState.IN_REPAIR, OperationalState.ACCEPTANCE_TEST, OperationalState.INCOMING_TEST):
        assert IN_SERVICE not in next_states(row)


def test_the_sum_of_steps_is_where_it_stands(house: House) -> None:
    enter(house)
    house.do(change_state, act=house.act(), asset_id="pump-1", operational=OperationalState.ORDERED)
    say(house, OperationalState.RECEIVED, "on the ramp")

    (step,) = house.ask(steps_of, asset="pump-1")

    assert step.after == house.ask(load_asset, asset_id="pump-1").operational


def order(house: House, name: str, kind: WorkKind) -> None:
    told = WorkOrder(id=name, asset="pump-1", kind=kind)
    house.do(work.open_work_order, act=house.act(), order=told)


def stands(house: House) -> str:
    return house.ask(load_asset, asset_id="pump-1").operational


@pytest.mark.parametrize("aside", [QUARANTINED, MISSING])
def test_giving_up_a_repair_of_a_device_that_was_set_aside_does_not_put_it_into_service(
    house: House, aside: OperationalState
) -> None:
    enter(house)
    say(house, aside)
    order(house, "w", WorkKind.CORRECTIVE)

    house.do(work.cancel_work_order, act=house.act(), order_id="w", version=1, reason="entered twice")

    assert stands(house) == aside


def test_planned_work_ends_no_quarantine(house: House) -> None:
    enter(house)
    say(house, QUARANTINED)
    order(house, "w", WorkKind.PREVENTIVE)

    house.do(work.start_work, act=house.act(), order_id="w", version=1)
    house.do(work.close_work_order, act=house.act(), order_id="w", version=2)

    assert stands(house) == QUARANTINED


def test_wiping_down_a_broken_device_does_not_put_it_into_service(house: House) -> None:
    enter(house)
    order(house, "repair", WorkKind.CORRECTIVE)
    order(house, "wipe", WorkKind.DISINFECTION)

    house.do(work.start_work, act=house.act(), order_id="wipe", version=1)

    assert stands(house) == OperationalState.FAILED


@pytest.mark.parametrize("is_begun", [False, True])
def test_an_incoming_test_that_is_given_up_leaves_the_device_waiting_for_one(house: House, is_begun: bool) -> None:
    enter(house)
    house.do(change_state, act=house.act(), asset_id="pump-1", operational=OperationalState.RECEIVED)
    order(house, "w", WorkKind.INCOMING)
    if is_begun:
        house.do(work.start_work, act=house.act(), order_id="w", version=1)

    house.do(work.cancel_work_order, act=house.act(), order_id="w", version=1 + is_begun, reason="later")

    assert stands(house) == OperationalState.RECEIVED


def test_a_passed_incoming_test_puts_a_device_into_service_and_other_work_does_not(house: House) -> None:
    enter(house)
    house.do(change_state, act=house.act(), asset_id="pump-1", operational=OperationalState.RECEIVED)
    order(house, "wipe", WorkKind.DISINFECTION)
    order(house, "test", WorkKind.INCOMING)

    house.do(work.close_work_order, act=house.act(), order_id="wipe", version=1)
    assert stands(house) == OperationalState.RECEIVED
    house.do(work.close_work_order, act=house.act(), order_id="test", version=1)

    assert stands(house) == IN_SERVICE
