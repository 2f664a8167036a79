"""Taking in messages: stored sealed, once each, with their events in one transaction; dead letters and replay."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import islice

import msgspec
from sqlalchemy import insert, select, update
from sqlmodel import Session

from interop.hl7v2.locating import is_location_report
from interop.hl7v2.message import Message, read_message
from interop.hl7v2.reading import groups_of
from interop.hl7v2.telling import Told, tell
from interop.hl7v2.triggers import TRIGGERS
from interop.mllp.acknowledgement import Handled, Verdict
from interop.service import identity
from interop.service.accounts import note_accounts
from interop.service.intake import Intake, source_of
from interop.service.keys import Vault
from interop.service.people import Concerned, People, concerned_by
from interop.service.places import note_unmatched
from interop.service.plain import ask, ask_in, put, put_all
from interop.service.supplies import note_figures, note_proposals
from interop.tables import MESSAGES, PERSONS
from twin.errors import InputError, NotFound


class Outcome(StrEnum):
    """What became of a message."""

    APPLIED = "applied"
    STORED = "stored"
    DEAD = "dead"
    UNREADABLE = "unreadable"


def key_of(application: str, facility: str, control_id: str) -> str:
    """Give the key under which a message is stored.

    Parameters
    ----------
    application, facility, control_id : str
        MSH-3, MSH-4 and MSH-10, which may hold any character.
    """
    return msgspec.json.encode([application, facility, control_id]).decode()


def _key(message: Message) -> str:
    return key_of(message.msh.field(3), message.msh.field(4), message.control_id)


def _plain(text: str) -> str:
    return text.replace("\x00", "")[:20]  # PostgreSQL keeps no NUL in a text


def _content(message: Message, vault: Vault) -> str:
    # MSH is left out: a resend may carry a new MSH-7.
    parts = [message.kind, message.trigger, *(segment.text for segment in message.segments[1:])]
    return vault.fingerprint("\r".join(parts).encode("utf-8", "surrogatepass"))


def take_in(session: Session, intake: Intake, *, data: bytes, message: Message, now: int) -> Handled:
    """Store a message and its events in this transaction; a message that came before changes nothing.

    Parameters
    ----------
    session : Session
        A writing transaction.
    intake : Intake
        What it needs.
    data : bytes
        The message as it came.
    message : Message
        The same, read.
    now : int
        UTC microseconds.

    Returns
    -------
    Handled
        The same for a resend as for the first time.

    Raises
    ------
    InputError
        If it cannot become events; then undo the transaction and call :func:`bury`.
    """
    return take_in_together(session, intake, [understand(intake, data=data, message=message, now=now)])[0]


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """A message of which is known what it says; nothing of it is stored yet.

    A struct, as all on this way: a message makes a dozen values, and a frozen dataclass takes ten times as long.

    Parameters
    ----------
    data : bytes
        As it came.
    told : Told
        Events and patient groups.
    concerned : tuple[Concerned, ...]
        Who each patient group is about.
    row : dict[str, object]
        Its row, but for the sealed body and what became of it.
    control_id : str
        MSH-10.
    now : int
        When it came, UTC microseconds.
    """

    data: bytes
    told: Told
    concerned: tuple[Concerned, ...]
    row: dict[str, object]
    control_id: str
    now: int


def understand(intake: Intake, *, data: bytes, message: Message, now: int) -> Understood:
    """Find out what a message says; needs no transaction, so it is done while the writer waits for the disk.

    Parameters
    ----------
    intake, data, message, now : Intake, bytes, Message, int
        As for :func:`take_in`.

    Raises
    ------
    InputError
        If it cannot become events; then call :func:`bury`.
    """
    if not message.control_id:
        raise InputError("MSH-10: expected a control id, found none: without it a resend cannot be known.")
    told = tell(message, intake.around(message, now))
    concerned = _concerned(told, intake.vault)
    row = _row_of(message, intake.vault, now) | {"notes": " ".join(told.notes)}
    return Understood(data=data, told=told, concerned=concerned, row=row, control_id=message.control_id, now=now)


def leans_on_others(message: Message) -> bool:
    """Tell whether what a message means may depend on messages before it, so that these must be durable first.

    An account number (PID-18) stands for the visit that an earlier message named beside it, and a tag that is told
    of moves from where it was; all else that a message says is in itself.
    """
    return is_location_report(message) or any(segment.field(18) for segment in message.all("PID"))


def _concerned(told: Told, vault: Vault) -> tuple[Concerned, ...]:
    trigger = told.trigger
    found = [concerned_by(reading, vault, trigger) for reading in told.readings]
    # Of a trigger that we do not know, the persons still close the body, but nothing else is believed.
    return tuple(msgspec.structs.replace(one, encounter="") if trigger is None else one for one in found)


def take_in_together(session: Session, intake: Intake, arrived: Sequence[Understood]) -> list[Handled]:
    """Store several messages as one: what each costs in statements is shared by all of them.

    Parameters
    ----------
    session : Session
        A writing transaction.
    intake : Intake
        What it needs.
    arrived : Sequence[Understood]
        In their order; the same message may come twice.

    Returns
    -------
    list[Handled]
        One for each.

    Raises
    ------
    InputError
        If one of them cannot be stored: then undo the transaction and try each alone.
    """
    known = {row[0] for row in ask_in(session, _KNOWN, [one.row["key"] for one in arrived])}
    new: list[Understood] = []
    for one in arrived:
        if one.row["key"] not in known:
            known.add(one.row["key"])
            new.append(one)
    _store(session, intake, new)
    stored = {id(one) for one in new}
    return [
        Handled(verdict=Verdict.ACCEPTED) if id(one) in stored else _as_before(session, one.row, one.control_id)
        for one in arrived
    ]


def _store(session: Session, intake: Intake, new: Sequence[Understood]) -> None:
    events = [event for one in new for event in one.told.events]
    stored = iter(intake.ledger.append(session, events) if events else ())
    people = People(session, intake.vault, [group for one in new for group in one.concerned])
    rows = []
    for one in new:
        count = len(list(islice(stored, len(one.told.events))))
        outcome = Outcome.APPLIED if count else Outcome.STORED
        for group in one.concerned:
            people.note(group)
        row = one.row | {"outcome": outcome.value, "events": count}
        rows.append(row | _sealed(intake.vault, one.data, people, _named(one.concerned)))
    people.store()
    _note_told(session, [(one.told, str(one.row["source"]), one.now) for one in new])
    put_all(session, MESSAGES.name, rows)


def _note_told(session: Session, told: Sequence[tuple[Told, str, int]]) -> None:
    """Keep what messages say besides their events; each with its source and when it came.

    Names of places that nobody knows, accounts that are visits, what places hold and entries of item masters.
    """
    unmatched = [(source, *name) for one, source, _now in told for name in one.unmatched]
    if unmatched:
        note_unmatched(session, unmatched, now=told[-1][2])
    accounts = [(*pair, now) for one, _source, now in told for pair in one.accounts]
    if accounts:
        note_accounts(session, accounts)
    for one, source, _now in told:
        if one.figures or one.proposals:
            at = one.readings[0].occurred_at()
            note_figures(session, source, one.figures, at=at)
            note_proposals(session, source, one.proposals, at=at)


_KNOWN = "SELECT key FROM interop_message WHERE key IN (?)"
_HELD = "SELECT number, content, outcome, problem FROM interop_message WHERE key = ?"


def _as_before(session: Session, row: dict[str, object], control_id: str) -> Handled:
    """Count a message that came before; give the answer that it got then."""
    table, held = MESSAGES.c, ask(session, _HELD, (row["key"],))[0]
    if held[1] != row["content"]:
        raise InputError(
            f"MSH-10 {control_id!r} was used before for another message: give each message its own.",
            code="hl7.control_id_reused",
        )
    session.execute(update(MESSAGES).where(table.number == held[0]).values(duplicates=table.duplicates + 1))
    if held[2] == Outcome.DEAD:
        return Handled(verdict=Verdict.FAILED, problem=held[3])
    return Handled(verdict=Verdict.ACCEPTED)


def bury(session: Session, intake: Intake, *, data: bytes, message: Message, problem: str, now: int) -> Handled:
    """Keep a message that could not be used as a dead letter; it can be replayed when the cause is mended.

    Parameters
    ----------
    session : Session
        A writing transaction.
    intake : Intake
        What it needs.
    data : bytes
        The message as it came.
    message : Message
        The same, read.
    problem : str
        What is wrong, without anybody's data.
    now : int
        UTC microseconds.
    """
    row = _row_of(message, intake.vault, now)
    held = session.execute(select(MESSAGES.c.content).where(MESSAGES.c.key == row["key"])).scalar()
    if held == row["content"] and message.control_id:
        return _as_before(session, row, message.control_id)
    if held is not None or not message.control_id:
        row["key"] = f"{row['key']}#{intake.vault.fingerprint(data)}"
        again = session.execute(select(MESSAGES.c.number).where(MESSAGES.c.key == row["key"])).scalar()
        if again is not None:
            counted = update(MESSAGES).where(MESSAGES.c.number == again)
            session.execute(counted.values(duplicates=MESSAGES.c.duplicates + 1))
            return Handled(verdict=Verdict.FAILED, problem=problem)
    names = _people_in(message, intake, now)
    values = row | {"outcome": Outcome.DEAD.value, "problem": problem, "attempts": 1}
    people = People(session, intake.vault, [], others=names)
    sealed = _sealed(intake.vault, data, people, names)
    people.store()
    put(session, MESSAGES.name, values | sealed)
    return Handled(verdict=Verdict.FAILED, problem=problem)


def keep_unreadable(session: Session, vault: Vault, *, data: bytes, problem: str, now: int) -> None:
    """Keep a frame that is no message; the same one again is only counted.

    Parameters
    ----------
    session : Session
        A writing transaction.
    vault : Vault
        Seals.
    data : bytes
        Content of the frame.
    problem : str
        What is wrong.
    now : int
        UTC microseconds.
    """
    content = vault.fingerprint(data)
    held = session.execute(select(MESSAGES.c.number).where(MESSAGES.c.key == f"#{content}")).scalar()
    if held is not None:
        session.execute(update(MESSAGES).where(MESSAGES.c.number == held).values(duplicates=MESSAGES.c.duplicates + 1))
        return
    session.execute(
        insert(MESSAGES).values(
            key=f"#{content}",
            content=content,
            source="his:unreadable",
            kind="",
            trigger_event="",
            received_at=now,
            outcome=Outcome.UNREADABLE,
            notes="",
            problem=problem,
            events=0,
            attempts=1,
            duplicates=0,
            **_sealed(vault, data, People(session, vault, []), ()),
        )
    )


def _row_of(message: Message, vault: Vault, now: int) -> dict[str, object]:
    return {
        "key": _key(message),
        "content": _content(message, vault),
        "source": source_of(message),
        "kind": _plain(message.kind),
        "trigger_event": _plain(message.trigger),
        "received_at": now,
        "notes": "",
        "problem": "",
        "events": 0,
        "attempts": 0,
        "duplicates": 0,
    }


def _people_in(message: Message, intake: Intake, now: int) -> list[str]:
    """Give who a dead letter is about, as far as it can be read."""
    around = intake.around(message, now)
    found = []
    # Also who is merged away: erasing either of them must close the letter.
    for reading in groups_of(message, around):
        for segment, number in (("PID", 3), ("MRG", 1)):
            found.append(identity.person_of(reading, intake.vault, segment=segment, number=number))
    return [person for person in dict.fromkeys(found) if person]


def _named(concerned: Sequence[Concerned]) -> list[str]:
    return list(dict.fromkeys(person for one in concerned for person in one.people))


def _sealed(vault: Vault, data: bytes, people: People, named: Sequence[str]) -> dict[str, object]:
    """Close a body with the installation's key, then with each person's: throwing away one of these is enough."""
    body = vault.seal(data, person="", wrapped=b"")
    for person in named:
        wrapped = people.key_of(person)
        if not wrapped:
            # Erased before: what comes later about this person is not kept in any readable form.
            return {"body": b"", "persons": msgspec.json.encode(named).decode()}
        body = vault.seal(body, person=person, wrapped=wrapped)
    return {"body": body, "persons": msgspec.json.encode(named).decode()}


def body_of(session: Session, vault: Vault, number: int) -> bytes:
    """Give a message as it came.

    Parameters
    ----------
    session : Session
        Any.
    vault : Vault
        Opens.
    number : int
        Of the message.

    Raises
    ------
    NotFound
        If there is no such message, or somebody in it was erased.
    """
    row = session.execute(select(MESSAGES.c.body, MESSAGES.c.persons).where(MESSAGES.c.number == number)).first()
    if row is None:
        raise NotFound("message", str(number))
    body: bytes = row[0]
    for person in reversed(msgspec.json.decode(row[1], type=list[str])):
        key = session.execute(select(PERSONS.c.wrapped_key).where(PERSONS.c.person == person)).scalar()
        if not key or not body:
            raise NotFound("message that can still be opened (somebody in it was erased)", str(number))
        body = vault.open(body, person=person, wrapped=key)
    return vault.open(body, person="", wrapped=b"")


def replay(session: Session, intake: Intake, *, number: int, now: int) -> Outcome:
    """Try a dead letter again; its events keep their keys, so that nothing is told twice.

    Parameters
    ----------
    session : Session
        A writing transaction.
    intake : Intake
        What it needs.
    number : int
        Of the message.
    now : int
        UTC microseconds.

    Raises
    ------
    InputError
        If it still cannot be used.
    NotFound
        If there is no such message, or somebody in it was erased.
    """
    message = read_message(body_of(session, intake.vault, number))
    told = tell(message, intake.around(message, now))
    stored = intake.ledger.append(session, list(told.events)) if told.events else []
    concerned = _concerned(told, intake.vault)
    people = People(session, intake.vault, concerned)
    for group in concerned:
        people.note(group)
    people.store()
    _note_told(session, [(told, source_of(message), now)])
    outcome = Outcome.APPLIED if stored else Outcome.STORED
    session.execute(
        update(MESSAGES)
        .where(MESSAGES.c.number == number)
        .values(
            outcome=outcome,
            problem="",
            notes=" ".join(told.notes),
            events=len(stored),
            attempts=MESSAGES.c.attempts + 1,
        )
    )
    return outcome


def is_known(kind: str, trigger: str) -> bool:
    """Tell whether a trigger has a documented outcome."""
    return (kind, trigger) in TRIGGERS
