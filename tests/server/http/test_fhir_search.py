"""Search over FHIR: order, what goes along, our own audit and ledger, slots of our own plans, stock as R5 says it."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.inventoryitem import InventoryItem
from fhir.resources.inventoryreport import InventoryReport
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interop.fhir.arranging import Order, sort_resources
from interop.hl7v2.message import read_message
from server.listening import receive
from tests.interop.conftest import places
from tests.interop.messages_for_tests import adt
from tests.server.conftest import Served
from twin.access import Role
from twin.clock import HOUR_US
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.supply import StockMoved
from twin.events.things import AssetRegistered
from twin.events.work import PlannedStay, PlanPublished

HEAD: dict[str, Any] = {"occurred_at": 1_000_000, "source": "import:t"}


@pytest.fixture
async def peopled(served: Served) -> Served:
    now = served.clock.now()
    pump = AssetRegistered(thing="P1", source_key="P1", category="pump", name="Pump", home="W1", **HEAD)
    clinic = PlaceDefined(
        thing="CL", source_key="CL", kind=PlaceKind.ROOM, name="Clinic", parent="H", purpose="clinic", **HEAD
    )
    theatre = PlaceDefined(thing="OT1", source_key="OT1", kind=PlaceKind.ROOM, name="OT 1", parent="H", **HEAD)
    stay = PlannedStay(
        encounter="EPLAN",
        place="W2-1-A",
        start_at=now + HOUR_US,
        end_at=now + 50 * HOUR_US,
        theatre="OT1",
        theatre_start_at=now + 2 * HOUR_US,
        theatre_end_at=now + 4 * HOUR_US,
    )
    plan = PlanPublished(
        thing="PL1",
        source_key="PL1",
        kind="admissions",
        start_at=now,
        end_at=now + 72 * HOUR_US,
        stays=(stay,),
        **HEAD,
    )
    moved = [
        StockMoved(
            thing="GLOVES", source_key=f"m{n}", quantity=n, from_place="supplier", to_place="W1", lot=lot, **HEAD
        )
        for n, lot in ((7, "L1"), (5, ""))
    ]
    served.hospital.record_now([*places(), clinic, theatre, pump, plan, *moved])
    for content in (
        adt("A01", bed="W1^1^A", at="20260105070000"),
        adt("A01", visit="V3", bed="W2^1^B", at="20260105060000"),
        adt("A14", visit="V2", PV1_42="W1^1^B", PV2_8="20260106090000"),
    ):
        await receive(served.hospital, read_message(content), content)
    return served


async def found(client: Any, url: str, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(url, params=params)
    assert answer.status_code == 200, answer.text
    Bundle.model_validate_json(answer.content) if "Inventory" not in url else None
    return list(answer.json()["entry"])


def ids(entries: list[dict[str, Any]], mode: str = "match") -> list[str]:
    return [one["resource"]["id"] for one in entries if one["search"]["mode"] == mode]


async def test_encounters_come_in_the_order_asked_for_and_page_by_page(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    up = await found(client, "/fhir/Encounter", _sort="date", status="in-progress")
    down = await found(client, "/fhir/Encounter", _sort="-date", status="in-progress")
    url, seen = "/fhir/Location?_sort=-name&_count=3", []
    while url:
        page = (await client.get(url)).json()
        seen += [one["resource"]["name"] for one in page["entry"]]
        url = next((one["url"] for one in page["link"] if one["relation"] == "next"), "")

    assert ids(up) == ids(down)[::-1]
    assert [one["resource"]["period"]["start"][:13] for one in up] == ["2026-01-05T06", "2026-01-05T07"]
    assert seen == sorted(seen, key=str.lower, reverse=True)
    assert len(seen) == len(set(seen)) == len(peopled.hospital.live.places)


@pytest.mark.parametrize(
    "query",
    ["_sort=nonsense", "_include=Encounter:status", "_include=Nothing:x", "_revinclude=Location", "_summary=text"],
)
async def test_what_cannot_be_arranged_is_refused(peopled: Served, query: str) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    answer = await client.get(f"/fhir/Encounter?{query}")

    assert (answer.status_code, answer.json()["resourceType"]) == (422, "OperationOutcome")


async def test_what_matches_refer_to_goes_along_and_what_that_refers_to_if_asked(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    one = await found(client, "/fhir/Encounter", _include="Encounter:location", status="in-progress")
    deep = await found(
        client,
        "/fhir/Encounter",
        **{"_include": "Encounter:*", "_include:iterate": "Location:partof", "status": "in-progress"},
    )

    assert sorted(ids(one, "include")) == ["W1-1-A", "W2-1-B"]
    assert sorted(ids(deep, "include")) == ["H", "W1", "W1-1-A", "W2", "W2-1-B"]


async def test_what_refers_to_a_match_goes_along_too(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    beds = await found(client, "/fhir/Location", _id="W1-1-A", _revinclude="Encounter:location")
    (encounter,) = ids(beds, "include")
    told = await found(client, "/fhir/Encounter", _id=encounter, _revinclude="Provenance:target")

    assert [one["resource"]["activity"]["text"] for one in told if one["search"]["mode"] == "include"] == [
        "EncounterStarted"
    ]


async def test_the_form_finds_what_the_address_finds(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    form = await client.post(
        "/fhir/Encounter/_search",
        content="status=in-progress&_sort=-date",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    counted = (await client.get("/fhir/Encounter?_summary=count")).json()

    assert ids(form.json()["entry"]) == ids(await found(client, "/fhir/Encounter", status="in-progress", _sort="-date"))
    assert (counted["total"], counted["entry"]) == (3, [])


async def test_the_audit_is_found_by_who_may_read_it_only(peopled: Served) -> None:
    nurse, auditor = await peopled.signed_in(Role.NURSE), await peopled.signed_in(Role.AUDITOR)
    his = await peopled.program(Role.SERVICE_HIS)
    encounter = next(iter(peopled.hospital.live.encounters))
    await nurse.post(f"/v1/interfaces/identities/{encounter}/reveal", json={"reason": "bedside check"})

    read = await found(auditor, "/fhir/AuditEvent", type="identity.revealed")
    by_entity = await found(auditor, "/fhir/AuditEvent", entity=f"Encounter/{encounter}", date="ge2020")
    later = await found(auditor, "/fhir/AuditEvent", date="gt2100-01-01")
    sessions = await found(auditor, "/fhir/AuditEvent", _sort="-date", type="session.started", _count="1")
    hidden = await found(his, "/fhir/AuditEvent")
    alone = await auditor.get(f"/fhir/AuditEvent/{ids(read)[0]}")

    assert ids(read) == ids(by_entity)
    event = AuditEvent.model_validate_json(alone.content)
    assert (event.action, event.outcome, event.purposeOfEvent[0].text) == ("R", "0", "bedside check")
    assert (later, hidden, len(sessions)) == ([], [], 1)
    assert (await his.get(f"/fhir/AuditEvent/{ids(read)[0]}")).status_code == 404


async def test_lineage_is_found_by_target_source_and_time(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)
    encounter = ids(await found(client, "/fhir/Encounter", status="in-progress"))[0]

    about = await found(client, "/fhir/Provenance", target=f"Encounter/{encounter}")
    device = await found(client, "/fhir/Provenance", target="Device/P1")
    none = await found(client, "/fhir/Provenance", recorded="lt2020-01-01")
    some = (await client.get("/fhir/Provenance", params={"_count": "4"})).json()
    rest, url = [], next(one["url"] for one in some["link"] if one["relation"] == "next")
    while url:
        page = (await client.get(url)).json()
        rest += ids(page["entry"])
        url = next((one["url"] for one in page["link"] if one["relation"] == "next"), "")

    assert [one["resource"]["target"][0]["reference"] for one in about] == [f"Encounter/{encounter}"]
    assert len(device) == 1
    assert none == []
    assert len(rest) + 4 == peopled.hospital.ledger.last_sequence()


async def paged(client: Any, url: str, **params: Any) -> list[list[dict[str, Any]]]:
    pages, answer = [], await client.get(url, params=params)
    while True:
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        pages.append(bundle["entry"])
        onward = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), "")
        if not onward:
            return pages
        assert len(pages) < 50, "the pages have no end"
        answer = await client.get(onward)


async def test_lineage_of_one_thing_goes_on_page_by_page_past_the_most_that_one_page_looks_at(
    peopled: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await peopled.program(Role.SERVICE_HIS)
    renamed = [
        AssetRegistered(thing="P1", category="pump", name=f"Pump {n}", home="W1", **HEAD | {"source_key": f"P1/{n}"})
        for n in range(11)
    ]
    peopled.hospital.record_now(renamed)
    monkeypatch.setattr("server.http.fhir_own.MOST_SCANNED", 4)

    pages = await paged(client, "/fhir/Provenance", target="Device/P1", _count="3")

    told = [key for page in pages for key in ids(page)]
    assert len(told) == len(set(told)) == 12
    assert told == sorted(told)


async def test_history_of_a_type_gives_each_version_once_page_by_page(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)
    written = {"resourceType": "Encounter", "id": "E-OWN", "status": "planned", "class": {"code": "IMP"}}
    assert (await client.put("/fhir/Encounter/E-OWN", json=written)).status_code == 201

    (whole,) = await paged(client, "/fhir/Encounter/_history")
    for size in range(1, len(whole) + 1):
        pages = await paged(client, "/fhir/Encounter/_history", _count=str(size))
        assert [entry for page in pages for entry in page] == whole, size

    live = [entry["response"]["lastModified"] for entry in whole if "etag" not in entry["response"]]
    assert len(live) >= 3
    assert live == sorted(live, reverse=True)


async def test_versions_of_one_encounter_go_on_page_by_page(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)
    encounter = ids(await found(client, "/fhir/Encounter", status="in-progress"))[0]
    for n, bed in enumerate(("W1^1^B", "W2^1^A", "W1^1^A")):
        content = adt("A02", bed=bed, at=f"202601050{n + 7}3000", control=f"M{n}")
        await receive(peopled.hospital, read_message(content), content)

    for key in ids(await found(client, "/fhir/Encounter", status="in-progress")):
        (whole,) = await paged(client, f"/fhir/Encounter/{key}/_history")
        pages = await paged(client, f"/fhir/Encounter/{key}/_history", _count="2")
        assert [entry for page in pages for entry in page] == whole
        assert all(len(page) <= 2 for page in pages)
    assert encounter


async def test_slots_are_what_appointments_and_the_plan_take(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    slots = await found(client, "/fhir/Slot", _include="Slot:schedule")
    theatre = await found(client, "/fhir/Slot", schedule="Schedule/OT1", start="ge2026-01-05")
    schedules = await found(client, "/fhir/Schedule", _sort="_id")
    alone = await client.get("/fhir/Slot/theatre-EPLAN")
    nothing = await client.get("/fhir/Slot/theatre-NOBODY")

    assert [one.split("-")[0] for one in ids(slots)] == ["appointment", "bed", "theatre"]
    assert sorted(ids(slots, "include")) == ["OT1", "W1-1-B", "W2-1-A"]
    assert ids(theatre) == ["theatre-EPLAN"]
    assert ids(schedules) == ["CL", "OT1", "W1-1-B", "W2-1-A"]
    assert (alone.json()["status"], nothing.status_code) == ("busy", 404)


async def test_stock_is_told_as_r5_and_adds_up(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    (report,) = await found(client, "/fhir/InventoryReport")
    (item,) = await found(client, "/fhir/InventoryItem", code="GLOVES")

    InventoryItem.model_validate(item["resource"])
    told = InventoryReport.model_validate(report["resource"])
    assert (told.id, told.countType) == ("W1", "snapshot")
    lines = report["resource"]["inventoryListing"][0]["item"]
    assert sorted(
        (one.get("category", {}).get("coding", [{"code": ""}])[0]["code"], one["quantity"]["value"]) for one in lines
    ) == [
        ("", 5),
        ("L1", 7),
    ]


async def test_what_the_statement_promises_is_kept(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)
    stated = (await client.get("/fhir/metadata")).json()
    CapabilityStatement.model_validate(stated)

    for one in stated["rest"][0]["resource"]:
        for parameter in one["searchParam"]:
            value = {"date": "ge2026-01-05"}.get(parameter["type"], "x")
            answer = await client.get(f"/fhir/{one['type']}", params={parameter["name"]: value, "_count": "1"})
            assert answer.status_code == 200, (one["type"], parameter)
        for text in one.get("searchInclude", []):
            answer = await client.get(f"/fhir/{one['type']}", params={"_include": text, "_count": "1"})
            assert answer.status_code == 200, text


STAYS = (
    ("past", {"start": "2026-01-05T08:00:00Z", "end": "2026-01-07T08:00:00Z"}),
    ("long", {"start": "2025-12-01T08:00:00Z", "end": "2026-03-01T08:00:00Z"}),
    ("open", {"start": "2026-01-10T08:00:00Z"}),
    ("ended", {"end": "2026-01-02T08:00:00Z"}),
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("date=ge2026-01-06&date=le2026-01-08", {"past", "long"}),  # from and to: both must hold
        ("date=le2026-01-08&date=ge2026-01-06", {"past", "long"}),
        ("date=ge2027-01-01", {"open"}),  # who is still here is here then, as far as anybody has said
        ("date=lt2026-01-01", {"long", "ended"}),
        ("date=ge2026-01-06&date=le2026-01-08&status=finished", {"past", "long"}),
        ("class=http://terminology.hl7.org/CodeSystem/v3-ActCode|", {"past", "long", "open", "ended"}),
        ("class=http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP", {"past", "long", "open", "ended"}),
        ("class=|IMP", set()),
    ],
)
async def test_stays_are_found_by_a_span_of_time_and_by_system(served: Served, query: str, found: set[str]) -> None:
    client = await served.program(Role.SERVICE_HIS)
    act = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    for key, period in STAYS:
        status = "in-progress" if "end" not in period else "finished"
        body = {"resourceType": "Encounter", "id": key, "status": status, "class": act, "period": period}
        assert (await client.put(f"/fhir/Encounter/{key}", json=body)).status_code == 201

    answer = await client.get(f"/fhir/Encounter?{query}&_pretty=true")

    assert answer.status_code == 200, answer.text
    ids = {entry["resource"]["id"] for entry in answer.json().get("entry", [])}
    assert ids & {key for key, _period in STAYS} == found


_RESOURCES = st.lists(
    st.fixed_dictionaries(
        {"id": st.text("abc", min_size=1, max_size=3)}, optional={"name": st.text("xyz", min_size=1, max_size=2)}
    ),
    max_size=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect
@given(told=_RESOURCES, descends=st.booleans())
def test_sorting_loses_nothing_and_puts_what_has_no_value_last(told: list[dict[str, Any]], *, descends: bool) -> None:
    made = [{"resourceType": "Location", **one} for one in told]

    ordered = sort_resources(list(made), "Location", [Order("name", descends)])

    names = [one["name"] for one in ordered if "name" in one]
    assert sorted(map(str, ordered)) == sorted(map(str, made))
    assert names == sorted(names, reverse=descends)
    assert ["name" in one for one in ordered] == sorted(("name" in one for one in ordered), reverse=True)
