"""What pruning has left of an encounter: values that stay as they are, and from which later facts are folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session

from twin.history.encounters import FACETS, Seed
from twin.history.tables import INTERVALS
from twin.ledger.tables import EVENTS


@dataclass(frozen=True, slots=True)
class Gone:
    """Where the history of encounters rests on facts that the ledger no longer holds.

    Parameters
    ----------
    since : int
        The last instant at which one of those facts changed anything, UTC microseconds. Up to it the history stays as
        it is, whatever is told late: what was there between could not be told any more.
    seeds : Mapping[str, Seed]
        Values of each encounter at that instant.
    """

    since: int
    seeds: Mapping[str, Seed]


def gone_of(session: Session, encounters: Iterable[str]) -> Gone | None:
    """Give what was taken out of the ledger about encounters; None if it holds all that was told.

    Parameters
    ----------
    session : Session
        Of the history's use case.
    encounters : Iterable[str]
        Ids of encounters that belong together.
    """
    first = session.execute(select(func.min(EVENTS.c.sequence))).scalar() or 1
    if first == 1:
        return None  # nothing was ever taken out
    names = sorted(encounters)
    mine = (INTERVALS.c.thing.in_(names), INTERVALS.c.facet.in_(FACETS), INTERVALS.c.to_at > INTERVALS.c.from_at)
    since = session.execute(select(func.max(INTERVALS.c.from_at)).where(*mine, INTERVALS.c.sequence < first)).scalar()
    if since is None:
        return None
    then = select(INTERVALS.c.thing, INTERVALS.c.facet, INTERVALS.c.value).where(*mine)
    then = then.where(INTERVALS.c.from_at <= since, INTERVALS.c.to_at > since).order_by(INTERVALS.c.id)
    values = {(thing, facet): value for thing, facet, value in session.execute(then)}
    return Gone(since, {name: Seed(*(values.get((name, facet), "") for facet in FACETS)) for name in names})
