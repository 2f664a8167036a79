"""Escapes of GS1 keys in their written forms, and what may stand in them."""

from __future__ import annotations

from urllib.parse import quote, unquote

from twin.errors import DecodeError

_ESCAPED_IN_URN = frozenset('"#%&/<>?')  # TDS 1.13, table A-1 (graphic symbols that a URI component must escape)
_LINK_SAFE = "-._~!$'()*+,;=:@"  # what RFC 3986 lets stand in a path segment
_QUERY_SAFE = "-._~!$'()*,;:@"  # an ampersand or plus sign would be read as something else there


def escape(text: str) -> str:
    """Write a component of an EPC URI.

    Examples
    --------
    >>> escape("32a/b")
    '32a%2Fb'
    """
    return "".join(f"%{ord(one):02X}" if one in _ESCAPED_IN_URN else one for one in text)


def unescape(text: str, what: str) -> str:
    """Read a component of an EPC URI.

    Parameters
    ----------
    text : str
        As written in the URI.
    what : str
        Its name, for the message.

    Raises
    ------
    DecodeError
        If a percent sign is not followed by two hex digits, or a sign that a URI reserves stands there as it is.
    """
    if reserved := sorted((_ESCAPED_IN_URN - {"%"}) & set(text)):
        cure = f"write %{ord(reserved[0]):02X}"
        raise DecodeError(f"EPC {what}: {reserved[0]!r} must be escaped: {cure}.", code="epc.escape")
    # Latin-1 gives every octet back as one character; UTF-8 would join or drop some.
    plain = unquote(text, encoding="latin-1")
    if text.count("%") != sum(text[i : i + 1] == "%" and _is_hex(text[i + 1 : i + 3]) for i in range(len(text))):
        raise DecodeError(f"EPC {what}: broken escape in {text!r}.", code="epc.escape")
    return plain


def _is_hex(text: str) -> bool:
    return len(text) == 2 and all(one in "0123456789abcdefABCDEF" for one in text)


def escape_for_link(text: str) -> str:
    """Write a value into a GS1 Digital Link path."""
    return quote(text, safe=_LINK_SAFE)


def escape_for_query(text: str) -> str:
    """Write a value into the query of a GS1 Digital Link."""
    return quote(text, safe=_QUERY_SAFE)


def require_characters(text: str, allowed: frozenset[str], what: str) -> str:
    """Let pass a text of allowed characters.

    Raises
    ------
    DecodeError
        If another character is in it.
    """
    wrong = sorted(set(text) - allowed)
    if wrong:
        raise DecodeError(f"EPC {what}: character {wrong[0]!r} is not allowed.", code="epc.character")
    return text


def require_digits(text: str, count: int, what: str) -> str:
    """Let pass a text of so many digits.

    Raises
    ------
    DecodeError
        If it has another length or other characters.
    """
    if len(text) != count or not ((text.isascii() and text.isdigit()) or not text):
        raise DecodeError(f"EPC {what}: expected {count} digits, got {text!r}.", code="epc.digits")
    return text
