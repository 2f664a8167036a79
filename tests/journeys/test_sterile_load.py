"""Journey 2: a sterilizer's samples become a cycle with a verdict; a person releases the load; its sets become stock."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import Session

from assets.model.machine import Machine
from assets.model.programme import Evidence, Programme
from assets.tables.reprocessing import save_machine, save_programme
from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.simulators.modbus import SimulatedPlant
from rfid_gateway.simulators.plants import Defect, SteamProgramme, SteamSterilizer
from rfid_gateway.uplink.configuration import GatewaySettings, MachineEntry, UplinkEntry
from rfid_gateway.uplink.http import HttpSink
from rfid_gateway.uplink.runtime import GatewayRuntime
from tests.journeys.conftest import House, until
from twin.access import Role

GTIN = "09521234000013"
EVIDENCE = frozenset(
    {
        Evidence.CONTROL_TEMPERATURE,
        Evidence.RECORD_TEMPERATURE,
        Evidence.PRESSURE,
        Evidence.PHASE,
        Evidence.CYCLE_NUMBER,
    }
)
# The machine is polled once a second of its own time; on a busy computer a few polls may come late.
P134 = Programme(
    id="P134", band_low_c=134.0, band_high_c=137.0, required_hold_s=180.0, required=EVIDENCE, sample_interval_s=6.0
)
SHORT = SteamProgramme(pulses=1, dry_s=20.0)


def machines(session: Session) -> None:
    save_programme(session, P134)
    save_machine(
        session, Machine(id="ster-1", place="CSSD-STORE", programmes={0: "P134", 1: "P134"}, idle_codes=(0, 7, 8))
    )


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("defect", "verdict"), [(Defect.NONE, "pass"), (Defect.SHORT_HOLD, "fail")])
async def test_only_a_passed_cycle_that_a_person_signs_becomes_stock(quick_house: House, defect, verdict) -> None:
    house, clock = quick_house, quick_house.hospital.clock
    house.hospital.write_now(machines)
    logistics = await asyncio.to_thread(house.person, Role.LOGISTICS)
    for path, body in (
        ("/v1/items", {"id": "set-1", "code": "S-1", "name": "Laparotomy set", "kind": "sterile_set"}),
        ("/v1/items/set-1/packages", {"gtin": GTIN, "level": "each", "quantity": 1}),
    ):
        assert (await asyncio.to_thread(logistics.post, path, json=body)).status_code == 201
    biomed = await asyncio.to_thread(house.person, Role.BIOMED)
    load = {"machine": "ster-1", "place": "CSSD-STORE", "items": [{"gtin": GTIN, "lot": "S-0001", "quantity": 2}]}
    opened = await asyncio.to_thread(biomed.post, "/v1/loads", json=load)
    assert opened.status_code == 201, opened.text
    plant = SteamSterilizer()
    line = SimulatedPlant(clock)
    line.add(1, load_profile("generic-steam-sterilizer"), plant.values_at)
    port = await line.start()
    settings = GatewaySettings(
        id="cssd",
        machines=(MachineEntry(id="ster-1", profile="generic-steam-sterilizer", port=port, unit=1),),
        uplink=UplinkEntry(url=house.url, samples_every_s=0.5),
        spool=house.folder / "spool.db",
        speed=house.speed,
    )
    key = house.key(Role.SERVICE_GATEWAY, "gateway:cssd")
    runtime = GatewayRuntime(settings, HttpSink(house.url, key), clock)
    await runtime.start()
    plant.start_cycle(clock.now() + 20_000_000, SHORT, defect=defect)

    async def ended():
        page = (await asyncio.to_thread(biomed.get, "/v1/cycles")).json()
        return next((cycle for cycle in page["cycles"] if cycle["verdict"]), None)

    try:
        cycle = await until(ended, "the cycle has ended and was judged")
    finally:
        await runtime.stop(drain_s=1)
        await line.stop()
    before = (await asyncio.to_thread(logistics.get, "/v1/stock", params={"item": "set-1"})).json()["stock"]
    load_id = opened.json()["id"]
    signed = await asyncio.to_thread(biomed.post, f"/v1/loads/{load_id}/release", json={"note": "seen"})
    after = (await asyncio.to_thread(logistics.get, "/v1/stock", params={"item": "set-1"})).json()["stock"]

    assert cycle["verdict"] == verdict, cycle
    assert before == []
    if verdict == "pass":
        assert signed.json()["state"] == "released", signed.text
        assert [(s["place"], s["on_hand"], s["lot_number"]) for s in after] == [("CSSD-STORE", 2, "S-0001")]
    else:
        assert signed.status_code == 409, signed.text
        assert after == []
