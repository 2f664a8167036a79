"""Character sets of HL7 table 0211, and how the octets of a message become text and back without loss."""

from __future__ import annotations

import re
from dataclasses import dataclass

CODECS: dict[str, str] = {
    "ASCII": "ascii",
    "8859/1": "iso8859-1",
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "ISO IR14": "shift_jis",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_2",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "CNS 11643-1992": "big5",
    "BIG-5": "big5",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
}
"""Python codec by code of HL7 table 0211; ``UNICODE`` alone is deprecated and read as UTF-8."""

FALLBACK = "iso8859-1"  # gives every octet a character and back, so that nothing is lost and nothing crashes
_AS_ASCII = {"": "utf-8"} | {
    told: codec
    for told, codec in CODECS.items()
    if codec in ("ascii", "utf-8", "gb18030", "euc_kr", "big5") or codec.startswith("iso8859")
}
"""Codecs that read and write the octets of ASCII as ASCII does (Shift JIS has a yen sign among them), by MSH-18."""
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_WIDE = ((b"M\x00S\x00", "utf-16-le"), (b"\x00M\x00S", "utf-16-be"))
_HEADER = re.compile(rb"(?:MSH|FHS|BHS)(.)[^\r\n]*", re.DOTALL)
_MSH = re.compile(rb"MSH(.)[^\r\n]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a message and how it was read.

    Parameters
    ----------
    text : str
        The text.
    codec : str
        Python codec that gives the octets back exactly.
    declared : str
        What MSH-18 says; empty if nothing.
    is_guessed : bool
        Whether what is declared is unknown or does not fit the octets, so that another codec was taken.
    """

    text: str
    codec: str
    declared: str
    is_guessed: bool


def declared_charset(data: bytes) -> str:
    """Give MSH-18 (first repetition) of octets that are not decoded yet; empty if there is none."""
    found = _MSH.search(data)
    if found is None:
        return ""
    separator = found.group(1)
    fields = found.group(0).split(separator)
    told = fields[17].split(b"~")[0].strip().decode("latin-1") if len(fields) > 17 else ""
    if told.upper() in CODECS:
        return told.upper()
    # A trail octet of GB 18030 may look like a separator and shift the fields: look for the name itself.
    named = [field.split(b"~")[0].strip().decode("latin-1").upper() for field in fields[11:]]
    return next((name for name in named if name in CODECS and name != "ASCII"), told)


def _reads(data: bytes, codec: str) -> str | None:
    try:
        text = data.decode(codec)
        # Round trip: a codec that reads the octets but writes others would change the message that is kept.
        return text if text.encode(codec) == data else None
    except (UnicodeError, LookupError):
        return None


def decode(data: bytes) -> Decoded:
    """Give the text of a message by its MSH-18, else UTF-8, else an 8-bit set that keeps every octet.

    Parameters
    ----------
    data : bytes
        One message or a batch.

    Notes
    -----
    A codec counts only if it gives the same octets back, so that writing is exact whatever was declared.
    """
    # Nearly all messages: what is ASCII reads the same by each of these, so that nothing has to be tried.
    if data.isascii() and b"\x00" not in data[:4]:
        declared = declared_charset(data)
        plain = _AS_ASCII.get(declared)
        if plain is not None:
            return Decoded(data.decode("ascii"), plain, declared, is_guessed=False)
    marked = next((codec for mark, codec in (*_BOMS, *_WIDE) if data.startswith(mark)), "")
    if marked.startswith(("utf-16", "utf-32")):
        text = _reads(data, marked)
        if text is not None:
            return Decoded(text, marked, "", is_guessed=False)
    declared = declared_charset(data)
    wanted = CODECS.get(declared, "")
    for codec in (wanted, "utf-8"):
        text = _reads(data, codec) if codec else None
        if text is not None:
            is_plain = declared in ("", "ASCII") and text.isascii()
            fits = codec == wanted or is_plain or (not declared and codec == "utf-8")
            return Decoded(text, codec, declared, is_guessed=not fits)
    return Decoded(data.decode(FALLBACK), FALLBACK, declared, is_guessed=True)
