"""Subscriptions: to named EPCIS queries, and how FHIR subscriptions to topics stand and what was missed."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Query
from starlette.responses import Response

from interop.epcis.schedules import read_schedule
from interop.fhir.resources import Json, Resource, instant
from interop.fhir.searching import PARAMETERS, span_of
from interop.fhir.topics import MARK, TOPICS, notification, status_of
from interop.service import subscriptions
from interop.service.epcis_queries import query_named
from interop.service.subscriptions import EPCIS, FHIR, State, Subscription, Wanted, check_address, last_captured
from server.doors.context import Call, CallDep
from server.doors.router import Router
from server.http import epcis as epcis_door
from server.http import fhir as fhir_door
from server.subscribing import BATCH, occurrences, standing_of
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

# This module stands before ``fhir`` in the order of names, so that SubscriptionTopic is not taken for a resource type.
router = Router("", tag="subscriptions")
_MEDIA = epcis_door.MEDIA
EventNumber = Annotated[int, Query(ge=0, le=2**53)]


class SubscriptionTold(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who wants to be told of what a named query finds (EPCIS 2.0, section 12.6).

    ``stream`` sends each event as soon as it is captured; ``everyS`` gathers what comes within so many seconds;
    ``schedule`` tells when the clock of the hospital shows what it says.
    """

    dest: Annotated[str, msgspec.Meta(min_length=8, max_length=2000)]
    signature_token: Annotated[str, msgspec.Meta(max_length=200)] = ""
    stream: bool = False
    every_s: Annotated[int, msgspec.Meta(ge=1, le=31 * 86_400)] | None = None
    report_if_empty: bool = False
    initial_record_time: Annotated[str, msgspec.Meta(max_length=40)] = ""
    schedule: dict[str, Any] | None = None


def _shown(one: Subscription) -> dict[str, object]:
    shown: dict[str, object] = {
        "subscriptionID": one.id,
        "queryName": one.topic,
        "dest": one.wanted.endpoint,
        "stream": not one.wanted.every_s and not one.wanted.schedule,
        "reportIfEmpty": one.wanted.reports_empty,
        "createdAt": instant(one.created_at),
        "state": one.state.value,
        "eventsSent": one.sent,
        "failures": one.failures,
        "problem": one.problem,
    }
    if one.wanted.every_s:
        shown["everyS"] = one.wanted.every_s
    if one.wanted.schedule:
        shown |= {"schedule": one.wanted.schedule, "nextAt": instant(one.next_at)}
    return shown


def _schedule_of(told: SubscriptionTold) -> dict[str, str]:
    """Give the schedule by the clock, checked; empty for a stream and for a rest between two reports."""
    chosen = [told.stream, told.every_s is not None, told.schedule is not None]
    if sum(chosen) != 1:
        raise _bad("stream", "Expected one of stream, everyS and schedule.", 'Send {"stream": true} or {"everyS": 60}.')
    if told.schedule is None:
        return {}
    read_schedule(told.schedule)
    return {name: str(value) for name, value in told.schedule.items() if value not in (None, "")}


def _bad(field: str, message: str, cure: str) -> FieldError:
    problem = FieldProblem(field=field, place=f"/{field}", message=message, cure=cure)
    return FieldError(problem, code="epcis.subscription_controls")


def _first(call: Call, told: SubscriptionTold, last: int) -> int:
    """Give the number of the event behind which a new subscription begins."""
    if not told.initial_record_time:
        return last
    span = span_of(told.initial_record_time)
    if span is None:
        raise _bad("initialRecordTime", "Expected an instant.", "Send it as 2026-01-05T08:00:00Z.")
    with call.hospital.read() as session:
        return subscriptions.captured_before(session, span[0])


@router.post(
    "/epcis/queries/{name}/subscriptions",
    permission=Permission.EPCIS_QUERY,
    takes=SubscriptionTold,
    status=201,
    media=_MEDIA,
)
async def subscribe_query(call: CallDep, name: epcis_door.Key) -> Response:
    """Send what a named query finds to an address, from now on; only to origins that the settings name."""
    told = call.read(SubscriptionTold)
    check_address(told.dest, call.hospital.settings.notify_origins)
    schedule, zone = _schedule_of(told), ZoneInfo(call.hospital.settings.time_zone)
    with call.hospital.read() as session:
        query_named(session, name)
        last = last_captured(session)
    made = Subscription(
        id=call.hospital.new_id(),
        kind=EPCIS,
        topic=name,
        wanted=Wanted(
            endpoint=told.dest,
            every_s=told.every_s or 0,
            schedule=schedule,
            reports_empty=told.report_if_empty,
            token=told.signature_token,
        ),
        position=_first(call, told, last),
        state=State.ACTIVE,
        next_at=read_schedule(schedule).next_after(call.now, zone) if schedule else 0,
        created_at=call.now,
        created_by=call.actor.id,
    )
    access = call.request.app.state.access

    def use_case(session: Any) -> None:
        access.note(session, call.actor.id, "epcis.subscribed", made.id, {"query": name})
        subscriptions.keep(session, made)

    await call.hospital.write(use_case)
    location = f"/epcis/queries/{name}/subscriptions/{made.id}"
    return epcis_door.json_answer(_shown(made), 201, location=location)


