"""Who is who: the one place for names and record numbers, sealed per person, revealed with a reason, erasable."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import func, insert, select, update
from sqlmodel import Session

from interop.hl7v2.escapes import NULL
from interop.hl7v2.reading import Reading
from interop.service.keys import Vault
from interop.service.plain import ask
from interop.tables import LINKS, PERSONS, REVEALS
from twin.errors import InputError, NotFound

MIN_REASON = 8
_PERSON = "SELECT wrapped_key, identity, merged_into, told_at, erased_at FROM interop_person WHERE person = ?"
_DEPTH = 32  # of merges of merges; a longer chain is a loop


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a message says about who somebody is.

    Parameters
    ----------
    names : tuple[str, ...]
        PID-5, each repetition as written.
    numbers : tuple[str, ...]
        PID-3, each repetition as written.
    birth_date, sex, address, telephone : str
        PID-7, PID-8, PID-11, PID-13 as written.
    """

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    birth_date: str = ""
    sex: str = ""
    address: str = ""
    telephone: str = ""


def person_of(reading: Reading, vault: Vault, *, segment: str = "PID", number: int = 3) -> str:
    """Give the pseudonym of the person that a group names; empty if it names none.

    Parameters
    ----------
    reading : Reading
        The group.
    vault : Vault
        Makes pseudonyms.
    segment, number : str, int
        Where the identifier stands: PID-3, or MRG-1 for the one merged away.
    """
    told = reading.group.get(segment)
    if told is None:
        return ""
    found = (told.value(number, 1), told.value(number, 4) or reading.message.msh.value(4))
    return vault.pseudonym("person", found[1], found[0]) if found[0] not in ("", NULL) else ""


def identity_of(reading: Reading) -> Identity:
    """Give what a group says about who somebody is; empty values say nothing, deleted ones are empty too."""
    pid = reading.group.get("PID")
    if pid is None:
        return Identity()

    def texts(number: int) -> tuple[str, ...]:
        return tuple(text for text in pid.repetitions(number) if text not in ("", NULL))

    return Identity(
        names=texts(5),
        numbers=texts(3),
        birth_date=pid.value(7).replace(NULL, ""),
        sex=pid.value(8).replace(NULL, ""),
        address="".join(texts(11)[:1]),
        telephone="".join(texts(13)[:1]),
    )


def _row(session: Session, person: str) -> tuple[bytes, bytes, str, int, int] | None:
    rows = ask(session, _PERSON, (person,))
    return (rows[0][0], rows[0][1], rows[0][2], rows[0][3], rows[0][4]) if rows else None


def key_of(session: Session, vault: Vault, person: str) -> bytes:
    """Give a person's key as stored, made the first time; empty once the person is erased.

    Parameters
    ----------
    session : Session
        A writing transaction.
    vault : Vault
        Makes keys.
    person : str
        Pseudonym.
    """
    row = _row(session, person)
    if row is not None:
        return row[0]
    wrapped = vault.new_wrapped_key(person)
    session.execute(
        insert(PERSONS).values(person=person, wrapped_key=wrapped, identity=b"", merged_into="", told_at=0, erased_at=0)
    )
    return wrapped


def opened(vault: Vault, person: str, wrapped: bytes, sealed: bytes) -> Identity:
    """Open a sealed identity; an empty one says nothing."""
    if not sealed:
        return Identity()
    return msgspec.json.decode(vault.open(sealed, person=person, wrapped=wrapped), type=Identity)


def survivor(session: Session, person: str) -> str:
    """Give the record into which a person's records were merged; itself if none was."""
    for _ in range(_DEPTH):
        row = _row(session, person)
        if row is None or not row[2]:
            break
        person = row[2]
    return person


def family(session: Session, person: str) -> list[str]:
    """Give all records of one person: the surviving one and all that were merged into it."""
    found = [survivor(session, person)]
    # The list grows while it is gone through: records merged into merged ones are found as well.
    for one in found:
        rows = session.execute(select(PERSONS.c.person).where(PERSONS.c.merged_into == one)).scalars()
        found += [other for other in rows if other not in found]
    return found


def _person_behind(session: Session, encounter: str) -> str:
    person = session.execute(select(LINKS.c.person).where(LINKS.c.encounter == encounter)).scalar()
    if person is None:
        raise NotFound("identity of encounter", encounter)
    return str(person)


def _checked(reason: str) -> str:
    told = " ".join(reason.split())
    if len(told) < MIN_REASON:
        raise InputError(
            f"Expected a reason of at least {MIN_REASON} characters, got {len(told)}.", code="input.reason"
        )
    return told


def _note_act(session: Session, act: str, encounter: str, who: tuple[str, str, int]) -> None:
    actor, reason, at = who
    session.execute(insert(REVEALS).values(encounter=encounter, actor=actor, act=act, reason=reason, at=at))


def reveal(session: Session, vault: Vault, *, encounter: str, actor: str, reason: str, now: int) -> Identity:
    """Give who an encounter is; that it was asked, by whom and why, is kept in the same transaction.

    Parameters
    ----------
    session : Session
        A writing transaction.
    vault : Vault
        Opens.
    encounter : str
        Pseudonym.
    actor : str
        Id of whoever asks.
    reason : str
        Why, at least eight characters.
    now : int
        UTC microseconds.

    Raises
    ------
    NotFound
        If nothing is known, or the person was erased.
    InputError
        If no reason is given.
    """
    told = _checked(reason)
    person = survivor(session, _person_behind(session, encounter))
    _note_act(session, "reveal", encounter, (actor, told, now))
    row = _row(session, person)
    if row is None or not row[0]:
        raise NotFound("identity (it was erased) of encounter", encounter)
    return opened(vault, person, row[0], row[1])


def erase(session: Session, *, encounter: str, actor: str, reason: str, now: int) -> Sequence[str]:
    """Throw away the keys of the person behind an encounter: nobody can read identity or messages any more.

    The encounters, their places and times stay, so that census and history do not change.

    Parameters
    ----------
    session : Session
        A writing transaction.
    encounter : str
        Pseudonym.
    actor : str
        Id of whoever asks.
    reason : str
        Why, at least eight characters.
    now : int
        UTC microseconds.

    Returns
    -------
    Sequence[str]
        Pseudonyms of the records erased.

    Raises
    ------
    NotFound
        If nothing is known.
    InputError
        If no reason is given.
    """
    told = _checked(reason)
    people = family(session, _person_behind(session, encounter))
    _note_act(session, "erase", encounter, (actor, told, now))
    table = PERSONS.c
    # First overwritten, then emptied: the old key must not stand in the page that is left behind.
    session.execute(update(PERSONS).where(table.person.in_(people)).values(wrapped_key=bytes(60), identity=b""))
    session.execute(update(PERSONS).where(table.person.in_(people)).values(wrapped_key=b"", erased_at=now))
    return people


def count_persons(session: Session) -> int:
    """Give how many records the link table holds."""
    return int(session.execute(select(func.count()).select_from(PERSONS)).scalar_one())
