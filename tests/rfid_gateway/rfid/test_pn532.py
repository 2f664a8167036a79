from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.rfid import pn532
from rfid_gateway.rfid.pn532 import (
    ACK,
    ERROR_FRAME,
    NACK,
    FrameKind,
    Pn532Decoder,
    Pn532Frame,
    decode_frame,
    encode_command,
    parse_targets,
)
from twin.errors import DecodeError

frames = st.builds(
    lambda command, data: Pn532Frame(FrameKind.DATA, 0xD5, command, data),
    st.integers(0, 255),
    st.one_of(st.binary(max_size=20), st.binary(min_size=250, max_size=263)),
)


def written(frame: Pn532Frame) -> bytes:
    return encode_command(frame.command, frame.data, direction=frame.direction)


@pytest.mark.parametrize(
    ("octets", "frame"),
    [
        ("0000FF02FED4022A00", Pn532Frame(FrameKind.DATA, 0xD4, 0x02)),
        ("0000FF06FAD50332010607E800", Pn532Frame(FrameKind.DATA, 0xD5, 0x03, bytes.fromhex("32010607"))),
        ("0000FF05FBD4140114010200", Pn532Frame(FrameKind.DATA, 0xD4, 0x14, bytes.fromhex("011401"))),
        ("0000FF02FED5151600", Pn532Frame(FrameKind.DATA, 0xD5, 0x15)),
        ("0000FF04FCD44A0100E100", Pn532Frame(FrameKind.DATA, 0xD4, 0x4A, b"\x01\x00")),
        ("0000FF03FDD54B00E000", Pn532Frame(FrameKind.DATA, 0xD5, 0x4B, b"\x00")),
    ],
)
def test_published_frame_is_read_and_written(octets: str, frame: Pn532Frame) -> None:
    assert decode_frame(bytes.fromhex(octets)) == frame
    assert written(frame) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("octets", "kind"), [(ACK, FrameKind.ACK), (NACK, FrameKind.NACK), (ERROR_FRAME, FrameKind.ERROR)]
)
def test_frame_without_data_is_told_apart(octets: bytes, kind: FrameKind) -> None:
    assert decode_frame(octets).kind is kind


@given(st.lists(st.one_of(frames, st.just(Pn532Frame(FrameKind.ACK))), max_size=5), st.data())
def test_frames_are_found_whatever_the_pieces(sent: list[Pn532Frame], data: st.DataObject) -> None:
    stream = b"".join(ACK if one.kind is FrameKind.ACK else written(one) for one in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = Pn532Decoder()

    found = [one for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for one in decoder.feed(stream[a:b])]

    assert found == sent


@given(frames)
def test_long_frames_are_extended_and_short_ones_are_not(frame: Pn532Frame) -> None:
    octets = written(frame)

    assert (octets[3:5] == b"\xff\xff") == (len(frame.data) + 2 > 255)
    assert decode_frame(octets) == frame


@given(frames, st.data())
def test_one_wrong_octet_never_gives_another_frame(frame: Pn532Frame, data: st.DataObject) -> None:
    octets = bytearray(written(frame))
    position = data.draw(st.integers(0, len(octets) - 1))
    octets[position] ^= data.draw(st.integers(1, 255))
    decoder = Pn532Decoder()

    found = decoder.feed(bytes(octets) + bytes(300))

    # A wrong octet in the preamble changes nothing; anywhere else no data frame may come out of it.
    assert [one for one in found if one.kind is FrameKind.DATA and one.data != frame.data] == []


@given(frames, st.data())
def test_frame_after_rubbish_is_found(frame: Pn532Frame, data: st.DataObject) -> None:
    rubbish = data.draw(st.binary(max_size=30).filter(lambda octets: b"\xff" not in octets))

    assert Pn532Decoder().feed(rubbish + written(frame))[-1:] == [frame]


@given(st.binary(max_size=300))
def test_any_octets_are_taken_without_failing(octets: bytes) -> None:
    decoder = Pn532Decoder()

    decoder.feed(octets)

    assert decoder.waiting <= len(octets)


def answer(*uids: bytes) -> bytes:
    body = b"".join(bytes([i + 1, 0x00, 0x44, 0x00, len(uid)]) + uid for i, uid in enumerate(uids))
    return bytes([len(uids)]) + body


@pytest.mark.parametrize("lengths", [(), (4,), (7,), (10,), (4, 7), (7, 7)])
def test_cards_with_uids_of_every_length_are_read(lengths: tuple[int, ...]) -> None:
    uids = [bytes(range(1, length + 1)) for length in lengths]

    assert [one.uid for one in parse_targets(answer(*uids))] == uids


def test_answer_to_select_of_a_smart_card_is_passed_over() -> None:
    card = bytes([1, 0x03, 0x44, 0x20, 7]) + bytes(range(7)) + b"\x06\x75\x77\x81\x02\x80"

    assert parse_targets(b"\x01" + card)[0].uid == bytes(range(7))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x03",  # three targets cannot be
        b"\x01",  # announced but missing
        answer(bytes(4))[:-1],  # UID cut off
        answer(bytes(4)) + b"\0",  # octets after the last
        b"\x01\x02\x00\x44\x00\x04" + bytes(4),  # target number 2 first
        b"\x01\x01\x00\x44\x00\x05" + bytes(5),  # no card has a UID of five octets
    ],
)
def test_answer_that_does_not_fit_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_targets(data)


def test_too_long_a_command_is_refused() -> None:
    with pytest.raises(DecodeError):
        encode_command(pn532.RF_CONFIGURATION, bytes(264))


@pytest.mark.parametrize(("octets", "is_extended"), [(253, False), (254, True), (263, True)])
def test_frames_at_the_limits_of_their_kind_are_written_and_read(octets: int, *, is_extended: bool) -> None:
    # 255 octets with direction and command fill a normal frame; the chip takes 265, which a line test of 262 octets
    # of data (Diagnose) needs to the last one.
    written_frame = encode_command(0x00, bytes(octets), direction=0xD5)

    assert (written_frame[3:5] == b"\xff\xff") == is_extended
    assert decode_frame(written_frame).data == bytes(octets)


def test_extended_frame_one_octet_too_long_is_refused() -> None:
    content = b"\xd5\x01" + bytes(264)
    size = len(content).to_bytes(2, "big")
    frame = b"\0\0\xff\xff\xff" + size + bytes([-sum(size) & 0xFF]) + content + bytes([-sum(content) & 0xFF, 0])

    with pytest.raises(DecodeError) as caught:
        decode_frame(frame)

    assert caught.value.code == "pn532.length"
