"""Where the hospital's systems, the tags and the twin do not agree; and how long beds take between two patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from twin.clock import DAY_US, HOUR_US, MINUTE_US
from twin.events.patients import EncounterDeparted
from twin.events.things import BearerKind
from twin.events.work import TaskKind
from twin.state.beds import is_bed
from twin.state.explaining import explain
from twin.state.locations import Basis, believed_encounter_location, tags_of
from twin.state.model import IN_HOUSE_STATUSES, Encounter, EncounterStatus, TaskStatus
from twin.state.tables import Tables

SETTLE_US = 10 * MINUTE_US
"""A move needs a while until every system knows it: younger differences are not told."""
DEPARTURE_US = 2 * HOUR_US
"""A discharged person who is not seen leaving for so long is worth a question."""


class Difference(StrEnum):
    """What does not agree."""

    SEEN_ELSEWHERE = "seen_elsewhere"
    NOT_PRESENT = "not_present"
    STILL_PRESENT = "still_present"
    SHARED_BED = "shared_bed"
    UNKNOWN_PLACE = "unknown_place"
    TAG_AFTER_END = "tag_after_end"
    CONFLICTING_FACTS = "conflicting_facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One encounter about which claims differ.

    Parameters
    ----------
    encounter : str
        Pseudonym.
    kind : Difference
        What differs.
    assigned, observed, believed : str
        Place by the hospital's systems, by tags, and what the twin holds; empty if there is no claim.
    confidence : float
        Of the believed place, 0 to 1.
    since_at : int
        Since when they differ, UTC microseconds.
    event_ids : tuple[str, ...]
        Events behind the claims.
    """

    encounter: str
    kind: Difference
    assigned: str
    observed: str
    believed: str
    confidence: float
    since_at: int
    event_ids: tuple[str, ...]


def _ancestors(state: Tables, place: str) -> set[str]:
    found: set[str] = set()
    while place and place not in found:
        found.add(place)
        entry = state.places.get(place)
        place = entry.parent if entry is not None else ""
    return found


def agrees(state: Tables, assigned: str, observed: str) -> bool:
    """Tell whether a tag seen in one place fits an assignment to another: one contains the other.

    Parameters
    ----------
    state : Tables
        The present hospital.
    assigned, observed : str
        Ids of places.
    """
    return observed in _ancestors(state, assigned) or assigned in _ancestors(state, observed)


def _of(state: Tables, one: Encounter, now: int) -> Iterator[tuple[Difference, int]]:
    """Give on what claims about one encounter differ, and since when."""
    if one.status in IN_HOUSE_STATUSES and one.place:
        yield from _of_place(state, one)
    elif one.status is EncounterStatus.FINISHED:
        yield from _of_end(state, one, now)
    if one.conflicts:
        yield Difference.CONFLICTING_FACTS, max((fact.occurred_at for fact in one.facts), default=0)


def _of_place(state: Tables, one: Encounter) -> Iterator[tuple[Difference, int]]:
    """Give what speaks against the place of somebody who is in the house."""
    # who is on leave may be seen anywhere, and is present nowhere
    is_here = one.status is EncounterStatus.IN_PROGRESS
    if one.place not in state.places:
        yield Difference.UNKNOWN_PLACE, one.placed_at
    observed = _observed(state, one.id)
    if observed and is_here and not agrees(state, one.place, observed[0]):
        yield Difference.SEEN_ELSEWHERE, max(observed[1], one.placed_at)
    if not one.present and is_here:
        yield Difference.NOT_PRESENT, _departed_at(one) or one.placed_at
    elif is_bed(state, one.place) and len(state.index.present_by_place.get(one.place, ())) > _capacity(state, one):
        yield Difference.SHARED_BED, one.placed_at


def _of_end(state: Tables, one: Encounter, now: int) -> Iterator[tuple[Difference, int]]:
    """Give what speaks against the end of a visit that is over."""
    if one.present and one.finished_at < now - DEPARTURE_US:
        yield Difference.STILL_PRESENT, one.finished_at
    if not one.present and tags_of(state, one.id, now, BearerKind.ENCOUNTER):
        yield Difference.TAG_AFTER_END, one.finished_at


def _departed_at(one: Encounter) -> int:
    return max((fact.occurred_at for fact in one.facts if isinstance(fact, EncounterDeparted)), default=0)


