"""Connections to other hospital systems: what they sent, dead letters and their replay; who an encounter is."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Path as PathParameter
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from interop.service import identity, messages, received
from interop.service.messages import Outcome
from server.doors.context import CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http.views import instant
from server.listening import intake_of, vault_of
from server.wiring import Hospital
from twin.access import Permission

router = Router("/v1/interfaces", tag="interfaces")
_SWEEPS = 5  # a reader holds its view of the database for a fraction of a second

Number = Annotated[int, PathParameter(ge=1, le=2**53)]


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """One connection; counts since it first spoke, ``last_hour`` of the last 60 minutes."""

    source: str
    messages: int
    last_at: str
    last_hour: int
    duplicates: int
    stored_only: int
    dead_letters: int
    unknown_triggers: int


class Interfaces(msgspec.Struct, frozen=True, kw_only=True):
    """All connections, and the port that listens (0 if none does)."""

    mllp_port: int
    interfaces: list[Interface]


class MessageShown(msgspec.Struct, frozen=True, kw_only=True):
    """One message without its content."""

    number: int
    source: str
    kind: str
    trigger: str
    received_at: str
    outcome: str
    notes: list[str]
    problem: str
    events: int
    attempts: int
    duplicates: int


class Messages(msgspec.Struct, frozen=True, kw_only=True):
    """A page of messages, the newest first."""

    messages: list[MessageShown]
    next: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message that was tried again."""

    number: int
    outcome: str


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why; kept in the audit."""

    reason: Annotated[str, msgspec.Meta(min_length=8, max_length=500, pattern=r"^[^\x00]+$")]


class IdentityShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is, as the sending system wrote it."""

    names: list[str]
    numbers: list[str]
    birth_date: str
    sex: str
    address: str
    telephone: str


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of the person were erased, and where their sealed keys may still stand.

    ``remains`` holds ``backups`` always (copies taken before keep what they hold), ``log`` if the write-ahead log could
    not be emptied because somebody still read, ``postgresql`` where dead rows stay until VACUUM and its own log.
    """

    records: int
    remains: list[str]


@router.get("", permission=Permission.INTERFACES_READ, gives=Interfaces)
def list_interfaces(call: CallDep) -> Interfaces:
    """Give each connection: last message, rate, duplicates, dead letters."""
    with call.hospital.read() as session:
        found = received.interfaces(session, now=call.now)
    rows = [
        Interface(
            source=one.source,
            messages=one.messages,
            last_at=instant(one.last_at),
            last_hour=one.last_hour,
            duplicates=one.duplicates,
            stored_only=one.stored_only,
            dead_letters=one.dead_letters,
            unknown_triggers=one.unknown_triggers,
        )
        for one in found
    ]
    port = call.hospital.settings.mllp_port if "mllp" in call.hospital.services else 0
    return Interfaces(mllp_port=port, interfaces=rows)


@router.get("/messages", permission=Permission.INTERFACES_READ, gives=Messages)
def list_messages(
    call: CallDep, source: Text = "", outcome: Text = "", limit: Limit = 50, cursor: CursorText = ""
) -> Messages:
    """Give messages without their content, the newest first."""
    scope = f"messages/{source}/{outcome}"
    after = call.cursors.read(scope, cursor)
    with call.hospital.read() as session:
        rows = received.messages(
            session, source=source, outcome=outcome, before=after[0] if after else 0, limit=limit + 1
        )
    more = len(rows) > limit
    shown = [
        MessageShown(
            number=row.number,
            source=row.source,
            kind=row.kind,
            trigger=row.trigger,
            received_at=instant(row.received_at),
            outcome=row.outcome,
            notes=row.notes.split(),
            problem=row.problem,
            events=row.events,
            attempts=row.attempts,
            duplicates=row.duplicates,
        )
        for row in rows[:limit]
    ]
    return Messages(messages=shown, next=call.cursors.write(scope, [rows[limit - 1].number]) if more else "")


@router.post("/messages/{number}/replay", permission=Permission.INTERFACES_OPERATE, gives=Replayed)
async def replay_message(call: CallDep, number: Number) -> Replayed:
    """Try a dead letter again; events that were told before are not told twice."""
    intake, now = intake_of(call.hospital), call.now

    def use_case(session: Session) -> Outcome:
        return messages.replay(session, intake, number=number, now=now)

    return Replayed(number=number, outcome=(await call.hospital.write(use_case)).value)


def _note(session: Session, call: CallDep, action: str, encounter: str, reason: str) -> None:
    facts = {"reason": reason}
    call.request.app.state.access.note(session, call.actor.id, action, encounter, facts)


@router.post("/identities/{encounter}/reveal", permission=Permission.IDENTITY_REVEAL, takes=Reason, gives=IdentityShown)
async def reveal_identity(call: CallDep, encounter: PathText) -> IdentityShown:
    """Give who an encounter is; the asking, its reason and its actor are audited in the same transaction."""
    told, vault, actor, now = call.read(Reason), vault_of(call.hospital), call.actor.id, call.now

    def use_case(session: Session) -> identity.Identity:
        # before it is revealed, and in one transaction: nobody is shown without a row in the audit
        _note(session, call, "identity.revealed", encounter, told.reason)
        return identity.reveal(session, vault, encounter=encounter, actor=actor, reason=told.reason, now=now)

    found = await call.hospital.write(use_case)
    return IdentityShown(
        names=list(found.names),
        numbers=list(found.numbers),
        birth_date=found.birth_date,
        sex=found.sex,
        address=found.address,
        telephone=found.telephone,
    )


@router.post("/identities/{encounter}/erase", permission=Permission.INTERFACES_OPERATE, takes=Reason, gives=Erased)
async def erase_identity(call: CallDep, encounter: PathText) -> Erased:
    """Throw away the keys of the person behind an encounter; census and history stay as they are."""
    told, actor, now = call.read(Reason), call.actor.id, call.now

    def use_case(session: Session) -> int:
        _note(session, call, "identity.erased", encounter, told.reason)
        return len(identity.erase(session, encounter=encounter, actor=actor, reason=told.reason, now=now))

    records = await call.hospital.write(use_case)
    return Erased(records=records, remains=await run_in_threadpool(_remains, call.hospital))


def _remains(hospital: Hospital) -> list[str]:
    """Empty the log of the database, in which the old keys still stand; tell where they may be all the same."""
    if hospital.database.dialect != "sqlite":
        return ["backups", "postgresql"]
    is_swept = any(hospital.database.writer.sweep() for _ in range(_SWEEPS))
    return ["backups"] if is_swept else ["backups", "log"]
