"""Journey 1: a reader sees a pump at the exit, and whoever watches gets an alarm."""

from __future__ import annotations

import asyncio

from rfid_gateway.simulators.llrp import ReaderFarm, Sighting
from rfid_gateway.uplink.configuration import (
    CleaningEntry,
    GatewaySettings,
    ReaderSettings,
    ReadPointSettings,
    UplinkEntry,
)
from rfid_gateway.uplink.http import HttpSink
from rfid_gateway.uplink.runtime import GatewayRuntime
from server.imports.masters import MasterKind
from server.imports.runs import import_master
from tests.journeys.conftest import House, until
from twin.access import Role

EPC = "341645214800000000000001"
ASSETS = f"id,category,name,home,tag\nIP-1,infusion_pump,Pump 1,2A-EB,{EPC}\n"


def gateway(house: House, port: int) -> GatewayRuntime:
    settings = GatewaySettings(
        id="journey",
        readers=(ReaderSettings(id="r1", port=port, antennas=(1, 2)),),
        read_points=(
            ReadPointSettings(id="bay", reader="r1", antenna=1, place="2A-EB"),
            ReadPointSettings(id="exit", reader="r1", antenna=2, place="MAIN-EXIT", kind="choke"),
        ),
        cleaning=CleaningEntry(epoch_s=0.2, dwell_s=5.0),
        uplink=UplinkEntry(url=house.url),
        spool=house.folder / "spool.db",
    )
    key = house.key(Role.SERVICE_GATEWAY, "gateway:journey")
    return GatewayRuntime(settings, HttpSink(house.url, key), house.hospital.clock)


async def test_a_pump_seen_at_the_exit_without_a_permit_raises_an_alarm_until_it_is_back(
    house: House, tmp_path
) -> None:
    file = tmp_path / "assets.csv"
    file.write_text(ASSETS, encoding="utf-8")
    import_master(house.hospital, MasterKind.ASSETS, file, is_dry_run=False)
    nurse = await asyncio.to_thread(house.person, Role.NURSE)
    farm = ReaderFarm(["r1"], house.hospital.clock)
    runtime = gateway(house, (await farm.start())["r1"])
    await runtime.start()
    antenna = 1

    async def show_and(look):
        farm.see("r1", [Sighting(epc=bytes.fromhex(EPC), antenna=antenna)])
        answer = await asyncio.to_thread(nurse.get, look)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def place():
        shown = await show_and("/v1/state/assets/IP-1")
        return shown["position"] if shown["position"]["place"] == "2A-EB" else None

    async def egress():
        board = await show_and("/v1/state/alarms")
        return next((a for a in board["alarms"] if a["alarm_class"] == "egress" and a["is_active"]), None)

    async def quiet():
        return True if await egress() is None else None

    try:
        position = await until(place, "the pump is in its bay")
        antenna = 2
        alarm = await until(egress, "the alarm of the pump at the exit")
        antenna = 1
        await until(quiet, "the alarm is over when the pump is back")
    finally:
        await runtime.stop(drain_s=1)
        await farm.stop()

    assert position["age_s"] < 60
    assert 0 < position["confidence"] <= 1
    assert (alarm["subject"], alarm["place"], alarm["priority"]) == ("IP-1", "MAIN-EXIT", "P1")
