"""The history of encounters: their facts folded up to each instant, with what later cancels, swaps and merges undid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from twin.events.envelope import precedence
from twin.events.patients import EncounterFactCancelled, EncountersMerged
from twin.state import folding
from twin.state.model import Encounter, EncounterFact, EncounterStatus

FACETS = ("encounter.place", "encounter.present", "encounter.status")


class Point(NamedTuple):
    """From an instant on, a facet of an encounter has a value, by the word of the event with this sequence number."""

    facet: str
    encounter: str
    from_at: int
    value: str
    sequence: int


class Told(NamedTuple):
    """A fact with its position in the ledger."""

    sequence: int
    fact: EncounterFact


def timelines(encounters: Iterable[str], told: Sequence[Told]) -> list[Point]:
    """Give every value that the facets of joined encounters had, in order of time.

    Parameters
    ----------
    encounters : Iterable[str]
        All encounters that swaps and merges join.
    told : Sequence[Told]
        All facts about them, in any order.

    Notes
    -----
    Facts are folded anew up to each instant at which something is said, without those that were cancelled whenever
    that became known. Facts of a merged encounter belong to its survivor from the beginning.
    """
    names = sorted(encounters)
    own = {name: [one for one in told if one.fact.thing == name] for name in names}
    survivor_of = _survivors(own)
    facts: dict[str, list[EncounterFact]] = {survivor: [] for survivor in set(survivor_of.values())}
    for name, mine in own.items():
        facts[survivor_of[name]].extend(one.fact for one in mine)
    sequences = {precedence(one.fact): one.sequence for one in told}
    kept = {survivor: folding.without_cancelled(mine) for survivor, mine in facts.items()}
    points: list[Point] = []
    held: dict[tuple[str, str], str] = {}
    # quadratic in the facts of one visit, which has tens of them
    for at in sorted({one.fact.occurred_at for one in told}):
        until = {survivor: [fact for fact in mine if fact.occurred_at <= at] for survivor, mine in kept.items()}
        folded = {survivor: Encounter(id=survivor) for survivor in facts}
        folding.fold_together(folded, until, survivor_of)
        sequence = max(sequences[precedence(one.fact)] for one in told if one.fact.occurred_at == at)
        for survivor, encounter in folded.items():
            for facet, value in zip(FACETS, values_of(encounter), strict=True):
                if held.get((facet, survivor), "") != value:
                    held[facet, survivor] = value
                    points.append(Point(facet, survivor, at, value, sequence))
    return points


def values_of(encounter: Encounter) -> tuple[str, str, str]:
    """Give the values of the three facets of a folded encounter.

    Parameters
    ----------
    encounter : Encounter
        Folded up to an instant.
    """
    status = "" if encounter.status is EncounterStatus.UNKNOWN else encounter.status.value
    return encounter.place, encounter.present, status


def _survivors(own: Mapping[str, Sequence[Told]]) -> dict[str, str]:
    into: dict[str, str] = {}
    for name, mine in own.items():
        merges = [f for f in _uncancelled_merges(mine) if f.into in own]
        if merges:
            into[name] = max(merges, key=precedence).into
    survivors: dict[str, str] = {}
    for name in own:
        seen, last = {name}, name
        # merges may be said in a circle
        while last in into and into[last] not in seen:
            last = into[last]
            seen.add(last)
        survivors[name] = last
    return survivors


def _uncancelled_merges(mine: Sequence[Told]) -> list[EncountersMerged]:
    relevant = [
        one.fact
        for one in mine
        if isinstance(one.fact, EncountersMerged)
        or (isinstance(one.fact, EncounterFactCancelled) and one.fact.cancels == EncountersMerged.__name__)
    ]
    return [fact for fact in folding.without_cancelled(relevant) if isinstance(fact, EncountersMerged)]
