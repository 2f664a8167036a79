"""Entering, editing and retiring assets, and what hangs on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import networkx as nx
from sqlmodel import Session, col, select

from assets.model.regions import GONE, OperationalState, Regions, ReprocessingState
from assets.model.register import Asset, Relation, RelationKind
from assets.rules.relations import containment_cycle, impact_of
from assets.service.act import Act
from assets.service.availability import settle, tell
from assets.tables.register import asset_of_row, find_asset, load_asset, new_row, regions_of_row, write_entry
from assets.tables.rows import AssetRow, IdentifierRow, RelationRow
from twin.access import Permission
from twin.errors import Conflict, FieldProblem, ImportRefused, NotFound, Refused, StaleVersion
from twin.events.things import AssetRegistered, AssetRetired

FIRST_STATE = Regions(reprocessing=ReprocessingState.CLEAN)


def register_asset(session: Session, *, act: Act, asset: Asset, regions: Regions = FIRST_STATE) -> AssetRow:
    """Enter one asset; give its row.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who enters it; needs ``devices:write``.
    asset : Asset
        The entry.
    regions : Regions
        State to begin with.

    Raises
    ------
    Conflict
        If id, control number or plate is taken.
    """
    try:
        return register_assets(session, act=act, assets=[asset], regions=regions)[0]
    except ImportRefused as error:
        raise Conflict(error.problems[0].message, code="asset.duplicate") from error


def register_assets(
    session: Session, *, act: Act, assets: Sequence[Asset], regions: Regions = FIRST_STATE
) -> list[AssetRow]:
    """Enter assets, all or none.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who enters them; needs ``devices:write``.
    assets : Sequence[Asset]
        The entries.
    regions : Regions
        State to begin with.

    Raises
    ------
    ImportRefused
        If an id, control number, plate or mark is taken or double; every such row is named.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    _refuse_duplicates(session, assets)
    rows = [new_row(asset, regions=regions, at=act.now) for asset in assets]
    session.add_all(rows)
    marks = [IdentifierRow(kind=m.kind, value=m.value, asset=asset.id) for asset in assets for m in asset.identifiers]
    session.add_all(marks)
    session.flush()
    # The first state is settled before it is told: a handler may at once find an open notice that forbids use.
    changes = [settle(session, row, regions, at=act.now) for row in rows]
    act.ledger.append(session, [_registered(act, asset, row.version) for asset, row in zip(assets, rows, strict=True)])
    for changed in changes:
        if changed is not None:
            tell(session, act, changed)
    return rows


def edit_asset(session: Session, *, act: Act, asset: Asset, version: int) -> AssetRow:
    """Change a register entry.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who edits; needs ``devices:write``.
    asset : Asset
        The whole new entry.
    version : int
        Version that the editor saw.

    Raises
    ------
    StaleVersion
        If somebody changed it in the meantime.
    Refused
        If it would contain itself.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = load_asset(session, asset.id)
    if row.version != version:
        raise StaleVersion(expected=version, found=row.version)
    if asset.parent:
        _refuse_containment_cycle(session, asset.id, asset.parent)
    _refuse_duplicates(session, [asset], own=asset.id)
    # Deleted and flushed first: a mark that stays would collide with itself.
    for old in session.exec(select(IdentifierRow).where(col(IdentifierRow.asset) == asset.id)):
        session.delete(old)
    session.flush()
    session.add_all([IdentifierRow(kind=m.kind, value=m.value, asset=asset.id) for m in asset.identifiers])
    write_entry(row, asset)
    row.version += 1
    session.add(row)
    session.flush()
    act.ledger.append(session, [_registered(act, asset, row.version)])
    return row


def edit_assets(session: Session, *, act: Act, assets: Sequence[Asset]) -> None:
    """Change register entries, all or none, such as from a sheet; marks by which they are recognised stay.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who edits; needs ``devices:write``.
    assets : Sequence[Asset]
        Whole new entries of devices that are in the register, each once.

    Raises
    ------
    ImportRefused
        If a control number or plate is taken.
    Refused
        If one would contain itself.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    told = []
    for asset in assets:
        row = load_asset(session, asset.id)
        held = asset_of_row(row)
        if _keys_of(asset) != _keys_of(held):
            _refuse_duplicates(session, [asset], own=asset.id)
        if asset.parent and asset.parent != held.parent:
            _refuse_containment_cycle(session, asset.id, asset.parent)
        write_entry(row, replace(asset, identifiers=held.identifiers))
        row.version += 1
        session.add(row)
        # Written at once: the next entry must not take what this one has just taken.
        session.flush()
        told.append(_registered(act, asset, row.version))
    # One call for all: its handlers look at open safety notices, which a lot or a maker may bring into play.
    act.ledger.append(session, told)


def retire_asset(session: Session, *, act: Act, asset_id: str, reason: str) -> None:
    """Take an asset out of the register; its history stays.

    Raises
    ------
    Refused
        If it was retired already.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = load_asset(session, asset_id)
    state = OperationalState(row.operational)
    if state in GONE:
        raise Refused(f"{asset_id} is {state} already.", code="asset.retired")
    regions = regions_of_row(row)
    changed = settle(session, row, _retired(regions), at=act.now)
    head = {"occurred_at": act.now, "source": act.source, "actor": act.actor.id}
    act.ledger.append(session, [AssetRetired(thing=asset_id, source_key=f"{act.key}:retired", reason=reason, **head)])  # type: ignore[arg-type]  # head fields by name
    if changed is not None:
        tell(session, act, changed)


def _retired(regions: Regions) -> Regions:
    return Regions(
        operational=OperationalState.RETIRED,
        reprocessing=regions.reprocessing,
        custody=regions.custody,
        compliance=regions.compliance,
        status=regions.status,
    )


def relate(session: Session, *, act: Act, relation: Relation) -> None:
    """Note that one asset depends on another.

    Raises
    ------
    NotFound
        If one of them does not exist.
    Refused
        If an asset would become part of itself, or depend on itself.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    if relation.asset == relation.other:
        raise Refused(f"{relation.asset} cannot depend on itself.", code="asset.depends_on_itself")
    for asset_id in (relation.asset, relation.other):
        if find_asset(session, asset_id) is None:
            raise NotFound("asset", asset_id)
    if relation.kind is RelationKind.PART_OF:
        _refuse_containment_cycle(session, relation.asset, relation.other)
    session.merge(RelationRow(asset=relation.asset, other=relation.other, kind=relation.kind))
    session.flush()


