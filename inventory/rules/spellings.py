"""Numbers that somebody may have meant: the printed lots of an item that are spelled nearly like the one told."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

LEAST_LIKENESS = 0.75
"""Share of characters that two spellings must have in common, in order, for one to be offered instead of the other."""
MOST_OFFERED = 3

_ALIKE = str.maketrans({"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "S": "5", "B": "8", "Z": "2", "G": "6"})
"""Characters that are taken for one another when a worn print is read or a number is told by telephone."""


def _plain(number: str) -> str:
    return "".join(character for character in number.upper() if character.isalnum()).translate(_ALIKE)


def near_spellings(number: str, known: Sequence[str]) -> tuple[str, ...]:
    """Give the known numbers that a told one may stand for, the likeliest first.

    Letters and digits that look alike count as the same; signs and blanks between them do not count.

    Parameters
    ----------
    number : str
        As told.
    known : Sequence[str]
        Printed numbers.

    Examples
    --------
    >>> near_spellings("L0T-l7", ["LOT17", "LOT-99", "B4"])
    ('LOT17',)
    """
    wanted = _plain(number)
    scored = []
    for each in dict.fromkeys(known):
        other = _plain(each)
        matcher = SequenceMatcher(None, wanted, other, autojunk=False)
        # Two cheap upper bounds first: an item has thousands of lots, most of which are nothing like it.
        if min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= LEAST_LIKENESS:
            likeness = matcher.ratio()
            if likeness >= LEAST_LIKENESS:
                scored.append((-likeness, each))
    return tuple(each for _score, each in sorted(scored)[:MOST_OFFERED])
