"""API keys with one source, and an audit that shows every change to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from server.access import keys, sessions, users
from server.access.keys import NewKey
from server.access.lasting import revoke
from server.access.users import UserChange
from server.audit import chain as audit
from server.audit.chain import AuditBroken, Entry
from server.schema.access import AuditRow, KeyRow
from server.wiring import Hospital, open_hospital
from tests.server.conftest import Served
from twin.access import Role
from twin.clock import DAY_US
from twin.errors import FieldError, Refused
from twin.settings import Settings


def note(hospital: Hospital, count: int) -> None:
    for number in range(count):
        entry = Entry(at=number, actor="a", action="test", subject=str(number), facts={"n": number})
        hospital.write_now(lambda session, entry=entry: audit.note(session, entry))


@pytest.fixture
def audited(database_settings: Settings) -> Iterator[Hospital]:
    """A hospital with ten rows of audit, on each kind of database."""
    opened = open_hospital(database_settings, handlers=[])
    note(opened, 10)
    yield opened
    opened.close()


def test_untouched_audit_is_intact(audited: Hospital) -> None:
    with audited.read() as session:
        found = audit.verify(session)

    assert found.sequence == 10


@pytest.mark.parametrize(
    "statement", ["UPDATE access_audit SET actor = 'b' WHERE sequence = 3", "DELETE FROM access_audit"]
)
def test_database_refuses_to_change_the_audit(audited: Hospital, statement: str) -> None:
    with pytest.raises((DatabaseError, Exception), match="append-only"):
        audited.write_now(lambda session: session.execute(text(statement)))


TAMPERINGS = {
    "a changed actor": "UPDATE access_audit SET actor = 'b' WHERE sequence = 3",
    "a changed fact": "UPDATE access_audit SET facts = '{}' WHERE sequence = 7",
    "a changed instant": "UPDATE access_audit SET at = 5000 WHERE sequence = 1",
    "a removed row": "DELETE FROM access_audit WHERE sequence = 5",
    "a removed head": "DELETE FROM access_audit WHERE sequence = 1",
    "a cut-off tail": "DELETE FROM access_audit WHERE sequence > 8",
    "a changed hash": "UPDATE access_audit SET hash = 'f' WHERE sequence = 10",
}


@pytest.mark.parametrize("statement", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_tampering_past_the_triggers_is_found(hospital: Hospital, statement: str) -> None:
    note(hospital, 10)
    with hospital.read() as session:
        witness = audit.head(session)

    def tamper(session: Session) -> None:
        session.execute(text("DROP TRIGGER access_audit_no_update"))
        session.execute(text("DROP TRIGGER access_audit_no_delete"))
        session.execute(text(statement))

    hospital.write_now(tamper)

    with hospital.read() as session, pytest.raises(AuditBroken):
        audit.verify(session, witness)


def test_head_file_never_goes_backwards(tmp_path: Path) -> None:
    audit.write_head(tmp_path, audit.Head(5, "a"))
    audit.write_head(tmp_path, audit.Head(3, "b"))

    assert audit.read_head(tmp_path) == audit.Head(5, "a")


@given(
    st.lists(st.tuples(st.integers(0, 2**62), st.text(max_size=20), st.text(max_size=20)), min_size=2, max_size=6),
    st.data(),
)
def test_hash_of_a_row_depends_on_every_field_and_on_all_rows_before(
    rows: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    def chain(told: list[tuple[int, str, str]]) -> str:
        before = audit.START
        for number, (at, actor, action) in enumerate(told, 1):
            row = AuditRow(sequence=number, at=at, actor=actor, action=action, subject="", facts="{}", hash="")
            before = audit.link(before, row)
        return before

    index = data.draw(st.integers(0, len(rows) - 1))
    changed = list(rows)
    at, actor, action = changed[index]
    changed[index] = (at + 1, actor, action)

    assert chain(rows) != chain(changed)
    assert chain(rows) == chain(list(rows))


def test_gateway_key_needs_a_gateway_source(hospital: Hospital) -> None:
    for source in ("", "his:main", "gateway:"):
        new = NewKey(name="n", role=Role.SERVICE_GATEWAY, source=source)
        with pytest.raises(FieldError):
            hospital.write_now(lambda session, new=new: keys.create_key(session, new, created_by="x", now=1))


def test_source_has_two_active_keys_at_most(hospital: Hospital) -> None:
    new = NewKey(name="n", role=Role.SERVICE_GATEWAY, source="gateway:g")
    for _ in range(2):
        hospital.write_now(lambda session: keys.create_key(session, new, created_by="x", now=1))

    with pytest.raises(Refused):
        hospital.write_now(lambda session: keys.create_key(session, new, created_by="x", now=1))


async def test_revoked_and_ended_keys_are_refused(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    revoked = await served.program(Role.SERVICE_GATEWAY)
    key_id = revoked.headers["authorization"].split("_")[1]
    assert (await revoked.post("/v1/events")).status_code == 422

    await root.delete(f"/v1/keys/{key_id}")
    after = await revoked.post("/v1/events")
    ended = await served.program(Role.SERVICE_GATEWAY, "gateway:g2")
    served.clock.advance(366 * DAY_US / 1e6)

    assert after.status_code == 401
    assert (await ended.post("/v1/events")).status_code == 401


@pytest.mark.parametrize(
    "bearer", ["twk_x_y", "twk_", "Basic abc", "Bearer", "twk_000000000000_" + "a" * 43, "x" * 5000]
)
async def test_wrong_keys_are_refused_even_on_public_routes(served: Served, bearer: str) -> None:
    client = await served.stranger()

    answer = await client.get("/healthz", headers={"authorization": f"Bearer {bearer}"})

    assert answer.status_code == 401
    assert answer.json()["code"] == "key.wrong"


async def test_the_word_bearer_may_be_written_in_small_letters(served: Served) -> None:
    client = await served.stranger()

    answer = await client.get("/healthz", headers={"authorization": f"bearer {served.make_key(Role.SERVICE_GATEWAY)}"})

    assert answer.status_code == 200


async def test_key_text_is_kept_nowhere(served: Served) -> None:
    text_of_key = served.make_key(Role.SERVICE_GATEWAY)
    secret = text_of_key.split("_", 2)[2]  # it may hold that sign itself, also as its last one

    with served.hospital.read() as session:
        dump = str([dict(row) for row in keys.list_keys(session)])

    assert secret not in dump


async def test_what_administrators_do_is_in_the_audit(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    body = {"name": "newcomer", "password": "four words make sense", "roles": ["nurse"]}
    await root.post("/v1/users", json=body)
    await root.post("/v1/keys", json={"name": "k", "role": "service:his", "source": "his:main"})

    rows = (await root.get("/v1/audit")).json()["rows"]
    verdict = (await root.get("/v1/audit/verification")).json()

    assert [row["action"] for row in rows] == ["session.started", "user.added", "key.made"]
    assert "four words" not in str(rows)
    assert verdict["is_intact"]


async def test_key_revoked_beside_the_server_is_refused_soon(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """`hospital-twin token revoke` is another process: the server's memory of the key must not outlive it."""
    client = await served.program(Role.SERVICE_GATEWAY)
    assert (await client.get("/v1/events")).status_code == 403  # known now, may only write
    key_id = client.headers["authorization"].removeprefix(f"Bearer {keys.PREFIX}").partition("_")[0]
    served.hospital.write_now(lambda session: revoke(session, KeyRow, key_id, now=served.clock.now()))

    remembered = await client.get("/v1/events")
    monkeypatch.setattr(keys, "KNOWN_FOR_S", -1.0)
    asked_again = await client.get("/v1/events")

    assert (remembered.status_code, asked_again.status_code) == (403, 401)


async def test_user_disabled_beside_the_server_is_signed_out_soon(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await served.signed_in(Role.NURSE, "nia")
    assert (await client.get("/v1/auth/me")).status_code == 200

    def disable(session: Session) -> None:
        user = users.find_user(session, "nia")
        assert user is not None
        users.change_user(session, user.id, UserChange(is_active=False), now=served.clock.now())

    served.hospital.write_now(disable)
    monkeypatch.setattr(sessions, "KNOWN_FOR_S", -1.0)

    assert (await client.get("/v1/auth/me")).status_code == 401
