"""Escape sequences of HL7 version 2 text, both ways."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

NULL = '""'
"""What a sender writes to delete a value; an empty field says nothing about it."""


@dataclass(frozen=True, slots=True)
class Separators:
    """The characters that part a message, as its MSH-1 and MSH-2 state them."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""

    @property
    def encoding_characters(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


def separators_of(header: str) -> Separators:
    """Read MSH-1 and MSH-2 (or those of FHS, BHS) from the segment's text.

    Parameters
    ----------
    header : str
        From its segment name on. Characters left out, or given twice, take their customary value.
    """
    field = header[3:4] or "|"
    # No more than the five separators and what gives a longer MSH-2 away: the rest of the header is not looked at.
    return _separators(field, header[4:20].split(field, 1)[0])


@lru_cache(maxsize=64)  # a hospital has a handful of senders, and each writes the same in every message
def _separators(field: str, told: str) -> Separators:
    chosen = list("^~\\&")
    for position in range(min(4, len(told))):
        char = told[position]
        # A sender that repeats a separator or takes a letter for one has a broken MSH-2: the usual one is meant.
        if char not in told[:position] and char != field and not char.isalnum() and char.isprintable():
            chosen[position] = told[position]
    extra = told[4:5] if told[4:5] not in ("", *chosen, field) else ""
    component, repetition, escaping, subcomponent = chosen
    return Separators(field, component, repetition, escaping, subcomponent, extra)


def escape(text: str, by: Separators) -> str:
    """Write a value so that no separator in it parts anything."""
    codes = {
        by.escape: "E",
        by.field: "F",
        by.component: "S",
        by.subcomponent: "T",
        by.repetition: "R",
        "\r": "X0D",
        "\n": "X0A",
    }
    if by.truncation:
        codes[by.truncation] = "P"
    return "".join(f"{by.escape}{codes[char]}{by.escape}" if char in codes else char for char in text)


def unescape(text: str, by: Separators, codec: str = "utf-8") -> str:
    r"""Give what a written value means.

    Parameters
    ----------
    text : str
        As it stands in the message.
    by : Separators
        Of the message.
    codec : str, optional
        Codec of ``\X..\`` octets.

    Notes
    -----
    Highlighting (``\H\``, ``\N\``) goes, ``\.br\`` is a new line; sequences that are local or unknown stay as
    written, because dropping them would lose text.
    """
    if by.escape not in text:
        return text
    mark = re.escape(by.escape)
    plain = {
        "E": by.escape,
        "F": by.field,
        "S": by.component,
        "T": by.subcomponent,
        "R": by.repetition,
        "P": by.truncation,
        "H": "",
        "N": "",
        ".br": "\n",
        ".sp": "\n",
    }

    def meaning(found: re.Match[str]) -> str:
        body = found.group(1)
        if body in plain:
            return plain[body]
        if body[:1] == "X":
            try:
                return bytes.fromhex(body[1:]).decode(codec)
            except ValueError:
                return found.group(0)
        return found.group(0)

    return re.sub(f"{mark}([^{mark}]*){mark}", meaning, text)
