"""Which places are shelves: somebody has said so, something is to lie there, or something does."""

from __future__ import annotations

from inventory.model.places import VIRTUAL_PLACES, is_carrier
from inventory.tables.driver import Driver, text_of

_PLANNED = (
    "SELECT id FROM inventory_place UNION SELECT place FROM inventory_par_level UNION SELECT place FROM inventory_bin"
)


def planned_shelves(driver: Driver) -> set[str]:
    """Give the places that are stock places, or for which a par level or a bin is set."""
    return {text_of(row[0]) for row in driver.rows(_PLANNED)} - VIRTUAL_PLACES


def filled_places(driver: Driver) -> set[str]:
    """Give the places where something lies, planned or not; carts on their way are none."""
    found = {text_of(row[0]) for row in driver.rows("SELECT DISTINCT place FROM inventory_balance WHERE on_hand > 0")}
    return {place for place in found - VIRTUAL_PLACES if not is_carrier(place)}
