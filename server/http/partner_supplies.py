"""Supplies as other systems tell them: figures of cabinets beside ours, entries of item masters to decide on."""

from __future__ import annotations

from typing import Annotated

import msgspec

from interop.service.supplies import Proposal
from server.doors.context import Call, CallDep
from server.doors.router import Router
from server.http.views import instant
from server.supplying import SERVICE, Compared, SupplyDesk
from twin.access import Permission

router = Router("/v1/interfaces", tag="interfaces")

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class FigureShown(msgspec.Struct, frozen=True, kw_only=True):
    """What another system says that a place holds, and what our ledger says; ``difference`` is theirs less ours."""

    source: str
    place: str
    item: str
    lot: str
    quantity: int
    ours: int
    difference: int
    expires_at: str
    told_at: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of other systems, the largest differences first."""

    figures: list[FigureShown]


class ProposalShown(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of another system's item master that waits for a decision."""

    source: str
    code: str
    name: str
    category: str
    maker: str
    catalogue_number: str
    action: str
    told_at: str


class Proposals(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that wait, the latest first."""

    proposals: list[ProposalShown]


class DecisionTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which entry is decided on."""

    source: Key
    code: Key


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The item that an entry became; empty for one that only takes away."""

    item: str


def _desk(call: Call) -> SupplyDesk:
    held = call.hospital.services.get(SERVICE)
    return held if isinstance(held, SupplyDesk) else SupplyDesk(call.hospital)


def _figure(one: Compared) -> FigureShown:
    told = one.figure
    return FigureShown(
        source=told.source,
        place=told.place,
        item=told.item,
        lot=told.lot,
        quantity=told.quantity,
        ours=one.ours,
        difference=one.difference,
        expires_at=instant(told.expires_at),
        told_at=instant(told.told_at),
    )


def _proposal(one: Proposal) -> ProposalShown:
    return ProposalShown(
        source=one.source,
        code=one.code,
        name=one.name,
        category=one.category,
        maker=one.maker,
        catalogue_number=one.catalogue_number,
        action=one.action,
        told_at=instant(one.told_at),
    )


@router.get("/stock-figures", permission=Permission.STOCK_READ, gives=Figures)
def list_figures(call: CallDep) -> Figures:
    """Give what cabinets and other systems say that places hold, beside our own stock."""
    return Figures(figures=[_figure(one) for one in _desk(call).compared()])


@router.get("/item-proposals", permission=Permission.STOCK_READ, gives=Proposals)
def list_proposals(call: CallDep) -> Proposals:
    """Give the entries of other systems' item masters that wait for a decision."""
    return Proposals(proposals=[_proposal(one) for one in _desk(call).proposals()])


@router.post("/item-proposals/accept", permission=Permission.STOCK_PLAN, takes=DecisionTold, gives=Accepted)
def accept_proposal(call: CallDep) -> Accepted:
    """Take an entry into the catalogue, marked as to be reviewed."""
    told = call.read(DecisionTold)
    return Accepted(item=_desk(call).accept(told.source, told.code, actor=call.actor.id))


@router.post("/item-proposals/decline", permission=Permission.STOCK_PLAN, takes=DecisionTold, status=204)
def decline_proposal(call: CallDep) -> None:
    """Leave an entry out of the catalogue."""
    told = call.read(DecisionTold)
    _desk(call).decline(told.source, told.code, actor=call.actor.id)
