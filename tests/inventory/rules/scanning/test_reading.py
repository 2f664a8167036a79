from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.model.scan import ScannerProfile
from inventory.rules.scanning.hibc import check_character
from inventory.rules.scanning.ifa import check_digits as ifa_check_digits
from inventory.rules.scanning.reading import read_label
from tests.datafiles import load_json
from twin.errors import DecodeError
from twin.gs1.keys import check_digit

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
        (f"01{GTIN}17261331", "scan.date"),  # month 13
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
        "ICCBBA",
        "A9999XYZ100T0944",
        "000025",
        "2014-02-01",
        "2013-02-01",
        "000000000000XYZ123",
    )


def test_tag_of_goods_gives_its_gtin() -> None:
    found = read_label("3034257BF7194E4000001A85")

    assert (found.gtin, found.serial) == ("80614141123458", "6789")
    assert read_label(found.epc_uri).gtin == found.gtin


@pytest.mark.parametrize("start", ["&\\", "&%", "&{", "=[", '="', '&"', "={", "=\\"])
def test_results_of_special_testing_do_not_hide_what_follows(start: str) -> None:
    found = read_label(f"{start}{'0' * 18}=A99991234567800&>0263652359")

    assert (found.donation, found.expiry_datetime) == ("A99991234567800", "2026-12-31T23:59")
    assert outcome(f"{start}{'0' * 17}") == "scan.unreadable"


@pytest.mark.parametrize(
    ("uri", "gtin", "serial"),
    [
        ("urn:epc:tag:sgtin-96:3.0614141.812345.6789", "80614141123458", "6789"),
        ("urn:epc:tag:sgtin-198:0.0614141.812345.a%2Fb", "80614141123458", "a/b"),
        ("urn:epc:id:sgtin:952123.9123456.1", "99521231234568", "1"),
    ],
)
def test_the_uri_of_a_tag_and_of_its_goods_name_the_same(uri: str, gtin: str, serial: str) -> None:
    found = read_label(uri)

    assert (found.gtin, found.serial) == (gtin, serial)


@pytest.mark.parametrize("uri", ["urn:epc:tag:giai-96:0.0614141.1", "urn:epc:tag:sgtin-96:9.0614141.812345.6789"])
def test_a_tag_of_another_scheme_or_filter_is_refused(uri: str) -> None:
    assert outcome(uri) == "scan.unreadable"


def test_a_reimbursement_number_of_any_country_is_told() -> None:
    assert [read_label(f"01{GTIN}71{digit}ABC").nhrn for digit in range(8)] == ["ABC"] * 8


def test_brackets_that_hold_no_identifier_are_part_of_the_lot() -> None:
    assert read_label(f"(01){GTIN}(10)A(B)C").lot == "A(B)C"
    assert read_label(f"(01) {GTIN} (10) A(1)C ").lot == "A(1)C"


@pytest.mark.parametrize(
    "typed",
    [
        f"(01){GTIN}1(10)A",  # a GTIN of fifteen digits: the parser alone would drop the last one
        f"(01){GTIN}(10)" + "B" * 21,  # a lot of 21 characters
        f"(01){GTIN}(10)AB C",  # a blank is in no GS1 lot: dropping it silently would make another lot
        f"x(01){GTIN}",
        "(01)",
    ],
)
def test_typed_label_with_more_than_an_identifier_holds_is_refused(typed: str) -> None:
    assert outcome(typed) == "scan.unreadable"


def test_hibc_label_is_read_with_its_start_and_stop_characters() -> None:
    assert read_label("*+A123BJC5D6E71G*").pcn == "BJC5D6E7"


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=13))
def test_hibc_check_character_may_be_a_blank(lot: str) -> None:
    body = f"+A123BJC5D6E71/${lot}"

    assert read_label(body + check_character(body)).lot == lot


def test_hibc_secondary_label_of_its_own_ends_with_the_link_character_wherever_it_has_parts() -> None:
    primary = "+A123BJC5D6E71"
    link = check_character(primary)
    alone, longer = f"+$$3261231LOT1{link}", f"+$$3261231LOT1/S777{link}"

    assert read_label(alone + check_character(alone)).lot == "LOT1"
    found = read_label(longer + check_character(longer))
    assert (found.lot, found.serial, found.expiry) == ("LOT1", "777", "2026-12-31")


