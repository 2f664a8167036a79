"""The item master over HTTP: entries that are probably one item, and making them one."""

from __future__ import annotations

import msgspec

from inventory.model.movements import Command
from inventory.rules.duplicates import Likeness
from inventory.service import merging
from inventory.tables.catalogue import every_item
from server.doors.context import CallDep
from server.doors.pages import Limit, Text
from server.doors.router import Router
from server.http.commanding import command_id
from server.http.inventory_bodies import Key
from twin.access import Permission

router = Router("/v1", tag="stock")


class DuplicateView(msgspec.Struct, frozen=True, kw_only=True):
    """Two entries that are probably one item, and what they share."""

    first: str
    first_name: str
    second: str
    second_name: str
    why: Likeness
    score: float


class DuplicateList(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs, the surest first."""

    duplicates: list[DuplicateView]


class MergeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The entry that stays and the one that goes; ``is_dry_run`` only looks."""

    keep: Key
    drop: Key
    is_dry_run: bool = False


class MergeView(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge does, or would do; ``obstacles`` names what forbids it."""

    keep: str
    keep_name: str
    drop: str
    drop_name: str
    is_done: bool
    obstacles: list[str]
    packages: int
    lots: int
    on_hand: int
    places: list[str]
    par_places: list[str]
    par_conflicts: list[str]
    substitutes: int
    supplies: int
    open_orders: int


def merge_view(found: merging.Outlook, *, is_done: bool) -> MergeView:
    """Give what a merge does as the API shows it."""
    return MergeView(
        keep=found.keep.id,
        keep_name=found.keep.name,
        drop=found.drop.id,
        drop_name=found.drop.name,
        is_done=is_done,
        obstacles=list(found.obstacles),
        packages=found.standing.packages,
        lots=found.lots,
        on_hand=found.on_hand,
        places=list(found.standing.places),
        par_places=list(found.standing.par_places),
        par_conflicts=list(found.par_conflicts),
        substitutes=found.standing.substitutes,
        supplies=found.standing.supplies,
        open_orders=found.standing.open_orders,
    )


@router.get("/items-duplicates", permission=Permission.STOCK_READ, gives=DuplicateList)
def list_item_duplicates(call: CallDep, limit: Limit = 200, item: Text = "") -> DuplicateList:
    """List entries that are probably one item, by code, supplier's number or name."""
    with call.hospital.read() as session:
        items = every_item(session)
        found = merging.candidates(session, items, limit=100_000 if item else limit)
    names = {str(each.id): each.name for each in items}
    shown = [each for each in found if not item or item in (each.first, each.second)][:limit]
    return DuplicateList(
        duplicates=[
            DuplicateView(
                first=each.first,
                first_name=names[each.first],
                second=each.second,
                second_name=names[each.second],
                why=each.why,
                score=round(each.score, 3),
            )
            for each in shown
        ]
    )


@router.post("/items-duplicates/merge", permission=Permission.STOCK_PLAN, takes=MergeTold, gives=MergeView)
async def merge_two_items(call: CallDep) -> MergeView:
    """Make two entries one, or with ``is_dry_run`` say what that would do."""
    told = call.read(MergeTold)
    if told.is_dry_run:
        with call.hospital.read() as session:
            return merge_view(merging.look_at_merge(session, keep=told.keep, drop=told.drop), is_done=False)
    command = Command(id=command_id(call), actor=call.actor.id, occurred_at=call.now, recorded_at=call.now)
    ledger = call.hospital.ledger
    done = await call.hospital.write(
        lambda session: merging.merge_items(session, ledger=ledger, command=command, keep=told.keep, drop=told.drop)
    )
    return merge_view(done, is_done=True)
