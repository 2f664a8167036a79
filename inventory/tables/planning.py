"""History of use by place and period, and the rows of plans: read and written in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from inventory.model.items import Substitute
from inventory.model.movements import STANDS_FOR, MovementKind
from inventory.model.planning import Decision, Expected, Proposal, ProposalState, ServiceKind
from inventory.model.stock import ParLevel, ParMethod
from inventory.rules.planning.proposals import Line
from inventory.tables.driver import Driver, Row, Value, number_of, text_of
from inventory.tables.merging import merged_items
from inventory.tables.substitutes import approved_pairs
from twin.ids import ItemId, PlaceId

USES = (MovementKind.CONSUME, MovementKind.ISSUE, MovementKind.IMPLANT, MovementKind.PICK, MovementKind.RETURN)
"""Kinds that tell what was wanted of a place; a return takes back. Waste, counts and transfers are not demand."""

_USED = "CASE WHEN m.kind IN ({kinds}) THEN -e.quantity ELSE 0 END".format(
    kinds=",".join(f"'{kind.value}'" for kind in USES)
)
_LINES = (
    "SELECT p.place, p.item, p.par_level, p.reorder_point, p.pack_multiple, p.source, p.method, i.unit_cost_minor,"
    " COALESCE((SELECT MAX(c.at) FROM inventory_par_change c WHERE c.place = p.place AND c.item = p.item"
    " AND c.undone_by = ''), 0)"
    " FROM inventory_par_level p JOIN inventory_item i ON i.id = p.item"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Use of many lines by period.

    Parameters
    ----------
    used : array of shape (n_lines, n_periods)
        Base units taken.
    was_empty : array of bool, same shape
        Whether nothing lay there at the period's end.
    """

    used: NDArray[np.float64]
    was_empty: NDArray[np.bool_]


def planned_lines(driver: Driver, *, place: str = "", freeze_us: int = 0) -> list[Line]:
    """Give every place and item with a par level, in order.

    Parameters
    ----------
    driver : Driver
        The transaction.
    place : str
        Only this place; empty for all.
    freeze_us : int
        Time for which an accepted change is left alone, microseconds.
    """
    where, values = (" WHERE p.place = ?", [place]) if place else ("", [])
    rows = driver.rows(f"{_LINES}{where} ORDER BY p.place, p.item", values)
    return [
        Line(
            current=ParLevel(
                place=PlaceId(text_of(row[0])),
                item=ItemId(text_of(row[1])),
                par_level=number_of(row[2]),
                reorder_point=number_of(row[3]),
                pack_multiple=number_of(row[4]),
                source=PlaceId(text_of(row[5])),
                method=ParMethod(text_of(row[6])),
            ),
            unit_cost_minor=number_of(row[7]),
            frozen_until=number_of(row[8]) + freeze_us if row[8] else 0,
        )
        for row in rows
    ]


def par_places(session: Session) -> list[str]:
    """Give the places that have a par level, in order."""
    return [
        text_of(row[0]) for row in Driver(session).rows("SELECT DISTINCT place FROM inventory_par_level ORDER BY place")
    ]