@pytest.mark.parametrize(
    ("label", "field", "value"),
    [
        (f"01{GTIN}16261231", "sell_by", "2026-12-31"),
        (f"01{GTIN}2007", "variant", "07"),
        (f"01{GTIN}22AB", "consumer_variant", "AB"),
        (f"01{GTIN}235XYZ", "third_party_serial", "XYZ"),
        (f"01{GTIN}240ADD", "additional_id", "ADD"),
        (f"01{GTIN}241CUST", "customer_part_number", "CUST"),
        (f"01{GTIN}250SEC", "secondary_serial", "SEC"),
        (f"01{GTIN}3103001234", "net_weight_g", 1234.0),
        (f"01{GTIN}3101001234", "net_weight_g", 123400.0),
        ("400PO123", "order_number", "PO123"),
        ("4109506000134352", "ship_to", "9506000134352"),
        (f"01{GTIN}422752", "country_of_origin", "752"),
        (f"01{GTIN}7006261231", "first_freeze", "2026-12-31"),
        (f"01{GTIN}714PT123", "nhrn", "PT123"),
        ("8008261231101530", "production_datetime", "2026-12-31T10:15"),
        (f"01{GTIN}8012V1.2", "software_version", "V1.2"),
        ("8020REF1", "payment_reference", "REF1"),
    ],
)
def test_every_identifier_of_goods_has_a_field_of_its_own(label: str, field: str, value: object) -> None:
    assert read_label(label).to_json()[field] == value


def test_unit_that_tells_only_half_of_its_content_is_warned_of() -> None:
    assert read_label(f"02{GTIN}").warnings == ("missing_contained_count",)
    assert read_label("3724").warnings == ("missing_contained_gtin",)
    assert read_label(f"02{GTIN}3724").warnings == ()


