"""Who may see what of persons: encounters and staff, and the tags that they wear, need the right to see encounters."""

from __future__ import annotations

from twin.access import Actor, Permission
from twin.events.envelope import Event
from twin.events.patients import QueueJoined
from twin.events.things import BearerKind, TagBound
from twin.events.watch import AccessSeen
from twin.state.live import LiveState

_PERSONS = frozenset({BearerKind.ENCOUNTER, BearerKind.STAFF})
PRIVATE_FACET = "encounter."
"""How facets of a patient's visit begin."""
_BEARER_FACET, _TAG_FACET = "tag.bearer", "tag."
_PERSONS_BORNE = tuple(f"{kind}/" for kind in sorted(_PERSONS))


def is_of_person(live: LiveState, thing: str) -> bool:
    """Tell whether an id is that of a patient's visit, of a member of staff, or of a tag that either ever wore.

    Parameters
    ----------
    live : LiveState
        Held still by the caller.
    thing : str
        Any id.
    """
    tag = live.tags.get(thing)
    if tag is not None and any(one.bearer_kind in _PERSONS for one in tag.bindings if isinstance(one, TagBound)):
        return True
    bearers = live.index.tags_by_bearer  # these stay when the encounter itself has left the live state
    return thing in live.encounters or thing in live.staff or any(thing in bearers[kind] for kind in _PERSONS)


def may_see_event(live: LiveState, actor: Actor, event: Event) -> bool:
    """Tell whether an actor may read an event that tells where a person is or was.

    Parameters
    ----------
    live : LiveState
        Held still by the caller.
    actor : Actor
        Who asks.
    event : Event
        Any.
    """
    if actor.may(Permission.ENCOUNTERS_READ):
        return True
    if event.subject == "encounter" or isinstance(event, AccessSeen):
        return False
    if isinstance(event, QueueJoined):
        return not event.encounter
    return event.subject != "tag" or not is_of_person(live, event.thing)


def may_see_fact(live: LiveState, actor: Actor, facet: str, thing: str, value: str) -> bool:
    """Tell whether an actor may read a facet of a thing as it was once.

    Parameters
    ----------
    live : LiveState
        Held still by the caller.
    actor : Actor
        Who asks.
    facet, thing, value : str
        As the history gives them.
    """
    if actor.may(Permission.ENCOUNTERS_READ):
        return True
    if facet.startswith(PRIVATE_FACET) or (facet == _BEARER_FACET and value.startswith(_PERSONS_BORNE)):
        return False
    return not facet.startswith(_TAG_FACET) or not is_of_person(live, thing)
