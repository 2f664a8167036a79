"""A whole gateway with simulated readers and machines, sending by HTTP to a real server."""

from __future__ import annotations

from pathlib import Path

from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.simulators.llrp import ReaderFarm, Sighting
from rfid_gateway.simulators.modbus import SimulatedPlant
from rfid_gateway.simulators.plants import SteamSterilizer
from rfid_gateway.uplink.configuration import GatewaySettings
from rfid_gateway.uplink.http import HttpSink
from rfid_gateway.uplink.runtime import GatewayRuntime
from tests.rfid_gateway.listeners import until
from tests.server.conftest import Live
from twin.access import Role
from twin.clock import SystemClock

TAG = bytes.fromhex("3074257BF7194E4000001A85")


async def test_tags_and_machines_reach_the_hospital_under_the_gateways_own_key(live: Live, tmp_path: Path) -> None:
    clock = SystemClock()
    farm, plant, sterilizer = ReaderFarm(["r1"], clock), SimulatedPlant(clock), SteamSterilizer(first_cycle=7)
    sterilizer.start_cycle(clock.now())
    plant.add(1, load_profile("generic-steam-sterilizer"), sterilizer.values_at)
    ports, machine_port = await farm.start(), await plant.start()
    settings = GatewaySettings.model_validate(
        {
            "id": "east",
            "readers": [{"id": "r1", "port": ports["r1"]}],
            "read_points": [{"id": "a", "reader": "r1", "antenna": 1, "place": "WARD-A"}],
            "machines": [{"id": "sterilizer-1", "profile": "generic-steam-sterilizer", "port": machine_port}],
            "cleaning": {"epoch_s": 0.1, "lateness_s": 0.05},
            "uplink": {"flush_s": 0.05, "samples_every_s": 0.2},
            "spool": tmp_path / "spool.db",
        }
    )
    sink = HttpSink(live.base_url, live.make_key(Role.SERVICE_GATEWAY, "gateway:east"))
    gateway = GatewayRuntime(settings, sink, clock)
    hospital = live.served.hospital
    await gateway.start()

    def is_known() -> bool:
        farm.see("r1", [Sighting(TAG, 1)])
        tag = hospital.live.tags.get(TAG.hex().upper())
        with hospital.read() as session:
            kept = hospital.telemetry.read(session, "sterilizer-1", "cycle_number", 0, clock.now() + 1)
        return tag is not None and len(kept) > 0 and set(kept.values) == {7.0}

    await until(is_known, within_s=30)
    await until(lambda: gateway.waiting_rows == 0, within_s=30)
    await gateway.stop()
    await farm.stop()
    await plant.stop()

    assert sink.refused == 0
    assert {"east", "r1", "sterilizer-1"} <= set(hospital.live.gateways)
