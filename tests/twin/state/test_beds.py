"""Beds as nurses know them; each defect that another system shipped is a story here."""

from __future__ import annotations

import itertools

import pytest

from tests.house import House
from twin.clock import MINUTE_US
from twin.events import patients
from twin.events.patients import BedReadiness, BedService, EncounterClass
from twin.events.places import PlaceDefined, PlaceKind, PlaceRemoved
from twin.state import views
from twin.state.model import EncounterStatus
from twin.state.views import BedStatusCode, Occupancy


def occupancy(house: House, bed: str) -> Occupancy:
    return views.bed_view(house.state, bed).occupancy


def test_a_bed_stays_occupied_when_a_discharge_is_only_ordered() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.DischargePlanned, "e1", 10, expected_at=20 * MINUTE_US)

    assert occupancy(house, "north-1") is Occupancy.OCCUPIED
    assert house.state.encounters["e1"].discharge_expected_at == 20 * MINUTE_US


def test_a_discharge_ends_the_assignment_but_the_departure_frees_the_bed() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.EncounterFinished, "e1", 10, disposition="home")
    assert house.state.encounters["e1"].place == ""
    assert occupancy(house, "north-1") is Occupancy.OCCUPIED
    assert views.occupancy_of(house.state, "north").census == 0
    house.tell(patients.EncounterDeparted, "e1", 15, place="north-1")

    assert occupancy(house, "north-1") is Occupancy.FREE


def test_an_arrival_elsewhere_after_discharge_frees_the_bed() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.EncounterFinished, "e1", 10)

    house.tell(patients.EncounterArrived, "e1", 12, place="site")

    assert occupancy(house, "north-1") is Occupancy.FREE


def test_a_departure_from_another_place_than_where_one_is_frees_nothing() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.EncounterDeparted, "e1", 5, place="south-1")

    assert occupancy(house, "north-1") is Occupancy.OCCUPIED


def test_a_bed_whose_patient_has_left_for_a_while_is_kept_but_not_occupied() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.EncounterDeparted, "e1", 5)
    assert occupancy(house, "north-1") is Occupancy.RESERVED
    house.tell(patients.EncounterArrived, "e1", 25, place="north-1")

    assert occupancy(house, "north-1") is Occupancy.OCCUPIED


def test_leave_of_absence_keeps_the_bed() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.EncounterLeaveStarted, "e1", 5, expected_return_at=99)
    view = views.bed_view(house.state, "north-1")
    assert (view.occupancy, view.code, view.encounter) == (Occupancy.LEAVE, BedStatusCode.OCCUPIED, "e1")
    assert not view.is_available
    house.tell(patients.EncounterLeaveEnded, "e1", 50)

    assert occupancy(house, "north-1") is Occupancy.OCCUPIED
    assert house.state.encounters["e1"].return_expected_at == 0


def test_a_cancelled_transfer_brings_the_patient_back_to_the_old_ward() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.EncounterMoved, "e1", 10, place="south-1")

    house.tell(patients.EncounterFactCancelled, "e1", 12, cancels="EncounterMoved")

    assert house.state.encounters["e1"].place == "north-1"
    assert occupancy(house, "south-1") is Occupancy.FREE
    assert occupancy(house, "north-1") is Occupancy.OCCUPIED
    assert house.state.encounters["e1"].placed_at == 1 * MINUTE_US


def test_a_cancelled_discharge_gives_the_bed_back() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.EncounterFinished, "e1", 10)

    house.tell(patients.EncounterFactCancelled, "e1", 12, cancels="EncounterFinished")

    assert house.state.encounters["e1"].status is EncounterStatus.IN_PROGRESS
    assert house.state.encounters["e1"].place == "north-1"


def test_a_cancelled_admission_frees_every_bed_it_ever_took() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.EncounterMoved, "e1", 10, place="south-1")

    house.tell(patients.EncounterFactCancelled, "e1", 12, cancels="EncounterStarted")

    assert house.state.encounters["e1"].status is EncounterStatus.CANCELLED
    assert {occupancy(house, bed) for bed in ("north-1", "south-1")} == {Occupancy.FREE}


