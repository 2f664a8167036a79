"""Labels of three agencies, good and bad."""

from __future__ import annotations

import contextlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.rules.udi.hibcc import ALPHABET, check_character
from assets.rules.udi.parsing import parse_udi
from twin.errors import DecodeError
from twin.gs1.dates import full_year
from twin.gs1.keys import check_digit

TODAY = date(2026, 11, 22)
FDA_HIBCC = "+H123PARTNO1234567890120/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202H"
FDA_ICCBBA = "=/A9999XYZ100T0944=,000025=A99971312345600=>014032=}013032&,1000000000000XYZ123"


def test_worked_gs1_labels(worked_case: Any) -> None:
    rows = worked_case("18_")["rows"]
    for row in rows:
        if "error" in row:
            with pytest.raises(DecodeError) as caught:
                parse_udi(row["raw"], today=TODAY)
            assert caught.value.code == "udi.check_digit"
            continue
        wanted = rows[row["same_as"]] if "same_as" in row else row
        label = parse_udi(row["raw"], today=TODAY)
        assert label.gtin == wanted.get("gtin", "00844588003288")
        assert label.lot == wanted.get("lot", "")
        assert label.serial == wanted.get("serial", "")
        if "expiry" in wanted:
            assert label.expires_on == date.fromisoformat(wanted["expiry"])


def test_labels_of_the_inventory_s_cases(data_dir: Path) -> None:
    for row in json.loads((data_dir / "inventory" / "gs1_udi.json").read_text(encoding="utf-8"))["cases"]:
        wanted = row["expected"]
        if "error" in wanted:
            with pytest.raises(DecodeError):
                parse_udi(row["raw"], today=TODAY)
            continue
        label = parse_udi(row["raw"], today=TODAY)
        expiry = label.expires_on.isoformat() if label.expires_on else ""
        found = {
            "gtin": label.gtin,
            "lot": label.lot,
            "serial": label.serial,
            "count": label.quantity,
            "expiry": f"{expiry}T{label.expires_at_hour:02}:00" if "T" in str(wanted.get("expiry")) else expiry,
            "sscc": label.others.get("00"),
            "grai": label.asset_identifier,
            "giai": label.asset_identifier,
            "agency": label.issuer,
            "lic": label.others.get("labeler"),
            "pcn": label.others.get("product"),
            "production": label.manufactured_on and label.manufactured_on.isoformat(),
        }
        for name in found.keys() & wanted.keys():
            assert found[name] == wanted[name], (row["id"], name)


@pytest.mark.parametrize("prefix", ["", "]d2", "]C1", "]e0", "\x1d", "]d2\x1d"])
def test_symbology_prefix_and_leading_separator_are_passed_over(prefix: str) -> None:
    label = parse_udi(prefix + "010950600013435217261231", today=TODAY)

    assert (label.gtin, label.expires_on) == ("09506000134352", date(2026, 12, 31))


def test_lot_that_swallowed_the_expiry_is_warned_of() -> None:
    label = parse_udi("010950600013435210L117261231", today=TODAY)

    assert label.lot == "L117261231"
    assert label.warnings == ("udi.lot_swallows_expiry",)


def test_further_elements_are_kept() -> None:
    label = parse_udi("(01)09506000134352(11)250102(8012)1.2.3(30)12(240)X-1", today=TODAY)

    assert (label.manufactured_on, label.software_version, label.quantity) == (date(2025, 1, 2), "1.2.3", 12)
    assert label.others == {"240": "X-1"}
    assert parse_udi("(8004)9506000ASSET7", today=TODAY).asset_identifier == "9506000ASSET7"


