"""Connections to other systems: what came, what became of it; and why the twin holds where somebody is."""

from __future__ import annotations

from dataclasses import dataclass

from dash_app.queries.port import HospitalPort
from interop.service.explaining import messages_behind
from interop.service.places import PlaceName, place_names
from interop.service.received import InterfaceView, MessageView, interfaces, messages
from interop.service.subscriptions import MEMLS, RTLS, Subscription, subscriptions
from twin.events.envelope import Event
from twin.ports import Stored
from twin.state.explaining import explain
from twin.state.locations import believed_encounter_location

RECEIVERS = (RTLS, MEMLS)
"""Kinds of subscribers that are told where tags are."""


def connections(port: HospitalPort) -> list[InterfaceView]:
    """Give every connection that ever spoke, by name."""
    now = port.clock.now()
    with port.read() as session:
        return interfaces(session, now=now)


def recent(port: HospitalPort, *, source: str = "", outcome: str = "", limit: int = 100) -> list[MessageView]:
    """Give messages without their content, the newest first.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    source, outcome : str, optional
        Only those; empty for all.
    limit : int, optional
        At most so many.
    """
    with port.read() as session:
        return messages(session, source=source, outcome=outcome, limit=limit)


def names_of_places(port: HospitalPort) -> list[PlaceName]:
    """Give what senders call our places; those that nobody has matched first."""
    with port.read() as session:
        return place_names(session)


def followers(port: HospitalPort) -> list[Subscription]:
    """Give who is told of what happens here, the oldest first."""
    with port.read() as session:
        return subscriptions(session)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """One event behind a value, and the message that told it, if one did."""

    event: Event
    message: MessageView | None


def evidence(port: HospitalPort, encounter: str) -> list[Behind]:
    """Give every event behind where somebody is, with its message, the oldest first.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    encounter : str
        Pseudonym.
    """
    state, now = port.state(), port.clock.now()
    if encounter not in state.encounters:
        return []
    believed = believed_encounter_location(state, encounter, now)
    ids = dict.fromkeys((*explain(state, "encounter.status", encounter), *believed.event_ids))
    by_id = getattr(port.ledger, "by_id", None)
    if by_id is None:
        return []
    with port.read() as session:
        found: list[Stored] = [one for one in (by_id(session, key) for key in ids) if one is not None]
        told = messages_behind(session, [one.event for one in found])
    return [Behind(event=one.event, message=told.get(one.event.id)) for one in found]
