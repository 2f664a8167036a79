"""The desk of patients on their way: wristbands, identity checks, and ambulances that announce themselves.

Routes and pages act through it, so that a refusal is the same at both doors and each act is in the audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sqlmodel import Session

from server.audit.chain import Entry, note
from server.wiring import Hospital
from twin.access import Actor
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

SERVICE = "journey"
BAY_PURPOSES = frozenset({"resus", "resuscitation", "shock_room"})
URGENT = 2  # triage levels 1 and 2 need a resuscitation bay
ACUITIES = range(1, 6)
LATE_FOR_US = 4 * HOUR_US
"""So long an ambulance that has not come stays on the board: then nobody waits for it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Whose wrist a band was on; instants in UTC microseconds, ``until_at`` 0 while it holds."""

    encounter: str
    since_at: int
    until_at: int = 0


@runtime_checkable
class Forecasting(Protocol):
    """Makes forecasts; ``server.runs.forecasts.ForecastDesk`` meets it."""

    def want(self) -> None:
        """Ask for a new one."""


class JourneyDesk:
    """Acts on wristbands and ambulances for one hospital.

    Parameters
    ----------
    hospital : Hospital
        Whose patients.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def bind(self, tag: str, encounter: str, *, actor: Actor) -> int:
        """Bind a wristband to an encounter; one bound to another is re-bound. Gives when, UTC microseconds.

        Raises
        ------
        NotFound
            If there is no such encounter.
        Conflict
            If the stay is over, or the tag is fixed to a thing.
        """
        live, now = self._hospital.live, self._hospital.clock.now()
        with self._hospital.ledger.steady:
            if not _encounter(live, encounter).is_open:
                raise Conflict("This encounter is over: nobody bears a wristband for it.", code="wristband.over")
            held = binding_of(live, tag, now)
            if held is not None and held.bearer_kind is not BearerKind.ENCOUNTER:
                what = held.bearer_kind.value
                raise Conflict(f"This tag is fixed to a {what}: unbind it first.", code="wristband.taken")
        bound = self._event(TagBound, tag, actor, bearer=encounter, bearer_kind=BearerKind.ENCOUNTER)
        self._record("wristband.bound", tag, actor, [bound], encounter=encounter)
        return now

    def unbind(self, tag: str, *, actor: Actor) -> None:
        """Take a wristband off.

        Raises
        ------
        NotFound
            If nobody bears it.
        """
        with self._hospital.ledger.steady:
            if binding_of(self._hospital.live, tag, self._hospital.clock.now()) is None:
                raise NotFound("wristband that somebody bears", tag)
        self._record("wristband.unbound", tag, actor, [self._event(TagUnbound, tag, actor)])

    def bindings(self, tag: str) -> list[Binding]:
        """Give whose wrist a band was on, the oldest first; empty for an unknown one."""
        with self._hospital.ledger.steady:
            held = self._hospital.live.tags.get(tag)
            facts = list(held.bindings) if held is not None else []
        ends = [*(fact.occurred_at for fact in facts[1:]), 0][: len(facts)]
        return [
            Binding(encounter=fact.bearer, since_at=fact.occurred_at, until_at=end)
            for fact, end in zip(facts, ends, strict=True)
            if isinstance(fact, TagBound)
        ]

    def check(self, tag: str, encounter: str, *, stage: str, service_point: str, actor: Actor) -> str:
        """Check that a wristband is that of an encounter; match and refusal are audited.

        Parameters
        ----------
        tag : str
            The wristband that was read.
        encounter : str
            For whom the thing is.
        stage : str
            Noted on a match; empty for none.
        service_point : str
            Id of the place; may be empty.
        actor : Actor
            Who checks.

        Returns
        -------
        str
            Empty for a match; else ``not_bound``, ``no_wristband`` or ``other_encounter``.

        Raises
        ------
        NotFound
            If there is no such encounter.
        """
        live, now = self._hospital.live, self._hospital.clock.now()
        with self._hospital.ledger.steady:
            wanted = _encounter(live, encounter)
            survivor = wanted.merged_into or wanted.id
            reason = _mismatch(live, binding_of(live, tag, now), survivor)
        events: list[Event] = []
        if not reason and stage:
            events = [self._event(StageReached, survivor, actor, stage=stage, service_point=service_point)]
        action = "identity.refused" if reason else "identity.matched"
        self._record(action, encounter, actor, events, tag=tag, reason=reason)
        return reason

    def ambulances(self) -> list[Encounter]:
        """Give everybody who is on the way by ambulance, the soonest first; also who is late."""
        now = self._hospital.clock.now()
        with self._hospital.ledger.steady:
            found = [
                one
                for one in self._hospital.live.encounters.values()
                if one.status is EncounterStatus.PLANNED
                and one.arrival_mode == "ambulance"
                and one.expected_at > now - LATE_FOR_US
            ]
        return sorted(found, key=lambda one: (one.expected_at, one.id))

    def announce(self, expected_at: int, acuity: int, *, actor: Actor, bay: str = "", service: str = "") -> Encounter:
        """Announce an ambulance: the urgent get a free resuscitation bay unless one is named; a forecast is made.

        Parameters
        ----------
        expected_at : int
            UTC microseconds, within the next day.
        acuity : int
            Triage level, 1 (most urgent) to 5.
        actor : Actor
            Who says so.
        bay : str, optional
            Id of the place to keep.
        service : str, optional
            Code of the clinical service.

        Raises
        ------
        FieldError
            If the instant or the acuity cannot be.
        NotFound
            If there is no such place.
        """
        live, now = self._hospital.live, self._hospital.clock.now()
        if not now - HOUR_US < expected_at < now + DAY_US:
            raise _bad("expected", "Expected an instant within the next day.")
        if acuity not in ACUITIES:
            raise _bad("acuity", f"Expected a triage level from 1 to 5, got {acuity}.")
        with self._hospital.ledger.steady:
            if bay and bay not in live.places:
                raise NotFound("place", bay)
            if not bay and acuity <= URGENT:
                bay = next(iter(free_bays(live)), "")
        encounter = self._hospital.new_id()
        facts = {"encounter_class": EncounterClass.EMERGENCY, "acuity": acuity, "arrival_mode": "ambulance"}
        planned = self._event(
            EncounterPlanned, encounter, actor, expected_at=expected_at, place=bay, service=service, **facts
        )
        self._record("ambulance.announced", encounter, actor, [planned], acuity=acuity, bay=bay)
        desk = self._hospital.services.get("forecast")
        if isinstance(desk, Forecasting):
            desk.want()  # the emergency department of the next hours has one patient more
        with self._hospital.ledger.steady:
            return live.encounters[encounter]

    def arrived(self, encounter: str, *, actor: Actor) -> None:
        """Say that an ambulance has arrived: the patient is in the bay that was kept.

        Raises
        ------
        Conflict
            If nobody is on the way under this number.
        """
        found = self._on_the_way(encounter)
        started = self._event(
            EncounterStarted,
            encounter,
            actor,
            encounter_class=EncounterClass.EMERGENCY,
            place=found.reserved,
            service=found.service,
            acuity=found.acuity,
            arrival_mode="ambulance",
        )
        self._record("ambulance.arrived", encounter, actor, [started])

    def cancel(self, encounter: str, *, actor: Actor) -> None:
        """Say that an ambulance does not come: its bay is free again.

        Raises
        ------
        Conflict
            If nobody is on the way under this number.
        """
        self._on_the_way(encounter)
        cancelled = self._event(EncounterFactCancelled, encounter, actor, cancels=EncounterPlanned.__name__)
        self._record("ambulance.cancelled", encounter, actor, [cancelled])

    def _on_the_way(self, encounter: str) -> Encounter:
        with self._hospital.ledger.steady:
            found = _encounter(self._hospital.live, encounter)
            if found.status is not EncounterStatus.PLANNED:
                raise Conflict("Nobody is on the way under this number any more.", code="ambulance.over")
            return found

    def _event(self, kind: type[Event], thing: str, actor: Actor, **fields: object) -> Event:
        return kind(
            thing=thing,
            occurred_at=self._hospital.clock.now(),
            source=actor.source or f"user:{actor.id}",
            source_key=self._hospital.new_id(),
            actor=actor.id,
            **fields,  # type: ignore[arg-type]  # fields of the kind
        )

    def _record(self, action: str, subject: str, actor: Actor, events: list[Event], **facts: object) -> None:
        entry = Entry(at=self._hospital.clock.now(), actor=actor.id, action=action, subject=subject, facts=facts)

        def use_case(session: Session) -> None:
            note(session, entry)
            if events:
                self._hospital.ledger.append(session, events)

        self._hospital.write_now(use_case)


def _encounter(state: LiveState, key: str) -> Encounter:
    found = state.encounters.get(key)
    if found is None:
        raise NotFound("encounter", key)
    return found


def _mismatch(state: LiveState, binding: TagBound | None, wanted: str) -> str:
    """Give why a wristband is not that of an encounter; empty if it is."""
    if binding is None:
        return "not_bound"
    if binding.bearer_kind is not BearerKind.ENCOUNTER:
        return "no_wristband"
    # A band that was bound before two records of one person were merged still is that person's.
    bearer = state.encounters.get(binding.bearer)
    held = (bearer.merged_into or bearer.id) if bearer is not None else binding.bearer
    return "" if held == wanted else "other_encounter"


def _bad(field: str, message: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place=f"/{field}", message=message, cure="Mend it."))


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


def journey_of(hospital: Hospital) -> JourneyDesk:
    """Give the hospital's desk, made the first time."""
    held = hospital.services.get(SERVICE)
    if not isinstance(held, JourneyDesk):
        held = hospital.services[SERVICE] = JourneyDesk(hospital)
    return held
