"""Tags: where readers see them, to what they are fixed, and so where their bearers are."""

from __future__ import annotations

from twin.events.envelope import precedence
from twin.events.things import (
    BearerKind,
    BinEmptied,
    PortalCrossed,
    TagBound,
    TagLost,
    TagUnbound,
    ZoneChanged,
    ZoneConfirmed,
)
from twin.state.claims import Inserted, hold, insert_fact, is_newer
from twin.state.model import Tag, zone_of
from twin.state.reducers.things import place_asset
from twin.state.tables import Tables


def tag_of(tables: Tables, tag_id: str) -> Tag:
    """Give the record of a tag; made when somebody speaks of it for the first time."""
    tag = tables.tags.get(tag_id)
    if tag is None:
        tag = tables.tags[tag_id] = Tag(id=tag_id)
    return tag


def zone_confirmed(tables: Tables, event: ZoneConfirmed) -> None:
    """Keep that a tag is still in its zone."""
    tag = tables.tags.get(event.thing) or tag_of(tables, event.thing)
    if is_newer(event, tag.sighting):
        tag.sighting = event
        bindings = tag.bindings
        if bindings:
            locate_bearer(tables, tag, bindings[-1])


def zone_changed(tables: Tables, event: ZoneChanged | PortalCrossed) -> None:
    """Keep the zone of a tag and since when it is there."""
    tag = tables.tags.get(event.thing) or tag_of(tables, event.thing)
    if is_newer(event, tag.entered):
        tag.entered = event
    if is_newer(event, tag.sighting):
        tag.sighting = event
        bindings = tag.bindings
        if bindings:
            locate_bearer(tables, tag, bindings[-1])


def tag_lost(tables: Tables, event: TagLost) -> None:
    """Keep that no reader sees a tag."""
    tag = tag_of(tables, event.thing)
    if is_newer(event, tag.lost):
        tag.lost = event


def tag_binding(tables: Tables, event: TagBound | TagUnbound) -> None:
    """Keep to what a tag is fixed from an instant on, and locate both bearers anew."""
    tag = tag_of(tables, event.thing)
    before = tag.bound
    if isinstance(event, TagBound):
        tables.index.tags_by_bearer[event.bearer_kind][event.bearer].add(event.thing)
    if insert_fact(tag.bindings, event) is not Inserted.LAST:
        return
    if before is not None:
        set_zone(tables, before.bearer_kind, before.bearer, observed_zone(tables, before.bearer_kind, before.bearer))
    locate_bearer(tables, tag, event)


def locate_bearer(tables: Tables, tag: Tag, bound: TagBound | TagUnbound) -> None:
    """Bring the zone of a tag's bearer in line with what its tags say."""
    if isinstance(bound, TagUnbound):
        return
    kind, bearer = bound.bearer_kind, bound.bearer
    if len(tables.index.tags_by_bearer[kind][bearer]) == 1:
        sighting = tag.sighting
        zone = "" if sighting is None or sighting.occurred_at < bound.occurred_at else zone_of(sighting)
    else:
        zone = observed_zone(tables, kind, bearer)
    if tables.index.zone_by_bearer[kind].get(bearer, "") != zone:
        set_zone(tables, kind, bearer, zone)


def observed_zone(tables: Tables, kind: BearerKind, bearer: str) -> str:
    """Give the zone where any of a bearer's present tags was seen last since it bears it; empty if none was."""
    best = None
    for tag_id in tables.index.tags_by_bearer[kind].get(bearer, ()):
        tag = tables.tags[tag_id]
        bound, sighting = tag.bound, tag.sighting
        if bound is None or bound.bearer != bearer or bound.bearer_kind != kind or sighting is None:
            continue
        if sighting.occurred_at >= bound.occurred_at and (best is None or precedence(sighting) > precedence(best)):
            best = sighting
    return zone_of(best) if best is not None else ""


def set_zone(tables: Tables, kind: BearerKind, bearer: str, zone: str) -> None:
    """Put a bearer into a zone in all indices; the empty zone takes it out."""
    index = tables.index
    zones = index.zone_by_bearer[kind]
    before = zones.get(bearer, "")
    if before == zone:
        return
    if zone:
        zones[bearer] = zone
    else:
        del zones[bearer]
    members = index.bearers_by_zone[kind]
    if before:
        members[before].discard(bearer)
    if zone:
        members[zone].add(bearer)
    if kind is BearerKind.ASSET:
        slot = index.asset_slot.get(bearer)
        if slot is not None and zone:
            places = index.assets_by_category[slot[0]]
            places[slot[1]].discard(bearer)
            places[zone].add(bearer)
            index.asset_slot[bearer] = (slot[0], zone)
        else:
            place_asset(tables, bearer)


def bin_emptied(tables: Tables, event: BinEmptied) -> None:
    """Keep when a bin was last put to the empty position."""
    hold(tables.bins, event.thing, event)