def unrelate(session: Session, *, act: Act, relation: Relation) -> None:
    """Note that one asset depends on another no more.

    Raises
    ------
    NotFound
        If nobody has said that it does.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = session.get(RelationRow, (relation.asset, relation.other, relation.kind.value))
    if row is None:
        raise NotFound("relation", f"{relation.asset} {relation.kind} {relation.other}")
    session.delete(row)
    session.flush()


def relations_of(session: Session, *, asset_id: str) -> list[Relation]:
    """Give what an asset depends on, and what depends on it; containment by its entry is told as part of it."""
    load_asset(session, asset_id)
    rows = session.exec(
        select(RelationRow).where((col(RelationRow.asset) == asset_id) | (col(RelationRow.other) == asset_id))
    )
    found = {Relation(asset=row.asset, other=row.other, kind=RelationKind(row.kind)) for row in rows}
    held = select(AssetRow.id, AssetRow.parent).where(
        col(AssetRow.parent) != "", (col(AssetRow.id) == asset_id) | (col(AssetRow.parent) == asset_id)
    )
    found |= {Relation(asset=child, other=parent, kind=RelationKind.PART_OF) for child, parent in session.exec(held)}
    return sorted(found, key=lambda one: (one.kind, one.asset, one.other))


def impact(session: Session, *, asset_id: str) -> dict[str, tuple[str, ...]]:
    """Give which assets are hit if one fails, each with the chain that leads to it."""
    load_asset(session, asset_id)
    relations = [
        Relation(asset=row.asset, other=row.other, kind=RelationKind(row.kind))
        for row in session.exec(select(RelationRow))
    ]
    parts = session.exec(select(AssetRow.id, AssetRow.parent).where(col(AssetRow.parent) != ""))
    relations += [Relation(asset=child, other=parent, kind=RelationKind.PART_OF) for child, parent in parts]
    return impact_of(relations, asset_id)


def _refuse_containment_cycle(session: Session, asset_id: str, parent: str) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for child, other in session.exec(select(AssetRow.id, AssetRow.parent).where(col(AssetRow.parent) != "")):
        # The present parent of the asset is about to be replaced.
        if child != asset_id:
            graph.add_edge(child, other)
    for row in session.exec(select(RelationRow).where(col(RelationRow.kind) == RelationKind.PART_OF)):
        graph.add_edge(row.asset, row.other)
    chain = containment_cycle(graph, asset_id, parent)
    if chain:
        raise Refused(f"{asset_id} would contain itself: {' → '.join(chain)}.", code="asset.parent_cycle")


def _registered(act: Act, asset: Asset, version: int) -> AssetRegistered:
    return AssetRegistered(
        thing=asset.id,
        occurred_at=act.now,
        source=act.source,
        source_key=f"asset:{asset.id}:{version}:{act.key}",
        actor=act.actor.id,
        category=asset.category,
        name=asset.name,
        model=asset.model,
        home=asset.home,
        pool=asset.pool,
        gtin=asset.gtin,
        serial=asset.serial,
        is_mobile=asset.is_mobile,
        may_leave=asset.may_leave,
    )


def _refuse_duplicates(session: Session, assets: Sequence[Asset], *, own: str = "") -> None:
    problems: list[FieldProblem] = []
    seen: dict[tuple[str, ...], str] = {}
    for number, asset in enumerate(assets, start=1):
        for key in _keys_of(asset):
            holder = seen.get(key) or _holder(session, key, own)
            if holder:
                problems.append(
                    FieldProblem(
                        field=key[0],
                        place=f"row {number}",
                        message=f"{'/'.join(key[1:])} is taken by {holder}.",
                        cure="Give another one, or merge the two entries.",
                    )
                )
            seen[key] = asset.id
    if problems:
        raise ImportRefused("assets", problems)


def _keys_of(asset: Asset) -> list[tuple[str, ...]]:
    keys: list[tuple[str, ...]] = [("id", asset.id), ("control_no", asset.control_no)]
    if asset.serial:
        keys.append(("serial", asset.manufacturer, asset.model, asset.serial))
    return keys + [("identifiers", mark.kind.value, mark.value) for mark in asset.identifiers]


def _holder(session: Session, key: tuple[str, ...], own: str) -> str:
    if key[0] == "id":
        return key[1] if key[1] != own and find_asset(session, key[1]) is not None else ""
    if key[0] == "identifiers":
        mark = session.get(IdentifierRow, (key[1], key[2]))
        return mark.asset if mark is not None and mark.asset != own else ""
    query = select(AssetRow.id)
    if key[0] == "control_no":
        query = query.where(col(AssetRow.control_no) == key[1])
    else:
        query = query.where(
            col(AssetRow.manufacturer) == key[1], col(AssetRow.model) == key[2], col(AssetRow.serial) == key[3]
        )
    return session.exec(query.where(col(AssetRow.id) != own)).first() or ""


def entry_of(session: Session, asset_id: str) -> Asset:
    """Give the register entry of an asset."""
    return asset_of_row(load_asset(session, asset_id))
