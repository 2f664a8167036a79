"""The history of encounters: their facts folded up to each instant, with what later cancels, swaps and merges undid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
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


class Seed(NamedTuple):
    """What an encounter had come to when the first of its facts was told that the ledger still holds."""

    place: str = ""
    present: str = ""
    status: str = ""

    def begun(self, encounter: str) -> Encounter:
        """Give the encounter from which folding goes on."""
        status = EncounterStatus(self.status) if self.status else EncounterStatus.UNKNOWN
        return Encounter(id=encounter, place=self.place, present=self.present, status=status)


_NOTHING = Seed()


def timelines(
    encounters: Iterable[str], told: Sequence[Told], seeds: Mapping[str, Seed] = MappingProxyType({})
) -> list[Point]:
    """Give every value that the facets of joined encounters had, in order of time.

    Parameters
    ----------
    encounters : Iterable[str]
        All encounters that swaps and merges join.
    told : Sequence[Told]
        All facts about them, in any order.
    seeds : Mapping[str, Seed], optional
        What encounters had come to before these facts; nothing by default.

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
    held = {(facet, name): value for name, seed in seeds.items() for facet, value in zip(FACETS, seed, strict=True)}
    # quadratic in the facts of one visit, which has tens of them
    for at in sorted({one.fact.occurred_at for one in told}):
        until = {survivor: [fact for fact in mine if fact.occurred_at <= at] for survivor, mine in kept.items()}
        folded = {survivor: seeds.get(survivor, _NOTHING).begun(survivor) for survivor in facts}
        folding.fold_together(folded, until, survivor_of)
        sequence = max(sequences[precedence(one.fact)] for one in told if one.fact.occurred_at == at)
        points += _changed(folded, held, at, sequence)
    return points + _ended_by_merging(own, survivor_of, seeds)


def _changed(folded: Mapping[str, Encounter], held: dict[tuple[str, str], str], at: int, sequence: int) -> list[Point]:
    """Give the values that an instant changed, and note them as held."""
    now = {
        (facet, survivor): value
        for survivor, encounter in folded.items()
        for facet, value in zip(FACETS, values_of(encounter), strict=True)
    }
    changed = {key: value for key, value in now.items() if held.get(key, "") != value}
    held.update(changed)
    return [Point(facet, survivor, at, value, sequence) for (facet, survivor), value in changed.items()]


def _ended_by_merging(
    own: Mapping[str, Sequence[Told]], survivor_of: Mapping[str, str], seeds: Mapping[str, Seed]
) -> list[Point]:
    """End what an encounter had come to before it was merged into another, where its beginning is not told again."""
    points: list[Point] = []
    for name, seed in seeds.items():
        if survivor_of.get(name, name) != name:
            merge = max(_uncancelled_merges(own[name]), key=precedence)
            sequence = max(one.sequence for one in own[name] if one.fact is merge)
            ended = (facet for facet, value in zip(FACETS, seed, strict=True) if value)
            points += [Point(facet, name, merge.occurred_at, "", sequence) for facet in ended]
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
