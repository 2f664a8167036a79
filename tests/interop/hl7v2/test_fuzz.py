"""10^5 damaged frames: whatever arrives, nothing breaks, and no answer is about another message."""

from __future__ import annotations

import os
import random
from zoneinfo import ZoneInfo

import pytest

from interop.hl7v2.message import read_interchange, read_message
from interop.hl7v2.reading import Surroundings
from interop.hl7v2.telling import tell
from interop.mllp.acknowledgement import Handled, Verdict, acknowledgements
from interop.mllp.framing import FrameReader, framed
from interop.service.keys import Vault
from tests.interop.messages_for_tests import adt
from twin.errors import DecodeError, InputError

FRAMES = int(os.environ.get("HOSPITAL_TWIN_FUZZED_FRAMES", "100000"))
PARTS = 8
WHOLE = [
    adt("A01", bed="W1^1^A", control="F1"),
    adt("A02", bed="W1^1^B", control="F2", PV1_6="W1^1^A"),
    adt("A17", control="F3"),
    adt("A40", control="F4", MRG_1="X^^^HOSP"),
    adt("A20", control="F5", NPU_1="W1^1^A"),
]


def _damaged(chance: random.Random) -> bytes:
    """Give a message with a few octets changed, cut out, doubled, or replaced by those that mean something."""
    content = bytearray(chance.choice(WHOLE))
    for _ in range(chance.randrange(4)):
        place = chance.randrange(len(content))
        match chance.randrange(5):
            case 0:
                content[place] = chance.randrange(256)
            case 1:
                del content[place : place + chance.randrange(1, 12)]
            case 2:
                content[place:place] = content[place : place + chance.randrange(1, 30)]
            case 3:
                content[place] = chance.choice(b"|^~\\&\r\n\x00\x1c")
            case _:
                content[place:place] = chance.choice((b"\\X4Z\\", b'""', b"\\.br\\", b"MSH|", b"\x1c", b"~" * 5))
        if not content:
            return b"M"
    sent = bytes(content).replace(b"\x0b", b"")
    while b"\x1c\r" in sent:
        sent = sent.replace(b"\x1c\r", b"\x1c")
    return sent


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_frames_break_nothing_and_are_never_answered_for_another(part: int) -> None:
    chance, reader = random.Random(part), FrameReader()
    vault, zone, answered, refused = Vault(bytes(32)), ZoneInfo("UTC"), 0, 0
    for _ in range(FRAMES // PARTS):
        sent = _damaged(chance)
        stream = framed(sent)
        cut = chance.randrange(len(stream))
        found = [*reader.feed(stream[:cut]), *reader.feed(stream[cut:])]
        assert found == [sent]
        try:
            messages = list(read_interchange(sent).messages())
        except DecodeError:
            refused += 1
            continue
        for message in messages:
            around = Surroundings(
                source="his:f",
                zone=zone,
                received_at=1_767_600_000_000_000,
                pseudonym=vault.pseudonym,
                is_place=lambda _place: True,
                is_bed=lambda _place: True,
            )
            try:
                tell(message, around)
                verdict = Verdict.ACCEPTED
            except InputError:
                verdict = Verdict.FAILED
            for answer in acknowledgements(message, Handled(verdict=verdict), now=1, control_id="K"):
                told = read_message(answer)
                assert told.value("MSA", 1) in (("AA", "CA") if verdict is Verdict.ACCEPTED else ("AE", "CA"))
                assert told.first("MSA") is not None
                answered += 1
    assert answered > refused
