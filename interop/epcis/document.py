"""EPCIS 2.0 documents: their events, checked at the door, and the terms by which a query finds them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from twin.errors import FieldError, FieldProblem

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Event: TypeAlias = dict[str, Json]

ACTIONS = frozenset({"ADD", "OBSERVE", "DELETE"})
WITH_ACTION = frozenset({"ObjectEvent", "AggregationEvent", "TransactionEvent", "AssociationEvent"})
EVENT_TYPES = WITH_ACTION | {"TransformationEvent"}
_DOCUMENTS = frozenset({"EPCISDocument", "EPCISQueryDocument"})
MAX_EVENTS = 5_000
MAX_LIST = 10_000
MAX_TEXT = 2_000
_OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
_KEY_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITY_LISTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_PAIR_LISTS = {"bizTransactionList": "bizTransaction", "sourceList": "source", "destinationList": "destination"}
_LISTS = (*_KEY_LISTS, *_QUANTITY_LISTS, *_PAIR_LISTS, "sensorElementList")


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
    # EPCIS has a door for single events: such a one stands for a document of one.
    if _is_one_of(document.get("type"), EVENT_TYPES):
        return [dict(document)]
    if not _is_one_of(document.get("type", "EPCISDocument"), _DOCUMENTS):
        raise FieldError(
            FieldProblem(
                field="type",
                place="/type",
                message=f"Expected one of {', '.join(sorted(_DOCUMENTS))}.",
                cure="Send an EPCISDocument of EPCIS 2.0.",
            ),
            code="epcis.validation",
        )
    body = document.get("epcisBody")
    # What one repository answers to a query can be captured by another as it is.
    if isinstance(body, dict) and isinstance(body.get("queryResults"), dict):
        results = body["queryResults"]
        body = results.get("resultsBody") if isinstance(results, dict) else None
    found = body.get("eventList", [body["event"]] if "event" in body else None) if isinstance(body, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise FieldError(
            FieldProblem(
                field="epcisBody",
                place="/epcisBody",
                message="Expected an eventList of events.",
                cure="Send an EPCISDocument of EPCIS 2.0.",
            ),
            code="epcis.validation",
        )
    if len(found) > MAX_EVENTS:
        raise _bad(MAX_EVENTS, "type", f"Expected at most {MAX_EVENTS} events in one capture.", "Send several.")
    return [one for one in found if isinstance(one, dict)]


def _is_one_of(told: Json, names: frozenset[str]) -> bool:
    # Asked of what anybody may send: a list or an object in the place of a name has no hash.
    return isinstance(told, str) and told in names


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
    # Subtracted as it stands: brought to UTC first, the first and last hours of the calendar would overflow.
    span = moment - datetime(1970, 1, 1, tzinfo=UTC)
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
    if not isinstance(kind, str) or kind not in EVENT_TYPES:
        raise _bad(index, "type", f"Expected one of {', '.join(sorted(EVENT_TYPES))}.", "Name the type of the event.")
    at = instant_of(event.get("eventTime"))
    if at is None:
        raise _bad(index, "eventTime", "Expected an instant with an offset.", "Send it as 2026-01-05T08:00:00.000Z.")
    offset = event.get("eventTimeZoneOffset")
    if not isinstance(offset, str) or not _OFFSET.fullmatch(offset):
        raise _bad(index, "eventTimeZoneOffset", "Expected an offset.", "Send it as +08:00.")
    if kind in WITH_ACTION and not _is_one_of(event.get("action"), ACTIONS):
        raise _bad(index, "action", "Expected ADD, OBSERVE or DELETE.", "Send the action.")
    _check_shape(event, index)
    return at


def _check_lists(event: Event, index: int) -> None:
    for name in _LISTS:
        told = event.get(name, [])
        if not isinstance(told, list) or len(told) > MAX_LIST:
            raise _bad(index, name, f"Expected a list of at most {MAX_LIST}.", "Send a list.")
    for name in _KEY_LISTS:
        if not all(isinstance(one, str) and ":" in one for one in event.get(name, [])):  # type: ignore[union-attr]  # a list, checked above
            raise _bad(index, name, "Expected URIs.", "Send EPC URNs or GS1 Digital Links.")
    for name in _QUANTITY_LISTS:
        for one in event.get(name, []):  # type: ignore[union-attr]  # a list, checked above
            _check_quantity(one, index, name)
    for name, inner in _PAIR_LISTS.items():
        for one in event.get(name, []):  # type: ignore[union-attr]  # a list, checked above
            if not isinstance(one, dict) or not isinstance(one.get(inner), str):
                raise _bad(index, name, f"Expected an object with {inner} in each element.", f"Name the {inner}.")
    for one in event.get("sensorElementList", []):  # type: ignore[union-attr]  # a list, checked above
        _check_sensor(one, index)


def _check_shape(event: Event, index: int) -> None:
    _check_lists(event, index)
    for name in ("readPoint", "bizLocation"):
        told = event.get(name)
        if told is not None and not (isinstance(told, dict) and isinstance(told.get("id"), str)):
            raise _bad(index, name, "Expected an object with an id.", 'Send {"id": "urn:epc:id:sgln:…"}.')
    for name in ("bizStep", "disposition", "parentID", "transformationID", "eventID"):
        told = event.get(name, "")
        if not isinstance(told, str) or len(told) > MAX_TEXT or "\x00" in told:
            raise _bad(index, name, f"Expected a text of at most {MAX_TEXT} characters.", "Send a text.")
    for name in ("ilmd", "persistentDisposition", "errorDeclaration"):
        if not isinstance(event.get(name, {}), dict):
            raise _bad(index, name, "Expected an object.", "Send an object.")
    _check_declaration(event, index)
    _check_needed(event, index)


def _check_quantity(told: Json, index: int, name: str) -> None:
    if not isinstance(told, dict) or not isinstance(told.get("epcClass"), str):
        raise _bad(index, name, "Expected an epcClass in each element.", "Name the class of each quantity.")
    quantity, unit = told.get("quantity", 0), told.get("uom", "")
    # Left out it is unknown; a text or a negative number would stand in every sum over the lot.
    if isinstance(quantity, bool) or not isinstance(quantity, int | float) or quantity < 0:
        raise _bad(index, name, "Expected a quantity of zero or more.", "Send a number, or leave it out.")
    if not isinstance(unit, str):
        raise _bad(index, name, "Expected a uom of UN/CEFACT Recommendation 20.", "Send it as KGM.")


def _check_sensor(told: Json, index: int) -> None:
    reports = told.get("sensorReport", []) if isinstance(told, dict) else None
    # One report may stand alone: JSON-LD makes no difference between a value and a list of it.
    reports = [reports] if isinstance(reports, dict) else reports
    if not isinstance(reports, list) or not all(isinstance(one, dict) for one in reports):
        raise _bad(index, "sensorElementList", "Expected a sensorReport of objects in each element.", "Send reports.")


def _check_declaration(event: Event, index: int) -> None:
    declared = event.get("errorDeclaration")
    if isinstance(declared, dict) and instant_of(declared.get("declarationTime")) is None:
        message = "Expected a declarationTime with an offset."
        raise _bad(index, "errorDeclaration", message, "Send it as 2026-01-05T08:00:00.000Z.")


def _check_needed(event: Event, index: int) -> None:
    if event["type"] == "AssociationEvent" and not event.get("parentID"):
        raise _bad(index, "parentID", "Expected the parent of an association.", "Name it.")
    if event["type"] == "TransactionEvent" and not event.get("bizTransactionList"):
        raise _bad(index, "bizTransactionList", "Expected at least one transaction.", "Name it.")
    if event["type"] == "AggregationEvent" and event["action"] != "OBSERVE" and not event.get("parentID"):
        # Of what is only seen together the parent may be unknown; nothing is packed into, or out of, an unknown one.
        raise _bad(index, "parentID", "Expected the parent of what is added or taken out.", "Name it.")
    if event["type"] == "ObjectEvent" and not _has(event, "epcList", "quantityList", "sensorElementList"):
        message = "Expected an epcList, a quantityList or a sensorElementList: it says nothing about anything."
        raise _bad(index, "epcList", message, "Name what was seen.")
    if event["type"] == "TransformationEvent" and not event.get("transformationID"):
        _check_transformation(event, index)


def _has(event: Event, *names: str) -> bool:
    return any(event.get(name) for name in names)


def _check_transformation(event: Event, index: int) -> None:
    """Ask for inputs and outputs; parts of one transformation that go by its id may tell of one side only."""
    for side in ("input", "output"):
        if not _has(event, f"{side}EPCList", f"{side}QuantityList"):
            message = f"Expected an {side}EPCList or {side}QuantityList, or a transformationID."
            raise _bad(index, f"{side}EPCList", message, "Name what went in and what came out.")
