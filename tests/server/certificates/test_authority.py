"""The hospital's own authority: a client we did not write trusts it, for inner names only, and it is renewed in time."""

from __future__ import annotations

import plistlib
import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509

from server.certificates.authority import Certified, certify
from server.certificates.listening import plain_app
from server.certificates.naming import names_of
from server.certificates.page import DER_PATH, PEM_PATH, PROFILE_PATH, system_of
from twin.errors import ConfigurationError
from twin.settings import Settings

NOW = datetime.now(UTC)
NAMES = ("hospital.lan", "127.0.0.1", "Localhost")


def certified(folder: Path, *names: str, now: datetime = NOW) -> Certified:
    return certify(folder / "tls", names=names or NAMES, site="Test Hospital", now=now)


def greeted(found: Certified, host: str) -> str:
    """Shake hands with Python's own client, which trusts the authority alone; give the name of what went wrong."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(found.certificate, found.key)
    client = ssl.create_default_context(cadata=found.authority.pem.decode())
    near, far = socket.socketpair()

    def answer() -> None:
        try:
            with server.wrap_socket(far, server_side=True) as line:
                line.recv(1)
        except (OSError, ssl.SSLError):
            far.close()

    answering = threading.Thread(target=answer)
    answering.start()
    try:
        with client.wrap_socket(near, server_hostname=host) as line:
            line.send(b"x")
        return ""
    except ssl.SSLCertVerificationError as error:
        near.close()
        return error.verify_message
    finally:
        answering.join(5)


@pytest.mark.parametrize("host", ["hospital.lan", "127.0.0.1", "localhost"])
def test_a_client_that_trusts_the_authority_reaches_the_server(tmp_path: Path, host: str) -> None:
    assert greeted(certified(tmp_path), host) == ""


def test_another_name_is_not_vouched_for(tmp_path: Path) -> None:
    assert "mismatch" in greeted(certified(tmp_path), "other.lan").lower()


def test_the_authority_is_made_once_and_its_files_are_the_owners_alone(tmp_path: Path) -> None:
    first, again = certified(tmp_path), certified(tmp_path)

    assert (first.is_new, again.is_new) == (True, False)
    assert first.authority.fingerprint == again.authority.fingerprint
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "tls").iterdir()}
    assert set(modes) == {"authority.pem", "authority.key", "server.pem", "server.key"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("names", "days"),
    [
        ((*NAMES, "10.1.2.3"), 0),  # a further address
        (NAMES, 370),  # less than a month is left
    ],
)
def test_the_servers_certificate_is_renewed_and_the_authority_stays(
    tmp_path: Path, names: tuple[str, ...], days: int
) -> None:
    first = certified(tmp_path)
    second = certified(tmp_path, *names, now=NOW + timedelta(days=days))

    assert second.is_new
    assert second.authority.fingerprint == first.authority.fingerprint
    made = x509.load_pem_x509_certificate(second.certificate.read_bytes())
    assert made.not_valid_after_utc - made.not_valid_before_utc <= timedelta(days=398)


def test_a_damaged_server_certificate_is_replaced(tmp_path: Path) -> None:
    first = certified(tmp_path)
    first.certificate.write_text("no certificate")

    assert certified(tmp_path).is_new
    assert greeted(certified(tmp_path), "hospital.lan") == ""


@pytest.mark.parametrize("name", ["bank.example", "8.8.8.8", "notlan", "evil-hospital.lan.example"])
def test_the_authority_vouches_for_no_outer_name(tmp_path: Path, name: str) -> None:
    certified(tmp_path)

    with pytest.raises(ConfigurationError, match="may not sign"):
        certified(tmp_path, *NAMES, name)


def test_a_stolen_key_cannot_speak_for_a_bank(tmp_path: Path) -> None:
    found = certified(tmp_path)
    authority = x509.load_der_x509_certificate(found.authority.der)
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    limits = authority.extensions.get_extension_for_class(x509.BasicConstraints)

    assert constraints.critical
    assert limits.value.path_length == 0
    names = {each.value for each in constraints.value.permitted_subtrees or () if isinstance(each, x509.DNSName)}
    assert names == {"localhost", "local", "lan", "internal", "home.arpa", "hospital.lan"}


def test_a_machine_that_moved_to_another_network_still_starts(tmp_path: Path) -> None:
    certified(tmp_path)

    found = certify(tmp_path / "tls", names=NAMES, site="T", now=NOW, further=["198.51.100.7", "vm", "10.9.9.9"])

    assert found.names == ("hospital.lan", "127.0.0.1", "localhost", "10.9.9.9")


@pytest.mark.parametrize("damage", ["authority.key", "authority.pem"])
def test_a_half_lost_authority_is_not_silently_replaced(tmp_path: Path, damage: str) -> None:
    certified(tmp_path)
    (tmp_path / "tls" / damage).unlink()

    with pytest.raises(ConfigurationError, match="cannot be read"):
        certified(tmp_path)


def test_names_hold_what_was_given_and_what_the_machine_knows() -> None:
    settings = Settings(tls_names=("ward.lan",), public_url="https://twin.hospital.internal", host="0.0.0.0")

    found = names_of(settings, ["given.lan"])

    assert found[:3] == ("given.lan", "ward.lan", "twin.hospital.internal")
    assert {"localhost", "127.0.0.1", "::1"} <= set(found)
    assert "0.0.0.0" not in found  # nobody reaches a server under it


@pytest.mark.parametrize(
    ("agent", "system"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "iPhone, iPad"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9)", "Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "macOS"),
        ("curl/8", "Linux, Firefox"),
    ],
)
def test_each_phone_sees_the_steps_of_its_own_system(agent: str, system: str) -> None:
    assert system_of(agent) == system


async def test_plain_door_gives_the_page_and_the_files_and_sends_all_else_to_the_encrypted_one(tmp_path: Path) -> None:
    found = certified(tmp_path)
    app = plain_app(Settings(data_dir=tmp_path, port=8443), found.authority)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://hospital.lan:8301") as client:
        page = await client.get("/install", headers={"accept-language": "zh-CN", "user-agent": "Android"})
        pem, der, made = [await client.get(path) for path in (PEM_PATH, DER_PATH, PROFILE_PATH)]
        other = await client.get("/ui/stock")
        sent = await client.post("/sign-in", content=b"name=x")

    assert found.authority.fingerprint in page.text
    assert "<details open><summary>Android" in page.text
    assert "信任本医院" in page.text
    assert "https://hospital.lan:8443/m/" in page.text
    assert (pem.content, der.content) == (found.authority.pem, found.authority.der)
    told = plistlib.loads(made.content)
    assert told["PayloadContent"][0]["PayloadContent"] == found.authority.der
    assert (other.status_code, other.headers["location"]) == (307, "https://hospital.lan:8443/ui/stock")
    assert sent.status_code == 405  # a password is never taken unencrypted
    assert "default-src 'none'" in page.headers["content-security-policy"]
