"""FHIR topics over a WebSocket, driven by the client of the ``websockets`` library."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.server.conftest import Live
from tests.server.http.test_subscriptions import standing, started
from twin.access import Role

FILTER = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria"


def wish(**changed: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "test",
        "criteria": "http://twin.example/fhir/SubscriptionTopic/encounter-started",
        "channel": {"type": "websocket", "payload": "application/fhir+json"},
    } | changed


@pytest.fixture
def key(live: Live) -> str:
    return live.make_key(Role.SERVICE_HIS, "his:lib")


@pytest.fixture
def client(live: Live, key: str) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=live.base_url, headers=headers, timeout=20) as held:
        yield held


def binding(client: httpx2.Client, subscription: str) -> tuple[str, str]:
    told = client.get(f"/fhir/Subscription/{subscription}/$get-ws-binding-token").json()
    named = {one["name"]: one for one in told["parameter"]}
    return named["websocket-url"]["valueUrl"], named["token"]["valueString"]


def opened(live: Live, key: str) -> ClientConnection:
    url = live.base_url.replace("http", "ws") + "/fhir/$subscription-events"
    return connect(url, additional_headers={"authorization": f"Bearer {key}"})


def told(socket: ClientConnection) -> dict[str, Any]:
    return standing(json.loads(socket.recv(timeout=20)))


def kept(client: httpx2.Client, subscription: str, total: int) -> None:
    """Wait until so many are kept as told: they are kept after they were sent, so that a death between tells again."""
    for _ in range(400):
        status = client.get(f"/fhir/Subscription/{subscription}/$status").json()
        if standing(status)["total"] >= total:
            return
        time.sleep(0.05)
    pytest.fail(f"never kept {total} as told")


def test_a_bound_socket_is_greeted_and_told_without_gaps(live: Live, client: httpx2.Client, key: str) -> None:
    made = client.post("/fhir/Subscription", json=wish()).json()["id"]
    url, token = binding(client, made)

    with opened(live, key) as socket:
        socket.send(f"bind-with-token: {token}")
        hello = told(socket)
        started(live.served.hospital, "E1")
        first = told(socket)
        started(live.served.hospital, "E2")
        second = told(socket)
    kept(client, made, 2)
    started(live.served.hospital, "E3")
    with opened(live, key) as socket:
        socket.send(f"bind-with-token {token}")
        again = told(socket)
        third = told(socket)

    assert url.startswith("ws://")
    assert (hello["type"], hello["total"]) == ("handshake", 0)
    assert [(one["numbers"], one["focus"]) for one in (first, second)] == [([1], ["E1"]), ([2], ["E2"])]
    assert (again["type"], again["total"]) == ("handshake", 2)
    assert third["numbers"] == [3]


def test_filters_choose_by_the_resource_and_missed_ones_are_given_again(
    live: Live, client: httpx2.Client, key: str
) -> None:
    criteria = {"extension": [{"url": FILTER, "valueString": "Encounter?class=EMER"}]}
    made = client.post("/fhir/Subscription", json=wish(_criteria=criteria)).json()["id"]
    _, token = binding(client, made)

    with opened(live, key) as socket:
        socket.send(f"bind-with-token: {token}")
        told(socket)
        started(live.served.hospital, "E1")
        emergency(live, "E2")
        started(live.served.hospital, "E3")
        emergency(live, "E4")
        seen: list[str] = []
        while len(seen) < 2:
            seen += told(socket)["focus"]
    kept(client, made, 2)

    missed = client.get(f"/fhir/Subscription/{made}/$events", params={"eventsSinceNumber": 2}).json()
    assert seen == ["E2", "E4"]
    assert (standing(missed)["numbers"], standing(missed)["focus"]) == ([2], ["E4"])


def emergency(live: Live, key: str) -> None:
    from twin.events.patients import EncounterClass, EncounterStarted

    hospital = live.served.hospital
    head = {"thing": key, "occurred_at": hospital.clock.now(), "source": "his:t", "source_key": f"{key}/s"}
    hospital.record_now([EncounterStarted(encounter_class=EncounterClass.EMERGENCY, **head)])


@pytest.mark.parametrize(
    "criteria",
    ["Location?status=active", "Encounter?nonsense=1", "Encounter", "Encounter?"],
)
def test_a_filter_that_says_nothing_is_refused(client: httpx2.Client, criteria: str) -> None:
    told = {"extension": [{"url": FILTER, "valueString": criteria}]}

    answer = client.post("/fhir/Subscription", json=wish(_criteria=told))

    assert answer.status_code == 422


def test_a_socket_needs_its_permission_and_a_token_of_ours(live: Live, client: httpx2.Client, key: str) -> None:
    gateway = live.make_key(Role.SERVICE_GATEWAY)
    for wrong in (gateway, "twk_none_at_all"):
        with pytest.raises(InvalidStatus) as refused:
            opened(live, wrong)
        assert refused.value.response.status_code in (401, 403)

    for text in ("hello", "bind-with-token: abc"):
        with opened(live, key) as socket:
            socket.send(text)
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


def test_a_rest_hook_gets_no_token_and_a_deleted_subscription_ends_the_socket(
    live: Live, client: httpx2.Client, key: str
) -> None:
    made = client.post("/fhir/Subscription", json=wish()).json()["id"]
    _, token = binding(client, made)

    with opened(live, key) as socket:
        socket.send(f"bind-with-token: {token}")
        told(socket)
        assert client.delete(f"/fhir/Subscription/{made}").status_code == 204
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000
    assert client.get(f"/fhir/Subscription/{made}/$get-ws-binding-token").status_code == 404
