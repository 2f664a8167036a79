"""By what a kept resource can be found: search parameters as paths, and the values at them.

References
----------
HL7 FHIR R4 (4.0.1), section 3.1.1 (search).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from interop.fhir.resources import Json, Resource
from twin.errors import FieldError, FieldProblem

TOKEN, REFERENCE, DATE, STRING = "token", "reference", "date", "string"

_EVERY: dict[str, tuple[str, str]] = {"identifier": (TOKEN, "identifier"), "status": (TOKEN, "status")}
PARAMETERS: dict[str, dict[str, tuple[str, str]]] = {
    "Appointment": _EVERY
    | {
        "actor": (REFERENCE, "participant.actor"),
        "patient": (REFERENCE, "participant.actor"),
        "location": (REFERENCE, "participant.actor"),
        "date": (DATE, "start"),
        "slot": (REFERENCE, "slot"),
        "service-type": (TOKEN, "serviceType"),
    },
    "AuditEvent": {
        "date": (DATE, "recorded"),
        "agent": (REFERENCE, "agent.who"),
        "entity": (REFERENCE, "entity.what"),
        "type": (TOKEN, "type"),
        "subtype": (TOKEN, "subtype"),
        "action": (TOKEN, "action"),
        "outcome": (TOKEN, "outcome"),
    },
    "Device": _EVERY
    | {
        "location": (REFERENCE, "location"),
        "patient": (REFERENCE, "patient"),
        "type": (TOKEN, "type"),
        "model": (STRING, "modelNumber"),
        "manufacturer": (STRING, "manufacturer"),
        "device-name": (STRING, "deviceName.name"),
        "udi-di": (STRING, "udiCarrier.deviceIdentifier"),
    },
    "DeviceMetric": {
        "identifier": (TOKEN, "identifier"),
        "category": (TOKEN, "category"),
        "source": (REFERENCE, "source"),
        "parent": (REFERENCE, "parent"),
        "type": (TOKEN, "type"),
    },
    "Encounter": _EVERY
    | {
        "class": (TOKEN, "class"),
        "location": (REFERENCE, "location.location"),
        "subject": (REFERENCE, "subject"),
        "patient": (REFERENCE, "subject"),
        "date": (DATE, "period"),
        "appointment": (REFERENCE, "appointment"),
        "part-of": (REFERENCE, "partOf"),
        "type": (TOKEN, "type"),
    },
    "InventoryItem": _EVERY | {"code": (TOKEN, "code")},
    "InventoryReport": {"identifier": (TOKEN, "identifier"), "status": (TOKEN, "status")},
    "Location": _EVERY
    | {
        "name": (STRING, "name"),
        "partof": (REFERENCE, "partOf"),
        "operational-status": (TOKEN, "operationalStatus"),
        "type": (TOKEN, "type"),
        "organization": (REFERENCE, "managingOrganization"),
    },
    "Observation": _EVERY
    | {
        "code": (TOKEN, "code"),
        "category": (TOKEN, "category"),
        "subject": (REFERENCE, "subject"),
        "patient": (REFERENCE, "subject"),
        "encounter": (REFERENCE, "encounter"),
        "device": (REFERENCE, "device"),
        "date": (DATE, "effectiveDateTime effectivePeriod effectiveInstant"),
        "value-concept": (TOKEN, "valueCodeableConcept"),
        "derived-from": (REFERENCE, "derivedFrom"),
    },
    "Provenance": {
        "target": (REFERENCE, "target"),
        "agent": (REFERENCE, "agent.who"),
        "recorded": (DATE, "recorded"),
        "entity": (REFERENCE, "entity.what"),
    },
    "Schedule": {
        "identifier": (TOKEN, "identifier"),
        "active": (TOKEN, "active"),
        "actor": (REFERENCE, "actor"),
        "date": (DATE, "planningHorizon"),
        "service-type": (TOKEN, "serviceType"),
        "specialty": (TOKEN, "specialty"),
    },
    "Slot": _EVERY
    | {
        "schedule": (REFERENCE, "schedule"),
        "start": (DATE, "start"),
        "service-type": (TOKEN, "serviceType"),
    },
    "Subscription": {
        "status": (TOKEN, "status"),
        "criteria": (STRING, "criteria"),
        "url": (STRING, "channel.endpoint"),
    },
    "SupplyDelivery": _EVERY
    | {
        "receiver": (REFERENCE, "receiver"),
        "supplier": (REFERENCE, "supplier"),
        "patient": (REFERENCE, "patient"),
    },
    "SupplyRequest": _EVERY
    | {
        "category": (TOKEN, "category"),
        "date": (DATE, "authoredOn"),
        "requester": (REFERENCE, "requester"),
        "supplier": (REFERENCE, "supplier"),
        "subject": (REFERENCE, "deliverTo"),
    },
    "Task": _EVERY
    | {
        "owner": (REFERENCE, "owner"),
        "focus": (REFERENCE, "focus"),
        "code": (TOKEN, "code"),
        "intent": (TOKEN, "intent"),
        "priority": (TOKEN, "priority"),
        "patient": (REFERENCE, "for"),
        "subject": (REFERENCE, "for"),
        "encounter": (REFERENCE, "encounter"),
        "authored-on": (DATE, "authoredOn"),
        "based-on": (REFERENCE, "basedOn"),
        "part-of": (REFERENCE, "partOf"),
        "requester": (REFERENCE, "requester"),
    },
}
"""Kind and path of each search parameter, by resource type; ``.`` goes through lists, a blank separates choices."""

_NOWHERE = frozenset({"patient", "agent", "owner", "organization", "requester", "supplier", "receiver"})
_TARGETS: dict[str, tuple[str, ...]] = {
    "actor": ("Device", "Location"),
    "appointment": ("Appointment",),
    "device": ("Device", "DeviceMetric"),
    "encounter": ("Encounter",),
    "location": ("Location",),
    "parent": ("Device",),
    "partof": ("Location",),
    "schedule": ("Schedule",),
    "slot": ("Slot",),
    "source": ("Device",),
    "subject": ("Device", "Location"),
}


def chained_to(reference: str) -> tuple[str, ...]:
    """Give the resource types to which a chain goes that names none: those that we serve and it may refer to.

    Parameters
    ----------
    reference : str
        A search parameter that is a reference.
    """
    if reference in _NOWHERE:
        return ()  # to people and organisations, of which we keep nothing
    every = tuple(kind for kind in PARAMETERS if kind not in ("AuditEvent", "Provenance", "Subscription"))
    return _TARGETS.get(reference, every)


PERSONAL = frozenset({"subject", "patient"})
"""Parameters whose values may name a person: only their keyed fingerprint is kept."""
MAX_VALUE = 300


def values_at(value: Json, path: str) -> Iterator[Json]:
    """Give the values at a path, through lists.

    Parameters
    ----------
    value : Json
        A resource or part of one.
    path : str
        Names joined by dots.
    """
    if isinstance(value, list):
        for one in value:
            yield from values_at(one, path)
        return
    if not path:
        yield value
        return
    head, _, rest = path.partition(".")
    if isinstance(value, dict) and head in value:
        yield from values_at(value[head], rest)


def _tokens(value: Json) -> Iterator[str]:
    if isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        code = value.get("code", value.get("value"))
        if isinstance(code, str):
            system = value.get("system") or ""
            yield from (code, f"{system}|{code}")
            if system:
                yield f"{system}|"  # asked for as system| it means any code of the system
        coding = value.get("coding")
        for one in coding if isinstance(coding, list) else []:
            yield from _tokens(one)


def _references(value: Json) -> Iterator[str]:
    told = value.get("reference") if isinstance(value, dict) else None
    if isinstance(told, str):
        yield told
        tail = "/".join(told.split("/")[-2:])
        yield from (one for one in (tail, tail.rpartition("/")[2]) if one != told)


_SINCE_EVER, _FOREVER = "0" * 20, "9" * 20
OPEN_ENDS = frozenset({_SINCE_EVER, _FOREVER})
"""What stands for the end that a period does not have: found by, and put in order by the other end."""


def _dates(value: Json) -> Iterator[str]:
    texts: list[Json] = [value]
    if isinstance(value, dict):
        texts = [value.get("start"), value.get("end")]
        # A period without an end goes on: asked for from any instant on, it is found (FHIR R4, 3.1.1.4.9).
        if texts[0] and not texts[1]:
            yield _FOREVER
        elif texts[1] and not texts[0]:
            yield _SINCE_EVER
    for text in texts:
        span = span_of(text) if isinstance(text, str) else None
        if span is not None:
            # Padded with zeros: texts then sort as the instants do, and one index serves all kinds of values.
            yield f"{span[0]:020d}"


def span_of(text: str) -> tuple[int, int] | None:
    """Give the first microsecond and the end of what a date, a month or an instant covers; None if it is none."""
    try:
        if len(text) in (4, 7):
            year, month = int(text[:4]), int(text[5:7] or 1)
            start = datetime(year, month, 1, tzinfo=UTC)
            later = year + 1 if len(text) == 4 or month == 12 else year
            end = datetime(later, 1 if len(text) == 4 or month == 12 else month + 1, 1, tzinfo=UTC)
            return _us(start), _us(end)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    start_at = _us(moment)
    return (start_at, start_at + 86_400_000_000) if len(text) == 10 else (start_at, start_at + 1_000_000)


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


_READ: dict[str, Callable[[Json], Iterator[str]]] = {
    TOKEN: _tokens,
    REFERENCE: _references,
    DATE: _dates,
    STRING: lambda value: iter([value.lower()] if isinstance(value, str) else []),
}


def terms_of(resource: Resource, kind: str, hidden: Callable[[str], str]) -> set[tuple[str, str]]:
    """Give (search parameter, value) of everything by which a resource is found.

    Parameters
    ----------
    resource : Resource
        Checked.
    kind : str
        Its type.
    hidden : Callable[[str], str]
        Gives the keyed fingerprint of a value that may name a person.
    """
    found: set[tuple[str, str]] = set()
    for name, (how, paths) in PARAMETERS[kind].items():
        for path in paths.split():
            for value in values_at(resource, path):
                texts = list(_READ[how](value))
                # What names a person is kept as fingerprint, whichever parameter reads it; of a reference to one that
                # is every form of it, also the bare id, which is a record number in many houses.
                is_person = name in PERSONAL or name == "identifier"
                is_person |= how == REFERENCE and any("Patient" in text for text in texts)
                found |= {
                    (name, (hidden(text) if is_person else text)[:MAX_VALUE].replace("\x00", "")) for text in texts
                }
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One search parameter as asked for.

    Parameters
    ----------
    name : str
        Of the parameter.
    values : tuple[str, ...]
        Any of them.
    is_prefix : bool
        Whether a value only begins so.
    is_within : bool
        Whether a value stands anywhere in the text (``:contains``).
    is_not : bool
        Whether none of the values may be there; what has no value at all meets that (``:not``).
    is_missing : bool or None
        Whether there must be no value at all, or must be one (``:missing``); None if that is not asked.
    at_least, below : str
        Bounds of a date as it is kept; empty for none.
    """

    name: str
    values: tuple[str, ...] = ()
    is_prefix: bool = False
    is_within: bool = False
    is_not: bool = False
    is_missing: bool | None = None
    at_least: str = ""
    below: str = ""


