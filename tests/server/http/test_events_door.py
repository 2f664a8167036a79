"""Events over HTTP: stored once, refused as a whole with every field named, only for one's own source."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest

from server.doors import idempotency
from tests.fakes import START_US
from tests.server.conftest import Served
from twin.access import Role
from twin.errors import DiskFull


def zone(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "type": "ZoneChanged",
        "thing": "T1",
        "occurred_at": START_US,
        "source": "gateway:g1",
        "source_key": key,
        "zone": "Z1",
        **changes,
    }


async def test_same_fact_twice_is_stored_once(served: Served) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)

    first = await client.post("/v1/events", json=zone("k1"))
    second = await client.post("/v1/events", json=zone("k1"))

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["durability"] == "committed"
    assert first.json()["sequence"] == second.json()["sequence"]
    assert not second.json()["is_new"]


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"zone": 5}, 422, "/zone"),  # wrong type
        ({"type": "Nonsense"}, 422, "/type"),  # unknown type
        ({"occurred_at": 0}, 422, "/occurred_at"),  # before 1970
        ({"occurred_at": START_US + 3 * 86_400_000_000}, 422, "/occurred_at"),  # far ahead
        ({"occurred_at": 10**30}, 422, "/occurred_at"),  # beyond 64 bits
        ({"thing": ""}, 422, "/thing"),  # empty
        ({"thing": "a\0b"}, 422, "/thing"),  # NUL
        ({"source_key": "x" * 400}, 422, "/source_key"),  # too long
        ({"confidence": 1.5}, 422, "/confidence"),  # no probability
        ({"id": "mine"}, 422, "/id"),  # the ledger gives ids
        ({"actor": "somebody"}, 422, "/actor"),  # another's name
    ],
)
async def test_bad_event_names_its_field(served: Served, changes: dict[str, Any], status: int, pointer: str) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)

    answer = await client.post("/v1/events", json=zone("k1", **changes))

    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert served.hospital.ledger.last_sequence() == 0


async def test_key_that_could_not_be_given_back_is_free_for_the_next_try(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)
    headers = {"idempotency-key": "once"}

    def full(*_: object) -> None:
        raise DiskFull("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "_release", full)
        broken = await client.post("/v1/events", json=zone("k1", zone=5), headers=headers)
    again = await client.post("/v1/events", json=zone("k1", zone=5), headers=headers)

    assert broken.status_code == 507, broken.text
    assert again.status_code == 422  # and not 409, as if somebody still worked on it
    assert not served.hospital.services["idempotency-in-hand"]


async def test_same_key_twice_at_a_time_is_worked_on_once(served: Served) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)
    headers = {"idempotency-key": "at-a-time"}

    answers = await asyncio.gather(*(client.post("/v1/events", json=zone("k9"), headers=headers) for _ in range(8)))

    assert {one.status_code for one in answers} <= {201, 409}
    assert sum(one.status_code == 201 for one in answers) >= 1
    assert served.hospital.ledger.last_sequence() == 1
    assert not served.hospital.services["idempotency-in-hand"]


async def test_key_writes_for_its_own_source_only(served: Served) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)

    answer = await client.post("/v1/events", json=zone("k1", source="gateway:other"))

    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden.source"


async def test_program_cannot_state_what_only_a_person_may(served: Served) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)
    event = {
        "type": "LoadReleased",
        "thing": "L1",
        "occurred_at": START_US,
        "source": "gateway:g1",
        "source_key": "k",
        "machine": "M1",
        "cycle": "C1",
    }

    answer = await client.post("/v1/events", json=event)

    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden.type"


@pytest.mark.parametrize("shape", ["object", "list", "ndjson", "gzip"])
async def test_batch_comes_in_four_shapes(served: Served, shape: str) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)
    events = [zone(f"k{n}") for n in range(3)]
    headers = {"content-type": "application/json"}
    body = json.dumps(events if shape == "list" else {"events": events}).encode()
    if shape == "ndjson":
        headers["content-type"] = "application/x-ndjson"
        body = b"\n".join(json.dumps(event).encode() for event in events) + b"\n"
    elif shape == "gzip":
        headers["content-encoding"] = "gzip"
        body = gzip.compress(body)

    answer = await client.post("/v1/events:batch", content=body, headers=headers)

    assert answer.status_code == 200, answer.text
    assert answer.json()["stored"] == 3
    assert [one["sequence"] for one in answer.json()["results"]] == [1, 2, 3]


async def test_batch_with_bad_events_stores_nothing_and_names_each(served: Served) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)
    events = [zone("k0"), zone("k1", zone=1), zone("k2"), {"type": "ZoneChanged"}]

    answer = await client.post("/v1/events:batch", json={"events": events})

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/events/1/zone", "/events/3/zone"]
    assert served.hospital.ledger.last_sequence() == 0


@pytest.mark.parametrize("count", [0, 5001])
async def test_batch_of_a_wrong_size_is_refused(served: Served, count: int) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)

    answer = await client.post("/v1/events:batch", json={"events": [zone(f"k{n}") for n in range(count)]})

    assert answer.status_code == 422


async def test_gzip_bomb_is_refused_before_it_unfolds(served: Served) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b" " * 1_000_000) for _ in range(80)) + packer.flush()

    answer = await client.post(
        "/v1/events:batch", content=bomb, headers={"content-encoding": "gzip", "content-type": "application/json"}
    )

    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"\x1f\x8b broken", gzip.compress(b"[]", mtime=0)[:-4], b""])
async def test_broken_gzip_is_refused(served: Served, body: bytes) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)

    answer = await client.post("/v1/events:batch", content=body, headers={"content-encoding": "gzip"})

    assert answer.status_code == 422


async def test_body_above_the_limit_is_413_also_when_streamed(served: Served) -> None:
    client = await served.program(Role.SERVICE_GATEWAY)

    async def endless() -> Any:
        for _ in range(12):
            yield b" " * 1_000_000

    streamed = await client.post("/v1/events", content=endless())
    announced = await client.post("/v1/events", content=b" " * 11_000_000)

    assert (streamed.status_code, announced.status_code) == (413, 413)
    assert streamed.json()["code"] == "body_too_large"


async def test_events_are_read_back_in_order_after_a_position(served: Served) -> None:
    gateway = await served.program(Role.SERVICE_GATEWAY)
    await gateway.post("/v1/events:batch", json={"events": [zone(f"k{n}") for n in range(5)]})
    client = await served.holder(Role.AUDITOR)

    page = (await client.get("/v1/events", params={"after": 1, "limit": 2})).json()

    assert [one["sequence"] for one in page["events"]] == [2, 3]
    assert page["next_after"] == 3
    assert page["last_sequence"] == 5


@pytest.mark.parametrize("path", ["/v1/nope", "/v1", "/v1/state/assets/", "/nope", "/assets/x.py", "/server/wiring.py"])
async def test_unknown_address_is_404_as_problem(served: Served, path: str) -> None:
    answer = await (await served.stranger()).get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_wrong_method_is_405_as_problem(served: Served) -> None:
    answer = await (await served.stranger()).put("/healthz")

    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert "GET" in answer.headers["allow"]


async def test_every_answer_carries_the_security_headers(served: Served) -> None:
    client = await served.stranger()

    for path in ("/healthz", "/sign-in", "/v1/nope", "/v1/state"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_same_idempotency_key_is_done_once_and_answered_again(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    body = {"name": "twice", "password": "four words make sense", "roles": ["nurse"]}

    first = await root.post("/v1/users", json=body, headers={"idempotency-key": "k-1"})
    again = await root.post("/v1/users", json=body, headers={"idempotency-key": "k-1"})
    other = await root.post("/v1/users", json=body | {"name": "other"}, headers={"idempotency-key": "k-1"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency.reused"


async def test_same_key_at_once_is_done_once(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    body = {"name": "raced", "password": "four words make sense", "roles": ["nurse"]}

    answers = await asyncio.gather(
        *(root.post("/v1/users", json=body, headers={"idempotency-key": "race"}) for _ in range(8))
    )

    codes = sorted(answer.status_code for answer in answers)
    assert codes.count(201) >= 1
    assert set(codes) <= {201, 409}
    assert all(answer.json()["code"] == "idempotency.in_flight" for answer in answers if answer.status_code == 409)


async def test_failed_request_may_be_repeated_with_its_key(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    bad = {"name": "x y", "password": "four words make sense", "roles": ["nurse"]}

    first = await root.post("/v1/users", json=bad, headers={"idempotency-key": "k-2"})
    second = await root.post("/v1/users", json=bad | {"name": "xy"}, headers={"idempotency-key": "k-2"})

    assert (first.status_code, second.status_code) == (422, 201)


async def test_change_needs_the_version_that_was_seen(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    user = served.add_user("changing", Role.NURSE)

    missing = await root.patch(f"/v1/users/{user}", json={"display_name": "A"})
    stale = await root.patch(f"/v1/users/{user}", json={"display_name": "A"}, headers={"if-match": '"v9"'})
    done = await root.patch(f"/v1/users/{user}", json={"display_name": "A"}, headers={"if-match": '"v1"'})

    assert (missing.status_code, stale.status_code, done.status_code) == (428, 412, 200)
    assert done.headers["etag"] == '"v2"'


async def test_cursor_cannot_be_forged_or_taken_to_another_list(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    for n in range(3):
        served.add_user(f"user{n}", Role.NURSE)
    page = (await root.get("/v1/users", params={"limit": 2})).json()

    following = (await root.get("/v1/users", params={"limit": 2, "cursor": page["next"]})).json()
    elsewhere = await root.get("/v1/keys", params={"cursor": page["next"]})
    forged = await root.get("/v1/users", params={"cursor": "A" * 40})

    assert {one["name"] for one in page["users"]} & {one["name"] for one in following["users"]} == set()
    assert elsewhere.json()["code"] == forged.json()["code"] == "input.cursor"
