"""Stock: sums by place, item and lot, which no order of arrival changes; par levels and predictions as registers."""

from __future__ import annotations

from twin.events.supply import ParLevelSet, StockMoved, StockoutPredicted
from twin.state.claims import is_newer
from twin.state.model import VIRTUAL_STOCK_PLACES, StockLine
from twin.state.tables import Tables


def line_of(tables: Tables, place: str, item: str) -> StockLine:
    """Give the stock of an item at a place; made when it is named for the first time."""
    line = tables.stock.get((place, item))
    if line is None:
        line = tables.stock[place, item] = StockLine(place=place, item=item)
        tables.index.stock_by_place[place][item] = line
        tables.index.stock_by_item[item][place] = line
    return line


def stock_moved(tables: Tables, event: StockMoved) -> None:
    """Take a quantity of a lot from one place and add it to another."""
    item, quantity, by_place = event.thing, event.quantity, tables.index.stock_by_place
    _add(tables, by_place[event.from_place].get(item) or line_of(tables, event.from_place, item), -quantity, event)
    _add(tables, by_place[event.to_place].get(item) or line_of(tables, event.to_place, item), quantity, event)


def _add(tables: Tables, line: StockLine, change: int, event: StockMoved) -> None:
    line.quantity += change
    lots, lot, at = line.lots, event.lot, event.occurred_at
    left = lots.get(lot, 0) + change
    # empty lots leave the line, or it would grow with each delivery
    if left:
        lots[lot] = left
    else:
        lots.pop(lot, None)
    # Only instant and id are kept: holding whole movements would cost more memory traffic than all the sums.
    # of one instant the first that came stays; moved_by is no part of the digest for that reason
    if at > line.moved_at:
        line.moved_at = at
        line.moved_by = event.id
    if line.par is not None:
        watch(tables, line)


def watch(tables: Tables, line: StockLine) -> None:
    """Keep the list of lines at or below their reorder point."""
    if line.is_low and line.place not in VIRTUAL_STOCK_PLACES:
        tables.index.low_stock.add((line.place, line.item))
    else:
        tables.index.low_stock.discard((line.place, line.item))


def par_level_set(tables: Tables, event: ParLevelSet) -> None:
    """Keep the par level and reorder point of an item at a place."""
    line = line_of(tables, event.place, event.thing)
    if is_newer(event, line.par):
        line.par = event
        watch(tables, line)


def stockout_predicted(tables: Tables, event: StockoutPredicted) -> None:
    """Keep the latest prediction of a stock-out."""
    line = line_of(tables, event.place, event.thing)
    if is_newer(event, line.predicted):
        line.predicted = event
