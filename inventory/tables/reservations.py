"""Quantities promised to tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inventory.model.movements import BalanceKey, Line
from inventory.model.places import carrier_of
from inventory.tables.driver import Driver, number_of, text_of


def reservations_of(driver: Driver, task: str) -> dict[BalanceKey, int]:
    """Give what is promised to a task, by balance."""
    if not task:
        return {}
    rows = driver.rows(
        "SELECT place, item, lot, owner, quantity FROM inventory_reservation WHERE task = ? ORDER BY 1, 2, 3, 4",
        (task,),
    )
    return {(text_of(row[0]), text_of(row[1]), text_of(row[2]), text_of(row[3])): number_of(row[4]) for row in rows}


def released_by(lines: Sequence[Line], promised: Mapping[BalanceKey, int]) -> dict[BalanceKey, int]:
    """Give how much of the promised quantities some lines use up."""
    taken: dict[BalanceKey, int] = {}
    for line in lines:
        key = (line.from_place, line.item, line.lot, line.owner)
        taken[key] = taken.get(key, 0) + line.quantity
    return {key: min(promised[key], quantity) for key, quantity in taken.items() if promised.get(key)}


def use_up(driver: Driver, task: str, released: Mapping[BalanceKey, int]) -> None:
    """Take used quantities off a task's reservations; the balances were changed with the movement."""
    for key, quantity in sorted(released.items()):
        where = "WHERE task = ? AND place = ? AND item = ? AND lot = ? AND owner = ?"
        # deleted first: a reservation of nothing is refused by the table
        driver.run(f"DELETE FROM inventory_reservation {where} AND quantity <= ?", (task, *key, quantity))
        driver.run(f"UPDATE inventory_reservation SET quantity = quantity - ? {where}", (quantity, task, *key))


def promise(driver: Driver, task: str, key: BalanceKey, quantity: int) -> bool:
    """Promise a quantity of a balance to a task; False if not so much is free."""
    done = driver.run(
        "UPDATE inventory_balance SET reserved = reserved + ?, version = version + 1"
        " WHERE place = ? AND item = ? AND lot = ? AND owner = ? AND on_hand - reserved >= ?",
        (quantity, *key, quantity),
    )
    if not done:
        return False
    driver.run(
        "INSERT INTO inventory_reservation (task, place, item, lot, owner, quantity) VALUES (?,?,?,?,?,?)"
        " ON CONFLICT (task, place, item, lot, owner) DO UPDATE SET"
        " quantity = inventory_reservation.quantity + excluded.quantity",
        (task, *key, quantity),
    )
    return True


def free_all(driver: Driver, task: str) -> int:
    """Give back all that is promised to a task; the sum of base units."""
    promised = reservations_of(driver, task)
    for key, quantity in sorted(promised.items()):  # in the order of locking, as every command
        _lower(driver, key, quantity)
    driver.run("DELETE FROM inventory_reservation WHERE task = ?", (task,))
    return sum(promised.values())


def still_to_fetch(driver: Driver, task: str) -> int:
    """Give the base units that a task will bring and does not carry yet; 0 if it brings nothing more."""
    row = driver.row("SELECT quantity FROM inventory_inbound WHERE task = ?", (task,))
    carried = driver.row("SELECT SUM(on_hand) FROM inventory_balance WHERE place = ?", (carrier_of(task),))
    return max(0, number_of(row[0] if row else 0) - number_of(carried[0] if carried else 0))


def keep_at_most(driver: Driver, task: str, most: int) -> None:
    """Give back what is promised to a task beyond a quantity, the last lots of the promise first.

    Who takes another lot than the promised one would else keep both from everybody.
    """
    promised = reservations_of(driver, task)
    excess = sum(promised.values()) - most
    for key, quantity in sorted(promised.items(), reverse=True):
        if excess <= 0:
            break
        back = min(excess, quantity)
        _lower(driver, key, back)
        use_up(driver, task, {key: back})
        excess -= back


def tasks_promised_before(driver: Driver, before: int) -> list[str]:
    """Give the tasks with promises whose request is older than an instant, UTC microseconds."""
    rows = driver.rows(
        "SELECT DISTINCT r.task FROM inventory_reservation r JOIN inventory_inbound n ON n.task = r.task"
        " WHERE n.created_at < ? ORDER BY r.task LIMIT 1000",
        (before,),
    )
    return [text_of(row[0]) for row in rows]


def break_promises(driver: Driver, key: BalanceKey, quantity: int) -> None:
    """Take promised quantities back because the goods are gone, from the last promised task on."""
    rows = driver.rows(
        "SELECT task, quantity FROM inventory_reservation WHERE place = ? AND item = ? AND lot = ? AND owner = ?"
        " ORDER BY task DESC",
        key,
    )
    missing = quantity
    for row in rows:
        # The task that was promised last loses first: whoever waits longer keeps what is left.
        taken = min(missing, number_of(row[1]))
        if not taken:
            break
        _lower(driver, key, taken)
        use_up(driver, text_of(row[0]), {key: taken})
        missing -= taken


def _lower(driver: Driver, key: BalanceKey, quantity: int) -> None:
    driver.run(
        "UPDATE inventory_balance SET reserved = reserved - ?, version = version + 1"
        " WHERE place = ? AND item = ? AND lot = ? AND owner = ?",
        (quantity, *key),
    )