def use_history(driver: Driver, lines: Sequence[Line], *, start_at: int, period_us: int, periods: int) -> History:
    """Give what was used of each line in each period.

    Parameters
    ----------
    driver : Driver
        The transaction.
    lines : Sequence[Line]
        In the order of the answer's rows.
    start_at, period_us, periods : int
        First instant, length of a period (microseconds) and how many.
    """
    row_of = {(line.current.place, line.current.item): row for row, line in enumerate(lines)}
    stays = merged_items(driver)  # use of an entry that was merged counts for the one that stays
    pairs = approved_pairs(driver)
    missed = _stand_ins_of_places(pairs.values(), row_of)
    used = np.zeros((len(lines), periods))
    net = np.zeros((len(lines), periods), dtype=np.int64)
    end_at = start_at + period_us * periods
    rows = driver.rows(
        # Whole numbers divided give the number of the period, in both databases.
        f"SELECT e.place, e.item, (m.occurred_at - ?) / ?, SUM({_USED}), SUM(e.quantity)"
        " FROM inventory_movement m JOIN inventory_entry e ON e.movement = m.id"
        " WHERE m.occurred_at >= ? AND m.occurred_at < ? GROUP BY 1, 2, 3",
        (start_at, period_us, start_at, end_at),
    )
    for place, item, period, taken, change in rows:
        key = PlaceId(text_of(place)), _kept(stays, item)
        row = row_of.get(key)
        if row is not None:
            used[row, number_of(period)] += number_of(taken)
            net[row, number_of(period)] += number_of(change)
        elif key in missed:  # a stand-in that the place does not keep itself was used for what it does keep
            lacked = missed[key]
            share = number_of(taken) * lacked.denominator / lacked.numerator
            used[row_of[key[0], lacked.item], number_of(period)] += share
    for place, flags, item, period, taken in _picked_instead(driver, start_at, end_at, period_us):
        wanted = text_of(flags).split(",")[0].removeprefix(STANDS_FOR)
        pair = pairs.get((_kept(stays, wanted), _kept(stays, item)))
        if pair is None:
            continue
        row = row_of.get((PlaceId(text_of(place)), pair.item))
        own = row_of.get((PlaceId(text_of(place)), pair.stand_in))
        if row is not None:
            used[row, number_of(period)] += number_of(taken) * pair.denominator / pair.numerator
        if own is not None:
            used[own, number_of(period)] -= number_of(taken)
    for place, item, period, taken in _undone(driver, start_at, end_at, period_us):
        row = row_of.get((PlaceId(text_of(place)), _kept(stays, item)))
        if row is not None:
            used[row, number_of(period)] -= number_of(taken)
    # what lay there at a period's end is what lies there now, less all that has come since
    # Backwards from the present balance: a sum from the first entry on would read the whole ledger.
    present = _present(driver, row_of, len(lines))
    later = np.concatenate([net[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:], np.zeros((len(lines), 1), np.int64)], axis=1)
    # In one period more may come back than was taken in it.
    return History(used=np.maximum(used, 0), was_empty=present[:, None] - later <= 0)


def _stand_ins_of_places(
    pairs: Iterable[Substitute], row_of: Mapping[tuple[PlaceId, ItemId], int]
) -> dict[tuple[PlaceId, ItemId], Substitute]:
    """Give, by place and stand-in, what a stand-in without a par level of its own there was used for.

    Where it may stand for two items of one shelf nobody knows which one lacked, and its use teaches neither.
    """
    by_item: dict[ItemId, list[Substitute]] = {}
    for pair in pairs:
        by_item.setdefault(pair.item, []).append(pair)
    found: dict[tuple[PlaceId, ItemId], list[Substitute]] = {}
    for place, item in row_of:
        for pair in by_item.get(item, ()):
            if (place, pair.stand_in) not in row_of:
                found.setdefault((place, pair.stand_in), []).append(pair)
    return {key: listed[0] for key, listed in found.items() if len(listed) == 1}


def _picked_instead(driver: Driver, start_at: int, end_at: int, period_us: int) -> list[Row]:
    """Give picks of stand-ins for tasks: place, flags, what was taken, period, base units."""
    # the movement names the wanted item: the task that knew it is closed and forgotten by now
    return driver.rows(
        f"SELECT e.place, m.flags, e.item, (m.occurred_at - ?) / ?, SUM({_USED})"
        " FROM inventory_movement m JOIN inventory_entry e ON e.movement = m.id"
        " WHERE m.flags LIKE ? AND m.occurred_at >= ? AND m.occurred_at < ? GROUP BY 1, 2, 3, 4",
        (start_at, period_us, f"{STANDS_FOR}%", start_at, end_at),
    )


