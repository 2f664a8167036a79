"""EPCIS 2.0 beyond the first query: forms, vocabulary, named queries, traces, XML, errors, our own moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from interop.service.moves import Naming, tell_moves
from tests.server.conftest import Served
from tests.server.http.test_epcis import _document, _event, _events_in
from twin.access import Role
from twin.events.supply import StockMoved
from twin.ports import Stored

LINK = "https://id.gs1.org/01/10614141073464/21/2017"
LOT = "urn:epc:class:lgtin:4012345.012345.Lot987"


async def _count(client: Any, **asked: str) -> int:
    answer = await client.get("/epcis/events", params=asked)
    assert answer.status_code == 200, answer.text
    return len(_events_in(answer))


async def test_urn_and_digital_link_of_one_thing_find_the_same_event(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/epcis/capture", json=_document(_event()))

    for key in (LINK, "urn:epc:id:sgtin:0614141.107346.2017", "https://x.org/gtin/10614141073464/ser/2017"):
        assert await _count(client, MATCH_epc=key) == 1
    assert await _count(client, MATCH_epc="urn:epc:idpat:sgtin:0614141.*.*") == 1
    assert await _count(client, MATCH_epc="urn:epc:idpat:sgtin:0614142.*.*") == 0


async def test_vocabulary_of_any_form_is_the_same_step(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/epcis/capture", json=_document(_event(bizStep="urn:epcglobal:cbv:bizstep:shipping")))

    assert await _count(client, EQ_bizStep="shipping") == 1
    assert (await client.get("/epcis/bizSteps")).json()["member"] == ["https://ref.gs1.org/cbv/BizStep-shipping"]
    under = await client.get("/epcis/bizSteps/shipping/events")
    assert len(_events_in(under)) == 1
    under = await client.get(f"/epcis/epcs/{LINK}/events")
    assert len(_events_in(under)) == 1


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"GE_value_CEL": "25"}, 1),
        ({"GT_value_CEL": "26"}, 0),
        ({"EQ_type": "Temperature"}, 1),
        ({"EQ_deviceID": "urn:epc:id:giai:4000001.111"}, 1),
        ({"EQ_example:field": "blue"}, 1),
        ({"EXISTS_example:field": "true"}, 1),
        ({"GT_example:number": "6"}, 1),
        ({"LT_example:number": "6"}, 0),
        ({"EQ_ILMD_cbvmda:lotNumber": "L1"}, 1),
        ({"EQ_INNER_example:deep": "5"}, 1),
        ({"EQ_bizTransaction_po": "urn:x:po:1"}, 1),
        ({"EQ_source_location": "urn:x:1"}, 0),
        ({"EQ_persistentDisposition_set": "recalled"}, 1),
        ({"EXISTS_errorDeclaration": "true"}, 0),
        ({"eventType": "AggregationEvent"}, 0),
        ({"EQ_quantity": "7"}, 1),
        ({"LE_quantity": "6.5"}, 0),
    ],
)
async def test_every_kind_of_parameter_is_understood(served: Served, asked: dict[str, str], count: int) -> None:
    client = await served.program(Role.SERVICE_HIS)
    report = {"type": "Temperature", "value": 26.0, "uom": "CEL", "deviceID": "https://id.gs1.org/8004/4000001111"}
    event = _event(
        sensorElementList=[{"sensorReport": [report]}],
        ilmd={"cbvmda:lotNumber": "L1"},
        bizTransactionList=[{"type": "po", "bizTransaction": "urn:x:po:1"}],
        persistentDisposition={"set": ["recalled"]},
        quantityList=[{"epcClass": LOT, "quantity": 7}],
        **{"example:field": "blue", "example:number": 7, "example:outer": {"example:deep": "5"}},
    )
    await client.post("/epcis/capture", json=_document(event, _event(eventTime="2026-01-06T08:00:00Z")))

    assert await _count(client, **asked) == count


async def test_events_come_in_the_order_asked_for_over_pages(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    hours = (3, 1, 2, 5, 4)
    events = [_event(eventID=f"urn:uuid:{hour}", eventTime=f"2026-01-05T0{hour}:00:00Z") for hour in hours]
    await client.post("/epcis/capture", json=_document(*events))
    url, seen = "/epcis/events?perPage=2&orderBy=eventTime&orderDirection=DESC", []
    while url:
        answer = await client.get(url)
        seen += [event["eventID"][-1] for event in _events_in(answer)]
        url = answer.links.get("next", {}).get("url", "")

    assert seen == ["5", "4", "3", "2", "1"]
    assert await _count(client, eventCountLimit="2") == 2
    assert (await client.get("/epcis/events?maxEventCount=2")).json()["type"] == "epcisException:QueryTooLargeException"


async def test_a_query_is_kept_under_a_name_run_and_forgotten(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.post("/epcis/capture", json=_document(_event(bizStep="shipping"), _event(bizStep="receiving")))
    told = {"name": "Shipped", "query": {"EQ_bizStep": ["shipping"]}}

    made = await client.post("/epcis/queries", json=told)
    again = await client.post("/epcis/queries", json=told)
    wrong = await client.post("/epcis/queries", json={"name": "x", "query": {"EQ_colour": "red"}})
    run = await client.get("/epcis/queries/Shipped/events")
    gone = await client.delete("/epcis/queries/Shipped")

    assert (made.status_code, again.status_code, wrong.status_code, gone.status_code) == (201, 409, 400, 204)
    assert again.json()["type"] == "epcisException:ResourceAlreadyExistsException"
    assert [event["bizStep"] for event in _events_in(run)] == ["shipping"]
    assert run.json()["epcisBody"]["queryResults"]["queryName"] == "Shipped"
    assert (await client.get("/epcis/queries/Shipped")).json()["type"] == "epcisException:NoSuchResourceException"


async def test_where_a_lot_is_and_who_received_it_is_one_query(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)

    def moved(hour: int, quantity: int, action: str, **fields: Any) -> dict[str, Any]:
        event = _event(
            action=action,
            eventTime=f"2026-01-05T{hour:02d}:00:00Z",
            quantityList=[{"epcClass": LOT, "quantity": quantity}],
            **fields,
        )
        event.pop("epcList")
        return event

    def place(name: str) -> dict[str, Any]:
        return {"bizLocation": {"id": f"urn:x:{name}"}}

    def between(start: str, end: str, kind: str = "location") -> dict[str, Any]:
        return {
            "sourceList": [{"type": "location", "source": f"urn:x:{start}"}],
            "destinationList": [{"type": kind, "destination": f"urn:x:{end}"}],
        }

    events = [
        moved(8, 100, "ADD", **place("store")),
        moved(9, 30, "OBSERVE", **between("store", "ward")),
        moved(10, 5, "DELETE", **place("ward"), **between("ward", "patient-7", "possessing_party")),
    ]
    answer = await client.post("/epcis/capture", json=_document(*events))
    found = (await client.get("/epcis/trace", params={"epc": "https://id.gs1.org/01/04012345123456/10/Lot987"})).json()

    assert answer.status_code == 202, answer.text
    assert {one["place"]: one["quantity"] for one in found["held"]} == {"urn:x:store": 70.0, "urn:x:ward": 25.0}
    assert [(one["receiver"], one["quantity"]) for one in found["receipts"]][-1] == ("urn:x:patient-7", 5.0)
    assert found["events"] == 3


async def test_documents_in_xml_are_captured_as_those_in_json(served: Served, data_dir: Path) -> None:
    client = await served.program(Role.SERVICE_HIS)
    file = data_dir / "gateway/epcis-hash-examples/epcisDocWithVariousEventTypes.xml"

    answer = await client.post("/epcis/capture", content=file.read_bytes(), headers={"content-type": "application/xml"})

    assert answer.status_code == 202, answer.text
    published = file.with_suffix(".hashes").read_text(encoding="utf-8").split()
    for digest in published:
        found = await client.get("/epcis/events", params={"EQ_eventID": digest})
        assert len(_events_in(found)) == 1
    assert (await client.get(f"/epcis/events/{published[0]}")).json()["type"] == "ObjectEvent"


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/epcis/events?EQ_action", 400, "QueryParameterException"),
        ("GET", "/epcis/events?GE_eventTime=soon", 400, "QueryParameterException"),
        ("GET", "/epcis/events/urn:uuid:none", 404, "NoSuchResourceException"),
        ("GET", "/epcis/queries/none", 404, "NoSuchResourceException"),
        ("POST", "/epcis/capture", 400, "ValidationException"),
    ],
)
async def test_errors_are_those_of_the_standard(served: Served, method: str, path: str, status: int, kind: str) -> None:
    client = await served.program(Role.SERVICE_HIS)

    answer = await client.request(method, path, json={"type": "x"} if method == "POST" else None)

    assert (answer.status_code, answer.json()["type"]) == (status, f"epcisException:{kind}")


async def test_strangers_get_a_security_exception(served: Served) -> None:
    answer = await (await served.stranger()).get("/epcis/events")

    assert (answer.status_code, answer.json()["type"]) == (401, "epcisException:SecurityException")


async def test_our_own_movements_are_events_once_each(served: Served) -> None:
    hospital, client = served.hospital, await served.program(Role.SERVICE_HIS)
    moved = [
        StockMoved(
            thing="I1",
            id=f"0193-{number}",
            occurred_at=1_767_600_000_000_000 + number,
            recorded_at=1,
            source="user:t",
            source_key=f"m{number}",
            quantity=quantity,
            from_place=start,
            to_place=end,
            lot="L7",
            reason=reason,
        )
        for number, (quantity, start, end, reason) in enumerate(
            [(50, "supplier", "STORE", "receive"), (20, "STORE", "W1", "deliver"), (3, "W1", "patient", "issue")]
        )
    ]
    batch = [Stored(sequence=number, event=event, is_new=True) for number, event in enumerate(moved, 1)]
    naming = Naming(gtin_of=lambda _session, _item: "4012345123456", live=hospital.live)

    def use_case(session: Session) -> int:
        return tell_moves(session, batch, naming=naming, now=1)

    counts = [hospital.write_now(use_case), hospital.write_now(use_case)]
    found = (await client.get("/epcis/trace", params={"epc": "urn:epc:class:lgtin:4012345.012345.L7"})).json()

    assert counts == [3, 0]
    places = {one["place"].rpartition(":")[2]: one["quantity"] for one in found["held"]}
    assert places == {"STORE": 30.0, "W1": 17.0}
    assert found["receipts"][-1]["receiver"].endswith(":patient")
