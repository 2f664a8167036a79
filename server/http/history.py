"""The past: trails of things, the whole hospital at an instant, who was in a place, what changed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import Query

from server.doors.context import Call, CallDep
from server.doors.pages import PathText, Text
from server.doors.router import Router
from server.http.sight import PRIVATE_FACET, is_of_person, may_see_fact
from server.http.views import instant
from twin.access import Permission
from twin.clock import DAY_US, from_text
from twin.errors import FieldError, FieldProblem
from twin.history import history
from twin.history.history import Interval
from twin.state import views

router = Router("/v1", tag="history")

Instant = Annotated[
    str,
    Query(
        max_length=40,
        pattern=r"^[0-9T:.Zz+ -]*$",
        description="ISO 8601 with its offset.",
        examples=["2026-01-05T08:00:00Z"],
    ),
]
Many = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
LONGEST_WINDOW_US = 31 * DAY_US
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d$)")
"""Where the sign of an offset stood: whoever writes an address by hand forgets that a plus in it means a space."""


class IntervalShown(msgspec.Struct, frozen=True, kw_only=True):
    """A facet had a value from an instant to another; ``until`` is empty while it lasts."""

    thing: str
    facet: str
    value: str
    since: str
    until: str
    known_since: str
    sequence: int


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a thing, in order of time."""

    thing: str
    intervals: list[IntervalShown]


class FactShown(msgspec.Struct, frozen=True, kw_only=True):
    """What held of a thing."""

    thing: str
    facet: str
    value: str
    since: str


class PastShown(msgspec.Struct, frozen=True, kw_only=True):
    """Facets of all things at an instant."""

    at: str
    known_at: str
    facts: list[FactShown]
    next: str = ""


class PresenceShown(msgspec.Struct, frozen=True, kw_only=True):
    """Something was in a place for a while."""

    thing: str
    place: str
    since: str
    until: str
    basis: str


class Presences(msgspec.Struct, frozen=True, kw_only=True):
    """Who and what was in a place within a window."""

    presences: list[PresenceShown]


def parse_instant(text: str, field: str) -> int:
    """Read an instant of a query or a body.

    Parameters
    ----------
    text : str
        ISO 8601 with its offset.
    field : str
        Name of the parameter or field.

    Raises
    ------
    FieldError
        If it is none.
    """
    try:
        at = from_text(_LOST_PLUS.sub("+", text) if "T" in text else text)
    except (ValueError, OverflowError) as error:
        problem = FieldProblem(
            field=field,
            place=f"/{field}",
            message=f"Expected an instant, got {text[:40]!r}.",
            cure="Send ISO 8601 with an offset, such as 2026-01-05T08:00:00Z.",
        )
        raise FieldError(problem) from error
    return at


def _shown(one: Interval) -> IntervalShown:
    return IntervalShown(
        thing=one.thing,
        facet=one.facet,
        value=one.value,
        since=instant(one.from_at),
        until=instant(one.to_at) if one.to_at is not None else "",
        known_since=instant(one.known_from),
        sequence=one.sequence,
    )


def _require_sight(call: Call, thing: str) -> None:
    """Let only those see a person's trail who may see encounters."""
    with call.hospital.ledger.steady:
        is_person = is_of_person(call.hospital.live, thing)
    if is_person:
        call.actor.require(Permission.ENCOUNTERS_READ)


def _since(found: list[Interval], at: int) -> list[Interval]:
    """Give what of a tag's past belongs to its present bearer: before it may have been on a patient's wrist."""
    return [replace(one, from_at=max(one.from_at, at)) for one in found if one.to_at is None or one.to_at > at]


@router.get("/things/{thing_id}/trail", permission=Permission.DEVICES_READ, gives=Trail)
def get_trail(call: CallDep, thing_id: PathText, facet: Text = "", limit: Many = 200) -> Trail:
    """Give what happened to a thing, and where the tags on it were seen."""
    _require_sight(call, thing_id)
    with call.hospital.ledger.steady:
        tags = views.tags_of(call.hospital.live, thing_id, call.now)
        bound = {tag: views.binding_of(call.hospital.live, tag, call.now) for tag in tags}
    with call.hospital.read() as session:
        found = history.trail(session, thing_id, facet=facet, limit=limit)
        if not facet or facet == "tag.zone":
            for tag, binding in bound.items():
                if binding is not None:
                    seen = history.trail(session, tag, facet="tag.zone", limit=limit)
                    found += _since(seen, binding.occurred_at)
    # a tag's rows are those of its present bearer already, which is no person that the asker may not see
    may_see = call.actor.may(Permission.ENCOUNTERS_READ)
    shown = (one for one in found if may_see or not one.facet.startswith(PRIVATE_FACET))
    listed = sorted(shown, key=lambda one: (one.from_at, one.facet))
    return Trail(thing=thing_id, intervals=[_shown(one) for one in listed[-limit:]])


@router.get("/history/state-at", permission=Permission.EVENTS_READ, gives=PastShown)
def get_past_state(
    call: CallDep, at: Instant, known_at: Instant = "", facet: Text = "", limit: Many = 1000, cursor: Text = ""
) -> PastShown:
    """Give the hospital at a past instant; with ``known_at``, as it was known then."""
    when = parse_instant(at, "at")
    known = parse_instant(known_at, "known_at") if known_at else None
    scope = f"past|{when}|{known}|{facet}"
    after = call.cursors.read(scope, cursor)
    with call.hospital.read() as session:
        past = history.state_at(session, when, known)
    with call.hospital.ledger.steady:
        keys = sorted(
            key
            for key, fact in past.facts.items()
            if fact.value
            and (not facet or key[0] == facet)
            # by key and not by number: what becomes known between two pages moves nothing
            and (after is None or key > tuple(after))
            and may_see_fact(call.hospital.live, call.actor, key[0], key[1], fact.value)
        )
    rows = [
        FactShown(thing=key[1], facet=key[0], value=past.facts[key].value, since=instant(past.facts[key].since))
        for key in keys[:limit]
    ]
    following = call.cursors.write(scope, list(keys[limit - 1])) if len(keys) > limit else ""
    return PastShown(at=instant(when), known_at=instant(known or 0), facts=rows, next=following)


@router.get("/history/who-was-in", permission=Permission.ENCOUNTERS_READ, gives=Presences)
def get_presences(call: CallDep, place: Text, start: Instant, end: Instant) -> Presences:
    """Give who and what was in a place, and in all inside it, within a window of at most 31 days."""
    first, last = parse_instant(start, "start"), parse_instant(end, "end")
    if not first < last <= first + LONGEST_WINDOW_US:
        problem = FieldProblem(
            field="end",
            place="/query/end",
            message="Expected a window above 0 and up to 31 days.",
            cure="Ask for a shorter window.",
        )
        raise FieldError(problem)
    with call.hospital.ledger.steady:
        inside = list(call.hospital.live.inside(place))
    with call.hospital.read() as session:
        found = history.who_was_in(session, inside, first, last)
    rows = [
        PresenceShown(
            thing=one.thing, place=one.place, since=instant(one.from_at), until=instant(one.to_at), basis=one.basis
        )
        for one in found
    ]
    return Presences(presences=rows)
