"""A document spoiled at one place after the other: what a careless or hostile sender may put there."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    10**30,
    "",
    " ",
    "x",
    "a:b",
    "\x00",
    "\ud7ff￿",
    "9999-12-31T23:59:60+14:00",
    "0001-01-01T00:00:00+14:00",
    "y" * 5_000,
    [],
    [None],
    [[1]],
    ["x", 1],
    {},
    {"id": 1},
    {"a": {"b": [{}]}},
)
"""Values of every kind, at and beyond their limits."""


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in parts:
        yield (*path, name)
        yield from _places(one, (*path, name))


def spoiled(document: Any, odd: tuple[Any, ...] = ODD) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Give copies of a document in which one place holds something odd or is left out, each with that place."""
    for path in list(_places(document)):
        for value in odd:
            made = copy.deepcopy(document)
            holder = made
            for name in path[:-1]:
                holder = holder[name]
            holder[path[-1]] = copy.deepcopy(value)
            yield path, made
        made = copy.deepcopy(document)
        holder = made
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]
        yield path, made
