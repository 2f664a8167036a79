"""Cabinets, item masters and sterilizers of other systems: told by HL7 and FHIR, seen and decided on by people."""

from __future__ import annotations

from typing import Any

import pytest

from interop.hl7v2.message import read_message
from inventory.tables.catalogue import load_item
from server.listening import receive
from tests.interop.conftest import places
from tests.server.conftest import Served
from twin.access import Role
from twin.events.supply import CycleEnded, CycleStarted, StockMoved, Verdict
from twin.events.things import AssetRegistered

HEAD: dict[str, Any] = {"occurred_at": 1_000_000, "source": "import:t"}
AT = "20260105073000"


def told(kind: str, *segments: str, control: str = "1", at: str = AT) -> bytes:
    return "\r".join([f"MSH|^~\\&|CAB|HOSP|TWIN|HOSP|{at}||{kind}|{control}|P|2.8", *segments]).encode() + b"\r"


async def hear(served: Served, *contents: bytes) -> list[str]:
    return [(await receive(served.hospital, read_message(one), one)).verdict.value for one in contents]


@pytest.fixture
def stocked(served: Served) -> Served:
    moved = StockMoved(
        thing="GLOVES", source_key="m", quantity=10, from_place="supplier", to_place="W1", lot="L1", **HEAD
    )
    steriliser = AssetRegistered(thing="AUT-1", source_key="a", category="sterilizer", name="Autoclave 1", **HEAD)
    served.hospital.record_now([*places(), steriliser, moved])
    return served


async def test_what_a_cabinet_holds_stands_beside_our_own_stock(stocked: Served) -> None:
    client = await stocked.signed_in(Role.LOGISTICS)

    await hear(
        stocked,
        told("INU^U05", "EQU|W1|" + AT, "INV|GLOVES||||||20|8|||EA|20270101||||L1", "INV|MASKS||||||||5"),
        told("INU^U05", "EQU|W1|" + AT, "INV|GLOVES||||||20|3|||EA|||||L1", control="2", at="20260105070000"),
        told("INU^U05", "EQU|W1|" + AT, "INV|GLOVES||||||20|half|||EA|||||L1", control="3"),
    )
    rows = (await client.get("/v1/interfaces/stock-figures")).json()["figures"]

    assert [(one["item"], one["quantity"], one["ours"], one["difference"]) for one in rows] == [
        ("MASKS", 5, 0, 5),
        ("GLOVES", 8, 10, -2),
    ]
    assert rows[1]["expires_at"].startswith("2027-01-01")
    assert stocked.hospital.live.stock["W1", "GLOVES"].quantity == 10


async def test_an_inventory_report_that_is_written_is_a_figure_too(stocked: Served) -> None:
    his, client = await stocked.program(Role.SERVICE_HIS), await stocked.signed_in(Role.LOGISTICS)
    report = {
        "resourceType": "InventoryReport",
        "status": "active",
        "countType": "snapshot",
        "reportedDateTime": "2026-01-05T07:00:00Z",
        "inventoryListing": [
            {
                "location": {"reference": "Location/W1"},
                "item": [
                    {"quantity": {"value": 9}, "item": {"concept": {"coding": [{"code": "GLOVES"}]}}},
                    {"quantity": {"value": 2.5}, "item": {"reference": {"reference": "InventoryItem/SALINE"}}},
                ],
            }
        ],
    }

    made = await his.put("/fhir/InventoryReport/R1", json=report)
    difference = await his.put("/fhir/InventoryReport/R2", json=report | {"countType": "difference"})

    assert (made.status_code, difference.status_code) == (201, 201)
    rows = (await client.get("/v1/interfaces/stock-figures")).json()["figures"]
    assert [(one["source"], one["item"], one["quantity"], one["ours"]) for one in rows] == [
        ("his:main", "GLOVES", 9, 10)
    ]


