"""Labels in every form: what is read, what is refused and where, and that all who read them agree."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.rules.udi.parsing import parse_udi
from inventory.rules.scanning.gs1 import read_gs1
from rfid_gateway.epc.identity import decode_epc, encode_epc
from tests.datafiles import load_json
from twin.errors import DecodeError
from twin.gs1.identifiers import identifier_of
from twin.gs1.keys import CHARACTERS_82, CHECK_DIGIT_AT, check_digit
from twin.gs1.labels import read_gs1_label

TODAY = date(2026, 11, 22)
GTIN = "09506000134352"
lots = st.text(sorted(CHARACTERS_82 - set("()")), min_size=1, max_size=20)
days = st.builds(lambda y, m, d: f"{y:02d}{m:02d}{d:02d}", st.integers(0, 99), st.integers(1, 12), st.integers(0, 28))


def pairs(text: str) -> list[tuple[str, str]]:
    return [(element.identifier, element.value) for element in read_gs1_label(text, today=TODAY).elements]


# Those that begin with + are labels of HIBC.
PUBLISHED = [row for row in load_json("inventory/gs1_udi.json")["cases"] if not row["raw"].startswith("+")]


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row["id"])
def test_published_labels_of_goods_are_cut_into_their_elements(row: dict[str, Any]) -> None:
    told = dict(pairs(row["raw"]))

    wanted = row["expected"]
    for name, identifier in {"gtin": "01", "lot": "10", "serial": "21", "sscc": "00", "grai": "8003"}.items():
        assert told.get(identifier) == wanted.get(name, told.get(identifier))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"]d201{GTIN}10A\x1d21B", [("01", GTIN), ("10", "A"), ("21", "B")]),
        (f"\x1d01{GTIN}10A\x1d", [("01", GTIN), ("10", "A")]),  # FNC1 sent as a character, before and after
        (f"]C0(01){GTIN}(10)A", [("01", GTIN), ("10", "A")]),  # Code 128 that a printer filled with what is read by eye
        (f" (01) {GTIN} (10) A ".strip(), [("01", GTIN), ("10", "A")]),
        ("]E09506000134352", [("01", GTIN)]),
        ("96385074", [("01", "00000096385074")]),
        (f"]I1{GTIN}", [("01", GTIN)]),
        (f"https://id.gs1.org/01/{GTIN}/10/A%2FB?17=271231&x=1", [("01", GTIN), ("10", "A/B"), ("17", "271231")]),
        # release 1.1: names in letters, also of the expiry, and attributes parted by semicolons
        (f"https://x.org/gtin/{GTIN}/lot/A?exp=271231", [("01", GTIN), ("10", "A"), ("17", "271231")]),
        (f"https://x.org/01/{GTIN}?10=A;B;17=271231", [("01", GTIN), ("10", "A;B"), ("17", "271231")]),
        (f"HTTPS://ID.GS1.ORG/01/{GTIN}/21/A+B?10=C+D", [("01", GTIN), ("21", "A+B"), ("10", "C+D")]),
        ("http://example.com/a/b/gtin/9506000134352/lot/A#part", [("01", GTIN), ("10", "A")]),
        ("(8013)1987654Ad4X4bL5ttr2310c2K", [("8013", "1987654Ad4X4bL5ttr2310c2K")]),
        # (7003) and (422) want a separator; their length tells where they end, should it be lost
        ("7003261122233042275210A", [("7003", "2611222330"), ("422", "752"), ("10", "A")]),
        ("(10)A(05)B", [("10", "A(05)B")]),  # (05) is no identifier, and brackets are characters of a lot
        (f"(01){GTIN}(01){GTIN}", [("01", GTIN)]),
    ],
)
def test_every_form_of_a_label_is_read(text: str, wanted: list[tuple[str, str]]) -> None:
    assert pairs(text) == wanted


@pytest.mark.parametrize(
    ("text", "code", "offset"),
    [
        ("", "gs1.empty", None),
        ("\x1d\x1d", "gs1.empty", None),
        ("]d2", "gs1.empty", None),
        ("(05)1", "gs1.unknown_ai", 0),
        (f"]d201{GTIN}05", "gs1.unknown_ai", 19),
        (f"(01){GTIN[:-1]}3", "gs1.check_digit", 17),
        (f"]d201{GTIN[:-1]}3", "gs1.check_digit", 18),
        ("9506000134353", "gs1.check_digit", 12),
        ("]E01234", "gs1.value", 3),
        (f"(01){GTIN}1", "gs1.value", 4),
        (f"01{GTIN}30", "gs1.value", 18),  # a count of nothing
        (f"(01){GTIN}(10)A(10)B", "gs1.duplicate", 27),
        (f"(01){GTIN}(17)261332", "gs1.date_form", 22),
        (f"(01){GTIN}(17)260231", "gs1.date", 22),
        (f"01{GTIN}10" + "L" * 21, "gs1.value", 18),  # never cut at twenty: what follows would be anybody's guess
        ("(8013)1987654Ad4X4bL5ttr2310cXK", "gs1.check_digit", 29),
        ("(01)٠٩٥٠٦٠٠٠١٣٤٣٥٢", "gs1.value", 4),  # digits of another script
        ("(٠١)09506000134352", "gs1.unknown_ai", 0),
        ("https://example.com/devices/7", "gs1.no_key", 0),
        (f"https://id.gs1.org/01/{GTIN}/10", "gs1.value", 37),
        (f"https://id.gs1.org/01/{GTIN}/9999/1", "gs1.unknown_ai", 42),
        (f"https://id.gs1.org/01/{GTIN}?17=260231", "gs1.date", 40),
        (f"https://id.gs1.org/01/{GTIN[:5]}\n{GTIN[5:]}", "gs1.value", 27),
        ("https://[", "gs1.value", 0),
    ],
)
def test_what_is_no_label_is_refused_by_code_and_place(text: str, code: str, offset: int | None) -> None:
    with pytest.raises(DecodeError) as caught:
        read_gs1_label(text, today=TODAY)

    assert (caught.value.code, caught.value.offset) == (code, offset)


@given(lots, lots, days)
def test_a_label_means_the_same_scanned_typed_and_linked(lot: str, serial: str, expiry: str) -> None:
    wanted = [("01", GTIN), ("17", expiry), ("10", lot), ("21", serial)]
    scanned = "]d2" + "".join(key + value + ("\x1d" if key in ("10", "21") else "") for key, value in wanted)
    typed = "".join(f"({key}){value}" for key, value in wanted)
    escaped = {key: "".join(f"%{ord(one):02X}" for one in value) for key, value in wanted}
    linked = f"https://id.gs1.org/01/{GTIN}/10/{escaped['10']}/21/{escaped['21']}?17={expiry}"

    assert pairs(scanned) == pairs(typed) == wanted
    assert sorted(pairs(linked)) == sorted(wanted)


@given(st.sampled_from(sorted(CHECK_DIGIT_AT)), st.integers(0, 10**17 - 1), st.integers(1, 9))
def test_a_wrong_check_digit_of_any_key_is_never_read(key: str, number: int, shift: int) -> None:
    length = CHECK_DIGIT_AT[key]
    payload = f"{number:017d}"[-(length - 1) :] if key != "8003" else "0" + f"{number:017d}"[-12:]
    rest = "0102" if key in ("8006", "8026") else ""
    right = check_digit(payload)
    wrong = str((int(right) + shift) % 10)

    assert pairs(f"({key}){payload}{right}{rest}") == [(key, payload + right + rest)]
    with pytest.raises(DecodeError) as caught:
        pairs(f"({key}){payload}{wrong}{rest}")
    assert (caught.value.code, caught.value.offset) == ("gs1.check_digit", len(key) + 2 + length - 1)


@settings(max_examples=400)
@given(st.text(max_size=60) | st.text("0123456789()]d2C1E\x1dABC/:?=&%https", max_size=60))
def test_any_text_is_a_label_or_a_coded_error(text: str) -> None:
    try:
        found = read_gs1_label(text, today=TODAY)
    except DecodeError as error:
        assert error.code.startswith("gs1.")  # noqa: PT017 - both outcomes are right
        return
    assert found.elements
    assert all((kind := identifier_of(one.identifier)) and kind.allows(one.value) for one in found.elements)


def test_a_lost_separator_is_told_with_the_other_reading() -> None:
    lost = read_gs1_label(f"01{GTIN}10L117261231", today=TODAY).lost

    assert lost is not None
    assert (lost.identifier, lost.value) == ("10", "L1")
    assert [(one.identifier, one.value) for one in lost.rest] == [("17", "261231")]


@pytest.mark.parametrize(
    "text",
    [
        f"01{GTIN}10L117261231\x1d21S",  # this scanner sends separators
        f"(01){GTIN}(10)L117261231",  # typed by somebody who sees the brackets
        f"01{GTIN}1726123110L117261231",  # the label carries its date already
        f"01{GTIN}10L117269931",  # no date
        f"01{GTIN}10L11726123105",  # a date, but no label behind it
    ],
)
def test_a_lot_that_only_looks_like_a_date_is_not_doubted(text: str) -> None:
    assert read_gs1_label(text, today=TODAY).lost is None


@settings(max_examples=200)
@given(lots, lots, days)
def test_devices_goods_and_tags_read_one_label_alike(lot: str, serial: str, expiry: str) -> None:
    text = f"(01){GTIN}(21){serial}(10){lot}(17){expiry}"

    device, goods, tag = parse_udi(text, today=TODAY), read_gs1(text, today=TODAY), decode_epc(encode_epc(text))

    assert device.expires_on is not None
    assert (device.gtin, device.lot, device.serial) == (goods.gtin, goods.lot, goods.serial)
    assert device.expires_on.isoformat() == goods.expiry
    assert dict((*tag.elements, *tag.data)) == dict(goods.elements)
