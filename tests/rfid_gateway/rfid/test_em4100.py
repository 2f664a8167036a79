from __future__ import annotations

import asyncio
import importlib
import os
from functools import reduce
from operator import xor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.rfid.em4100 import (
    Em4100Decoder,
    decode_air_frame,
    decode_frame,
    encode_air_frame,
    encode_frame,
    is_air_frame,
    printed_numbers,
)
from rfid_gateway.transports.serial_line import PseudoTerminal
from twin.errors import DecodeError

PUBLISHED = bytes.fromhex("0416D7AC99")
identities = st.binary(min_size=5, max_size=5)
# What the contract names for continuous integration; a developer's machine runs a fifth of it.
TRIALS = int(
    os.environ.get("HOSPITAL_TWIN_FUZZ") or (100_000 if os.environ.get("CI", "").lower() == "true" else 20_000)
)


def test_published_tag_is_read() -> None:
    assert encode_frame(PUBLISHED) == b"\x020416D7AC99F0\x03"
    assert decode_frame(b"\x020416D7AC99F0\x03") == PUBLISHED
    assert printed_numbers(PUBLISHED)["eight_digits"] == "14134425"


def test_bits_that_the_tag_sends_are_read() -> None:
    # Laid out by hand: nine ones, ten rows of four bits with their parity, the columns' parity, a zero.
    rows = "00000 01001 00011 01100 11011 01111 10100 11000 10010 10010"
    bits = "1" * 9 + rows.replace(" ", "") + "1111" + "0"

    octets = int(bits, 2).to_bytes(8, "big")

    assert decode_air_frame(octets) == PUBLISHED
    assert encode_air_frame(PUBLISHED) == octets


@given(identities)
def test_bits_of_every_tag_come_back(tag: bytes) -> None:
    octets = encode_air_frame(tag)

    assert decode_air_frame(octets) == tag
    assert not is_air_frame(encode_frame(tag))


@given(identities, st.lists(st.integers(0, 63), min_size=1, max_size=2, unique=True))
def test_up_to_two_wrong_bits_of_a_tag_are_noticed(tag: bytes, wrong: list[int]) -> None:
    # A bit and the parities of its row and its column are three: with two no other tag can come out.
    changed = int.from_bytes(encode_air_frame(tag), "big")
    for position in wrong:
        changed ^= 1 << position

    with pytest.raises(DecodeError):
        decode_air_frame(changed.to_bytes(8, "big"))


@pytest.mark.parametrize(
    ("position", "code"),
    [(63, "em4100.header"), (54, "em4100.row_parity"), (1, "em4100.column_parity"), (0, "em4100.stop")],
)
def test_wrong_bit_is_told_by_its_kind(position: int, code: str) -> None:
    changed = int.from_bytes(encode_air_frame(PUBLISHED), "big") ^ 1 << position

    with pytest.raises(DecodeError) as caught:
        decode_air_frame(changed.to_bytes(8, "big"))

    assert caught.value.code == code


async def test_the_often_named_library_reads_a_correct_frame_wrongly_and_we_do_not() -> None:
    terminal = PseudoTerminal()
    frame = encode_frame(PUBLISHED)
    # pyrfid 1.2 itself, on a line of its own; it has no types and is imported here alone.
    theirs = importlib.import_module("pyrfid.pyrfid").PyRfid(terminal.path, 9600)
    await terminal.line.send(frame)

    is_read = await asyncio.to_thread(theirs.readTag)
    raw, number = theirs.rawTag, theirs.tagId
    del theirs  # closes its end of the line
    await terminal.line.close()

    # It reads single octets, which are numbers on Python 3, joins their decimal forms, and says that all is well.
    assert (is_read, raw) == (True, "4852495468")
    assert number == "0004805736"
    assert decode_frame(frame).hex().upper() == "0416D7AC99"
    assert printed_numbers(decode_frame(frame))["eight_digits"] == "14134425"


