"""Frames, however the octets arrive."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.mllp.framing import FrameReader, framed
from twin.errors import DecodeError

CONTENT = st.binary(max_size=60).filter(lambda content: b"\x0b" not in content and b"\x1c" not in content)
JUNK = st.binary(max_size=10).filter(lambda content: b"\x0b" not in content)
FUZZED = int(os.environ.get("HOSPITAL_TWIN_FUZZED_FRAMES", "2000"))


@given(st.lists(st.tuples(JUNK, CONTENT), max_size=6), st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_split_merged_and_junk_carrying_packets_give_the_same_frames(
    parts: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(junk + framed(content) for junk, content in parts)
    reader, found, position, turn = FrameReader(), [], 0, 0
    while position < len(stream):
        size = cuts[turn % len(cuts)]
        found += reader.feed(stream[position : position + size])
        position, turn = position + size, turn + 1

    assert found == [content for _, content in parts]
    assert reader.junk == sum(len(junk) for junk, _ in parts)


def test_a_sender_that_begins_anew_loses_only_the_part_it_did_not_finish() -> None:
    reader = FrameReader()

    assert list(reader.feed(b"\x0bMSH|half" + framed(b"MSH|whole"))) == [b"MSH|whole"]


def test_a_file_separator_inside_is_content() -> None:
    assert list(FrameReader().feed(b"\x0ba\x1cb\x1c\r")) == [b"a\x1cb"]


def test_an_end_cut_in_two_is_found() -> None:
    reader = FrameReader()

    assert list(reader.feed(b"\x0bab\x1c")) == []
    assert reader.is_inside
    assert list(reader.feed(b"\r\x0bc")) == [b"ab"]


def test_a_frame_without_end_is_refused_before_it_fills_the_memory() -> None:
    reader = FrameReader(max_frame=100)

    with pytest.raises(DecodeError) as caught:
        list(reader.feed(b"\x0b" + bytes(101)))

    assert caught.value.code == "mllp.too_long"


@pytest.mark.parametrize("seed", range(4))
def test_no_octets_break_the_reader(seed: int) -> None:

    chance = random.Random(seed)
    reader = FrameReader(max_frame=4096)
    for _ in range(FUZZED):
        piece = chance.choice((b"\x0b", b"\x1c\r", b"\x1c", b"\r", b"MSH|", chance.randbytes(8)))
        for content in reader.feed(piece):
            assert b"\x1c\r" not in content
            assert b"\x0b" not in content
