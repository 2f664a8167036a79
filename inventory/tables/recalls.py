"""Which lot numbers were recalled, also those of which nothing had come yet."""

from __future__ import annotations

from inventory.tables.catalogue import fold
from inventory.tables.driver import Driver, text_of


def recalled_numbers(driver: Driver, items: set[str]) -> set[tuple[str, str]]:
    """Give the recalled lot numbers of some items, as pairs of item and folded number.

    A recall of all lots names none: what is made after it is another matter.

    Parameters
    ----------
    driver : Driver
        The transaction.
    items : set[str]
        Ids.
    """
    # All recalls in one question: a hospital has hundreds of them, an opening stock tens of thousands of lots.
    rows = driver.rows("SELECT item, lots FROM inventory_recall WHERE lots <> ''")
    return {
        (text_of(item), fold(number))
        for item, numbers in rows
        if text_of(item) in items
        for number in text_of(numbers).split("\n")
    }