def _kept(stays: Mapping[str, str], item: Value) -> ItemId:
    name = text_of(item)
    return ItemId(stays.get(name, name))


def _undone(driver: Driver, start_at: int, end_at: int, period_us: int) -> list[Row]:
    """Give uses that were taken back by a reversal, in the period in which they had been written."""
    return driver.rows(
        f"SELECT e.place, e.item, (m.occurred_at - ?) / ?, SUM({_USED})"
        " FROM inventory_movement r JOIN inventory_movement m ON m.id = r.reverses"
        " JOIN inventory_entry e ON e.movement = m.id"
        " WHERE r.reverses <> '' AND m.occurred_at >= ? AND m.occurred_at < ? GROUP BY 1, 2, 3",
        (start_at, period_us, start_at, end_at),
    )


def _present(driver: Driver, row_of: dict[tuple[PlaceId, ItemId], int], count: int) -> NDArray[np.int64]:
    present = np.zeros(count, dtype=np.int64)
    for place, item, on_hand in driver.rows(
        "SELECT place, item, SUM(on_hand) FROM inventory_balance WHERE on_hand > 0 GROUP BY place, item"
    ):
        row = row_of.get((PlaceId(text_of(place)), ItemId(text_of(item))))
        if row is not None:
            present[row] = number_of(on_hand)
    return present


_EXPECTED_COLUMNS = "place, item, method, mean_per_day, sd_per_day, periods, censored, at"


def save_expected(driver: Driver, found: Iterable[Expected]) -> None:
    """Write what is expected to be used, in place of what was expected before."""
    driver.run_many(
        f"INSERT INTO inventory_expected_use ({_EXPECTED_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"
        " ON CONFLICT (place, item) DO UPDATE SET method = excluded.method, mean_per_day = excluded.mean_per_day,"
        " sd_per_day = excluded.sd_per_day, periods = excluded.periods, censored = excluded.censored,"
        " at = excluded.at",
        [
            (
                each.place,
                each.item,
                each.method,
                each.mean_per_day,
                each.sd_per_day,
                each.periods,
                each.censored,
                each.at,
            )
            for each in found
        ],
    )


def expected_of_row(row: Row) -> Expected:
    """Give the expected use of a row that begins with its columns."""
    return Expected(
        place=text_of(row[0]),
        item=text_of(row[1]),
        method=text_of(row[2]),
        mean_per_day=float(row[3] or 0),
        sd_per_day=float(row[4] or 0),
        periods=number_of(row[5]),
        censored=number_of(row[6]),
        at=number_of(row[7]),
    )


def find_expected(driver: Driver, *, place: str, item: str) -> Expected | None:
    """Give what a place is expected to use of an item, or None before the first plan."""
    row = driver.row(
        f"SELECT {_EXPECTED_COLUMNS} FROM inventory_expected_use WHERE place = ? AND item = ?", (place, item)
    )
    return None if row is None else expected_of_row(row)


def expected_uses(driver: Driver) -> list[Expected]:
    """Give what every place is expected to use of every item, as planned last."""
    rows = driver.rows(f"SELECT {_EXPECTED_COLUMNS} FROM inventory_expected_use ORDER BY place, item")
    return [expected_of_row(row) for row in rows]


_PROPOSAL_COLUMNS = (
    "par_level, reorder_point, current_par, current_point, decision, state, cycle_service, fill_rate,"
    " current_fill_rate, target, service, protection_days, stock_cost_minor"
)


