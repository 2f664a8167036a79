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
from twin.state.tables import Index, Tables


def tag_of(tables: Tables, tag_id: str) -> Tag:
    """Give the record of a tag; made when somebody speaks of it for the first time."""
    tag = tables.tags.get(tag_id)
    if tag is None:
        tag = tables.tags[tag_id] = Tag(id=tag_id)
    return tag


def zone_confirmed(tables: Tables, event: ZoneConfirmed) -> None:
    """Keep that a tag is still in its zone."""
    tag = tables.tags.get(event.thing) or tag_of(tables, event.thing)
    held = tag.sighting
    if held is not None:
        if event.occurred_at <= held.occurred_at and not is_newer(event, held):
            return
        tag.sighting = event
        # The common case, told early: nothing but the age changes.
        if tag.is_settled and held.__class__ is not PortalCrossed and held.zone == event.zone:  # type: ignore[union-attr]
            return
    else:
        tag.sighting = event
    _follow(tables, tag, event.zone, event.occurred_at)


def zone_changed(tables: Tables, event: ZoneChanged) -> None:
    """Keep the zone of a tag and since when it is there."""
    tag = tables.tags.get(event.thing) or tag_of(tables, event.thing)
    at, entered, held = event.occurred_at, tag.entered, tag.sighting
    if entered is None or at > entered.occurred_at or is_newer(event, entered):
        tag.entered = event
    if held is None or at > held.occurred_at or is_newer(event, held):
        tag.sighting = event
        _follow(tables, tag, event.zone, at)


def portal_crossed(tables: Tables, event: PortalCrossed) -> None:
    """Keep the zone into which a tag was carried through a portal, and since when it is there."""
    tag = tag_of(tables, event.thing)
    if is_newer(event, tag.entered):
        tag.entered = event
    if is_newer(event, tag.sighting):
        tag.sighting = event
        _follow(tables, tag, event.to_zone, event.occurred_at)


def _follow(tables: Tables, tag: Tag, zone: str, at: int) -> None:
    """Bring the bearer of a tag that was just seen in line; nearly all are assets that bear this one tag only."""
    bindings = tag.bindings
    if not bindings:
        return
    bound = bindings[-1]
    # the way of nearly every sighting, hence by class and without further calls
    if bound.__class__ is TagBound and zone and not tag.is_shared and at >= bound.occurred_at:
        bearer = bound.bearer
        slot = tables.index.asset_slot.get(bearer)
        if slot is not None and bound.bearer_kind is BearerKind.ASSET:
            tag.is_settled = True
            if slot[2] != zone:
                _move_asset(tables.index, bearer, slot, zone)
            return
    locate_bearer(tables, tag, bound)


def _move_asset(index: Index, asset: str, slot: tuple[str, str, str], zone: str) -> None:
    category, before, _ = slot
    if before != zone:
        places = index.assets_by_category[category]
        places[before].discard(asset)
        places[zone].add(asset)
    index.asset_slot[asset] = (category, zone, zone)


def tag_lost(tables: Tables, event: TagLost) -> None:
    """Keep that no reader sees a tag."""
    tag = tag_of(tables, event.thing)
    if is_newer(event, tag.lost):
        tag.lost = event


def tag_binding(tables: Tables, event: TagBound | TagUnbound) -> None:
    """Keep to what a tag is fixed from an instant on, and locate both bearers anew."""
    tag = tag_of(tables, event.thing)
    # what is settled rests on the binding, which may change now
    tag.is_settled = False
    before = tag.bound
    if isinstance(event, TagBound):
        tags = tables.index.tags_by_bearer[event.bearer_kind][event.bearer]
        tags.add(event.thing)
        # never taken back, which costs no more than a look at the other tags
        if len(tags) > 1:
            for tag_id in tags:
                _share(tag_of(tables, tag_id))
    # a new list, since an image of the state may hold this one while it is written; bindings are few and rare
    bindings = tag.bindings.copy()
    inserted = insert_fact(bindings, event)
    tag.bindings = bindings
    if inserted is not Inserted.LAST:
        return
    if before is not None:
        set_zone(tables, before.bearer_kind, before.bearer, observed_zone(tables, before.bearer_kind, before.bearer))
    locate_bearer(tables, tag, event)


def _share(tag: Tag) -> None:
    tag.is_shared, tag.is_settled = True, False


def locate_bearer(tables: Tables, tag: Tag, bound: TagBound | TagUnbound) -> None:
    """Bring the zone of a tag's bearer in line with what its tags say."""
    if not isinstance(bound, TagBound):
        return
    if tag.is_shared:
        zone = observed_zone(tables, bound.bearer_kind, bound.bearer)
    else:
        sighting = tag.sighting
        if sighting is None or sighting.occurred_at < bound.occurred_at:
            zone = ""
        else:
            tag.is_settled = True
            zone = sighting.to_zone if sighting.__class__ is PortalCrossed else sighting.zone  # type: ignore[union-attr]
    set_zone(tables, bound.bearer_kind, bound.bearer, zone)


def latest_tag(tables: Tables, kind: BearerKind, bearer: str) -> Tag | None:
    """Give that of a bearer's present tags which was seen last since it bears it; None if none was."""
    best: Tag | None = None
    for tag_id in tables.index.tags_by_bearer[kind].get(bearer, ()):
        tag = tables.tags[tag_id]
        bound, sighting = tag.bound, tag.sighting
        if bound is None or bound.bearer != bearer or bound.bearer_kind != kind or sighting is None:
            continue
        if sighting.occurred_at < bound.occurred_at:
            continue  # it was seen on whatever bore it before
        if best is None or best.sighting is None or precedence(sighting) > precedence(best.sighting):
            best = tag
    return best


def observed_zone(tables: Tables, kind: BearerKind, bearer: str) -> str:
    """Give the zone where any of a bearer's present tags was seen last since it bears it; empty if none was."""
    tag = latest_tag(tables, kind, bearer)
    return zone_of(tag.sighting) if tag is not None and tag.sighting is not None else ""


def set_zone(tables: Tables, kind: BearerKind, bearer: str, zone: str) -> None:
    """Put a bearer into a zone in all indices; the empty zone takes it out."""
    index = tables.index
    if kind is BearerKind.ASSET:
        slot = index.asset_slot.get(bearer)
        if slot is None or not zone:
            if zone or slot is not None:
                place_asset(tables, bearer, zone)
        elif slot[2] != zone:
            _move_asset(index, bearer, slot, zone)
        return
    zones, members = index.zone_by_bearer[kind], index.bearers_by_zone[kind]
    before = zones.pop(bearer, "")
    if before:
        members[before].discard(bearer)
    if zone:
        zones[bearer] = zone
        members[zone].add(bearer)


def bin_emptied(tables: Tables, event: BinEmptied) -> None:
    """Keep when a bin was last put to the empty position."""
    hold(tables.bins, event.thing, event)
