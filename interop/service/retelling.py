"""Telling messages again once a person has said which place a sender means: what they said is put right, not doubled.

The ledger keeps what was believed; the correction stands beside it, at the instant of the fact that it replaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import select, update
from sqlmodel import Session

from interop.hl7v2.message import read_message
from interop.hl7v2.telling import tell
from interop.service.intake import Intake
from interop.service.messages import body_of
from interop.tables import MESSAGES
from twin.errors import HospitalTwinError
from twin.events.envelope import Event
from twin.events.patients import (
    BedReadinessChanged,
    BedServiceChanged,
    EncounterFactCancelled,
    EncounterMoved,
    EncounterStarted,
)
from twin.events.things import ZoneChanged, ZoneConfirmed
from twin.state.beds import is_bed
from twin.state.folding import without_cancelled
from twin.state.live import LiveState
from twin.state.model import zone_of

CHUNK = 200
"""Messages told again in one transaction: a tenth of a second, so that others are acknowledged meanwhile."""
_MARK = "~"  # between the key of a fact and the number of its correction
_PLACES = ("place", "from_place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """What telling messages again came to.

    Parameters
    ----------
    messages : int
        Told again.
    corrected : int
        Facts put right.
    before : int
        Where to go on: numbers below; 0 if nothing is left.
    """

    messages: int
    corrected: int
    before: int


def retell(
    session: Session, *, intake: Intake, live: LiveState, source: str, actor: str, now: int, before: int = 0
) -> Retold:
    """Tell the messages of a sender again that named places which the twin did not know; one chunk, the latest first.

    Parameters
    ----------
    session : Session
        A writing transaction.
    intake : Intake
        Knows the names by now.
    live : LiveState
        As of the last commit.
    source : str
        Who spoke.
    actor : str
        Who matched.
    now : int
        UTC microseconds.
    before : int, optional
        Only numbers below; 0 for the first chunk.
    """
    table = MESSAGES.c
    asked = select(table.number, table.notes).where(table.source == source, table.notes.contains("place_"))
    if before:
        asked = asked.where(table.number < before)
    rows = session.execute(asked.order_by(table.number.desc()).limit(CHUNK)).all()
    corrected = 0
    for number, notes in rows:
        try:
            message = read_message(body_of(session, intake.vault, number))
            told = tell(message, intake.around(message, now))
        except HospitalTwinError:
            continue  # somebody in it was erased, or it is a dead letter: neither told anything
        events = [new for event in told.events for new in corrections(live, event, actor=actor)]
        corrected += len(intake.ledger.append(session, events)) if events else 0
        if " ".join(told.notes) != notes:
            session.execute(update(MESSAGES).where(table.number == number).values(notes=" ".join(told.notes)))
    return Retold(messages=len(rows), corrected=corrected, before=rows[-1].number if len(rows) == CHUNK else 0)


def corrections(live: LiveState, event: Event, *, actor: str) -> Iterator[Event]:
    """Give what puts a fact right that was told with another place.

    Parameters
    ----------
    live : LiveState
        The present hospital.
    event : Event
        As the message would be told now.
    actor : str
        Who matched the place.
    """
    if isinstance(event, ZoneChanged | ZoneConfirmed):
        yield from _seen(live, event, actor)
    elif isinstance(event, BedServiceChanged | BedReadinessChanged):
        yield from _bed(live, event, actor)
    elif event.thing in live.encounters:
        yield from _fact(live, event, actor)


def _is_of(held: Event | None, event: Event) -> bool:
    """Tell whether a fact held is the one that the message told, or its latest correction."""
    if held is None or held.source != event.source:
        return False
    return held.source_key.partition(_MARK)[0] == event.source_key


def _next_key(held: Event, event: Event) -> str:
    number = held.source_key.partition(_MARK)[2]
    return f"{event.source_key}{_MARK}{int(number) + 1 if number.isdigit() else 1}"


def _places_of(event: Event) -> tuple[str, ...]:
    return tuple(getattr(event, name, "") for name in _PLACES)


def _fact(live: LiveState, event: Event, actor: str) -> Iterator[Event]:
    kept = without_cancelled(live.encounters[event.thing].facts)
    mine = [fact for fact in kept if _is_of(fact, event)]
    if not mine or _places_of(mine[-1]) == _places_of(event):
        return
    held = mine[-1]
    key = _next_key(held, event)
    # An admission is put right by a move: to cancel it would take back all that happened at the same minute.
    new = _moved(event) if isinstance(event, EncounterStarted) else event
    if not isinstance(held, EncounterStarted):
        same = [fact for fact in kept if type(fact) is type(held) and fact.occurred_at <= held.occurred_at]
        if same[-1] is not held:
            return  # a cancel would undo the other one
        yield EncounterFactCancelled(
            thing=event.thing,
            occurred_at=held.occurred_at,
            source=event.source,
            source_key=f"{key}c",
            actor=actor,
            cancels=type(held).__name__,
        )
    # A microsecond later, so that the cancel of the fact does not reach what replaces it.
    yield msgspec.structs.replace(new, occurred_at=held.occurred_at + 1, source_key=key, actor=actor)


def _moved(event: EncounterStarted) -> Event:
    return EncounterMoved(
        thing=event.thing,
        occurred_at=event.occurred_at,
        source=event.source,
        source_key=event.source_key,
        place=event.place,
    )


def _seen(live: LiveState, event: ZoneChanged | ZoneConfirmed, actor: str) -> Iterator[Event]:
    tag = live.tags.get(event.thing)
    held = tag.sighting if tag is not None else None
    if held is None or not _is_of(held, event) or zone_of(held) == event.zone:
        return
    yield ZoneChanged(
        thing=event.thing,
        occurred_at=held.occurred_at + 1,
        source=event.source,
        source_key=_next_key(held, event),
        actor=actor,
        zone=event.zone,
    )


def _bed(live: LiveState, event: BedServiceChanged | BedReadinessChanged, actor: str) -> Iterator[Event]:
    if not is_bed(live, event.thing):
        return
    bed = live.beds.get(event.thing)
    held = (bed.service if isinstance(event, BedServiceChanged) else bed.readiness) if bed is not None else None
    # What was told went to the sender's own name; the bed itself has heard nothing yet, or something older.
    if not _is_of(held, event):
        yield msgspec.structs.replace(event, source_key=f"{event.source_key}{_MARK}{event.thing}", actor=actor)
