"""What a statement in plain SQL changes: table, verb, and which value belongs to which column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Verb(StrEnum):
    """What was done to rows of a table."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    WRITTEN = "written"
    """Added, or changed where a row with that key stood already: an upsert does not say which."""


_INSERT = re.compile(r"\s*INSERT INTO (?P<table>\w+)\s*\((?P<columns>[^)]*)\)", re.IGNORECASE)
_UPDATE = re.compile(
    r"\s*UPDATE (?P<table>\w+) SET (?P<set>.*?)(?:\sWHERE\s(?P<where>.*))?$", re.IGNORECASE | re.DOTALL
)
_DELETE = re.compile(r"\s*DELETE FROM (?P<table>\w+)(?:\s+WHERE\s(?P<where>.*))?$", re.IGNORECASE | re.DOTALL)
_MARK = re.compile(r"(?:(?P<column>\w+)\s*=\s*)?\?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that changes rows.

    Parameters
    ----------
    table : str
        Whose rows.
    verb : Verb
        What it does to them.
    written : tuple[str, ...]
        For each value mark that is written, in order, its column; empty where it is only part of an expression.
    chosen : tuple[str, ...]
        The same for the marks behind ``WHERE``, which follow those that are written.
    """

    table: str
    verb: Verb
    written: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()


@lru_cache(maxsize=512)  # the program has some two hundred, each run many times
def read_statement(statement: str) -> Statement | None:
    """Read a statement written with ``?`` for its values; None for one that changes no row.

    Parameters
    ----------
    statement : str
        Of this program, not of anybody else: it is cut by its words, not parsed.

    Examples
    --------
    >>> read_statement("UPDATE inventory_lot SET status = ?, status_reason = ? WHERE id = ?").written
    ('status', 'status_reason')
    """
    if found := _INSERT.match(statement):
        verb = Verb.WRITTEN if "ON CONFLICT" in statement.upper() else Verb.ADDED
        names = tuple(each.strip() for each in found["columns"].split(","))
        # rows taken from another table have no values of their own
        return Statement(table=found["table"], verb=verb, written=names if "?" in statement else ())
    if found := _UPDATE.match(statement):
        return Statement(
            table=found["table"], verb=Verb.CHANGED, written=_marks(found["set"]), chosen=_marks(found["where"] or "")
        )
    if found := _DELETE.match(statement):
        return Statement(table=found["table"], verb=Verb.REMOVED, chosen=_marks(found["where"] or ""))
    return None


def _marks(text: str) -> tuple[str, ...]:
    return tuple(mark["column"] or "" for mark in _MARK.finditer(text))
