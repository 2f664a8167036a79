"""Keeping the intervals in step with the ledger: quick for what comes in order, right for what comes late."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlmodel import Session

from twin.collecting import without_collecting
from twin.errors import Refused
from twin.events import registry
from twin.events.envelope import Event, precedence
from twin.events.patients import EncounterFactCancelled, EncountersMerged, EncountersSwapped
from twin.events.things import ZoneChanged, ZoneConfirmed
from twin.history import checkpoints
from twin.history.claims import claims_of
from twin.history.encounters import FACETS, Point, timelines, values_of
from twin.history.gone import Gone, gone_of
from twin.history.questions import (
    ENCOUNTER_FACTS,
    HEAD,
    Head,
    Key,
    facts_told,
    first_claim,
    joined_with,
    link,
    row_after,
    row_at,
    value_of,
)
from twin.history.rows import Due, NewRow
from twin.history.tables import CHECKPOINTS, INTERVALS, LINKS
from twin.ledger.bodies import WHOLE_BODY
from twin.ledger.by_thing import ENOUGH, ThingIndex
from twin.ledger.ledger import Ledger
from twin.ledger.subscriptions import Subscription, load_position
from twin.ledger.tables import EVENTS
from twin.ports import Stored
from twin.state import folding
from twin.state.model import Encounter, EncounterFact

NAME = "history"
_CALM = 1_000  # fewer events than this at a time are no flood: what was said about a thing is indexed at once
LOT = 5_000  # events of a flood in one transaction: readers repeat themselves, and what they repeat is written once
REST_S = 0.25  # between two batches, so that many small commits become one piece of history
OPEN = 2**62  # end of an interval that lasts; later than any instant that has a datetime

_ENCOUNTER_KINDS = frozenset(ENCOUNTER_FACTS)
_SEEN: frozenset[Any] = frozenset({ZoneChanged, ZoneConfirmed})
_REACHING_BACK = (EncounterFactCancelled, EncountersSwapped, EncountersMerged)
_FOLDED_LIMIT = 20_000  # encounters kept folded in memory, some 20 MB
_NOTHING = (0, 0)


class HistoryProjection:
    """Writes the intervals; one per process.

    Notes
    -----
    The open intervals of all facets are kept in memory, so that what comes in order needs no query. If a transaction
    is undone the memory is thrown away and read again; that COMMIT failed is seen by the same batch coming again.
    """

    def __init__(self) -> None:
        self._heads: dict[Key, Head] = {}
        self._is_loaded = False
        self._next_id = 1
        self._rows: dict[int, NewRow] = {}
        self._ends: dict[int, int] = {}
        self._again: dict[int, Head] = {}  # said again since the last flush, by id: only the last saying is written
        self._earliest_late = OPEN
        self._checked_id = 0
        self._folded: dict[str, tuple[int, Encounter]] = {}
        self._index = ThingIndex()
        self._seen = 0
        # taken in ahead of the writer: position where the batch begins, and how many of its events
        self._ahead = _NOTHING
        self._due: Due | None = None
        # what is taken in ahead stands in the subscriber's thread, writing anew in the writer's
        self._turn = threading.Lock()

    def follow(self, ledger: Ledger) -> Subscription:
        """Keep the history in step with a ledger from where it was left.

        Parameters
        ----------
        ledger : Ledger
            Whose events.
        """
        with ledger.database.read() as session:
            self._load(session)  # now: the writer would stand still for as long as it takes a large house
        return ledger.project(NAME, self.project, rest_s=REST_S, lot=LOT, ahead=self.take_in)

    def take_in(self, batch: Sequence[Stored]) -> None:
        """Work out beside the writer what a batch says, as far as no table has to be asked for it.

        Readers repeat themselves: of a flood this is nearly all, and the writer has only to write it.

        Parameters
        ----------
        batch : Sequence[Stored]
            In ledger order; :meth:`project` is called with the same next, or with it again after a failure.
        """
        with self._turn:
            self._ahead, self._due = _NOTHING, None
            # not loaded, or the same again: what the memory lacks, or has too much of, only the tables tell
            if not self._is_loaded or batch[0].sequence <= self._seen:
                return
            self._seen = batch[-1].sequence
            try:
                self._index.note(batch)
                if self._is_index_due(batch):
                    self._index.prepare()
                taken = self._taken_in(batch, 0)
                if taken == len(batch):
                    self._due = self._gathered()
            except BaseException:
                self._is_loaded = False
                raise
            self._ahead = (batch[0].sequence, taken)

    def project(self, session: Session, batch: Sequence[Stored]) -> None:
        """Write what a batch of events says.

        Parameters
        ----------
        session : Session
            The session of a use case.
        batch : Sequence[Stored]
            In ledger order.
        """
        with self._turn:
            self._project(session, batch)

    def _project(self, session: Session, batch: Sequence[Stored]) -> None:
        (first, place), self._ahead = self._ahead, _NOTHING
        is_ahead = first == batch[0].sequence and self._is_loaded
        # the same again: COMMIT of the last one failed after the memory had gone ahead
        if batch[0].sequence <= self._seen and not is_ahead:
            self._is_loaded = False
        self._seen = batch[-1].sequence
        try:
            self._load(session)
            if not is_ahead:
                place = 0
                self._index.note(batch)
            # in a flood the index waits for large steps; in calm times one finds everything at once
            if self._is_index_due(batch):
                self._index.write(session)
            while (place := self._taken_in(batch, place)) < len(batch):
                self._project_one(session, batch[place])
                place += 1
            self._flush(session)
            # after the rows: a checkpoint made of the old ones must not survive this transaction
            if self._earliest_late < OPEN:
                checkpoints.drop_from(session, self._earliest_late)
                self._earliest_late = OPEN
            # a look costs a query: several per span suffice
            is_time = self._next_id - self._checked_id >= checkpoints.EVERY // 5
            if is_time and not checkpoints.extend(session):
                self._checked_id = self._next_id  # none is due: not asked again for a while
        except BaseException:
            self._is_loaded = False  # what is in memory may never have been stored
            raise

    def rebuild(self, session: Session) -> None:
        """Throw the history away and write it anew from the whole ledger.

        Parameters
        ----------
        session : Session
            The session of a use case.

        Raises
        ------
        Refused
            If old events were taken out of the ledger: their history would be lost for good.
        """
        if (session.execute(select(func.min(EVENTS.c.sequence))).scalar() or 1) > 1:
            raise Refused(
                "Old events were taken out of the ledger, so that the history before them could not be written anew: "
                "restore a backup instead."
            )
        with self._turn:
            self._rebuild(session)

    def _rebuild(self, session: Session) -> None:
        for table in (INTERVALS, LINKS, CHECKPOINTS):
            session.execute(delete(table))
        self._is_loaded, self._ahead = False, _NOTHING
        after = 0
        while rows := session.execute(
            select(EVENTS.c.sequence, WHOLE_BODY)
            .where(EVENTS.c.sequence > after)
            .order_by(EVENTS.c.sequence)
            .limit(5000)
        ).all():
            self._project(session, [Stored(sequence, registry.decode(body), True) for sequence, body in rows])
            after = rows[-1][0]

    def _load(self, session: Session) -> None:
        if self._is_loaded:
            return
        self._rows, self._ends, self._again, self._earliest_late, self._folded = {}, {}, {}, OPEN, {}
        self._due = None
        self._next_id = (session.execute(select(func.max(INTERVALS.c.id))).scalar() or 0) + 1
        query = select(INTERVALS.c.facet, INTERVALS.c.thing, *HEAD).where(INTERVALS.c.to_at == OPEN)
        with without_collecting():
            self._heads = {(facet, thing): Head(*rest) for facet, thing, *rest in session.execute(query)}
        self._index.load(session, load_position(session, NAME) or 0)
        self._is_loaded = True

    def _is_index_due(self, batch: Sequence[Stored]) -> bool:
        return self._index.waiting >= ENOUGH or len(batch) < _CALM

    def _taken_in(self, batch: Sequence[Stored], start: int) -> int:
        """Take in what comes in order; give the place of the first event for which the tables must be asked."""
        heads, again = self._heads, self._again
        for place in range(start, len(batch)):
            stored = batch[place]
            event: Any = stored.event
            # What readers repeat is nearly all of a flood: told here, without a list of claims and further calls.
            if event.__class__ in _SEEN and not event.tid:
                head = heads.get(("tag.zone", event.thing))
                if head is not None and head.said_at < event.occurred_at and head.value == event.zone:
                    head.said_at = event.occurred_at
                    again[head.id] = head
                    continue
            if event.__class__ in _ENCOUNTER_KINDS:
                return place
            claims = claims_of(event)
            if any(self._is_late(event, facet, thing, value) for facet, thing, value in claims):
                return place
            for facet, thing, value in claims:
                self._say(event, (facet, thing), value, stored.sequence)
        return len(batch)

    def _is_late(self, event: Event, facet: str, thing: str, value: str) -> bool:
        head = self._heads.get((facet, thing))
        if head is None or event.occurred_at > head.said_at:
            return False
        # what the open interval says already changes nothing: readers repeat themselves a lot
        return value != head.value or event.occurred_at < head.from_at

    def _say(self, event: Event, key: Key, value: str, sequence: int) -> None:
        """Take in a claim that is not late."""
        head = self._heads.get(key)
        if head is None:
            self._open(key, event, value, sequence)
        elif event.occurred_at > head.said_at:
            if value == head.value:
                self._say_again(head, event.occurred_at)
            else:
                self._close(head, event.occurred_at)
                self._open(key, event, value, sequence)

    def _project_one(self, session: Session, stored: Stored) -> None:
        event = stored.event
        if event.__class__ in _ENCOUNTER_KINDS:
            self._project_encounter(session, stored)
            return
        for facet, thing, value in claims_of(event):
            if self._is_late(event, facet, thing, value):
                self._flush(session)
                self._put_late(session, (facet, thing), stored, value)
            else:
                self._say(event, (facet, thing), value, stored.sequence)

    def _open(self, key: Key, event: Event, value: str, sequence: int) -> None:
        head = self._add(key, event.occurred_at, OPEN, value, sequence, event.recorded_at)
        self._heads[key] = head

    def _add(self, key: Key, from_at: int, to_at: int, value: str, sequence: int, known_from: int) -> Head:
        number = self._next_id
        self._next_id += 1
        self._rows[number] = NewRow(number, key[0], key[1], value, from_at, to_at, from_at, sequence, known_from)
        return Head(number, from_at, value, sequence, from_at)

    def _say_again(self, head: Head, at: int) -> None:
        head.said_at = at
        self._again[head.id] = head

    def _close(self, head: Head, at: int) -> None:
        row = self._rows.get(head.id)
        if row is not None:
            row.to_at = at
        else:
            self._ends[head.id] = at

    def _gathered(self) -> Due:
        """Give what is to be written, and begin anew."""
        said: list[tuple[int, int]] = []
        for number, head in self._again.items():
            row = self._rows.get(number)
            if row is not None:
                row.said_at = head.said_at
            else:
                said.append((number, head.said_at))
        due = Due([row.as_tuple() for row in self._rows.values()], sorted(self._ends.items()), sorted(said))
        self._rows, self._ends = {}, {}
        self._again.clear()
        return due

    def _flush(self, session: Session) -> None:
        due, self._due = self._due, None
        if due is None:
            if not (self._rows or self._ends or self._again):
                return
            due = self._gathered()
        due.write(session)

    def _put_late(self, session: Session, key: Key, stored: Stored, value: str) -> None:
        """Put a claim between others: the interval that it falls into is split."""
        self._index.write(session)  # what follows asks the ledger what was said about the thing
        event, at = stored.event, stored.event.occurred_at
        # of two claims of one instant the one with the greater precedence holds, whichever came first
        rival = first_claim(session, key, (at - 1, at + 1), stored.sequence)
        if rival is not None and precedence(rival.event) > precedence(event):
            return
        before = row_at(session, key, at)
        if before is not None and before.value == value:
            return
        end = self._put(session, key, (at, value), stored.sequence, event.recorded_at)
        if before is not None:
            # a claim of the same value as before was left out when it came; it counts again now
            again = first_claim(session, key, (at, end), stored.sequence)
            if again is not None and (said := value_of(again.event, key)) != value:
                self._put(session, key, (again.event.occurred_at, said), again.sequence, event.recorded_at)
            elif again is None and at < before.said_at < end:
                # pruning has taken the claims between; of them all the history knows when the last one was made
                self._put(session, key, (before.said_at, before.value), before.sequence, event.recorded_at)

    def _put(self, session: Session, key: Key, point: tuple[int, str], sequence: int, known_from: int) -> int:
        """Let a value hold from an instant to the next interval; give where that begins."""
        at, value = point
        before, after = row_at(session, key, at), row_after(session, key, at)
        end = after.from_at if after is not None else OPEN
        if before is not None:
            self._close(before, at)
        head = self._add(key, at, end, value, sequence, known_from)
        if end == OPEN:
            old = self._heads.get(key)
            self._heads[key] = head
            if old is not None and old.said_at > at:
                # what was said later was left out as saying nothing new: nothing before it is in order any more
                self._say_again(head, old.said_at)
        self._earliest_late = min(self._earliest_late, at)
        self._flush(session)
        return end

    def _step_encounter(self, session: Session, event: EncounterFact, sequence: int) -> bool:
        """Fold a fact on top of an encounter that stands alone; give whether that is all there is to do."""
        known = self._folded.pop(event.thing, None)
        if isinstance(event, _REACHING_BACK):
            return False
        if known is None:
            known = self._folded_before(session, event, sequence)
        # late, or of the same instant, where the order of arrival must not count
        if known is None or event.occurred_at <= known[0]:
            return False
        encounter = known[1]
        folding.step(encounter, event)
        self._tell_values(encounter, event, sequence)
        # thrown away as a whole: rare, and what is needed again is read from the ledger
        if len(self._folded) >= _FOLDED_LIMIT:
            self._folded.clear()
        self._folded[event.thing] = (event.occurred_at, encounter)
        return True

    def _folded_before(self, session: Session, event: EncounterFact, sequence: int) -> tuple[int, Encounter] | None:
        """Fold what the ledger tells of an encounter that stands alone, with its last instant; None if it does not."""
        self._index.write(session)
        told = sorted((one.fact for one in facts_told(session, {event.thing}, sequence - 1)), key=precedence)
        if any(isinstance(fact, _REACHING_BACK) for fact in told) or len(joined_with(session, event.thing)) > 1:
            return None
        if gone_of(session, {event.thing}) is not None:
            return None  # what is left of its facts does not say what it has come to
        encounter = Encounter(id=event.thing)
        for fact in told:
            folding.step(encounter, fact)
        return (told[-1].occurred_at if told else event.occurred_at - 1, encounter)

    def _tell_values(self, encounter: Encounter, event: EncounterFact, sequence: int) -> None:
        """Open an interval for each facet that a fact has changed."""
        for facet, value in zip(FACETS, values_of(encounter), strict=True):
            head = self._heads.get((facet, event.thing))
            if value != (head.value if head is not None else ""):
                if head is not None:
                    self._close(head, event.occurred_at)
                self._open((facet, event.thing), event, value, sequence)

    def _project_encounter(self, session: Session, stored: Stored) -> None:
        event: EncounterFact = stored.event  # type: ignore[assignment]  # the caller looks for these kinds
        if self._step_encounter(session, event, stored.sequence):
            return
        if isinstance(event, EncountersSwapped):
            link(session, event.thing, event.other)
        elif isinstance(event, EncountersMerged):
            link(session, event.thing, event.into)
        joined = joined_with(session, event.thing)
        for name in joined:
            self._folded.pop(name, None)
        self._index.write(session)
        told = facts_told(session, joined, stored.sequence)
        self._flush(session)
        gone = gone_of(session, joined)
        if gone is not None:
            told = [one for one in told if one.fact.occurred_at > gone.since]
        points = timelines(joined, told, gone.seeds if gone is not None else {})
        # facts that reach back may change any of them, not only the one spoken of
        for name in sorted(joined):
            self._correct(session, name, [p for p in points if p.encounter == name], stored, gone)

    def _correct(
        self, session: Session, encounter: str, points: Sequence[Point], cause: Stored, gone: Gone | None
    ) -> None:
        """Let the stored intervals of an encounter say what its timeline says now, as far back as it is told."""
        stored: dict[Key, list[tuple[int, str]]] = {}
        begun = dict(zip(FACETS, gone.seeds[encounter], strict=True)) if gone is not None else {}
        query = (
            select(INTERVALS.c.facet, INTERVALS.c.from_at, INTERVALS.c.value)
            .where(INTERVALS.c.thing == encounter, INTERVALS.c.to_at > INTERVALS.c.from_at)
            .where(INTERVALS.c.facet.like("encounter.%"))
        )
        if gone is not None:
            query = query.where(INTERVALS.c.from_at > gone.since)
        for facet, from_at, value in session.execute(query):
            stored.setdefault((facet, encounter), []).append((from_at, value))
        wanted: dict[Key, list[tuple[int, str]]] = {}
        for point in points:
            wanted.setdefault((point.facet, encounter), []).append((point.from_at, point.value))
        for key in sorted(stored.keys() | wanted.keys()):
            for at, value in _corrections(stored.get(key, []), wanted.get(key, []), begun.get(key[0], "")):
                head = self._heads.get(key)
                # at the end: the open interval is closed without asking the database
                if head is None or at > head.from_at:
                    if head is not None:
                        self._close(head, at)
                    self._heads[key] = self._add(key, at, OPEN, value, cause.sequence, cause.event.recorded_at)
                else:
                    self._put(session, key, (at, value), cause.sequence, cause.event.recorded_at)


def _corrections(
    stored: Sequence[tuple[int, str]], wanted: Sequence[tuple[int, str]], begun: str
) -> Iterable[tuple[int, str]]:
    """Give the points to put so that the stored timeline, which begins with a value, reads as the wanted one."""
    instants = sorted({at for at, _ in stored} | {at for at, _ in wanted})
    have, want = dict(stored), dict(wanted)
    held = due = begun
    for at in instants:
        held, due = have.get(at, held), want.get(at, due)
        if held != due:
            yield at, due
            held = due  # what is put there holds until the next instant of either timeline
