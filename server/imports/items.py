"""The item master from a spreadsheet: items and the package that each GTIN stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.items import Criticality, Item, ItemKind, Package, StorageClass, Tracking
from inventory.rules.duplicates import find_candidates
from inventory.service.merging import listed_items
from inventory.tables.catalogue import every_item, find_item, find_package, save_item, save_package
from server.imports.masters import Record
from twin.errors import FieldProblem
from twin.ids import Gtin, ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """A row of a sheet that is probably an item which is known under another id.

    Parameters
    ----------
    place : str
        Where the row stands.
    item, name : str
        The row's item.
    other, other_name : str
        What it resembles: an item of the catalogue, or another row.
    why : str
        Value of :class:`inventory.rules.duplicates.Likeness`.
    score : float
        Likeness, 0 to 1.
    """

    place: str
    item: str
    name: str
    other: str
    other_name: str
    why: str
    score: float


def item_of(record: Record) -> Item:
    """Give the item of a checked row."""
    values = record.values
    return Item(
        id=ItemId(str(values["id"])),
        code=str(values["code"]) or str(values["id"]),
        name=str(values["name"]),
        kind=ItemKind(str(values["kind"])),
        base_unit=str(values["base_unit"]),
        tracking=Tracking(str(values["tracking"])),
        is_expiry_tracked=bool(values["is_expiry_tracked"]),
        storage_class=StorageClass(str(values["storage"])),
        criticality=Criticality(str(values["criticality"])),
        unit_cost_minor=int(str(values["unit_cost_minor"])),
    )


def item_problems(session: Session, records: Sequence[Record]) -> list[FieldProblem]:
    """Give a problem for each GTIN that stands for two items.

    Parameters
    ----------
    session : Session
        To see what is stored.
    records : Sequence[Record]
        Checked rows.

    Returns
    -------
    list[FieldProblem]
        In the order of the rows.
    """
    problems: list[FieldProblem] = []
    seen: dict[str, str] = {}
    for record in records:
        gtin, item = str(record.values["gtin"]), str(record.values["id"])
        if not gtin:
            continue
        stored = find_package(session, gtin)
        other = seen.get(gtin) or (str(stored.item) if stored is not None else item)
        if other != item:
            problems.append(
                FieldProblem(
                    field="gtin",
                    place=record.row.place,
                    message=f"GTIN {gtin} stands for item {other} already.",
                    cure="Correct the GTIN, or merge the two items.",
                )
            )
        seen.setdefault(gtin, item)
    return problems


def package_of(record: Record, item: Item) -> Package:
    """Give the package of a checked row; without a GTIN it stands for nothing."""
    values = record.values
    gtin, quantity = Gtin(str(values["gtin"])), int(str(values["quantity"]))
    return Package(gtin=gtin, item=item.id, level=str(values["level"]), quantity=quantity)


def _is_known(session: Session, item: Item, package: Package) -> bool:
    is_package_known = not package.gtin or find_package(session, package.gtin) == package
    return find_item(session, item.id) == item and is_package_known


def count_new_items(session: Session, records: Sequence[Record]) -> int:
    """Count the rows that are new or changed, for a dry run."""
    items = [(item_of(record), record) for record in records]
    return sum(not _is_known(session, item, package_of(record, item)) for item, record in items)


def store_items(session: Session, records: Sequence[Record]) -> int:
    """Store items and their packages; give how many were new or changed.

    Parameters
    ----------
    session : Session
        The transaction.
    records : Sequence[Record]
        Checked rows.
    """
    changed = 0
    for record in records:
        item = item_of(record)
        package = package_of(record, item)
        if _is_known(session, item, package):
            continue
        save_item(session, item)
        if package.gtin:
            save_package(session, package)
        changed += 1
    return changed


MOST_SIMILAR = 200


def similar_items(session: Session, records: Sequence[Record]) -> list[Similar]:
    """Give the rows of a sheet that are probably an item which is listed already, or another row of the sheet.

    A warning, never a refusal: people decide, and merge afterwards.

    Parameters
    ----------
    session : Session
        To see what is stored.
    records : Sequence[Record]
        Checked rows.
    """
    stored = every_item(session)
    own = {str(item.id): (item, record.row.place) for record in records if (item := item_of(record))}
    others = [item for item in stored if str(item.id) not in own]
    names = {str(item.id): item.name for item in [*others, *(item for item, _ in own.values())]}
    listed = listed_items(session, [*others, *(item for item, _ in own.values())])
    new = own.keys() - {str(item.id) for item in stored}
    found = []
    for each in find_candidates(listed, among=new)[:MOST_SIMILAR]:
        first, second = (each.first, each.second) if each.first in new else (each.second, each.first)
        found.append(
            Similar(
                place=own[first][1],
                item=first,
                name=names[first],
                other=second,
                other_name=names[second],
                why=each.why.value,
                score=round(each.score, 3),
            )
        )
    return found
