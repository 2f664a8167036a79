"""Which application identifiers belong together on one item, and which never do.

A lot without an article is a lot of nothing; a count of contained items beside the article itself contradicts it. GS1
asks that the rules are looked at over everything that an item bears: a barcode may hold what the tag lacks. So a pair
that must not be is a fault wherever it is found, a partner that is missing is only told.

References
----------
GS1 General Specifications, sections 4.13.1 (invalid pairs) and 4.13.2 (mandatory associations); GS1 Barcode Syntax
Dictionary of 2026, which lists both by identifier.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

# Identifiers, then the groups of which one must be there, whole; n stands for any digit.
_NEEDS = """
02: 37
10 11 13 15 16 20 240 241 422: 01 02 03 8006 8026
12: 8020
17: 01 02 03 255 8006 8026
21: 01 03 8006
22 235: 01
242 7001: 01 02 8006 8026
243: 01 03
250: 01+21 03+21 8006+21
251 7021 8012: 01 03 8006
254: 414
30: 01 02
310n 311n 312n 313n 314n 315n 316n 320n 321n 322n 323n 324n 325n 326n 327n 328n 329n 350n 351n 352n 356n 357n: 01 02
360n 361n 364n 365n 366n: 01 02
330n 331n 332n 333n 334n 335n 336n 340n 341n 342n 343n 344n 345n 346n 347n 348n 349n 353n 354n 355n: 00 01
362n 363n 367n 368n 369n: 00 01
337n: 01
37: 00+02 00+8026
390n: 255 8020
391n: 8020
392n: 01+30 01+31nn 01+32nn 01+35nn 01+36nn
393n 395n: 30 31nn 32nn 35nn 36nn
394n 8111: 255
403 4300 4301 4302 4304 4305 4306 4307 4308 4309 431n 4320 4321 4322 4323 4324 4325 4326 433n 7041: 00
415: 8020
423 424 425 426 7003 7010 7011 8008: 01 02 03
427: 01+422 02+422 03+422
4303: 4302
4313: 4312
7002 7005 7006 7007 7008 7009 703n 8005: 01 02
7004: 01+10 03+10
7020: 01+416 03+416 8006+416
7022: 01+7021 03+7021 8006+7021
710 711 712 713 714 715 716 717 8001 8014 8200: 01
723n: 01 8004
7240: 01 8006
7241 7242 7253 7254 7255 7256 8019: 8017 8018
725n: 8018
7258: 8018+7259
8007 8020: 415
8009: 00 01 03
8011: 8010
8026: 37
8030: 00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 8017 8018
8040: 01+21
8041 8042 8043: 01+21+8040
"""
# Identifiers, then those that none of them may stand with; of a range each one excludes the others.
_EXCLUDES = """
01: 255 37
02: 01 03
03: 01 37 235
21: 235
255: 415 8006 8020 8026 02
390n: 390n 391n 394n 8111
391n: 391n
392n: 392n 393n
393n: 393n
394n: 394n 8111
395n: 392n 393n 395n 8005
420: 421
421: 4307
422 423 424 425: 426
4330: 4331
4332: 4333
7240: 03
7250: 7251
7253 7254 7255: 7256 7259
7259: 7256
8006: 01 03 37
8017: 8018
8026: 02 03 8006
"""
_MEASURE = re.compile(r"3[1-6]\d\d")


@dataclass(frozen=True, slots=True)
class MissingPartner:
    """An identifier that stands alone.

    Parameters
    ----------
    identifier : str
        Which.
    groups : tuple[str, ...]
        Of these groups one must be there; a plus sign joins those that belong to one, n stands for any digit.
    """

    identifier: str
    groups: tuple[str, ...]


def _rows(table: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in table.strip().splitlines():
        keys, _, rest = line.partition(": ")
        found |= dict.fromkeys(keys.split(), tuple(rest.split()))
    return found


_GROUPS_BY_KEY, _OTHERS_BY_KEY = _rows(_NEEDS), _rows(_EXCLUDES)


@lru_cache(maxsize=4096)
def _matches(pattern: str, identifier: str) -> bool:
    return len(pattern) == len(identifier) and all(a in ("n", b) for a, b in zip(pattern, identifier, strict=True))


def _of(rows: dict[str, tuple[str, ...]], identifier: str) -> tuple[str, ...]:
    # The identifier itself goes before a range that it lies in: (7253) has other partners than the rest of 725n.
    if identifier in rows:
        return rows[identifier]
    return next((found for key, found in rows.items() if _matches(key, identifier)), ())


def invalid_pairs(identifiers: Collection[str]) -> list[tuple[str, str]]:
    """Give the pairs of identifiers that no item may bear together, each once.

    Parameters
    ----------
    identifiers : Collection[str]
        All identifiers of one item.

    Examples
    --------
    >>> invalid_pairs(["01", "21", "37"])
    [('01', '37')]
    """
    present = sorted(set(identifiers))
    return list(dict.fromkeys(_pairs(present)))


def _pairs(present: list[str]) -> Iterator[tuple[str, str]]:
    for one in present:
        others = _of(_OTHERS_BY_KEY, one)
        if _MEASURE.fullmatch(one):
            others = (f"{one[:3]}n",)  # one measure told with two numbers of decimal places
        for other in present:
            if other != one and any(_matches(pattern, other) for pattern in others):
                yield min(one, other), max(one, other)


def missing_partners(identifiers: Collection[str]) -> list[MissingPartner]:
    """Give the identifiers that mean nothing without others, of which none is there.

    Parameters
    ----------
    identifiers : Collection[str]
        All identifiers of one item.

    Examples
    --------
    >>> missing_partners(["10", "17", "01"]), missing_partners(["37", "02"])[0].groups
    ([], ('00+02', '00+8026'))
    """
    present = sorted(set(identifiers))
    found = []
    for one in present:
        groups = _of(_GROUPS_BY_KEY, one)
        if groups and not any(_is_there(group, present) for group in groups):
            found.append(MissingPartner(one, groups))
    return found


def _is_there(group: str, present: list[str]) -> bool:
    return all(any(_matches(pattern, one) for one in present) for pattern in group.split("+"))
