"""Query strings as structs, for doors that take the bare request: refused and described like all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from server.doors.bodies import field_error

T = TypeVar("T")


def read_query(scope: Mapping[str, Any], kind: type[T]) -> T:
    """Read the query string of a request.

    Parameters
    ----------
    scope : Mapping
        ASGI scope of the request.
    kind : type
        A msgspec struct; its constraints say what is taken. Names that it does not know are passed over, and of a name
        that stands twice the last one counts, as everywhere in this API.

    Raises
    ------
    FieldError
        If a value does not fit; its place is ``/query/NAME``.
    """
    raw = scope["query_string"]
    given = dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True)) if raw else {}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise field_error(error, prefix="/query") from error


def parameters_of(kind: type) -> list[dict[str, Any]]:
    """Describe the fields of a query struct as OpenAPI parameters.

    Parameters
    ----------
    kind : type
        As for :func:`read_query`.
    """
    (_,), components = msgspec.json.schema_components([kind])
    described = components[kind.__name__]
    required = set(described.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in described["properties"].items()
    ]
