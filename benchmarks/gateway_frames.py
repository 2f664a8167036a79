"""Wrong tags from damaged frames: what one frame of a 125 kHz reader is worth, two equal ones, and one of an NFC chip.

Protocol: 100,000 frames of random tags. EM4100: two to four of the twelve characters of each frame are replaced by
random hex characters, every frame by itself, as noise on the line would; counted are tags that were not there, when
one frame is believed and when two equal ones are asked for (the default). PN532: one octet of each answer is replaced,
put in or taken out. The seed is fixed, so that the figures are the same everywhere. Run:
``python -m benchmarks.gateway_frames``.
"""

from __future__ import annotations

import json

import numpy as np

from rfid_gateway.rfid import em4100, pn532
from twin.errors import DecodeError

FRAMES = 100_000
HEXADECIMAL = b"0123456789ABCDEF"


def damaged_characters(chance: np.random.Generator, frame: bytes) -> bytes:
    """Give a frame with two to four of its twelve characters replaced."""
    octets = bytearray(frame)
    for position in chance.choice(np.arange(1, 13), size=int(chance.integers(2, 5)), replace=False):
        octets[position] = HEXADECIMAL[int(chance.integers(16))]
    return bytes(octets)


def wrong_tags() -> tuple[int, int]:
    """Count wrong tags of single frames, and of two equal ones in a row."""
    chance = np.random.default_rng(20_260_105)
    careful, singly, twice = em4100.Em4100Decoder(), 0, 0
    for _ in range(FRAMES):
        tag = chance.bytes(5)
        frame = damaged_characters(chance, em4100.encode_frame(tag))
        singly += any(found != tag for found in em4100.Em4100Decoder(confirmations=1).feed(frame))
        twice += any(found != tag for found in careful.feed(frame))
    return singly, twice


def wrong_cards() -> int:
    """Count wrong cards of an NFC chip's answers with one octet changed, put in or taken out."""
    chance, wrong = np.random.default_rng(20_260_106), 0
    for _ in range(FRAMES):
        uid = chance.bytes(4 if chance.random() < 0.5 else 7)
        listed = bytes([1, 1, 0x00, 0x44, 0x00, len(uid)]) + uid
        answer = bytearray(pn532.encode_command(pn532.IN_LIST_PASSIVE_TARGET + 1, listed, direction=0xD5))
        position = int(chance.integers(len(answer)))
        match int(chance.integers(3)):
            case 0:
                answer[position] ^= int(chance.integers(1, 256))
            case 1:
                answer[position:position] = chance.bytes(1)
            case _:
                del answer[position]
        wrong += any(found != uid for found in _cards(bytes(answer)))
    return wrong


def _cards(octets: bytes) -> list[bytes]:
    found: list[bytes] = []
    for frame in pn532.Pn532Decoder().feed(octets):
        if frame.direction != 0xD5 or frame.command != pn532.IN_LIST_PASSIVE_TARGET + 1:
            continue
        try:
            found += [target.uid for target in pn532.parse_targets(frame.data)]
        except DecodeError:
            continue
    return found


def main() -> None:
    singly, twice = wrong_tags()
    what = f"EM4100: {FRAMES:,} damaged frames"
    _row(f"{what}: wrong tags if one frame is believed", singly / FRAMES, "share", "")
    _row(f"{what}: wrong tags if two equal ones are asked for", twice, "tags", "0")
    _row(f"PN532: {FRAMES:,} answers with one octet wrong, added or missing: wrong cards", wrong_cards(), "cards", "0")


def _row(row: str, figure: float, unit: str, must: str) -> None:
    print(json.dumps({"row": row, "figure": round(figure, 5), "unit": unit, "must": must}))


if __name__ == "__main__":
    main()
