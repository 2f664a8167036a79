"""Where patients stayed: what the history keeps of places, as stays in wards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlmodel import Session

from twin.history.projection import OPEN
from twin.history.tables import INTERVALS
from twin.state.beds import ward_of
from twin.state.live import LiveState

MOST_INTERVALS = 500_000
"""Rows of the history that one look reads."""


@dataclass(frozen=True, slots=True)
class WardStay:
    """One stay of one patient on one ward, whatever beds it was in; an open one ends at the instant of asking."""

    encounter: str
    ward: str
    arrived_us: int
    ended_us: int
    is_open: bool


def ward_stays(session: Session, live: LiveState, *, since: int, now: int) -> Iterator[WardStay]:
    """Give the stays that had not ended at an instant, patient by patient, as the history knows them now.

    Parameters
    ----------
    session : Session
        Any.
    live : LiveState
        For which ward a bed belongs to.
    since : int
        Stays that ended before do not count; one that began before keeps its true beginning.
    now : int
        UTC microseconds.
    """
    query = (
        select(INTERVALS.c.thing, INTERVALS.c.value, INTERVALS.c.from_at, INTERVALS.c.to_at)
        .where(
            INTERVALS.c.facet == "encounter.place",
            INTERVALS.c.to_at > since,
            INTERVALS.c.to_at > INTERVALS.c.from_at,
            INTERVALS.c.from_at <= now,
            INTERVALS.c.value != "",
        )
        .order_by(INTERVALS.c.thing, INTERVALS.c.from_at)
        .limit(MOST_INTERVALS)
    )
    wards: dict[str, str] = {}
    last: WardStay | None = None
    for thing, place, from_at, to_at in session.execute(query):
        ward = wards.setdefault(place, ward_of(live, place))
        is_open = bool(to_at == OPEN or to_at > now)
        stay = WardStay(thing, ward, int(from_at), now if is_open else int(to_at), is_open)
        if last is not None and (last.encounter, last.ward, last.ended_us) == (thing, ward, stay.arrived_us):
            last = replace(last, ended_us=stay.ended_us, is_open=is_open)
            continue
        if last is not None:
            yield last
        last = stay
    if last is not None:
        yield last