def test_a_cancel_undoes_only_the_latest_fact_of_its_kind() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.EncounterMoved, "e1", 10, place="north-2")
    house.tell(patients.EncounterMoved, "e1", 20, place="south-1")

    house.tell(patients.EncounterFactCancelled, "e1", 21, cancels="EncounterMoved")
    assert house.state.encounters["e1"].place == "north-2"
    house.tell(patients.EncounterFactCancelled, "e1", 22, cancels="EncounterMoved")

    assert house.state.encounters["e1"].place == "north-1"


def test_a_cancel_that_arrives_before_what_it_undoes_still_undoes_it() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.EncounterFactCancelled, "e1", 12, cancels="EncounterMoved")
    house.tell(patients.EncounterMoved, "e1", 10, place="south-1")

    assert house.state.encounters["e1"].place == "north-1"


def test_a_cancelled_reservation_frees_the_bed_for_others() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.BedReserved, "e1", 5, place="south-1")
    assert occupancy(house, "south-1") is Occupancy.RESERVED

    house.tell(patients.EncounterFactCancelled, "e1", 6, cancels="BedReserved")

    assert occupancy(house, "south-1") is Occupancy.FREE


def test_a_swap_keeps_the_pending_transfers_of_both() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.admit("e2", "north-2")
    house.tell(patients.BedReserved, "e1", 5, place="south-1")

    house.tell(patients.EncountersSwapped, "e1", 10, other="e2")

    assert house.state.encounters["e1"].place == "north-2"
    assert house.state.encounters["e2"].place == "north-1"
    assert house.state.encounters["e1"].reserved == "south-1"
    assert occupancy(house, "south-1") is Occupancy.RESERVED


@pytest.mark.parametrize("who", ["e1", "e2"])
def test_either_side_can_cancel_a_swap(who: str) -> None:
    house = House()
    house.admit("e1", "north-1")
    house.admit("e2", "north-2")
    house.tell(patients.EncountersSwapped, "e1", 10, other="e2")

    house.tell(patients.EncounterFactCancelled, who, 11, cancels="EncountersSwapped")

    assert (house.state.encounters["e1"].place, house.state.encounters["e2"].place) == ("north-1", "north-2")


def test_a_move_before_a_swap_that_arrives_late_is_swapped_as_well() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.admit("e2", "north-2")
    house.tell(patients.EncountersSwapped, "e1", 10, other="e2")

    house.tell(patients.EncounterMoved, "e2", 9, place="south-2")

    assert (house.state.encounters["e1"].place, house.state.encounters["e2"].place) == ("south-2", "north-1")


def test_a_swap_with_somebody_who_is_not_here_changes_nothing_and_is_told() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.EncountersSwapped, "e1", 10, other="e9")

    assert house.state.encounters["e1"].place == "north-1"
    assert "swap_not_in_house" in {violation.code for violation in views.invariants(house.state)}


def test_an_update_of_details_moves_nobody() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.EncounterUpdated, "e1", 5, service="cardiology")

    assert house.state.encounters["e1"].place == "north-1"
    assert house.state.encounters["e1"].service == "cardiology"
    assert house.state.encounters["e1"].encounter_class is EncounterClass.INPATIENT


def test_a_transfer_without_a_place_clears_no_bed() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.EncounterMoved, "e1", 5, place="")

    assert occupancy(house, "north-1") is Occupancy.OCCUPIED


def test_a_discharged_patient_cannot_be_transferred_and_it_is_told() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.EncounterFinished, "e1", 10)

    house.tell(patients.EncounterMoved, "e1", 11, place="south-1")

    assert occupancy(house, "south-1") is Occupancy.FREE
    assert [v.code for v in views.invariants(house.state)] == ["moved_after_finish"]


def test_two_patients_in_one_bed_are_both_shown_and_warned_of() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.admit("e2", "south-1")

    house.tell(patients.EncounterMoved, "e2", 10, place="north-1")

    assert views.bed_view(house.state, "north-1").encounters == ("e1", "e2")
    [violation] = views.invariants(house.state)
    assert (violation.code, violation.subject_id) == ("two_encounters_in_bed", "north-1")


def test_a_newborn_in_a_bed_for_two_is_no_violation() -> None:
    house = House(capacity=2)

    house.admit("mother", "north-1")
    house.admit("child", "north-1")

    assert views.invariants(house.state) == []


