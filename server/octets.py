"""Octets as people hand them to a command: hex digits however they were copied, a file, or standard input."""

from __future__ import annotations

import codecs
import re
import sys
from pathlib import Path

from twin.errors import DecodeError

MOST_OCTETS = 16 * 1024 * 1024
"""More than any frame, message or tag holds; a wrong file must not fill the memory."""
_MOST_PATH = 4096  # characters; longer text is no file name on any system
MARK = "\ufeff"
"""What editors write before a text to tell how it is coded; it comes along when digits are copied."""
# What stands between digits in data sheets, logs and other programs: blanks, commas, colons, 0x before each octet.
_BETWEEN = re.compile(r"(?<![0-9A-Fa-f])0[xX]|\\x|[\s,;:_-]")


def hex_digits(text: str) -> str | None:
    """Give the hex digits of a text without what stands between them; None if there is anything else, or nothing.

    Examples
    --------
    >>> hex_digits("0x30, 0x74 25:7b")
    '3074257b'
    """
    digits = _BETWEEN.sub("", text.removeprefix(MARK))
    return digits if re.fullmatch("[0-9A-Fa-f]+", digits) else None


def octets_of(text: str) -> bytes:
    """Give the octets that an argument names.

    Parameters
    ----------
    text : str
        Hex digits; a file that holds them, or the octets themselves; ``@`` and a file's name where the name could be
        taken for digits; ``-`` for standard input.

    Raises
    ------
    DecodeError
        If it is none of these, has half an octet, or holds too much (``input.hex``, ``input.file``, ``input.long``).
    """
    if text != "-" and (digits := hex_digits(text)) is not None:
        return _whole(digits)
    content = _content(text)
    # Digits first: octets that happen to begin like such a mark are none.
    for coding in ("utf-8-sig", "utf-16"):
        if coding == "utf-16" and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            continue
        try:
            written = hex_digits(content.decode(coding))
        except UnicodeDecodeError:
            continue
        if written is not None:
            return _whole(written)
    return content


def _whole(digits: str) -> bytes:
    if len(digits) % 2:
        text = f"Expected two hex digits for each octet, got {len(digits)} digits: one is missing or too many."
        raise DecodeError(text, code="input.hex")
    return bytes.fromhex(digits)


def _content(text: str) -> bytes:
    if text == "-":
        content = sys.stdin.buffer.read(MOST_OCTETS + 1)
    else:
        name = text.removeprefix("@")
        try:
            if len(name) > _MOST_PATH or "\0" in name or not Path(name).is_file():
                raise DecodeError(f"Expected hex digits, a file or -, got {text[:40]!r}.", code="input.hex")
            with Path(name).open("rb") as file:
                content = file.read(MOST_OCTETS + 1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DecodeError(f"{name[:200]!r} cannot be read: {reason}.", code="input.file") from error
    if len(content) > MOST_OCTETS:
        raise DecodeError(f"Expected at most {MOST_OCTETS} octets: this is no frame or message.", code="input.long")
    return content