def meets(terms: set[tuple[str, str]], one: Wanted) -> bool:
    """Tell whether what a resource is found by meets one search parameter.

    Parameters
    ----------
    terms : set[tuple[str, str]]
        Of the resource, as :func:`terms_of` gives them.
    one : Wanted
        The parameter.
    """
    values = {value for name, value in terms if name == one.name}
    if one.is_missing is not None:
        return bool(values) is not one.is_missing
    if one.is_within:
        return any(part in value for value in values for part in one.values)
    if one.at_least or one.below:
        return any(
            (not one.at_least or value >= one.at_least) and (not one.below or value < one.below) for value in values
        )
    if one.is_prefix:
        return any(value.startswith(start) for value in values for start in one.values)
    return values.isdisjoint(one.values) is one.is_not


def read_wanted(kind: str, asked: Iterable[tuple[str, str]], hidden: Callable[[str], str]) -> list[Wanted]:
    """Read the search parameters of an address line.

    Parameters
    ----------
    kind : str
        Resource type.
    asked : Iterable[tuple[str, str]]
        Parameters and their texts. Commas mean any of the values; a parameter that comes twice must hold twice.
    hidden : Callable[[str], str]
        As in :func:`terms_of`.

    Raises
    ------
    FieldError
        If the type has no such parameter, or a date cannot be read.
    """
    return [_wanted(kind, name, text, hidden) for name, text in asked]


