"""Reconciling over HTTP: where systems, tags and twin differ, why we hold what we hold, and how beds turn over."""

from __future__ import annotations

import msgspec

from interop.service.explaining import messages_behind
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http import views as shown
from server.http.views import instant
from twin.access import Permission
from twin.errors import NotFound
from twin.events.places import PlaceKind
from twin.state.explaining import explain
from twin.state.locations import believed_encounter_location
from twin.state.reconciling import census, disagreements, turnover_quantiles_s, turnovers

router = Router("/v1/reconcile", tag="interfaces")

_SHOWN = 500


class DisagreementShown(msgspec.Struct, frozen=True, kw_only=True):
    """One encounter about which claims differ."""

    encounter: str
    kind: str
    assigned: str
    observed: str
    believed: str
    confidence: float
    since: str


class CensusShown(msgspec.Struct, frozen=True, kw_only=True):
    """How many people a ward holds by each claim."""

    place: str
    name: str
    assigned: int
    present: int
    observed: int


class TurnoverShown(msgspec.Struct, frozen=True, kw_only=True):
    """Departure to ready in the last seven days, seconds; ``waiting`` beds are not ready yet."""

    n: int
    waiting: int
    low_s: float
    median_s: float
    high_s: float


class ReconcileShown(msgspec.Struct, frozen=True, kw_only=True):
    """The reconcile report."""

    at: str
    encounters: int
    disagreements: list[DisagreementShown]
    census: list[CensusShown]
    turnover: TurnoverShown


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One event behind a value, and the message that told it (0 if none did)."""

    event_id: str
    event: str
    occurred: str
    recorded: str
    source: str
    message: int
    message_type: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why the twin holds where somebody is."""

    encounter: str
    place: str
    basis: str
    confidence: float
    age_s: float
    evidence: list[Evidence]


@router.get("", permission=Permission.ENCOUNTERS_READ, gives=ReconcileShown)
def get_report(call: CallDep) -> ReconcileShown:
    """Give the reconcile report: differences, census by each claim, bed turnover."""
    state, now = call.hospital.live, call.now
    with call.hospital.ledger.steady:
        found = disagreements(state, now)[:_SHOWN]
        wards = sorted(key for key, place in state.places.items() if place.kind is PlaceKind.WARD)
        counted = census(state, wards)
        turned = turnovers(state, now)
        names = {ward: shown.place_name(state, ward) for ward in wards}
        total = len(state.encounters)
    low, median, high = turnover_quantiles_s(turned)
    done = sum(1 for one in turned if one.ready_at)
    return ReconcileShown(
        at=instant(now),
        encounters=total,
        disagreements=[
            DisagreementShown(
                encounter=one.encounter,
                kind=one.kind.value,
                assigned=one.assigned,
                observed=one.observed,
                believed=one.believed,
                confidence=round(one.confidence, 3),
                since=instant(one.since_at),
            )
            for one in found
        ],
        census=[
            CensusShown(
                place=one.place,
                name=names[one.place],
                assigned=one.assigned,
                present=one.present,
                observed=one.observed,
            )
            for one in counted
        ],
        turnover=TurnoverShown(n=done, waiting=len(turned) - done, low_s=low, median_s=median, high_s=high),
    )


@router.get("/{encounter}", permission=Permission.ENCOUNTERS_READ, gives=Explanation)
def explain_encounter(call: CallDep, encounter: PathText) -> Explanation:
    """Give why the twin holds where somebody is: every event behind it, and the message that told each."""
    state, now = call.hospital.live, call.now
    with call.hospital.ledger.steady:
        if encounter not in state.encounters:
            raise NotFound("encounter", encounter)
        believed = believed_encounter_location(state, encounter, now)
        ids = dict.fromkeys((*explain(state, "encounter.status", encounter), *believed.event_ids))
    with call.hospital.read() as session:
        stored = [one for one in (call.hospital.ledger.by_id(session, key) for key in ids) if one is not None]
        told = messages_behind(session, [one.event for one in stored])
    evidence = []
    for one in stored:
        event, message = one.event, told.get(one.event.id)
        evidence.append(
            Evidence(
                event_id=event.id,
                event=type(event).__name__,
                occurred=instant(event.occurred_at),
                recorded=instant(event.recorded_at),
                source=event.source,
                message=message.number if message else 0,
                message_type=f"{message.kind}^{message.trigger}" if message else "",
            )
        )
    return Explanation(
        encounter=encounter,
        place=believed.place,
        basis=believed.basis.value,
        age_s=round(believed.age_s, 1),
        confidence=round(believed.confidence, 3),
        evidence=evidence,
    )