def _capacity(state: Tables, one: Encounter) -> int:
    place = state.places.get(one.place)
    return max(place.capacity, 1) if place is not None else 1


def _observed(state: Tables, encounter: str) -> tuple[str, int] | None:
    """Give where the wristband is seen and since when."""
    place = state.index.zone_by_bearer[BearerKind.ENCOUNTER].get(encounter, "")
    if not place:
        return None
    since = [
        entered.occurred_at
        for tag in state.index.tags_by_bearer[BearerKind.ENCOUNTER].get(encounter, ())
        if (entered := state.tags[tag].entered) is not None
    ]
    return place, max(since, default=0)


def disagreements(state: Tables, now: int) -> list[Disagreement]:
    """Give everything about encounters on which claims differ, the oldest first.

    Parameters
    ----------
    state : Tables
        The present hospital.
    now : int
        UTC microseconds.
    """
    found = []
    for one in state.encounters.values():
        if one.merged_into:
            continue
        for kind, since_at in _of(state, one, now):
            # claims of two systems rarely come in the same minute; what settles by itself is no disagreement
            if since_at > now - SETTLE_US:
                continue
            believed = believed_encounter_location(state, one.id, now)
            observed = _observed(state, one.id)
            ids = (*explain(state, "encounter.assigned_location", one.id), *believed.event_ids)
            found.append(
                Disagreement(
                    encounter=one.id,
                    kind=kind,
                    assigned=one.place,
                    observed=observed[0] if observed else "",
                    believed=believed.place if believed.basis is not Basis.UNKNOWN else "",
                    confidence=believed.confidence,
                    since_at=since_at,
                    event_ids=tuple(dict.fromkeys(ids)),
                )
            )
    return sorted(found, key=lambda row: (row.since_at, row.encounter, row.kind.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """How many people one place holds by each claim."""

    place: str
    assigned: int
    present: int
    observed: int


def census(state: Tables, wards: Sequence[str]) -> list[Census]:
    """Give the census of wards by the hospital's systems, by the twin, and by tags.

    Parameters
    ----------
    state : Tables
        The present hospital.
    wards : Sequence[str]
        Ids of places.
    """
    rows = []
    index = state.index
    for ward in wards:
        inside = list(state.inside(ward))
        rows.append(
            Census(
                place=ward,
                assigned=sum(len(index.encounters_by_place.get(one, ())) for one in inside),
                present=sum(len(index.present_by_place.get(one, ())) for one in inside),
                observed=sum(len(index.encounters_by_zone.get(one, ())) for one in inside),
            )
        )
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover:
    """One bed from departure to ready.

    Parameters
    ----------
    bed : str
        Its id.
    departed_at, started_at, ready_at : int
        When the patient left, cleaning began, and the bed was ready, UTC microseconds; 0 if not yet.
    """

    bed: str
    departed_at: int
    started_at: int
    ready_at: int


def turnovers(state: Tables, now: int, *, days: int = 7) -> list[Turnover]:
    """Give the turnovers of beds whose patient left in the last days, the latest first, also those not yet done.

    Parameters
    ----------
    state : Tables
        The present hospital.
    now : int
        UTC microseconds.
    days : int, optional
        How far back.
    """
    found = []
    for task in state.tasks.values():
        if task.kind is not TaskKind.CLEAN or task.reason != "departure" or task.created_at < now - days * DAY_US:
            continue
        if task.status is TaskStatus.CANCELLED:
            continue
        is_done = task.status is TaskStatus.COMPLETED
        found.append(
            Turnover(
                bed=task.to_place or task.subject_id,
                departed_at=task.created_at,
                started_at=task.started_at,
                ready_at=task.ended_at if is_done else 0,
            )
        )
    return sorted(found, key=lambda one: -one.departed_at)


def turnover_quantiles_s(done: Sequence[Turnover]) -> tuple[float, float, float]:
    """Give the quantiles 0.1, 0.5, 0.9 of departure to ready, seconds; zeros if none is done.

    Parameters
    ----------
    done : Sequence[Turnover]
        Those not yet ready are passed over.
    """
    spans = sorted((one.ready_at - one.departed_at) / 1_000_000 for one in done if one.ready_at > one.departed_at)
    if not spans:
        return 0.0, 0.0, 0.0
    low, median, high = (spans[min(int(share * len(spans)), len(spans) - 1)] for share in (0.1, 0.5, 0.9))
    return low, median, high
