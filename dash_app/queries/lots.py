"""What lies where by lot: how long it lasts, whether it may be used, and which movements made it so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.lots import effective_expiry
from inventory.model.movements import Movement
from inventory.model.stock import LotHolding
from inventory.rules.eligibility import Need, reasons_against
from inventory.service.safety import Notice, Trace, UnknownNumber, trace, unknown_numbers
from inventory.tables.balances import StockFilter, list_stock
from inventory.tables.catalogue import every_item, load_item, load_lots, load_place
from inventory.tables.driver import Driver
from inventory.tables.ledger import movements_touching
from inventory.tables.planning import expected_uses
from twin.clock import DAY_US

MOST = 5000
MOST_MOVEMENTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRow:
    """A quantity of one lot of one owner at one place.

    Parameters
    ----------
    source : LotHolding
        As in the books.
    item_name : str
        What it is.
    expires_at : int
        When it may be used no longer, opened and thawed containers counted in, UTC microseconds; 0 for never.
    cover_days : float or None
        Days that all usable goods of the item at the place last at the planned use; None before the first plan.
    reasons : tuple[str, ...]
        Stable codes of what forbids its use.
    """

    source: LotHolding
    item_name: str
    expires_at: int
    cover_days: float | None
    reasons: tuple[str, ...]

    @property
    def key(self) -> str:
        """Place, item, lot and owner in one text."""
        holding = self.source.holding
        return "|".join((holding.place, holding.item, holding.lot, holding.owner))


def rows(session: Session, *, now: int, place: str = "", item: str = "", shown: str = "") -> list[LotRow]:
    """Give what lies where, the first to expire first.

    Parameters
    ----------
    session : Session
        Any.
    now : int
        UTC microseconds.
    place, item : str, optional
        Only these.
    shown : str, optional
        ``soon`` for what expires within 30 days, ``expired``, ``stopped`` for all that must not be used; all if empty.
    """
    driver = Driver(session)
    items = {each.id: each for each in every_item(session)}
    found: list[LotRow] = []
    usable: dict[tuple[str, str], int] = {}
    for source in list_stock(driver, StockFilter(place=place, item=item, limit=MOST)):
        holding = source.holding
        kind = items.get(holding.item) or load_item(session, holding.item)
        need = Need(item=kind, now=now, place=load_place(session, holding.place))
        reasons = tuple(reason.value for reason in reasons_against(source.lot if source.lot.id else None, need))
        if not reasons:
            usable[holding.place, holding.item] = usable.get((holding.place, holding.item), 0) + holding.on_hand
        found.append(
            LotRow(
                source=source,
                item_name=kind.name,
                expires_at=effective_expiry(source.lot, kind) or 0,
                cover_days=None,
                reasons=reasons,
            )
        )
    cover = _cover(session, usable)
    told = [_with_cover(each, cover) for each in found if _is_shown(each, shown, now)]
    return sorted(told, key=lambda each: (each.expires_at or 2**62, each.item_name, each.key))


def _cover(session: Session, usable: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], float]:
    found = {}
    for each in expected_uses(Driver(session)):
        key = (each.place, each.item)
        if each.mean_per_day > 0:
            found[key] = usable.get(key, 0) / each.mean_per_day
    return found


def _with_cover(row: LotRow, cover: Mapping[tuple[str, str], float]) -> LotRow:
    holding = row.source.holding
    days = cover.get((holding.place, holding.item))
    return LotRow(
        source=row.source, item_name=row.item_name, expires_at=row.expires_at, cover_days=days, reasons=row.reasons
    )


def _is_shown(row: LotRow, shown: str, now: int) -> bool:
    if shown == "soon":
        return bool(row.expires_at) and now < row.expires_at <= now + 30 * DAY_US
    if shown == "expired":
        return bool(row.expires_at) and row.expires_at <= now
    return bool(row.reasons) if shown == "stopped" else True


def movements(session: Session, *, item: str, place: str) -> list[Movement]:
    """Give the latest movements that made a quantity, newest first: its audit."""
    return movements_touching(Driver(session), item=item, place=place, limit=MOST_MOVEMENTS)


def trace_of(session: Session, lot: str) -> Trace | None:
    """Give where everything of a lot is and who received it; None for goods without a lot."""
    found = load_lots(Driver(session), [lot])
    return trace(session, lots=list(found.values())) if found else None


def never_held(session: Session, notice: Notice) -> list[UnknownNumber]:
    """Give the numbers of a recall notice that were never held here, if it names no other."""
    return unknown_numbers(session, notice)
