"""SimpleEventQuery: what its parameters ask for, as conditions on terms, instants and numbers.

References
----------
GS1 EPCIS 2.0, section 8.2.7.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from interop.epcis.document import Event, Json, instant_of
from interop.epcis.identifiers import canonical_key, canonical_term, like_of
from interop.epcis.terms import EPC_FIELDS, MAX_VALUE, fields_named
from twin.errors import FieldError, FieldProblem

_TERM_OF = {
    "eventType": "type",
    "EQ_action": "action",
    "EQ_bizStep": "bizStep",
    "EQ_disposition": "disposition",
    "EQ_transformationID": "transformationID",
    "EQ_eventID": "eventID",
    "EQ_readPoint": "readPoint",
    "EQ_bizLocation": "bizLocation",
    "EQ_persistentDisposition_set": "set",
    "EQ_persistentDisposition_unset": "unset",
    "EQ_correctiveEventID": "correctiveEventID",
    "EQ_errorReason": "errorReason",
}
_TIMES = {
    f"{op}_{name}": (op, column)
    for op in ("GE", "LT")
    for name, column in (("eventTime", "event_at"), ("recordTime", "record_at"))
}
_PAIRS = {"bizTransaction": "bizTransactionType", "source": "sourceDestType", "destination": "sourceDestType"}
_SENSOR_TEXTS = frozenset(
    {
        "type",
        "deviceID",
        "deviceMetadata",
        "rawData",
        "dataProcessingMethod",
        "bizRules",
        "microorganism",
        "chemicalSubstance",
        "stringValue",
        "hexBinaryValue",
        "uriValue",
        "component",
        "exception",
    }
)
_SENSOR_NUMBERS = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
_COMPARE = re.compile(r"(EQ|GT|GE|LT|LE)_(.+)")
_TEST: dict[str, Callable[[float, float], bool]] = {
    "EQ": lambda left, right: left == right,
    "GT": lambda left, right: left > right,
    "GE": lambda left, right: left >= right,
    "LT": lambda left, right: left < right,
    "LE": lambda left, right: left <= right,
}
CONTROLS = frozenset({"orderBy", "orderDirection", "eventCountLimit", "maxEventCount", "perPage", "nextPageToken"})

Predicate = Callable[[Event], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One of the fields has one of the values, or is like one of the patterns (backslash escapes)."""

    fields: tuple[str, ...]
    values: tuple[str, ...] = ()
    likes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """An instant is not before, or before, another; ``column`` is ``event_at`` or ``record_at``."""

    column: str
    is_lower: bool
    at: int


