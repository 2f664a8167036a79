"""Every network line encrypted, by a server with a certificate of its own; an unknown certificate is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiomqtt
import pytest

from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.simulators.impinj import SimulatedImpinj
from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from rfid_gateway.simulators.modbus import SimulatedPlant
from rfid_gateway.spool.store import Row, RowKind, Watermark
from rfid_gateway.uplink.configuration import GatewaySettings
from rfid_gateway.uplink.desk import HttpDesk
from rfid_gateway.uplink.http import HttpSink
from rfid_gateway.uplink.orders import Report
from rfid_gateway.uplink.runtime import GatewayRuntime
from tests.certificates import Certificates, make_certificates
from tests.conftest import skip_or_fail
from tests.mosquitto import PROGRAM, broker_in
from tests.rfid_gateway.listeners import until
from twin.clock import SystemClock
from twin.errors import Unavailable
from twin.events.watch import GatewayStatus

TAG = bytes.fromhex("3074257BF7194E4000001A85")


class NoCore:
    async def send(self, rows: list[Row]) -> Watermark:
        return Watermark(rows[-1].boot, rows[-1].seq)

    async def close(self) -> None:
        return None


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


def gateway_of(**lists: object) -> GatewayRuntime:
    return GatewayRuntime(GatewaySettings.model_validate({"id": "east", **lists}), NoCore(), SystemClock())  # type: ignore[arg-type]


@pytest.mark.parametrize("is_known", [True, False])
async def test_llrp_reader_over_tls(certificates: Certificates, is_known: bool) -> None:
    simulated = SimulatedReader("r1", SystemClock())
    port = await simulated.start(tls=certificates.server_context())
    trusted = {"ca_file": certificates.ca_file} if is_known else {}
    gateway = gateway_of(readers=[{"id": "r1", "port": port, "is_encrypted": True, **trusted}])
    await gateway.start()

    health = gateway.health["r1"]
    if is_known:
        await until(lambda: simulated.is_reporting)
        simulated.see([Sighting(TAG)])
        await until(lambda: health.readings > 0)
    else:
        await until(lambda: health.errors >= 2)
    await gateway.stop()
    await simulated.stop()

    assert (health.readings > 0) == is_known


async def test_a_certificate_that_has_expired_is_told_as_that_and_not_as_a_reader_that_is_away(tmp_path: Path) -> None:
    expired = make_certificates(tmp_path, is_expired=True)
    simulated, impinj, plant = SimulatedReader("r1", SystemClock()), SimulatedImpinj(), SimulatedPlant(SystemClock())
    plant.add(1, load_profile("generic-medicine-fridge"), lambda _: {"air_c": 4.2})
    port, other, third = (
        await simulated.start(tls=expired.server_context()),
        await impinj.start(tls=expired.server_context()),
        await plant.start(tls=expired.server_context()),
    )
    line = {"is_encrypted": True, "ca_file": expired.ca_file}
    gateway = gateway_of(
        readers=[{"id": "r1", "port": port, **line}, {"id": "r700", "kind": "impinj_r700", "port": other, **line}],
        machines=[{"id": "fridge", "profile": "generic-medicine-fridge", "port": third, **line}],
    )
    await gateway.start()

    await until(lambda: all(one.errors for one in gateway.health.values()))
    told = {device: health.detail for device, health in gateway.health.items()}
    status = gateway.health["fridge"].status
    await gateway.stop()
    await simulated.stop()
    await impinj.stop()
    await plant.stop()

    assert told == dict.fromkeys(("r1", "r700", "fridge"), "certificate_refused")
    assert status is GatewayStatus.OFFLINE  # at once: no other try will find it


async def test_a_core_whose_certificate_is_not_accepted_is_told_as_that(tmp_path: Path) -> None:
    expired = make_certificates(tmp_path, is_expired=True)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=expired.server_context())
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sink, desk = HttpSink(url, "twk_x"), HttpDesk(url, "twk_x")

    with pytest.raises(Unavailable, match="certificate that is not accepted") as refused:
        await sink.send([Row(1, 1, RowKind.EVENT, b"{}")])
    with pytest.raises(Unavailable, match="renew it") as silent:
        await desk.exchange(Report(gateway="east"))
    await sink.close()
    await desk.close()
    server.close()

    assert (refused.value.code, silent.value.code) == ("uplink.certificate", "desk.certificate")


@pytest.mark.parametrize("is_known", [True, False])
async def test_modbus_machine_over_tls(certificates: Certificates, is_known: bool) -> None:
    plant = SimulatedPlant(SystemClock())
    plant.add(1, load_profile("generic-medicine-fridge"), lambda _: {"air_c": 4.2})
    port = await plant.start(tls=certificates.server_context())
    trusted = {"ca_file": certificates.ca_file} if is_known else {}
    machine = {"id": "fridge", "profile": "generic-medicine-fridge", "port": port, "is_encrypted": True, **trusted}
    gateway = gateway_of(machines=[machine])
    await gateway.start()

    health = gateway.health["fridge"]
    await until(lambda: health.readings > 0 if is_known else health.errors >= 2, within_s=20)
    await gateway.stop()
    await plant.stop()

    assert (health.readings > 0) == is_known


async def test_impinj_reader_over_tls(certificates: Certificates) -> None:
    simulated = SimulatedImpinj()
    port = await simulated.start(tls=certificates.server_context())
    entry = {"id": "r700", "kind": "impinj_r700", "port": port, "is_encrypted": True, "ca_file": certificates.ca_file}
    gateway = gateway_of(readers=[entry])
    await gateway.start()

    await until(lambda: simulated.listeners == 1)
    simulated.see("AABB")
    await until(lambda: gateway.health["r700"].readings == 1)
    await gateway.stop()
    await simulated.stop()


async def test_reader_behind_an_encrypted_broker(certificates: Certificates, tmp_path: Path) -> None:
    if PROGRAM is None:
        skip_or_fail("mosquitto is not installed")
    extra = f"allow_anonymous true\ncertfile {certificates.certificate}\nkeyfile {certificates.key}"
    with broker_in(tmp_path, extra=extra) as broker:
        entry = {
            "id": "dock",
            "kind": "zebra_mqtt",
            "port": broker.port,
            "is_encrypted": True,
            "ca_file": certificates.ca_file,
            "options": {"topic": "t"},
        }
        gateway = gateway_of(readers=[entry])
        await gateway.start()
        await until(lambda: gateway.health["dock"].status is GatewayStatus.ONLINE)
        from rfid_gateway.uplink.configuration import tls_context

        async with aiomqtt.Client("127.0.0.1", broker.port, tls_context=tls_context(certificates.ca_file)) as client:
            await client.publish("t", b'{"data":{"idHex":"AABB"}}', qos=1)
        await until(lambda: gateway.health["dock"].readings == 1)
        await gateway.stop()
        await asyncio.sleep(0)
