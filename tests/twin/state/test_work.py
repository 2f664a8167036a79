"""Queues, tasks, alarms, stock, and the value that simulation and planning take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house import House
from twin.clock import MINUTE_US
from twin.errors import DecodeError
from twin.events import patients, places, supply, things, watch, work
from twin.events.patients import BedReadiness
from twin.events.watch import AlarmPriority
from twin.events.work import TaskKind
from twin.state import views
from twin.state.frozen import HospitalState
from twin.state.live import LiveState
from twin.state.model import TaskStatus, TicketStatus
from twin.state.rosters import off_duty, rosters


def queue(house: House, point: str = "lab") -> list[str]:
    return [ticket.id for ticket in views.queue_view(house.state, point)]


def test_tickets_are_called_by_priority_then_by_arrival() -> None:
    house = House()
    house.tell(patients.QueueJoined, "q2", 2, service_point="lab")
    house.tell(patients.QueueJoined, "q1", 1, service_point="lab")
    house.tell(patients.QueueJoined, "q3", 3, service_point="lab", priority=1)

    assert queue(house) == ["q3", "q1", "q2"]
    house.tell(patients.QueueCalled, "q3", 4, counter="1")
    assert queue(house) == ["q1", "q2"]
    house.tell(patients.QueueLeft, "q1", 5)

    assert queue(house) == ["q2"]


def test_a_ticket_goes_through_its_states_and_a_late_call_does_not_bring_it_back() -> None:
    house = House()
    house.tell(patients.QueueJoined, "q1", 1, service_point="lab", encounter="e1")
    house.tell(patients.QueueServiceStarted, "q1", 5)
    house.tell(patients.QueueServiceEnded, "q1", 9)

    house.tell(patients.QueueCalled, "q1", 4, counter="2")

    ticket = house.state.tickets["q1"]
    assert (ticket.status, ticket.counter) == (TicketStatus.SERVED, "2")
    assert (ticket.called_at, ticket.started_at, ticket.ended_at) == (4 * MINUTE_US, 5 * MINUTE_US, 9 * MINUTE_US)


def test_a_ticket_that_joins_again_was_called_by_nobody_yet() -> None:
    house = House()
    house.tell(patients.QueueJoined, "q1", 1, service_point="lab")
    house.tell(patients.QueueCalled, "q1", 2, counter="4", exception_reason="urgent")
    house.tell(patients.QueueLeft, "q1", 3)

    house.tell(patients.QueueJoined, "q1", 5, service_point="x-ray")

    ticket = house.state.tickets["q1"]
    assert (ticket.status, ticket.service_point) == (TicketStatus.WAITING, "x-ray")
    assert (ticket.counter, ticket.exception_reason, ticket.called_at) == ("", "", 0)


def test_a_task_is_open_from_its_creation_to_its_first_end() -> None:
    house = House()
    house.tell(work.TaskAssigned, "k1", 2, assignee="s1")
    assert house.state.index.open_tasks == set()

    house.tell(work.TaskCreated, "k1", 1, kind=TaskKind.RESTOCK, to_place="north")
    assert house.state.tasks["k1"].status is TaskStatus.ACCEPTED
    assert house.state.index.open_tasks == {"k1"}
    house.tell(work.TaskBlocked, "k1", 3, reason="lift_closed")
    assert house.state.tasks["k1"].status is TaskStatus.ON_HOLD
    house.tell(work.TaskStarted, "k1", 4)
    house.tell(work.TaskCompleted, "k1", 5, quantity=7)
    house.tell(work.TaskCancelled, "k1", 6)

    task = house.state.tasks["k1"]
    assert (task.status, task.done_quantity, task.blocked_reason) == (TaskStatus.COMPLETED, 7, "")
    assert house.state.index.open_tasks == set()


def test_a_task_taken_back_is_requested_again() -> None:
    house = House()
    house.tell(work.TaskCreated, "k1", 1, kind=TaskKind.CLEAN)
    house.tell(work.TaskAssigned, "k1", 2, assignee="s1")

    house.tell(work.TaskAssigned, "k1", 3, assignee="")

    assert house.state.tasks["k1"].status is TaskStatus.REQUESTED


def test_an_alarm_is_active_acknowledged_and_shelved_each_for_itself() -> None:
    house = House()
    house.tell(watch.AlarmRaised, "al", 1, alarm_class="egress", subject_id="pump", priority=AlarmPriority.HIGH)
    house.tell(watch.AlarmAcknowledged, "al", 2, actor="u1")
    house.tell(watch.AlarmShelved, "al", 3, until=99, reason="repair")
    alarm = house.state.alarms["al"]
    assert (alarm.is_active, alarm.is_acknowledged, alarm.acknowledged_by, alarm.shelved_until) == (
        True,
        True,
        "u1",
        99,
    )

    house.tell(watch.AlarmUnshelved, "al", 4)
    house.tell(watch.AlarmCleared, "al", 5)
    assert house.state.index.active_alarms == set()
    house.tell(watch.AlarmRaised, "al", 6, alarm_class="egress", subject_id="pump", priority=AlarmPriority.LOW)

    alarm = house.state.alarms["al"]
    assert (alarm.is_active, alarm.is_acknowledged, alarm.raised_at) == (True, False, 6 * MINUTE_US)


def move(house: House, start: str, end: str, quantity: int, lot: str = "L1") -> None:
    house.tell(supply.StockMoved, "gloves", 5, quantity=quantity, from_place=start, to_place=end, lot=lot)


def test_stock_is_summed_by_place_and_lot_and_low_lines_are_told() -> None:
    house = House()
    move(house, "supplier", "north", 10)
    house.tell(supply.ParLevelSet, "gloves", 1, place="north", par_level=20, reorder_point=5)
    assert views.low_stock(house.state) == []

    move(house, "north", "patient", 6)

    assert views.on_hand(house.state, "north", "gloves") == 4
    assert views.on_hand(house.state, "nowhere", "gloves") == 0
    assert [line.place for line in views.low_stock(house.state)] == ["north"]
    assert house.state.stock["north", "gloves"].moved_at == 5 * MINUTE_US


def test_stock_below_zero_is_told_but_not_at_the_supplier() -> None:
    house = House()

    move(house, "north", "patient", 1)
    move(house, "supplier", "south", 1)

    assert [(v.code, v.subject_id) for v in views.invariants(house.state)] == [("negative_stock", "north")]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.integers(1, 99)), max_size=20))
def test_movements_neither_make_nor_destroy_stock(movements: list[tuple[str, str, int]]) -> None:
    house = House()

    for start, end, quantity in movements:
        move(house, start, end, quantity)

    assert sum(line.quantity for line in house.state.stock.values()) == 0
    assert all(sum(line.lots.values()) == line.quantity for line in house.state.stock.values())


def test_a_released_load_makes_its_devices_clean() -> None:
    house = House()
    house.tell(things.DeviceReadinessChanged, "scope", 1, readiness=things.DeviceReadiness.DIRTY)

    house.tell(supply.LoadReleased, "load", 5, machine="m", cycle="c", assets=("scope",), actor="u1")

    assert house.state.assets["scope"].readiness_value is things.DeviceReadiness.CLEAN


def test_a_dirty_or_barred_device_in_use_is_told() -> None:
    house = House()
    house.tell(things.AssetRegistered, "pump", 1, category="c", name="Pump")
    house.tell(things.DeviceReadinessChanged, "pump", 2, readiness=things.DeviceReadiness.DIRTY)
    house.tell(things.AvailabilityChanged, "pump", 2, is_usable=False, reasons=("recalled",))

    house.tell(things.DeviceStatusChanged, "pump", 3, status="running")

    assert [v.code for v in views.invariants(house.state)] == ["dirty_asset_in_use", "unusable_asset_in_use"]


def test_the_plan_published_last_is_in_force() -> None:
    house = House()
    house.tell(work.PlanPublished, "plan-2", 9, kind="roster", start_at=1, end_at=2)

    house.tell(work.PlanPublished, "plan-1", 5, kind="roster", start_at=1, end_at=2)

    assert house.state.plans["roster"].thing == "plan-2"


def test_rosters_of_two_places_are_in_force_at_once() -> None:
    house = House()
    house.tell(work.PlanPublished, "plan-1", 5, kind="roster", start_at=1, end_at=2)
    house.tell(work.PlanPublished, "plan-2", 6, kind="roster", start_at=1, end_at=2, place="3A")
    house.tell(work.PlanPublished, "plan-3", 7, kind="roster", start_at=1, end_at=2, place="3A")
    house.tell(work.PlanPublished, "plan-4", 8, kind="admissions", start_at=1, end_at=2)

    assert [plan.thing for plan in rosters(house.state.plans)] == ["plan-1", "plan-3"]
    assert house.state.plans["admissions"].thing == "plan-4"


def test_off_duty_is_whom_a_roster_names_and_none_has_at_work() -> None:
    house = House()

    def shift(staff: str, start: int, end: int) -> work.PlannedShift:
        return work.PlannedShift(staff=staff, place="", start_at=start, end_at=end, role="")

    early = (shift("anna", 10, 18), shift("ben", 18, 26))
    house.tell(work.PlanPublished, "plan-1", 5, kind="roster", start_at=0, end_at=100, shifts=early)
    both = (shift("ben", 10, 14), shift("eve", 40, 48))
    house.tell(work.PlanPublished, "plan-2", 6, kind="roster", start_at=0, end_at=100, place="3A", shifts=both)

    assert off_duty(house.state.plans, 12) == {"eve"}  # ben helps out on 3A
    assert off_duty(house.state.plans, 18) == {"anna", "eve"}  # a shift that ends at 18 is over at 18
    assert (
        off_duty(house.state.plans, 100) == frozenset()
    )  # nothing is rostered so far ahead: nobody is known to be off


def test_every_value_names_the_events_behind_it() -> None:
    house = House()
    admitted = house.admit("e1", "north-1")
    moved = house.tell(patients.EncounterMoved, "e1", 5, place="north-2")
    dirty = house.tell(patients.BedReadinessChanged, "north-1", 6, readiness=BedReadiness.DIRTY)

    assert views.explain(house.state, "encounter.assigned_location", "e1") == (admitted.id, moved.id)
    assert views.explain(house.state, "bed.occupancy", "north-2") == (moved.id,)
    assert views.explain(house.state, "bed.readiness", "north-1") == (dirty.id,)
    assert views.explain(house.state, "bed.readiness", "north-2") == ()
    house.tell(patients.EncounterFactCancelled, "e1", 7, cancels="EncounterMoved")

    assert views.explain(house.state, "encounter.assigned_location", "e1") == (admitted.id,)
    with pytest.raises(KeyError):
        views.explain(house.state, "bed.colour", "north-1")


def busy_house() -> House:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.QueueJoined, "q1", 1, service_point="lab")
    house.tell(work.TaskCreated, "k1", 1, kind=TaskKind.CLEAN, to_place="north-1")
    house.tell(watch.AlarmRaised, "al", 1, alarm_class="egress", subject_id="pump", priority=AlarmPriority.HIGH)
    house.tell(things.AssetRegistered, "pump", 1, category="c", name="Pump", home="north")
    house.tell(things.TagBound, "t1", 1, bearer="pump", bearer_kind=things.BearerKind.ASSET)
    house.tell(things.ZoneChanged, "t1", 4, zone="south")
    house.tell(work.StaffDefined, "s1", 1, role="nurse")
    house.tell(places.PathDefined, "p1", 1, start="north", end="south", length_m=13.0)
    house.tell(places.PathClosed, "p1", 2)
    move(house, "supplier", "north", 10)
    house.tell(supply.StockoutPredicted, "gloves", 6, place="north", expected_at=77, probability=0.4)
    return house


def test_the_frozen_hospital_holds_all_that_is_open_and_survives_as_bytes() -> None:
    frozen = busy_house().state.freeze()

    assert HospitalState.from_bytes(frozen.to_bytes()) == frozen
    assert frozen.encounters["e1"].ward == "north"
    assert (frozen.assets["pump"].place, frozen.assets["pump"].seen_at) == ("south", 4 * MINUTE_US)
    assert frozen.beds["north-1"].encounters == ("e1",)
    assert (set(frozen.tickets), set(frozen.tasks), set(frozen.alarms)) == ({"q1"}, {"k1"}, {"al"})
    assert [(line.place, line.stockout_at) for line in frozen.stock] == [("north", 77), ("supplier", 0)]
    assert frozen.at == 6 * MINUTE_US
    assert frozen.building().routes().seconds("north", "south") == float("inf")


def test_the_frozen_hospital_does_not_change_with_the_live_one() -> None:
    house = busy_house()
    frozen = house.state.freeze()
    before = frozen.to_bytes()

    house.tell(patients.EncounterMoved, "e1", 50, place="south-1")
    house.tell(places.PathReopened, "p1", 50)

    assert frozen.to_bytes() == before


def test_ended_work_is_not_in_the_frozen_hospital() -> None:
    house = busy_house()
    house.tell(work.TaskCompleted, "k1", 9)
    house.tell(watch.AlarmCleared, "al", 9)
    house.tell(patients.QueueServiceEnded, "q1", 9)
    house.tell(patients.EncounterFinished, "e1", 9)
    assert set(house.state.freeze().encounters) == {"e1"}
    house.tell(patients.EncounterDeparted, "e1", 10)

    frozen = house.state.freeze()

    assert [len(table) for table in (frozen.tasks, frozen.alarms, frozen.tickets, frozen.encounters)] == [0, 0, 0, 0]


@pytest.mark.parametrize("body", [b"", b"\x00", b"nonsense", b"\x80"])
def test_bytes_that_are_no_snapshot_are_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        LiveState.from_snapshot(body)
    with pytest.raises(DecodeError):
        HospitalState.from_bytes(body)
