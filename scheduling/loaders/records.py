"""Reading JSON objects so that every problem is named by field and record, and all are found at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twin.errors import DecodeError, FieldProblem, ImportRefused

LARGEST = 1_000_000
LARGEST_FILE_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Problems:
    """What is wrong with one file.

    Parameters
    ----------
    source : str
        Name of the file as the user gave it.
    """

    source: str
    found: list[FieldProblem] = field(default_factory=list)

    def add(self, name: str, place: str, message: str, cure: str) -> None:
        """Note a problem with a field at a place; sentences can be told in the reader's language."""
        self.found.append(FieldProblem(field=name, place=place, message=message, cure=cure))

    def raise_any(self) -> None:
        """Refuse the file if anything is wrong.

        Raises
        ------
        ImportRefused
            With every problem.
        """
        if self.found:
            raise ImportRefused(self.source, self.found)


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON object; its readers note a problem and give a harmless value instead of raising.

    Parameters
    ----------
    values : dict[str, object]
        The object.
    place : str
        Where it stands, such as ``patients/3 (p03)``.
    problems : Problems
        Where problems go.
    """

    values: dict[str, object]
    place: str
    problems: Problems

    def _missing(self, name: str, kind: str) -> bool:
        if name in self.values:
            return False
        self.problems.add(name, self.place, f"Expected {kind}, found nothing.", "Add the field.")
        return True

    def integer(self, name: str, low: int = 0, high: int = LARGEST) -> int:
        """Give a whole number within bounds."""
        if self._missing(name, "a whole number"):
            return low
        value = self.values[name]
        # bool is an int in Python
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            told = f"Expected a whole number in [{low}, {high}], got {_short(value)}."
            self.problems.add(name, self.place, told, "Correct the number.")
            return low
        return value

    def integers(self, name: str, count: int, low: int = 0, high: int = LARGEST) -> tuple[int, ...]:
        """Give exactly ``count`` whole numbers within bounds."""
        if self._missing(name, f"{count} whole numbers"):
            return (low,) * count
        value = self.values[name]
        if not isinstance(value, list) or len(value) != count:
            got = f"{len(value)} values" if isinstance(value, list) else _short(value)
            self.problems.add(name, self.place, f"Expected {count} whole numbers, got {got}.", "Correct the list.")
            return (low,) * count
        for index, number in enumerate(value):
            if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
                told = f"Expected a whole number in [{low}, {high}], got {_short(number)}."
                self.problems.add(f"{name}/{index}", self.place, told, "Correct the number.")
                # the first wrong number stands for the list: thousands of equal messages help nobody
                return (low,) * count
        return tuple(value)

    def text(self, name: str) -> str:
        """Give a text that is not empty."""
        if self._missing(name, "a text"):
            return ""
        value = self.values[name]
        if not isinstance(value, str) or not value or len(value) > 200:
            told = f"Expected a text of 1 to 200 characters, got {_short(value)}."
            self.problems.add(name, self.place, told, "Correct the text.")
            return ""
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of texts, which may be empty."""
        if self._missing(name, "a list of texts"):
            return ()
        value = self.values[name]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problems.add(name, self.place, f"Expected a list of texts, got {_short(value)}.", "Correct the list.")
            return ()
        return tuple(value)

    def flag(self, name: str) -> bool:
        """Give true or false."""
        if self._missing(name, "true or false"):
            return False
        value = self.values[name]
        if not isinstance(value, bool):
            self.problems.add(name, self.place, f"Expected true or false, got {_short(value)}.", "Correct it.")
            return False
        return value

    def one_of(self, name: str, known: Iterable[str], kind: str) -> str:
        """Give a text that is one of the known ones."""
        value = self.text(name)
        if value and value not in known:
            self.problems.add(
                name, self.place, f"There is no {kind} {value!r}.", f"Use the id of a {kind} of the file."
            )
            return ""
        return value

    def many_of(self, name: str, known: Iterable[str], kind: str) -> frozenset[str]:
        """Give texts that are all known."""
        values = self.texts(name)
        allowed = set(known)
        for value in values:
            if value not in allowed:
                told = f"There is no {kind} {value!r}."
                self.problems.add(name, self.place, told, f"Use ids of {kind}s of the file.")
        return frozenset(values) & allowed

    def records(self, name: str, *, key: str = "", may_be_empty: bool = False) -> list[Record]:
        """Give a list of objects; with a key, their places show it and it must be unique.

        Parameters
        ----------
        name : str
            Field.
        key : str, optional
            Field of the objects that names them.
        may_be_empty : bool, optional
            Whether there may be none.
        """
        if self._missing(name, "a list of objects"):
            return []
        value = self.values[name]
        if not isinstance(value, list):
            self.problems.add(name, self.place, f"Expected a list of objects, got {_short(value)}.", "Correct it.")
            return []
        if not value and not may_be_empty:
            self.problems.add(name, self.place, "The list is empty.", "Add at least one.")
        prefix = f"{self.place}/" if self.place else ""
        found = []
        seen: dict[str, str] = {}
        for index, item in enumerate(value):
            place = f"{prefix}{name}/{index}"
            if not isinstance(item, dict):
                self.problems.add(name, place, f"Expected an object, got {_short(item)}.", "Correct it.")
                continue
            record = Record(item, f"{place} ({item[key]})" if isinstance(item.get(key), str) else place, self.problems)
            found.append(record)
            if key:
                identifier = record.text(key)
                if identifier and seen.setdefault(identifier, place) != place:
                    told = f"{identifier!r} stands at {seen[identifier]} already."
                    self.problems.add(key, record.place, told, "Give each its own id.")
        return found

    def record(self, name: str) -> Record:
        """Give a nested object."""
        if self._missing(name, "an object"):
            # Its own problems: a missing object is told once, not again for each of its fields.
            return Record({}, name, Problems(self.problems.source))
        value = self.values[name]
        if not isinstance(value, dict):
            self.problems.add(name, self.place, f"Expected an object, got {_short(value)}.", "Correct it.")
            return Record({}, name, Problems(self.problems.source))
        return Record(value, f"{self.place}/{name}" if self.place else name, self.problems)


def read_object(path: Path) -> Record:
    """Read a file with one JSON object.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    DecodeError
        If it cannot be read or is no JSON object.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise DecodeError(f"{path.name}: larger than {LARGEST_FILE_BYTES} bytes.", code="plan.file")
        return object_of(path.read_bytes(), path.name)
    except OSError as error:
        raise DecodeError(f"{path.name}: cannot be read: {error.strerror}.", code="plan.file") from error


def object_of(body: bytes, source: str) -> Record:
    """Give the JSON object that bytes hold.

    Parameters
    ----------
    body : bytes
        UTF-8 text.
    source : str
        Name of the file for messages.

    Raises
    ------
    DecodeError
        If the bytes are no JSON object.
    """
    try:
        # A byte order mark is what some editors put before JSON.
        value = json.loads(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DecodeError(f"{source}: expected JSON in UTF-8: {error}.", code="plan.json") from error
    if not isinstance(value, dict):
        raise DecodeError(f"{source}: expected one JSON object, got {_short(value)}.", code="plan.json")
    return Record(value, "", Problems(source))


def places_of(records: Sequence[Record], key: str = "id") -> list[str]:
    """Give the ids of records in order."""
    return [record.text(key) for record in records]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
