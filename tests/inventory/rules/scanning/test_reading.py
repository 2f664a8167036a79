from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.model.scan import ScannerProfile
from inventory.rules.scanning.gs1 import check_digit
from inventory.rules.scanning.hibc import check_character
from inventory.rules.scanning.reading import read_label
from tests.datafiles import load_json
from twin.errors import DecodeError

GTIN = "09506000134352"
lots = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/.", min_size=1, max_size=20)


CODES = {"", "scan.check_digit", "scan.date", "scan.contradiction", "scan.unreadable", "scan.too_long"}


def outcome(text: str) -> str:
    """Give the code with which a text is refused; empty if it is read."""
    try:
        read_label(text)
    except DecodeError as error:
        return error.code
    return ""


@pytest.mark.parametrize("case", load_json("inventory/gs1_udi.json")["cases"], ids=lambda case: case["id"])
def test_published_label_is_read_as_expected(case: dict[str, Any]) -> None:
    try:
        found = read_label(case["raw"]).to_json()
    except DecodeError as error:
        found = {"error": error.code.removeprefix("scan.")}

    assert {key: found.get(key) for key in case["expected"]} == case["expected"]


@given(lots, lots)
def test_lot_and_serial_come_back_whatever_they_hold(lot: str, serial: str) -> None:
    found = read_label(f"]d201{GTIN}17281231" + f"10{lot}\x1d21{serial}")

    assert (found.lot, found.serial, found.expiry) == (lot, serial, "2028-12-31")
    assert found.warnings == ()


@given(st.integers(0, 10**13 - 1), st.integers(1, 9))
def test_wrong_check_digit_is_never_accepted(number: int, shift: int) -> None:
    payload = f"{number:013d}"
    wrong = str((int(check_digit(payload)) + shift) % 10)

    with pytest.raises(DecodeError) as refusal:
        read_label(f"01{payload}{wrong}10A")

    assert refusal.value.code == "scan.check_digit"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_by_code(text: str) -> None:
    assert outcome(text) in CODES


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%", min_size=6, max_size=40))
def test_hibc_text_is_read_or_refused_by_code(text: str) -> None:
    label = "+" + text
    assert outcome(label + check_character(label)) in CODES


@pytest.mark.parametrize("separator", ["^", "|", "~", "\x1d"])
def test_separator_of_the_scanner_is_a_setting(separator: str) -> None:
    text = f"01{GTIN}10L1{separator}17281231"

    assert read_label(text, ScannerProfile(separator=separator)).expiry == "2028-12-31"


def test_bare_ean_is_a_gtin_and_no_element_string() -> None:
    found = read_label("7032069804988")

    assert (found.gtin, found.elements) == ("07032069804988", (("01", "07032069804988"),))


def test_count_of_pieces_and_count_of_packages_are_different_fields() -> None:
    pieces = read_label(f"01{GTIN}3012\x1d10A")
    packages = read_label(f"02{GTIN}3712\x1d10A")

    assert (pieces.count, pieces.contained_count) == (12, None)
    assert (packages.count, packages.contained_count, packages.contained_gtin) == (None, 12, GTIN)


def test_lost_separator_is_told_with_what_the_label_probably_says() -> None:
    found = read_label(f"01{GTIN}10L117261231")

    assert found.warnings == ("suspicious_lot_swallows_ai17",)
    assert dict(found.alternative)["lot"] == "L1"
    assert dict(found.alternative)["expiry"] == "2026-12-31"


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("", "scan.unreadable"),  # nothing
        (f"01{GTIN}17261331", "scan.unreadable"),  # month 13
        ("+A123BJC5D6E71X", "scan.check_digit"),  # HIBC with a wrong check character
        ("=>024400", "scan.date"),  # ISBT day 400
        ("]C1" + "x" * 2000, "scan.too_long"),
        (f"01{GTIN}10A\x1d10B", "scan.contradiction"),  # two lots in one label
        ("0037613032110910342" + "1", "scan.check_digit"),  # SSCC
        ("80030950600013435" + "3SER", "scan.check_digit"),  # GRAI
    ],
)
def test_bad_label_is_refused_by_code(label: str, code: str) -> None:
    with pytest.raises(DecodeError) as refusal:
        read_label(label)

    assert refusal.value.code == code


def test_isbt_device_label_is_read() -> None:
    found = read_label("=/A9999XYZ100T0944=,000025=A99971312345600=>014032=}013032&,1000000000000XYZ123")

    assert (found.agency, found.di, found.serial, found.expiry, found.production, found.lot) == (
        "ICCBBA", "A9999XYZ100T0944", "000025", "2014-02-01", "2013-02-01", "000000000000XYZ123",
    )  # fmt: skip


def test_tag_of_goods_gives_its_gtin() -> None:
    found = read_label("3034257BF7194E4000001A85")

    assert (found.gtin, found.serial) == ("80614141123458", "6789")
    assert read_label(found.epc_uri).gtin == found.gtin
