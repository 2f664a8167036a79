"""The short way to hot doors guards, refuses and describes exactly as the long one does."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from server.app.layers import Frame
from server.app.straight import StraightWay
from tests.fakes import START_US
from tests.server.conftest import BASE, Served
from twin.access import Role

EVENT = {
    "type": "ZoneChanged",
    "thing": "T1",
    "occurred_at": START_US,
    "source": "gateway:g1",
    "source_key": "k1",
    "zone": "Z1",
}

REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/events", {"json": EVENT}),
    ("POST", "/v1/events", {"json": {**EVENT, "zone": 5}}),  # a wrong field
    ("POST", "/v1/events", {"content": b"{"}),  # no JSON
    ("POST", "/v1/events", {"content": b"\x1f\x8b", "headers": {"content-encoding": "gzip"}}),  # no gzip
    ("POST", "/v1/events:batch", {"json": {"events": [EVENT]}}),
    ("POST", "/v1/events:batch", {"json": []}),  # none
    ("POST", "/v1/events/", {"json": EVENT}),  # another address
    ("GET", "/v1/state/assets?limit=1", {}),
    ("GET", "/v1/state/assets?limit=0", {}),  # out of range
    ("GET", "/v1/state/assets?cursor=forged", {}),
    ("PUT", "/v1/state/assets", {}),  # another method
    ("HEAD", "/v1/state/assets", {}),
]


def long_way(served: Served) -> Any:
    """Give the same application without the short way."""
    layer: Any = served.app.asgi
    assert isinstance(layer, Frame)
    gate = layer._app
    packed = gate._app  # type: ignore[attr-defined]
    straight = packed.app
    assert isinstance(straight, StraightWay)
    packed.app = straight._app
    return lambda: setattr(packed, "app", straight)


async def answers(client: httpx2.AsyncClient) -> list[tuple[int, str, Any]]:
    found = []
    for method, path, options in REQUESTS:
        answer = await client.request(method, path, **options)
        body = answer.json() if answer.content else None
        if isinstance(body, dict):
            body.pop("request_id", None)
            body.pop("is_new", None)
            for result in body.get("results", ()):
                result.pop("is_new")
            body.pop("stored", None), body.pop("duplicates", None)
        status = 200 if answer.status_code == 201 else answer.status_code  # a fact sent again is no longer new
        found.append((status, answer.headers.get("content-type", ""), body))
    return found


@pytest.mark.parametrize("role", [Role.SERVICE_GATEWAY, Role.BIOMED, Role.AUDITOR, None])
async def test_both_ways_answer_alike(served: Served, role: Role | None) -> None:
    client = await served.stranger() if role is None else await served.holder(role)
    by_short = await answers(client)

    put_back = long_way(served)
    by_long = await answers(client)
    put_back()

    for request, short, long in zip(REQUESTS, by_short, by_long, strict=True):
        if short[0] == long[0] == 422 and request[0] == "GET":
            short[2].pop("errors", None)  # the framework words its own refusals of numbers
            long[2].pop("errors", None)
            for told in (short[2], long[2]):
                assert told.pop("detail")
                assert told.pop("code").startswith("input")
        assert short == long, request[:2]


async def test_idempotency_key_counts_on_the_short_way(served: Served) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)
    headers = {"idempotency-key": "0198-a"}

    first = await client.post("/v1/events", json=EVENT, headers=headers)
    again = await client.post("/v1/events", json=EVENT, headers=headers)
    other = await client.post("/v1/events", json={**EVENT, "zone": "Z2"}, headers=headers)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json()["code"] == "idempotency.reused"


async def test_unforeseen_error_is_a_problem_without_details(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)

    def broken(*_: object) -> None:
        raise RuntimeError("secret details")

    monkeypatch.setattr(served.hospital.ledger, "send", broken)
    answer = await client.post("/v1/events", json=EVENT)

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_stranger_is_refused_before_anything_is_read(served: Served) -> None:
    client = await served.stranger()

    answer = await client.post("/v1/events", content=b"not json at all")

    assert answer.status_code == 401
    assert answer.request.url == f"{BASE}/v1/events"


async def test_requests_by_the_short_way_are_counted_and_compressed(served: Served) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)
    events = [{**EVENT, "source_key": f"k{n}"} for n in range(200)]

    answer = await client.post("/v1/events:batch", json=events, headers={"accept-encoding": "gzip"})
    lines = list(served.app.api.state.counters.requests.lines())

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["stored"] == 200
    assert any('route="/v1/events:batch",status="200"' in line for line in lines)
