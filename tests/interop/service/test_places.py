"""Names of places that nobody knows: counted, matched by a person, and what was told before put right."""

from __future__ import annotations

import pytest

from interop.service.accounts import visit_of
from interop.service.places import place_names
from server.placing import PlaceNameDesk
from tests.interop.conftest import Listening
from tests.interop.messages_for_tests import adt
from twin.clock import MINUTE_US
from twin.errors import FieldError, NotFound
from twin.state.beds import BedReadiness, Occupancy
from twin.state.model import EncounterStatus

UNKNOWN, OTHER = "ICU^9^Z", "W2^1^A"
HOURS = [f"202601050{hour}0000" for hour in range(9)]


@pytest.fixture
def desk(listening: Listening) -> PlaceNameDesk:
    listening.clock.set(listening.clock.now() + 24 * 60 * MINUTE_US)
    return PlaceNameDesk(listening.hospital)


def shown(listening: Listening) -> list[tuple[str, str, str, int]]:
    with listening.hospital.read() as session:
        return [(one.name, one.place, one.taken_as, one.seen) for one in place_names(session)]


def test_an_unknown_name_is_counted_and_a_bed_of_a_known_ward_is_taken_as_the_ward(
    listening: Listening, desk: PlaceNameDesk
) -> None:
    listening.hear(adt("A01", bed=UNKNOWN, at=HOURS[1]), adt("A08", at=HOURS[2]), adt("A02", bed="W1^9^Z", at=HOURS[3]))
    listening.hear(adt("A02", bed="W1^9^Z", visit="V2", at=HOURS[3]))

    assert sorted(shown(listening)) == [("ICU-9-Z", "", "", 1), ("W1-9-Z", "", "W1", 2)]


def test_a_match_puts_right_what_was_told_before_and_holds_from_then_on(
    listening: Listening, desk: PlaceNameDesk
) -> None:
    listening.hear(adt("A01", bed=UNKNOWN, at=HOURS[1]), adt("A15", PV1_42=UNKNOWN, visit="V2", at=HOURS[1]))
    assert listening.bed("W1-1-A").occupancy is Occupancy.FREE

    done = desk.match("his:adt", "ICU-9-Z", "W1-1-A", actor="root")
    listening.hear(adt("A01", bed=UNKNOWN, visit="V3", at=HOURS[2]))

    assert (done.messages, listening.encounter().place) == (2, "W1-1-A")
    assert listening.encounter("V2").reserved == "W1-1-A"
    assert listening.encounter("V3").place == "W1-1-A"
    assert listening.encounter().started_at == listening.encounter().facts[0].occurred_at
    assert shown(listening) == [("ICU-9-Z", "W1-1-A", "", 2)]
    assert [row.notes for row in listening.rows()] == ["place_named"] * 3


def test_a_cancelled_transfer_still_goes_back_after_a_match(listening: Listening, desk: PlaceNameDesk) -> None:
    listening.hear(adt("A01", bed=OTHER, at=HOURS[1]), adt("A02", bed=UNKNOWN, at=HOURS[2]))
    desk.match("his:adt", "ICU-9-Z", "W1-1-A", actor="root")
    assert listening.encounter().place == "W1-1-A"

    listening.hear(adt("A12", at=HOURS[3]))

    assert listening.encounter().place == "W2-1-A"


def test_a_wrong_match_can_be_mended_by_the_right_one(listening: Listening, desk: PlaceNameDesk) -> None:
    listening.hear(adt("A01", bed=UNKNOWN, at=HOURS[1]), adt("A02", bed=UNKNOWN, visit="V2", at=HOURS[2]))
    desk.match("his:adt", "ICU-9-Z", "W1-1-A", actor="root")

    again = desk.match("his:adt", "ICU-9-Z", "W1-1-B", actor="root")

    assert again.messages == 2
    assert (listening.encounter().place, listening.encounter("V2").place) == ("W1-1-B", "W1-1-B")


