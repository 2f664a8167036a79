"""What a message comes to: its events, who it is about, and what it says besides."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from interop.hl7v2.message import Message
from interop.hl7v2.reading import Reading, Surroundings, groups_of, numbered
from interop.hl7v2.supplying import ItemProposal, StockFigure
from interop.hl7v2.triggers import TRIGGERS, Trigger
from twin.events.envelope import Event
from twin.events.patients import EncountersMerged


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a message comes to.

    Parameters
    ----------
    events : tuple[Event, ...]
        With their source keys.
    readings : tuple[Reading, ...]
        The patient groups.
    trigger : Trigger or None
        None if it is unknown to us.
    notes : tuple[str, ...]
        Codes of what was odd.
    unmatched : tuple[tuple[str, str], ...]
        Names of places that the twin does not know, and what was taken instead.
    accounts : tuple[tuple[str, str], ...]
        Accounts (PID-18) and the visits (PV1-19) that they were said to be.
    figures : tuple[StockFigure, ...]
        How much places hold by the message.
    proposals : tuple[ItemProposal, ...]
        Entries of the sender's item master.
    """

    events: tuple[Event, ...]
    readings: tuple[Reading, ...]
    trigger: Trigger | None
    notes: tuple[str, ...]
    unmatched: tuple[tuple[str, str], ...] = ()
    accounts: tuple[tuple[str, str], ...] = ()
    figures: tuple[StockFigure, ...] = ()
    proposals: tuple[ItemProposal, ...] = ()


def tell(message: Message, around: Surroundings) -> Told:
    """Give the events that a message comes to; none for one that is unknown or only stored.

    Parameters
    ----------
    message : Message
        Any.
    around : Surroundings
        The rest of the world.

    Raises
    ------
    FieldError
        If a field is missing without which the trigger says nothing.
    """
    trigger = TRIGGERS.get((message.kind, message.trigger))
    readings = list(groups_of(message, around))
    events = list(trigger.rule(readings)) if trigger is not None and trigger.rule is not None else []
    accounts = tuple(dict.fromkeys(pair for pair in (one.both_numbers() for one in readings) if pair is not None))
    if trigger is not None and trigger.rule is not None:
        events += _joined(readings, events)
    figures = tuple(trigger.figures(readings[0])) if trigger is not None and trigger.figures is not None else ()
    proposals = tuple(trigger.proposals(readings[0])) if trigger is not None and trigger.proposals is not None else ()
    notes = {note for reading in readings for note in reading.notes}
    if message.charset.is_guessed:
        notes.add("charset_guessed")
    if trigger is None:
        notes.add("trigger_unknown")
    return Told(
        events=tuple(numbered(events, message)), readings=tuple(readings), trigger=trigger, notes=tuple(sorted(notes)),
        unmatched=tuple({name: taken for one in readings for name, taken in one.unmatched.items()}.items()),
        accounts=accounts, figures=figures, proposals=proposals,
    )  # fmt: skip


def _joined(readings: list[Reading], events: list[Event]) -> Iterator[Event]:
    """Join what was told under an account number with the visit, once a message names both.

    Some systems send PID-18 until a visit number is given, and PV1-19 from then on: without this the patient would
    lie in two beds.
    """
    merged = {event.thing for event in events if isinstance(event, EncountersMerged)}
    for reading in readings:
        both = reading.both_numbers()
        if both is not None and both[0] not in merged and reading.around.is_encounter(both[0]):
            merged.add(both[0])
            yield reading.event(EncountersMerged, thing=both[0], into=both[1])
