"""What a merge of two entries of the item master has done, so that it can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Row = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Goods that went over: base units of an owner at a place, of a lot of the entry that went."""

    place: str
    lot: str
    owner: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRecord:
    """One merge.

    Parameters
    ----------
    id : str
        The command's.
    keep, drop : str
        Ids of the entry that stayed and the one that went.
    merged_at : int
        UTC microseconds.
    merged_by : str
        Who merged.
    lot_of : Mapping[str, str]
        Lot of the entry that stayed by the lot of the one that went.
    shared_lots : Sequence[str]
        Lots that both had already: of the entry that stayed.
    stock : Sequence[Moved]
        What went over.
    serials : Sequence[str]
        Pieces that went over.
    rows : Mapping[str, Sequence[Row]]
        Rows of both entries before the merge, by table.
    followers : Sequence[str]
        Entries that had been merged into the one that went.
    undone_at : int
        UTC microseconds; 0 while it holds.
    undone_by : str
        Who took it back.
    """

    id: str
    keep: str
    drop: str
    merged_at: int
    merged_by: str
    lot_of: Mapping[str, str] = field(default_factory=dict)
    shared_lots: Sequence[str] = ()
    stock: Sequence[Moved] = ()
    serials: Sequence[str] = ()
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    followers: Sequence[str] = ()
    undone_at: int = 0
    undone_by: str = ""
