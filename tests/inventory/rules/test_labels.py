from __future__ import annotations

from datetime import date
from xml.etree import ElementTree

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.labels import (
    LabelContent,
    PlaceMark,
    code128_svg,
    datamatrix_svg,
    mark_svg,
    mark_zpl,
    proves_itself,
    zpl,
)
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


def test_an_underscore_of_a_lot_is_no_escape_of_the_printer() -> None:
    written = zpl(LabelContent(gtin=GTIN, lot="A_1", serial="B_"))

    assert f"^FD_101{GTIN}10A__1_121B__^FS" in written


@pytest.mark.parametrize("lot", ["A^B", "A~B", "A#B", "A[B", "A\\B", "A@B"])
def test_characters_that_no_gs1_label_may_hold_are_refused(lot: str) -> None:
    with pytest.raises(FieldError):
        LabelContent(gtin=GTIN, lot=lot)


def test_the_picture_tells_people_what_the_code_tells_scanners() -> None:
    drawn = datamatrix_svg(LabelContent(gtin=GTIN, lot="A<1", expiry="2028-06-30", name="Nadel & Faden"))

    assert drawn.startswith("<svg ")
    assert "A&lt;1" in drawn
    assert "Nadel &amp; Faden" in drawn
    assert "<?xml" not in drawn[1:]
    ElementTree.fromstring(drawn)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40))
def test_the_mark_of_a_place_is_read_back_as_its_id(place: str) -> None:
    try:
        mark = PlaceMark(place=place, name="Ward")
    except FieldError:
        assert place[0] in "+=&]"
        return
    picture = zxingcpp.create_barcode(place, zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=4)

    [found] = zxingcpp.read_barcodes(picture)

    assert found.text == place
    ElementTree.fromstring(mark_svg(mark))
    assert mark_zpl(mark).count("^XZ") == 1
