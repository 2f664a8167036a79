"""What each place holds and should hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dash_app.queries.names import place_name
from twin.state.live import LiveState
from twin.state.model import VIRTUAL_STOCK_PLACES, StockLine


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRow:
    """One item at one place; quantities in base units, instants in UTC microseconds, 0 if none.

    Parameters
    ----------
    usable : int
        What of the quantity may be handed out.
    state_code : str
        ``out``, ``low``, ``below_par`` or ``enough``; ``unplanned`` without a par level. By what may be handed out: a
        shelf full of recalled lots is an empty shelf.
    """

    place: str
    place_name: str
    item: str
    quantity: int
    usable: int
    lots: int
    par_level: int
    reorder_point: int
    moved_at: int
    stockout_at: int
    stockout_probability: float
    state_code: str


def lines(state: LiveState) -> list[StockLine]:
    """Give the stock lines of real places."""
    return [line for line in tuple(state.stock.values()) if line.place not in VIRTUAL_STOCK_PLACES]


def is_out_by(line: StockLine, now: int, end: int) -> bool:
    """Tell whether a line is expected to run out from ``now`` until before ``end``, UTC microseconds."""
    return line.predicted is not None and now <= line.predicted.expected_at < end


def state_code(line: StockLine, usable: int | None = None) -> str:
    """Give ``out``, ``low``, ``below_par`` or ``enough``; ``unplanned`` without a par level.

    Parameters
    ----------
    line : StockLine
        What lies there.
    usable : int, optional
        What of it may be handed out; all of it by default.
    """
    quantity = line.quantity if usable is None else usable
    if line.par is None:
        return "unplanned"
    if quantity <= 0:
        return "out"
    if line.par.par_level > 0 and quantity <= line.par.reorder_point:
        return "low"
    return "below_par" if quantity < line.par.par_level else "enough"


_ORDER = ("out", "low", "below_par", "unplanned", "enough")


def rows(
    state: LiveState,
    *,
    place: str = "",
    item: str = "",
    code: str = "",
    chinese: bool = False,
    apart: Mapping[tuple[str, str], int] | None = None,
) -> list[StockRow]:
    """Give the stock lines of real places, the emptiest first.

    Parameters
    ----------
    state : LiveState
        The hospital.
    place, item, code : str, optional
        Only this place, only this item, only this state; empty for all.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    apart : Mapping[tuple[str, str], int], optional
        What of the quantity may not be handed out, by place and item; nothing by default.
    """
    held = apart or {}
    found = [
        StockRow(
            place=line.place,
            place_name=place_name(state, line.place, chinese=chinese),
            item=line.item,
            quantity=line.quantity,
            usable=line.quantity - held.get((line.place, line.item), 0),
            lots=len(line.lots),
            par_level=line.par.par_level if line.par is not None else 0,
            reorder_point=line.par.reorder_point if line.par is not None else 0,
            moved_at=line.moved_at,
            stockout_at=line.predicted.expected_at if line.predicted is not None else 0,
            stockout_probability=line.predicted.probability if line.predicted is not None else 0.0,
            state_code=state_code(line, line.quantity - held.get((line.place, line.item), 0)),
        )
        for line in lines(state)
    ]
    shown = [
        row for row in found if place in {"", row.place} and item in {"", row.item} and code in {"", row.state_code}
    ]
    return sorted(shown, key=lambda row: (_ORDER.index(row.state_code), row.place_name, row.item))


def item_ids(state: LiveState) -> list[str]:
    """Give the ids of the items that some real place holds, in order."""
    return sorted({line.item for line in lines(state)})


def places(state: LiveState, *, chinese: bool = False) -> list[tuple[str, str]]:
    """Give the places that hold stock: id and name, by name."""
    ids = {line.place for line in lines(state)}
    return sorted(((key, place_name(state, key, chinese=chinese)) for key in ids), key=lambda pair: (pair[1], pair[0]))
