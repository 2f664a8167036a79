"""What can be subscribed to in FHIR: topics over the ledger, and the notifications that tell of them.

References
----------
HL7 Subscriptions R5 Backport 1.1.0 for FHIR R4: topic-based subscriptions, notification Bundles, ``$status`` and
``$events``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from interop.fhir.resources import Json, Resource, instant
from interop.fhir.searching import PARAMETERS, Wanted, meets, read_wanted, terms_of
from twin.errors import FieldError, FieldProblem

_PROFILE = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
_STATUS_PROFILE = f"{_PROFILE}backport-subscription-status-r4"
_CONTENT = f"{_PROFILE}backport-payload-content"
_HEARTBEAT = f"{_PROFILE}backport-heartbeat-period"
_FILTER = f"{_PROFILE}backport-filter-criteria"
MARK = "/SubscriptionTopic/"
CONTENTS = ("empty", "id-only", "full-resource")
REST_HOOK, WEBSOCKET = "rest-hook", "websocket"
MIN_HEARTBEAT_S = 30  # half of what proxies commonly wait before they close a silent connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic.

    Parameters
    ----------
    name : str
        End of its canonical address.
    title : str
        What it tells of, in a sentence.
    kind : str
        Resource type that is in focus.
    events : tuple[str, ...]
        Types of the ledger's events that trigger a notification.
    """

    name: str
    title: str
    kind: str
    events: tuple[str, ...]


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(
            name="encounter-started",
            title="Somebody was admitted or registered.",
            kind="Encounter",
            events=("EncounterStarted",),
        ),
        Topic(
            name="encounter-moved",
            title="Somebody arrived, moved, departed or was discharged, or such a fact was taken back.",
            kind="Encounter",
            events=(
                "EncounterArrived",
                "EncounterMoved",
                "EncounterDeparted",
                "EncounterFinished",
                "EncounterFactCancelled",
                "EncountersSwapped",
                "EncountersMerged",
            ),
        ),
        Topic(
            name="bed-status",
            title="A bed is to be cleaned, clean, closed or open.",
            kind="Location",
            events=("BedReadinessChanged", "BedServiceChanged"),
        ),
        Topic(
            name="task-changed",
            title="A task was made, given to somebody, begun or done.",
            kind="Task",
            events=("TaskCreated", "TaskAssigned", "TaskStarted", "TaskCompleted", "TaskCancelled"),
        ),
    )
}
"""Every topic by name."""

SECOND_IN_FOCUS: dict[str, str] = {"EncountersSwapped": "other", "EncountersMerged": "into"}
"""Field that names the other thing of an event about two, by its type: each of both is told of in an event of its own,
for the focus of a notification is one reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a Subscription resource asks for.

    Parameters
    ----------
    topic : Topic
        Of what.
    endpoint : str
        Where notifications go.
    content : str
        ``empty``, ``id-only`` or ``full-resource``.
    headers : tuple[str, ...]
        Sent with each notification, ``Name: value``.
    heartbeat_s : int
        A sign of life after so many silent seconds; 0 for none.
    is_off : bool
        Whether the subscriber wants nothing for now.
    filters : tuple[str, ...]
        Searches that the resource in focus must all meet, ``Type?name=value&…``.
    channel : str
        :data:`REST_HOOK` or :data:`WEBSOCKET`.
    """

    topic: Topic
    endpoint: str
    content: str
    headers: tuple[str, ...]
    heartbeat_s: int
    is_off: bool
    filters: tuple[str, ...] = ()
    channel: str = REST_HOOK


def _refuse(field: str, message: str, cure: str) -> FieldError:
    problem = FieldProblem(field=field, place=f"/{field.replace('.', '/')}", message=message, cure=cure)
    return FieldError(problem, code="fhir.subscription")


def _extensions(part: Json, url: str, value: str) -> Iterator[Json]:
    held = part.get("extension") if isinstance(part, dict) else None
    for one in held if isinstance(held, list) else []:
        if isinstance(one, dict) and one.get("url") == url:
            yield one.get(value)


def _extension(part: Json, url: str, value: str) -> Json:
    return next(_extensions(part, url, value), None)


def wanted_by(text: str, kind: str) -> list[Wanted]:
    """Read a filter of a subscription: a search over the type in focus, ``Encounter?location=Location/W1``.

    Parameters
    ----------
    text : str
        As written.
    kind : str
        Resource type of the topic.

    Raises
    ------
    FieldError
        If it is about another type, or the type has no such search parameter.
    """
    named, mark, query = text.partition("?")
    if not mark or named != kind or not query:
        raise _refuse("_criteria", f"Expected {kind}?name=value, got {text[:100]!r}.", f"Filter by {kind} only.")
    pairs = parse_qsl(query, keep_blank_values=True)
    ids = tuple(part for name, text in pairs if name == "_id" for part in text.split(",") if part)
    asked = [(name, text) for name, text in pairs if name != "_id"]
    if not (asked or ids) or any(name not in PARAMETERS[kind] for name, _text in asked):
        known = ", ".join(("_id", *PARAMETERS[kind]))
        raise _refuse("_criteria", f"Expected search parameters of {kind} in {text[:100]!r}.", f"Use {known}.")
    return [*([Wanted(name="_id", values=ids)] if ids else []), *read_wanted(kind, asked, str)]


