"""Resources of others: found without telling who somebody is, and paged past those who were erased."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import update
from sqlmodel import Session

from interop.epcis.document import instant_of
from interop.fhir.meaning import Writing, events_of
from interop.fhir.resources import Resource
from interop.fhir.searching import read_wanted, terms_of
from interop.service import fhir
from interop.tables import PERSONS
from tests.interop.conftest import InMemory, Listening, places
from twin.clock import ManualClock
from twin.events.work import TaskRequested
from twin.state.live import LiveState

BOOKED: Resource = {
    "resourceType": "Appointment",
    "status": "booked",
    "participant": [{"actor": {"reference": "Patient/MRN4711"}}, {"actor": {"reference": "Location/W1"}}],
}


def hidden(text: str) -> str:
    return "#" + text[::-1]


def test_no_search_term_holds_a_patient_s_number_in_clear() -> None:
    terms = terms_of(BOOKED, "Appointment", hidden)

    assert not [value for _, value in terms if "MRN4711" in value]
    assert ("actor", "Location/W1") in terms


@pytest.mark.parametrize("asked", ["Patient/MRN4711", "MRN4711", "Location/W1", "W1"])
def test_a_booking_is_found_by_every_form_of_its_references(asked: str) -> None:
    (wanted,) = read_wanted("Appointment", [("actor", asked)], hidden)

    assert terms_of(BOOKED, "Appointment", hidden) & {("actor", value) for value in wanted.values}


def test_pages_go_on_behind_a_resource_of_somebody_who_was_erased(listening: Listening) -> None:
    hospital = listening.hospital
    store = fhir.Store(vault=listening.intake.vault, ledger=hospital.ledger, live=hospital.live)

    def keep(session: Session) -> None:
        for number in range(1, 5):
            resource: Resource = {"resourceType": "Observation", "subject": {"reference": f"Patient/{number}"}}
            told = fhir.Write(
                kind="Observation",
                id=f"o{number}",
                body=msgspec.json.encode(resource),
                resource=resource,
                source="his:lab",
                at=listening.clock.now(),
            )
            fhir.write(session, store, told)
        gone = store.vault.pseudonym("person", "fhir/his:lab", "Patient/2")
        session.execute(update(PERSONS).where(PERSONS.c.person == gone).values(wrapped_key=b""))

    hospital.write_now(keep)
    with hospital.read() as session:
        found = fhir.search(session, store.vault, fhir.Search(kind="Observation"), limit=3)
        past = fhir.history(session, store.vault, kind="Observation", limit=3)

    assert [one.id for one in found] == ["o1", "o3", "o4"]
    assert [one.id for one in past] == ["o4", "o3", "o1"]


def test_half_a_pack_asked_for_is_one_to_bring(clock: ManualClock) -> None:
    live = LiveState()
    for number, place in enumerate(places(), start=1):
        live.apply(place, number)
    request: Resource = {
        "resourceType": "SupplyRequest",
        "status": "active",
        "quantity": {"value": 0.5},
        "itemCodeableConcept": {"coding": [{"code": "gauze"}]},
        "deliverTo": {"reference": "Location/W1"},
    }
    vault = InMemory(live, clock).intake.vault
    writing = Writing(
        kind="SupplyRequest",
        id="r",
        version=1,
        source="his:x",
        at=clock.now(),
        pseudonym=vault.pseudonym,
        live=live,
    )

    (event,) = events_of(request, writing)

    assert isinstance(event, TaskRequested)
    assert event.quantity == 1


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_at_the_end_of_the_calendar_is_an_instant(text: str) -> None:
    assert isinstance(instant_of(text), int)
