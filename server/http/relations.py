"""What hangs on what over HTTP: relations between devices, and whom a failure hits."""

from __future__ import annotations

import msgspec
from sqlmodel import Session

from assets.model.register import Relation, RelationKind
from assets.service import register
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.asset_bodies import Key
from server.http.assets import act_of
from twin.access import Permission

router = Router("/v1", tag="devices")


class RelationTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """On which other device a device depends, and how."""

    other: Key
    kind: RelationKind


class RelationList(msgspec.Struct, frozen=True, kw_only=True):
    """Relations of one device: those in which it is ``asset`` depend on ``other``, and the other way round."""

    relations: list[Relation]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A device that a failure hits; ``chain`` leads from the failed one to it, both included."""

    asset: str
    chain: list[str]


class ImpactShown(msgspec.Struct, frozen=True, kw_only=True):
    """Every device that is hit if one fails, by id."""

    asset: str
    hits: list[Hit]


@router.get("/assets/{asset}/relations", permission=Permission.DEVICES_READ, gives=RelationList)
def list_relations(call: CallDep, asset: PathText) -> RelationList:
    """Give what a device depends on, and what depends on it."""
    with call.hospital.read() as session:
        return RelationList(relations=register.relations_of(session, asset_id=asset))


@router.post(
    "/assets/{asset}/relations",
    permission=Permission.DEVICES_WRITE,
    takes=RelationTold,
    gives=RelationList,
    status=201,
)
async def relate(call: CallDep, asset: PathText) -> RelationList:
    """Note that a device is part of, powered by, networked to, an accessory of or a backup of another."""
    told, act = call.read(RelationTold), act_of(call)
    relation = Relation(asset=asset, other=told.other, kind=told.kind)

    def use_case(session: Session) -> RelationList:
        register.relate(session, act=act, relation=relation)
        return RelationList(relations=register.relations_of(session, asset_id=asset))

    return await call.hospital.write(use_case)


@router.delete("/assets/{asset}/relations/{kind}/{other}", permission=Permission.DEVICES_WRITE, status=204)
async def unrelate(call: CallDep, asset: PathText, kind: RelationKind, other: PathText) -> None:
    """Note that a device depends on another no more."""
    act, relation = act_of(call), Relation(asset=asset, other=other, kind=kind)
    await call.hospital.write(lambda session: register.unrelate(session, act=act, relation=relation))


@router.get("/assets/{asset}/impact", permission=Permission.DEVICES_READ, gives=ImpactShown)
def read_impact(call: CallDep, asset: PathText) -> ImpactShown:
    """Give every device that is hit if this one fails, with the chain that leads to it."""
    with call.hospital.read() as session:
        found = register.impact(session, asset_id=asset)
    return ImpactShown(asset=asset, hits=[Hit(asset=hit, chain=list(chain)) for hit, chain in found.items()])
