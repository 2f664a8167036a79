"""Each thing that can be out of order is found by name, with what to do; a sound installation ends with 0."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlmodel import Session

from server.access import keys, users
from server.access.keys import NewKey
from server.access.users import NewUser
from server.audit import chain
from server.console import run
from server.tree import build_tree
from server.wiring import Hospital, open_hospital
from twin.access import Role
from twin.ledger.tables import UNHANDLED
from twin.settings import load_settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that is in order: set up, backed up, private."""
    monkeypatch.setenv("HOSPITAL_TWIN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOSPITAL_TWIN_FREE_DISK_FLOOR_MB", "0")
    monkeypatch.setenv("HOSPITAL_TWIN_PORT", "0")
    tmp_path.chmod(0o700)

    def set_up(session: Session) -> None:
        new = NewUser(id="u1", name="root", display_name="Root", password_hash="x", roles=frozenset({Role.SYSADMIN}))
        users.add_user(session, new, now=1)

    in_hospital(lambda hospital: hospital.write_now(set_up))
    assert run(build_tree(), ["backup", "create", "--json"]) == 0
    return tmp_path


def in_hospital(act: Callable[[Hospital], object]) -> None:
    hospital = open_hospital(load_settings())
    try:
        act(hospital)
    finally:
        hospital.close()


def findings(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, object]]]:
    capsys.readouterr()
    code = run(build_tree(), ["doctor", "--json"])
    return code, {one["check"]: one for one in json.loads(capsys.readouterr().out)}


def test_a_sound_installation_is_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = findings(capsys)

    assert (code, [one for one in found.values() if not one["ok"]]) == (0, [])
    assert found.keys() >= {"ledger.handlers", "audit.intact", "backup.fresh", "users.sysadmin"}


def failed_handler(_folder: Path) -> None:
    row = {
        "event_id": "e",
        "handler": "assets.egress",
        "sequence": 1,
        "error": "KeyError: 'x'",
        "attempts": 3,
        "first_failed_at": 1,
        "retry_at": 2,
    }
    in_hospital(lambda hospital: hospital.write_now(lambda session: session.execute(insert(UNHANDLED).values(row))))


def ending_key(_folder: Path) -> None:
    def make(hospital: Hospital) -> None:
        new = NewKey(name="old gateway", role=Role.SERVICE_GATEWAY, source="gateway:g", days=1)
        hospital.write_now(lambda s: keys.create_key(s, new, created_by="t", now=hospital.clock.now()))

    in_hospital(make)


def forged_audit(folder: Path) -> None:
    def forge(session: Session) -> None:
        chain.note(session, chain.Entry(at=1, actor="a", action="x"))
        session.execute(text("DROP TRIGGER access_audit_no_update"))
        session.execute(text("UPDATE access_audit SET actor = 'b'"))

    in_hospital(lambda hospital: hospital.write_now(forge))


def nobody_in_charge(_folder: Path) -> None:
    in_hospital(lambda hospital: hospital.write_now(lambda s: s.execute(text("DELETE FROM access_user"))))


def old_backup(folder: Path) -> None:
    for backup in (folder / "backups").iterdir():
        os.utime(backup, (time.time() - 3 * 86_400,) * 2)


def no_backup(folder: Path) -> None:
    for backup in (folder / "backups").iterdir():
        backup.unlink()


def lost_identity_key(folder: Path) -> None:
    def keep(session: Session) -> None:
        session.execute(
            text(
                "INSERT INTO interop_person (person, wrapped_key, identity, merged_into, told_at, erased_at) "
                "VALUES ('p', x'00', x'00', '', 0, 0)"
            )
        )

    in_hospital(lambda hospital: hospital.write_now(keep))


def readable_key(folder: Path) -> None:
    (folder / "audit-signing.key").write_bytes(b"k" * 32)
    (folder / "audit-signing.key").chmod(0o644)


def broken_database(folder: Path) -> None:
    for file in folder.glob("hospital.db*"):
        file.unlink()
    (folder / "hospital.db").write_bytes(b"no database at all" * 500)


def open_folder(folder: Path) -> None:
    folder.chmod(0o777)


SEEDED = {
    "ledger.handlers": failed_handler,
    "keys.expiry": ending_key,
    "audit.intact": forged_audit,
    "users.sysadmin": nobody_in_charge,
    "backup.fresh": old_backup,
    "identity.key": lost_identity_key,
    "audit-signing.private": readable_key,
    "folder.private": open_folder,
    "database.open": broken_database,
}


@pytest.mark.parametrize(("check", "seed"), [*SEEDED.items(), ("backup.fresh", no_backup)])
def test_what_is_out_of_order_is_named_with_its_cure(
    folder: Path, capsys: pytest.CaptureFixture[str], check: str, seed: Callable[[Path], None]
) -> None:
    seed(folder)

    code, found = findings(capsys)

    assert code == 1
    assert [name for name, one in found.items() if not one["ok"]] == [check]
    assert found[check]["cure"]


@pytest.mark.parametrize(
    ("variable", "value", "check"),
    [
        ("HOSPITAL_TWIN_HOST", "0.0.0.0", "network.tls"),  # that is what is found
        ("HOSPITAL_TWIN_FREE_DISK_FLOOR_MB", "100000000", "disk.free"),
        ("HOSPITAL_TWIN_ALLOW_UNSAFE_SQLITE", "true", "sqlite.allowed"),
        ("HOSPITAL_TWIN_TLS_KEY", "/nowhere/key.pem", "tls.both"),
    ],
)
def test_a_setting_that_is_out_of_order_is_named(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    check: str,
) -> None:
    monkeypatch.setenv(variable, value)

    code, found = findings(capsys)

    assert code == 1
    assert check in {name for name, one in found.items() if not one["ok"]}
