from __future__ import annotations

import json
from typing import Any

import httpx2
import msgspec
import pytest

from rfid_gateway.modbus.samples import Quality, Sample
from rfid_gateway.spool.store import Row, RowKind, Watermark
from rfid_gateway.uplink.http import HttpSink
from rfid_gateway.uplink.sinks import series_of
from twin.errors import Unavailable
from twin.events import registry
from twin.events.things import ZoneChanged


class CoreByHttp:
    """A core that keeps each fact once and cannot use things named ``bad``."""

    def __init__(self) -> None:
        self.events: dict[str, Any] = {}
        self.chunks: list[dict[str, Any]] = []
        self.status = 200
        self.headers: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.headers.append(request.headers.get("authorization", ""))
        if self.status != 200:
            return httpx2.Response(self.status, text="no")
        body = json.loads(request.content)
        if request.url.path == "/v1/telemetry":
            self.chunks += body["chunks"]
            return httpx2.Response(200, json={"sequences": []})
        if any(event["thing"] == "bad" for event in body["events"]):
            return httpx2.Response(422, json={"code": "input.field"})
        self.events |= {event["source_key"]: event for event in body["events"]}
        return httpx2.Response(200, json={"stored": len(body["events"])})


def row_of(seq: int, thing: str = "T1") -> Row:
    event = ZoneChanged(thing=thing, occurred_at=seq, source="gateway:east", source_key=f"9-{seq:010d}", zone="A")
    return Row(9, seq, RowKind.EVENT, registry.encode(event))


def sink_of(core: CoreByHttp) -> HttpSink:
    return HttpSink("http://core", "twk_1_secret", transport=httpx2.MockTransport(core))


async def test_rows_are_sent_under_the_key_and_the_watermark_comes_back() -> None:
    core = CoreByHttp()
    sink = sink_of(core)

    watermark = await sink.send([row_of(1), row_of(2)])
    await sink.close()

    assert watermark == Watermark(9, 2)
    assert sorted(core.events) == ["9-0000000001", "9-0000000002"]
    assert set(core.headers) == {"Bearer twk_1_secret"}


async def test_samples_are_sent_as_chunks_with_their_own_keys() -> None:
    core = CoreByHttp()
    sink = sink_of(core)
    samples = [
        Sample("st1", "control_c", 10, 134.0),
        Sample("st1", "control_c", 20, float("nan"), Quality.NOT_AVAILABLE),
    ]
    body = msgspec.json.encode(series_of(samples, source="gateway:east", key="9-0000000001"))

    await sink.send([Row(9, 1, RowKind.SAMPLES, body)])
    await sink.close()

    (chunk,) = core.chunks
    assert (chunk["source_key"], chunk["values"], chunk["quality"]) == (
        "9-0000000001:st1:control_c",
        [134.0, None],
        [0, 1],
    )


async def test_fact_that_the_core_cannot_use_does_not_hold_up_the_others() -> None:
    core = CoreByHttp()
    sink = sink_of(core)

    watermark = await sink.send([row_of(i, "bad" if i == 5 else "T1") for i in range(1, 10)])
    await sink.close()

    assert watermark == Watermark(9, 9)
    assert len(core.events) == 8
    assert sink.refused == 1


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503, 507])
async def test_rows_stay_when_the_core_cannot_store_now(status: int) -> None:
    core = CoreByHttp()
    core.status = status
    sink = sink_of(core)

    with pytest.raises(Unavailable) as caught:
        await sink.send([row_of(1)])
    await sink.close()

    assert caught.value.code == f"uplink.http_{status}"


async def test_core_that_does_not_answer_is_unavailable() -> None:
    sink = HttpSink("http://127.0.0.1:9", "key", answer_s=2.0)

    with pytest.raises(Unavailable) as caught:
        await sink.send([row_of(1)])
    await sink.close()

    assert caught.value.code == "uplink.unreachable"


async def test_dropped_row_is_passed_over() -> None:
    core = CoreByHttp()
    sink = sink_of(core)

    assert await sink.send([Row(9, 1, RowKind.EVENT, b""), row_of(2)]) == Watermark(9, 2)
    await sink.close()

    assert sorted(core.events) == ["9-0000000002"]


async def test_rows_that_this_release_cannot_read_do_not_hold_up_the_others() -> None:
    core = CoreByHttp()
    sink = sink_of(core)
    later = b'{"type":"of.a.later.release","thing":"T2","source_key":"9-0000000001"}'

    rows = [Row(9, 1, RowKind.EVENT, later), Row(9, 2, RowKind.SAMPLES, b"[{}]"), row_of(3)]
    assert await sink.send(rows) == Watermark(9, 3)
    await sink.close()

    assert sorted(core.events) == ["9-0000000001", "9-0000000003"]
    assert sink.refused == 1
