"""How claims compete: registers keep the latest, journals keep all in order."""

from __future__ import annotations

from bisect import bisect_left
from enum import StrEnum
from typing import TypeVar

from twin.events.envelope import Event, precedence

E = TypeVar("E", bound=Event)
K = TypeVar("K")


class Inserted(StrEnum):
    """Where a fact came to stand in its journal."""

    LAST = "last"
    WITHIN = "within"
    KNOWN = "known"


def is_newer(event: Event, held: Event | None) -> bool:
    """Tell whether a claim replaces the one held; nothing held is replaced by anything.

    The instants are compared first, since the full key is needed only when two claims name the same microsecond.
    """
    if held is None:
        return True
    if event.occurred_at != held.occurred_at:
        return event.occurred_at > held.occurred_at
    return precedence(event) > precedence(held)


def hold(table: dict[K, E], key: K, event: E) -> bool:
    """Put a claim into a table of registers if it is the latest; tell whether it was."""
    if is_newer(event, table.get(key)):
        table[key] = event
        return True
    return False


def insert_fact(facts: list[E], event: E) -> Inserted:
    """Put a fact into its journal, in order of precedence.

    Returns
    -------
    Inserted
        ``LAST`` if it is the latest one, so that it may be folded on top; ``KNOWN`` if the journal holds it already.
    """
    if not facts or event.occurred_at > facts[-1].occurred_at:
        facts.append(event)
        return Inserted.LAST
    key = precedence(event)
    index = bisect_left(facts, key, key=precedence)
    if index == len(facts):
        facts.append(event)
        return Inserted.LAST
    if precedence(facts[index]) == key:
        return Inserted.KNOWN
    facts.insert(index, event)
    return Inserted.WITHIN