def save_proposals(driver: Driver, found: Iterable[Proposal]) -> None:
    """Write proposals in place of earlier ones; one that was dismissed stays so while it says the same."""
    names = [name.strip() for name in _PROPOSAL_COLUMNS.split(",")]
    same = (
        "inventory_par_proposal.state = 'dismissed' AND inventory_par_proposal.par_level = excluded.par_level"
        " AND inventory_par_proposal.reorder_point = excluded.reorder_point"
    )
    changes = ", ".join(
        f"state = CASE WHEN {same} THEN 'dismissed' ELSE excluded.state END"
        if name == "state"
        else f"{name} = excluded.{name}"
        for name in names
    )
    driver.run_many(
        f"INSERT INTO inventory_par_proposal (place, item, {_PROPOSAL_COLUMNS})"
        f" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (place, item) DO UPDATE SET {changes}",
        [
            (
                each.current.place,
                each.current.item,
                each.par_level,
                each.reorder_point,
                each.current.par_level,
                each.current.reorder_point,
                each.decision.value,
                each.state.value,
                each.cycle_service,
                each.fill_rate,
                each.current_fill_rate,
                each.target,
                each.service.value,
                each.protection_days,
                each.stock_cost_minor,
            )
            for each in found
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalFilter:
    """Which proposals are listed.

    Parameters
    ----------
    place, item : str
        Only these; empty for any.
    state : ProposalState or None
        Only those in it.
    decision : Decision or None
        Only those with it.
    after : tuple[str, str]
        Place and item of the last one of the page before.
    limit : int
        Largest number.
    """

    place: str = ""
    item: str = ""
    state: ProposalState | None = ProposalState.OPEN
    decision: Decision | None = Decision.PROPOSED
    after: tuple[str, str] = ("", "")
    limit: int = 200


def list_proposals(driver: Driver, wanted: ProposalFilter) -> list[Proposal]:
    """Give proposals in the order of place and item, a page at a time."""
    conditions, values = ["(p.place, p.item) > (?,?)"], list[str | int](wanted.after)
    for name, value in (
        ("place", wanted.place),
        ("item", wanted.item),
        ("state", wanted.state.value if wanted.state else ""),
        ("decision", wanted.decision.value if wanted.decision else ""),
    ):
        if value:
            conditions.append(f"p.{name} = ?")
            values.append(value)
    expected = ", ".join(f"x.{name.strip()}" for name in _EXPECTED_COLUMNS.split(","))
    proposed = ", ".join(f"p.{name.strip()}" for name in _PROPOSAL_COLUMNS.split(","))
    rows = driver.rows(
        f"SELECT {expected}, {proposed}, l.pack_multiple, l.source, l.method FROM inventory_par_proposal p"
        " JOIN inventory_expected_use x ON x.place = p.place AND x.item = p.item"
        " JOIN inventory_par_level l ON l.place = p.place AND l.item = p.item"
        f" WHERE {' AND '.join(conditions)} ORDER BY p.place, p.item LIMIT ?",
        [*values, wanted.limit],
    )
    return [_proposal_of(row) for row in rows]


def _proposal_of(row: Row) -> Proposal:
    expected, told, par = expected_of_row(row), row[8:21], row[21:]
    return Proposal(
        expected=expected,
        current=ParLevel(
            place=PlaceId(expected.place),
            item=ItemId(expected.item),
            par_level=number_of(told[2]),
            reorder_point=number_of(told[3]),
            pack_multiple=number_of(par[0]),
            source=PlaceId(text_of(par[1])),
            method=ParMethod(text_of(par[2])),
        ),
        par_level=number_of(told[0]),
        reorder_point=number_of(told[1]),
        decision=Decision(text_of(told[4])),
        state=ProposalState(text_of(told[5])),
        cycle_service=float(told[6] or 0),
        fill_rate=float(told[7] or 0),
        current_fill_rate=float(told[8] or 0),
        target=float(told[9] or 0),
        service=ServiceKind(text_of(told[10])),
        protection_days=float(told[11] or 0),
        stock_cost_minor=number_of(told[12]),
    )


def set_state(driver: Driver, *, place: str, item: str, state: ProposalState) -> None:
    """Note what a person did with a proposal."""
    driver.run("UPDATE inventory_par_proposal SET state = ? WHERE place = ? AND item = ?", (state.value, place, item))