def test_wards_and_rooms_are_not_counted_as_beds() -> None:
    house = House()
    house.tell(patients.BedReadinessChanged, "north", 5, readiness=BedReadiness.DIRTY)
    house.admit("e1", "north")

    ward = views.occupancy_of(house.state, "north")

    assert (ward.beds, ward.free, ward.occupied, ward.to_clean, ward.census) == (2, 2, 0, 0, 1)
    assert set(house.state.freeze().beds) == {"north-1", "north-2", "south-1", "south-2"}


def test_a_reserved_bed_is_not_occupied_and_has_no_code_of_its_own() -> None:
    house = House()

    house.tell(
        patients.EncounterPlanned, "e1", 1, encounter_class=EncounterClass.INPATIENT, expected_at=60, place="north-1"
    )

    view = views.bed_view(house.state, "north-1")
    assert (view.occupancy, view.code) == (Occupancy.RESERVED, BedStatusCode.UNOCCUPIED)
    assert not view.is_available
    ward = views.occupancy_of(house.state, "north")
    assert (ward.reserved, ward.occupied) == (1, 0)


def test_admission_to_the_planned_bed_ends_the_reservation() -> None:
    house = House()
    house.tell(
        patients.EncounterPlanned, "e1", 1, encounter_class=EncounterClass.INPATIENT, expected_at=60, place="north-1"
    )

    house.admit("e1", "north-1", 60)

    assert house.state.encounters["e1"].reserved == ""
    assert occupancy(house, "north-1") is Occupancy.OCCUPIED


PRIORITY = {
    (BedService.CLOSED, None, None): "C",
    (BedService.ISOLATED, None, None): "I",
    (BedService.OPEN, BedReadiness.CONTAMINATED, None): "K",
    (BedService.OPEN, None, Occupancy.OCCUPIED): "O",
    (BedService.OPEN, None, Occupancy.LEAVE): "O",
    (BedService.OPEN, BedReadiness.DIRTY, None): "H",
    (BedService.OPEN, BedReadiness.CLEANING, None): "H",
    (BedService.OPEN, BedReadiness.CLEAN, None): "U",
}


@pytest.mark.parametrize(
    ("occupancy_value", "readiness", "service"), list(itertools.product(Occupancy, BedReadiness, BedService))
)
def test_every_bed_has_exactly_one_code_of_table_0116(
    occupancy_value: Occupancy, readiness: BedReadiness, service: BedService
) -> None:
    expected = next(
        code
        for (its_service, its_readiness, its_occupancy), code in PRIORITY.items()
        if its_service is service and its_readiness in (None, readiness) and its_occupancy in (None, occupancy_value)
    )

    assert views.bed_code(occupancy_value, readiness, service).value == expected


def test_a_merge_hands_the_bed_to_the_survivor_and_can_be_undone() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.admit("e2", "south-1", 2)

    house.tell(patients.EncountersMerged, "e1", 10, into="e2")
    assert house.state.encounters["e1"].status is EncounterStatus.MERGED
    assert house.state.encounters["e1"].merged_into == "e2"
    assert views.bed_view(house.state, "south-1").encounters == ("e2",)
    assert occupancy(house, "north-1") is Occupancy.FREE
    house.tell(patients.EncounterFactCancelled, "e1", 11, cancels="EncountersMerged")

    assert views.bed_view(house.state, "north-1").encounters == ("e1",)
    assert house.state.encounters["e1"].merged_into == ""


def test_facts_under_the_old_id_reach_the_survivor_after_a_merge() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.EncountersMerged, "e1", 10, into="e2")

    house.tell(patients.EncounterMoved, "e1", 12, place="south-1")

    assert views.bed_view(house.state, "south-1").encounters == ("e2",)


def test_merges_in_a_chain_end_at_the_last_and_a_circle_does_no_harm() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.EncountersMerged, "e1", 10, into="e2")
    house.tell(patients.EncountersMerged, "e2", 11, into="e3")
    house.tell(patients.EncountersMerged, "e3", 12, into="e1")

    assert views.bed_view(house.state, "north-1").encounters == ("e3",)
    assert house.state.encounters["e3"].merged_into == ""


