"""All event types by name, and how they are written and read, also those of earlier releases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from twin.errors import DecodeError
from twin.events import patients, places, supply, things, watch, work
from twin.events.envelope import Event


def _types_of(*modules: object) -> Iterator[type[Event]]:
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Event) and value is not Event:
                yield value


EVENT_TYPES: dict[str, type[Event]] = {
    kind.__name__: kind for kind in _types_of(places, things, patients, work, supply, watch)
}
"""Every event type by its name."""

CURRENT_VERSIONS: dict[str, int] = dict.fromkeys(EVENT_TYPES, 1)
"""Version of the payload's shape that this release writes, by type name."""

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""Lifts a stored event of (type name, version) to the next version."""

_union = reduce(or_, EVENT_TYPES.values())
_decoder = msgspec.json.Decoder(_union)
_encoder = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """Write an event as JSON with its type name under ``type``."""
    return _encoder.encode(event)


def encode_many(events: Sequence[Event]) -> list[str]:
    """Write events as :func:`encode` does, as texts; one call for all of them costs half of one for each."""
    # JSON writes the end of a line within a text as \n, so that each end of a line here is that of an event
    return _encoder.encode_lines(events).decode().split("\n")[:-1]


def decode(body: bytes | str) -> Event:
    """Read an event that this release, or an earlier one, wrote.

    Parameters
    ----------
    body : bytes or str
        What :func:`encode` gave.

    Raises
    ------
    DecodeError
        If it is no JSON, names no known type, or a field is missing or of the wrong type; the field is named.
    """
    try:
        # the way through a dict takes several times as long, so only when an earlier shape exists at all
        if UPCASTERS:
            return _decode_lifted(body)
        event = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise DecodeError(f"Event: {error}.", code="event.field") from error
    except msgspec.DecodeError as error:
        raise DecodeError(f"Event is no JSON object: {error}.", code="event.json") from error
    except UnicodeDecodeError as error:
        raise DecodeError(f"Event is no UTF-8 text: {error}.", code="event.json") from error
    if event.version > CURRENT_VERSIONS[type(event).__name__]:
        _refuse_newer(type(event).__name__, event.version)
    return event


def _refuse_newer(name: str, version: int) -> None:
    current = CURRENT_VERSIONS[name]
    raise DecodeError(
        f"{name} version {version} is newer than this release ({current}): upgrade first.", code="event.version"
    )


def _decode_lifted(body: bytes | str) -> Event:
    raw = msgspec.json.decode(body)
    if not isinstance(raw, dict):
        raise DecodeError(f"Event: expected a JSON object, got {type(raw).__name__}.", code="event.json")
    return msgspec.convert(lift(raw), _union)


def lift(raw: dict[str, Any]) -> dict[str, Any]:
    """Give a stored event in the shape of this release.

    Parameters
    ----------
    raw : dict
        Event as JSON object, of any released version.

    Raises
    ------
    DecodeError
        If a version has no upcaster, or is newer than this release.
    """
    name, version = str(raw.get("type")), raw.get("version", 1)
    if not isinstance(version, int):
        raise DecodeError(f"Event: expected a whole number as version, got {version!r}.", code="event.field")
    current = CURRENT_VERSIONS.get(name, version)
    if version > current:
        _refuse_newer(name, version)
    while version < current:
        upcaster = UPCASTERS.get((name, version))
        if upcaster is None:
            raise DecodeError(f"{name} version {version} has no upcaster to {version + 1}.", code="event.version")
        raw = upcaster(raw)
        version += 1
        raw["version"] = version
    return raw
