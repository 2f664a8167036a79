"""Schemes with one and two pluses, and the data behind them, against the standard's own examples."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfid_gateway.epc.bits import BitReader, BitWriter
from rfid_gateway.epc.hostname import read_hostname, write_hostname
from rfid_gateway.epc.identifiers import METHODS, read_value, write_value
from rfid_gateway.epc.identity import decode_epc, digital_link, encode_epc
from rfid_gateway.epc.plus import PLUS_SCHEMES
from twin.errors import DecodeError
from twin.gs1.keys import CHARACTERS_82, check_digit

# TDS 2.3 (October 2025), annex E.3; what it prints is cut after the last digit that is not filling.
# Two headers there are misprints against its table 14-1 and are written right here: SSCC++ (EF) and ITIP++ (ED); two
# links there name example.com where the bits say id.example.com.
PUBLISHED = [
    ("sgtin+", 3, "https://id.gs1.org/01/79521141123453/21/32a%2Fb", "F73795211411234538566CB0AFC4"),
    (
        "dsgtin+",
        3,
        "https://id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630",
        "FB342CDE795211411234538566CB0AFC4",
    ),
    (
        "sgtin++",
        3,
        "https://id.example.com/01/79521141123453/21/32a%2Fb",
        "FD3795211411234538566CB0AFC525065F1876F0D996D800",
    ),
    (
        "dsgtin++",
        3,
        "https://id.example.com/01/79521141123453/21/32a%2Fb?17=220630",
        "FC342CDE795211411234538566CB0AFC525065F1876F0D996D80",
    ),
    ("sscc+", 0, "https://id.gs1.org/00/095201234567891235", "F90095201234567891235"),
    ("sscc++", 0, "https://id.example.com/00/095201234567891235", "EF009520123456789123592832F8C3B786CCB6C0"),
    ("sgln+", 3, "https://id.gs1.org/414/9521141123454/254/32a%2Fb", "F2395211411234548566CB0AFC4"),
    (
        "sgln++",
        3,
        "https://id.example.com/414/9521141123454/254/32a%2Fb",
        "E9395211411234548566CB0AFC525065F1876F0D996D8000",
    ),
    ("grai+", 3, "https://id.gs1.org/8003/0952114112345432a%2Fb", "F13095211411234548566CB0AFC4"),
    (
        "grai++",
        3,
        "https://id.example.com/8003/0952114112345432a%2Fb",
        "EB3095211411234548566CB0AFC525065F1876F0D996D800",
    ),
    ("giai+", 3, "https://id.gs1.org/8004/952114132a%2Fb", "FA3952114132E83C2BF10"),
    ("giai++", 3, "https://id.example.com/8004/952114132a%2Fb", "EE3952114132E83C2BF1494197C61DBC3665B600"),
    ("gsrn+", 3, "https://id.gs1.org/8018/952114112345678906", "F43952114112345678906"),
    ("gsrn++", 3, "https://id.example.com/8018/952114112345678906", "E7395211411234567890692832F8C3B786CCB6C0"),
    ("gsrnp+", 3, "https://id.gs1.org/8017/952114112345678906", "F53952114112345678906"),
    ("gsrnp++", 3, "https://id.example.com/8017/952114112345678906", "E8395211411234567890692832F8C3B786CCB6C0"),
    ("gdti+", 3, "https://id.gs1.org/253/95211411234545678", "F6395211411234540458B8"),
    ("gdti++", 3, "https://id.example.com/253/95211411234545678", "EA395211411234540458BA4A0CBE30EDE1B32DB0"),
    ("cpi+", 3, "https://id.gs1.org/8010/95211415PQ7%2FZ43/8011/12345", "F0395211415E87A145BAFB4D19A8C0E4"),
    (
        "cpi++",
        3,
        "https://id.example.com/8010/95211415PQ7%2FZ43/8011/12345",
        "E6395211415E87A145BAFB4D19A8C0E64A0CBE30EDE1B32DB000",
    ),
    ("sgcn+", 3, "https://id.gs1.org/255/952114167890904711", "F839521141678909509338"),
    ("sgcn++", 3, "https://id.example.com/255/952114167890904711", "EC3952114167890950933C94197C61DBC3665B60"),
    ("itip+", 3, "https://id.gs1.org/8006/095211411234540102/21/rif981", "F3309521141123454010266AE27FDF35"),
    (
        "itip++",
        3,
        "https://id.example.com/8006/095211411234540102/21/rif981",
        "ED309521141123454010266AE27FDF3592832F8C3B786CCB6C00",
    ),
]


@pytest.mark.parametrize(("scheme", "filter_value", "link", "printed"), PUBLISHED, ids=[one[0] for one in PUBLISHED])
def test_published_example_is_read_and_written(scheme: str, filter_value: int, link: str, printed: str) -> None:
    written = encode_epc(link, scheme=scheme, filter_value=filter_value)
    found = decode_epc(printed)

    length = max(len(written), len(printed))
    assert written.ljust(length, "0") == printed.ljust(length, "0")
    assert (found.scheme, found.digital_link, found.filter) == (scheme, link, filter_value)


def test_every_scheme_has_a_published_example() -> None:
    assert {one[0] for one in PUBLISHED} == {scheme.name for scheme in PLUS_SCHEMES}


SGTIN = "https://id.gs1.org/01/79521141123453/21/32a%2Fb"


def test_lot_and_expiry_follow_an_epc_and_set_its_toggle_bit() -> None:
    written = encode_epc("(01)79521141123453(21)32a/b(10)LOT7(17)261231", filter_value=3)

    found = decode_epc(written)

    # The toggle is the bit after the header; everything else of the EPC stands where it stands without data.
    assert written[:4] == "F7B7"
    assert found.data == (("10", "LOT7"), ("17", "261231"))
    assert found.elements == (("01", "79521141123453"), ("21", "32a/b"))
    assert found.gs1_element_string == "(01)79521141123453(21)32a/b(10)LOT7(17)261231"
    assert found.digital_link == "https://id.gs1.org/01/79521141123453/10/LOT7/21/32a%2Fb?17=261231"
    assert encode_epc(found.digital_link, filter_value=3) == written


def test_bits_of_an_expiry_are_as_section_15_3_says() -> None:
    # (17) in two digits of four bits, then 7 bits of year, 4 of month, 5 of day.
    date = f"{26:07b}{12:04b}{31:05b}"

    found = encode_epc("(00)095201234567891235(17)261231")

    assert f"{int(found, 16):0{4 * len(found)}b}".startswith(
        f"{0xF9:08b}1000" + f"{0x095201234567891235:072b}" + "00010111" + date
    )


# A value that each application identifier may bear, with the shortest and the longest length that it allows.
def _with_check(digits: str) -> str:
    return digits + check_digit(digits)


VALUES = {
    "00": _with_check("09520123456789123"),
    "02": _with_check("7952114112345"),
    "253": _with_check("952114112345"),
    "255": _with_check("952114112345") + "007",
    "402": _with_check("9521141123456789"),
    "414": _with_check("952114112345"),
    "8003": _with_check("0952114112345") + "A-1",
    "8006": _with_check("7952114112345") + "0102",
    "8017": _with_check("95211411234567890"),
    "8026": _with_check("7952114112345") + "0203",
    "20": "07",
    "30": "00012345",
    "3103": "001250",
    "3922": "199",
    "3932": "978199",
    "3940": "0025",
    "3953": "001250",
    "410": _with_check("952114112345"),
    "421": "276D-1017",
    "422": "040",
    "423": "040276",
    "4302": "x" * 70,
    "4307": "CN",
    "4309": "12345678901234567890",
    "4321": "1",
    "4324": "2612312400",
    "4326": "260200",
    "4330": "002100-",
    "4331": "000400",
    "7001": "0123456789012",
    "7003": "2601020304",
    "7004": "0042",
    "7005": "AB1",
    "7007": "260101260131",
    "7008": "ABC",
    "7010": "1a",
    "7011": "260101",
    "7023": "9521A",
    "7030": "276a*b",
    "7040": "1ABC",
    "710": "1234567",
    "7230": "AB123",
    "7241": "07",
    "7252": "2",
    "7254": "x" * 30,
    "7258": "1/3",
    "8001": "00000000000001",
    "8004": "9521",
    "8005": "000199",
    "8008": "260101235959",
    "8010": "9521/A#1",
    "8011": "000000000001",
    "8019": "0000000001",
    "8030": "a_b-C",
    "8111": "0042",
    "90": "!",
    "91": "x" * 90,
}


@pytest.mark.parametrize(("key", "value"), VALUES.items())
def test_value_of_an_identifier_comes_back(key: str, value: str) -> None:
    if key == "8004":
        value += "7"
    bits = BitWriter()
    write_value(key, value, bits)
    written = int(bits.hex_words(), 16) >> (-bits.count % 16)

    reader = BitReader(written, bits.count)

    assert read_value(key, reader) == value
    assert reader.left == 0


@pytest.mark.parametrize(
    ("key", "value", "bits"),
    [  # widths as table F prints them
        ("20", "07", 7),
        ("3103", "001250", 20),
        ("402", VALUES["402"], 57),
        ("422", "040", 10),
        ("4307", "CN", 12),
        ("4309", VALUES["4309"], 67),
        ("4324", "2612312400", 27),
        ("4330", "002100-", 21),
        ("7001", VALUES["7001"], 44),
        ("7007", "260101260131", 33),
        ("7011", "260101", 18),
        ("8008", "26010123", 23),
        ("8008", "260101235959", 35),
        ("7258", "1/3", 8),
        ("8026", VALUES["8026"], 72),
        ("10", "12345", 3 + 5 + 17),
        ("10", "00001", 3 + 5 + 17),
        ("427", "A", 3 + 2 + 4),
        ("421", "276D", 10 + 3 + 4 + 4),
        ("7254", "Z", 3 + 6 + 6),
        ("91", "z", 3 + 7 + 6),
    ],
)
def test_value_takes_the_bits_that_the_table_says(key: str, value: str, bits: int) -> None:
    writer = BitWriter()

    write_value(key, value, writer)

    assert writer.count == bits


def test_identifiers_are_those_of_the_table() -> None:
    # (03) and (8014) do not belong on tags; (3106) and (38) do not exist.
    assert not {"03", "8014", "3106", "38", "7260"} & set(METHODS)
    assert {"3105", "3699", "7039", "716", "99", "4333"} & set(METHODS) == {"3105", "7039", "716", "99", "4333"}


texts = st.text(sorted(CHARACTERS_82), min_size=1, max_size=12)
dates = st.builds(lambda y, m, d: f"{y:02d}{m:02d}{d:02d}", st.integers(0, 99), st.integers(1, 12), st.integers(0, 28))
hosts = st.from_regex(r"(id\.|www\.)?[a-z]{1,12}(\.com|\.co\.uk|\.cn|\.tech|\.med|\.org)(:8443)?", fullmatch=True)


@settings(max_examples=300)
@given(serial=texts, lot=texts, expiry=dates, count=st.integers(0, 99_999_999), host=hosts)
def test_epc_with_host_and_data_comes_back(serial: str, lot: str, expiry: str, count: int, host: str) -> None:
    elements = [("01", "79521141123453"), ("21", serial), ("17", expiry), ("10", lot), ("30", str(count))]
    link = digital_link(elements, host)
    found = decode_epc(encode_epc(link, scheme="sgtin++"))

    assert found.hostname == host
    assert dict((*found.elements, *found.data)) == dict(elements)
    assert found.digital_link is not None
    assert encode_epc(found.digital_link, scheme="sgtin++") == found.hex


@settings(max_examples=300)
@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=1, max_size=63)
    | hosts
    | st.text("ABZ-.:09", min_size=1, max_size=63)
)
def test_host_comes_back_in_no_more_bits_than_its_characters_take(host: str) -> None:
    bits = BitWriter()
    write_hostname(host, bits)
    reader = BitReader(int(bits.hex_words(), 16) >> (-bits.count % 16), bits.count)

    assert read_hostname(reader) == host
    assert bits.count <= 7 + 7 * len(host)


@settings(max_examples=500)
@given(st.sampled_from(PUBLISHED), st.binary(max_size=30), st.integers(0, 7))
def test_any_octets_behind_a_toggled_epc_are_data_or_a_coded_error(
    published: tuple[str, int, str, str], octets: bytes, bit: int
) -> None:
    digits = encode_epc(published[2], scheme=published[0])
    toggled = f"{int(digits, 16) | 1 << (4 * len(digits) - 9):X}" + octets.hex()

    try:
        found = decode_epc(toggled)
    except DecodeError as error:
        assert error.code.startswith("epc.")  # noqa: PT017 - both outcomes are right
        return
    assert found.scheme == published[0]
    assert found.digital_link is not None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(01)79521141123453(21)7(17)261331", "epc.date"),  # no thirteenth month
        ("(01)79521141123453(21)7(17)260431", "epc.date"),  # April has thirty days
        ("(01)79521141123453(21)7(7003)2601012430", "epc.date"),  # 24:30 is past the end of the day
        ("(01)79521141123453(21)7(4324)2601019999", "epc.date"),  # "no time": table F has no room for it
        ("(01)79521141123453(21)7(02)79521141123454", "epc.check_digit"),
        ("(01)79521141123453(21)7(10)" + "x" * 21, "epc.length"),
        ("(01)79521141123453(21)7(10)a b", "epc.character"),
        ("(01)79521141123453(21)7(8010)9521a", "epc.character"),  # small letters are none of the 39
        ("(01)79521141123453(21)7(21)8", "epc.parts"),  # told twice
        ("(01)79521141123453(21)7(4307)cn", "epc.character"),
        ("(01)79521141123453(21)7(4321)2", "epc.flag"),
        ("(01)79521141123453(21)7(7258)1/0", "epc.sequence"),
        ("(01)79521141123453(21)7(91)" + "x" * 90, "epc.long"),  # more than 31 words
        ("(253)9521141123454", "epc.length"),  # a document type, not a document
        ("https://id.gs1.org/01/79521141123453/21/7?03=79521141123453", "epc.identifier"),
        ("(01)79521141123453(21)7(37)5", "epc.pair"),  # a count of contained items beside the item itself
        ("(8018)952114112345678906(7250)19310704(7251)193107041200", "epc.pair"),  # born twice
        ("(99)1", "epc.scheme"),
        ("(1)1", "epc.parts"),
    ],
)
def test_data_that_fit_no_tag_are_refused_with_a_code(text: str, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        encode_epc(text)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("F7379521141123453" + "8566CB0AFC4" + "0000" + "17", "epc.long"),  # bits after an EPC that says: no data
        ("EF0095201234567891235" + "80" + "0", "epc.hostname"),  # a host of no characters
        ("EF0095201234567891235" + "8210", "epc.hostname"),  # reserved pieces
    ],
)
def test_bits_that_fit_no_scheme_are_refused_with_a_code(text: str, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_epc(text)

    assert caught.value.code == code


def test_what_the_standard_reserves_is_kept_as_bits() -> None:
    digits = encode_epc("(00)095201234567891235(10)LOT7")
    bits = f"{int(digits, 16):0{4 * len(digits)}b}"
    # SSCC+ takes 84 bits, (10) with LOT7 8 + 8 + 24; then a header of the range A0 to FF.
    changed = bits[: 84 + 40] + "11100001" + "1010"

    found = decode_epc(f"{int(changed, 2):034X}")

    assert found.data == (("10", "LOT7"),)
    assert found.further_data == "111000011010"


def test_an_sscc_can_follow_as_data_though_its_header_is_zero() -> None:
    found = decode_epc(encode_epc("(01)79521141123453(21)7(00)095201234567891235"))

    assert found.data == (("00", "095201234567891235"),)


def test_words_of_zeros_behind_data_are_filling() -> None:
    digits = encode_epc("(00)095201234567891235(10)LOT7")

    assert decode_epc(digits + "0" * 40).data == (("10", "LOT7"),)


def test_scheme_with_two_pluses_wants_a_host() -> None:
    with pytest.raises(DecodeError) as caught:
        encode_epc("(01)79521141123453(21)7", scheme="sgtin++")

    assert caught.value.code == "epc.hostname"
