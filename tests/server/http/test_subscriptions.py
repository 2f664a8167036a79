"""Subscriptions through the public doors, with a receiver on loopback that answers, refuses and goes away."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters

from interop.service import subscriptions
from interop.service.subscriptions import FHIR, GIVE_UP_AFTER, State, check_address
from server.notifying import Notifier
from server.wiring import Hospital
from tests.server.conftest import Served
from tests.server.http.test_epcis import _document, _event
from twin.access import Role
from twin.clock import HOUR_US
from twin.errors import FieldError, Refused
from twin.events.patients import EncounterClass, EncounterMoved, EncountersMerged, EncountersSwapped, EncounterStarted
from twin.settings import Settings


@dataclass
class Receiver:
    """What came, and what is answered."""

    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    held = Receiver()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            held.got.append(({name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(held.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    held.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield held
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def told_to(served: Served, receiver: Receiver) -> Notifier:
    """A notifier of a hospital that may tell this receiver; each look is made by hand."""
    hospital = served.hospital
    hospital.settings = with_origin(hospital.settings, receiver.url)
    return Notifier(hospital)


def with_origin(settings: Settings, origin: str) -> Settings:
    return settings.model_copy(update={"notify_origins": (origin,)})


def look(notifier: Notifier) -> int:
    with httpx2.Client(timeout=5) as client:
        return notifier.tell_all(client)


def started(hospital: Hospital, key: str) -> None:
    now = hospital.clock.now()
    head = {"thing": key, "occurred_at": now, "source": "his:t"}
    hospital.record_now(
        [
            EncounterStarted(source_key=f"{key}/s", encounter_class=EncounterClass.INPATIENT, **head),
            EncounterMoved(source_key=f"{key}/m", place="W1", **head),
        ]
    )


def wish(receiver: Receiver, topic: str = "encounter-started", **channel: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "test",
        "criteria": f"http://twin.example/fhir/SubscriptionTopic/{topic}",
        "channel": {"type": "rest-hook", "endpoint": f"{receiver.url}/in", "payload": "application/fhir+json"}
        | channel,
    }


def standing(bundle: dict[str, Any]) -> dict[str, Any]:
    parameters = bundle["entry"][0]["resource"]
    Parameters.model_validate(parameters)
    named = {one["name"]: one for one in parameters["parameter"] if one["name"] != "notification-event"}
    events = [
        {part["name"]: part for part in one["part"]}
        for one in parameters["parameter"]
        if one["name"] == "notification-event"
    ]
    return {
        "type": named["type"]["valueCode"],
        "status": named["status"]["valueCode"],
        "total": int(named["events-since-subscription-start"]["valueString"]),
        "numbers": [int(one["event-number"]["valueString"]) for one in events],
        "focus": [one["focus"]["valueReference"]["reference"].rpartition("/")[2] for one in events if "focus" in one],
    }


async def test_a_topic_is_shaken_hands_on_then_told_without_gaps(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    made = await client.post("/fhir/Subscription", json=wish(receiver))
    assert made.status_code == 201, made.text
    key = made.json()["id"]
    look(told_to)
    started(served.hospital, "E1")
    started(served.hospital, "E2")
    look(told_to)
    started(served.hospital, "E3")
    look(told_to)
    look(told_to)

    for body in receiver.bodies():
        Bundle.model_validate(body)
    told = [standing(body) for body in receiver.bodies()]
    assert [(one["type"], one["numbers"], one["total"]) for one in told] == [
        ("handshake", [], 0),
        ("event-notification", [1, 2], 2),
        ("event-notification", [3], 3),
    ]
    assert [one["focus"] for one in told] == [[], ["E1", "E2"], ["E3"]]
    status = (await client.get(f"/fhir/Subscription/{key}/$status")).json()
    assert (standing(status)["status"], standing(status)["total"]) == ("active", 3)
    assert (await client.get(f"/fhir/Subscription/{key}")).json()["status"] == "active"


async def test_what_was_missed_is_given_again_by_its_numbers(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    key = (await client.post("/fhir/Subscription", json=wish(receiver))).json()["id"]
    look(told_to)
    for number in range(5):
        started(served.hospital, f"E{number}")
    look(told_to)

    asked = await client.get(f"/fhir/Subscription/{key}/$events?eventsSinceNumber=2&eventsUntilNumber=4")

    told = standing(asked.json())
    assert (told["type"], told["numbers"], told["focus"]) == ("query-event", [2, 3, 4], ["E1", "E2", "E3"])
    nothing = standing((await client.get(f"/fhir/Subscription/{key}/$events?eventsSinceNumber=9")).json())
    assert nothing["numbers"] == []


def exchanged(hospital: Hospital) -> None:
    """E1 and E2 exchange their beds, then the record of E2 turns out to be that of E1."""
    head = {"occurred_at": hospital.clock.now(), "source": "his:t"}
    hospital.record_now(
        [
            EncountersSwapped(thing="E1", other="E2", source_key="swap", **head),
            EncountersMerged(thing="E2", into="E1", source_key="merge", **head),
        ]
    )


async def test_what_is_about_two_encounters_is_told_of_both(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    key = (await client.post("/fhir/Subscription", json=wish(receiver, "encounter-moved"))).json()["id"]
    look(told_to)
    started(served.hospital, "E1")
    started(served.hospital, "E2")
    exchanged(served.hospital)
    look(told_to)

    told = standing(receiver.bodies()[-1])
    assert (told["numbers"], told["focus"]) == ([1, 2, 3, 4, 5, 6], ["E1", "E2", "E1", "E2", "E2", "E1"])
    # asked for again, also from the middle of the swap, the numbers stand for the same
    for first, last in ((1, 6), (4, 5), (3, 3), (6, 6)):
        events = f"$events?eventsSinceNumber={first}&eventsUntilNumber={last}"
        again = standing((await client.get(f"/fhir/Subscription/{key}/{events}")).json())
        assert (again["numbers"], again["focus"]) == (
            told["numbers"][first - 1 : last],
            told["focus"][first - 1 : last],
        )


async def test_a_filter_chooses_which_of_two_exchanged_encounters_is_told_of(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    url = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria"
    criteria = {"extension": [{"url": url, "valueString": "Encounter?_id=E2"}]}
    asked = wish(receiver, "encounter-moved") | {"_criteria": criteria}
    made = await client.post("/fhir/Subscription", json=asked)
    assert made.status_code == 201, made.text
    look(told_to)
    started(served.hospital, "E1")
    started(served.hospital, "E2")
    exchanged(served.hospital)
    look(told_to)

    told = standing(receiver.bodies()[-1])
    assert (told["numbers"], told["focus"]) == ([1, 2, 3], ["E2", "E2", "E2"])
    again = standing((await client.get(f"/fhir/Subscription/{made.json()['id']}/$events?eventsSinceNumber=2")).json())
    assert (again["numbers"], again["focus"]) == ([2, 3], ["E2", "E2"])


async def test_the_whole_resource_comes_along_if_wanted_and_nothing_if_not(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    url = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content"
    client = await served.program(Role.SERVICE_HIS)
    for content in ("full-resource", "empty"):
        payload = {"extension": [{"url": url, "valueCode": content}]}
        made = await client.post("/fhir/Subscription", json=wish(receiver, _payload=payload))
        assert made.status_code == 201, made.text
    look(told_to)
    started(served.hospital, "E1")
    look(told_to)

    full, empty = receiver.bodies()[-2:]
    full, empty = (full, empty) if len(full["entry"]) > 1 else (empty, full)
    assert full["entry"][1]["resource"]["resourceType"] == "Encounter"
    assert (len(empty["entry"]), standing(empty)["focus"], standing(empty)["numbers"]) == (1, [], [1])


async def test_who_refuses_is_told_the_same_again_and_given_up_in_the_end(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    key = (await client.post("/fhir/Subscription", json=wish(receiver))).json()["id"]
    look(told_to)
    receiver.status = 500
    started(served.hospital, "E1")
    look(told_to)
    look(told_to)  # not yet due
    assert len(receiver.got) == 2
    served.clock.set(served.clock.now() + HOUR_US)
    receiver.status = 204
    look(told_to)
    assert standing(receiver.bodies()[2])["numbers"] == [1]

    receiver.status = 302  # a redirect is no answer: it would lead past the origins that may be told
    started(served.hospital, "E2")
    for _ in range(GIVE_UP_AFTER + 3):
        served.clock.set(served.clock.now() + HOUR_US)
        look(told_to)
    with served.hospital.read() as session:
        found = subscriptions.subscription(session, key, kind=FHIR)
    assert (found.state, found.failures, found.problem) == (State.ERROR, GIVE_UP_AFTER, "HTTP 302")

    receiver.status = 200
    again = await client.put(f"/fhir/Subscription/{key}", json=wish(receiver) | {"id": key})
    assert again.status_code == 200, again.text
    look(told_to)
    look(told_to)
    assert standing(receiver.bodies()[-1])["numbers"] == [2]


async def test_deleted_it_is_told_no_more(served: Served, receiver: Receiver, told_to: Notifier) -> None:
    client = await served.program(Role.SERVICE_HIS)
    key = (await client.post("/fhir/Subscription", json=wish(receiver))).json()["id"]
    look(told_to)
    assert (await client.delete(f"/fhir/Subscription/{key}")).status_code == 204
    started(served.hospital, "E1")
    look(told_to)

    assert len(receiver.got) == 1
    assert (await client.get(f"/fhir/Subscription/{key}/$status")).status_code == 404


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"criteria": "http://x/SubscriptionTopic/unknown"}, "fhir.subscription"),
        ({"channel": {"type": "email", "endpoint": "mailto:x@example.org"}}, "fhir.subscription"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://elsewhere.example/in"}}, "subscription.origin"),
        ({"channel": {"type": "rest-hook", "endpoint": "file:///etc/passwd"}}, "subscription.address"),
    ],
)
async def test_what_cannot_be_told_is_refused_and_not_kept(
    served: Served, receiver: Receiver, told_to: Notifier, change: dict[str, Any], code: str
) -> None:
    client = await served.program(Role.SERVICE_HIS)

    answer = await client.post("/fhir/Subscription", json=wish(receiver) | change)

    assert answer.status_code in (400, 409, 422), answer.text
    assert code in answer.text
    with served.hospital.read() as session:
        assert subscriptions.subscriptions(session) == []


async def test_topics_are_listed(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)

    found = (await client.get("/fhir/SubscriptionTopic")).json()

    Bundle.model_validate(found)
    assert {entry["resource"]["id"] for entry in found["entry"]} >= {"encounter-started", "bed-status"}


async def test_an_epcis_query_is_reported_signed_and_once(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/epcis/queries", json={"name": "shipped", "query": {"EQ_bizStep": ["shipping"]}})
    await client.post("/epcis/capture", json=_document(_event(bizStep="shipping", eventID="urn:uuid:before")))
    body = {"dest": f"{receiver.url}/epcis", "stream": True, "signatureToken": "s3cret"}
    made = await client.post("/epcis/queries/shipped/subscriptions", json=body)
    assert made.status_code == 201, made.text
    for number, step in enumerate(("shipping", "receiving", "shipping")):
        event = _event(bizStep=step, eventID=f"urn:uuid:after-{number}")
        assert (await client.post("/epcis/capture", json=_document(event))).status_code == 202
    look(told_to)
    look(told_to)

    (headers, sent), *more = receiver.got
    told = json.loads(sent)["epcisBody"]["queryResults"]
    assert more == []
    assert told["subscriptionID"] == made.json()["subscriptionID"]
    assert [one["eventID"] for one in told["resultsBody"]["eventList"]] == ["urn:uuid:after-0", "urn:uuid:after-2"]
    signed = hmac.new(b"s3cret", sent, hashlib.sha256).hexdigest()
    assert headers["gs1-signature"].endswith(f"signature={signed}")
    shown = (await client.get(made.headers["location"])).json()
    assert (shown["eventsSent"], shown["state"]) == (2, "active")
    assert "s3cret" not in json.dumps(shown)
    assert (await client.delete(made.headers["location"])).status_code == 204
    assert (await client.get("/epcis/queries/shipped/subscriptions")).json() == []


async def test_an_epcis_subscription_may_begin_in_the_past(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/epcis/queries", json={"name": "all", "query": {"eventType": ["ObjectEvent"]}})
    await client.post("/epcis/capture", json=_document(_event(eventID="urn:uuid:old")))
    body = {"dest": receiver.url, "everyS": 60, "initialRecordTime": "2000-01-01T00:00:00Z"}
    assert (await client.post("/epcis/queries/all/subscriptions", json=body)).status_code == 201

    assert look(told_to) == 1
    assert len(receiver.bodies()[0]["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == 1


async def test_an_epcis_query_is_reported_by_the_clock_of_the_hospital(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/epcis/queries", json={"name": "all", "query": {"eventType": ["ObjectEvent"]}})
    body = {"dest": receiver.url, "schedule": {"second": "0", "minute": "0"}, "reportIfEmpty": False}
    made = await client.post("/epcis/queries/all/subscriptions", json=body)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["stream"], shown["schedule"]) == (False, {"second": "0", "minute": "0"})
    assert shown["nextAt"][13:] == ":00:00Z" or shown["nextAt"][14:19] == "00:00"

    def at_the_next_hour() -> None:
        served.clock.set(served.clock.now() // HOUR_US * HOUR_US + HOUR_US)

    await client.post("/epcis/capture", json=_document(_event(eventID="urn:uuid:one")))
    assert look(told_to) == 0  # there is something to tell, but the clock does not show it yet
    at_the_next_hour()
    assert look(told_to) == 1
    at_the_next_hour()
    assert look(told_to) == 0  # nothing new
    await client.post("/epcis/capture", json=_document(_event(eventID="urn:uuid:two")))
    assert look(told_to) == 0  # waits for the next hour, though the one before passed without a report
    at_the_next_hour()
    assert look(told_to) == 1

    told = [one["epcisBody"]["queryResults"]["resultsBody"]["eventList"] for one in receiver.bodies()]
    assert [[event["eventID"] for event in events] for events in told] == [["urn:uuid:one"], ["urn:uuid:two"]]


async def test_a_report_that_was_cut_goes_on_at_once(
    served: Served, receiver: Receiver, told_to: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.notifying.BATCH", 2)
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/epcis/queries", json={"name": "all", "query": {"eventType": ["ObjectEvent"]}})
    body = {"dest": receiver.url, "everyS": 3600}
    assert (await client.post("/epcis/queries/all/subscriptions", json=body)).status_code == 201
    for number in range(5):
        event = _event(eventID=f"urn:uuid:e{number}")
        assert (await client.post("/epcis/capture", json=_document(event))).status_code == 202

    told = [look(told_to) for _ in range(5)]

    assert told == [1, 1, 1, 0, 0]  # 2, 2 and 1 events; then the hour is waited for
    sent = [one["epcisBody"]["queryResults"]["resultsBody"]["eventList"] for one in receiver.bodies()]
    assert [event["eventID"][-2:] for events in sent for event in events] == ["e0", "e1", "e2", "e3", "e4"]


async def test_a_subscription_is_seen_and_ended_under_its_own_query_only(
    served: Served, receiver: Receiver, told_to: Notifier
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    for name in ("mine", "other"):
        await client.post("/epcis/queries", json={"name": name, "query": {"eventType": ["ObjectEvent"]}})
    made = await client.post("/epcis/queries/mine/subscriptions", json={"dest": receiver.url, "stream": True})
    key = made.json()["subscriptionID"]

    assert (await client.get(f"/epcis/queries/other/subscriptions/{key}")).status_code == 404
    assert (await client.delete(f"/epcis/queries/other/subscriptions/{key}")).status_code == 404
    assert (await client.get(f"/epcis/queries/mine/subscriptions/{key}")).status_code == 200
    assert (await client.delete(f"/epcis/queries/mine/subscriptions/{key}")).status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"stream": True}, 422),  # nowhere to go
        ({"dest": "{url}"}, 422),  # neither stream nor rest
        ({"dest": "{url}", "stream": True, "everyS": 5}, 422),  # both
        ({"dest": "{url}", "stream": True, "schedule": {"hour": "1"}}, 422),  # both
        ({"dest": "{url}", "schedule": {}}, 422),  # no reading of the clock at all
        ({"dest": "{url}", "schedule": {"hour": "24"}}, 422),
        ({"dest": "{url}", "schedule": {"week": "1"}}, 422),
        ({"dest": "{url}", "schedule": {"dayOfMonth": "30", "month": "2"}}, 422),  # a day that never comes
        ({"dest": "http://elsewhere.example", "stream": True}, 409),
    ],
)
async def test_wrong_epcis_subscriptions_are_refused(
    served: Served, receiver: Receiver, told_to: Notifier, body: dict[str, Any], status: int
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/epcis/queries", json={"name": "all", "query": {"eventType": ["ObjectEvent"]}})
    sent = {name: text.replace("{url}", receiver.url) if isinstance(text, str) else text for name, text in body.items()}

    answer = await client.post("/epcis/queries/all/subscriptions", json=sent)

    assert answer.status_code in (400, status), answer.text
    assert (await client.post("/epcis/queries/none/subscriptions", json=sent)).status_code in (400, 404, status)


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("https://hie.example/notify", None),
        ("https://hie.example:443/notify", None),
        ("https://hie.example.evil.example/x", Refused),
        ("https://hie.example@evil.example/x", FieldError),
        ("http://hie.example/notify", Refused),
        ("https://hie.example:8443/", Refused),
        ("gopher://hie.example/", FieldError),
        ("https://[::1", FieldError),
        ("", FieldError),
    ],
)
def test_only_named_origins_are_told(address: str, error: type[Exception] | None) -> None:
    if error is None:
        check_address(address, ["https://hie.example"])
        return
    with pytest.raises(error):
        check_address(address, ["https://hie.example"])


async def test_what_happens_while_nothing_is_found_is_told_at_the_next_look(
    served: Served, receiver: Receiver, told_to: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/fhir/Subscription", json=wish(receiver))
    look(told_to)
    monkeypatch.setattr("server.subscribing.SCANNED", 0)
    happened = subscriptions.happened

    def and_then_somebody_comes(*args: Any, **options: Any) -> list[Any]:
        found = happened(*args, **options)
        monkeypatch.undo()
        monkeypatch.setattr("server.subscribing.SCANNED", 0)
        started(served.hospital, "E9")
        return found

    monkeypatch.setattr("server.subscribing.happened", and_then_somebody_comes)
    look(told_to)  # looks, finds nothing, and keeps its place while E9 arrives
    look(told_to)

    assert [standing(body)["focus"] for body in receiver.bodies()] == [[], ["E9"]]
