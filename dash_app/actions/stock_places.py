"""Say what a place is to the stock."""

from __future__ import annotations

from dash_app.actions.port import Commands
from inventory.model.places import StockPlace
from inventory.service import restocking
from inventory.service.places import define_place
from twin.access import Permission


def define(port: Commands, place: StockPlace) -> StockPlace:
    """Write what a place is for, what it keeps its goods at, and where it is restocked from."""
    port.actor().require(Permission.STOCK_PLAN)
    return port.writer.run(lambda session: define_place(session, place))


def define_bin(port: Commands, held: restocking.Bin) -> None:
    """Say what a bin holds when it is full."""
    port.actor().require(Permission.STOCK_PLAN)
    port.writer.run(
        lambda session: restocking.define_bin(
            session, bin_id=held.id, place=held.place, item=held.item, quantity=held.quantity
        )
    )


def forget_bin(port: Commands, bin_id: str) -> None:
    """Forget what a bin holds."""
    port.actor().require(Permission.STOCK_PLAN)
    port.writer.run(lambda session: restocking.remove_bin(session, bin_id))
