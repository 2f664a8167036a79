"""What to do about octets and identities that cannot be read: a codec knows what is wrong only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from server.console import say
from twin.errors import DecodeError


def _cures() -> dict[str, str]:
    return {
        "input.hex": say("Copy the digits as a log prints them; write @ before a file's name, - for standard input."),
        "epc.short": say("It is cut off: copy all of its digits, 24 for 96 bits."),
        "epc.long": say("Copy the code alone, without what follows it in memory, or choose a longer scheme."),
        "epc.padding": say("It is damaged, or another code follows it: read the tag again."),
        "epc.check_digit": say("Compare it with the label, digit by digit."),
        "epc.scheme": say("Schemes are written in small letters, such as sgtin-96, sscc-96, giai-96; see the guide."),
        "epc.uri": say("Write one of these forms; to print what hex digits mean, use decode epc."),
        "epc": say("Compare it with the label or the standard: what is damaged or of another scheme is not read."),
        "llrp.short": say("Copy the whole message: its header tells how many octets it has; for several use --stream."),
        "llrp.length": say("Copy the whole message from its header on; a body without one needs --body-of."),
        "llrp.version": say("Copy the message from its first octet on; versions 1.0.1 and 1.1 are read."),
        "llrp": say("Copy the whole message from its header on."),
        "pn532": say("Copy one frame from 00 00 FF to its last 00; for several use --stream."),
        "em4100": say("Copy the frame from 02 to 03 as the reader sent it, or the 64 bits of the tag; read it again."),
        "modbus": say("Give the signal's registers in the order of addresses: decimal, 0x…, or all of them in hex."),
    }


@contextmanager
def curing() -> Iterator[None]:
    """Tell of what cannot be read what to do about it.

    Raises
    ------
    DecodeError
        The same with its cure.
    """
    try:
        yield
    except DecodeError as error:
        cures = _cures()
        cure = cures.get(error.code) or cures.get(error.code.partition(".")[0], "")
        raise DecodeError(f"{error.message.rstrip('.')}. {cure}".rstrip(), code=error.code) from error
