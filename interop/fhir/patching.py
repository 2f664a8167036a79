"""JSON Patch: single changes of a resource, all or none.

References
----------
RFC 6902 (JSON Patch) and RFC 6901 (JSON Pointer); HL7 FHIR R4 (4.0.1), section 3.1.0.5 (patch).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from interop.fhir.resources import Json
from twin.errors import DecodeError, FieldError, FieldProblem

MAX_OPERATIONS = 200  # a resource is written anew for more
MAX_COPIED = 20_000  # values; the largest official example has some thousand
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")  # RFC 6901, 4: no leading zeros

# As it was sent: 16.20 is a statement of precision in FHIR, and a float would make 16.2 of it.
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One change; ``from_`` is the source of a move or copy."""

    op: str
    path: str
    from_: str = msgspec.field(name="from", default="")
    value: msgspec.Raw = msgspec.Raw(b"")


def _bad(index: int, field: str, message: str, cure: str) -> FieldError:
    problem = FieldProblem(field=field, place=f"/{index}/{field}", message=message, cure=cure)
    return FieldError(problem, code="fhir.patch")


def read_operations(body: bytes) -> list[Operation]:
    """Read the operations of a patch.

    Parameters
    ----------
    body : bytes
        A JSON array.

    Raises
    ------
    DecodeError
        If it is none, or has more than :data:`MAX_OPERATIONS`.
    """
    try:
        found = msgspec.json.decode(body, type=list[Operation])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"Expected a list of operations of JSON Patch: {error}.", code="body.json") from error
    if len(found) > MAX_OPERATIONS:
        raise DecodeError(f"Expected at most {MAX_OPERATIONS} operations, got {len(found)}.", code="fhir.patch")
    return found


def patched(body: bytes, operations: Sequence[Operation]) -> bytes:
    """Give a resource with all changes done; numbers that no change names keep the digits that they were sent with.

    Parameters
    ----------
    body : bytes
        The resource, JSON.
    operations : Sequence[Operation]
        In their order.

    Raises
    ------
    FieldError
        If a path leads nowhere, a test does not hold, or an operation is none (``fhir.patch``); nothing is changed.
    """
    document: Json = json.loads(body, parse_float=Decimal)
    copied = 0
    for index, operation in enumerate(operations):
        if operation.op == "copy":
            # Copied into itself, a resource doubles with each operation: forty would fill any memory.
            copied += _weight(_at(document, _pointer(operation.from_, index, "from"), index, "from"))
            if copied > MAX_COPIED:
                raise _bad(index, "op", f"Expected at most {MAX_COPIED} values to be copied.", "Send the resource.")
        document = _done(document, operation, index)
    return _ENCODER.encode(document)


def _weight(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_weight, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(_weight, value))
    return 1 + (len(value) // 64 if isinstance(value, str) else 0)


def _done(document: Json, one: Operation, index: int) -> Json:
    path = _pointer(one.path, index, "path")
    if one.op in ("move", "copy"):
        source = _pointer(one.from_, index, "from")
        if one.op == "move" and path[: len(source)] == source and path != source:
            raise _bad(index, "from", "Nothing is moved into itself.", "Copy it, or name another path.")
        value = copy.deepcopy(_at(document, source, index, "from"))
        document = _removed(document, source, index, "from") if one.op == "move" else document
        return _added(document, path, value, index)
    if one.op == "remove":
        return _removed(document, path, index, "path")
    if one.op not in ("add", "replace", "test"):
        message = f"Expected add, remove, replace, move, copy or test, got {one.op[:20]!r}."
        raise _bad(index, "op", message, "See RFC 6902.")
    if not bytes(one.value):
        raise _bad(index, "value", "Expected a value, found none.", "Send null to mean null.")
    try:
        value = json.loads(bytes(one.value), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise _bad(index, "value", "Expected a value that can be read.", "Send fewer digits or levels.") from error
    if one.op == "add":
        return _added(document, path, value, index)
    held = _at(document, path, index, "path")
    if one.op == "test":
        if not _same(held, value):
            raise _bad(index, "value", "The resource holds another value there.", "Read it again.")
        return document
    return _added(_removed(document, path, index, "path"), path, value, index) if path else value


def _pointer(text: str, index: int, field: str) -> tuple[str, ...]:
    if text and not text.startswith("/"):
        raise _bad(index, field, f"Expected a JSON Pointer, got {text[:40]!r}.", "Begin it with a slash.")
    # ~1 before ~0: the other way round ~01 would become a slash (RFC 6901, 4).
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def _nowhere(index: int, field: str, part: str) -> FieldError:
    return _bad(index, field, f"There is nothing at {part[:40]!r}.", "Read the resource again.")


def _at(document: Json, path: Sequence[str], index: int, field: str) -> Json:
    for part in path:
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_position(document, part, index, field)]
        else:
            raise _nowhere(index, field, part)
    return document


def _position(held: list[Any], part: str, index: int, field: str, *, is_new: bool = False) -> int:
    """Read the index of a list; a new item may also stand behind the last one."""
    if is_new and part == "-":
        return len(held)
    if not _INDEX.fullmatch(part) or not int(part) < len(held) + is_new:
        raise _nowhere(index, field, part)
    return int(part)


def _added(document: Json, path: Sequence[str], value: Json, index: int) -> Json:
    if not path:
        return value
    holder = _at(document, path[:-1], index, "path")
    if isinstance(holder, dict):
        holder[path[-1]] = value
    elif isinstance(holder, list):
        holder.insert(_position(holder, path[-1], index, "path", is_new=True), value)
    else:
        raise _nowhere(index, "path", path[-1])
    return document


def _removed(document: Json, path: Sequence[str], index: int, field: str) -> Json:
    if not path:
        raise _bad(index, field, "The whole resource is not removed by a patch.", "Delete it.")
    holder = _at(document, path[:-1], index, field)
    if isinstance(holder, dict) and path[-1] in holder:
        del holder[path[-1]]
    elif isinstance(holder, list):
        del holder[_position(holder, path[-1], index, field)]
    else:
        raise _nowhere(index, field, path[-1])
    return document


def _same(one: Json, other: Json) -> bool:
    """Tell whether two values are equal as JSON: 1 and 1.0 are, 1 and true are not (RFC 6902, 4.6)."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other
