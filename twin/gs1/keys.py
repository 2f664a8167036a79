"""Characters, check digits and check characters of GS1 keys.

References
----------
GS1 General Specifications, sections 7.9 (check digits and characters) and 7.11 (character sets).
"""

from __future__ import annotations

from itertools import count, islice

CHARACTERS_82 = frozenset("!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
"""Characters of lots, serials and the like: General Specifications, figure 7.11-1."""

CHARACTERS_39 = frozenset("#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""Characters of component and part identifiers: figure 7.11-2."""

CHARACTERS_64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
"""Characters of signatures, the base 64 of URLs: figure 7.11-3."""

CHECK_DIGIT_AT: dict[str, int] = {
    **dict.fromkeys(("00", "8017", "8018"), 18),
    **dict.fromkeys(("01", "02", "03", "8003", "8006", "8026"), 14),
    **dict.fromkeys(("253", "255", *(str(key) for key in range(410, 418))), 13),
    "402": 17,
}
"""Where the check digit of a value stands, counted from 1, by application identifier; a serial may follow it."""

CHECK_CHARACTERS_IN = frozenset({"8013", "8014"})
"""Identifiers of model numbers, which end with two check characters."""

# Their order is the characters' weight; I, O, 0 and 1 are left out of the second, because people confuse them.
_RANKED_82 = "".join(sorted(CHARACTERS_82))
_RANKED_32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_MODULUS = 1021  # the largest prime below 32 times 32, so that two characters hold every remainder


def check_digit(digits: str) -> str:
    """Give the check digit of a GS1 key.

    Parameters
    ----------
    digits : str
        All digits before it.

    Notes
    -----
    Weights 3 and 1 alternate from the right; the digit fills the sum up to a multiple of ten.

    References
    ----------
    GS1 General Specifications, section 7.9.1 (standard check digit calculation).

    Examples
    --------
    >>> check_digit("8061414112345"), check_digit("0950600013435")
    ('8', '2')
    """
    # From the right, the digit beside the check digit has weight 3 whatever the key's length.
    total = sum(int(digit) * (3 if i % 2 == 0 else 1) for i, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def check_characters(text: str) -> str:
    """Give the two check characters of a global model number.

    Parameters
    ----------
    text : str
        All characters before them, of the set of 82.

    Notes
    -----
    Each character's rank times a prime, 2 for the last and rising to the left; the sum modulo 1021, as two characters.

    References
    ----------
    GS1 General Specifications, section 7.9.5 (check character pair).

    Examples
    --------
    >>> check_characters("1987654Ad4X4bL5ttr2310c")
    '2K'
    """
    primes = islice((n for n in count(2) if all(n % d for d in range(2, n))), len(text))
    total = sum(_RANKED_82.index(one) * prime for one, prime in zip(reversed(text), primes, strict=True)) % _MODULUS
    return _RANKED_32[total // 32] + _RANKED_32[total % 32]