def _bad(name: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=name, place=f"/query/{name}", message=message, cure=cure))


def _wanted(kind: str, asked: str, text: str, hidden: Callable[[str], str]) -> Wanted:
    name, _, modifier = asked.partition(":")
    known = PARAMETERS[kind].get(name)
    if known is None:
        names = ", ".join(("_id", "_lastUpdated", *PARAMETERS[kind]))
        raise _bad(asked, "Expected a search parameter of this type.", f"Use one of {names}.")
    how = known[0]
    allowed = MODIFIERS[how]
    is_of_type = how == REFERENCE and modifier[:1].isupper() and modifier.isalpha()
    if modifier and modifier not in allowed and not is_of_type:
        raise _bad(asked, f"Expected one of the modifiers {', '.join(allowed)}.", "Use one, or leave it out.")
    if modifier == "missing":
        if text not in ("true", "false"):
            raise _bad(asked, f"Expected true or false, got {text[:20]!r}.", "Send one of them.")
        return Wanted(name=name, is_missing=text == "true")
    if how == DATE:
        return _dated(name, text)
    parts = parts_of(text)
    if not parts:
        # Passed over, it would give everything, which nobody who names a parameter means.
        raise _bad(asked, "Expected a value.", "Give one, or leave the parameter out; :missing asks for none.")
    if how == STRING:
        parts = tuple(part.lower() for part in parts)
    if is_of_type:
        parts = tuple(part if "/" in part else f"{modifier}/{part}" for part in parts)
    is_person = name in PERSONAL or name == "identifier"
    both = [part for part in parts if not is_person]
    # Whether a reference names a person stands in the resource, not in what is asked for: both forms are looked up.
    both += [hidden(part) for part in parts if is_person or how == REFERENCE]
    return Wanted(
        name=name,
        values=tuple(part[:MAX_VALUE] for part in both),
        is_prefix=how == STRING and modifier != "contains",
        is_within=modifier == "contains",
        is_not=modifier == "not",
    )