@given(st.lists(identities, min_size=1, max_size=4), st.data())
def test_tags_are_found_whatever_the_pieces(tags: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(encode_frame(tag) * 2 for tag in tags)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = Em4100Decoder()

    found = [tag for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for tag in decoder.feed(stream[a:b])]

    assert [tag for i, tag in enumerate(found) if i == 0 or tag != found[i - 1]] == [
        tag for i, tag in enumerate(tags) if i == 0 or tag != tags[i - 1]
    ]


@given(identities, st.integers(0, 13), st.integers(1, 255))
def test_one_wrong_octet_never_gives_a_wrong_tag(tag: bytes, position: int, change: int) -> None:
    frame = bytearray(encode_frame(tag))
    frame[position] ^= change

    found = set(Em4100Decoder(confirmations=1).feed(bytes(frame)))

    assert found <= {tag}


@given(identities, st.integers(0, 14), st.integers(0, 255))
def test_one_inserted_or_missing_octet_never_gives_a_wrong_tag(tag: bytes, position: int, octet: int) -> None:
    frame = encode_frame(tag)

    for damaged in (frame[:position] + bytes([octet]) + frame[position:], frame[:position] + frame[position + 1 :]):
        assert set(Em4100Decoder().feed(damaged + frame + frame)) <= {tag}


def test_frames_damaged_independently_never_give_a_wrong_tag() -> None:
    chance = np.random.default_rng(20_260_105)
    decoder, wrong, single = Em4100Decoder(), 0, 0
    hexadecimal = b"0123456789ABCDEF"

    for _ in range(TRIALS):
        tag = chance.bytes(5)
        frame = bytearray(encode_frame(tag))
        for position in chance.choice(np.arange(1, 13), size=int(chance.integers(2, 5)), replace=False):
            frame[position] = hexadecimal[int(chance.integers(16))]
        wrong += any(found != tag for found in decoder.feed(bytes(frame)))
        single += any(found != tag for found in Em4100Decoder(confirmations=1).feed(bytes(frame)))

    assert wrong == 0
    # One checksum octet cannot see every pair of errors: this is why two equal frames are asked for.
    assert 0 < single / TRIALS < 0.02


def test_every_damage_of_one_octet_gives_the_right_tag_or_none() -> None:
    frame, wrong = encode_frame(PUBLISHED), set[bytes]()

    for i in range(len(frame)):
        for octet in range(256):
            changed, longer = frame[:i] + bytes([octet]) + frame[i + 1 :], frame[:i] + bytes([octet]) + frame[i:]
            for damaged in (changed, longer):
                wrong |= set(Em4100Decoder(confirmations=1).feed(damaged)) - {PUBLISHED}
                wrong |= set(Em4100Decoder().feed(frame + damaged + damaged + frame)) - {PUBLISHED}
        wrong |= set(Em4100Decoder(confirmations=1).feed(frame[:i] + frame[i + 1 :] + frame)) - {PUBLISHED}

    assert wrong == set()


@given(st.binary(max_size=200))
def test_any_octets_are_taken_without_failing(octets: bytes) -> None:
    for tag in Em4100Decoder(confirmations=1).feed(octets):
        assert encode_frame(tag) in octets.upper() or b"\r\n" in octets


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", "em4100.frame"),
        (b"\x020416D7AC99F0", "em4100.frame"),  # no end
        (b"\x020416D7AC99F1\x03", "em4100.checksum"),
        (b"\x020416D7AC9GF0\x03", "em4100.character"),
        (b"\x0204 6D7AC99F0\x03", "em4100.character"),  # a space is skipped by careless readers of hex
        (b"\x02" + b"0" * 30 + b"\x03", "em4100.frame"),
    ],
)
def test_broken_frame_is_refused_with_a_code(frame: bytes, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_frame(frame)

    assert caught.value.code == code


def test_line_ending_before_the_end_is_allowed() -> None:
    assert decode_frame(b"\x020416D7AC99F0\r\n\x03") == PUBLISHED


def test_checksum_is_the_exclusive_or_of_the_octets() -> None:
    assert reduce(xor, PUBLISHED) == 0xF0
