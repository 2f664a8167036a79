"""Kits and the case carts that were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.kits import CartState, CaseCart, Kit
from inventory.service.case_carts import lacking
from inventory.tables.kits import list_carts, list_kits, load_kit

MOST = 500


def kits(session: Session) -> list[Kit]:
    """Give all kits."""
    return list_kits(session, limit=MOST)


def kit(session: Session, number: str) -> Kit:
    """Give a kit; raises NotFound if there is none."""
    return load_kit(session, number)


def open_carts(session: Session) -> list[CaseCart]:
    """Give the case carts that are open, the first due first."""
    return sorted(list_carts(session, limit=MOST), key=lambda cart: (cart.due_at, cart.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What the surgery plan will need.

    Parameters
    ----------
    carts : list[CaseCart]
        Carts that are not asked for yet, the first due first.
    lacking : Mapping[str, Mapping[str, int]]
        What the stores cannot give, base units by item, by cart.
    """

    carts: list[CaseCart]
    lacking: Mapping[str, Mapping[str, int]]


def proposed(session: Session, *, now: int) -> Proposed:
    """Give the carts that the surgery plan has proposed and what lacks for them."""
    found = sorted(list_carts(session, state=CartState.PROPOSED, limit=MOST), key=lambda cart: (cart.due_at, cart.id))
    return Proposed(carts=found, lacking=lacking(session, found, now=now))
