"""A sealed head that was kept elsewhere shows what was changed here, even by whoever owns the machine."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from sqlmodel import Session

from server.audit import chain as audit
from server.audit.chain import AuditBroken, Entry
from server.audit.seal import KEY_FILE, check_seal, read_sealed, seal, signing_key
from server.schema.access import AuditRow
from server.wiring import Hospital
from tests.server.conftest import Served
from twin.access import Role

NOW = 1_790_000_000_000_000


def fill(hospital: Hospital, count: int) -> None:
    for number in range(count):
        entry = Entry(at=number, actor="a", action="test", subject=str(number))
        hospital.write_now(lambda session, entry=entry: audit.note(session, entry))


def forge(session: Session) -> None:
    """Change a row and make the whole chain fit again, as the owner of the machine can."""
    for verb in ("update", "delete"):
        session.execute(text(f"DROP TRIGGER access_audit_no_{verb}"))
    before = audit.START
    for row in audit.rows_of(session):
        if row.sequence == 2:
            row.actor = "somebody-else"
        row.hash = before = audit.link(before, row)
        session.add(row)
        session.flush()


def test_a_forged_chain_fits_itself_but_not_the_head_that_was_kept(hospital: Hospital, tmp_path: Path) -> None:
    fill(hospital, 5)
    with hospital.read() as session:
        kept = seal(tmp_path, audit.head(session), now=NOW)
    hospital.write_now(forge)

    with hospital.read() as session:
        assert audit.verify(session).sequence == 5
    with hospital.read() as session, pytest.raises(AuditBroken):
        audit.verify(session, kept.head)


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 4},
        {"hash": "0" * 64},
        {"sealed_at": "2026-01-01T00:00:00Z"},
        {"signature": "00" * 64},
        {"signature": "no hex"},
        {"public_key": "00"},  # no key
    ],
)
def test_no_field_of_a_sealed_head_can_be_changed(tmp_path: Path, changes: dict[str, object]) -> None:
    sealed = seal(tmp_path, audit.Head(5, "f" * 64), now=NOW)
    check_seal(sealed, public_key=sealed.public_key)

    with pytest.raises(AuditBroken):
        check_seal(msgspec.structs.replace(sealed, **changes))


def test_another_installation_cannot_seal_for_this_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ours = seal(tmp_path / "a", audit.Head(1, "f" * 64), now=NOW)
    theirs = seal(tmp_path / "b", audit.Head(1, "e" * 64), now=NOW)

    with pytest.raises(AuditBroken):
        check_seal(theirs, public_key=ours.public_key)


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first, second = signing_key(tmp_path), signing_key(tmp_path)

    assert first.private_bytes_raw() == second.private_bytes_raw()
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "{}", '{"sequence": "x"}', "[1]"])
def test_what_is_no_head_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(AuditBroken):
        read_sealed(path)


async def test_an_auditor_takes_the_head_along(served: Served, tmp_path: Path) -> None:
    auditor = await served.signed_in(Role.AUDITOR)

    answer = await auditor.get("/v1/audit/head")

    path = tmp_path / "kept.json"
    path.write_text(json.dumps(answer.json()), encoding="utf-8")
    sealed = read_sealed(path)
    check_seal(sealed, public_key=sealed.public_key)
    with served.hospital.read() as session:
        last = session.get(AuditRow, sealed.sequence)
    assert last is not None
    assert last.hash == sealed.hash
