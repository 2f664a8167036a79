"""The GS1 application identifiers and the form of their values.

The list itself comes with the ``biip`` library, which follows GS1's own; how a label is cut into elements does not.

References
----------
GS1 General Specifications, chapter 3 (definitions) and section 7.8.5 (identifiers of predefined length).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import biip
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

# Elements whose length is known from their first two digits need no separator, General Specifications, figure 7.8.5-2.
# The figures count identifier and value together and are kept for identifiers yet to be given out (04, 14, 18, 19).
_PREDEFINED = {
    "00": 20,
    **dict.fromkeys(("01", "02", "03", "41"), 16),
    "04": 18,
    **dict.fromkeys((str(n) for n in range(11, 20)), 8),
    "20": 4,
    **dict.fromkeys((str(n) for n in range(31, 37)), 10),
}
_ONE_LENGTH = re.compile(r"\^(\d{2,4})((?:\(\\d\{\d+\}\))+)\$")
_ONE_CHARACTER = 1


@dataclass(frozen=True, slots=True)
class Identifier:
    """One application identifier.

    Parameters
    ----------
    digits : str
        Two to four digits.
    title : str
        Its data title, such as ``BATCH/LOT``.
    pattern : re.Pattern
        Matches identifier and value together.
    length : int or None
        Characters of identifier and value together, where only one number is possible.
    """

    digits: str
    title: str
    pattern: re.Pattern[str]
    length: int | None

    def allows(self, value: str) -> bool:
        """Tell whether a value has the form that the identifier asks for; an empty one never has."""
        # The published patterns of (30) and (7004) would let an empty value pass, the text of the standard does not.
        return len(value) >= _ONE_CHARACTER and self.pattern.fullmatch(self.digits + value) is not None


@lru_cache(maxsize=4096)  # the library looks through its list from the start each time
def identifier_of(digits: str) -> Identifier | None:
    """Give an application identifier by its digits; ``None`` if there is none.

    Examples
    --------
    >>> identifier_of("17").length, identifier_of("10").length, identifier_of("05")
    (8, None, None)
    """
    try:
        found = GS1ApplicationIdentifier.extract(digits)
    except biip.ParseError:
        return None
    if found.ai != digits:
        return None
    # ASCII: other scripts have digits, too, which would pass as the label's own.
    return Identifier(digits, found.data_title, re.compile(found.pattern, re.ASCII), _length(digits, found.pattern))


def _length(digits: str, pattern: str) -> int | None:
    if (known := _PREDEFINED.get(digits[:2])) is not None:
        return known
    # A value that can have one length only needs no separator to be read, though the standard asks for one: where a
    # scanner drops it, (7003) and its like are still read rightly.
    groups = _ONE_LENGTH.fullmatch(pattern)
    return None if groups is None else len(digits) + sum(int(n) for n in re.findall(r"\{(\d+)\}", groups[2]))
