"""Labels of our own: GS1 DataMatrix and Code 128 as pictures, and ZPL for label printers; marks of shelves."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import zxingcpp

from inventory.rules.scanning.reading import read_label
from twin.errors import FieldError, FieldProblem
from twin.gs1.keys import check_digit

# GS1 General Specifications, character set 82, without the opening bracket that marks identifiers in typed text
_CHARACTERS = frozenset(string.ascii_letters + string.digits + "!\"%&')*+,-./:;<=>?_")
_SIZE = re.compile(r'<svg width="(\d+)" height="(\d+)"')
_WIDTH_MM, _HEIGHT_MM = 50, 25
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
            if len(value) > 20 or not _CHARACTERS.issuperset(value):
                raise _problem(name, f"Expected up to 20 characters that a GS1 label may hold, got {value!r}.")

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
    lines = [content.name, *(f"({identifier}) {value}" for identifier, value in content.elements())]
    return _label_of(str(barcode.to_svg()), lines, is_wide=symbology is zxingcpp.BarcodeFormat.Code128)


def _label_of(symbol: str, lines: Sequence[str], *, is_wide: bool = False) -> str:
    """Give a label of 50 by 25 mm: the symbol, and what it says for people who have no scanner in the hand."""
    size = _SIZE.search(symbol)
    if size is None:
        raise ValueError("The symbol has no size.")
    inner = symbol[symbol.index(">", size.start()) + 1 : symbol.rindex("</svg>")]
    box = (2, 2, 46, 9) if is_wide else (2, 2, 17, 21)
    x, y = (2, 14) if is_wide else (21, 5)
    texts = "".join(
        f'<text x="{x}" y="{y + 3.4 * number}" font-family="sans-serif" font-size="{2.8 if number else 3.2}">'
        f"{escape(line[:34])}</text>"
        for number, line in enumerate(line for line in lines if line)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH_MM}mm" height="{_HEIGHT_MM}mm"'
        f' viewBox="0 0 {_WIDTH_MM} {_HEIGHT_MM}">'
        f'<svg x="{box[0]}" y="{box[1]}" width="{box[2]}" height="{box[3]}" viewBox="0 0 {size[1]} {size[2]}"'
        f' preserveAspectRatio="xMinYMin meet">{inner}</svg>{texts}</svg>'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMark:
    """The mark of a shelf or room that is scanned on the way: its id, and its name for people.

    Parameters
    ----------
    place, name : str
        As the building has them.
    """

    place: str
    name: str = ""

    def __post_init__(self) -> None:
        """Check that a printer and a scanner can hold it."""
        if not 1 <= len(self.place) <= 80 or not self.place.isascii() or not self.place.isprintable():
            raise _problem("place", f"Expected 1 to 80 plain characters, got {self.place!r}.")
        if self.place.startswith(("+", "=", "&", "]")):
            raise _problem("place", f"{self.place!r} begins like the label of a supplier: scanners would mix them up.")


def mark_svg(mark: PlaceMark) -> str:
    """Give the mark of a place as SVG, with a plain DataMatrix of its id."""
    barcode = zxingcpp.create_barcode(mark.place, zxingcpp.BarcodeFormat.DataMatrix)
    return _label_of(str(barcode.to_svg()), [mark.name, mark.place])


def mark_zpl(mark: PlaceMark, *, dots_per_mm: int = 8) -> str:
    """Give the mark of a place for a ZPL printer; parameters as for :func:`zpl`."""
    return _zpl(mark.place.replace("_", "__"), [mark.name[:28], mark.place], dots_per_mm)


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
    FNC1 is ``_1`` in a ZPL DataMatrix field with escape character ``_``, which stands for itself when it is doubled; a
    caret or tilde in the text would begin a command and is written as a blank.
    """
    symbol = content.element_string().replace("_", "__").replace("\x1d", "_1")
    lines = [content.name[:28], *(f"({identifier}) {value}" for identifier, value in content.elements())]
    return _zpl("_1" + symbol, lines, dots_per_mm)


def _zpl(symbol: str, lines: Sequence[str], unit: int) -> str:
    texts = "".join(
        f"^FO{22 * unit},{(2 + 4 * index) * unit}^A0N,{3 * unit},{3 * unit}^FD{_plain(line)}^FS"
        for index, line in enumerate(lines)
    )
    # ^CI28: the text is UTF-8, or names that are not Latin come out as rubbish
    size = f"^CI28^PW{_WIDTH_MM * unit}^LL{_HEIGHT_MM * unit}"
    return f"^XA{size}^FO{2 * unit},{2 * unit}^BXN,{unit // 2},200,,,,_^FD{_plain(symbol)}^FS{texts}^XZ"


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
