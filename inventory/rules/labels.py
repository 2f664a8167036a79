"""Labels of our own: GS1 DataMatrix and Code 128 as pictures, and ZPL for label printers."""

from __future__ import annotations

from dataclasses import dataclass

import zxingcpp

from inventory.rules.scanning.reading import read_label
from twin.errors import FieldError, FieldProblem
from twin.gs1.keys import check_digit

_VARIABLE = frozenset({"10", "21"})  # elements that end with a separator unless they are the last


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelContent:
    """What a label says.

    Parameters
    ----------
    gtin : str
        GTIN-14.
    lot, serial : str
        Empty if not printed.
    expiry : str
        Date, ISO 8601; empty if not printed.
    name : str
        Line for people.
    """

    gtin: str
    lot: str = ""
    serial: str = ""
    expiry: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        """Check the key and the characters."""
        if len(self.gtin) != 14 or not self.gtin.isdigit() or check_digit(self.gtin[:-1]) != self.gtin[-1]:
            raise _problem("gtin", f"Expected a GTIN-14 with its check digit, got {self.gtin!r}.")
        for name in ("lot", "serial"):
            value = getattr(self, name)
            if len(value) > 20 or any(not 33 <= ord(character) <= 122 for character in value) or "(" in value:
                raise _problem(name, f"Expected up to 20 printable characters without brackets, got {value!r}.")

    def elements(self) -> list[tuple[str, str]]:
        """Give the application identifiers with their values, fixed ones first: few separators are then needed."""
        found = [("01", self.gtin)]
        if self.expiry:
            found.append(("17", self.expiry[2:4] + self.expiry[5:7] + self.expiry[8:10]))
        if self.lot:
            found.append(("10", self.lot))
        if self.serial:
            found.append(("21", self.serial))
        return found

    def human_readable(self) -> str:
        """Give the text under the symbol, identifiers in brackets."""
        return "".join(f"({identifier}){value}" for identifier, value in self.elements())

    def element_string(self, separator: str = "\x1d") -> str:
        """Give the content of the symbol, with a separator after each variable field but the last."""
        parts = self.elements()
        return "".join(
            identifier + value + (separator if identifier in _VARIABLE and index + 1 < len(parts) else "")
            for index, (identifier, value) in enumerate(parts)
        )


def _problem(field: str, message: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="label", message=message, cure="Correct the catalogue."))


def datamatrix_svg(content: LabelContent) -> str:
    """Give a GS1 DataMatrix as SVG."""
    return _svg(content, zxingcpp.BarcodeFormat.DataMatrix)


def code128_svg(content: LabelContent) -> str:
    """Give a GS1-128 as SVG."""
    return _svg(content, zxingcpp.BarcodeFormat.Code128)


def _svg(content: LabelContent, symbology: zxingcpp.BarcodeFormat) -> str:
    barcode = zxingcpp.create_barcode(content.human_readable(), symbology, gs1=True)
    return str(barcode.to_svg())


def zpl(content: LabelContent, *, dots_per_mm: int = 8) -> str:
    """Give a label of 50 by 25 mm for a ZPL printer, with DataMatrix and text.

    Parameters
    ----------
    content : LabelContent
        What it says.
    dots_per_mm : int
        Of the printer: 8 or 12.

    Notes
    -----
    FNC1 is ``_1`` in a ZPL DataMatrix field with escape character ``_``; a caret or tilde in the text would begin a
    command and is written as a blank.
    """
    unit = dots_per_mm
    symbol = "_1" + content.element_string("_1")
    lines = [content.name[:28], *(f"({identifier}) {value}" for identifier, value in content.elements())]
    texts = "".join(
        f"^FO{22 * unit},{(2 + 4 * index) * unit}^A0N,{3 * unit},{3 * unit}^FD{_plain(line)}^FS"
        for index, line in enumerate(lines)
    )
    return f"^XA^PW{50 * unit}^LL{25 * unit}^FO{2 * unit},{2 * unit}^BXN,{unit // 2},200,,,,_^FD{symbol}^FS{texts}^XZ"


def _plain(text: str) -> str:
    return text.replace("^", " ").replace("~", " ")


def proves_itself(content: LabelContent) -> bool:
    """Tell whether the label, read back as a scanner would, says what it was made of."""
    found = read_label("]d2" + content.element_string())
    return (found.gtin, found.lot, found.serial, found.expiry) == (
        content.gtin,
        content.lot,
        content.serial,
        content.expiry,
    )
