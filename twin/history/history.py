"""Questions to the past: what was, what we knew then, who was where, what differs between two instants."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.sql import Subquery
from sqlmodel import Session

from twin.history.checkpoints import Fact, Key, facts_at
from twin.history.projection import OPEN
from twin.history.tables import INTERVALS

LIMIT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PastState:
    """The hospital at a past instant.

    Parameters
    ----------
    at : int
        The instant, UTC microseconds.
    known_at : int or None
        By what was known at this instant; None means by what is known now.
    facts : Mapping[tuple[str, str], Fact]
        What held, by facet and thing; a value that is empty means none.
    """

    at: int
    known_at: int | None
    facts: Mapping[Key, Fact]

    def value(self, facet: str, thing: str) -> str:
        """Give the value of a facet of a thing, empty if there was none.

        Parameters
        ----------
        facet : str
            Such as ``tag.zone``.
        thing : str
            Id of the thing.
        """
        fact = self.facts.get((facet, thing))
        return fact.value if fact is not None else ""

    def things(self, facet: str) -> dict[str, Fact]:
        """Give what held of one facet, by thing, without empty values.

        Parameters
        ----------
        facet : str
            Such as ``bed.readiness``.
        """
        return {key[1]: fact for key, fact in self.facts.items() if key[0] == facet and fact.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A facet of a thing had a value for a while.

    Parameters
    ----------
    facet, thing, value : str
        What of whom was what.
    from_at : int
        Since when, UTC microseconds.
    to_at : int or None
        Until when, not including it; None if it lasts.
    sequence : int
        Position in the ledger of the event that says so.
    known_from : int
        Since when we know it, UTC microseconds.
    """

    facet: str
    thing: str
    value: str
    from_at: int
    to_at: int | None
    sequence: int
    known_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Somebody or something was in a place for a while.

    Parameters
    ----------
    thing : str
        ``asset/IP-221``, ``encounter/E-7``, ``staff/S-3``; ``tag/T-1`` for a tag on nothing.
    place : str
        Id of the place.
    from_at : int
        Since when, UTC microseconds, clipped to the window asked for.
    to_at : int
        Until when, not including it, clipped likewise.
    basis : str
        ``observed`` by readers, ``assigned`` by a booking, or ``present`` by a word on arrival.
    """

    thing: str
    place: str
    from_at: int
    to_at: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A facet of a thing has another value at the second instant; empty means none."""

    facet: str
    thing: str
    before: str
    after: str


def state_at(session: Session, at: int, known_at: int | None = None) -> PastState:
    """Give the whole hospital at a past instant.

    Parameters
    ----------
    session : Session
        Any session.
    at : int
        The instant, UTC microseconds.
    known_at : int, optional
        As we knew it at this instant, UTC microseconds; as it was, by all that is known now, if left out.
    """
    if known_at is None:
        return PastState(at=at, known_at=None, facts=facts_at(session, at))
    # no checkpoint helps here: each holds what is known now, not what was known then
    ranked = _ranked(and_(INTERVALS.c.from_at <= at, INTERVALS.c.known_from <= known_at))
    rows = session.execute(select(ranked).where(ranked.c.rank == 1))
    facts = {(row.facet, row.thing): Fact(row.value, row.from_at, row.sequence) for row in rows}
    return PastState(at=at, known_at=known_at, facts=facts)


def value_at(session: Session, facet: str, thing: str, at: int, known_at: int | None = None) -> str:
    """Give one facet of one thing at a past instant; empty if it had none.

    Parameters
    ----------
    session : Session
        Any session.
    facet : str
        Such as ``tag.zone``.
    thing : str
        Id of the thing.
    at : int
        The instant, UTC microseconds.
    known_at : int, optional
        As for :func:`state_at`.
    """
    query = (
        select(INTERVALS.c.value)
        .where(INTERVALS.c.thing == thing, INTERVALS.c.facet == facet, INTERVALS.c.from_at <= at)
        .order_by(INTERVALS.c.from_at.desc(), INTERVALS.c.id.desc())
        .limit(1)
    )
    if known_at is not None:
        query = query.where(INTERVALS.c.known_from <= known_at)
    return session.execute(query).scalar() or ""


