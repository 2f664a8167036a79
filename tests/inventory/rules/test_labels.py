from __future__ import annotations

from datetime import date

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.labels import LabelContent, code128_svg, datamatrix_svg, proves_itself, zpl
from inventory.rules.scanning.reading import read_label
from twin.errors import FieldError

GTIN = "09506000134352"
codes = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./", max_size=20)


@given(codes, codes, st.dates(min_value=date(2026, 1, 1), max_value=date(2049, 12, 31)))
def test_what_is_printed_is_what_is_read_back(lot: str, serial: str, expiry: object) -> None:
    assert proves_itself(LabelContent(gtin=GTIN, lot=lot, serial=serial, expiry=str(expiry)))


def test_datamatrix_is_read_by_a_scanner() -> None:
    content = LabelContent(gtin=GTIN, lot="LOT-A1", serial="SN1", expiry="2028-06-30", name="Gloves")
    picture = zxingcpp.create_barcode(content.human_readable(), zxingcpp.BarcodeFormat.DataMatrix, gs1=True).to_image(
        scale=4
    )

    [found] = zxingcpp.read_barcodes(picture)
    scan = read_label(found.symbology_identifier + found.bytes.decode())

    assert (scan.gtin, scan.lot, scan.serial, scan.expiry) == (GTIN, "LOT-A1", "SN1", "2028-06-30")
    assert datamatrix_svg(content).lstrip().startswith("<")
    assert "svg" in code128_svg(content)


def test_printer_commands_in_a_name_cannot_break_the_label() -> None:
    written = zpl(LabelContent(gtin=GTIN, lot="A", name="Nice^XZ~JA"))

    assert written.count("^XZ") == 1
    assert "~" not in written
    assert "_10109506000134352" in written


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"gtin": "09506000134353"}, "gtin"),  # wrong check digit
        ({"gtin": GTIN, "lot": "A" * 21}, "lot"),  # too long for AI 10
        ({"gtin": GTIN, "serial": "a b"}, "serial"),  # a blank is not in the set
    ],
)
def test_label_that_no_scanner_would_take_is_refused(values: dict[str, str], field: str) -> None:
    with pytest.raises(FieldError) as refusal:
        LabelContent(**values)

    assert refusal.value.problem.field == field
