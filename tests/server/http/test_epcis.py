"""EPCIS capture and query through the public door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.server.conftest import Served
from twin.access import Role


def _event(**fields: Any) -> dict[str, Any]:
    head = {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "eventTime": "2026-01-05T08:00:00+08:00",
        "eventTimeZoneOffset": "+08:00",
        "epcList": ["urn:epc:id:sgtin:0614141.107346.2017"],
    }
    return head | fields


def _document(*events: dict[str, Any]) -> dict[str, Any]:
    return {
        "@context": ["x"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "epcisBody": {"eventList": list(events)},
    }


def _events_in(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found


async def test_every_example_is_captured_and_queried_back(served: Served, data_dir: Path) -> None:
    client = await served.program(Role.SERVICE_HIS)
    for file in sorted((data_dir / "gateway" / "epcis-examples").glob("*.jsonld")):
        told = json.loads(file.read_text(encoding="utf-8"))
        body = told.get("epcisBody", {})
        sent = body.get("eventList") or body.get("queryResults", {}).get("resultsBody", {}).get("eventList") or [told]

        answer = await client.post("/epcis/capture", json=told, headers={"GS1-Capture-Error-Behaviour": "proceed"})
        job = (await client.get(answer.headers["location"])).json()

        assert answer.status_code == 202, (file.name, answer.text)
        assert job["success"] or all("captured before" in error["detail"] for error in job["errors"]), (file.name, job)
        for event in sent:
            for epc in event.get("epcList", [])[:1]:
                found = _events_in(await client.get("/epcis/events", params={"MATCH_epc": epc, "perPage": 200}))
                assert any(event.items() <= one.items() or "eventID" in event for one in found), file.name


async def test_queries_join_parameters_by_and_and_values_by_or(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    early, late = _event(bizStep="shipping"), _event(bizStep="receiving", eventTime="2026-01-05T09:00:00+08:00")
    await client.post("/epcis/capture", json=_document(early, late))

    async def count(**asked: str) -> int:
        return len(_events_in(await client.get("/epcis/events", params=asked)))

    assert await count(EQ_bizStep="shipping") == 1
    assert await count(EQ_bizStep="shipping|receiving") == 2
    assert await count(EQ_bizStep="shipping", EQ_action="ADD") == 0
    assert await count(GE_eventTime="2026-01-05T00:30:00Z") == 1
    assert await count(MATCH_anyEPC="urn:epc:idpat:sgtin:0614141.107346.*") == 2


async def test_pages_give_every_event_once(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/epcis/capture", json=_document(*(_event(eventID=f"urn:uuid:{n}") for n in range(5))))
    url, seen = "/epcis/events?perPage=2", []
    while url:
        answer = await client.get(url)
        seen += [event["eventID"] for event in _events_in(answer)]
        url = answer.links.get("next", {}).get("url", "")

    assert seen == [f"urn:uuid:{n}" for n in range(5)]


async def test_a_document_with_a_bad_event_is_refused_whole_unless_told_to_proceed(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    told = _document(_event(eventID="urn:uuid:good"), _event(eventTime="yesterday"))

    refused = await client.post("/epcis/capture", json=told)
    missing = await client.get("/epcis/events/urn:uuid:good")
    proceeding = await client.post("/epcis/capture", json=told, headers={"GS1-Capture-Error-Behaviour": "proceed"})
    job = (await client.get(proceeding.headers["location"])).json()

    assert (refused.status_code, missing.status_code) == (400, 404)
    assert "eventTime" in refused.text
    assert (job["success"], len(job["errors"])) == (False, 1)
    assert (await client.get("/epcis/events/urn:uuid:good")).json()["eventID"] == "urn:uuid:good"


async def test_an_event_id_comes_twice_only_with_an_error_declaration(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    event = _event(eventID="urn:uuid:1")
    await client.post("/epcis/capture", json=_document(event))

    again = await client.post("/epcis/capture", json=_document(event))
    declared = await client.post(
        "/epcis/capture", json=_document(event | {"errorDeclaration": {"declarationTime": event["eventTime"]}})
    )

    assert (again.status_code, declared.status_code) == (409, 202)


async def test_an_unknown_parameter_is_refused(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)

    assert (await client.get("/epcis/events", params={"EQ_colour": "red"})).status_code == 400
