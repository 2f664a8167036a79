"""First expired, first out: which lots to hand out, once those that may not be are left aside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.model.items import OwnerRule
from inventory.model.lots import effective_expiry
from inventory.model.stock import LotHolding
from inventory.rules.eligibility import Ineligible, Need, reasons_against

_NEVER = 2**62  # stands for "no expiry" when sorting: such lots come last, never first


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Part of a request that one lot fills."""

    source: LotHolding
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """How a request is filled.

    Parameters
    ----------
    portions : tuple[Portion, ...]
        Lots in the order of picking.
    short : int
        Base units that no eligible lot can fill.
    refused : tuple[tuple[LotHolding, tuple[Ineligible, ...]], ...]
        Lots left aside, with every reason.
    """

    portions: tuple[Portion, ...]
    short: int
    refused: tuple[tuple[LotHolding, tuple[Ineligible, ...]], ...] = ()

    @property
    def quantity(self) -> int:
        """Base units that can be handed out."""
        return sum(portion.quantity for portion in self.portions)


def owner_rank(owner: str, rule: OwnerRule) -> int:
    """Give whose goods go first by an item's rule: 0 before 1.

    Parameters
    ----------
    owner : str
        Whose the goods are; empty for the hospital's own.
    rule : OwnerRule
        The item's.
    """
    if rule is OwnerRule.ANY:
        return 0
    return int(bool(owner)) if rule is OwnerRule.OWN_FIRST else int(not owner)


def fefo_key(source: LotHolding, need: Need) -> tuple[int, int, int, int, str]:
    """Give the sort key of a lot: owner's turn, effective expiry, oldest receipt, smallest quantity, id.

    Parameters
    ----------
    source : LotHolding
        A lot at a place.
    need : Need
        Carries the item, whose life after opening counts.
    """
    holding = source.holding
    limit = effective_expiry(source.lot, need.item) or _NEVER
    return owner_rank(holding.owner, need.item.owner_rule), limit, holding.received_at, holding.free, source.lot.id


def allocate(sources: Iterable[LotHolding], quantity: int, need: Need) -> Allocation:
    """Fill a request from eligible lots, the first to expire first.

    Parameters
    ----------
    sources : Iterable[LotHolding]
        What lies in the places that may be picked from.
    quantity : int
        Base units asked for, at least 0.
    need : Need
        Item, instant and remaining life asked for.

    Returns
    -------
    Allocation
        Portions, shortage and the lots left aside.
    """
    if quantity < 0:
        raise ValueError(f"Expected a quantity of at least 0, got {quantity}.")
    eligible: list[LotHolding] = []
    refused: list[tuple[LotHolding, tuple[Ineligible, ...]]] = []
    for source in sources:
        reasons = reasons_against(source.lot if source.lot.id else None, need)
        if reasons:
            refused.append((source, reasons))
        # Refused lots are told even when nothing of them is free: a picker sees why a full shelf is short.
        elif source.holding.free > 0:
            eligible.append(source)
    portions: list[Portion] = []
    missing = quantity
    for source in sorted(eligible, key=lambda found: fefo_key(found, need)):
        if not missing:
            break
        taken = min(missing, source.holding.free)
        portions.append(Portion(source=source, quantity=taken))
        missing -= taken
    return Allocation(portions=tuple(portions), short=missing, refused=tuple(refused))


def earlier_lots(chosen: LotHolding, sources: Iterable[LotHolding], need: Need) -> list[LotHolding]:
    """Give the eligible lots that should have been taken before the chosen one; empty if FEFO is kept.

    Only the owner's turn and an earlier effective expiry count: between lots that expire together either may be taken.
    """
    limit = fefo_key(chosen, need)[:2]
    return [
        source
        for source in sources
        if source.lot.id != chosen.lot.id
        and source.holding.free > 0
        and fefo_key(source, need)[:2] < limit
        and not reasons_against(source.lot, need)
    ]
