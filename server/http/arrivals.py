"""Wristbands, identity checks, and ambulances on their way."""

from __future__ import annotations

from typing import Annotated, Protocol, runtime_checkable

import msgspec
from sqlmodel import Session

from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.history import parse_instant
from server.http.views import instant
from twin.access import Permission
from twin.clock import DAY_US, HOUR_US
from twin.errors import Conflict, FieldError, FieldProblem, NotFound
from twin.events.envelope import Event
from twin.events.patients import (
    EncounterClass,
    EncounterFactCancelled,
    EncounterPlanned,
    EncounterStarted,
    StageReached,
)
from twin.events.things import BearerKind, TagBound, TagUnbound
from twin.state import views
from twin.state.beds import bed_view, is_bed
from twin.state.live import LiveState
from twin.state.locations import binding_of
from twin.state.model import Encounter, EncounterStatus

router = Router("/v1", tag="journey")

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Acuity = Annotated[int, msgspec.Meta(ge=1, le=5)]
BAY_PURPOSES = frozenset({"resus", "resuscitation", "shock_room"})
URGENT = 2  # triage levels 1 and 2 need a resuscitation bay


class BindTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose wrist."""

    encounter: Key


class BindingShown(msgspec.Struct, frozen=True, kw_only=True):
    """A binding of a wristband; ``until`` is empty while it holds."""

    encounter: str
    since: str
    until: str


class CheckTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The wristband that was read, and for whom the thing is; ``stage`` is noted on a match."""

    tag: Key
    encounter: Key
    stage: Short = "dispensed"
    service_point: Short = ""


