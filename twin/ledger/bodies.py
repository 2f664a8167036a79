"""Bodies of events as the table keeps them: without the head fields that have columns of their own.

A body of a sighting is 13 characters instead of 215: less to bind, to write to the log and to hold. Whoever reads asks
for :data:`WHOLE_BODY` in place of the column and gets the event as it was written. Rows of before hold whole bodies;
both kinds stand side by side and are told apart by how they begin (see docs/decisions/0010).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from twin.events import registry
from twin.events.envelope import Event
from twin.ledger.tables import EVENTS

HEAD = ("type", "thing", "occurred_at", "source", "source_key", "id", "recorded_at")
"""What a stored body leaves out, as fields of its JSON and as columns, in the order in which an event writes them."""

# A body begins with the type only if it is whole: the tag of msgspec, which no event type may name a field of its own.
# What a number ends is stripped to its last digit, so that the payload can follow it.
_WHOLE = (
    "CASE WHEN substr({body}, 1, 8) = '{{\"type\":' THEN {body}"
    " ELSE rtrim({head}, '}}') || CASE {body} WHEN '{{}}' THEN '}}' ELSE ',' || substr({body}, 2) END END"
)
_OBJECT_BY_DIALECT = {"sqlite": "json_object", "postgresql": "json_build_object"}


def whole_body(dialect: str, prefix: str = "") -> str:
    """Give the plain SQL for the whole body of a row of ``events``.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.
    prefix : str, optional
        What stands before a column's name, such as ``e.``.
    """
    return _whole(dialect, f"{prefix}body", [f"{prefix}{name}" for name in HEAD])


def _whole(dialect: str, body: str, columns: Sequence[str]) -> str:
    pairs = ", ".join(f"'{name}', {column}" for name, column in zip(HEAD, columns, strict=True))
    head = f"{_OBJECT_BY_DIALECT[dialect]}({pairs})"
    if dialect == "postgresql":
        head = f"CAST({head} AS text)"
    return _WHOLE.format(body=body, head=head)


class _Whole(FunctionElement[str]):
    """The whole body of a row, made of its columns."""

    name = "whole_body"
    type = Text()
    inherit_cache = True


@compiles(_Whole)
def _compiled(element: _Whole, compiler: Any, **options: Any) -> str:
    body, *columns = (compiler.process(clause, **options) for clause in element.clauses)
    return _whole(compiler.dialect.name, body, columns)


WHOLE_BODY = _Whole(EVENTS.c.body, *(EVENTS.c[name] for name in HEAD)).label("body")
"""Whole body of a row, for ``select``: what ``registry.decode`` reads."""


def bodies_of(events: Sequence[Event]) -> list[str]:
    """Write what a row keeps of events beside its columns: the JSON of ``registry.encode`` without its head.

    Parameters
    ----------
    events : Sequence[Event]
        With ``recorded_at`` filled in; of one without, the whole body is kept.
    """
    ends = {at: f'"recorded_at":{at}' for at in {event.recorded_at for event in events}}
    wholes = registry.encode_many(events)
    return [
        _kept(whole, len(event.__class__.__name__) + _AROUND_TYPE, ends[event.recorded_at])
        for whole, event in zip(wholes, events, strict=True)
    ]


_AROUND_TYPE = len('{"type":"",')


def _kept(whole: str, start: int, end: str) -> str:
    """Cut the head out of the middle: an event writes its type, its payload, the head, and what rarely stands behind.

    Looked for from the end: what stands behind the head are texts and numbers, in which no name of a field can stand
    with its quotes (those of a text are escaped), so that a payload may hold what it likes.
    """
    before, _, behind = whole.rpartition(end)
    if not before:
        return whole
    payload = before.rpartition('"thing":')[0][start:]
    if behind != "}":
        return f"{{{payload}{behind[1:]}"
    return f"{{{payload[:-1]}}}"
