"""What people change in tables, noted in the audit by itself.

Acts that are events are noted from the ledger (``server.audit.acts``). All others, such as a new shelf, a kit, a par
level taken away or limits of a machine, change rows and nothing else. The one writer enters :class:`ChangeNotes` around
every use case, so that neither a route nor a page can leave such a change unnoted, whoever wrote it and whenever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import event, inspect
from sqlalchemy.engine import Result
from sqlalchemy.orm import ORMExecuteState, SessionTransaction
from sqlmodel import Session, SQLModel

from server.audit.chain import Entry, note
from server.audit.statements import Verb, read_statement
from twin.access import Actor
from twin.clock import Clock
from twin.db.observing import observe_plain

asking: ContextVar[Actor | None] = ContextVar("hospital_twin_actor", default=None)
"""Who sent the request that is being answered; a use case runs with the context of who gave it to the writer."""

ACTION = "data.changed"
MOST_KEYS = 20
"""Keys that one row of the audit names; an import changes thousands, and the row says how many more there were."""
_MOST_COLUMNS = 12
_LONGEST = 60
# What people type may name a patient, and secrets are nobody's to read: that they changed is told, not to what.
_UNTOLD = re.compile(r"hash|secret|token|password|note|comment|description|narrative|text|message")

TOLD_OTHERWISE = frozenset(
    {
        "door_idempotency",  # a request that is sent again is no act
        # the stock ledger names who moved what, and can never be changed; what follows from it is counted from it
        *("inventory_movement", "inventory_entry", "inventory_balance", "inventory_serial", "inventory_count"),
        *("inventory_reservation", "inventory_inbound", "inventory_expected_use", "inventory_billed"),
        *("inventory_delivery", "inventory_delivery_difference", "inventory_order_number"),
        "inventory_cart_task",
        # a stocktake on its way into the ledger
        "inventory_opening",
        # events of the ledger with an actor of their own, see server.audit.acts
        *("scheduling_task", "scheduling_task_transition", "scheduling_shift_request"),
        # noted with their reasons where they happen
        *("server_watch", "gateway_settings", "run_pathway"),
        # what the program writes down for itself
        *("gateway_mark", "job_result", "run_forecast", "run_forecast_outcome", "assets_follow"),
        "assets_replacement_case",
        *("unhandled", "subscriptions", "state_snapshots", "samples", "samples_counter", "sample_rollups"),
    }
)
"""Tables whose changes are known by name elsewhere."""
_TOLD_BEGINNINGS = ("access_", "events", "history_", "interop_")
"""Users, keys and secrets, whose services note what is done to them; the ledger and what is computed from it; and other
systems' data, where names of patients stand, and whose desks note."""
_ONLY_ADDED = frozenset({"job"})
"""Tables of which a person only adds rows; the program changes them afterwards."""


def is_told_otherwise(table: str) -> bool:
    """Tell whether changes of a table are known by other means than this.

    Parameters
    ----------
    table : str
        Its name.
    """
    return table in TOLD_OTHERWISE or table.startswith(_TOLD_BEGINNINGS)


@dataclass(slots=True)
class _Row:
    """Rows of one table to which one thing was done; ``details`` only as long as it is a single row."""

    count: int = 0
    keys: dict[str, None] = field(default_factory=dict)
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Told:
    """One thing that was done to rows of a table."""

    table: str
    verb: Verb
    key: str
    details: tuple[str, ...]
    count: int


