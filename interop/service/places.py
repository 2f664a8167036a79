"""Names of places by sender: what others call a place that the twin does not know, and what a person says it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session

from interop.service.plain import put_all
from interop.tables import PLACE_NAMES
from twin.errors import NotFound

# One statement, so that two senders of one new name at the same moment do not collide; both databases know it.
_SEEN = (
    "ON CONFLICT (source, name) DO UPDATE SET seen = interop_place_name.seen + excluded.seen, "
    "last_at = excluded.last_at, taken_as = excluded.taken_as"
)
MAX_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceName:
    """What one sender calls a place.

    Parameters
    ----------
    source : str
        Who speaks.
    name : str
        As the sender writes it, parts joined by hyphens.
    place : str
        Id of the place that it is; empty until a person has said so.
    taken_as : str
        Room or ward that is taken instead; empty if none is.
    seen : int
        Messages that named it before it was matched.
    first_at, last_at : int
        When it was named first and last, UTC microseconds.
    set_at, set_by : int, str
        When and by whom it was matched; 0 and empty if nobody did.
    """

    source: str
    name: str
    place: str
    taken_as: str
    seen: int
    first_at: int
    last_at: int
    set_at: int
    set_by: str


class Gazetteer:
    """The matched names in memory: each message asks for several places.

    Parameters
    ----------
    matched : Iterable[PlaceName]
        Those that a person has matched.
    """

    def __init__(self, matched: Iterable[PlaceName] = ()) -> None:
        self._places = {(one.source, one.name): one.place for one in matched if one.place}

    def place(self, source: str, name: str) -> str:
        """Give the place that a sender means by a name; empty if nobody has said so."""
        return self._places.get((source, name), "") if self._places else ""

    def put(self, source: str, name: str, place: str) -> None:
        """Note what a person said, once it is durable; an empty place takes it back."""
        if place:
            self._places[source, name] = place
        else:
            self._places.pop((source, name), None)


def note_unmatched(session: Session, names: Iterable[tuple[str, str, str]], *, now: int) -> None:
    """Count names of places that the twin does not know.

    Parameters
    ----------
    session : Session
        A writing transaction.
    names : Iterable[tuple[str, str, str]]
        Who speaks, the name, and what was taken instead; as often as it was said.
    now : int
        UTC microseconds.
    """
    rows: dict[tuple[str, str], dict[str, object]] = {}
    times: Counter[tuple[str, str]] = Counter()
    # A house with one ward that nobody has matched names it in every other message: it is counted once per group.
    for source, told, taken_as in names:
        name = told[:MAX_NAME]
        times[source, name] += 1
        rows[source, name] = {
            "source": source,
            "name": name,
            "place": "",
            "taken_as": taken_as,
            "seen": times[source, name],
            "first_at": now,
            "last_at": now,
            "set_at": 0,
            "set_by": "",
        }
    put_all(session, PLACE_NAMES.name, list(rows.values()), on_conflict=_SEEN)


def place_names(
    session: Session, *, source: str = "", unmatched_only: bool = False, limit: int = 500
) -> list[PlaceName]:
    """Give names of places: those that nobody has matched first, of these the latest first.

    Parameters
    ----------
    session : Session
        Any.
    source : str, optional
        Of one sender; empty for all.
    unmatched_only : bool, optional
        Without those that a person has matched.
    limit : int, optional
        At most so many.
    """
    table = PLACE_NAMES.c
    asked = select(PLACE_NAMES).order_by(table.set_at != 0, table.last_at.desc(), table.source, table.name).limit(limit)
    if source:
        asked = asked.where(table.source == source)
    if unmatched_only:
        asked = asked.where(table.place == "")
    return [PlaceName(**row._mapping) for row in session.execute(asked)]


def gazetteer(session: Session) -> Gazetteer:
    """Give all matched names."""
    rows = session.execute(select(PLACE_NAMES).where(PLACE_NAMES.c.place != ""))
    return Gazetteer(PlaceName(**row._mapping) for row in rows)


def match(session: Session, *, source: str, name: str, place: str, actor: str, now: int) -> None:
    """Keep what a person says that a sender's name means; also for a name that no message has used yet.

    Parameters
    ----------
    session : Session
        A writing transaction.
    source, name : str
        Who speaks, and how it names the place.
    place : str
        Id of the place; the caller has looked that it exists.
    actor : str
        Who says so.
    now : int
        UTC microseconds.
    """
    table = PLACE_NAMES.c
    where = (table.source == source) & (table.name == name)
    values = {"place": place, "set_at": now, "set_by": actor}
    if session.execute(select(table.name).where(where)).first() is not None:
        session.execute(update(PLACE_NAMES).where(where).values(**values))
        return
    unseen = {"taken_as": "", "seen": 0, "first_at": 0, "last_at": 0}
    session.execute(insert(PLACE_NAMES).values(source=source, name=name, **unseen, **values))


def unmatch(session: Session, *, source: str, name: str) -> None:
    """Take back what a person said; a name that no message used is forgotten.

    Raises
    ------
    NotFound
        If nobody has matched it.
    """
    table = PLACE_NAMES.c
    where = (table.source == source) & (table.name == name)
    row = session.execute(select(table.seen).where(where, table.place != "")).first()
    if row is None:
        raise NotFound("matched name of a place", f"{source}/{name}")
    if row.seen:
        session.execute(update(PLACE_NAMES).where(where).values(place="", set_at=0, set_by=""))
    else:
        session.execute(delete(PLACE_NAMES).where(where))