def test_matching_twice_the_same_changes_nothing(listening: Listening, desk: PlaceNameDesk) -> None:
    listening.hear(adt("A01", bed=UNKNOWN, at=HOURS[1]))
    desk.match("his:adt", "ICU-9-Z", "W1-1-A", actor="root")
    count = listening.event_count()

    again = desk.match("his:adt", "ICU-9-Z", "W1-1-A", actor="root")

    assert (again.corrected, listening.event_count()) == (0, count)


def test_a_discharge_at_the_same_minute_outlives_the_correction(listening: Listening, desk: PlaceNameDesk) -> None:
    listening.hear(adt("A01", bed=UNKNOWN, at=HOURS[1]), adt("A02", bed=OTHER, at=HOURS[1]))

    desk.match("his:adt", "ICU-9-Z", "W1-1-A", actor="root")

    assert listening.encounter().status is EncounterStatus.IN_PROGRESS


def test_a_bed_status_for_an_unknown_bed_reaches_the_bed_once_it_is_known(
    listening: Listening, desk: PlaceNameDesk
) -> None:
    listening.hear(adt("A20", at=HOURS[1], NPU_1=UNKNOWN, NPU_2="H"))

    desk.match("his:adt", "ICU-9-Z", "W1-1-A", actor="root")

    assert listening.bed("W1-1-A").readiness is BedReadiness.CLEANING


def test_a_match_can_be_taken_back(listening: Listening, desk: PlaceNameDesk) -> None:
    listening.hear(adt("A01", bed=UNKNOWN, at=HOURS[1]))
    desk.match("his:adt", "ICU-9-Z", "W1-1-A", actor="root")

    desk.unmatch("his:adt", "ICU-9-Z", actor="root")
    listening.hear(adt("A01", bed=UNKNOWN, visit="V2", at=HOURS[2]))

    assert listening.encounter("V2").place == "ICU-9-Z"
    with pytest.raises(NotFound):
        desk.unmatch("his:adt", "ICU-9-Z", actor="root")


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (("his:adt", "X", "NOWHERE"), NotFound),  # no such place
        (("his:adt", " ", "W1"), FieldError),  # no name
        (("", "X", "W1"), FieldError),  # no sender
    ],
)
def test_what_cannot_be_matched_is_refused(
    desk: PlaceNameDesk, told: tuple[str, str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        desk.match(*told, actor="root")


def test_an_account_told_first_becomes_the_visit_once_a_message_names_both(listening: Listening) -> None:
    """Some systems send PID-18 until the visit number is given: else one patient lies in two beds."""
    listening.hear(adt("A01", bed="W1^1^A", at=HOURS[1], PV1_19="", PID_18="ACC7^^^HOSP^AN"))
    account = listening.intake.vault.pseudonym("account", "HOSP", "ACC7")
    assert listening.hospital.live.encounters[account].place == "W1-1-A"

    listening.hear(adt("A02", bed="W1^1^B", at=HOURS[2], visit="V7", PID_18="ACC7^^^HOSP^AN"))
    listening.hear(adt("A02", bed="W2^1^A", at=HOURS[3], PV1_19="", PID_18="ACC7^^^HOSP^AN"))

    visit = listening.encounter("V7")
    assert listening.hospital.live.encounters[account].merged_into == visit.id
    assert (visit.place, visit.status) == ("W2-1-A", EncounterStatus.IN_PROGRESS)
    assert listening.bed("W1-1-A").occupancy is Occupancy.FREE
    with listening.hospital.read() as session:
        assert visit_of(session, account) == visit.id
        assert visit_of(session, "Eunknown") == "Eunknown"


def test_an_account_of_a_series_means_its_latest_visit(listening: Listening) -> None:
    account = "ACC8^^^HOSP^AN"
    listening.hear(
        adt("A04", bed="W1^1^A", at=HOURS[1], visit="V1", PID_18=account),
        adt("A03", at=HOURS[2], visit="V1", PID_18=account),
        adt("A04", bed="W1^1^B", at=HOURS[3], visit="V2", PID_18=account),
    )

    listening.hear(adt("A02", bed="W2^1^A", at=HOURS[4], PV1_19="", PID_18=account))

    assert listening.encounter("V2").place == "W2-1-A"
    assert listening.encounter("V1").status is EncounterStatus.FINISHED
