"""Say what a place is to the stock."""

from __future__ import annotations

from dash_app.actions.port import Commands
from inventory.model.places import StockPlace
from inventory.service.places import define_place
from twin.access import Permission


def define(port: Commands, place: StockPlace) -> StockPlace:
    """Write what a place is for, what it keeps its goods at, and where it is restocked from."""
    port.actor().require(Permission.STOCK_PLAN)
    return port.writer.run(lambda session: define_place(session, place))