@router.get(
    "/epcis/queries/{name}/subscriptions",
    permission=Permission.EPCIS_QUERY,
    gives=list[dict[str, msgspec.Raw]],
    media=_MEDIA,
)
def list_query_subscriptions(call: CallDep, name: epcis_door.Key) -> Response:
    """Give who is told of what a named query finds, and how far each was told."""
    with call.hospital.read() as session:
        query_named(session, name)
        found = subscriptions.subscriptions(session, kind=EPCIS, topic=name)
    return epcis_door.json_answer([_shown(one) for one in found])


@router.get(
    "/epcis/queries/{name}/subscriptions/{key}",
    permission=Permission.EPCIS_QUERY,
    gives=dict[str, msgspec.Raw],
    media=_MEDIA,
)
def get_query_subscription(call: CallDep, name: epcis_door.Key, key: epcis_door.Key) -> Response:
    """Give one subscription to a named query."""
    with call.hospital.read() as session:
        query_named(session, name)
        return epcis_door.json_answer(_shown(subscriptions.subscription(session, key, kind=EPCIS, topic=name)))


@router.delete("/epcis/queries/{name}/subscriptions/{key}", permission=Permission.EPCIS_QUERY, status=204)
async def unsubscribe_query(call: CallDep, name: epcis_door.Key, key: epcis_door.Key) -> Response:
    """End a subscription."""
    access = call.request.app.state.access

    def use_case(session: Any) -> None:
        query_named(session, name)
        subscriptions.remove(session, key, kind=EPCIS, topic=name)
        access.note(session, call.actor.id, "epcis.unsubscribed", key, {"query": name})

    await call.hospital.write(use_case)
    return Response(status_code=204, headers={"cache-control": "no-store"})


@router.get(
    "/fhir/SubscriptionTopic",
    permission=Permission.FHIR_READ,
    gives=dict[str, msgspec.Raw],
    media=fhir_door.MEDIA,
)
def list_topics(call: CallDep) -> Response:
    """Give the topics that can be subscribed to, as the backport to R4 shows them: one Basic resource each."""
    url = f"{call.hospital.settings.public_url}/fhir"
    entries: list[Json] = []
    for topic in TOPICS.values():
        code: Json = {"coding": [{"system": "http://hl7.org/fhir/fhir-types", "code": "SubscriptionTopic"}]}
        extensions: list[Json] = [
            {"url": f"{_TOPIC}.url", "valueUri": f"{url}{MARK}{topic.name}"},
            {"url": f"{_TOPIC}.description", "valueMarkdown": topic.title},
            {"url": f"{_TOPIC}.resourceTrigger.resource", "valueUri": topic.kind},
            *(_can_filter(name) for name in PARAMETERS[topic.kind]),
        ]
        basic: Resource = {"resourceType": "Basic", "id": topic.name, "code": code, "extension": extensions}
        entries.append({"fullUrl": f"{url}{MARK}{topic.name}", "resource": basic, "search": {"mode": "match"}})
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
    return fhir_door.answer(bundle)


def _can_filter(name: str) -> Json:
    return {"url": f"{_TOPIC}.canFilterBy", "extension": [{"url": "filterParameter", "valueUri": name}]}


_TOPIC = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic"


@router.get(
    "/fhir/Subscription/{key}/$status",
    permission=Permission.FHIR_READ,
    gives=dict[str, msgspec.Raw],
    media=fhir_door.MEDIA,
)
def get_subscription_status(call: CallDep, key: fhir_door.Key) -> Response:
    """Say how a subscription stands and how many events there were since it began."""
    with call.hospital.read() as session:
        one = subscriptions.subscription(session, key, kind=FHIR)
    status = status_of(standing_of(call.hospital, one), "query-status")
    entry: Json = {"fullUrl": f"urn:uuid:{call.hospital.new_id()}", "resource": status, "search": {"mode": "match"}}
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [entry]}
    return fhir_door.answer(bundle)


@router.get(
    "/fhir/Subscription/{key}/$events",
    permission=Permission.FHIR_READ,
    gives=dict[str, msgspec.Raw],
    media=fhir_door.MEDIA,
)
def get_missed_events(
    call: CallDep,
    key: fhir_door.Key,
    eventsSinceNumber: EventNumber = 1,  # noqa: N803  # the standard's name
    eventsUntilNumber: EventNumber = 2**53,  # noqa: N803  # the standard's name
) -> Response:
    """Give events that were told already, by their numbers: for a subscriber that finds a gap in what it got."""
    with call.hospital.read() as session:
        one = subscriptions.subscription(session, key, kind=FHIR)
        last = min(eventsUntilNumber, max(eventsSinceNumber, 1) + BATCH - 1)
        found = subscriptions.told_before(session, one, first=eventsSinceNumber, last=last)
    told = occurrences(call.hospital, one, found)
    made = notification(standing_of(call.hospital, one), "query-event", told, at=call.now, key=call.hospital.new_id())
    return fhir_door.answer(made)