MODIFIERS: dict[str, tuple[str, ...]] = {
    TOKEN: ("missing", "not"),
    REFERENCE: ("missing",),
    DATE: ("missing",),
    STRING: ("missing", "contains"),
}
"""Modifiers by kind of search parameter (FHIR R4, 3.1.1.4); of a reference also the type that it is to."""

_PART = re.compile(r"(?:[^\\,]|\\.|\\$)+", re.DOTALL)
_ESCAPED = re.compile(r"\\([,|$\\])")


def parts_of(text: str) -> tuple[str, ...]:
    r"""Give the values between the commas of a parameter; ``\,`` is a comma of a value (FHIR R4, 3.1.1.4.1).

    Examples
    --------
    >>> parts_of(r"a,b\,c,")
    ('a', 'b,c')
    """
    return tuple(_ESCAPED.sub(r"\1", part) for part in _PART.findall(text))


_PREFIXES = frozenset({"eq", "ge", "gt", "le", "lt"})


def _dated(name: str, text: str) -> Wanted:
    prefix, rest = (text[:2], text[2:]) if text[:2] in _PREFIXES else ("eq", text)
    span = span_of(rest.replace(" ", "+"))
    if span is None:
        cure = "Send it as ge2026-01-05 or 2026-01-05T08:00:00Z."
        raise _bad(name, "Expected a date, with a prefix or without.", cure)
    start, end = (f"{at:020d}" for at in span)
    bounds = {"eq": (start, end), "ge": (start, ""), "gt": (end, ""), "lt": ("", start), "le": ("", end)}
    at_least, below = bounds[prefix]
    return Wanted(name=name, at_least=at_least, below=below)
