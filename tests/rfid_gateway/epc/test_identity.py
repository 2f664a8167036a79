from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfid_gateway.epc.identity import decode_epc, encode_epc
from rfid_gateway.epc.plus import PLUS_SCHEMES
from rfid_gateway.epc.schemes import SCHEMES
from rfid_gateway.epc.text import escape, escape_for_link
from tests.datafiles import load_json
from twin.errors import DecodeError
from twin.gs1.keys import CHARACTERS_82, check_digit

VECTORS: list[dict[str, Any]] = load_json("gateway/epc_tds_vectors.json")["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["scheme"])
def test_published_epc_means_what_the_standard_says(vector: dict[str, Any]) -> None:
    found = decode_epc(vector["hex"])

    assert {key: getattr(found, key) for key in vector if key != "hex"} == {
        k: v for k, v in vector.items() if k != "hex"
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["scheme"])
def test_published_tag_uri_is_written_in_whole_words(vector: dict[str, Any]) -> None:
    written = encode_epc(vector["tag_uri"])

    length = max(len(written), len(vector["hex"]))
    assert len(written) % 4 == 0
    assert written.ljust(length, "0") == vector["hex"].ljust(length, "0")


prefixes = st.integers(6, 12).flatmap(lambda n: st.integers(0, 10**n - 1).map(lambda value: f"{value:0{n}d}"))
texts = st.text(sorted(CHARACTERS_82), min_size=1, max_size=16)
codes = st.text("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", min_size=5, max_size=6)


def keyed(scheme: str, digits: int, serial: st.SearchStrategy[str] | None, filters: int = 7) -> st.SearchStrategy[str]:
    def complete(prefix: str) -> st.SearchStrategy[str]:
        count = digits - len(prefix)
        reference = st.integers(0, 10**count - 1).map(lambda value: f"{value:0{count}d}" if count else "")
        parts = [
            st.integers(0, filters).map(str),
            st.just(prefix),
            reference,
            *([serial] if serial is not None else []),
        ]
        return st.tuples(*parts).map(lambda found: f"urn:epc:tag:{scheme}:" + ".".join(found))

    return prefixes.flatmap(complete)


def numbers(bits: int) -> st.SearchStrategy[str]:
    return st.integers(0, 2**bits - 1).map(str)


escaped = texts.map(escape)
TAG_URIS = st.one_of(
    keyed("sgtin-96", 13, numbers(38)),
    keyed("sgtin-198", 13, escaped),
    keyed("sscc-96", 17, None),
    keyed("sgln-96", 12, numbers(41)),
    keyed("sgln-195", 12, escaped),
    keyed("grai-96", 12, numbers(38)),
    keyed("grai-170", 12, escaped),
    keyed("gsrn-96", 17, None),
    keyed("gsrnp-96", 17, None),
    keyed("gdti-96", 12, numbers(41)),
    keyed("gdti-174", 12, escaped),
    keyed("gdti-113", 12, st.text("0123456789", min_size=1, max_size=16)),
    keyed("sgcn-96", 12, st.text("0123456789", min_size=1, max_size=11)),
    keyed("itip-110", 13, st.builds(lambda n: f"01.{n:02d}.77", st.integers(1, 99))),
    keyed("itip-212", 13, escaped.map(lambda serial: f"02.09.{serial}")),
    st.builds(
        lambda f, p, n: f"urn:epc:tag:giai-96:{f}.{p}.{n}", st.integers(0, 7), prefixes, st.integers(0, 2**42 - 1)
    ).filter(lambda uri: len(uri.split(".")[-1]) <= 25 - len(uri.split(".")[1])),
    st.builds(lambda f, p, s: f"urn:epc:tag:giai-202:{f}.{p}.{s}", st.integers(0, 7), prefixes, escaped),
    st.builds(
        lambda f, p, n, s: f"urn:epc:tag:cpi-96:{f}.{p}.{n}.{s}",
        st.integers(0, 7),
        prefixes,
        st.integers(0, 999),
        numbers(31),
    ),
    st.builds(
        lambda f, p, t, s: f"urn:epc:tag:cpi-var:{f}.{p}.{escape(t)}.{s}",
        st.integers(0, 7),
        prefixes,
        st.text("#-/0123456789ABCXYZ", min_size=1, max_size=18),
        st.integers(0, 10**12 - 1).map(str),
    ),
    st.builds(lambda m, c, s: f"urn:epc:tag:gid-96:{m}.{c}.{s}", numbers(28), numbers(24), numbers(36)),
    st.builds(lambda f, c, s: f"urn:epc:tag:usdod-96:{f}.{c}.{s}", st.integers(0, 15), codes, numbers(36)),
    st.builds(
        lambda f, c, p, s: f"urn:epc:tag:adi-var:{f}.{c}.{escape(p)}.{escape(s)}",
        st.integers(0, 63),
        codes,
        st.text("-/0123456789ABCXYZ", max_size=12),
        st.builds(lambda mark, text: mark + text, st.sampled_from(["", "#"]), st.text("0129AZ-/", min_size=1)).map(
            lambda text: text[:30]
        ),
    ),
)


@settings(max_examples=400)
@given(TAG_URIS)
def test_every_tag_uri_comes_back_from_its_hex(uri: str) -> None:
    written = encode_epc(uri)

    found = decode_epc(written)

    assert found.tag_uri == uri
    assert len(written) % 4 == 0


@settings(max_examples=300)
@given(TAG_URIS, st.data())
def test_every_wrong_bit_gives_another_identity_or_a_coded_error(uri: str, data: st.DataObject) -> None:
    written = encode_epc(uri)
    position = data.draw(st.integers(0, 4 * len(written) - 1))
    changed = f"{int(written, 16) ^ 1 << position:0{len(written)}X}"

    try:
        found = decode_epc(changed)
    except DecodeError as error:
        code = error.code
    else:
        code = "epc." if found.tag_uri != uri else "unnoticed"
    assert code.startswith("epc.")


@settings(max_examples=500)
@given(st.binary(min_size=1, max_size=40), st.sampled_from([None, *(one.header for one in (*SCHEMES, *PLUS_SCHEMES))]))
def test_any_octets_are_an_identity_or_a_coded_error(octets: bytes, header: int | None) -> None:
    text = (octets if header is None else bytes([header]) + octets).hex()

    try:
        found = decode_epc(text)
    except DecodeError as error:
        assert error.code.startswith("epc.")  # noqa: PT017 - both outcomes are right
        return
    assert found.hex == text.upper()
    if found.tag_uri and found.scheme != "raw":
        assert decode_epc(encode_epc(found.tag_uri)).tag_uri == found.tag_uri


def gtin(number: int) -> str:
    digits = f"{number:013d}"
    return digits + check_digit(digits)


@settings(max_examples=200)
@given(st.integers(0, 10**13 - 1), texts, st.integers(0, 7))
def test_sgtin_plus_comes_back_as_the_same_digital_link(number: int, serial: str, filter_value: int) -> None:
    link = f"https://id.gs1.org/01/{gtin(number)}/21/{escape_for_link(serial)}"

    found = decode_epc(encode_epc(link, filter_value=filter_value))

    assert (found.scheme, found.digital_link, found.filter) == ("sgtin+", link, filter_value)
    assert found.gs1_element_string == f"(01){gtin(number)}(21){serial}"


def with_check(digits: str) -> str:
    return digits + check_digit(digits)


@pytest.mark.parametrize(
    ("scheme", "link"),
    [
        ("sscc+", f"/00/{with_check('09521141123456789')}"),
        ("sgln+", f"/414/{with_check('952114112345')}"),
        ("sgln+", f"/414/{with_check('952114112345')}/254/32a%2Fb"),
        ("grai+", f"/8003/{with_check('0952114112345')}ABC-12.3"),
        ("giai+", "/8004/952114198765"),
        ("giai+", "/8004/95201A%2Fb-12"),
        ("gsrn+", f"/8018/{with_check('95211411234567890')}"),
        ("gsrnp+", f"/8017/{with_check('95211411234567890')}"),
        ("gdti+", f"/253/{with_check('952114112345')}0042"),
        ("sgcn+", f"/255/{with_check('952114112345')}067890904711"),
        ("itip+", f"/8006/{with_check('0952114112345')}0102/21/rif981"),
        ("cpi+", "/8010/9521141PQ7%2FZ43/8011/1234"),
        ("dsgtin+", f"/01/{with_check('0952114112345')}/21/deadbeef?17=271231"),
    ],
)
def test_every_scheme_with_a_plus_comes_back(scheme: str, link: str) -> None:
    found = decode_epc(encode_epc("https://id.gs1.org" + link, scheme=scheme))

    assert (found.scheme, found.digital_link) == (scheme, "https://id.gs1.org" + link)


def test_published_example_of_sgtin_plus_is_reproduced() -> None:
    written = encode_epc("https://id.gs1.org/01/79521141123453/21/32a%2Fb")

    assert written.startswith("F7079521141123453")
    assert decode_epc(written).gs1_element_string == "(01)79521141123453(21)32a/b"


def test_a_factory_tag_is_a_first_class_raw_id() -> None:
    found = decode_epc("E28011702000020A55B2A1F3")

    assert (found.scheme, found.tag_uri) == ("raw", "urn:epc:raw:96.xE28011702000020A55B2A1F3")
    assert encode_epc("urn:epc:raw:96.xE28011702000020A55B2A1F3") == found.hex


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "epc.hex"),
        ("30 74", "epc.hex"),
        ("30G4257BF7194E4000001A85", "epc.hex"),
        ("3074257BF7194E4000001A850000", "epc.long"),  # a whole word too many, even of zeros
        ("3074257BF7194E4000001A8501", "epc.padding"),
        ("3074257BF7194E4000001A", "epc.short"),
        ("307C257BF7194E4000001A85", "epc.partition"),  # partition value 7
        ("3077FFFFFF194E4000001A85", "epc.range"),  # company prefix of more digits than its bits may hold
        ("3174257BF4499602D2000001", "epc.reserved"),  # SSCC-96 ends with 24 zero bits
        ("0" * 125, "epc.long"),
    ],
)
def test_hex_that_is_no_epc_is_refused_with_a_code(text: str, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_epc(text)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("urn:epc:tag:sgtin-96:3.0614141.812345.06789", "epc.number"),  # the leading zero would be lost
        ("urn:epc:tag:sgtin-96:3.0614141.812345.274877906944", "epc.range"),  # 2^38
        ("urn:epc:tag:sgtin-96:8.0614141.812345.1", "epc.range"),  # filter of three bits
        ("urn:epc:tag:sgtin-96:03.0614141.812345.1", "epc.filter"),  # would come back as another URI
        ("urn:epc:tag:sgtin-198:3.0614141.812345.32a/b", "epc.escape"),  # a slash is written %2F
        ("urn:epc:tag:cpi-var:3.0614141.5PQ7#1.1", "epc.escape"),
        ("urn:epc:tag:cpi-var:3.0614141.5PQ7.1000000000000", "epc.range"),  # 40 bits hold it, (8011) does not
        ("urn:epc:tag:gdti-113:3.0614141.12345.", "epc.length"),  # without a serial it is a kind of document
        ("urn:epc:tag:sgcn-96:3.4012345.67890.", "epc.length"),
        ("urn:epc:tag:giai-96:0.061414112345.4398046511104", "epc.range"),  # 2^42, of thirteen digits
        ("urn:epc:tag:giai-202:0.061414." + "x" * 25, "epc.length"),
        ("urn:epc:tag:sgtin-96:3.061414.812345.1", "epc.digits"),  # prefix and reference too short together
        ("urn:epc:tag:sgtin-96:3.06141.81234567.1", "epc.prefix"),
        ("urn:epc:tag:sgtin-96:3.0614141.812345", "epc.parts"),
        ("urn:epc:tag:sgtin-96:3.0614141.812345.1.2", "epc.number"),
        ("urn:epc:tag:sgtin-198:3.0614141.812345.a~b", "epc.character"),
        ("urn:epc:tag:sgtin-198:3.0614141.812345.a%2", "epc.escape"),
        ("urn:epc:tag:sgtin-198:3.0614141.812345." + "x" * 21, "epc.length"),
        ("urn:epc:tag:itip-110:3.4012345.012345.03.02.1", "epc.piece"),
        ("urn:epc:tag:nonsense:3.1", "epc.scheme"),
        ("urn:epc:id:sgtin:0614141.812345.1", "epc.uri"),
        ("https://id.gs1.org/01/79521141123454/21/1", "epc.check_digit"),
        ("https://id.gs1.org/99/1", "epc.scheme"),
        ("https://id.gs1.org/01", "epc.uri"),
    ],
)
def test_uri_that_fits_no_tag_is_refused_with_a_code(uri: str, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        encode_epc(uri)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("uri", "hexed"),
    [
        # every one of the longest values that its field holds; the bits were laid out by hand from the tables
        ("urn:epc:tag:sgtin-96:7.061414112345.9.274877906943", "30E0393243F1667FFFFFFFFF"),
        ("urn:epc:tag:gid-96:268435455.16777215.68719476735", "35" + "F" * 22),
        ("urn:epc:tag:cpi-96:3.061414.123456789.2147483647", "3C783BF983ADE68AFFFFFFFF"),
        ("urn:epc:tag:grai-96:3.061414112345..400", "3360393243F1640000000190"),  # no digit is left for the kind
        ("urn:epc:tag:sgln-96:3.061414112345..0", "3260393243F1640000000000"),
        # who numbers all parts in one row leaves the part number out (TDS 1.13, section 6.3.16)
        ("urn:epc:tag:adi-var:3.2S194..12345", "3B0E0C93C79D00C72CF4D400"),
    ],
)
def test_longest_values_are_written_to_the_last_bit_and_read_back(uri: str, hexed: str) -> None:
    assert encode_epc(uri) == hexed
    assert decode_epc(hexed).tag_uri == uri