def test_a_lost_admission_does_not_hide_the_patient() -> None:
    house = House()

    house.tell(patients.EncounterMoved, "e1", 10, place="north-1")

    assert house.state.encounters["e1"].status is EncounterStatus.IN_PROGRESS
    assert occupancy(house, "north-1") is Occupancy.OCCUPIED


def test_a_second_registration_of_the_same_visit_keeps_its_age() -> None:
    house = House()
    house.admit("e1", "north-1", 1)

    house.admit("e1", "north-1", 90)

    assert house.state.encounters["e1"].started_at == 1 * MINUTE_US


def test_occupancies_add_up_to_the_beds() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.BedServiceChanged, "north-2", 1, service=BedService.CLOSED)
    house.tell(patients.BedReadinessChanged, "south-1", 1, readiness=BedReadiness.DIRTY)

    site = views.occupancy_of(house.state, "site")

    assert site.occupied + site.reserved + site.on_leave + site.free == site.beds == 4
    assert (site.open_beds, site.available, site.to_clean, site.occupied_share) == (3, 1, 1, 1 / 3)


def test_the_ward_of_a_bed_is_found_through_its_room() -> None:
    house = House()

    assert views.ward_of(house.state, "south-2") == "south"
    assert views.ward_of(house.state, "site") == ""
    assert views.ward_of(house.state, "nowhere") == ""
    assert views.beds_of(house.state, "south") == ["south-1", "south-2"]


def test_encounters_of_a_ward_are_those_assigned_in_it() -> None:
    house = House()
    house.admit("e2", "north-2")
    house.admit("e1", "north-1")
    house.admit("e3", "south-1")

    assert [encounter.id for encounter in views.encounters_of(house.state, "north")] == ["e1", "e2"]


def test_a_place_that_is_its_own_ancestor_ends_no_question_in_a_loop() -> None:
    house = House()

    house.tell(PlaceDefined, "north", 5, kind=PlaceKind.WING, name="north", parent="north-room")

    assert views.ward_of(house.state, "north-1") == ""
    assert views.occupancy_of(house.state, "north").beds == 2


def test_a_removed_bed_does_not_come_back_by_an_older_definition() -> None:
    house = House()
    house.tell(PlaceRemoved, "north-1", 10)

    house.tell(PlaceDefined, "north-1", 5, kind=PlaceKind.BED, name="late", parent="north-room")

    assert views.beds_of(house.state, "north") == ["north-2"]
    assert "north-1" not in house.state.beds


def test_a_bed_known_by_its_facts_keeps_them_when_its_place_goes_and_returns() -> None:
    house = House()
    house.tell(patients.BedReadinessChanged, "north-1", 1, readiness=BedReadiness.DIRTY)
    house.tell(PlaceRemoved, "north-1", 10)

    house.tell(PlaceDefined, "north-1", 20, kind=PlaceKind.BED, name="Bed 1", parent="north-room")

    assert views.bed_view(house.state, "north-1").readiness is BedReadiness.DIRTY


def test_a_bed_under_cleaning_with_somebody_in_it_is_told() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.BedReadinessChanged, "north-1", 5, readiness=BedReadiness.CLEANING)

    assert [violation.code for violation in views.invariants(house.state)] == ["bed_cleaned_while_occupied"]


def test_somebody_seen_in_another_bed_than_the_assigned_one_is_told() -> None:
    house = House()
    house.admit("e1", "north-1")

    house.tell(patients.EncounterArrived, "e1", 5, place="south-1")

    assert [violation.code for violation in views.invariants(house.state)] == ["in_other_bed_than_assigned"]


def test_an_encounter_in_a_place_that_nobody_defined_is_told() -> None:
    house = House()

    house.admit("e1", "bed-99")

    assert [violation.code for violation in views.invariants(house.state)] == ["unknown_place"]


def test_stages_keep_the_last_one_reached() -> None:
    house = House()
    house.admit("e1", "north-1")
    house.tell(patients.StageReached, "e1", 20, stage="result_ready", service_point="lab")

    house.tell(patients.StageReached, "e1", 10, stage="ordered")

    found = house.state.encounters["e1"]
    assert (found.stage, found.stage_point, found.stage_at) == ("result_ready", "lab", 20 * MINUTE_US)