def passes(resource: Resource | None, filters: Sequence[str], kind: str) -> bool:
    """Tell whether the resource in focus meets all filters; one that is gone meets none.

    Parameters
    ----------
    resource : Resource or None
        As it is now.
    filters : Sequence[str]
        Of the subscription.
    kind : str
        Resource type of the topic.
    """
    if not filters:
        return True
    if resource is None:
        return False
    terms = terms_of(resource, kind, str) | {("_id", str(resource.get("id", "")))}
    return all(meets(terms, one) for text in filters for one in wanted_by(text, kind))


def wish_of(resource: Resource) -> Wish | None:
    """Read a Subscription; None if it follows a search (R4 as it was), which is kept but not acted on.

    Parameters
    ----------
    resource : Resource
        Checked against FHIR R4.

    Raises
    ------
    FieldError
        If the topic is unknown, or something is asked for that is not done.
    """
    criteria = str(resource.get("criteria", ""))
    _, mark, name = criteria.partition(MARK)
    if not mark:
        return None
    topic = TOPICS.get(name.partition("|")[0])
    if topic is None:
        raise _refuse("criteria", f"No topic is named {name!r}.", f"Use one of {', '.join(TOPICS)}.")
    filters = tuple(str(one) for one in _extensions(resource.get("_criteria"), _FILTER, "valueString"))
    # Checked, not ignored: who asks for one ward would otherwise be sent the whole house.
    for text in filters:
        wanted_by(text, topic.kind)
    channel = resource.get("channel")
    held = channel if isinstance(channel, dict) else {}
    if held.get("type") not in (REST_HOOK, WEBSOCKET):
        raise _refuse("channel.type", f"Expected rest-hook or websocket, got {held.get('type')!r}.", "Use one of them.")
    content = _extension(held.get("_payload"), _CONTENT, "valueCode") or "id-only"
    if content not in CONTENTS:
        raise _refuse("channel.payload", f"Expected one of {', '.join(CONTENTS)}.", "Mend payload-content.")
    heartbeat = _extension(held, _HEARTBEAT, "valueUnsignedInt") or 0
    headers = held.get("header") or []
    return Wish(
        topic=topic,
        endpoint=str(held.get("endpoint", "")),
        content=str(content),
        headers=tuple(str(one) for one in headers) if isinstance(headers, list) else (),
        # A sign of life each second from hundreds of subscriptions would be load and no news.
        heartbeat_s=max(int(heartbeat), MIN_HEARTBEAT_S) if isinstance(heartbeat, int) and heartbeat > 0 else 0,
        is_off=resource.get("status") == "off",
        filters=filters,
        channel=str(held["type"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One event of a topic.

    Parameters
    ----------
    number : int
        From 1, counted since the subscription began and without gaps: so that a subscriber sees what it missed.
    at : int
        UTC microseconds.
    focus : str
        ``Type/id`` of the resource in focus.
    resource : Resource or None
        The same, if it is to be sent along.
    """

    number: int
    at: int
    focus: str
    resource: Resource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a subscription stands.

    Parameters
    ----------
    id, topic : str
        Its id, and the canonical address of its topic.
    url : str
        Address of the FHIR server.
    status : str
        ``requested``, ``active``, ``error`` or ``off``.
    total : int
        Events since it began.
    problem : str
        What is wrong, if something is.
    """

    id: str
    topic: str
    url: str
    status: str
    total: int
    problem: str = ""


def status_of(standing: Standing, kind: str, occurrences: Sequence[Occurrence] = ()) -> Resource:
    """Give the SubscriptionStatus, which in R4 is a Parameters resource.

    Parameters
    ----------
    standing : Standing
        Of the subscription.
    kind : str
        ``handshake``, ``heartbeat``, ``event-notification``, ``query-status`` or ``query-event``.
    occurrences : Sequence[Occurrence], optional
        Events that it tells of.
    """
    parameters: list[Json] = [
        {"name": "subscription", "valueReference": {"reference": f"{standing.url}/Subscription/{standing.id}"}},
        {"name": "topic", "valueCanonical": standing.topic},
        {"name": "status", "valueCode": standing.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(standing.total)},
    ]
    for one in occurrences:
        part: list[Json] = [
            {"name": "event-number", "valueString": str(one.number)},
            {"name": "timestamp", "valueInstant": instant(one.at)},
        ]
        if one.focus:
            part.append({"name": "focus", "valueReference": {"reference": f"{standing.url}/{one.focus}"}})
        parameters.append({"name": "notification-event", "part": part})
    if standing.problem:
        parameters.append({"name": "error", "valueCodeableConcept": {"text": standing.problem[:500]}})
    return {"resourceType": "Parameters", "meta": {"profile": [_STATUS_PROFILE]}, "parameter": parameters}


def notification(
    standing: Standing, kind: str, occurrences: Sequence[Occurrence] = (), *, at: int, key: str
) -> Resource:
    """Give a notification: a history Bundle whose first entry is the status.

    Parameters
    ----------
    standing, kind, occurrences
        As for :func:`status_of`.
    at : int
        UTC microseconds.
    key : str
        Id of the Bundle.
    """
    status = status_of(standing, kind, occurrences)
    entries: list[Json] = [
        {
            "fullUrl": f"urn:uuid:{key}",
            "resource": status,
            "request": {"method": "GET", "url": f"Subscription/{standing.id}/$status"},
            "response": {"status": "200"},
        }
    ]
    for one in occurrences:
        if one.resource is not None:
            entries.append(
                {
                    "fullUrl": f"{standing.url}/{one.focus}",
                    "resource": one.resource,
                    "request": {"method": "PUT", "url": one.focus},
                    "response": {"status": "200", "lastModified": instant(one.at)},
                }
            )
    return {"resourceType": "Bundle", "id": key, "type": "history", "timestamp": instant(at), "entry": entries}
