"""What a handheld must know to stop a wrong pick by itself, also while it has no network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.items import Item, ItemKind, Package, Substitute
from inventory.model.lots import LotStatus
from inventory.tables.catalogue import approved_substitutes, find_item, packages_of
from inventory.tables.driver import Driver, number_of, text_of

CAREFUL_KINDS = frozenset({ItemKind.DRUG, ItemKind.IMPLANT})
"""Kinds that are not handed out on an old list without a named person's word."""

LIST_LASTS_S = 3600
"""Age at which the list of stopped lots is too old for drugs and implants, seconds; the issue's default of an hour."""

_MOST_LOTS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedLot:
    """A lot of which something lies somewhere and that must not be handed out.

    Parameters
    ----------
    item, number : str
        What, and the lot number as it is compared: folded.
    expires_at : int
        Printed expiry, UTC microseconds; 0 if none: two lots of one number can differ in it.
    reason : str
        Stable code.
    """

    item: str
    number: str
    expires_at: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Items of the tasks and of what may stand in for them, their packages, and the lots of them that are stopped."""

    items: tuple[Item, ...]
    packages: tuple[Package, ...]
    stopped: tuple[StoppedLot, ...]
    substitutes: tuple[Substitute, ...] = ()


def knowledge_for(session: Session, *, items: Iterable[str], now: int) -> Knowledge:
    """Give what a handheld needs for tasks about some items.

    Parameters
    ----------
    session : Session
        May be a reading session.
    items : Iterable[str]
        Ids; those that the catalogue does not have are passed over.
    now : int
        Present instant, UTC microseconds.
    """
    wanted = set(items)
    pairs = [pair for name in sorted(wanted) for pair in approved_substitutes(session, name)]
    wanted |= {pair.stand_in for pair in pairs}
    found = [item for name in sorted(wanted) if (item := find_item(session, name)) is not None]
    driver = Driver(session)
    return Knowledge(
        items=tuple(found),
        packages=tuple(package for item in found for package in packages_of(session, item.id)),
        stopped=tuple(lot for item in found for lot in _stopped(driver, item, now))[:_MOST_LOTS],
        substitutes=tuple(pairs),
    )


def _stopped(driver: Driver, item: Item, now: int) -> list[StoppedLot]:
    rows = driver.rows(
        "SELECT number_folded, expires_at, status FROM inventory_lot WHERE item = ? AND opened_at = 0"
        " AND thawed_at = 0 AND (status <> ? OR (expires_at > 0 AND expires_at <= ?)) ORDER BY expires_at DESC, id",
        (item.id, LotStatus.RELEASED.value, now),
    )
    return [
        StoppedLot(
            item=item.id,
            number=text_of(number),
            expires_at=number_of(expires_at),
            reason="stock.expired" if status == LotStatus.RELEASED.value else f"stock.{status}",
        )
        for number, expires_at, status in rows
    ]
