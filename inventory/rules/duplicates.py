"""Two entries of the item master that are probably one: by code, by supplier's number, or by name.

Sizes decide: a 5 ml and a 10 ml syringe have names that differ in one character and must never be made one. So every
number and every word of size, side or sterility has to agree before likeness of the rest counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

ALIKE = 0.8
"""Least likeness of two names, 0 to 1; found on item lists of two hospitals' wards to keep false pairs rare."""
_COMMON = 60  # a word that stands in more names than this tells nothing and would make every pair a candidate
_WORD = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+", re.UNICODE)
_WIDE = re.compile(r"[\u3400-\u9fff]")

_SIZES = ("xxs", "xs", "s", "m", "l", "xl", "xxl", "small", "medium", "large", "short", "long", "大", "中", "小")
_PEOPLE = (
    "male",
    "female",
    "adult",
    "child",
    "paediatric",
    "pediatric",
    "neonatal",
    "infant",
    "成人",
    "儿童",
    "新生儿",
)
_SIDES = ("left", "right", "straight", "curved", "single", "double", "triple", "左", "右")
_MAKES = ("sterile", "nonsterile", "unsterile", "non", "latex", "nitrile", "vinyl", "无菌", "非无菌")
_DECIDING = frozenset((*_SIZES, *_PEOPLE, *_SIDES, *_MAKES))
_SAME_WORDS = {
    "millilitre": "ml",
    "milliliter": "ml",
    "millilitres": "ml",
    "milliliters": "ml",
    "milligram": "mg",
    "milligrams": "mg",
    "gram": "g",
    "grams": "g",
    "microgram": "ug",
    "mcg": "ug",
    "μg": "ug",
    "litre": "l_",
    "liter": "l_",
    "centimetre": "cm",
    "centimeter": "cm",
    "millimetre": "mm",
    "millimeter": "mm",
    "french": "fr",
    "ch": "fr",
    "gauge": "g_",
    "pcs": "piece",
    "pieces": "piece",
    "pc": "piece",
}
_FILLERS = frozenset(("of", "for", "with", "and", "the", "a", "an", "in", "per", "by", "x", "each", "piece"))


class Likeness(StrEnum):
    """Why two entries are probably one item."""

    CODE = "code"
    SUPPLIER_CODE = "supplier_code"
    NAME = "name"
    SIMILAR_NAME = "similar_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What is compared of an entry.

    Parameters
    ----------
    id, code, name : str
        As in the item master.
    supplies : tuple[tuple[str, str], ...]
        Pairs of supplier and the supplier's own number.
    """

    id: str
    code: str
    name: str
    supplies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Two entries that are probably one item, in the order of their ids.

    Parameters
    ----------
    first, second : str
        Ids.
    why : Likeness
        What they share.
    score : float
        Likeness, 0 to 1; 1 where code, supplier's number or every word agree.
    """

    first: str
    second: str
    why: Likeness
    score: float


def plain_code(code: str) -> str:
    """Give a code as it is compared: without case, blanks, punctuation and leading zeros.

    Examples
    --------
    >>> plain_code("00-AB 12/3"), plain_code("ab123")
    ('AB123', 'AB123')
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", code)).upper().lstrip("0")


@dataclass(frozen=True, slots=True)
class _Words:
    deciding: tuple[str, ...]
    others: Counter[str]


def _words_of(name: str) -> _Words:
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", name).casefold()):
        if _WIDE.search(word) and word not in _DECIDING:
            # no blanks part Chinese words: pairs of characters do for likeness, deciding ones are looked for first
            found += [each for each in _DECIDING if _WIDE.search(each) and each in word]
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        else:
            found.append(_SAME_WORDS.get(word, word))
    deciding = sorted(_number(word) for word in found if word[0].isdigit()) + sorted(
        {word for word in found if word in _DECIDING}
    )
    others = Counter(word for word in found if not word[0].isdigit() and word not in _DECIDING | _FILLERS)
    return _Words(tuple(deciding), others)


def _number(word: str) -> str:
    """Give a number without what says nothing: ``0,50`` and ``.5`` are one half."""
    value = word.replace(",", ".")
    return (value.rstrip("0").rstrip(".") if "." in value else value).lstrip("0") or "0"


def likeness(left: str, right: str) -> float:
    """Give how alike two names are, 0 to 1; 0 if a number or a word of size, side or sterility differs.

    Examples
    --------
    >>> likeness("Syringe Luer 5 ml", "Luer syringe, 5ml") == 1.0
    True
    >>> likeness("Syringe Luer 5 ml", "Syringe Luer 10 ml")
    0.0
    """
    return _likeness(_words_of(left), _words_of(right))


def _likeness(left: _Words, right: _Words) -> float:
    if left.deciding != right.deciding:
        return 0.0
    shared = (left.others & right.others).total()
    either = (left.others | right.others).total()
    return shared / either if either else 0.0


def find_candidates(items: Sequence[Listed], *, among: Iterable[str] | None = None) -> list[Candidate]:
    """Give pairs that are probably one item, the surest first; each pair once, for its strongest reason.

    Parameters
    ----------
    items : Sequence[Listed]
        The item master, or a part of it.
    among : Iterable[str], optional
        Ids; only pairs with one of them are given.

    Notes
    -----
    Names are compared only if they share a word that few names have, so that a master of 50,000 items takes seconds.
    """
    wanted = None if among is None else set(among)
    found: dict[tuple[str, str], Candidate] = {}

    def note(left: str, right: str, why: Likeness, score: float) -> None:
        first, second = sorted((left, right))
        known = found.get((first, second))
        if known is None or score > known.score:
            found[first, second] = Candidate(first=first, second=second, why=why, score=score)

    def pairs(groups: Iterable[Sequence[str]]) -> Iterable[tuple[str, str]]:
        for group in groups:
            for at, left in enumerate(group):
                for right in group[at + 1 :]:
                    if left != right and (wanted is None or left in wanted or right in wanted):
                        yield left, right

    for why, keys in _exact_keys(items):
        for left, right in pairs(keys.values()):
            note(left, right, why, 1.0)
    words = {item.id: _words_of(item.name) for item in items}
    for left, right in pairs(_sharing_rare_words(words)):
        score = _likeness(words[left], words[right])
        if score >= ALIKE:
            note(left, right, Likeness.NAME if score == 1.0 else Likeness.SIMILAR_NAME, score)
    return sorted(found.values(), key=lambda each: (-each.score, each.first, each.second))


def _exact_keys(items: Sequence[Listed]) -> list[tuple[Likeness, dict[object, list[str]]]]:
    codes: defaultdict[object, list[str]] = defaultdict(list)
    sold: defaultdict[object, list[str]] = defaultdict(list)
    for item in items:
        code = plain_code(item.code)
        if code:
            codes[code].append(item.id)
        for supplier, number in item.supplies:
            if plain_code(number):
                sold[supplier.casefold(), plain_code(number)].append(item.id)
    return [(Likeness.CODE, dict(codes)), (Likeness.SUPPLIER_CODE, dict(sold))]


def _sharing_rare_words(words: dict[str, _Words]) -> list[list[str]]:
    """Give groups of ids whose names share deciding words and a rare other one."""
    often = Counter(word for each in words.values() for word in set(each.others))
    groups: defaultdict[tuple[object, str], list[str]] = defaultdict(list)
    for identifier, each in words.items():
        for word in set(each.others):
            if often[word] <= _COMMON or len(words) <= _COMMON:
                groups[each.deciding, word].append(identifier)
    return [group for group in groups.values() if len(group) > 1]