@pytest.mark.parametrize(
    ("identity", "scheme", "filter_value", "uri"),
    [
        ("urn:epc:id:sgtin:0614141.812345.6789", "sgtin-96", 3, "urn:epc:tag:sgtin-96:3.0614141.812345.6789"),
        ("URN:EPC:ID:sgtin:0614141.812345.32a%2Fb", "SGTIN-198", 0, "urn:epc:tag:sgtin-198:0.0614141.812345.32a%2Fb"),
        ("urn:epc:id:gid:31415.271828.1414", "gid-96", 0, "urn:epc:tag:gid-96:31415.271828.1414"),
        ("urn:epc:id:adi:2S194..12345", "adi-var", 63, "urn:epc:tag:adi-var:63.2S194..12345"),
        ("urn:epc:id:usdod:CAGEY.5678", "usdod-96", 15, "urn:epc:tag:usdod-96:15.CAGEY.5678"),
    ],
)
def test_pure_identity_is_written_by_the_scheme_that_is_named(
    identity: str, scheme: str, filter_value: int, uri: str
) -> None:
    assert encode_epc(identity, scheme=scheme, filter_value=filter_value) == encode_epc(uri)
    assert decode_epc(encode_epc(uri)).pure_identity == "urn:epc:id:" + identity[11:]