@pytest.mark.parametrize(
    ("link", "lot", "serial"),
    [
        ("https://id.gs1.org/01/00844588003288/10/7654321D/21/S1?17=141120", "7654321D", "S1"),
        ("https://example.com/some/path/01/00844588003288/10/A%2FB?17=141120&linkType=pip", "A/B", ""),
        ("http://id.gs1.org/01/844588003288?17=141120", "", ""),
    ],
)
def test_digital_links_are_read_like_labels(link: str, lot: str, serial: str) -> None:
    label = parse_udi(link, today=TODAY)

    assert (label.gtin, label.lot, label.serial) == ("00844588003288", lot, serial)
    assert label.expires_on == date(2014, 11, 20)


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("https://example.com/devices/7", "udi.unknown_ai"),
        ("https://id.gs1.org/01/00844588003289", "udi.check_digit"),
        ("https://id.gs1.org/01/00844588003288/10", "udi.value"),
        ("https://id.gs1.org/01/00844588003288?9999=1", "udi.unknown_ai"),
        ("https://[", "udi.value"),  # an address with a bracket that is never closed
    ],
)
def test_bad_digital_links_are_coded_errors(link: str, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_udi(link, today=TODAY)
    assert caught.value.code == code


def test_container_of_blood_is_a_device_with_its_lot() -> None:
    label = parse_udi("=)1TE123456A&)RZ12345678", today=TODAY)

    assert (label.issuer, label.device_identifier, label.lot) == ("ICCBBA", "1TE123456A", "RZ12345678")


def test_expiry_with_hour() -> None:
    label = parse_udi("010950600013435270032611222330\x1d10L1", today=TODAY)

    assert (label.expires_on, label.expires_at_hour, label.lot) == (date(2026, 11, 22), 23, "L1")


def test_hibcc_label_with_all_parts() -> None:
    label = parse_udi(FDA_HIBCC, today=TODAY)

    assert label.device_identifier == "H123PARTNO1234567890120"
    assert (label.lot, label.serial) == ("LOT123456789012345", "XYZ456789012345678")
    assert (label.expires_on, label.expires_at_hour) == (date(2020, 2, 2), 16)
    assert label.manufactured_on == date(2013, 2, 2)


def hibcc(body: str) -> str:
    return f"+{body}" + check_character(f"+{body}")


@pytest.mark.parametrize(
    ("secondary", "expires_on", "lot", "serial", "quantity"),
    [
        ("26045ABC", date(2026, 2, 14), "ABC", "", None),
        ("$LOT1", None, "LOT1", "", None),
        ("$+SER1", None, "", "SER1", None),
        ("$$1227LOT1", date(2027, 12, 31), "LOT1", "", None),
        ("$$2123127LOT1", date(2027, 12, 31), "LOT1", "", None),
        ("$$3271231LOT1", date(2027, 12, 31), "LOT1", "", None),
        ("$$527365LOT1", date(2027, 12, 31), "LOT1", "", None),
        ("$$62736512LOT1", date(2027, 12, 31), "LOT1", "", None),
        ("$$7LOT1", None, "LOT1", "", None),
        ("$$8101227LOT1", date(2027, 12, 31), "LOT1", "", 10),
        ("$$9001003271231LOT1", date(2027, 12, 31), "LOT1", "", 100),
        ("$$+3271231SER1", date(2027, 12, 31), "", "SER1", None),
    ],
)
def test_secondary_data_of_hibcc(
    secondary: str, expires_on: date | None, lot: str, serial: str, quantity: int | None
) -> None:
    label = parse_udi(hibcc(f"A999PART1231/{secondary}"), today=TODAY)

    assert (label.expires_on, label.lot, label.serial, label.quantity) == (expires_on, lot, serial, quantity)


def test_secondary_data_alone_end_with_the_link_character_of_their_primary_label() -> None:
    label = parse_udi(hibcc("$$3271231LOT1G"), today=TODAY)

    assert (label.lot, label.expires_on) == ("LOT1", date(2027, 12, 31))
    assert label.warnings == ("udi.no_device_identifier",)


def test_iccbba_label_with_all_parts() -> None:
    label = parse_udi(FDA_ICCBBA, today=TODAY)

    assert label.device_identifier == "A9999XYZ100T0944"
    assert (label.serial, label.donation, label.lot) == ("000025", "A999713123456", "XYZ123")
    assert (label.expires_on, label.manufactured_on) == (date(2014, 2, 1), date(2013, 2, 1))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "udi.empty"),
        ("   ", "udi.empty"),
        ("hello", "udi.issuer"),
        ("x" * 501, "udi.length"),
        ("(01)0950600013435é", "udi.character"),  # outside ASCII
        ("(01)0950600013435", "udi.value"),  # a digit is missing
        ("(05)123", "udi.unknown_ai"),
        ("059", "udi.unknown_ai"),
        ("(01)09506000134352(17)261332", "udi.value"),  # month 13
        ("(01)09506000134352(17)260231", "udi.date"),  # 31 February
        ("(01)09506000134352(10)A(10)B", "udi.duplicate"),
        ("(01)09506000134352(10)" + "L" * 21, "udi.value"),  # a lot has at most 20 characters
        ("(01)09506000134352(7003)2611222560", "udi.date"),  # hour 25
        (FDA_HIBCC[:-1] + "D", "udi.check_digit"),
        ("+A", "udi.length"),
        ("*A123BJC5D6E7" + check_character("A123BJC5D6E7") + "*", "udi.issuer"),  # Code 39, but no HIBC flag
        (hibcc("1ABC"), "udi.value"),  # secondary data that begin with a digit
        (hibcc("A999PART1231/$$3271331L"), "udi.date"),
        (hibcc("A999PART1231/$$527366L"), "udi.date"),
        (hibcc("A999PART1231/$L/16D20261301"), "udi.date"),
        (hibcc("A999PART1231/$L/ZZ"), "udi.supplement"),
        (hibcc("A999PART123X"), "udi.primary"),  # no package level
        ("+A999part1231/", "udi.character"),
        ("=/A9999XYZ100T094", "udi.structure"),  # a character is missing
        ("=/A9999XYZ100T0944=>014400", "udi.date"),
        ("=G12349865432161", "udi.check_digit"),  # flag of type 3 with another check value
        ("&>0140322560=/A9999XYZ100T0944", "udi.date"),
    ],
)
def test_what_is_no_label_is_refused_with_a_code(text: str, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_udi(text, today=TODAY)
    assert caught.value.code == code or (code == "udi.value" and caught.value.code in ("udi.supplement", "udi.value"))


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), st.text("0123456789()]d2+=/$&,>\x1dABC*", max_size=60)))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(DecodeError):
        parse_udi(text, today=TODAY)