def packed(*fields: tuple[int, int], length: int) -> str:
    """Put numbers of given bits after each other and give whole hexadecimal words of 16 bits."""
    bits = "".join(f"{value:0{width}b}" for value, width in fields).ljust(-(-length // 16) * 16, "0")
    return f"{int(bits, 2):0{len(bits) // 4}X}"


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/", min_size=1, max_size=20))
def test_long_tag_gives_its_alphanumeric_serial(serial: str) -> None:
    letters = [(ord(each), 7) for each in serial] + [(0, 7)] * (20 - len(serial))
    tag = packed((0x36, 8), (3, 3), (5, 3), (614141, 24), (712345, 20), *letters, length=198)

    found = read_label(tag)

    assert (found.gtin, found.serial) == ("70614141123451", serial)
    again = read_label(found.epc_uri)
    assert (again.gtin, again.serial) == (found.gtin, serial)


def test_logistic_unit_is_read_from_its_tag_and_from_its_name() -> None:
    tag = packed((0x31, 8), (0, 3), (5, 3), (614141, 24), (1234567890, 34), (0, 24), length=96)

    assert read_label(tag).sscc == "106141412345678908"
    assert read_label("urn:epc:id:sscc:0614141.1234567890").sscc == "106141412345678908"


@pytest.mark.parametrize(
    "tag",
    [
        packed((0x31, 8), (0, 3), (5, 3), (614141, 24), (1234567890, 34), (1, 24), length=96),  # rubbish at the end
        packed((0x36, 8), (3, 3), (5, 3), (614141, 24), (712345, 20), (0, 140), length=198),  # no serial
        packed((0x36, 8), (3, 3), (5, 3), (614141, 24), (712345, 20), (65, 7), (0, 7), (65, 7), length=198),  # a gap
        packed((0x36, 8), (3, 3), (7, 3), (614141, 24), (712345, 20), (65, 7), length=198),  # partition 7
        "36" + "0" * 20,  # cut off
        "urn:epc:id:sscc:0614141.12345678901",
        "urn:epc:id:sgtin:0614141.812345.",
        "urn:epc:id:sgtin:0614141.81234.1",
    ],
)
def test_impossible_tag_is_refused(tag: str) -> None:
    assert outcome(tag) == "scan.unreadable"


@pytest.mark.parametrize("sign", ["^", "|", "~", "\xe8", "<GS>", "<FNC1>", "{fnc1}", "[GS]", "\\x1D", "^]", "\u241d"])
def test_signs_that_no_gs1_value_has_are_read_as_the_separator(sign: str) -> None:
    found = read_label(f"{sign}01{GTIN}10L1{sign}21S1")

    assert (found.gtin, found.lot, found.serial) == (GTIN, "L1", "S1")


def test_a_tilde_in_a_link_stays_what_it_is() -> None:
    assert read_label(f"https://example.org/~shop/01/{GTIN}/10/L1").lot == "L1"


def test_what_a_chinese_keyboard_writes_is_read_like_what_stands_on_the_label() -> None:
    typed = "\ufeff（０１）" + GTIN + "（１７）２６１２３１（１０）ＡＢ１"

    found = read_label(typed)

    assert (found.gtin, found.expiry, found.lot) == (GTIN, "2026-12-31", "AB1")


PPN_LABEL = "[)>\x1e06\x1d9N111234567842\x1d1T12345ABCD\x1dD270600\x1dS12345ABCDEF98765\x1e\x04"


def test_label_of_a_pharmacy_product_is_read() -> None:
    found = read_label(PPN_LABEL)

    assert (found.agency, found.ppn, found.pzn) == ("IFA", "111234567842", "12345678")
    assert (found.lot, found.serial, found.expiry) == ("12345ABCD", "12345ABCDEF98765", "2027-06-30")
    # the same article as GS1 writes it
    assert found.gtin == read_label(found.gtin).gtin
    assert found.gtin.startswith("0415012345678")


@pytest.mark.parametrize("bare", ["9N111234567842", "-12345678", "PZN-12345678", "PZN - 12345678"])
def test_a_bare_pharmacy_number_names_the_same_article(bare: str) -> None:
    assert read_label(bare).gtin == read_label(PPN_LABEL).gtin


@pytest.mark.parametrize("written", ["<RS>", "\u241e"])
def test_an_envelope_may_be_written_out(written: str) -> None:
    label = PPN_LABEL.replace("\x1e", written).replace("\x1d", "<GS>").replace("\x04", "<EOT>")

    assert read_label(label) == read_label(PPN_LABEL)


def test_an_envelope_of_gs1_elements_is_read_as_such() -> None:
    assert read_label(f"[)>\x1e05\x1d01{GTIN}\x1d10L1\x1e\x04").lot == "L1"


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("[)>\x1e06\x1d9N111234567843\x1e\x04", "scan.check_digit"),  # the PPN's own
        ("[)>\x1e06\x1d9N111234567942\x1e\x04", "scan.check_digit"),
        ("-12345679", "scan.check_digit"),  # the PZN's
        ("-12345604", "scan.check_digit"),
        ("[)>\x1e06\x1d9N111234567842\x1dD271331\x1e\x04", "scan.date"),
        ("[)>\x1e06\x1d16D20270230\x1e\x04", "scan.date"),
        ("[)>\x1e06\x1d1TA\x1d1TB\x1e\x04", "scan.contradiction"),
        ("[)>\x1e06\x1d8P09506000134353\x1e\x04", "scan.check_digit"),
        ("[)>\x1e06\x1d\x1e\x04", "scan.unreadable"),
        ("[)>\x1e12\x1d9N111234567842\x1e\x04", "scan.unreadable"),
        ("[)>", "scan.unreadable"),
        ("9N", "scan.unreadable"),
        ("9N11", "scan.unreadable"),
        ("=]202613", "scan.date"),
        ("=]2026", "scan.unreadable"),
    ],
)
def test_wrong_pharmacy_and_tissue_labels_are_refused_by_code(label: str, code: str) -> None:
    assert outcome(label) == code


@given(st.integers(0, 9_999_999), st.integers(1, 96))
def test_no_wrong_pharmacy_number_is_accepted(number: int, shift: int) -> None:
    digits = f"{number:07d}"
    remainder = sum(int(digit) * weight for weight, digit in enumerate(digits, start=1)) % 11
    payload = f"11{digits}{remainder % 10}"
    right = ifa_check_digits(payload)
    wrong = f"{(int(right) + shift) % 97:02}"

    # a remainder of 10 has no digit: IFA gives no such number out
    assert outcome(f"9N{payload}{right}") == ("" if remainder < 10 else "scan.check_digit")
    assert outcome(f"9N{payload}{wrong}") == "scan.check_digit"


def test_an_expiry_of_a_month_lasts_to_its_end() -> None:
    assert read_label("=]202802").expiry == "2028-02-29"


def test_an_article_that_a_lot_has_swallowed_is_told() -> None:
    found = read_label(f"10L101{GTIN}")

    assert found.warnings == ("suspicious_lot_swallows_ai01",)
    assert dict(found.alternative) == {"lot": "L1", "gtin": GTIN}


def test_a_tag_may_be_read_with_the_empty_rest_of_its_memory() -> None:
    assert read_label("3034257BF7194E4000001A8500000000") == read_label("3034257BF7194E4000001A85")