@dataclass(slots=True, kw_only=True)
class EventQuery:
    """Everything that an event must meet, and in which order events are given.

    Parameters
    ----------
    terms, bounds, predicates
        All must hold; predicates look at the event itself.
    order : str
        ``number`` (order of capture), ``event_at`` or ``record_at``.
    is_descending : bool
        Whether the latest comes first.
    at_most : int
        Give the first so many only; 0 for no limit (``eventCountLimit``).
    too_many : int
        Refuse if there are more; 0 for no limit (``maxEventCount``).
    """

    terms: list[Term] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    predicates: list[Predicate] = field(default_factory=list)
    order: str = "number"
    is_descending: bool = False
    at_most: int = 0
    too_many: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a query needs to know beside its parameters.

    Parameters
    ----------
    namespaces : Mapping[str, str]
        Address by prefix (header GS1-Extensions).
    inside : Callable[[str], Sequence[str]]
        Gives a place's id and those of all places in it, for WD_ parameters.
    """

    namespaces: Mapping[str, str] = field(default_factory=dict)
    inside: Callable[[str], Sequence[str]] = lambda place: (place,)


def refused(name: str, message: str, cure: str = "See EPCIS 2.0, section 8.2.7.1.") -> FieldError:
    """Make the error of a parameter."""
    problem = FieldProblem(field=name, place=f"/query/{name}", message=message, cure=cure)
    return FieldError(problem, code="epcis.parameter")


def read_query(wanted: Mapping[str, Sequence[str]], meaning: Meaning) -> EventQuery:
    """Read the parameters of SimpleEventQuery.

    Parameters
    ----------
    wanted : Mapping[str, Sequence[str]]
        Values by parameter: any of them.
    meaning : Meaning
        What they stand for.

    Raises
    ------
    FieldError
        If a parameter is unknown or a value cannot be read (``epcis.parameter``).
    """
    asked = EventQuery()
    for name, values in wanted.items():
        # EQ_bizStep= would otherwise mean every event: what was meant is never that.
        if not any(values):
            raise refused(name, "Expected a value.", "Leave the parameter out, or give a value.")
        if name in CONTROLS:
            _control(asked, name, values[0])
        elif name in _TIMES:
            operator, column = _TIMES[name]
            asked.bounds.append(Bound(column=column, is_lower=operator == "GE", at=_instant(name, values[0])))
        elif not (_known(asked, name, values, meaning) or _other(asked, name, values, meaning)):
            raise refused(name, "Expected a parameter of SimpleEventQuery.")
    return asked


def _control(asked: EventQuery, name: str, text: str) -> None:
    if name == "orderBy":
        columns = {"eventTime": "event_at", "recordTime": "record_at"}
        if text not in columns:
            raise refused(name, "Expected eventTime or recordTime.")
        asked.order = columns[text]
        return
    if name == "orderDirection":
        if text not in ("ASC", "DESC"):
            raise refused(name, "Expected ASC or DESC.")
        asked.is_descending = text == "DESC"
        return
    if name in ("eventCountLimit", "maxEventCount"):
        # Cut before it is read: a number of a million digits takes Python seconds.
        if not text.isascii() or not text.isdigit() or not 0 < int(text[:10]) < 10**9:
            raise refused(name, "Expected a whole number above 0.")
        if name == "eventCountLimit":
            asked.at_most = int(text)
        else:
            asked.too_many = int(text)


def _instant(name: str, text: str) -> int:
    at = instant_of(text)
    if at is None:
        raise refused(name, "Expected an instant with an offset.", "Send it as 2026-01-05T08:00:00.000Z.")
    return at


def _canonical(field_name: str, text: str) -> str:
    if field_name in ("bizStep", "disposition", "set", "unset"):
        return canonical_term(field_name, text)
    if field_name == "errorReason":
        return canonical_term("reason", text)
    return text if field_name in ("type", "action", "eventID", "correctiveEventID") else canonical_key(text)


def _known(asked: EventQuery, name: str, values: Sequence[str], meaning: Meaning) -> bool:
    """Take a parameter with a name of its own; tell whether it was one."""
    if name in _TERM_OF:
        held = _TERM_OF[name]
        told = tuple(_canonical(held, text)[:MAX_VALUE] for text in values)
        asked.terms.append(Term(fields=(held,), values=told))
    elif name in EPC_FIELDS:
        # Only a pattern is compared by LIKE: keys are found by the index.
        likes = tuple(like_of(text) for text in values if "*" in text)
        keys = tuple(canonical_key(text)[:MAX_VALUE] for text in values if "*" not in text)
        asked.terms.append(Term(fields=EPC_FIELDS[name], values=keys, likes=likes))
    elif name in ("WD_readPoint", "WD_bizLocation"):
        # "Within": the place and all below it, by the tree of places that we know.
        inside = tuple(canonical_key(place) for text in values for place in meaning.inside(text))
        asked.terms.append(Term(fields=(name[3:],), values=inside))
    elif name == "EXISTS_errorDeclaration":
        asked.terms.append(Term(fields=("exists",), values=("errorDeclaration",)))
    elif name in ("GE_errorDeclarationTime", "LT_errorDeclarationTime"):
        asked.predicates.append(_declared_at(name[:2], _instant(name, values[0])))
    elif name.startswith("EQ_") and name[3:].partition("_")[0] in _PAIRS and "_" in name[3:]:
        pair, _, kind = name[3:].partition("_")
        known = canonical_term(_PAIRS[pair], kind)
        asked.terms.append(Term(fields=(f"{pair}:{known}",), values=tuple(canonical_key(text) for text in values)))
    else:
        return False
    return True


def _declared_at(operator: str, at: int) -> Predicate:
    def test(event: Event) -> bool:
        declared = event.get("errorDeclaration")
        told = instant_of(declared.get("declarationTime")) if isinstance(declared, dict) else None
        return told is not None and (told >= at if operator == "GE" else told < at)

    return test


def _holder(name: str) -> tuple[str, str]:
    """Tell extension, ILMD and their inner fields apart: (kind of term, rest of the name)."""
    for start, kind in (
        ("INNER_ILMD_", "inner_ilmd"),
        ("ILMD_", "ilmd"),
        ("INNER_", "inner_ext"),
        ("SENSORELEMENT_", "sensor"),
    ):
        if name.startswith(start):
            return kind, name[len(start) :]
    return "ext", name


def _other(asked: EventQuery, name: str, values: Sequence[str], meaning: Meaning) -> bool:
    if name.startswith("EXISTS_"):
        kind, rest = _holder(name[7:])
        # A name without a prefix is a field of the standard, which has parameters of its own.
        if ":" not in rest and kind != "sensor":
            return False
        told = tuple(f"{kind}:{known}" for known in fields_named(rest, meaning.namespaces))
        asked.terms.append(Term(fields=("exists",), values=told))
        return True
    found = _COMPARE.fullmatch(name)
    if found is None:
        return False
    operator, rest = found[1], found[2]
    if _sensor(asked, operator, rest, values):
        return True
    if rest == "quantity":
        asked.predicates.append(_any_number(operator, values, _quantities))
        return True
    kind, rest = _holder(rest)
    if ":" not in rest:
        return False
    names = fields_named(rest, meaning.namespaces)
    # Equality is a term of the index; order needs the value itself, which only the event has.
    if operator == "EQ":
        asked.terms.append(Term(fields=tuple(f"{kind}:{known}" for known in names), values=tuple(values)))
    else:
        asked.predicates.append(_extension(operator, kind, rest, values[0]))
    return True


def _sensor(asked: EventQuery, operator: str, rest: str, values: Sequence[str]) -> bool:
    if operator == "EQ" and rest in _SENSOR_TEXTS:
        told = tuple(
            canonical_key(text).removeprefix("https://gs1.org/voc/").removeprefix("gs1:")[:MAX_VALUE] for text in values
        )
        asked.terms.append(Term(fields=(f"sensor:{rest}",), values=told))
        return True
    if operator == "EQ" and rest == "booleanValue":
        # booleanValue has no term of its own: it is read from the event.
        wanted = {text == "true" for text in values}
        asked.predicates.append(lambda event: any(one.get("booleanValue") in wanted for one in _reports(event)))
        return True
    number, _, unit = rest.partition("_")
    if number in _SENSOR_NUMBERS:

        def read(event: Event) -> Iterator[Json]:
            return (one.get(number) for one in _reports(event) if not unit or one.get("uom") == unit)

        asked.predicates.append(_any_number(operator, values, read))
        return True
    return False


def _reports(event: Event) -> Iterator[dict[str, Json]]:
    elements = event.get("sensorElementList")
    for element in elements if isinstance(elements, list) else []:
        reports = element.get("sensorReport") if isinstance(element, dict) else None
        yield from (one for one in (reports if isinstance(reports, list) else [reports]) if isinstance(one, dict))


def _quantities(event: Event) -> Iterator[Json]:
    for name in EPC_FIELDS["MATCH_anyEPCClass"]:
        told = event.get(name)
        yield from (one.get("quantity") for one in (told if isinstance(told, list) else []) if isinstance(one, dict))


def _any_number(operator: str, values: Sequence[str], read: Callable[[Event], Iterator[Json]]) -> Predicate:
    try:
        wanted = [float(text) for text in values]
    except ValueError:
        raise refused(f"{operator}_…", "Expected a number.") from None
    test = _TEST[operator]

    def holds(event: Event) -> bool:
        return any(
            test(float(told), limit)
            for told in read(event)
            if isinstance(told, int | float) and not isinstance(told, bool)
            for limit in wanted
        )

    return holds


def _extension(operator: str, kind: str, name: str, text: str) -> Predicate:
    """Compare a field of another namespace as number if both are, else as instant."""
    at = instant_of(text)
    if at is None:
        try:
            float(text)
        except ValueError:
            raise refused(f"{operator}_{name}", "Expected a number or an instant with an offset.") from None
    # Instants are compared as microseconds, so that offsets do not matter.
    limit = float(text) if at is None else float(at)
    test = _TEST[operator]

    def told(event: Event) -> Iterator[Json]:
        holder: Json = event.get("ilmd") if kind.endswith("ilmd") else event
        yield from _found(holder, name, is_deep=kind.startswith("inner"))

    def holds(event: Event) -> bool:
        for value in told(event):
            number = instant_of(value) if at is not None else _float(value)
            if number is not None and test(float(number), limit):
                return True
        return False

    return holds


def _float(value: Json) -> float | None:
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


def _found(holder: Json, name: str, *, is_deep: bool) -> Iterator[Json]:
    if isinstance(holder, dict):
        if name in holder:
            value = holder[name]
            yield from value if isinstance(value, list) else [value]
        if is_deep:
            for one in holder.values():
                yield from _found(one, name, is_deep=True)
    elif isinstance(holder, list):
        for one in holder:
            yield from _found(one, name, is_deep=is_deep)
