"""Entries of the item master that are probably one item, and what making them one would do."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.merging import MergeRecord
from inventory.rules.duplicates import Candidate
from inventory.service.merging import Outlook, candidates, look_at_merge
from inventory.tables.catalogue import every_item, load_item
from inventory.tables.unmerging import list_merges

MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two entries with their names and what they share."""

    candidate: Candidate
    first_name: str
    second_name: str


def pairs(session: Session) -> list[Pair]:
    """Give pairs that are probably one item, the surest first."""
    items = every_item(session)
    names = {str(item.id): item.name for item in items}
    return [
        Pair(candidate=each, first_name=names[each.first], second_name=names[each.second])
        for each in candidates(session, items, limit=MOST)
    ]


def outlook(session: Session, keep: str, drop: str) -> Outlook:
    """Say what a merge would do."""
    return look_at_merge(session, keep=keep, drop=drop)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMerge:
    """A merge that holds, with the names of both entries."""

    record: MergeRecord
    keep_name: str
    drop_name: str


def past_merges(session: Session) -> list[PastMerge]:
    """Give the merges that hold, the latest first."""
    held = [record for record in list_merges(session, limit=MOST) if not record.undone_at]
    names = {key: load_item(session, key).name for key in {key for one in held for key in (one.keep, one.drop)}}
    return [PastMerge(record=one, keep_name=names[one.keep], drop_name=names[one.drop]) for one in held]