VALUE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=20)


@given(st.integers(0, 10**13 - 1), VALUE, VALUE, st.dates(date(1977, 1, 1), date(2076, 12, 31)))
def test_a_written_label_reads_back(number: int, lot: str, serial: str, expires: date) -> None:
    digits = f"{number:013}"
    gtin = digits + check_digit(digits)

    for text in (
        f"01{gtin}17{expires:%y%m%d}10{lot}\x1d21{serial}",
        f"(01){gtin}(17){expires:%y%m%d}(10){lot}(21){serial}",
        f"]d221{serial}\x1d10{lot}\x1d01{gtin}17{expires:%y%m%d}",
    ):
        label = parse_udi(text, today=TODAY)
        assert (label.gtin, label.lot, label.serial, label.expires_on) == (gtin, lot, serial, expires)


@given(st.integers(0, 10**13 - 1), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(number: int, place: int, change: int) -> None:
    digits = f"{number:013}"
    gtin = digits + check_digit(digits)
    wrong = gtin[:place] + str((int(gtin[place]) + change) % 10) + gtin[place + 1 :]

    with pytest.raises(DecodeError):
        parse_udi(f"(01){wrong}", today=TODAY)


@given(st.text(ALPHABET.replace("/", "").replace("*", ""), min_size=1, max_size=30), st.integers(0, 200))
def test_one_wrong_character_of_a_hibcc_label_is_always_found(body: str, place: int) -> None:
    text = "+A" + body
    place = 1 + place % (len(text) - 1)
    other = ALPHABET[(ALPHABET.index(text[place]) + 1) % 43]

    assert check_character(text) != check_character(text[:place] + other + text[place + 1 :])


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)), st.integers(0, 99))
def test_a_year_is_within_half_a_century(today: date, digits: int) -> None:
    assert -50 <= full_year(digits, today) - today.year <= 50
    assert full_year(digits, today) % 100 == digits


def _ending_in_a_space(start: str) -> str:
    """Give a label without its check character, which is the space."""
    return next(f"{start}{mark}0" for mark in ALPHABET[:36] if check_character(f"{start}{mark}0") == " ")


@pytest.mark.parametrize("end", [" ", "", "_", " \r\n", "_*"])
def test_a_check_character_that_is_a_space_is_read_however_it_is_shown_or_lost(end: str) -> None:
    body = _ending_in_a_space("+A123PART")

    label = parse_udi(f"{'*' if end.endswith('*') else ''}{body}{end}", today=TODAY)

    assert label.device_identifier == body[1:]


def test_a_space_behind_a_label_is_passed_over_unless_it_may_be_its_check_character() -> None:
    assert parse_udi(f"{FDA_HIBCC} ", today=TODAY) == parse_udi(FDA_HIBCC, today=TODAY)
    doubtful = next(
        label
        for mark in ALPHABET[:36]
        if (label := f"+A123PART{mark}0" + check_character(f"+A123PART{mark}0")) and check_character(label) == " "
    )

    with pytest.raises(DecodeError) as caught:
        parse_udi(f"{doubtful} ", today=TODAY)

    assert caught.value.code == "udi.check_digit"


@pytest.mark.parametrize("day", ["2026113", "20260230", "20260100", "2026 113"])
def test_a_date_of_supplemental_data_has_eight_digits_and_exists(day: str) -> None:
    body = f"+A123PART10/$LOT1/14D{day}"

    with pytest.raises(DecodeError) as caught:
        parse_udi(body + check_character(body), today=TODAY)

    assert caught.value.code == "udi.date"