class _Collected:
    """Changes of one use case, in the order in which they were made."""

    def __init__(self) -> None:
        self._told: list[_Told] = []
        self._before: dict[SessionTransaction, int] = {}

    def add(self, table: str, verb: Verb, key: str, details: Sequence[str] = (), *, count: int = 1) -> None:
        if is_told_otherwise(table) or (table in _ONLY_ADDED and verb is not Verb.ADDED):
            return
        # a plain text: the mapper hands out names of a class of its own, which is no JSON
        self._told.append(_Told(str(table), verb, key, tuple(details), count))

    # a savepoint takes back what was done since: a handler that failed leaves neither its rows nor a note of them

    def began(self, _session: Session, transaction: SessionTransaction) -> None:
        if transaction.nested:
            self._before[transaction] = len(self._told)

    def taken_back(self, _session: Session, transaction: SessionTransaction) -> None:
        if transaction in self._before:
            del self._told[self._before.pop(transaction) :]

    def _rows(self) -> dict[tuple[str, Verb], _Row]:
        found: dict[tuple[str, Verb], _Row] = {}
        for told in self._told:
            row = found.setdefault((told.table, told.verb), _Row())
            is_same = row.count == 1 and told.key in row.keys
            # one row that is written several times within a use case was changed once
            row.count = row.count if is_same else row.count + told.count
            if told.key and len(row.keys) < MOST_KEYS:
                row.keys[told.key] = None
            merged = dict.fromkeys((*row.details, *told.details)) if is_same else dict.fromkeys(told.details)
            row.details = tuple(merged)[:_MOST_COLUMNS] if row.count == 1 else ()
        return found

    def entries(self, *, at: int, actor: str) -> list[Entry]:
        """Give a row of the audit for each table."""
        by_table: dict[str, dict[Verb, _Row]] = {}
        for (table, verb), row in self._rows().items():
            by_table.setdefault(table, {})[verb] = row
        return [
            Entry(at=at, actor=actor, action=ACTION, subject=_subject(rows.values()), facts=_facts(table, rows))
            for table, rows in by_table.items()
        ]

    # what a session and plain SQL tell

    def flushed(self, session: Session, _context: object) -> None:
        for row in session.new:
            self._mapped(row, Verb.ADDED)
        for row in session.deleted:
            self._mapped(row, Verb.REMOVED)
        for row in session.dirty:
            if session.is_modified(row):
                self._mapped(row, Verb.CHANGED)

    def _mapped(self, row: object, verb: Verb) -> None:
        state: Any = inspect(row)
        table = state.mapper.local_table
        key = _key(state.mapper.primary_key_from_instance(row))
        if verb is Verb.CHANGED:
            pairs = {
                each.key: (each.history.deleted, each.history.added)
                for each in state.attrs
                if each.history.has_changes()
            }
            changed = [_change(name, _first(before), _first(after)) for name, (before, after) in pairs.items()]
            self.add(table.name, verb, key, changed)
            return
        known = {column.name for column in table.primary_key}
        values = {each.key: each.value for each in state.attrs if each.key not in known}
        self.add(table.name, verb, key, _told(values))

    def executed(self, state: ORMExecuteState) -> Result[Any] | None:
        """Note a statement of SQLAlchemy's own language, once it has changed something."""
        if not (state.is_insert or state.is_update or state.is_delete):
            return None
        found: Any = state.invoke_statement()
        statement: Any = state.statement
        verb = Verb.ADDED if state.is_insert else Verb.CHANGED if state.is_update else Verb.REMOVED
        table = statement.table
        if state.is_insert:
            given: list[Any] = state.parameters if isinstance(state.parameters, list) else [state.parameters]
            for values in given:
                row: Mapping[str, object] = values or statement.compile().params
                self.add(table.name, verb, _key(row.get(column.key) for column in table.primary_key), _told(row))
        elif found.rowcount:
            where = statement.whereclause
            key = "" if where is None else _key(where.compile().params.values())
            values = {} if state.is_delete else {str(getattr(k, "key", k)): "…" for k in statement._values or {}}
            self.add(table.name, verb, key, _told(values), count=max(1, found.rowcount))
        result: Result[Any] = found
        return result

    def ran(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Note plain SQL."""
        read = read_statement(statement)
        if read is None or is_told_otherwise(read.table):
            return
        table = SQLModel.metadata.tables.get(read.table)
        for values in rows:
            written = dict(zip(read.written, values, strict=False))
            if read.verb in (Verb.ADDED, Verb.WRITTEN):
                names = [] if table is None else [column.name for column in table.primary_key]
                key = _key(written.pop(name) for name in names if name in written)
            else:
                key = _key(values[len(read.written) :])
            self.add(read.table, read.verb, key, _told({k: v for k, v in written.items() if k}))


class ChangeNotes:
    """Stands around every use case of the writer and notes what a person changed in it.

    Parameters
    ----------
    clock : Clock
        The hospital's.

    Notes
    -----
    Programs with a service role are left out: what they send are events of their own source, thousands a minute. A use
    case that raises leaves no note, for it leaves no change.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @contextmanager
    def __call__(self, session: Session) -> Iterator[None]:
        """Watch one use case; note it in its own transaction when it has ended well."""
        actor = asking.get()
        if actor is None or any(role.value.startswith("service:") for role in actor.roles):
            yield
            return
        collected = _Collected()
        event.listen(session, "after_flush", collected.flushed)
        event.listen(session, "do_orm_execute", collected.executed)
        event.listen(session, "after_transaction_create", collected.began)
        event.listen(session, "after_soft_rollback", collected.taken_back)
        observe_plain(session, collected.ran)
        try:
            yield
            session.flush()  # what the use case left to the commit is a change like any other
        finally:
            # before the notes are written: they are no changes themselves
            observe_plain(session, None)
            event.remove(session, "after_flush", collected.flushed)
            event.remove(session, "do_orm_execute", collected.executed)
            event.remove(session, "after_transaction_create", collected.began)
            event.remove(session, "after_soft_rollback", collected.taken_back)
        for entry in collected.entries(at=self._clock.now(), actor=actor.id):
            note(session, entry)


def _subject(rows: Iterable[_Row]) -> str:
    """Give the key where all was done to one row; empty otherwise, since the details list them."""
    keys = {key for row in rows for key in row.keys}
    return next(iter(keys)) if len(keys) == 1 else ""


def _facts(table: str, rows: Mapping[Verb, _Row]) -> dict[str, object]:
    facts: dict[str, object] = {"table": table}
    for verb, row in rows.items():
        facts[verb.value] = list(row.keys) or row.count
        if row.keys and row.count > len(row.keys):
            facts["more"] = int(str(facts.get("more", 0))) + row.count - len(row.keys)
    details = [each for row in rows.values() for each in row.details]
    return facts | ({"details": details} if details else {})


def _key(values: Iterable[object]) -> str:
    return "/".join(_short(each) for each in values)


def _told(values: Mapping[str, object]) -> list[str]:
    """Give the values of a row that say something; what is empty or 0 does not."""
    return [_change(name, None, value) for name, value in values.items() if value not in (None, "", 0, b"", False)]


def _change(name: str, before: object, after: object) -> str:
    if _UNTOLD.search(name) or isinstance(before, bytes) or isinstance(after, bytes):
        return f"{name}: …"
    if name == "body":
        fields = _fields_changed(before, after)
        return f"{name}: {', '.join(fields)}" if fields else f"{name}: …"
    return f"{name}: {_short(after)}" if before is None else f"{name}: {_short(before)} → {_short(after)}"


def _fields_changed(before: object, after: object) -> list[str]:
    """Give the names of the fields in which two values kept as JSON differ; their values may be long, or of people."""
    try:
        old, new = (msgspec.json.decode(each) if isinstance(each, str) else {} for each in (before, after))
    except msgspec.DecodeError:
        return []
    if not isinstance(old, dict) or not isinstance(new, dict):
        return []
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return names[:_MOST_COLUMNS]


def _first(values: Sequence[object] | None) -> object:
    return values[0] if values else None


def _short(value: object) -> str:
    if isinstance(value, bytes):
        return "…"
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
