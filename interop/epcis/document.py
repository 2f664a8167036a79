"""EPCIS 2.0 documents: their events, checked at the door, and the terms by which a query finds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from twin.errors import FieldError, FieldProblem

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Event: TypeAlias = dict[str, Json]

ACTIONS = frozenset({"ADD", "OBSERVE", "DELETE"})
WITH_ACTION = frozenset({"ObjectEvent", "AggregationEvent", "TransactionEvent", "AssociationEvent"})
EVENT_TYPES = WITH_ACTION | {"TransformationEvent"}
MAX_EVENTS = 5_000

EPC_FIELDS: dict[str, tuple[str, ...]] = {
    "MATCH_epc": ("epcList", "childEPCs"),
    "MATCH_parentID": ("parentID",),
    "MATCH_inputEPC": ("inputEPCList",),
    "MATCH_outputEPC": ("outputEPCList",),
    "MATCH_anyEPC": ("epcList", "childEPCs", "parentID", "inputEPCList", "outputEPCList"),
    "MATCH_epcClass": ("quantityList", "childQuantityList"),
    "MATCH_inputEPCClass": ("inputQuantityList",),
    "MATCH_outputEPCClass": ("outputQuantityList",),
    "MATCH_anyEPCClass": ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"),
}
"""Fields of an event that a MATCH_ parameter of SimpleEventQuery looks at (EPCIS 2.0, section 8.2.7.1)."""

EQUAL_FIELDS = {
    "eventType": "type", "EQ_action": "action", "EQ_bizStep": "bizStep", "EQ_disposition": "disposition",
    "EQ_readPoint": "readPoint", "EQ_bizLocation": "bizLocation", "EQ_transformationID": "transformationID",
    "EQ_eventID": "eventID",
}  # fmt: skip
"""Field of an event by the EQ_ parameter that looks at it."""

TIMES = {"GE_eventTime": 1, "LT_eventTime": 2, "GE_recordTime": 3, "LT_recordTime": 4}
"""Parameters that bound an instant."""


def _bad(index: int, field: str, message: str, cure: str) -> FieldError:
    place = f"/epcisBody/eventList/{index}/{field}"
    return FieldError(FieldProblem(field=field, place=place, message=message, cure=cure), code="epcis.validation")


def events_of(document: Mapping[str, Json]) -> list[Event]:
    """Give the events of an EPCISDocument or EPCISQueryDocument, or the single bare event.

    Parameters
    ----------
    document : Mapping[str, Json]
        As decoded.

    Raises
    ------
    FieldError
        If it is none of these, or has too many events.
    """
    if document.get("type") in EVENT_TYPES:
        return [dict(document)]
    body = document.get("epcisBody")
    if isinstance(body, dict) and isinstance(body.get("queryResults"), dict):
        results = body["queryResults"]
        body = results.get("resultsBody") if isinstance(results, dict) else None
    found = body.get("eventList", [body["event"]] if "event" in body else None) if isinstance(body, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise FieldError(
            FieldProblem(
                field="epcisBody", place="/epcisBody", message="Expected an eventList of events.",
                cure="Send an EPCISDocument of EPCIS 2.0.",
            ),
            code="epcis.validation",
        )  # fmt: skip
    if len(found) > MAX_EVENTS:
        raise _bad(MAX_EVENTS, "type", f"Expected at most {MAX_EVENTS} events in one capture.", "Send several.")
    return [one for one in found if isinstance(one, dict)]


def instant_of(text: Json) -> int | None:
    """Give an ISO 8601 instant with an offset as UTC microseconds; None if it is none."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    span = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def check(event: Event, index: int) -> int:
    """Check what every event must have.

    Parameters
    ----------
    event : Event
        As it came.
    index : int
        Position in its document, from 0.

    Returns
    -------
    int
        Its eventTime, UTC microseconds.

    Raises
    ------
    FieldError
        Naming the first field that is missing or wrong.
    """
    kind = event.get("type")
    if kind not in EVENT_TYPES:
        raise _bad(index, "type", f"Expected one of {', '.join(sorted(EVENT_TYPES))}.", "Name the type of the event.")
    at = instant_of(event.get("eventTime"))
    if at is None:
        raise _bad(index, "eventTime", "Expected an instant with an offset.", "Send it as 2026-01-05T08:00:00.000Z.")
    if not isinstance(event.get("eventTimeZoneOffset"), str):
        raise _bad(index, "eventTimeZoneOffset", "Expected an offset.", "Send it as +08:00.")
    if kind in WITH_ACTION and event.get("action") not in ACTIONS:
        raise _bad(index, "action", "Expected ADD, OBSERVE or DELETE.", "Send the action.")
    return at


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for name in ("id", "epcClass"):
            yield from _texts(value.get(name))


def terms_of(event: Event) -> set[tuple[str, str]]:
    """Give (field, value) of everything that a query may ask for.

    Parameters
    ----------
    event : Event
        Checked.
    """
    names = {*EQUAL_FIELDS.values(), *(field for fields in EPC_FIELDS.values() for field in fields)}
    return {(name, text) for name in names for text in _texts(event.get(name)) if "\x00" not in text}