class CheckShown(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the wristband is that of the encounter; ``reason`` says why not."""

    is_match: bool
    reason: str


class AmbulanceTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody on the way: when, how urgent; a bay is chosen unless one is named."""

    expected: Short
    acuity: Acuity
    bay: Short = ""
    service: Short = ""


class AmbulanceShown(msgspec.Struct, frozen=True, kw_only=True):
    """An ambulance on its way, or late."""

    encounter: str
    expected: str
    acuity: int
    bay: str
    eta_s: float
    is_late: bool


def _event(call: Call, kind: type[Event], thing: str, **fields: object) -> Event:
    actor = call.actor
    return kind(
        thing=thing,
        occurred_at=call.now,
        source=actor.source or f"user:{actor.id}",
        source_key=call.hospital.new_id(),
        actor=actor.id,
        **fields,  # type: ignore[arg-type]  # fields of the kind
    )


def _record(call: Call, action: str, subject: str, events: list[Event], **facts: object) -> None:
    def use_case(session: Session) -> None:
        call.request.app.state.access.note(session, call.actor.id, action, subject, facts)
        if events:
            call.hospital.ledger.append(session, events)

    call.hospital.write_now(use_case)


def _encounter(state: LiveState, key: str) -> Encounter:
    found = state.encounters.get(key)
    if found is None:
        raise NotFound("encounter", key)
    return found


@router.post("/wristbands/{tag}/bind", permission=Permission.ENCOUNTERS_WRITE, takes=BindTold, gives=BindingShown)
def bind_wristband(call: CallDep, tag: PathText) -> BindingShown:
    """Bind a wristband to an encounter; one bound to another is re-bound, and the history keeps both."""
    told = call.read(BindTold)
    with call.hospital.ledger.steady:
        found = _encounter(call.hospital.live, told.encounter)
        if not found.is_open:
            raise Conflict("This encounter is over: nobody bears a wristband for it.", code="wristband.over")
        held = binding_of(call.hospital.live, tag, call.now)
        if held is not None and held.bearer_kind is not BearerKind.ENCOUNTER:
            raise Conflict(f"This tag is fixed to a {held.bearer_kind.value}: unbind it first.", code="wristband.taken")
    bound = _event(call, TagBound, tag, bearer=told.encounter, bearer_kind=BearerKind.ENCOUNTER)
    _record(call, "wristband.bound", tag, [bound], encounter=told.encounter)
    return BindingShown(encounter=told.encounter, since=instant(call.now), until="")


@router.post("/wristbands/{tag}/unbind", permission=Permission.ENCOUNTERS_WRITE, status=204)
def unbind_wristband(call: CallDep, tag: PathText) -> None:
    """Take a wristband off."""
    with call.hospital.ledger.steady:
        if binding_of(call.hospital.live, tag, call.now) is None:
            raise NotFound("wristband that somebody bears", tag)
    _record(call, "wristband.unbound", tag, [_event(call, TagUnbound, tag)])


@router.get("/wristbands/{tag}", permission=Permission.ENCOUNTERS_READ, gives=list[BindingShown])
def wristband_history(call: CallDep, tag: PathText) -> list[BindingShown]:
    """Give whose wrist a wristband was on, the oldest first."""
    with call.hospital.ledger.steady:
        held = call.hospital.live.tags.get(tag)
        bindings = list(held.bindings) if held is not None else []
    if not bindings:
        raise NotFound("wristband", tag)
    found = []
    for number, binding in enumerate(bindings):
        if isinstance(binding, TagBound):
            after = bindings[number + 1] if number + 1 < len(bindings) else None
            until = instant(after.occurred_at) if after is not None else ""
            found.append(BindingShown(encounter=binding.bearer, since=instant(binding.occurred_at), until=until))
    return found


@router.post("/identity-checks", permission=Permission.ENCOUNTERS_WRITE, takes=CheckTold, gives=CheckShown)
def check_identity(call: CallDep) -> CheckShown:
    """Check at the bedside or the counter that a wristband is that of the encounter; match and refusal are audited."""
    told = call.read(CheckTold)
    with call.hospital.ledger.steady:
        state = call.hospital.live
        wanted = _encounter(state, told.encounter)
        survivor = wanted.merged_into or wanted.id
        binding = binding_of(state, told.tag, call.now)
        reason = _mismatch(state, binding, survivor)
    events: list[Event] = []
    if not reason and told.stage:
        events = [_event(call, StageReached, survivor, stage=told.stage, service_point=told.service_point)]
    action = "identity.refused" if reason else "identity.matched"
    _record(call, action, told.encounter, events, tag=told.tag, reason=reason)
    return CheckShown(is_match=not reason, reason=reason)


def _mismatch(state: LiveState, binding: TagBound | None, wanted: str) -> str:
    """Give why a wristband is not that of an encounter; empty if it is."""
    if binding is None:
        return "not_bound"
    if binding.bearer_kind is not BearerKind.ENCOUNTER:
        return "no_wristband"
    bearer = state.encounters.get(binding.bearer)
    held = (bearer.merged_into or bearer.id) if bearer is not None else binding.bearer
    return "" if held == wanted else "other_encounter"


@runtime_checkable
class Forecasting(Protocol):
    """Makes forecasts; ``server.runs.forecasts.ForecastDesk`` meets it."""

    def want(self) -> None:
        """Ask for a new one."""


def free_bays(state: LiveState) -> list[str]:
    """Give the resuscitation bays that can take somebody, by id.

    Parameters
    ----------
    state : LiveState
        The present hospital.
    """
    found = []
    for key, place in sorted(state.places.items()):
        parent = state.places.get(place.parent)
        purposes = {place.purpose, parent.purpose if parent is not None else ""}
        if BAY_PURPOSES.isdisjoint(purposes):
            continue
        if is_bed(state, key):
            is_free = bed_view(state, key).occupancy is views.Occupancy.FREE
        else:
            index = state.index
            taken = (index.present_by_place, index.encounters_by_place, index.reserved_by_place)
            is_free = not any(table.get(key) for table in taken) and not index.children.get(key)
        if is_free:
            found.append(key)
    return found


def _shown(found: Encounter, now: int) -> AmbulanceShown:
    return AmbulanceShown(
        encounter=found.id,
        expected=instant(found.expected_at),
        acuity=found.acuity,
        bay=found.reserved,
        eta_s=round((found.expected_at - now) / 1_000_000, 1),
        is_late=found.expected_at < now,
    )


@router.get("/ambulances", permission=Permission.OVERVIEW_READ, gives=list[AmbulanceShown])
def list_ambulances(call: CallDep) -> list[AmbulanceShown]:
    """Give everybody who is on the way by ambulance, the soonest first; also who is late, for four hours."""
    now = call.now
    with call.hospital.ledger.steady:
        found = [
            one
            for one in call.hospital.live.encounters.values()
            if one.status is EncounterStatus.PLANNED
            and one.arrival_mode == "ambulance"
            and one.expected_at > now - 4 * HOUR_US
        ]
    return [_shown(one, now) for one in sorted(found, key=lambda one: (one.expected_at, one.id))]


@router.post(
    "/ambulances", permission=Permission.ENCOUNTERS_WRITE, takes=AmbulanceTold, gives=AmbulanceShown, status=201
)
def announce_ambulance(call: CallDep) -> AmbulanceShown:
    """Announce an ambulance: it is on the board, and the urgent get a free resuscitation bay reserved."""
    told = call.read(AmbulanceTold)
    expected_at = parse_instant(told.expected, "expected")
    if not call.now - HOUR_US < expected_at < call.now + DAY_US:
        problem = FieldProblem(
            field="expected", place="/expected", message="Expected an instant within the next day.", cure="Mend it."
        )
        raise FieldError(problem)
    with call.hospital.ledger.steady:
        bay = told.bay
        if bay and bay not in call.hospital.live.places:
            raise NotFound("place", bay)
        if not bay and told.acuity <= URGENT:
            bay = next(iter(free_bays(call.hospital.live)), "")
    encounter = call.hospital.new_id()
    planned = _event(
        call,
        EncounterPlanned,
        encounter,
        encounter_class=EncounterClass.EMERGENCY,
        expected_at=expected_at,
        place=bay,
        service=told.service,
        acuity=told.acuity,
        arrival_mode="ambulance",
    )
    _record(call, "ambulance.announced", encounter, [planned], acuity=told.acuity, bay=bay)
    desk = call.hospital.services.get("forecast")
    if isinstance(desk, Forecasting):
        desk.want()  # the emergency department of the next hours has one patient more
    with call.hospital.ledger.steady:
        return _shown(call.hospital.live.encounters[encounter], call.now)


def _on_the_way(call: Call, encounter: str) -> Encounter:
    with call.hospital.ledger.steady:
        found = _encounter(call.hospital.live, encounter)
        if found.status is not EncounterStatus.PLANNED:
            raise Conflict("Nobody is on the way under this number any more.", code="ambulance.over")
        return found


@router.post("/ambulances/{encounter}/arrived", permission=Permission.ENCOUNTERS_WRITE, status=204)
def ambulance_arrived(call: CallDep, encounter: PathText) -> None:
    """Say that an ambulance has arrived: the patient is in the bay that was kept."""
    found = _on_the_way(call, encounter)
    started = _event(
        call,
        EncounterStarted,
        encounter,
        encounter_class=EncounterClass.EMERGENCY,
        place=found.reserved,
        service=found.service,
        acuity=found.acuity,
        arrival_mode="ambulance",
    )
    _record(call, "ambulance.arrived", encounter, [started])


@router.post("/ambulances/{encounter}/cancel", permission=Permission.ENCOUNTERS_WRITE, status=204)
def cancel_ambulance(call: CallDep, encounter: PathText) -> None:
    """Say that an ambulance does not come: its bay is free again."""
    _on_the_way(call, encounter)
    cancelled = _event(call, EncounterFactCancelled, encounter, cancels="EncounterPlanned")
    _record(call, "ambulance.cancelled", encounter, [cancelled])