def trail(session: Session, thing: str, *, facet: str = "", limit: int = 1000) -> list[Interval]:
    """Give what happened to a thing, in order of time, by what is known now; the newest intervals if there are many.

    Parameters
    ----------
    session : Session
        Any session.
    thing : str
        Id of a tag, asset, encounter, bed, task …
    facet : str, optional
        Only this facet.
    limit : int, optional
        Most intervals.
    """
    query = select(INTERVALS).where(INTERVALS.c.thing == thing, INTERVALS.c.to_at > INTERVALS.c.from_at)
    if facet:
        query = query.where(INTERVALS.c.facet == facet)
    rows = session.execute(query.order_by(INTERVALS.c.from_at.desc(), INTERVALS.c.id.desc()).limit(limit)).mappings()
    # read backwards so that the limit keeps the newest
    found = [{name: value for name, value in row.items() if name not in ("id", "said_at")} for row in rows]
    return [Interval(**row | {"to_at": None if row["to_at"] == OPEN else row["to_at"]}) for row in reversed(found)]


def who_was_in(session: Session, place: str | Collection[str], start: int, end: int) -> list[Presence]:
    """Give who and what was in a place within a window, by what is known now.

    Parameters
    ----------
    session : Session
        Any session.
    place : str or Collection[str]
        Id of a place, or of several, such as all rooms of a ward.
    start, end : int
        The window, UTC microseconds; its end does not belong to it.

    Returns
    -------
    list[Presence]
        In order of time. A tag counts for what it was fixed to while it was seen there.
    """
    places = [place] if isinstance(place, str) else sorted(place)
    window = (start, end)
    found = _borne(session, places, window)
    for facet, basis in (("encounter.place", "assigned"), ("encounter.present", "present")):
        query = select(INTERVALS).where(_overlaps(facet, window), INTERVALS.c.value.in_(places)).limit(LIMIT)
        found += [
            Presence(
                thing=f"encounter/{row.thing}",
                place=row.value,
                from_at=max(row.from_at, start),
                to_at=min(row.to_at, end),
                basis=basis,
            )
            for row in session.execute(query)
        ]
    return sorted(found, key=lambda one: (one.from_at, one.thing, one.basis, one.to_at))


def diff(session: Session, t1: int, t2: int) -> list[Difference]:
    """Give every facet that has another value at a second instant, by what is known now.

    Parameters
    ----------
    session : Session
        Any session.
    t1, t2 : int
        The two instants, UTC microseconds, in either order.
    """
    before, after = facts_at(session, t1), facts_at(session, t2)
    nothing = Fact("", 0, 0)
    return [
        Difference(facet=key[0], thing=key[1], before=old, after=new)
        for key in sorted(before.keys() | after.keys())
        if (old := before.get(key, nothing).value) != (new := after.get(key, nothing).value)
    ]


def _borne(session: Session, places: Collection[str], window: tuple[int, int]) -> list[Presence]:
    """Give bearers by their tags: sightings there, cut by the bindings in force meanwhile."""
    query = select(INTERVALS).where(_overlaps("tag.zone", window), INTERVALS.c.value.in_(places)).limit(LIMIT)
    found: list[Presence] = []
    for seen in session.execute(query).all():
        first, last = max(seen.from_at, window[0]), min(seen.to_at, window[1])
        bound = select(INTERVALS).where(_overlaps("tag.bearer", (first, last)), INTERVALS.c.thing == seen.thing)
        covered = first
        for binding in session.execute(bound.order_by(INTERVALS.c.from_at)).all():
            begin, finish = max(binding.from_at, first), min(binding.to_at, last)
            # between two bindings the tag was on nothing and stands for itself
            if begin > covered:
                found.append(_seen(f"tag/{seen.thing}", seen.value, covered, begin))
            found.append(_seen(binding.value or f"tag/{seen.thing}", seen.value, begin, finish))
            covered = finish
        if covered < last:
            found.append(_seen(f"tag/{seen.thing}", seen.value, covered, last))
    return found


def _seen(thing: str, place: str, from_at: int, to_at: int) -> Presence:
    return Presence(thing=thing, place=place, from_at=from_at, to_at=to_at, basis="observed")


def _overlaps(facet: str, window: tuple[int, int]) -> ColumnElement[bool]:
    start, end = window
    return and_(
        INTERVALS.c.facet == facet,
        INTERVALS.c.from_at < end,
        INTERVALS.c.to_at > start,
        INTERVALS.c.to_at > INTERVALS.c.from_at,
    )


def _ranked(where: ColumnElement[bool]) -> Subquery:
    order = func.row_number().over(
        partition_by=(INTERVALS.c.facet, INTERVALS.c.thing),
        order_by=(INTERVALS.c.from_at.desc(), INTERVALS.c.id.desc()),
    )
    return select(INTERVALS, order.label("rank")).where(where).subquery()
