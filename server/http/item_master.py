"""The item master over HTTP: entries that are probably one item, and making them one."""

from __future__ import annotations

import msgspec

from inventory.model.merging import MergeRecord
from inventory.model.movements import Command
from inventory.rules.duplicates import Likeness
from inventory.service import merging, unmerging
from inventory.tables.catalogue import every_item
from inventory.tables.unmerging import list_merges
from server.doors.context import CallDep
from server.doors.pages import Limit, PathText, Text
from server.doors.router import Router
from server.http.commanding import command_id
from server.http.inventory_bodies import Key, instant
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


class PastMerge(msgspec.Struct, frozen=True, kw_only=True):
    """A merge that was made; ``undone_at`` is empty while it holds."""

    id: str
    keep: str
    drop: str
    merged_at: str
    merged_by: str
    undone_at: str
    undone_by: str


class PastMergeList(msgspec.Struct, frozen=True, kw_only=True):
    """Merges, the latest first."""

    merges: list[PastMerge]


class UndoingTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether taking the merge back is only looked at."""

    is_dry_run: bool = False


class UndoingView(msgspec.Struct, frozen=True, kw_only=True):
    """What taking a merge back does, or would do: units that come back, and units that were spent meanwhile."""

    merge: PastMerge
    is_done: bool
    obstacles: list[str]
    quantity: int
    spent: int


def _past(record: MergeRecord) -> PastMerge:
    return PastMerge(
        id=record.id,
        keep=record.keep,
        drop=record.drop,
        merged_at=instant(record.merged_at),
        merged_by=record.merged_by,
        undone_at=instant(record.undone_at),
        undone_by=record.undone_by,
    )


def _undoing(found: unmerging.Undoing, *, is_done: bool) -> UndoingView:
    return UndoingView(
        merge=_past(found.record),
        is_done=is_done,
        obstacles=list(found.obstacles),
        quantity=found.quantity,
        spent=found.spent,
    )


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


@router.get("/items-merges", permission=Permission.STOCK_READ, gives=PastMergeList)
def list_item_merges(call: CallDep, limit: Limit = 200) -> PastMergeList:
    """List merges of entries, those that were taken back as well."""
    with call.hospital.read() as session:
        return PastMergeList(merges=[_past(record) for record in list_merges(session, limit=limit)])


@router.post("/items-merges/{merge}/undoing", permission=Permission.STOCK_PLAN, takes=UndoingTold, gives=UndoingView)
async def undo_item_merge(call: CallDep, merge: PathText) -> UndoingView:
    """Make two entries of one again, or with ``is_dry_run`` say what that would do."""
    told = call.read(UndoingTold)
    if told.is_dry_run:
        with call.hospital.read() as session:
            return _undoing(unmerging.look_at_undoing(session, merge), is_done=False)
    command = Command(id=command_id(call), actor=call.actor.id, occurred_at=call.now, recorded_at=call.now)
    ledger = call.hospital.ledger
    done = await call.hospital.write(
        lambda session: unmerging.undo_merge(session, ledger=ledger, command=command, merge=merge)
    )
    return _undoing(done, is_done=True)
