"""Pathways from TOML and JSON files: one document of plain values, checked entry by entry."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from simulation.model.distributions import MICROSECONDS, Distribution, read_distribution, read_quantity
from simulation.model.problems import PathwayError

Document = Mapping[str, object]
_LARGEST = 1e15  # beyond it a double no longer tells whole numbers apart
LARGEST = 1 << 40  # of a count; what is larger is a mistake, and would not fit beside the others in a table
TravelTime = Callable[[str, str, str], float]
"""Seconds from one place to another for a mover class (``person``, ``cart``, ``bed``)."""


def load_document(path: Path) -> dict[str, object]:
    """Read a ``.toml`` or ``.json`` file.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    PathwayError
        If it is neither, or cannot be parsed; line and column are named.
    """
    try:
        text = path.read_text("utf-8")
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise PathwayError(str(path), f"Cannot read the file: {error.strerror}.", "Check the path.") from error
    except (ValueError, RecursionError) as error:  # RecursionError: brackets nested by the thousand
        raise PathwayError(str(path), f"Cannot parse the file: {error}.", "Mend the named place.") from error
    if not isinstance(found, dict):
        raise PathwayError(str(path), "Expected a table at the top.", "Write name = … and [nodes.…] tables.")
    return found


class Entry:
    """One table of a document, which knows its path and remembers which of its keys were read.

    Parameters
    ----------
    place : str
        Path of the table, such as ``pools.nurse``.
    values : object
        The table.
    unit_us : float
        Microseconds in one unit of a bare number.
    """

    def __init__(self, place: str, values: object, unit_us: float) -> None:
        if not isinstance(values, Mapping):
            raise PathwayError(place, f"Expected a table, got {values!r}.", "Write key = value pairs.")
        self.place = place
        self.values = cast(Mapping[str, object], values)
        self.unit_us = unit_us
        self._read: set[str] = set()

    def at(self, key: str) -> str:
        """Give the path of one key."""
        return f"{self.place}.{key}" if self.place else key

    def has(self, key: str) -> bool:
        """Tell whether a key is there."""
        return key in self.values

    def raw(self, key: str, default: object = None) -> object:
        """Give a value as it stands, marking it as read."""
        self._read.add(key)
        return self.values.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        """Give a text; without a default it must be there."""
        value = self.raw(key, default)
        if not isinstance(value, str):
            raise PathwayError(self.at(key), f"Expected text, got {value!r}.", f'Write {key} = "…".')
        return value

    def whole(self, key: str, default: int | None = None, *, least: int = 0) -> int:
        """Give a whole number from ``least`` to ``LARGEST``."""
        value = self.raw(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST:
            is_large = isinstance(value, int) and value > LARGEST
            expected = f"of at most {LARGEST}" if is_large else f"of at least {least}"
            raise PathwayError(self.at(key), f"Expected a whole number {expected}, got {value!r}.", "Mend it.")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """Give a number."""
        value = self.raw(key, default)
        # Written so that NaN is refused as well.
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
            raise PathwayError(self.at(key), f"Expected a number, got {value!r}.", "Write a number.")
        return float(value)

    def flag(self, key: str) -> bool:
        """Give true or false; absent is false."""
        value = self.raw(key, False)
        if not isinstance(value, bool):
            raise PathwayError(self.at(key), f"Expected true or false, got {value!r}.", "Write true or false.")
        return value

    def duration_us(self, key: str, default: float | None = None) -> int:
        """Give a duration in whole microseconds."""
        value = self.raw(key, default)
        return round(read_quantity(value, unit_us=self.unit_us, place=self.at(key)))

    def distribution(self, key: str, *, plain: bool = False) -> Distribution:
        """Give a distribution of durations, or of plain numbers."""
        return read_distribution(self.raw(key), unit_us=1.0 if plain else self.unit_us, place=self.at(key))

    def by_class(self, key: str, classes: tuple[str, ...], *, plain: bool = False) -> tuple[Distribution, ...]:
        """Give one distribution for each class: one for all, or a table by class with ``other``."""
        value = self.raw(key)
        if not isinstance(value, Mapping):
            return (self.distribution(key, plain=plain),) * len(classes)
        table = self.table(key)
        found = tuple(table.distribution(name if table.has(name) else "other", plain=plain) for name in classes)
        table.check_all_read()
        return found

    def table(self, key: str) -> Entry:
        """Give a table within; an absent one is empty."""
        return Entry(self.at(key), self.raw(key, {}), self.unit_us)

    def tables(self, key: str) -> list[Entry]:
        """Give the tables of a list."""
        value = self.raw(key, [])
        if not isinstance(value, list):
            raise PathwayError(self.at(key), f"Expected a list of tables, got {value!r}.", "Write [{…}, {…}].")
        return [Entry(f"{self.at(key)}.{number}", item, self.unit_us) for number, item in enumerate(value)]

    def items(self, key: str) -> list[tuple[str, Entry]]:
        """Give the named tables of a table of tables."""
        return [
            (name, Entry(f"{self.at(key)}.{name}", item, self.unit_us)) for name, item in self.table(key).values.items()
        ]

    def names(self, key: str) -> tuple[str, ...]:
        """Give a list of texts; one text stands for a list of one."""
        value = self.raw(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise PathwayError(self.at(key), f"Expected a list of names, got {value!r}.", 'Write ["…", "…"].')
        return tuple(listed)

    def check_all_read(self) -> None:
        """Refuse keys that nobody asked for: a misspelt key would else be silently without effect."""
        for key in self.values:
            if key not in self._read:
                known = ", ".join(sorted(self._read))
                raise PathwayError(self.at(key), "Unknown key.", f"Remove it or use one of {known}.")


def unit_of(document: Document) -> float:
    """Give the microseconds in the document's unit; minutes if it names none."""
    unit = document.get("unit", "min")
    if not isinstance(unit, str) or unit not in MICROSECONDS:
        raise PathwayError("unit", f"Unknown unit {unit!r}.", f"Use one of {', '.join(MICROSECONDS)}.")
    return MICROSECONDS[unit]
