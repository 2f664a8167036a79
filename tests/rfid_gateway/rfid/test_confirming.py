"""No damage of one octet, wherever and of whatever kind, gives a UID that was not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rfid_gateway.rfid.confirming import CardConfirmer
from rfid_gateway.rfid.pn532 import (
    ACK,
    IN_LIST_PASSIVE_TARGET,
    Pn532Decoder,
    decode_frame,
    encode_command,
    parse_targets,
)
from twin.errors import DecodeError

CARDS = {
    "four octets with a zero": bytes.fromhex("0400A2B3"),
    "checksum zero": bytes.fromhex("040102CD"),
    "seven octets": bytes.fromhex("04112233445566"),
    "start code inside": bytes.fromhex("0400FF00FF0011"),
}


def look(uid: bytes) -> bytes:
    """What the chip sends to one question for cards: its acknowledgement and the answer."""
    listed = bytes([1, 1, 0x00, 0x44, 0x00, len(uid)]) + uid
    return ACK + encode_command(IN_LIST_PASSIVE_TARGET + 1, listed, direction=0xD5)


def told(looks: list[bytes], confirmations: int) -> set[bytes]:
    """What a driver tells that keeps its decoder over all looks, the worst case."""
    decoder, confirmer, found = Pn532Decoder(), CardConfirmer(confirmations), set()
    for octets in looks:
        uids: list[bytes] = []
        for frame in decoder.feed(octets):
            if frame.command == IN_LIST_PASSIVE_TARGET + 1:
                try:
                    uids += [target.uid for target in parse_targets(frame.data)]
                except DecodeError:
                    continue
        found |= set(confirmer.take(uids))
    return found


def damaged_by_one_octet(octets: bytes, *, is_exhaustive: bool) -> Iterator[bytes]:
    """Changes, losses and additions of one octet everywhere, and every end before the end.

    Exhaustive with every value; else with those that frames give a meaning, or that stand in this one already.
    """
    values = range(256) if is_exhaustive else sorted({0x00, 0x01, 0x55, 0x7F, 0xD4, 0xD5, 0xFE, 0xFF} | set(octets))
    for i in range(len(octets)):
        yield octets[:i]
        yield octets[:i] + octets[i + 1 :]
        for value in values:
            yield octets[:i] + bytes([value]) + octets[i:]
            if value != octets[i]:
                yield octets[:i] + bytes([value]) + octets[i + 1 :]


@pytest.mark.parametrize("name", CARDS)
def test_no_damage_of_one_octet_in_a_stream_gives_a_wrong_card(name: str) -> None:
    uid = CARDS[name]
    sound = look(uid)

    for damaged in damaged_by_one_octet(sound, is_exhaustive=name == "checksum zero"):
        assert told([sound, damaged, sound], confirmations=2) <= {uid}


def test_one_look_alone_would_be_fooled_which_is_why_two_are_asked_for() -> None:
    uid = CARDS["four octets with a zero"]
    sound = look(uid)
    wrong = set[bytes]()

    for damaged in damaged_by_one_octet(sound, is_exhaustive=False):
        wrong |= told([sound, damaged, sound], confirmations=1) - {uid}

    assert wrong


@pytest.mark.parametrize("name", CARDS)
def test_no_damage_of_one_octet_in_a_single_frame_gives_a_wrong_card(name: str) -> None:
    uid = CARDS[name]
    frame = look(uid)[len(ACK) :]

    for damaged in damaged_by_one_octet(frame, is_exhaustive=True):
        try:
            found = decode_frame(damaged)
            targets = parse_targets(found.data) if found.command == IN_LIST_PASSIVE_TARGET + 1 else []
        except DecodeError:
            continue
        assert [target.uid for target in targets] in ([], [uid])


def test_card_that_leaves_and_comes_back_needs_two_looks_again() -> None:
    confirmer = CardConfirmer(2)

    assert [confirmer.take(uids) for uids in ([b"a"], [b"a"], [], [b"a"], [b"a", b"b"], [b"b"])] == [
        [],
        [b"a"],
        [],
        [],
        [b"a"],
        [b"b"],
    ]
