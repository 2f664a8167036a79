"""The head that every event carries, and how two claims about the same instant are ordered."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type", tag=True):
    """Something that happened, as one source states it.

    Parameters
    ----------
    thing : str
        Id of what the event is about; its kind is the class's ``subject``.
    occurred_at : int
        When it happened, UTC microseconds since 1970.
    source : str
        Who says so: ``kind:name``, such as ``gateway:ed-1``, ``his:main``, ``user:0193…``, ``twin:assets.egress``.
    source_key : str
        The source's own key of this fact; (source, source_key) is stored once however often it is sent.
    id : str, optional
        UUIDv7; given by the ledger when empty.
    recorded_at : int, optional
        When the ledger stored it, UTC microseconds; given by the ledger.
    causation : str, optional
        Id of the event that this one was derived from.
    actor : str, optional
        Id of the person or program that acted.
    confidence : float, optional
        Probability that the fact is true, 0 to 1.
    version : int, optional
        Version of the payload's shape; ``registry`` lifts older ones.
    """

    subject: ClassVar[str] = "thing"

    thing: str
    occurred_at: int
    source: str
    source_key: str
    id: str = ""
    recorded_at: int = 0
    causation: str = ""
    actor: str = ""
    confidence: float = 1.0
    version: int = 1


SOURCE_RANKS: dict[str, int] = {"twin": 0, "import": 1, "demo": 2, "gateway": 3, "his": 4, "user": 5}
"""Rank of a source's kind when two claims name the same instant: the higher one wins."""


def precedence(event: Event) -> tuple[int, int, str, str]:
    """Give the sort key that decides which of two claims about one facet is the later one.

    Returns
    -------
    tuple[int, int, str, str]
        Instant, rank of the source's kind, source, source key. No two stored events share it, and it does not depend
        on the order of arrival, so every order of arrival leads to the same state.
    """
    kind = event.source.partition(":")[0]
    return event.occurred_at, SOURCE_RANKS.get(kind, 0), event.source, event.source_key
