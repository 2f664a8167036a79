"""One name for each tag, however somebody wrote it: the id under which readers report it."""

from __future__ import annotations

import re

from rfid_gateway.epc.identity import decode_epc, encode_epc
from twin.errors import DecodeError

_OTHERS = re.compile(r"(nfc):((?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20}))|(em):([0-9A-F]{10})")
_WORD_DIGITS = 4  # a tag's memory comes in words of 16 bits
_LEAST_DIGITS = 8  # shorter codes are typing errors: no scheme and no reader gives them


def tag_id(text: str) -> str:
    """Give a tag's id as the gateway gives it.

    Parameters
    ----------
    text : str
        EPC in hex or as a tag URI; ``nfc:`` and the UID, or ``em:`` and the 40 bits, in hex.

    Raises
    ------
    DecodeError
        If it is none of these, or breaks the rules of the scheme that it names.

    Examples
    --------
    >>> tag_id("urn:epc:tag:giai-96:0.0614141.5678"), tag_id("nfc:04a22c9a")
    ('3414257BF40000000000162E', 'nfc:04A22C9A')
    """
    plain = re.sub(r"\s", "", text)
    if plain[:8].lower() == "urn:epc:":
        return encode_epc(plain)
    kind, mark, digits = plain.partition(":")
    if mark:
        written = f"{kind.lower()}:{digits.upper()}"
        if _OTHERS.fullmatch(written):
            return written
        raise DecodeError("expected nfc: and 4, 7 or 10 octets, or em: and 5 octets, in hex", code="tag.id")
    hexed = plain.upper()
    decode_epc(hexed)
    if len(hexed) % _WORD_DIGITS or len(hexed) < _LEAST_DIGITS:
        raise DecodeError(f"expected whole words of four hex digits, got {len(hexed)} digits", code="tag.id")
    return hexed
