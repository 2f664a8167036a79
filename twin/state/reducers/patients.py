"""Encounters: facts go into the journal, the encounters that they touch are folded anew, the indices follow."""

from __future__ import annotations

import itertools

from twin.events.envelope import precedence
from twin.events.patients import EncounterFactCancelled, EncountersMerged, EncountersSwapped
from twin.state import folding
from twin.state.claims import Inserted, insert_fact
from twin.state.model import Encounter, EncounterFact, EncounterStatus
from twin.state.tables import Tables

_REFOLDING = (EncounterFactCancelled, EncountersSwapped, EncountersMerged)


def encounter_of(tables: Tables, encounter_id: str) -> Encounter:
    """Give the record of an encounter; made when somebody speaks of it for the first time."""
    encounter = tables.encounters.get(encounter_id)
    if encounter is None:
        encounter = tables.encounters[encounter_id] = Encounter(id=encounter_id)
    return encounter


def encounter_fact(tables: Tables, event: EncounterFact) -> None:
    """Keep a fact and what it comes to.

    A fact later than all others is folded on top; any other, and those that reach back or touch two encounters, make
    all encounters anew that are joined by swaps and merges.
    """
    encounter = tables.encounters.get(event.thing) or encounter_of(tables, event.thing)
    facts, index = encounter.facts, tables.index
    is_last = not facts or event.occurred_at > facts[-1].occurred_at
    if is_last:
        facts.append(event)
    else:
        stands = insert_fact(facts, event)
        if stands is Inserted.KNOWN:
            return
        is_last = stands is Inserted.LAST and not _meets_cancel(facts)
    if isinstance(event, _REFOLDING):
        _join(tables, event)
        _refold(tables, event.thing)
    elif encounter.merged_into or encounter.id in index.swap_links or encounter.id in index.merged_by_survivor:
        _refold(tables, event.thing)
    else:
        before = encounter.place, encounter.present, encounter.reserved
        if is_last:
            folding.step(encounter, event)
        else:
            folding.reset(encounter)
            folding.fold_alone(encounter)
        _follow(tables, encounter, before)


def _meets_cancel(facts: list[EncounterFact]) -> bool:
    """Tell whether a cancel carries the instant of the last fact: it may undo that fact though it sorts before it.

    Senders write whole seconds, so that several facts of one instant are nothing rare.
    """
    at = facts[-1].occurred_at
    same = itertools.takewhile(lambda fact: fact.occurred_at == at, reversed(facts))
    return any(isinstance(fact, EncounterFactCancelled) for fact in same)


def _join(tables: Tables, event: EncounterFact) -> None:
    if isinstance(event, EncountersSwapped):
        encounter_of(tables, event.other)
        tables.index.swap_links[event.thing].add(event.other)
        tables.index.swap_links[event.other].add(event.thing)
    elif isinstance(event, EncountersMerged):
        encounter_of(tables, event.into)
        tables.index.merging.add(event.thing)
        _merge_anew(tables)
    elif isinstance(event, EncounterFactCancelled) and event.cancels == EncountersMerged.__name__:
        _merge_anew(tables)


def merges_in_force(tables: Tables) -> list[EncountersMerged]:
    """Give the merges that were not cancelled, one per encounter, none closing a circle, in order of precedence."""
    found: list[EncountersMerged] = []
    for encounter_id in tables.index.merging:
        facts = folding.without_cancelled(tables.encounters[encounter_id].facts)
        found += [fact for fact in facts if isinstance(fact, EncountersMerged)][-1:]
    found.sort(key=precedence)
    survivor_of: dict[str, str] = {}
    accepted = []
    for merge in found:
        end = merge.into
        # merges accepted so far hold no circle, so this ends
        while end in survivor_of:
            end = survivor_of[end]
        # the earlier merge wins; the one that would close the circle counts as not said
        if end != merge.thing:
            survivor_of[merge.thing] = merge.into
            accepted.append(merge)
    return accepted


def _merge_anew(tables: Tables) -> None:
    before = {key: set(ids) for key, ids in tables.index.merged_by_survivor.items()}
    direct = {merge.thing: merge.into for merge in merges_in_force(tables)}
    tables.index.merged_by_survivor.clear()
    for encounter_id, end in direct.items():
        while end in direct:
            end = direct[end]
        tables.index.merged_by_survivor[end].add(encounter_id)
    touched: set[str] = set()
    for source in (before, tables.index.merged_by_survivor):
        for survivor, merged in source.items():
            if before.get(survivor, set()) != tables.index.merged_by_survivor.get(survivor, set()):
                touched |= {survivor} | merged
    for encounter_id in touched:
        tables.encounters[encounter_id].merged_into = ""
    for survivor, merged in tables.index.merged_by_survivor.items():
        for encounter_id in merged:
            tables.encounters[encounter_id].merged_into = survivor
    for encounter_id in touched:
        _refold(tables, encounter_id)


def _component(tables: Tables, start: str) -> dict[str, set[str]]:
    """Give all survivors joined with an encounter by swaps, each with the ids merged into it and its own."""
    index, encounters = tables.index, tables.encounters
    found: dict[str, set[str]] = {}
    waiting = [encounters[start].merged_into or start]
    while waiting:
        survivor = waiting.pop()
        if survivor in found:
            continue
        members = {survivor} | index.merged_by_survivor.get(survivor, set())
        found[survivor] = members
        for member in members:
            for other in index.swap_links.get(member, ()):
                waiting.append(encounters[other].merged_into or other)
    return found


def _refold(tables: Tables, start: str) -> None:
    component = _component(tables, start)
    touched = [tables.encounters[member] for members in component.values() for member in members]
    # the indices are brought in line with the difference: making them anew would cost the whole house
    before = {e.id: (e.place, e.present, e.reserved) for e in touched}
    for encounter in touched:
        folding.reset(encounter)
        if encounter.merged_into:
            encounter.status = EncounterStatus.MERGED
    survivors = {survivor: tables.encounters[survivor] for survivor in component}
    facts = {
        survivor: [fact for member in members for fact in tables.encounters[member].facts]
        for survivor, members in component.items()
    }
    survivor_of = {member: survivor for survivor, members in component.items() for member in members}
    folding.fold_together(survivors, facts, survivor_of)
    for encounter in touched:
        _follow(tables, encounter, before[encounter.id])


def _follow(tables: Tables, encounter: Encounter, before: tuple[str, str, str]) -> None:
    """Bring the indices by place in line with an encounter after folding."""
    index, key = tables.index, encounter.id
    after = (encounter.place, encounter.present, encounter.reserved)
    if before == after:
        return
    tables_by_place = (index.encounters_by_place, index.present_by_place, index.reserved_by_place)
    for table, old, new in zip(tables_by_place, before, after, strict=True):
        if old != new:
            if old:
                table[old].discard(key)
            if new:
                table[new].add(key)
