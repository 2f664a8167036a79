"""Location systems through the public doors: messages in, receivers told over HTTP and by a server that we did not write."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import hl7
import httpx2
import pytest
from fhir.resources.R4B.bundle import Bundle
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

from interop.fhir.rtls import read_bundle
from server.notifying import Notifier
from server.receiving import ReceiverDesk
from tests.interop.conftest import places
from tests.server.conftest import Live, Served
from tests.server.http.test_subscriptions import Receiver, look, receiver, with_origin
from twin.access import Role
from twin.events.things import AssetRegistered, BearerKind, TagBound, ZoneChanged

__all__ = ["receiver"]

EVENTS = "http://hl7.org/fhir/uv/rtls/CodeSystem/rtlsMessageEvents"


def message(event: str, tag: str = "T-1", place: str = "W1-1-A", **header: Any) -> dict[str, Any]:
    head = {
        "resourceType": "MessageHeader",
        "id": f"M-{event}-{tag}-{place}",
        "eventCoding": {"system": EVENTS, "code": event},
        "source": {"endpoint": "urn:uuid:056df0be-13d1-43ae-9182-40155caf6695"},
        "focus": [{"reference": "Device/D1"}],
    }
    device = {
        "resourceType": "Device",
        "id": "D1",
        "identifier": [{"value": tag}],
        "location": {"reference": f"Location/{place}"},
    }
    return {
        "resourceType": "Bundle",
        "type": "message",
        "timestamp": "2026-01-05T07:59:00Z",
        "entry": [{"resource": head | header}, {"resource": device}],
    }


def sighted(served: Served, tag: str, place: str, key: str) -> None:
    now = served.hospital.clock.now()
    head = {"thing": tag, "occurred_at": now, "source": "gateway:g1", "source_key": key}
    served.hospital.record_now([ZoneChanged(zone=place, **head)])  # type: ignore[arg-type]


@pytest.fixture
async def housed(served: Served) -> Served:
    pump = AssetRegistered(
        thing="P1", occurred_at=1_000_000, source="import:t", source_key="P1", category="pump", name="Pump 1"
    )
    bound = TagBound(
        thing="T-1",
        occurred_at=1_000_000,
        source="import:t",
        source_key="T-1",
        bearer="P1",
        bearer_kind=BearerKind.ASSET,
    )
    served.hospital.record_now([*places(), pump, bound])
    return served


async def test_a_location_update_moves_the_bearer_and_a_resend_changes_nothing(housed: Served) -> None:
    client = await housed.program(Role.SERVICE_HIS)

    first = await client.post("/fhir/$process-message", json=message("location-update"))
    count = housed.hospital.ledger.last_sequence()
    again = await client.post("/fhir/$process-message", json=message("location-update"))

    answer = Bundle.model_validate_json(first.content)
    assert answer.entry[0].resource.response.code == "ok"
    assert answer.entry[0].resource.response.identifier == "M-location-update-T-1-W1-1-A"
    assert again.status_code == 200
    assert housed.hospital.ledger.last_sequence() == count
    assert housed.hospital.live.index.asset_slot["P1"][2] == "W1-1-A"


async def test_the_example_of_the_guide_is_taken_as_xml_and_its_place_waits_for_a_person(
    housed: Served, data_dir: Path
) -> None:
    client, operator = await housed.program(Role.SERVICE_HIS), await housed.signed_in(Role.SYSADMIN)
    body = (data_dir / "rtls" / "rtlsMessageBundleLocationUpdate-example.xml").read_bytes()

    answer = await client.post("/fhir/$process-message", content=body, headers={"content-type": "application/fhir+xml"})
    (name,) = (await operator.get("/v1/interfaces/place-names", params={"unmatched_only": True})).json()["names"]
    matched = await operator.post(
        "/v1/interfaces/place-names/match", json={"source": "his:main", "name": "EMC-317", "place": "W1-1-A"}
    )
    later = message("location-update", "12345678", "EMC-317", id="M-later")
    again = await client.post("/fhir/$process-message", json=later)

    assert (answer.status_code, again.status_code) == (200, 200)
    assert (name["source"], name["name"], name["seen"], name["place"]) == ("his:main", "EMC-317", 1, "")
    assert matched.status_code == 200
    assert housed.hospital.live.tags["12345678"].sighting.zone == "W1-1-A"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"{", "application/fhir+json"),  # no JSON
        (b"[]", "application/fhir+json"),  # no object
        (b"<Bundle/>", "application/fhir+xml"),  # no FHIR
        (json.dumps(message("assign-tag")).encode(), "application/fhir+json"),  # not an event of the guide
    ],
)
async def test_what_is_no_message_is_answered_with_an_outcome(housed: Served, body: bytes, media: str) -> None:
    client = await housed.program(Role.SERVICE_HIS)

    answer = await client.post("/fhir/$process-message", content=body, headers={"content-type": media})

    assert (answer.status_code, answer.json()["resourceType"]) == (422, "OperationOutcome")


async def test_who_enrols_a_tag_is_told_of_it_and_of_no_other(housed: Served, receiver: Receiver) -> None:
    housed.hospital.settings = with_origin(housed.hospital.settings, receiver.url)
    notifier, client = Notifier(housed.hospital), await housed.program(Role.SERVICE_HIS)
    source = {"endpoint": f"{receiver.url}/rtls"}

    enrolled = await client.post("/fhir/$process-message", json=message("enroll-tag", source=source))
    sighted(housed, "T-1", "W1-1-A", "1")
    sighted(housed, "T-2", "W1-1-B", "2")
    sighted(housed, "T-1", "W2", "3")
    while look(notifier):
        pass
    await client.post("/fhir/$process-message", json=message("unenroll-tag", source=source))
    sighted(housed, "T-1", "W1-1-A", "4")
    look(notifier)

    assert enrolled.status_code == 200
    told = [read_bundle(body) for body in receiver.bodies()]
    assert [(one.tags[0].tag, one.tags[0].names[0]) for one in told] == [("T-1", "W1-1-A"), ("T-1", "W2")]
    assert len({one.id for one in told}) == 2
    for _, body in receiver.got:
        Bundle.model_validate_json(body)


async def test_receivers_are_kept_by_operators_within_the_origins_of_the_settings(
    housed: Served, receiver: Receiver
) -> None:
    housed.hospital.settings = with_origin(housed.hospital.settings, receiver.url)
    operator, nurse = await housed.signed_in(Role.SYSADMIN), await housed.signed_in(Role.NURSE)
    url, good = "/v1/interfaces/receivers", {"kind": "rtls", "endpoint": f"{receiver.url}/in"}

    made = await operator.post(url, json=good)
    listed = (await operator.get(url)).json()["receivers"]
    answers = [
        (await nurse.post(url, json=good)).status_code,
        (await operator.post(url, json=good | {"kind": "smoke"})).status_code,
        (await operator.post(url, json=good | {"endpoint": "http://elsewhere.test/in"})).status_code,
        (await operator.post(url, json=good | {"kind": "memls"})).status_code,
    ]
    gone = await operator.delete(f"{url}/{made.json()['id']}")

    assert made.status_code == 201, made.text
    assert [one["endpoint"] for one in listed] == [f"{receiver.url}/in"]
    assert answers == [403, 422, 409, 422]
    assert gone.status_code == 204
    assert (await operator.get(url)).json()["receivers"] == []


class OtherServer:
    """The MLLP server of python-hl7, which keeps what it is told."""

    def __init__(self, code: str = "AA") -> None:
        self.code, self.got, self.port = code, [], 0
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    async def _answer(self, reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        try:
            while not reader.at_eof():
                told = await reader.readmessage()
                self.got.append(told)
                writer.writemessage(told.create_ack(self.code))
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    async def _serve(self) -> None:
        async with await start_hl7_server(self._answer, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._done = asyncio.Event()
            self._ready.set()
            await self._done.wait()

    def __enter__(self) -> OtherServer:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)
        self._loop.close()


@pytest.mark.parametrize(("code", "failures"), [("AA", 0), ("AE", 1)])
async def test_ihe_mem_ls_is_told_to_a_server_that_we_did_not_write(housed: Served, code: str, failures: int) -> None:
    with OtherServer(code) as other:
        origin = f"mllp://127.0.0.1:{other.port}"
        housed.hospital.settings = with_origin(housed.hospital.settings, origin)
        desk, notifier = ReceiverDesk(housed.hospital), Notifier(housed.hospital)
        await asyncio.to_thread(desk.add, "memls", origin, only_enrolled=False, actor="root")
        sighted(housed, "T-1", "W1-1-A", "1")

        await asyncio.to_thread(look, notifier)

    (told,) = other.got
    (held,) = desk.receivers()
    assert isinstance(told, hl7.Message)
    assert str(told["OBX"][2][5]) == "W1^^W1-1-A^Test Hospital^^^^^W1-1-A"
    assert str(told["OBX"][0][5]) == "P1"
    assert str(told["OBX"][2][18][0][0]) == "T-1"
    assert (held.failures, held.sent) == (failures, 1 - failures)


def test_a_call_for_help_is_an_alarm_where_the_badge_is(live: Live, data_dir: Path) -> None:
    live.served.hospital.record_now(places())
    key = live.make_key(Role.SERVICE_HIS, "his:rtls")
    body = (data_dir / "rtls" / "rtlsAuxiliaryFunctionInput-example.xml").read_bytes()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/fhir+xml"}

    with httpx2.Client(base_url=live.base_url, headers=headers, timeout=20) as client:
        answer = client.post("/fhir/$rtlsMessageParameters", content=body)

    (task,) = [one["resource"] for one in answer.json()["parameter"] if one["name"] == "task"]
    alarm = live.served.hospital.live.alarms[task["id"]]
    assert (task["status"], alarm.alarm_class, alarm.is_active) == ("received", "staff_duress", True)
    assert dict(alarm.parameters)["who"] == "12345678"


async def test_without_alarms_a_call_for_help_is_not_swallowed(housed: Served, data_dir: Path) -> None:
    client = await housed.program(Role.SERVICE_HIS)
    body = (data_dir / "rtls" / "rtlsAuxiliaryFunctionInput-example.xml").read_bytes()

    answer = await client.post(
        "/fhir/$rtlsMessageParameters", content=body, headers={"content-type": "application/xml"}
    )

    assert answer.status_code == 503
