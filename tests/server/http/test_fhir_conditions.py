"""FHIR writes by a search, patches, transactions in any order, and the finer search parameters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.conftest import places
from tests.server.conftest import Served
from twin.access import Role

Json = dict[str, Any]
PATCH = {"content-type": "application/json-patch+json"}


def observation(number: str, **fields: Any) -> Json:
    own: Json = {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:lab", "value": number}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
    }
    return own | fields


def location(key: str, **fields: Any) -> Json:
    return {"resourceType": "Location", "id": key, "status": "active"} | fields


def bundle(*entries: Json, kind: str = "transaction") -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method: str, url: str, resource: Json | None = None, full_url: str = "", **request: str) -> Json:
    told: Json = {"request": {"method": method, "url": url} | request}
    told |= {"resource": resource} if resource is not None else {}
    return told | ({"fullUrl": full_url} if full_url else {})


async def test_an_update_by_a_search_writes_the_one_that_is_found_or_a_new_one(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    where = "/fhir/Observation?identifier=urn:lab%7C1"

    made = await client.put(where, json=observation("1"))
    changed = await client.put(where, json=observation("1", status="amended"))
    other = await client.put(where, json=observation("1", id="another"))
    named = await client.put("/fhir/Observation?identifier=urn:lab%7C2", json=observation("2", id="mine"))

    assert (made.status_code, changed.status_code, other.status_code) == (201, 200, 422)
    assert changed.json()["id"] == made.json()["id"]
    assert changed.json()["meta"]["versionId"] == "2"
    assert (named.status_code, named.json()["id"]) == (201, "mine")


async def test_an_update_or_deletion_by_a_search_that_finds_several_or_says_nothing_is_refused(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    for number in ("1", "2"):
        await client.post("/fhir/Observation", json=observation(number))

    for condition, status in (("code=8310-5", 412), ("", 422), ("colour=red", 422), ("code=", 422)):
        answers = [
            await client.put(f"/fhir/Observation?{condition}", json=observation("3")),
            await client.delete(f"/fhir/Observation?{condition}"),
        ]
        assert [one.status_code for one in answers] == [status, status], condition
    assert (await client.delete("/fhir/Observation?identifier=9")).status_code == 404
    assert (await client.delete("/fhir/Observation?identifier=2")).status_code == 204
    assert (await client.get("/fhir/Observation")).json()["total"] == 1


async def test_a_patch_changes_single_fields_and_keeps_the_digits_of_the_rest(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    body = observation("1", id="O1", valueQuantity={"value": 16.5, "unit": "C"})
    await client.put("/fhir/Observation/O1", json=body)
    change = [
        {"op": "test", "path": "/status", "value": "final"},
        {"op": "replace", "path": "/status", "value": "amended"},
        {"op": "add", "path": "/note", "value": [{"text": "checked"}]},
    ]

    done = await client.patch("/fhir/Observation/O1", json=change, headers=PATCH)
    again = await client.patch("/fhir/Observation/O1", json=change, headers=PATCH)
    stale = await client.patch("/fhir/Observation/O1", json=change[1:], headers=PATCH | {"if-match": 'W/"1"'})
    broken = await client.patch("/fhir/Observation/O1", json=[{"op": "remove", "path": "/code"}], headers=PATCH)
    moved = await client.patch(
        "/fhir/Observation/O1", json=[{"op": "replace", "path": "/id", "value": "O2"}], headers=PATCH
    )

    assert (done.status_code, done.headers["etag"]) == (200, 'W/"2"')
    assert (done.json()["status"], done.json()["note"]) == ("amended", [{"text": "checked"}])
    assert '"value":16.5' in done.text
    assert [one.status_code for one in (again, stale, broken, moved)] == [422, 412, 422, 422]
    assert (await client.get("/fhir/Observation/O1")).json()["meta"]["versionId"] == "2"
    assert (await client.patch("/fhir/Observation/none", json=change, headers=PATCH)).status_code == 404


async def test_who_may_not_write_may_not_patch_or_write_by_a_search(served: Served) -> None:
    nurse = await served.signed_in(Role.NURSE)

    assert (await nurse.patch("/fhir/Observation/O1", json=[], headers=PATCH)).status_code == 403
    assert (await nurse.put("/fhir/Observation?identifier=1", json=observation("1"))).status_code == 403
    assert (await nurse.delete("/fhir/Observation?identifier=1")).status_code == 403


async def test_a_transaction_creates_what_is_not_there_yet_and_links_to_what_is(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    known = (await client.post("/fhir/Location", json=location("x", identifier=[{"value": "W9"}]))).json()["id"]
    once = {"ifNoneExist": "identifier=W9"}
    room = location("y", partOf={"reference": "urn:uuid:w9"})

    done = await client.post(
        "/fhir",
        json=bundle(
            entry("POST", "Location", room, "urn:uuid:room"),
            entry("POST", "Location", location("z", identifier=[{"value": "W9"}]), "urn:uuid:w9", **once),
            entry("PUT", "Observation?identifier=7", observation("7")),
        ),
    )

    assert done.status_code == 200, done.text
    made, found, updated = (one["response"] for one in done.json()["entry"])
    assert [one["status"] for one in (made, found, updated)] == ["201", "200", "201"]
    assert found["location"].startswith(f"Location/{known}/")
    key = made["location"].split("/")[1]
    assert (await client.get(f"/fhir/Location/{key}")).json()["partOf"] == {"reference": f"Location/{known}"}


async def test_a_transaction_deletes_before_it_creates_whatever_its_order(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.put("/fhir/Observation/old", json=observation("1", id="old"))

    done = await client.post(
        "/fhir",
        json=bundle(
            entry("GET", "Observation?identifier=1"),
            entry("PUT", "Observation/new", observation("1", id="new")),
            entry("DELETE", "Observation/old"),
        ),
    )

    assert [one["response"]["status"] for one in done.json()["entry"]] == ["200", "201", "204"]
    (left,) = done.json()["entry"][0]["resource"]["entry"]
    assert left["resource"]["id"] == "new"


async def test_a_transaction_that_names_one_resource_twice_is_refused_whole(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    first = entry("PUT", "Observation/o", observation("1", id="o"))

    for second in (entry("DELETE", "Observation/o"), entry("PUT", "Observation/o", observation("2", id="o"))):
        refused = await client.post("/fhir", json=bundle(first, second))
        assert refused.status_code == 422, refused.text

    assert (await client.get("/fhir/Observation/o")).status_code == 404


@pytest.fixture
async def found(served: Served) -> Any:
    """Give what a search of locations and devices finds, by id."""
    served.hospital.record_now(places())
    client = await served.program(Role.SERVICE_HIS)
    await client.put("/fhir/Location/L1", json=location("L1", name="Ward North, east", identifier=[{"value": "1"}]))
    await client.put("/fhir/Location/L2", json=location("L2", name="Ward South", status="suspended"))
    for key, place in (("D1", "L1"), ("D2", "L2"), ("D3", "")):
        told: Json = {"resourceType": "Device", "id": key} | (
            {"location": {"reference": f"Location/{place}"}} if place else {}
        )
        await client.put(f"/fhir/Device/{key}", json=told)

    async def ask(kind: str, query: str) -> set[str]:
        answer = await client.get(f"/fhir/{kind}?{query}")
        assert answer.status_code == 200, answer.text
        ids = {one["resource"]["id"] for one in answer.json()["entry"]}
        return ids & {"L1", "L2", "D1", "D2", "D3"}

    return ask


@pytest.mark.parametrize(
    ("kind", "query", "ids"),
    [
        ("Location", "name=Ward%20North%5C,%20east", {"L1"}),  # a comma that is no "or"
        ("Location", "name=ward%20north,ward%20south", {"L1", "L2"}),
        ("Location", "name:contains=SOUTH", {"L2"}),
        ("Location", "identifier:missing=true&name=ward", {"L2"}),
        ("Location", "identifier:missing=false&name=ward", {"L1"}),
        ("Location", "status:not=active&name=ward", {"L2"}),
        ("Location", "status:not=active,suspended&name=ward", set()),
        ("Device", "location:missing=true&_id=D1,D2,D3", {"D3"}),
        ("Device", "location.name=ward%20south", {"D2"}),
        ("Device", "location:Location.name:contains=east", {"D1"}),
        ("Device", "location.name=nowhere", set()),
        ("Device", "location:Location=L1", {"D1"}),
        ("Device", "_lastUpdated=ge2999&_lastUpdated=ge2000", set()),  # both must hold
        ("Device", "_lastUpdated=lt2000&_lastUpdated=lt2999", set()),
    ],
)
async def test_the_finer_parameters_find_what_they_say(found: Any, kind: str, query: str, ids: set[str]) -> None:
    assert await found(kind, query) == ids


@pytest.mark.parametrize(
    "query",
    [
        "Location?name=",  # nothing is asked for, and everything would be given
        "Location?name:exact=x",
        "Location?status:missing=maybe",
        "Device?location.partof.name=x",
        "Device?status.name=x",
        "Device?patient.name=x",
        "Device?location:Moon.name=x",
        "Encounter?date:not=2026",
    ],
)
async def test_what_is_not_understood_is_refused_and_never_passed_over(served: Served, query: str) -> None:
    client = await served.program(Role.SERVICE_HIS)

    assert (await client.get(f"/fhir/{query}")).status_code == 422


async def test_what_refers_to_many_matches_comes_along_with_them(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    for number in range(5):
        await client.put(f"/fhir/Location/L{number}", json=location(f"L{number}", name=f"Hall {number}"))
        told = {"resourceType": "Device", "id": f"D{number}", "location": {"reference": f"Location/L{number}"}}
        await client.put(f"/fhir/Device/D{number}", json=told)

    answer = (await client.get("/fhir/Location?name=hall&_revinclude=Device:location")).json()

    modes = {one["resource"]["id"]: one["search"]["mode"] for one in answer["entry"]}
    assert modes == {f"L{n}": "match" for n in range(5)} | {f"D{n}": "include" for n in range(5)}
