"""Somebody tries a reader, adds it to a gateway, looks at its frames, and goes back, in a real browser."""

from __future__ import annotations

import asyncio
import threading

import pytest

from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from rfid_gateway.uplink.configuration import GatewaySettings
from rfid_gateway.uplink.control import ControlSettings, GatewayControl
from rfid_gateway.uplink.desk import HttpDesk
from rfid_gateway.uplink.http import HttpSink
from rfid_gateway.uplink.key import UplinkKey
from rfid_gateway.uplink.runtime import GatewayRuntime
from server.access import keys
from server.access.keys import NewKey
from tests.browser.test_stock_pages import surely
from twin.access import Role
from twin.clock import Clock

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

GAP = """() => document.querySelector('#gateways-work').getBoundingClientRect().top
  - document.querySelector('#gateways-content').getBoundingClientRect().bottom"""
"""How far the panels to work with lie below what is heard, in pixels."""
EDGES = """() => {
  const rows = new Map();
  for (const button of document.querySelector('#gateways-stage').parentElement.querySelectorAll('button')) {
    const {left, top} = button.getBoundingClientRect();
    rows.set(Math.round(top), Math.min(rows.get(Math.round(top)) ?? Infinity, Math.round(left)));
  }
  return [...rows.values()];
}"""
"""Where each row of buttons below a draft begins, in pixels."""
TAG = bytes.fromhex("3074257BF7194E4000001A85")


class Edge:
    """A gateway and two readers in a thread of their own, as on a machine beside the server."""

    def __init__(self, url: str, key: str, clock: Clock, place: str) -> None:
        self._clock = clock
        self._place = place  # of an antenna that sees nothing: other tests share the hospital
        self.ports: list[int] = []
        self._url, self._key = url, key
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Edge:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join(20)

    async def _run(self) -> None:
        clock = self._clock
        readers = [SimulatedReader("reader-1", clock), SimulatedReader("reader-2", clock)]
        self.ports = [await reader.start() for reader in readers]
        own = GatewaySettings.model_validate(
            {
                "id": "edge",
                "readers": [{"id": "reader-1", "port": self.ports[0]}],
                "read_points": [{"id": "ward-1", "reader": "reader-1", "antenna": 9, "place": self._place}],
                "uplink": {"url": self._url},
            }
        )

        key = UplinkKey(self._key)

        def build(told: GatewaySettings) -> GatewayRuntime:
            return GatewayRuntime(told, HttpSink(self._url, key), clock)

        settings = ControlSettings(report_s=0.1, key=key)
        control = GatewayControl(own, build, HttpDesk(self._url, key), clock, settings)
        running = asyncio.create_task(control.run())
        while not self._stop.is_set():
            for reader in readers:
                reader.see([Sighting(TAG, 1)])
            if control.gateway.health.get("reader-1") is not None and control.gateway.health["reader-1"].readings:
                self._ready.set()
            await asyncio.sleep(0.1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for reader in readers:
            await reader.stop()


@pytest.mark.timeout(120)
def test_reader_is_tried_added_watched_and_taken_back(served, visit, shots):
    new = NewKey(name="edge", role=Role.SERVICE_GATEWAY, source="gateway:edge")
    now = served.hospital.clock.now()
    key = served.hospital.write_now(lambda session: keys.create_key(session, new, created_by="t", now=now)[0])
    place = sorted(served.hospital.live.places)[0]
    with Edge(served.url, key, served.hospital.clock, place) as edge:
        watched = visit()
        page = watched.open("/ui/gateways")
        page.wait_for_selector("#gateways-try")

        page.fill("#gateways-id", "reader-2")
        page.fill("#gateways-port", str(edge.ports[1]))
        page.click("#gateways-try")
        page.wait_for_selector(f"#gateways-tried >> text={TAG.hex().upper()} antenna 1")
        page.click("#gateways-add")
        page.wait_for_selector("#gateways-tried >> text=In draft 1")
        # Looked at before anything changes: the reader that comes, by its id.
        page.wait_for_selector("#gateways-looked >> text=reader-2")
        if shots is not None:
            page.screenshot(path=shots / "gateways-draft.png", full_page=True)
        assert page.evaluate(GAP) >= 8
        page.set_viewport_size({"width": 390, "height": 900})
        edges = page.evaluate(EDGES)
        page.set_viewport_size({"width": 1280, "height": 900})
        assert len(edges) > 1, "the buttons do not wrap"
        assert len(set(edges)) == 1
        # What somebody types stays while the panel refreshes itself.
        watched.until("() => document.querySelector('#gateways-text').value.includes('reader-2')")
        page.click("text=Edit as text")
        page.fill("#gateways-text", "readers: []")
        before = page.inner_text("#gateways-versions")
        watched.until(f"() => document.querySelector('#gateways-versions').innerText !== {before!r}", seconds=15)
        assert page.input_value("#gateways-text") == "readers: []"
        page.click("#gateways-stage")
        page.wait_for_selector("#gateways-set-told >> text=Version 1 is given")
        page.click("#gateways-show")
        watched.until("() => document.querySelector('#gateways-frames').textContent.includes(' < ')")
        page.fill("#gateways-walk-tag", TAG.hex())
        page.fill("#gateways-walk-place", place)
        page.get_by_role("option").filter(has_text=f"({place})").click()
        page.click("#gateways-walk-begin")
        page.wait_for_selector("#gateways-walk-shown >> text=Walking in")
        page.click("#gateways-walk-end")
        page.wait_for_selector("#gateways-walk-shown >> text=Ended.")
        surely(page, "gateways-new-key")
        page.wait_for_selector("#gateways-set-told >> text=has the new key")
        if shots is not None:
            page.screenshot(path=shots / "gateways-at-work.png", full_page=True)
        violations = watched.violations()
        watched.until("() => document.querySelector('#gateways-content').textContent.includes('reader-2')", seconds=20)

    assert violations == []
    with served.hospital.read() as session:
        keys_left = [row.id for row in keys.list_keys(session) if row.source == "gateway:edge" and not row.revoked_at]
    assert len(keys_left) == 1
    assert keys_left[0] not in key
    active = served.hospital.services["gateway_settings"].versions("edge")
    assert [(row.version, row.stage) for row in active] == [(1, "active")]
