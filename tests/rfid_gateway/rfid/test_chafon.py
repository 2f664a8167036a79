from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.rfid import chafon
from rfid_gateway.rfid.chafon import (
    INVENTORY,
    ChafonDecoder,
    ChafonFrame,
    ReaderInformation,
    decode_answer,
    encode_answer,
    inventory_command,
    parse_information,
    parse_tags,
)
from twin.errors import DecodeError

frames = st.builds(
    ChafonFrame,
    st.integers(0, 254),
    st.sampled_from([INVENTORY, 0x21, 0xEE]),
    st.integers(0, 255),
    st.binary(max_size=60),
)


@pytest.mark.parametrize(
    ("octets", "tells_antennas", "tags"),
    [
        # Answers of real readers: family 288 with antenna and signal, family 18 without.
        ("1500010301010c0000000000000000000003136bb1a5", True, [("000000000000000000000313", 1, 0x6B)]),
        ("1500010304010c49440000000000000a0003346425c0", True, [("49440000000000000A000334", 3, 0x64)]),
        ("0d000103010104003230386da3d2", True, [("00323038", 1, 0x6D)]),
        ("0700010101001e4b", True, []),
        ("13000103010c0000000000000000000003133f39", False, [("000000000000000000000313", 0, None)]),
        (
            "20000103020c0000000000000000000003130c0000000000000000000003149ac9",
            False,
            [("000000000000000000000313", 0, None), ("000000000000000000000314", 0, None)],
        ),
    ],
)
def test_answers_of_real_readers_are_read(
    octets: str, tells_antennas: bool, tags: list[tuple[str, int, int | None]]
) -> None:
    found = parse_tags(decode_answer(bytes.fromhex(octets)), tells_antennas=tells_antennas)

    assert [(tag.epc.hex().upper(), tag.antenna, tag.signal) for tag in found] == tags


@given(st.lists(frames, max_size=4), st.data())
def test_answers_are_found_whatever_the_pieces(sent: list[ChafonFrame], data: st.DataObject) -> None:
    stream = b"".join(map(encode_answer, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    decoder = ChafonDecoder()

    found = [one for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for one in decoder.feed(stream[a:b])]

    assert found == sent


def test_no_damage_of_one_octet_gives_another_answer() -> None:
    sound = bytes.fromhex("1500010301010c0000000000000000000003136bb1a5")

    for i in range(len(sound)):
        shorter = sound[:i] + sound[i + 1 :]
        damaged = [shorter, sound[:i]]
        damaged += [sound[:i] + bytes([octet]) + sound[i:] for octet in range(256)]
        damaged += [sound[:i] + bytes([octet]) + sound[i + 1 :] for octet in range(256) if octet != sound[i]]
        for octets in damaged:
            tags = set()
            for frame in ChafonDecoder().feed(octets):
                try:
                    tags |= {tag.epc for tag in parse_tags(frame, tells_antennas=True)}
                except DecodeError:
                    continue
            assert tags <= {bytes.fromhex("000000000000000000000313")}


@pytest.mark.parametrize(
    "data",
    [
        "01020C000000000000000000000313 6B",  # two announced, one there
        "01010C000000000000000000000313",  # without its signal
        "010100",  # no code at all
        "01010C000000000000000000000313 6B 00",  # octets after the last
        "01010C0000",  # cut off
    ],
)
def test_tags_that_do_not_use_up_the_data_are_refused(data: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_tags(ChafonFrame(0, INVENTORY, 1, bytes.fromhex(data)), tells_antennas=True)

    assert caught.value.code == "chafon.tags"


def test_field_without_tags_is_no_error_and_a_broken_antenna_is() -> None:
    assert parse_tags(ChafonFrame(0, INVENTORY, chafon.NO_TAG), tells_antennas=True) == []
    with pytest.raises(DecodeError):
        parse_tags(ChafonFrame(0, INVENTORY, 0xF8), tells_antennas=True)


def test_two_antennas_at_once_name_none() -> None:
    (tag,) = parse_tags(ChafonFrame(0, INVENTORY, 1, bytes.fromhex("030101AA40")), tells_antennas=True)

    assert tag.antenna == 0


def test_question_follows_the_family_that_the_reader_tells() -> None:
    new, old = ReaderInformation("3.7", 0x20, 26), ReaderInformation("1.0", 0x09, 26)

    assert inventory_command(new, 3)[-4] == 0x82
    assert len(inventory_command(old)) == 5
    with pytest.raises(DecodeError):
        parse_information(ChafonFrame(0, 0x21, 0, b"\x01"))
