"""What is bought, in which packs, and how an order reads for a supplier's system.

References
----------
UN/EDIFACT directory D.96A, message ORDERS; ISO 9735 for syntax and release character.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from inventory.model.orders import Difference, Discrepancy, Order, OrderLine, Supply
from twin.errors import FieldError, FieldProblem

_RELEASED = str.maketrans({"?": "??", "+": "?+", ":": "?:", "'": "?'"})
_FORMULA_HEADS = ("=", "+", "-", "@", "\t", "\r")


def line_for(number: int, supply: Supply, needed: int) -> OrderLine:
    """Give the order line that brings at least what is needed, in whole packs.

    Parameters
    ----------
    number : int
        Position in the order.
    supply : Supply
        What is sold.
    needed : int
        Base units, above 0.
    """
    return OrderLine(
        number=number,
        item=supply.item,
        # -(-a // b) rounds up in whole numbers: half a pack cannot be bought.
        packs=-(-needed // supply.pack_quantity),
        pack_quantity=supply.pack_quantity,
        price_minor=supply.price_minor,
        supplier_code=supply.supplier_code,
    )


def cheapest(supplies: Sequence[Supply]) -> Supply | None:
    """Give of whom an item is bought: the preferred supplier, then the cheapest base unit, then the quickest."""
    return min(
        supplies,
        key=lambda each: (
            # False sorts before True: the preferred supplier comes first, whatever others ask for.
            not each.is_preferred,
            each.price_minor / each.pack_quantity,
            each.lead_days,
            each.supplier,
        ),
        default=None,
    )


def differences_of(lines: Sequence[OrderLine], came: Mapping[str, int]) -> list[Difference]:
    """Give how a delivery differs from what was still expected, by item.

    Parameters
    ----------
    lines : Sequence[OrderLine]
        Of the order, before this delivery.
    came : Mapping[str, int]
        Base units by item.
    """
    expected: dict[str, int] = {}
    for line in lines:
        expected[line.item] = expected.get(line.item, 0) + line.missing
    found = []
    for item in sorted(expected.keys() | came.keys()):
        wanted, got = expected.get(item, 0), came.get(item, 0)
        if item not in expected:
            found.append(Difference(item=item, kind=Discrepancy.NOT_ORDERED, ordered=0, received=got))
        elif got != wanted:
            kind = Discrepancy.SHORT if got < wanted else Discrepancy.OVER
            found.append(Difference(item=item, kind=kind, ordered=wanted, received=got))
    return found


def spread(lines: Sequence[OrderLine], item: str, quantity: int) -> dict[int, int]:
    """Give how a delivered quantity counts on an order's lines: each is filled in turn, the last takes what is over.

    Returns
    -------
    dict[int, int]
        Base units by line number; empty if the item was not ordered.
    """
    own = [line for line in lines if line.item == item]
    counted: dict[int, int] = {}
    for line in own:
        taken = min(line.missing, quantity)
        if taken:
            counted[line.number] = taken
            quantity -= taken
    if quantity and own:
        last = own[-1].number
        counted[last] = counted.get(last, 0) + quantity
    return counted


def order_csv(order: Order, names: Mapping[str, str]) -> str:
    """Give an order as CSV; no cell is taken for a formula by a spreadsheet.

    Parameters
    ----------
    order : Order
        The order.
    names : Mapping[str, str]
        Name of each item.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["order", "line", "supplier_code", "item", "name", "packs", "pack_quantity", "quantity", "price_minor"]
    )
    for line in order.lines:
        row = [
            order.id,
            line.number,
            line.supplier_code,
            line.item,
            names.get(line.item, ""),
            line.packs,
            line.pack_quantity,
            line.quantity,
            line.price_minor,
        ]
        writer.writerow([_guarded(cell) for cell in row])
    return out.getvalue()


def _guarded(cell: object) -> object:
    # An apostrophe makes a spreadsheet show the text instead of working it out.
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_HEADS) else cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who orders of whom.

    Parameters
    ----------
    buyer, supplier : str
        Global location numbers (GLN) of 13 digits, or names.
    currency : str
        ISO 4217 code.
    """

    buyer: str
    supplier: str
    currency: str = "EUR"


def edifact(order: Order, parties: Parties, gtins: Mapping[str, str], day: date) -> str:
    """Give an order as one EDIFACT ORDERS message, to be put into an interchange by whoever sends it.

    Parameters
    ----------
    order : Order
        The order.
    parties : Parties
        Who orders of whom.
    gtins : Mapping[str, str]
        GTIN of the ordered pack, by item; lines without one carry the supplier's number only.
    day : date
        Of the order.

    Returns
    -------
    str
        Segments ended by an apostrophe and a line feed.

    Raises
    ------
    FieldError
        With code ``order.edifact_too_long`` for a number that the message has no room for.
    """
    body = [
        f"BGM+220+{_id('order', order.id)}+9",
        f"DTM+137:{day:%Y%m%d}:102",
        _party("BY", "buyer", parties.buyer),
        _party("SU", "supplier", parties.supplier),
        f"NAD+DP+{_id('place', order.place)}::92",
        f"CUX+2:{_id('currency', parties.currency, 3)}:9",
    ]
    for line in order.lines:
        gtin = gtins.get(line.item, "")
        body.append(f"LIN+{line.number}++{_id('gtin', gtin)}:EN" if gtin else f"LIN+{line.number}")
        if line.supplier_code:
            body.append(f"PIA+1+{_id('supplier_code', line.supplier_code)}:SA")
        body.append(f"QTY+21:{line.packs}:PCE")
        body.append(f"QTY+59:{line.pack_quantity}:PCE")
        body.append(f"PRI+AAA:{line.price_minor / 100:.2f}")
    body += ["UNS+S", f"CNT+2:{len(order.lines)}"]
    # the count of segments includes the head and the tail themselves
    segments = ["UNH+1+ORDERS:D:96A:UN:EAN008", *body, f"UNT+{len(body) + 2}+1"]
    return "".join(f"{segment}'\n" for segment in segments)


_LONGEST_ID = 35
"""Characters of a document's, a party's and an article's number; elements 1004, 3039 and 7140 of the directory."""
_LONGEST_NAME = 5 * 35
"""Characters of a party's name: composite C080 has five parts."""


def _id(field: str, value: str, most: int = _LONGEST_ID) -> str:
    """Give a number as a data element; it is never cut, as two numbers could become one by it."""
    plain = _printable(value)
    if len(plain) > most:
        raise FieldError(
            FieldProblem(
                field=field,
                place="edifact",
                message=f"{plain!r} has {len(plain)} characters; the message holds {most}.",
                cure="Give it a shorter number, or send the order as CSV.",
            ),
            code="order.edifact_too_long",
        )
    return plain.translate(_RELEASED)


def _party(function: str, field: str, value: str) -> str:
    """Give who buys or sells: a global location number as such, anything else as a name."""
    plain = _printable(value)
    if plain.isdecimal() and len(plain) == 13:
        return f"NAD+{function}+{plain}::9"
    if len(plain) > _LONGEST_NAME:
        return f"NAD+{function}+{_id(field, plain)}"  # raises: it fits nowhere
    parts = [plain[at : at + 35].translate(_RELEASED) for at in range(0, len(plain), 35)]
    return f"NAD+{function}+++{':'.join(parts)}"


def _printable(value: str) -> str:
    return "".join(character for character in value if character.isprintable())
