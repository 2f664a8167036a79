"""The demo's preference cards: what five common operations need, by the codes that its waiting list names."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.model.kits import Kit, KitLine
from server.demo.inhabitants import StockItem

PROCEDURES = {
    "5-470": "Appendicectomy",
    "5-511": "Cholecystectomy",
    "5-530": "Inguinal hernia repair",
    "5-820": "Hip replacement",
    "5-822": "Knee replacement",
}
"""Names by OPS code, German procedure classification 2026, chapter 5."""
_WITH_IMPLANT = frozenset({"5-820", "5-822"})
_CONSUMABLES = 6


def kits_of(items: Sequence[StockItem]) -> list[Kit]:
    """Give a kit for each procedure, made of what the item master has.

    Parameters
    ----------
    items : Sequence[StockItem]
        The item master; the same gives the same kits.
    """
    used = [row.item for row in items if not (row.is_drug or row.is_implant or row.is_reusable)]
    sets = [row.item for row in items if row.is_reusable]
    implants = [row.item for row in items if row.is_implant]
    return [
        Kit(
            id=f"KIT-{code}",
            name=name,
            procedure=code,
            lines=(
                *_chosen(used, number * 3, _CONSUMABLES, opened=2, held=1),
                *_chosen(sets, number, 1, opened=1),
                # one size is opened, the next one is held ready
                *(_chosen(implants, number, 2, held=1) if code in _WITH_IMPLANT else ()),
            ),
        )
        for number, (code, name) in enumerate(PROCEDURES.items())
        if used
    ]


def _chosen(names: Sequence[str], start: int, count: int, *, opened: int = 0, held: int = 0) -> list[KitLine]:
    """Give lines of some neighbours in the item master, each once, from the beginning again after its end."""
    count = min(count, len(names))
    found = [names[(start + number) % len(names)] for number in range(count)]
    return [KitLine(item=name, opened=opened, held=held) for name in found]
