"""Doors of an access control system: what they tell, and who may enter which zone."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.alarms.entrances import SERVICE, AccessRule, Entrances
from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from twin.access import Permission
from twin.clock import DAY_US, from_text, to_text
from twin.errors import FieldError, FieldProblem, NotFound, Unavailable
from twin.events.watch import AccessOutcome, AccessSeen

router = Router("/v1", tag="alarms")

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]


class RuleTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may enter a zone."""

    place: Key
    roles: Annotated[list[Key], msgspec.Meta(max_length=100)]
    departments: Annotated[list[Key], msgspec.Meta(max_length=100)] = []


class AccessTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a door tells; ``key`` names the message, so that a resend is the same fact."""

    staff: Key
    door: Key
    outcome: AccessOutcome = AccessOutcome.GRANTED
    at: Short = ""
    key: Short = ""


class RefusalShown(msgspec.Struct, frozen=True, kw_only=True):
    """An access that a door refused (``outcome``), or that breaks a rule (``finding``)."""

    at: str
    staff: str
    door: str
    outcome: str
    finding: str


class AccessShown(msgspec.Struct, frozen=True, kw_only=True):
    """Whether somebody may be there; ``finding`` says what is wrong."""

    is_allowed: bool
    finding: str


def _entrances(call: Call) -> Entrances:
    held = call.hospital.services.get(SERVICE)
    if not isinstance(held, Entrances):
        raise Unavailable("No doors are watched over in this process: use `hospital-twin serve`.")
    return held


def _bad_instant(message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field="at", place="/at", message=message, cure=cure))


def _instant(text: str) -> int:
    try:
        return from_text(text)
    except (ValueError, OverflowError) as error:
        cure = "Send ISO 8601 with an offset, such as 2026-01-05T08:00:00Z."
        raise _bad_instant(f"Expected an instant, got {text[:40]!r}.", cure) from error


@router.get("/access-rules", permission=Permission.ALARMS_READ, gives=list[AccessRule])
def list_access_rules(call: CallDep) -> list[AccessRule]:
    """Give who may enter which zone."""
    return _entrances(call).rules()


@router.post("/access-rules", permission=Permission.ALARMS_CONFIGURE, takes=RuleTold, gives=AccessRule, status=201)
def set_access_rule(call: CallDep) -> AccessRule:
    """Say who may enter a zone; it replaces the rule that the zone had."""
    told = call.read(RuleTold)
    return _entrances(call).set_rule(told.place, told.roles, told.departments, actor=call.actor.id)


@router.delete("/access-rules/{rule_id}", permission=Permission.ALARMS_CONFIGURE, status=204)
def end_access_rule(call: CallDep, rule_id: PathText) -> None:
    """Take a rule out of force: everybody may enter the zone again."""
    _entrances(call).end(rule_id, actor=call.actor.id)


@router.get("/access-refusals", permission=Permission.ALARMS_READ, gives=list[RefusalShown])
def list_refusals(call: CallDep) -> list[RefusalShown]:
    """Give the last hundred accesses that were refused, that break a rule, or by force; the latest first."""
    return [
        RefusalShown(
            at=to_text(one.at),
            staff=one.staff,
            door=one.door,
            outcome=one.outcome.value,
            finding=one.finding.value,
        )
        for one in _entrances(call).refused()
    ]


@router.post("/access-events", permission=Permission.EVENTS_WRITE, takes=AccessTold, gives=AccessShown)
def tell_access(call: CallDep) -> AccessShown:
    """Take in what a door tells: stored, then judged against role and zone; a breach is an alarm."""
    told, entrances = call.read(AccessTold), _entrances(call)
    at = _instant(told.at) if told.at else call.now
    if not 0 < at < call.now + DAY_US:  # a door's clock may be a little fast, not a day
        raise _bad_instant("Expected an instant that is not ahead.", "Set the clock of the door.")
    if told.door not in call.hospital.live.places:
        raise NotFound("place", told.door)
    event = AccessSeen(
        thing=told.staff,
        occurred_at=at,
        source=call.actor.source or f"user:{call.actor.id}",
        source_key=f"access:{told.key}" if told.key else call.hospital.new_id(),
        actor=call.actor.id,
        door=told.door,
        outcome=told.outcome,
    )
    call.hospital.record_now([event])
    finding = entrances.judge(event)
    return AccessShown(is_allowed=not finding.value, finding=finding.value)