@pytest.mark.parametrize(
    ("identity", "scheme", "code"),
    [
        ("urn:epc:id:sgtin:0614141.812345.6789", "", "epc.uri"),
        ("urn:epc:id:sgtin:0614141.812345.6789", "sscc-96", "epc.uri"),  # of another key
        ("urn:epc:id:upui:1234567.089456.51qIgY%29", "", "epc.scheme"),  # no tag bears these
        ("urn:epc:id:pgln:4012345.98765", "sgln-96", "epc.scheme"),
        ("urn:epc:class:lgtin:4012345.012345.998877", "", "epc.uri"),  # a lot is a class, not a thing
        ("(01)80614141123458(21)6789", "sgtin-96", "epc.scheme"),  # the length of the prefix is not told
    ],
)
def test_identity_that_no_tag_bears_so_is_refused(identity: str, scheme: str, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        encode_epc(identity, scheme=scheme)

    assert caught.value.code == code


def test_part_serial_of_thirteen_digits_that_forty_bits_could_hold_is_refused() -> None:
    longest = encode_epc("urn:epc:tag:cpi-var:3.0614141.5PQ7.999999999999")
    number = int(longest, 16)
    fill = len(longest) * 4 - 8 - 3 - 3 - 24 - 30 - 40  # header, filter, partition, prefix, five characters, serial

    with pytest.raises(DecodeError) as caught:
        decode_epc(f"{number + (1 << fill):X}")

    assert caught.value.code == "epc.range"
