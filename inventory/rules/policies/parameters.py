"""Plain JSON parameters, read with errors that name the key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inventory.rules.policies.demand import DISCRETE, Frozen, Listed, listed, named
from inventory.rules.policies.requirements import wrong

LARGEST = 1e12
"""Beyond it no hospital counts, and products of two numbers lose whole units of a float."""


class Parameters:
    """Decoded JSON of a policy; remembers which keys were read, so that a misspelt one is found.

    Parameters
    ----------
    given : Mapping[str, object]
        Keys and values; null means not given.
    place : str
        Where they stand, for errors.
    """

    def __init__(self, given: Mapping[str, object], place: str = "") -> None:
        self._given = {key: value for key, value in given.items() if value is not None}
        self._place = place
        self._used: set[str] = set()

    def has(self, key: str) -> bool:
        """Tell whether a key was given."""
        return key in self._given

    def _take(self, key: str) -> object:
        self._used.add(key)
        return self._given.get(key)

    def number(self, key: str, default: float | None = None) -> float:
        """Give a number.

        Raises
        ------
        FieldError
            If it is missing without a default, or no finite number.
        """
        value = self._take(key)
        if value is None:
            if default is None:
                raise wrong(self._place + key, "Expected a number, it is missing.", "Give it.")
            return default
        return self._as_number(key, value)

    def _as_number(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise wrong(self._place + key, f"Expected a number, got {value!r}.", "Give a number.")
        # a whole number of any length is JSON: comparing it is safe where float() of it is not
        if not -LARGEST <= value <= LARGEST:
            shown = value if isinstance(value, float) else f"one of {len(str(abs(value)))} digits"
            raise wrong(self._place + key, f"Expected a finite number within {LARGEST:.0e}, got {shown}.")
        return float(value)

    def optional(self, key: str) -> float | None:
        """Give a number, or None if it was not given."""
        return self.number(key) if self.has(key) else None

    def count(self, key: str, default: int) -> int:
        """Give a whole number."""
        value = self.number(key, float(default))
        if value != int(value):
            raise wrong(self._place + key, f"Expected a whole number, got {value}.")
        return int(value)

    def numbers(self, key: str) -> list[float]:
        """Give a list of numbers.

        Raises
        ------
        FieldError
            If it is missing or no flat list of numbers.
        """
        value = self._take(key)
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise wrong(self._place + key, f"Expected a list of numbers, got {value!r}.", "Give [1, 2, 3].")
        return [self._as_number(f"{key}[{i}]", each) for i, each in enumerate(value)]

    def number_or_numbers(self, key: str, default: float | None = None) -> float | list[float | None]:
        """Give a number, or a list of numbers whose first entry may be null."""
        value = self._take(key)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [None if each is None else self._as_number(f"{key}[{i}]", each) for i, each in enumerate(value)]
        return self.number(key, default)

    def flag(self, key: str, default: bool) -> bool:  # a default of its own type
        """Give true or false."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise wrong(self._place + key, f"Expected true or false, got {value!r}.", "Give true or false.")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """Give one of some words."""
        value = self._take(key)
        if value is None:
            return default
        if value not in allowed:
            raise wrong(self._place + key, f"Expected one of {', '.join(allowed)}, got {value!r}.")
        return str(value)

    def text(self, key: str) -> str:
        """Give a text that is not empty."""
        value = self._take(key)
        if not isinstance(value, (str, int)) or value == "":
            raise wrong(self._place + key, f"Expected a name, got {value!r}.")
        return str(value)

    def objects(self, key: str) -> list[Parameters]:
        """Give a list of objects; empty if it was not given."""
        value = self._take(key)
        if value is None:
            return []
        if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(x, Mapping) for x in value):
            raise wrong(self._place + key, f"Expected a list of objects, got {value!r}.")
        return [Parameters(each, f"{key}[{i}].") for i, each in enumerate(value) if isinstance(each, Mapping)]

    def raw(self, key: str) -> object:
        """Give a value as it is."""
        return self._take(key)

    def pmf(self, key: str) -> dict[int, float] | list[float]:
        """Give probabilities by whole level, or of 0, 1, 2 and so on."""
        value = self._take(key)
        if isinstance(value, Mapping):
            try:
                return {int(level): self._as_number(f"{key}.{level}", share) for level, share in value.items()}
            except ValueError as error:
                raise wrong(self._place + key, f"Expected whole levels as keys: {error}.") from error
        return self.numbers(key)

    def distribution(self, key: str) -> Frozen | Listed:
        """Give a distribution by its scipy name: ``{"name": "norm", "args": [50, 8], "kwds": {}}``."""
        value = self._take(key)
        if not isinstance(value, Mapping):
            raise wrong(self._place + key, f"Expected an object with name and args, got {value!r}.")
        inner = Parameters(
            {"name": value.get("__dist__", value.get("name")), "args": value.get("args") or None}, f"{key}."
        )
        keywords = value.get("kwds") or {}
        if not isinstance(keywords, Mapping):
            raise wrong(f"{self._place}{key}.kwds", f"Expected an object, got {keywords!r}.")
        name = inner.text("name")
        arguments = inner.numbers("args") if inner.has("args") else []
        found = named(
            name, arguments, {str(each): self._as_number(str(each), number) for each, number in keywords.items()}
        )
        return listed(found) if name in DISCRETE else found

    def check_all_used(self) -> None:
        """Refuse keys that the policy does not know.

        Raises
        ------
        FieldError
            If a key was given that nothing has read.
        """
        unknown = sorted(set(self._given) - self._used)
        if unknown:
            raise wrong(
                self._place + unknown[0], f"This policy has no such key; it read {sorted(self._used)}.", "Leave it out."
            )
