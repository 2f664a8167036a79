"""What messages do to the hospital; among them the defects that other programs shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interop.hl7v2.message import read_interchange, read_message
from interop.hl7v2.telling import tell
from interop.hl7v2.triggers import TRIGGERS, table_as_markdown
from tests.interop.conftest import InMemory, places
from tests.interop.messages_for_tests import adt
from twin.clock import HOUR_US, SECOND_US, ManualClock
from twin.errors import FieldError
from twin.events.patients import BedReadiness, BedService, EncounterClass
from twin.state.beds import BedStatusCode, Occupancy, occupancy_of
from twin.state.live import LiveState
from twin.state.model import EncounterStatus

ROOT = Path(__file__).resolve().parents[3]
BED, OTHER, THIRD = "W1^1^A", "W2^1^A", "W1^1^B"
HOURS = [f"202601050{hour}0000" for hour in range(9)]


@pytest.fixture
def listening(clock: ManualClock) -> InMemory:
    """A hospital without a database: what messages mean needs none."""
    state = LiveState()
    for number, place in enumerate(places(), 1):
        state.apply(place, number)
    return InMemory(state, clock)


def test_an_admission_occupies_the_bed_that_it_names(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[1], PV1_10="CAR"))

    encounter = listening.encounter()
    assert (encounter.status, encounter.place) == (EncounterStatus.IN_PROGRESS, "W1-1-A")
    assert (encounter.encounter_class, encounter.service) == (EncounterClass.INPATIENT, "CAR")
    assert listening.bed("W1-1-A").occupancy is Occupancy.OCCUPIED


def test_a_transfer_frees_the_old_bed_and_takes_the_new(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[1]), adt("A02", bed=OTHER, at=HOURS[2], PV1_6=BED))

    assert listening.bed("W1-1-A").occupancy is Occupancy.FREE
    assert listening.bed("W2-1-A").occupancy is Occupancy.OCCUPIED


def test_a_planned_discharge_does_not_free_the_bed(listening: InMemory) -> None:
    """Defect shipped by others: the bed was free at the order, with the patient still in it."""
    listening.hear(adt("A01", bed=BED, at=HOURS[1]), adt("A16", bed=BED, at=HOURS[2], EVN_3=HOURS[6]))

    assert listening.bed("W1-1-A").occupancy is Occupancy.OCCUPIED
    assert listening.encounter().discharge_expected_at > 0


def test_a_discharge_ends_the_assignment_and_the_departure_frees_the_bed(listening: InMemory) -> None:
    """Defect shipped by others: the discharge left the bed assigned for ever."""
    listening.hear(adt("A01", bed=BED, at=HOURS[1]), adt("A03", bed=BED, at=HOURS[2], PV1_36="01"))
    discharged = listening.bed("W1-1-A").occupancy
    listening.hear(adt("A09", at=HOURS[3], PV1_6=BED))

    encounter = listening.encounter()
    assert (encounter.status, encounter.place, encounter.disposition) == (EncounterStatus.FINISHED, "", "home")
    assert discharged is Occupancy.OCCUPIED
    assert listening.bed("W1-1-A").occupancy is Occupancy.FREE


def test_a_cancelled_transfer_leaves_the_patient_where_he_was(listening: InMemory) -> None:
    """Defect shipped by others: after the cancel the patient stood on the new ward."""
    listening.hear(
        adt("A01", bed=BED, at=HOURS[1]),
        adt("A02", bed=OTHER, at=HOURS[2], PV1_6=BED),
        adt("A12", bed=BED, at=HOURS[3], EVN_6=HOURS[2]),
    )

    assert listening.encounter().place == "W1-1-A"
    assert listening.bed("W1-1-A").occupancy is Occupancy.OCCUPIED
    assert listening.bed("W2-1-A").occupancy is Occupancy.FREE


def test_a_swap_keeps_the_pending_transfer_of_both(listening: InMemory) -> None:
    """Defect shipped by others: the swap cancelled a pending transfer."""
    listening.hear(
        adt("A01", visit="V1", bed=BED, at=HOURS[1]),
        adt("A01", visit="V2", bed=THIRD, at=HOURS[1]),
        adt("A15", visit="V1", bed=BED, at=HOURS[2], PV1_42=OTHER),
        _swap("V1", "V2"),
    )

    assert (listening.encounter("V1").place, listening.encounter("V2").place) == ("W1-1-B", "W1-1-A")
    assert listening.encounter("V1").reserved == "W2-1-A"
    assert listening.bed("W2-1-A").occupancy is Occupancy.RESERVED


def _swap(one: str, other: str, at: str = HOURS[3]) -> bytes:
    first = adt("A17", visit=one, bed=THIRD, at=at)
    second = adt("A17", visit=other, bed=BED, at=at)
    return first + b"\r".join(second.split(b"\r")[2:])


def test_wards_are_no_beds(listening: InMemory) -> None:
    """Defect shipped by others: wards were counted as dirty beds."""
    before = listening.event_count()
    listening.hear(adt("A20", NPU_1="W1", NPU_2="H"), adt("A01", bed="W1", at=HOURS[1]))

    ward = occupancy_of(listening.live, "W1")
    assert (ward.beds, ward.to_clean, ward.occupied, ward.census) == (3, 0, 0, 1)
    assert listening.event_count() == before + 1
    assert "not_a_bed" in listening.rows()[-1].notes


def test_reserved_is_not_occupied(listening: InMemory) -> None:
    """Defect shipped by others: reserved beds were written as occupied."""
    listening.hear(adt("A05", bed=BED, at=HOURS[1], PV2_8=HOURS[6]), adt("A14", visit="V2", at=HOURS[1], PV1_42=THIRD))

    for bed in ("W1-1-A", "W1-1-B"):
        assert listening.bed(bed).occupancy is Occupancy.RESERVED
        assert listening.bed(bed).code is BedStatusCode.UNOCCUPIED


def test_two_patients_in_one_bed_are_both_shown_and_none_is_moved_away(listening: InMemory) -> None:
    """Defect shipped by others: switching a bed put two patients into it without a word."""
    listening.hear(
        adt("A01", visit="V1", bed=BED, at=HOURS[1]),
        adt("A01", visit="V2", bed=THIRD, at=HOURS[1]),
        adt("A02", visit="V2", bed=BED, at=HOURS[2]),
    )

    view = listening.bed("W1-1-A")
    assert set(view.encounters) == {listening.pseudonym("V1"), listening.pseudonym("V2")}
    assert listening.encounter("V1").place == "W1-1-A"


@pytest.mark.parametrize("place", ["", '""', OTHER, "W9^9^Z"])
def test_an_update_never_moves_anybody(listening: InMemory, place: str) -> None:
    """Defect shipped by others: an A08 with an empty PV1-3 cleared the bed."""
    listening.hear(adt("A01", bed=BED, at=HOURS[1]), adt("A08", bed=place, at=HOURS[2], PV1_10="NEU"))

    assert listening.encounter().place == "W1-1-A"
    assert listening.encounter().service == "NEU"
    assert listening.bed("W1-1-A").occupancy is Occupancy.OCCUPIED


def test_a_transfer_without_a_place_changes_nothing_and_is_kept(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[1]), adt("A02", bed='""', at=HOURS[2]))

    assert listening.encounter().place == "W1-1-A"
    assert listening.rows()[0].outcome == "stored"
    assert listening.rows()[0].notes == "place_missing"


def test_a_cancelled_admission_frees_the_bed(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[1]), adt("A11", bed=BED, at=HOURS[2], EVN_6=HOURS[1]))

    assert listening.encounter().status is EncounterStatus.CANCELLED
    assert listening.bed("W1-1-A").occupancy is Occupancy.FREE


@pytest.mark.parametrize(
    "before",
    [
        (adt("A01", bed=BED, at=HOURS[1]), adt("A02", bed=OTHER, at=HOURS[2], PV1_6=BED)),
        (adt("A05", bed=BED, at=HOURS[1], PV2_8=HOURS[6]),),  # planned only
        (adt("A05", bed=BED, at=HOURS[1], PV2_8=HOURS[6]), adt("A01", bed=BED, at=HOURS[2])),  # planned, then come
    ],
)
def test_a_visit_entered_in_error_and_deleted_holds_no_bed(listening: InMemory, before: tuple[bytes, ...]) -> None:
    listening.hear(*before, adt("A23", bed=BED, at=HOURS[3]))

    assert listening.encounter().status is EncounterStatus.CANCELLED
    assert {listening.bed(bed).occupancy for bed in ("W1-1-A", "W2-1-A")} == {Occupancy.FREE}


def test_a_person_deleted_without_a_visit_is_stored_only(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[1]))
    before = listening.event_count()
    listening.hear(adt("A23", visit="", at=HOURS[3]))

    assert (listening.event_count(), listening.encounter().place) == (before, "W1-1-A")


def test_a_cancelled_discharge_brings_the_patient_back_to_the_bed(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[1]), adt("A03", at=HOURS[2]), adt("A13", bed=BED, at=HOURS[3]))

    assert (listening.encounter().status, listening.encounter().place) == (EncounterStatus.IN_PROGRESS, "W1-1-A")


def test_the_bed_is_kept_during_a_leave(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[1]), adt("A21", bed=BED, at=HOURS[2], PV2_47=HOURS[7]))
    away = listening.bed("W1-1-A").occupancy
    listening.hear(adt("A22", bed=BED, at=HOURS[4]))

    assert away is Occupancy.LEAVE
    assert listening.bed("W1-1-A").occupancy is Occupancy.OCCUPIED


@pytest.mark.parametrize(
    ("code", "readiness", "service"),
    [
        ("C", BedReadiness.CLEAN, BedService.CLOSED),
        ("H", BedReadiness.CLEANING, BedService.OPEN),
        ("I", BedReadiness.CLEAN, BedService.ISOLATED),
        ("K", BedReadiness.CONTAMINATED, BedService.OPEN),
        ("U", BedReadiness.CLEAN, BedService.OPEN),
        ("O", BedReadiness.CLEAN, BedService.OPEN),  # who is in it is for encounters to say
    ],
)
def test_bed_status_is_table_0116(listening: InMemory, code: str, readiness: BedReadiness, service: BedService) -> None:
    listening.hear(adt("A20", at=HOURS[1], NPU_1=BED, NPU_2=code))

    view = listening.bed("W1-1-A")
    assert (view.readiness, view.service, view.occupancy) == (readiness, service, Occupancy.FREE)


def test_out_patient_made_in_patient_keeps_the_start_of_the_stay(listening: InMemory) -> None:
    listening.hear(adt("A04", at=HOURS[1], PV1_2="E"), adt("A06", bed=BED, at=HOURS[3]))
    first = listening.encounter().started_at
    listening.hear(adt("A07", at=HOURS[4], PV1_2="O"))

    assert first == listening.encounter().started_at
    assert listening.encounter().encounter_class is EncounterClass.AMBULATORY


def test_pending_facts_can_be_cancelled(listening: InMemory) -> None:
    listening.hear(
        adt("A01", bed=BED, at=HOURS[1]),
        adt("A15", at=HOURS[2], PV1_42=OTHER),
        adt("A16", at=HOURS[2], EVN_3=HOURS[7]),
        adt("A26", at=HOURS[3]),
        adt("A25", at=HOURS[3]),
        adt("A14", visit="V2", at=HOURS[1], PV1_42=THIRD),
        adt("A27", visit="V2", at=HOURS[2]),
    )

    assert (listening.encounter().reserved, listening.encounter().discharge_expected_at) == ("", 0)
    assert listening.encounter("V2").status is EncounterStatus.CANCELLED
    assert listening.bed("W1-1-B").occupancy is Occupancy.FREE


def test_arriving_and_departing_can_be_cancelled(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[1]), adt("A09", at=HOURS[2], PV1_6=BED), adt("A33", at=HOURS[3]))
    stayed = listening.bed("W1-1-A").occupancy
    listening.hear(adt("A10", bed=OTHER, at=HOURS[4]), adt("A32", bed=BED, at=HOURS[5]))

    assert stayed is Occupancy.OCCUPIED
    assert listening.encounter().present == "W1-1-A"


def test_a_visit_merged_away_lives_on_in_the_other(listening: InMemory) -> None:
    listening.hear(
        adt("A01", visit="V1", bed=BED, at=HOURS[1]),
        adt("A04", visit="V2", at=HOURS[2]),
        adt("A45", visit="V2", at=HOURS[3], MRG_1="MRNV1^^^HOSP^MR", MRG_5="V1^^^HOSP^VN"),
    )

    assert listening.encounter("V1").merged_into == listening.pseudonym("V2")
    assert listening.bed("W1-1-A").encounters == (listening.pseudonym("V2"),)


@pytest.mark.parametrize("trigger", ["A06", "A07"])
def test_a_stay_that_gets_a_new_number_with_its_new_class_is_one_stay(listening: InMemory, trigger: str) -> None:
    listening.hear(
        adt("A04", visit="V1", bed=BED, at=HOURS[1]),
        adt(trigger, visit="V2", bed=BED, at=HOURS[2], MRG_1="MRNV1^^^HOSP^MR", MRG_5="V1^^^HOSP^VN"),
    )

    assert listening.encounter("V1").merged_into == listening.pseudonym("V2")
    assert listening.bed("W1-1-A").encounters == (listening.pseudonym("V2"),)
    assert listening.encounter("V2").started_at == listening.encounter("V2").facts[0].occurred_at - HOUR_US


def test_persons_merged_keep_their_visits_apart(listening: InMemory) -> None:
    listening.hear(adt("A01", visit="V1", bed=BED, at=HOURS[1]), adt("A01", visit="V2", bed=THIRD, at=HOURS[1]))
    listening.hear(adt("A40", visit="V2", at=HOURS[2], MRG_1="MRNV1^^^HOSP^MR"))

    assert listening.encounter("V1").place == "W1-1-A"
    assert listening.encounter("V2").place == "W1-1-B"


def test_persons_merged_with_a_visit_repeated_beside_them_are_not_refused(listening: InMemory) -> None:
    listening.hear(
        adt("A01", visit="V1", bed=BED, at=HOURS[1]),
        adt("A40", PV1_19="", at=HOURS[2], MRG_1="MRNV1^^^HOSP^MR", MRG_5="V1^^^HOSP^VN"),
    )

    assert listening.heard[0].notes == "visit_missing"
    assert listening.encounter("V1").place == "W1-1-A"
    with pytest.raises(FieldError):  # of two visits one goes on: without its number nothing is said
        listening.hear(adt("A42", PV1_19="", at=HOURS[3], MRG_5="V1^^^HOSP^VN"))


def test_the_account_number_stands_in_for_a_missing_visit_number(listening: InMemory) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[1], PV1_19="", PID_18="ACC7"))

    assert listening.live.encounters[listening.intake.vault.pseudonym("account", "HOSP", "ACC7")].place


def test_a_patient_number_alone_is_no_visit(listening: InMemory) -> None:
    with pytest.raises(FieldError, match="PV1-19"):
        listening.hear(adt("A01", bed=BED, at=HOURS[1], PV1_19=""))


@pytest.mark.parametrize(
    ("fields", "hour"),
    [
        ({"EVN_2": HOURS[2], "EVN_6": HOURS[1]}, 1),  # when it happened
        ({"EVN_2": HOURS[2]}, 2),  # when it was recorded
        ({"EVN_2": ""}, 3),  # when the message was written
        ({"EVN_2": HOURS[2], "EVN_6": "20260105"}, 2),  # a day is no instant
        ({"EVN_2": HOURS[2], "EVN_6": "20990105080000"}, 2),  # a clock that is wrong
    ],
)
def test_it_happened_when_the_sender_says(listening: InMemory, fields: dict[str, str], hour: int) -> None:
    listening.hear(adt("A01", bed=BED, at=HOURS[3], **fields))

    midnight = listening.clock.now() - 8 * 3600 * SECOND_US
    assert listening.encounter().started_at == midnight + hour * 3600 * SECOND_US


def test_a_place_that_the_twin_does_not_know_is_the_ward_if_that_is_known(listening: InMemory) -> None:
    listening.hear(adt("A01", bed="W1^9^Z", at=HOURS[1]), adt("A01", visit="V2", bed="X^Y^Z", at=HOURS[1]))

    assert listening.encounter("V1").place == "W1"
    assert listening.encounter("V2").place == "X-Y-Z"
    assert listening.rows()[0].notes == "place_unknown"


def test_an_unknown_trigger_is_kept_and_named(listening: InMemory) -> None:
    before = listening.event_count()
    listening.hear(b"MSH|^~\\&|LAB|HOSP|||20260105080000||ZZZ^Z99|77|P|2.5\rZXX|1")

    row = listening.rows()[0]
    assert (row.outcome, row.notes, row.source) == ("stored", "trigger_unknown", "his:lab")
    assert listening.event_count() == before


def test_orders_and_results_are_stages_of_the_way(listening: InMemory) -> None:
    listening.hear(
        adt("A04", at=HOURS[1]),
        _order("ORM^O01", HOURS[2], "NW"),
        _order("ORM^O01", HOURS[3], "CA"),
        _order("ORU^R01", HOURS[4], "RE"),
    )

    assert listening.encounter().stage == "result_ready"


def _order(kind: str, at: str, control: str) -> bytes:
    lines = [
        f"MSH|^~\\&|LAB|HOSP|||{at}||{kind}|{kind}{at}|P|2.5",
        "PID|1||MRNV1^^^HOSP",
        "PV1|1|O" + "|" * 17 + "V1",
        f"ORC|{control}",
    ]
    return "\r".join(lines).encode()


def test_every_public_message_has_a_documented_outcome(data_dir: Path, listening: InMemory) -> None:
    files = sorted((data_dir / "hl7v2").iterdir())
    for file in files:
        for message in read_interchange(file.read_bytes()).messages():
            assert (message.kind, message.trigger) in TRIGGERS, file.name
            around = listening.intake.around(message, listening.clock.now())
            if message.kind == "ADT" and not (message.value("PV1", 19) or message.value("PID", 18)):
                continue
            assert "trigger_unknown" not in tell(message, around).notes


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_order_of_arrival_does_not_matter(listening: InMemory, data: st.DataObject) -> None:
    around = listening.intake
    contents = [
        adt("A01", bed=BED, at=HOURS[1]),
        adt("A15", at=HOURS[2], PV1_42=OTHER),
        adt("A02", bed=OTHER, at=HOURS[3]),
        adt("A12", bed=BED, at=HOURS[4], EVN_6=HOURS[3]),
        adt("A16", at=HOURS[5]),
        adt("A03", at=HOURS[6]),
        adt("A13", at=HOURS[7], EVN_6=HOURS[6]),
        adt("A01", visit="V2", bed=THIRD, at=HOURS[1]),
        _swap("V1", "V2"),
    ]
    events = []
    for content in contents:
        message = read_message(content)
        events += tell(message, around.around(message, listening.clock.now())).events
    expected, shuffled = LiveState(), LiveState()
    for number, event in enumerate(events, 1):
        expected.apply(event, number)

    for number, event in enumerate(data.draw(st.permutations(events)), 1):
        shuffled.apply(event, number)

    assert shuffled.digest() == expected.digest()


def test_the_documented_table_is_the_one_in_the_code() -> None:
    written = (ROOT / "docs" / "reference" / "hl7-triggers.md").read_text(encoding="utf-8")

    assert table_as_markdown() in written, "put table_as_markdown() into the page"


def test_the_triggers_that_a_hospital_sends_are_all_there() -> None:
    wanted = [*range(1, 18), *range(20, 28), 31, 32, 33, 40, 45, 47]

    assert all(("ADT", f"A{number:02d}") in TRIGGERS for number in wanted)


def _siu(trigger: str, *, start: str = "20260106093000", visit: str = "", sch: str = "F77") -> bytes:
    lines = [
        f"MSH|^~\\&|SCH|HOSP|TWIN|HOSP|20260105080000||SIU^{trigger}|{trigger}{start}{visit}|P|2.5",
        f"SCH|P1|{sch}|||||||||^^^{start}^20260106100000",
        "PID|||MRN1^^^HOSP^MR||FAMILYNAME^GIVENNAME",
        f"PV1||O|||||||||||||||||{f'{visit}^^^HOSP^VN' if visit else ''}",
        "AIL|1||W1^1^A",
    ]
    return "\r".join(lines).encode() + b"\r"


def test_an_appointment_is_a_planned_encounter_that_can_be_moved_and_cancelled(listening: InMemory) -> None:
    listening.hear(_siu("S12"))
    (booked,) = listening.live.encounters.values()
    assert (booked.status, booked.reserved) == (EncounterStatus.PLANNED, "W1-1-A")
    assert booked.expected_at == 1_767_691_800_000_000  # 2026-01-06T09:30:00Z

    listening.hear(_siu("S13", start="20260106103000").replace(b"20260105080000", b"20260105090000"))
    assert booked.expected_at == 1_767_695_400_000_000

    listening.hear(_siu("S15").replace(b"20260105080000", b"20260105100000"))
    listening.hear(_siu("S15", start="1").replace(b"20260105080000", b"20260105100001"))
    assert booked.status is EncounterStatus.CANCELLED


def test_an_appointment_of_a_named_visit_is_that_visit(listening: InMemory) -> None:
    listening.hear(_siu("S12", visit="V1"))

    assert listening.encounter("V1").status is EncounterStatus.PLANNED
