"""One reading of one tag, as every driver gives it, whatever the reader."""

from __future__ import annotations

import msgspec

UNKNOWN_RSSI_DBM = -128.0  # the lowest value that LLRP can say; 0 would be taken for a very strong signal


class TagReading(msgspec.Struct, frozen=True, gc=False):
    """A reader saw a tag.

    Parameters
    ----------
    tag : str
        Id of the tag: the EPC in upper-case hex; ``nfc:`` and the UID, or ``em:`` and the 40 bits, for others.
    reader : str
        Id of the reader.
    antenna : int
        Antenna number, 1 and up; 0 if the reader does not tell.
    at : int
        When it was seen last, UTC microseconds, corrected to the gateway's clock.
    rssi_dbm : float
        Strongest signal; :data:`UNKNOWN_RSSI_DBM` if the reader does not tell.
    count : int
        How often it was read, at least 1.
    tid : str
        What the maker wrote into the tag's chip, upper-case hex; empty if nobody asked for it.
    """

    tag: str
    reader: str
    antenna: int
    at: int
    rssi_dbm: float = UNKNOWN_RSSI_DBM
    count: int = 1
    tid: str = ""


def tag_of_epc(epc: bytes) -> str:
    """Give the id of a tag from its EPC memory: upper-case hex, whatever scheme it follows or not."""
    return epc.hex().upper()


def tag_of_uid(uid: bytes) -> str:
    """Give the id of a 13.56 MHz tag from its UID of 4, 7 or 10 octets."""
    return f"nfc:{uid.hex().upper()}"


def tag_of_em4100(identity: bytes) -> str:
    """Give the id of a 125 kHz EM4100 tag from all its 40 bits; the printed numbers are parts of them only."""
    return f"em:{identity.hex().upper()}"
