"""Pages, sockets and streams over real sockets: closed to strangers, resumed where one was, over with the session."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from server.access.service import Access
from server.app.factory import build_app
from server.app.ui import pages_of
from server.http.stream import hub_of
from server.wiring import open_hospital
from tests.server.conftest import PASSWORD, Live, Served, cheap_passwords, serving
from tests.server.http.test_stream import raise_alarm
from twin.access import Role
from twin.settings import Settings


@pytest.fixture
def live_pages(settings: Settings) -> Iterator[Live]:
    hospital = open_hospital(settings)
    access = Access(hospital, cheap_passwords())
    app = build_app(hospital, access=access, ui=pages_of(hospital))
    served = Served(hospital, app, hospital.clock)
    served.add_user("root", Role.SYSADMIN)
    listening = socket.create_server(("127.0.0.1", 0))
    with serving(app, [listening]) as base_url:
        yield Live(base_url, served)
    listening.close()
    access.close()
    hospital.close()


@contextmanager
def signed_in(live: Live, role: Role) -> Iterator[httpx2.Client]:
    live.served.add_user("somebody", role)
    with httpx2.Client(base_url=live.base_url, timeout=10) as client:
        answer = client.post("/v1/auth/sign-in", json={"name": "somebody", "password": PASSWORD})
        client.headers["x-csrf-token"] = answer.json()["csrf_token"]
        yield client


def upgrade_status(base_url: str, path: str, cookie: str = "") -> int:
    """Ask for a WebSocket by hand; give the status of the answer."""
    host, _, port = base_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {base_url}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Version: 13\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        return int(line.recv(4096).split(b" ")[1])


def next_event(lines: Iterator[str]) -> dict[str, str]:
    """Give the next server-sent event that has a name."""
    told: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            told[name] = value
        elif "event" in told:
            return told
        else:
            told = {}
    raise AssertionError("the stream ended")


def test_stranger_gets_no_socket_no_stream_and_no_page(live_pages: Live) -> None:
    with httpx2.Client(base_url=live_pages.base_url) as stranger:
        stream = stranger.get("/v1/stream")
        page = stranger.get("/ui/", headers={"accept": "text/html"})
        layout = stranger.get("/ui/_dash-layout")

    assert upgrade_status(live_pages.base_url, "/ui/_dash-ws-callback") == 403
    assert (stream.status_code, page.status_code, layout.status_code) == (401, 303, 401)


def test_pages_serve_no_source_and_no_protocol_for_machines(live_pages: Live) -> None:
    hidden = (
        "/ui/_mcp",
        "/ui/assets/../app.py",
        "/ui/assets/%2e%2e/app.py",
        "/ui/assets/..%2fapp.py",
        "/ui/assets/__init__.py",
        "/ui/app.py",
        "/ui/_dash-component-suites/dash_app/app.py",
        "/ui/_dash-component-suites/server/wiring.py",
        "/m/../app.py",
        "/m/%2e%2e/app.py",
    )

    with signed_in(live_pages, Role.SYSADMIN) as client:
        answers = {path: client.get(path) for path in hidden}

    for path, answer in answers.items():
        assert "import annotations" not in answer.text, path
    assert answers["/ui/_mcp"].status_code == 404


def test_unknown_address_of_the_api_is_never_a_page(live_pages: Live) -> None:
    with signed_in(live_pages, Role.SYSADMIN) as client:
        answer = client.get("/v1/nope", headers={"accept": "text/html"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_stream_goes_on_where_it_was_and_ends_with_the_session(live_pages: Live) -> None:
    hospital = live_pages.served.hospital
    hub = hub_of(hospital)
    with signed_in(live_pages, Role.NURSE) as client:
        with client.stream("GET", "/v1/stream?topics=alarms") as answer:
            first = next_event(answer.iter_lines())
        raise_alarm(hospital, hub, 7)
        with client.stream("GET", "/v1/stream?topics=alarms", headers={"last-event-id": first["id"]}) as answer:
            lines = answer.iter_lines()
            second = next_event(lines)
            assert client.post("/v1/auth/sign-out").status_code < 300
            last = next_event(lines)
            while last["event"] != "ended":
                last = next_event(lines)

    assert first["event"] == "snapshot"
    assert (second["event"], [one["id"] for one in json.loads(second["data"])["items"]]) == ("delta", ["A7"])
