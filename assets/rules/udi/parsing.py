"""The one door for labels of all issuing agencies."""

from __future__ import annotations

from datetime import date

from assets.rules.udi.fields import DeviceLabel
from assets.rules.udi.gs1 import parse_gs1
from assets.rules.udi.hibcc import parse_hibcc
from assets.rules.udi.iccbba import parse_iccbba
from twin.errors import DecodeError
from twin.gs1.links import is_link

LONGEST = 500  # a label of all elements stays far below; anything longer is no label


def parse_udi(text: str, *, today: date) -> DeviceLabel:
    """Read a unique device identifier of GS1, HIBCC or ICCBBA.

    Parameters
    ----------
    text : str
        As scanned or printed.
    today : date
        The present day, to which years of two digits are near.

    Raises
    ------
    DecodeError
        If it is none, with a stable code and the place of the first wrong character.

    Examples
    --------
    >>> parse_udi("(01)00844588003288(17)141100", today=date(2026, 1, 1)).expires_on.isoformat()
    '2014-11-30'
    """
    plain = text.strip(" \r\n\t")
    if not plain:
        raise DecodeError("Expected a label, got nothing.", code="udi.empty")
    if len(plain) > LONGEST:
        raise DecodeError(f"Expected at most {LONGEST} characters, got {len(plain)}.", code="udi.length")
    strange = next((i for i, c in enumerate(plain) if not (c.isascii() and (c.isprintable() or c == "\x1d"))), None)
    if strange is not None:
        raise DecodeError(f"{plain[strange]!r} cannot stand on a label.", code="udi.character", offset=strange)
    if plain[0] in "+*":
        # A space at the end may be the check character of a HIBC label.
        return parse_hibcc(text.strip("\r\n\t").lstrip(" "), today=today)
    if plain[0] in "=&":
        return parse_iccbba(plain, today=today)
    if plain[0] in "(]\x1d" or plain[0].isdigit() or is_link(plain):
        return parse_gs1(plain, today=today)
    message = f"Expected a label of GS1 (digits or brackets), HIBCC (+) or ICCBBA (=), got {plain[:1]!r}."
    raise DecodeError(message, code="udi.issuer", offset=0)