async def test_an_article_of_an_item_master_waits_for_a_person(stocked: Served) -> None:
    planner, nurse = await stocked.signed_in(Role.LOGISTICS), await stocked.signed_in(Role.NURSE)
    entry = {"source": "his:cab", "code": "A-77"}
    await hear(
        stocked,
        told(
            "MFN^M16",
            "MFI|INV|||UPD",
            "MFE|MAD||" + AT + "|A-77",
            "ITM|A-77|Syringe 5 ml|||CONS^Consumable||M^X|Maker AG|REF5",
            "MFE|MDL||" + AT + "|B-1",
            "ITM|B-1|Old thing",
        ),
    )

    waiting = (await planner.get("/v1/interfaces/item-proposals")).json()["proposals"]
    refused = await nurse.post("/v1/interfaces/item-proposals/accept", json=entry)
    taken = await planner.post("/v1/interfaces/item-proposals/accept", json=entry)
    again = await planner.post("/v1/interfaces/item-proposals/accept", json=entry)
    removed = await planner.post("/v1/interfaces/item-proposals/accept", json=entry | {"code": "B-1"})
    none = await planner.post("/v1/interfaces/item-proposals/decline", json=entry | {"code": "C-1"})

    assert [(one["code"], one["name"], one["category"], one["maker"], one["action"]) for one in waiting] == [
        ("A-77", "Syringe 5 ml", "Consumable", "Maker AG", "MAD"),
        ("B-1", "Old thing", "", "", "MDL"),
    ]
    assert [refused.status_code, taken.status_code, again.status_code, none.status_code] == [403, 200, 409, 404]
    assert (taken.json(), removed.json()) == ({"item": "A-77"}, {"item": ""})
    with stocked.hospital.read() as session:
        assert load_item(session, "A-77").name == "Syringe 5 ml"
    assert (await planner.get("/v1/interfaces/item-proposals")).json()["proposals"] == []


async def test_an_article_told_anew_with_other_words_waits_again_and_keeps_what_we_know(stocked: Served) -> None:
    client = await stocked.signed_in(Role.LOGISTICS)
    url, entry = "/v1/interfaces/item-proposals", {"source": "his:cab", "code": "A-77"}
    item = {"id": "A-77", "code": "A-77", "name": "Syringe", "minimum_remaining_days": 30}
    assert (await client.post("/v1/items", json=item)).status_code == 201
    first = told("MFN^M16", "MFE|MUP||" + AT + "|A-77", "ITM|A-77|Syringe 5 ml")

    await hear(stocked, first)
    await client.post(f"{url}/decline", json=entry)
    await hear(stocked, told("MFN^M16", "MFE|MUP||" + AT + "|A-77", "ITM|A-77|Syringe 5 ml", control="2"))
    same = (await client.get(url)).json()["proposals"]
    await hear(stocked, told("MFN^M16", "MFE|MUP||" + AT + "|A-77", "ITM|A-77|Syringe 10 ml", control="3"))
    other = (await client.get(url)).json()["proposals"]
    await client.post(f"{url}/accept", json=entry)

    assert (same, [one["name"] for one in other]) == ([], ["Syringe 10 ml"])
    with stocked.hospital.read() as session:
        kept = load_item(session, "A-77")
    assert (kept.name, kept.minimum_remaining_days) == ("Syringe 10 ml", 30)


async def test_a_location_master_lists_the_names_that_we_do_not_know(stocked: Served) -> None:
    client = await stocked.signed_in(Role.SYSADMIN)

    await hear(stocked, told("MFN^M05", "MFE|MAD||" + AT + "|x", "LOC|W1^1^A|Bed|B", "LOC|ICU^9^Z|Bed|B"))

    names = (await client.get("/v1/interfaces/place-names")).json()["names"]
    assert [one["name"] for one in names] == ["ICU-9-Z"]


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [({}, Verdict.UNDETERMINED), ({19: "Y"}, Verdict.FAIL)],
)
async def test_a_cycle_that_a_message_tells_is_never_passed(
    stocked: Served, fields: dict[int, str], verdict: Verdict
) -> None:
    cycle = {5: "L-9", 11: "20260105060000", 16: "20260105064500"} | fields
    scd = "|".join(["SCD", *(cycle.get(number, "") for number in range(1, 21))])

    await hear(stocked, told("SCN^S37", "SDD|LOT1|AUT-1|Autoclave 1", scd))
    await hear(stocked, told("SCN^S37", "SDD|LOT1|NOBODY|x", scd, control="2"))

    with stocked.hospital.read() as session:
        events = [one.event for one in stocked.hospital.ledger.read(session, thing="AUT-1")]
    begun = [one for one in events if isinstance(one, CycleStarted)]
    (ended,) = [one for one in events if isinstance(one, CycleEnded)]
    assert [one.cycle for one in begun] == ["L-9"]
    assert (ended.verdict, ended.cycle) == (verdict, "L-9")
    assert "NOBODY" not in stocked.hospital.live.assets
