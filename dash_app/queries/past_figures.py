"""The overview's figures as they were before anybody kept them: counted from the history, where it knows enough.

The history tells who lay where, which device might be used and which gateway answered. It does not tell who waited to
be seen, which operation ran or which line of the stock was empty: those tiles begin when their figures are first kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session

from twin.events.watch import GatewayStatus
from twin.history.tables import INTERVALS
from twin.state.beds import is_bed
from twin.state.live import LiveState
from twin.state.model import EncounterStatus

_MOST = 500_000  # intervals of a day in the largest house; more would be read for a line of 80 pixels

Span = tuple[int, int]
"""From an instant up to, not including, another; UTC microseconds."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A thing had a value for a while."""

    thing: str
    value: str
    span: Span


def _read(session: Session, facet: str, window: Span) -> list[_Held]:
    query = (
        select(INTERVALS.c.thing, INTERVALS.c.value, INTERVALS.c.from_at, INTERVALS.c.to_at)
        .where(INTERVALS.c.facet == facet, INTERVALS.c.from_at < window[1], INTERVALS.c.to_at > window[0])
        # a corrected interval holds nowhere
        .where(INTERVALS.c.to_at > INTERVALS.c.from_at, INTERVALS.c.value != "")
        .limit(_MOST)
    )
    return [_Held(row.thing, row.value, (row.from_at, row.to_at)) for row in session.execute(query)]


def _begins(session: Session, facet: str) -> int | None:
    """Give since when the history tells anything of a facet; what was before is not known to have been nothing."""
    found = session.execute(select(func.min(INTERVALS.c.from_at)).where(INTERVALS.c.facet == facet)).scalar()
    return int(found) if found is not None else None


def counts_at(spans: Iterable[tuple[str, Span]], instants: Sequence[int]) -> list[int]:
    """Give how many different things held something at each instant.

    Parameters
    ----------
    spans : Iterable[tuple[str, tuple[int, int]]]
        Thing and when; spans of one thing may overlap, as those of two people in one bed.
    instants : Sequence[int]
        Rising.

    Examples
    --------
    >>> counts_at([("bed", (0, 10)), ("bed", (5, 20)), ("other", (10, 11))], [0, 7, 10, 20])
    [1, 1, 2, 0]
    """
    known = [(thing, span) for thing, span in spans if span[1] > span[0]]
    turns = sorted([(span[0], 1, thing) for thing, span in known] + [(span[1], -1, thing) for thing, span in known])
    held: dict[str, int] = {}
    found: list[int] = []
    place = 0
    for at in instants:
        while place < len(turns) and turns[place][0] <= at:
            _at, step, thing = turns[place]
            left = held.get(thing, 0) + step
            if left:
                held[thing] = left
            else:
                held.pop(thing, None)
            place += 1
        found.append(len(held))
    return found


def _both(one: Iterable[_Held], other: Iterable[_Held]) -> list[tuple[_Held, Span]]:
    """Give where what a thing had of one facet and of another overlap."""
    by_thing: dict[str, list[Span]] = {}
    for held in other:
        by_thing.setdefault(held.thing, []).append(held.span)
    return [
        (held, (max(held.span[0], start), min(held.span[1], end)))
        for held in one
        for start, end in by_thing.get(held.thing, ())
        if start < held.span[1] and held.span[0] < end
    ]


def _beds(session: Session, state: LiveState, window: Span) -> list[tuple[str, Span]]:
    """Give when each bed was occupied, or kept for somebody on leave, as the bed board counts it."""
    known = {place for place in tuple(state.places) if is_bed(state, place)}
    present = [held for held in _read(session, "encounter.present", window) if held.value in known]
    booked = [held for held in _read(session, "encounter.place", window) if held.value in known]
    away = [held for held in _read(session, "encounter.status", window) if held.value == EncounterStatus.ON_LEAVE.value]
    return [
        *((held.value, held.span) for held in present),
        *((held.value, span) for held, span in _both(booked, away)),
    ]


def _devices(session: Session, _state: LiveState, window: Span) -> list[tuple[str, Span]]:
    """Give when each device of the register might not be used."""
    unusable = [held for held in _read(session, "asset.usable", window) if held.value == "no"]
    registered = [held for held in _read(session, "asset.register", window) if held.value == "active"]
    return [(held.thing, span) for held, span in _both(unusable, registered)]


def _gateways(session: Session, _state: LiveState, window: Span) -> list[tuple[str, Span]]:
    """Give when each gateway did not answer."""
    offline = GatewayStatus.OFFLINE.value
    return [(held.thing, held.span) for held in _read(session, "gateway.status", window) if held.value == offline]


_KNOWN: Mapping[str, tuple[Callable[[Session, LiveState, Span], list[tuple[str, Span]]], str]] = {
    "beds": (_beds, "encounter.present"),
    "devices": (_devices, "asset.register"),
    "gateways": (_gateways, "gateway.status"),
}


def past_figures(
    session: Session, state: LiveState, instants: Sequence[int]
) -> Mapping[str, Sequence[tuple[int, int]]]:
    """Give the figures of the overview's tiles at past instants, by the tile's key.

    Parameters
    ----------
    session : Session
        Any session.
    state : LiveState
        Which places are beds.
    instants : Sequence[int]
        Rising, UTC microseconds; those from which the history tells nothing are left out.
    """
    if not instants:
        return {}
    window = (instants[0], instants[-1] + 1)
    found: dict[str, list[tuple[int, int]]] = {}
    for key, (spans, facet) in _KNOWN.items():
        begins = _begins(session, facet)
        wanted = [at for at in instants if begins is not None and at >= begins]
        if wanted:
            counts = counts_at(spans(session, state, window), wanted)
            found[key] = list(zip(wanted, counts, strict=True))
    return found
