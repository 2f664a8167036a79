"""Who the messages in hand are about: keys, links and identities, asked for all at once and kept in step."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import update
from sqlmodel import Session

from interop.hl7v2.reading import Reading
from interop.hl7v2.triggers import Trigger
from interop.service.identity import Identity, family, identity_of, opened, person_of, survivor
from interop.service.keys import Vault
from interop.service.plain import ask_in, change, put_all
from interop.tables import LINKS, PERSONS

_PERSONS = "SELECT person, wrapped_key, identity, told_at FROM interop_person WHERE person IN (?)"
_LINKS = "SELECT encounter, person, told_at FROM interop_link WHERE encounter IN (?)"
_IDENTITY = "UPDATE interop_person SET identity = ?, told_at = ? WHERE person = ?"
_LINK = "UPDATE interop_link SET person = ?, told_at = ? WHERE encounter = ?"


class Concerned(msgspec.Struct, frozen=True, kw_only=True):
    """Who one patient group of a message is about, without anybody's name but in ``identity``.

    Parameters
    ----------
    person, prior, encounter : str
        Pseudonyms; ``prior`` of the record merged away; each empty if not named.
    at : int
        When it was so, UTC microseconds.
    identity : Identity or None
        What the group says about the person; None if its trigger does not change that.
    is_merge : bool
        Whether ``prior`` and ``person`` are one from now on.
    """

    person: str
    prior: str
    encounter: str
    at: int
    identity: Identity | None
    is_merge: bool = False

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody named."""
        return tuple(one for one in (self.person, self.prior) if one)


def concerned_by(reading: Reading, vault: Vault, trigger: Trigger | None) -> Concerned:
    """Find out who a patient group is about.

    Parameters
    ----------
    reading : Reading
        The group.
    vault : Vault
        Makes pseudonyms.
    trigger : Trigger or None
        Of its message; one that we do not know changes nothing about anybody.
    """
    has_visit = bool(reading.value("PV1", 19) or reading.value("PID", 18))
    person = person_of(reading, vault)
    return Concerned(
        person=person,
        prior=person_of(reading, vault, segment="MRG", number=1),
        encounter=reading.encounter() if has_visit and person else "",
        at=reading.occurred_at() if person else 0,
        identity=identity_of(reading) if person and trigger is not None and trigger.is_person else None,
        is_merge=trigger is not None and trigger.is_same_person,
    )


class People:
    """The persons and links that some messages name, as they are stored.

    Parameters
    ----------
    session : Session
        A writing transaction.
    vault : Vault
        Makes keys, seals and opens.
    concerned : Iterable[Concerned]
        All groups that will be noted.
    others : Iterable[str], optional
        Pseudonyms of further persons whose keys are needed.
    """

    def __init__(
        self, session: Session, vault: Vault, concerned: Iterable[Concerned], *, others: Iterable[str] = ()
    ) -> None:
        self._session = session
        self._vault = vault
        groups = list(concerned)
        people = dict.fromkeys([*(person for one in groups for person in one.people), *others])
        encounters = dict.fromkeys(one.encounter for one in groups if one.encounter)
        persons = ask_in(session, _PERSONS, people)
        links = ask_in(session, _LINKS, encounters)
        self._persons: dict[str, tuple[bytes, bytes, int]] = {row[0]: (row[1], row[2], row[3]) for row in persons}
        self._links: dict[str, tuple[str, int]] = {row[0]: (row[1], row[2]) for row in links}
        # Rows that are new wait until all groups are noted: one statement then stores those of all messages.
        self._new_persons: dict[str, dict[str, object]] = {}
        self._new_links: dict[str, dict[str, object]] = {}

    def key_of(self, person: str) -> bytes:
        """Give a person's key as stored, made the first time; empty once the person is erased."""
        held = self._persons.get(person)
        if held is None:
            wrapped = self._vault.new_wrapped_key(person)
            row = {"person": person, "wrapped_key": wrapped, "identity": b"", "merged_into": ""}
            self._new_persons[person] = row | {"told_at": 0, "erased_at": 0}
            held = self._persons[person] = (wrapped, b"", 0)
        return held[0]

    def note(self, one: Concerned) -> None:
        """Keep what a group says about who is who; the latest statement counts."""
        if one.identity is not None:
            self._note_identity(one.person, one.identity, one.at)
            if one.is_merge and one.prior and one.prior != one.person:
                self._merge(one.prior, one.person)
        if one.encounter:
            self._link(one.encounter, one.person, one.at)

    def _note_identity(self, person: str, told: Identity, at: int) -> None:
        wrapped = self.key_of(person)
        if not wrapped:
            return  # erased: nothing about this person is kept in any readable form
        _, sealed, told_at = self._persons[person]
        held = opened(self._vault, person, wrapped, sealed)
        # What is older than what is kept fills only what is empty.
        first, second = (held, told) if at >= told_at else (told, held)
        values = {name: getattr(second, name) or getattr(first, name) for name in Identity.__struct_fields__}
        merged = Identity(**values)
        if merged == held and at <= told_at:
            return
        if merged != held or not sealed:
            sealed = self._vault.seal(msgspec.json.encode(merged), person=person, wrapped=wrapped)
        told_at = max(at, told_at)
        if person in self._new_persons:
            self._new_persons[person] |= {"identity": sealed, "told_at": told_at}
        else:
            change(self._session, _IDENTITY, (sealed, told_at, person))
        self._persons[person] = (wrapped, sealed, told_at)

    def _merge(self, prior: str, into: str) -> None:
        for person in (prior, into):
            self.key_of(person)
        self.store()  # the family is looked up in the table
        # Merged already, or the other way round: a second merge would close a ring.
        if prior in family(self._session, into):
            return
        gone = survivor(self._session, prior)
        self._session.execute(update(PERSONS).where(PERSONS.c.person == gone).values(merged_into=into))

    def _link(self, encounter: str, person: str, at: int) -> None:
        held = self._links.get(encounter)
        if held is not None and (at <= held[1] or held[0] == person):
            return
        if held is None or encounter in self._new_links:
            self._new_links[encounter] = {"encounter": encounter, "person": person, "told_at": at}
        else:
            change(self._session, _LINK, (person, at, encounter))
        self._links[encounter] = (person, at)

    def store(self) -> None:
        """Store the rows that are new; to be called once all groups are noted."""
        put_all(self._session, PERSONS.name, list(self._new_persons.values()))
        put_all(self._session, LINKS.name, list(self._new_links.values()))
        self._new_persons, self._new_links = {}, {}
