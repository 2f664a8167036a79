"""What the facts of encounters come to: cancels resolved, then one fact after the other.

Facts that the rest of the hospital must be protected from (a move after discharge, a swap with nobody) change nothing
and leave a code in ``conflicts``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from twin.events.envelope import precedence
from twin.events.patients import (
    BedReserved,
    DischargePlanned,
    EncounterArrived,
    EncounterDeparted,
    EncounterFactCancelled,
    EncounterFinished,
    EncounterLeaveEnded,
    EncounterLeaveStarted,
    EncounterMoved,
    EncounterPlanned,
    EncountersMerged,
    EncountersSwapped,
    EncounterStarted,
    EncounterUpdated,
    StageReached,
)
from twin.state.model import IN_HOUSE_STATUSES, Encounter, EncounterFact, EncounterStatus

_KEPT = frozenset({"id", "facts", "merged_into"})
_EMPTY = Encounter(id="")
_RESET = tuple(
    (field.name, getattr(_EMPTY, field.name)) for field in msgspec.structs.fields(Encounter) if field.name not in _KEPT
)
# When an admission is cancelled, what happened to the patient under it up to then did not happen either.
_UNDONE_WITH_START = (
    EncounterMoved,
    BedReserved,
    EncounterDeparted,
    EncounterArrived,
    EncounterLeaveStarted,
    EncounterLeaveEnded,
    DischargePlanned,
    EncounterFinished,
    EncountersSwapped,
)


# A step must treat both alike: folding anew passes through UNKNOWN where folding on top finds CANCELLED.
_NOT_BEGUN = (EncounterStatus.UNKNOWN, EncounterStatus.CANCELLED)


def reset(encounter: Encounter) -> None:
    """Take back all that was folded; the facts stay."""
    for name, value in _RESET:
        setattr(encounter, name, value)


def without_cancelled(facts: Sequence[EncounterFact]) -> list[EncounterFact]:
    """Give the facts in order of precedence without cancels and what they undo.

    A cancel undoes the latest fact of its class at or before its own instant that no earlier cancel undid. A fact and
    its cancel may carry the same instant, so instants are compared, not full precedence.
    """
    ordered = sorted(facts, key=precedence)
    cancels = [fact for fact in ordered if isinstance(fact, EncounterFactCancelled)]
    kept: list[EncounterFact] = [fact for fact in ordered if not isinstance(fact, EncounterFactCancelled)]
    for cancel in cancels:
        # backwards: the latest one that fits is undone
        for position in range(len(kept) - 1, -1, -1):
            fact = kept[position]
            if fact.occurred_at <= cancel.occurred_at and type(fact).__name__ == cancel.cancels:
                # so that a second cancel of the class undoes the one before it
                kept.pop(position)
                if isinstance(fact, EncounterStarted):
                    kept = _without_visit(kept, position, cancel.occurred_at)
                break
    return kept


def _without_visit(facts: list[EncounterFact], start: int, end_at: int) -> list[EncounterFact]:
    later = [f for f in facts[start:] if f.occurred_at > end_at or not isinstance(f, _UNDONE_WITH_START)]
    return facts[:start] + later


def fold_alone(encounter: Encounter) -> None:
    """Fold an encounter that no swap and no merge joins with another, from its own facts.

    Parameters
    ----------
    encounter : Encounter
        Reset; its facts in order of precedence, as its journal keeps them.

    Notes
    -----
    The same as :func:`fold_together` of this encounter, at a fraction of its cost: a late fact is mostly about a visit
    like this.
    """
    cancels = [fact for fact in encounter.facts if isinstance(fact, EncounterFactCancelled)]
    for fact in without_cancelled(encounter.facts) if cancels else encounter.facts:
        step(encounter, fact)
    _close_if_undone(encounter, cancels)


def _close_if_undone(encounter: Encounter, facts: Sequence[EncounterFact]) -> None:
    """Mark a visit of which nothing is left but a cancel: a plan or an admission that was taken back."""
    if encounter.status is EncounterStatus.UNKNOWN and any(
        isinstance(fact, EncounterFactCancelled) and fact.cancels != EncountersMerged.__name__ for fact in facts
    ):
        encounter.status = EncounterStatus.CANCELLED


def fold_together(
    survivors: Mapping[str, Encounter],
    facts: Mapping[str, Sequence[EncounterFact]],
    survivor_of: Mapping[str, str],
) -> None:
    """Fold encounters that are joined by swaps, in one common order.

    Parameters
    ----------
    survivors : Mapping[str, Encounter]
        Encounters that were reset, by id.
    facts : Mapping[str, Sequence[EncounterFact]]
        All facts that belong to each of them, also those said under ids merged into it.
    survivor_of : Mapping[str, str]
        The survivor of every id that the facts name.
    """
    shared = _with_swaps_of_both(facts, survivor_of)
    kept = {survivor: without_cancelled(mine) for survivor, mine in shared.items()}
    steps = [(precedence(fact), survivor, fact) for survivor, mine in kept.items() for fact in mine]
    # by identity: the lists of both sides hold the very same swap
    alive = {survivor: {id(fact) for fact in mine} for survivor, mine in kept.items()}
    steps.sort(key=lambda step: step[:2])
    for _, survivor, fact in steps:
        if not isinstance(fact, EncountersSwapped):
            step(survivors[survivor], fact)
        elif survivor_of[fact.thing] == survivor:
            other = survivor_of.get(fact.other, survivor)
            # Either side may have cancelled the swap; then it did not happen for the other one either.
            if other != survivor and id(fact) in alive[other]:
                _swap(survivors[survivor], survivors[other], fact)
    for survivor, encounter in survivors.items():
        _close_if_undone(encounter, shared[survivor])


def _with_swaps_of_both(
    facts: Mapping[str, Sequence[EncounterFact]], survivor_of: Mapping[str, str]
) -> dict[str, list[EncounterFact]]:
    """Give the facts of each, a swap beside those of the other too: it is said under one id, a cancel under either."""
    shared = {survivor: list(own) for survivor, own in facts.items()}
    for survivor, own in facts.items():
        for fact in own:
            other = survivor_of.get(fact.other, survivor) if isinstance(fact, EncountersSwapped) else survivor
            if other != survivor:
                shared[other].append(fact)
    return shared


def _swap(one: Encounter, other: Encounter, fact: EncountersSwapped) -> None:
    if one.status not in IN_HOUSE_STATUSES or other.status not in IN_HOUSE_STATUSES:
        _conflict(one, "swap_not_in_house")
        _conflict(other, "swap_not_in_house")
        return
    first, second = one.place, other.place
    _assign(one, second, fact)
    _assign(other, first, fact)


def _conflict(encounter: Encounter, code: str) -> None:
    encounter.conflicts = (*encounter.conflicts, code)


def _assign(encounter: Encounter, place: str, fact: EncounterFact) -> None:
    encounter.place = place
    encounter.placed_at = fact.occurred_at
    encounter.placed_by = fact.id
    # who is on leave is booked into another bed without being in it
    if encounter.status is not EncounterStatus.ON_LEAVE:
        encounter.present = place


def step(encounter: Encounter, fact: EncounterFact) -> None:
    """Fold one fact on top of an encounter; swaps, merges and cancels are not for this."""
    handler = _STEPS.get(type(fact))
    if handler is not None:
        handler(encounter, fact)


def _planned(encounter: Encounter, fact: EncounterPlanned) -> None:
    encounter.expected_at = fact.expected_at
    _describe(encounter, fact)
    if encounter.status in _NOT_BEGUN:
        encounter.status = EncounterStatus.PLANNED
    if encounter.status is EncounterStatus.PLANNED and fact.place:
        encounter.reserved = fact.place


def _describe(encounter: Encounter, fact: EncounterPlanned | EncounterStarted) -> None:
    encounter.encounter_class = fact.encounter_class
    encounter.service = fact.service or encounter.service
    encounter.acuity = fact.acuity or encounter.acuity
    encounter.arrival_mode = fact.arrival_mode or encounter.arrival_mode


def _started(encounter: Encounter, fact: EncounterStarted) -> None:
    _describe(encounter, fact)
    if encounter.status is EncounterStatus.FINISHED:
        # come back under the same number: a new stay, not the old one going on
        encounter.finished_at, encounter.disposition, encounter.started_at = 0, "", 0
    encounter.status = EncounterStatus.IN_PROGRESS
    # A second registration of a visit under way (out-patient made in-patient) does not make the stay younger.
    encounter.started_at = encounter.started_at or fact.occurred_at
    if fact.place:
        _occupy(encounter, fact.place, fact)


def _occupy(encounter: Encounter, place: str, fact: EncounterFact) -> None:
    _assign(encounter, place, fact)
    if encounter.reserved == place:
        encounter.reserved = ""


def _updated(encounter: Encounter, fact: EncounterUpdated) -> None:
    encounter.encounter_class = fact.encounter_class or encounter.encounter_class
    encounter.service = fact.service or encounter.service
    encounter.acuity = fact.acuity or encounter.acuity


def _moved(encounter: Encounter, fact: EncounterMoved) -> None:
    if not fact.place:
        return
    if encounter.status is EncounterStatus.FINISHED:
        _conflict(encounter, "moved_after_finish")
        return
    if encounter.status not in IN_HOUSE_STATUSES:
        # The admission was lost or comes later; the move itself proves that the visit is under way.
        encounter.status = EncounterStatus.IN_PROGRESS
        encounter.started_at = fact.occurred_at
    _occupy(encounter, fact.place, fact)


def _reserved(encounter: Encounter, fact: BedReserved) -> None:
    if encounter.status is EncounterStatus.FINISHED:
        _conflict(encounter, "reserved_after_finish")
        return
    encounter.reserved = fact.place
    if encounter.status in _NOT_BEGUN:
        encounter.status = EncounterStatus.PLANNED
    if encounter.status is EncounterStatus.PLANNED and fact.expected_at:
        encounter.expected_at = fact.expected_at


def _departed(encounter: Encounter, fact: EncounterDeparted) -> None:
    if not fact.place or fact.place == encounter.present:
        encounter.present = ""


def _arrived(encounter: Encounter, fact: EncounterArrived) -> None:
    encounter.present = fact.place
    if encounter.reserved == fact.place and encounter.place == fact.place:
        encounter.reserved = ""


def _leave_started(encounter: Encounter, fact: EncounterLeaveStarted) -> None:
    if encounter.status is not EncounterStatus.IN_PROGRESS:
        _conflict(encounter, "leave_not_in_house")
        return
    encounter.status = EncounterStatus.ON_LEAVE
    encounter.return_expected_at = fact.expected_return_at
    encounter.present = ""


def _leave_ended(encounter: Encounter, fact: EncounterLeaveEnded) -> None:
    if encounter.status is not EncounterStatus.ON_LEAVE:
        _conflict(encounter, "return_without_leave")
        return
    encounter.status = EncounterStatus.IN_PROGRESS
    encounter.return_expected_at = 0
    encounter.present = encounter.place


def _discharge_planned(encounter: Encounter, fact: DischargePlanned) -> None:
    encounter.discharge_expected_at = fact.expected_at or fact.occurred_at


def _finished(encounter: Encounter, fact: EncounterFinished) -> None:
    encounter.status = EncounterStatus.FINISHED
    encounter.finished_at = fact.occurred_at
    encounter.disposition = fact.disposition
    # present stays: the bed is free only when somebody says that the person has left it
    encounter.place, encounter.reserved = "", ""
    encounter.placed_by = ""
    encounter.return_expected_at = 0


def _stage(encounter: Encounter, fact: StageReached) -> None:
    encounter.stage, encounter.stage_point, encounter.stage_at = fact.stage, fact.service_point, fact.occurred_at


_STEPS: dict[type[EncounterFact], Callable[..., None]] = {
    EncounterPlanned: _planned,
    EncounterStarted: _started,
    EncounterUpdated: _updated,
    EncounterMoved: _moved,
    BedReserved: _reserved,
    EncounterDeparted: _departed,
    EncounterArrived: _arrived,
    EncounterLeaveStarted: _leave_started,
    EncounterLeaveEnded: _leave_ended,
    DischargePlanned: _discharge_planned,
    EncounterFinished: _finished,
    StageReached: _stage,
}
