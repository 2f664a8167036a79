"""The indices of a live state made anew from its tables: after a snapshot, and to check those kept up to date."""

from __future__ import annotations

from twin.events.patients import EncountersMerged, EncountersSwapped
from twin.events.things import BearerKind, TagBound
from twin.state.model import TicketStatus
from twin.state.reducers.queues import off_queue_entry
from twin.state.reducers.supply import watch
from twin.state.reducers.tags import observed_zone
from twin.state.reducers.things import place_asset
from twin.state.tables import Index, Tables


def build_index(tables: Tables) -> Index:
    """Give the indices that belong to the tables; theirs are replaced on the way."""
    tables.index = index = Index()
    for place in tables.places.values():
        index.children[place.parent].add(place.thing)
    _index_tags(tables)
    for asset_id in tables.assets:
        if asset_id not in index.asset_slot:
            place_asset(tables, asset_id)
    _index_encounters(tables)
    for ticket in tables.tickets.values():
        if ticket.status is TicketStatus.WAITING:
            index.queues[ticket.service_point].append((-ticket.priority, ticket.joined_at, ticket.id))
        off = off_queue_entry(ticket)
        if off is not None:
            index.off_queue[off[0]].append(off[1])
    for queue in index.queues.values():
        queue.sort()
    for entries in index.off_queue.values():
        entries.sort()
    index.open_tasks = {task.id for task in tables.tasks.values() if task.is_open}
    index.active_alarms = {alarm.id for alarm in tables.alarms.values() if alarm.is_active}
    for line in tables.stock.values():
        index.stock_by_place[line.place][line.item] = line
        index.stock_by_item[line.item][line.place] = line
        if line.par is not None:
            watch(tables, line)
    return index


def _index_tags(tables: Tables) -> None:
    index = tables.index
    for tag in tables.tags.values():
        for binding in tag.bindings:
            if isinstance(binding, TagBound):
                index.tags_by_bearer[binding.bearer_kind][binding.bearer].add(tag.id)
    for kind, tags_by_bearer in index.tags_by_bearer.items():
        zones, members = index.zone_by_bearer[kind], index.bearers_by_zone[kind]
        for bearer in tags_by_bearer:
            zone = observed_zone(tables, kind, bearer)
            if kind is BearerKind.ASSET:
                place_asset(tables, bearer, zone)
            elif zone:
                zones[bearer] = zone
                members[zone].add(bearer)


def _index_encounters(tables: Tables) -> None:
    index = tables.index
    for encounter in tables.encounters.values():
        if encounter.place:
            index.encounters_by_place[encounter.place].add(encounter.id)
        if encounter.present:
            index.present_by_place[encounter.present].add(encounter.id)
        if encounter.reserved:
            index.reserved_by_place[encounter.reserved].add(encounter.id)
        if encounter.merged_into:
            index.merged_by_survivor[encounter.merged_into].add(encounter.id)
        for fact in encounter.facts:
            if isinstance(fact, EncountersSwapped):
                index.swap_links[fact.thing].add(fact.other)
                index.swap_links[fact.other].add(fact.thing)
            elif isinstance(fact, EncountersMerged):
                index.merging.add(encounter.id)
