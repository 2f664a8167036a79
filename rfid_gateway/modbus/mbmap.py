"""Register maps in MBMap version 2 (JSON): what is understood becomes a profile, what is not is named and left out.

Of the format only the release notes 2.0 to 2.2 were at hand (github.com/nobrega8/mbmap-library), not the schema: they
say what a map can tell, and spell a few of its keys (``identify``, ``read_alone``, ``read_group``, ``parts``, ``enum``,
``name``, ``type``, ``length``, ``description``). The other keys are read in the spellings that such maps use. As a key
that is not understood could be one that changes the value, such as a factor, **a register with an unknown key is not
taken over at all**: a missing signal is seen, a wrong value is not. Keys of makers (``x_…``, ``x-…``) mean nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rfid_gateway.modbus.profile import WORDS_BY_TYPE, ByteOrder, Profile, RawType, Signal, Table
from twin.errors import FieldProblem, ImportRefused
from twin.units import CONVERSIONS_BY_UNIT

_MOST_REGISTERS = 20_000
_CURE = "Add this register by hand, or ask for it with the map's specification."


@dataclass(frozen=True, slots=True, kw_only=True)
class MapImport:
    """A profile, and what of the file is not in it.

    Parameters
    ----------
    profile : Profile
        All registers that were wholly understood.
    left_out : tuple[FieldProblem, ...]
        Keys and registers that were not, each with its place (JSON Pointer).
    """

    profile: Profile
    left_out: tuple[FieldProblem, ...] = ()


class _NotUnderstood(ValueError):
    """A key or value that is not read."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def _plain(text: object) -> str:
    # Spellings differ by case, blanks and dashes only.
    return re.sub(r"[^a-z0-9]", "", str(text).lower())


_TABLES = {
    **dict.fromkeys(
        ("holding", "holdingregister", "holdingregisters", "3", "03", "fc3", "fc03"), Table.HOLDING_REGISTERS
    ),
    **dict.fromkeys(("input", "inputregister", "inputregisters", "4", "04", "fc4", "fc04"), Table.INPUT_REGISTERS),
    **dict.fromkeys(("coil", "coils", "1", "01", "fc1", "fc01"), Table.COILS),
    **dict.fromkeys(("discrete", "discreteinput", "discreteinputs", "2", "02", "fc2", "fc02"), Table.DISCRETE_INPUTS),
}
_TYPES = {
    **{_plain(one.value): one for one in RawType if one not in (RawType.BIT,)},
    **{f"u{bits}": RawType(f"uint{bits}") for bits in (16, 32, 64)},
    **{f"{sign}{bits}": RawType(f"int{bits}") for sign in ("s", "i", "sint") for bits in (16, 32, 64)},
    **{f"f{bits}": RawType(f"float{bits}") for bits in (16, 32, 64)},
    **dict.fromkeys(("bit", "bool", "boolean"), RawType.BIT),
    **dict.fromkeys(("float", "real"), RawType.FLOAT32),
    "double": RawType.FLOAT64,
    "ascii": RawType.STRING,
}
_HIGH = frozenset({"big", "bigendian", "be", "msb", "msbfirst", "msw", "mswfirst", "high", "highfirst", "hilo"})
_LOW = frozenset({"little", "littleendian", "le", "lsb", "lsbfirst", "lsw", "lswfirst", "low", "lowfirst", "lohi"})


def _low_first(key: str, value: object) -> bool:
    if (word := _plain(value)) in _HIGH | _LOW:
        return word in _LOW
    raise _NotUnderstood(key, f"is no known order: {value!r}")


def _chosen(found: dict[str, Any], key: str, value: object) -> Any:
    if (word := _plain(value)) in found:
        return found[word]
    raise _NotUnderstood(key, f"is not known: {value!r}")


def _whole(key: str, value: object) -> int:
    # Base 0: maps write addresses in hex as well.
    if isinstance(value, str):
        return int(value, 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _NotUnderstood(key, f"must be a whole number, got {value!r}")
    return value


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _NotUnderstood(key, f"must be a number, got {value!r}")
    return float(value)


def _labels(key: str, value: object) -> dict[int, str]:
    if isinstance(value, dict):
        return {_whole(key, number): str(label) for number, label in value.items()}
    raise _NotUnderstood(key, f"must be an object of number and text, got {value!r}")


def _sentinels(key: str, value: object) -> tuple[int, ...]:
    return tuple(_whole(key, one) for one in (value if isinstance(value, list) else [value]))


# Key of the map -> field of a signal, and how it is read.
_FIELDS: dict[str, tuple[str, Callable[[str, object], object]]] = {
    **dict.fromkeys(("address", "register"), ("address", _whole)),
    **dict.fromkeys(
        ("table", "function", "function_code", "register_type", "space"), ("table", lambda k, v: _chosen(_TABLES, k, v))
    ),
    **dict.fromkeys(("type", "data_type", "datatype"), ("type", lambda k, v: _chosen(_TYPES, k, v))),
    **dict.fromkeys(("scale", "multiplier"), ("scale", _number)),
    "offset": ("offset", _number),
    "length": ("words", _whole),
    "unit": ("unit", lambda _k, v: str(v)),
    **dict.fromkeys(("enum", "enumeration", "values"), ("labels", _labels)),
    **dict.fromkeys(("sentinels", "sentinel", "invalid"), ("sentinels", _sentinels)),
    **dict.fromkeys(("description", "note", "comment"), ("note", lambda _k, v: str(v))),
}
_SILENT = frozenset(
    {"id", "key", "name", "label", "group", "category", "access", "writable", "min", "max", "byte_order", "word_order"}
)
"""Keys that are read elsewhere, or that say nothing about what is read: writes need an allow-list of our own anyway."""
_READING = frozenset({"read_alone", "read_group"})
_WHOLE_BLOCK = "parts"  # release 2.2: who does not know them reads the block as the one string that it is


def profile_from_mbmap(text: str, source: str, *, name: str, address_base: int | None = None) -> MapImport:
    """Give the profile that an MBMap file describes, as far as it is understood.

    Parameters
    ----------
    text : str
        The file's content.
    source : str
        Its name, for messages.
    name : str
        Name of the profile.
    address_base : int, optional
        0 or 1: how the map's addresses count, where the file does not say so itself.

    Raises
    ------
    ImportRefused
        If it is no JSON map, does not say how addresses count and nobody else does, or no register is understood.
    """
    whole = _document(text, source)
    registers = whole.get("registers")
    if not isinstance(registers, list) or not 0 < len(registers) <= _MOST_REGISTERS:
        raise _refused(source, "/registers", f"expected a list of 1 to {_MOST_REGISTERS} registers.")
    base = _base(whole, source, address_base)
    left_out: list[FieldProblem] = []
    signals: list[Signal] = []
    # Used keys, each with the last number put behind it: maps of thousands of registers often repeat one name.
    taken: dict[str, int] = {}
    is_alone = False
    for number, entry in enumerate(registers):
        place = f"/registers/{number}"
        try:
            signals.append(_signal(entry, whole, taken))
            taken.setdefault(signals[-1].key, 1)
        except _NotUnderstood as error:
            left_out.append(_left_out(f"{place}/{error.key}", str(error)))
        except ValidationError as error:
            left_out += [_left_out(f"{place}/{'/'.join(map(str, one['loc']))}", one["msg"]) for one in error.errors()]
        except (ValueError, TypeError, OverflowError) as error:
            left_out.append(_left_out(place, str(error)))
        else:
            is_alone |= bool(_READING & set(entry))
    left_out += [_left_out(f"/{key}", "is not read") for key in whole if key not in _TOP]
    if not signals:
        raise ImportRefused(source, left_out)
    # Where a read must not run across a border, one request a signal is slower and always right.
    limits = {"is_one_request_per_signal": is_alone}
    plain = {"name": name, "source": source, "address_base": base, "limits": limits, "signals": signals}
    try:
        return MapImport(profile=Profile.model_validate(plain), left_out=tuple(left_out))
    except ValidationError as error:
        raise ImportRefused(source, [_left_out("/registers", one["msg"]) for one in error.errors()]) from error


_BASES = ("address_base", "addressing", "base")
_TOP = frozenset(
    {*_BASES, "registers", "byte_order", "word_order", "name", "title", "description", "$schema", "identify"}
)


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        whole = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise _refused(source, "/", f"is no JSON: {str(error)[:200]}.") from error
    if not isinstance(whole, dict):
        raise _refused(source, "/", "expected an object with registers.")
    return whole


def _base(whole: dict[str, Any], source: str, told: int | None) -> int:
    for key in _BASES:
        if key in whole:
            digits = re.findall(r"[01]", str(whole[key]))
            if len(set(digits)) == 1:
                return int(digits[0])
            raise _refused(source, f"/{key}", f"says neither 0 nor 1: {whole[key]!r}.")
    if told is None:
        # Off by one is the commonest wrong value of all: nobody shall get it by saying nothing.
        raise _refused(source, "/address_base", "is missing: say whether addresses count from 0 or 1 (--base).")
    return told


def _signal(entry: object, whole: dict[str, Any], taken: dict[str, int]) -> Signal:
    if not isinstance(entry, dict):
        raise _NotUnderstood("", f"expected an object, got {entry!r}")
    plain: dict[str, object] = {}
    for key, value in entry.items():
        if key in _FIELDS:
            field, read = _FIELDS[key]
            plain[field] = read(key, value)
        elif key not in _SILENT | _READING | {_WHOLE_BLOCK} and not key.startswith(("x_", "x-")):
            raise _NotUnderstood(key, "is not known, and might change the value")
    if "address" not in plain:
        raise _NotUnderstood("address", "is missing")
    if "type" not in plain:
        raise _NotUnderstood("type", "is missing")
    orders = {key: entry.get(key, whole.get(key)) for key in ("byte_order", "word_order")}
    plain["key"] = _key(entry, taken)
    plain["order"] = _order(orders, RawType(str(plain["type"])))
    # (raw + offset) * scale and raw * scale + offset are both in use, and nothing tells which.
    if plain.get("offset") and plain.get("scale", 1.0) != 1.0:
        raise _NotUnderstood("offset", "may count before or after the scale")
    plain |= dict(_fitting(plain))
    return Signal.model_validate(plain)


def _order(orders: dict[str, Any], kind: RawType) -> ByteOrder:
    # "ABCD" and its likes name the whole order at once.
    if (letters := str(orders["byte_order"]).upper()) in set(ByteOrder):
        return ByteOrder(letters)
    if orders["word_order"] is None and kind.value.endswith(("32", "64")):
        raise _NotUnderstood("word_order", "is missing, and the value takes several registers")
    low_byte, low_word = (value is not None and _low_first(key, value) for key, value in orders.items())
    return {(False, False): ByteOrder.ABCD, (False, True): ByteOrder.CDAB, (True, False): ByteOrder.BADC}.get(
        (low_byte, low_word), ByteOrder.DCBA
    )


def _fitting(plain: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Give what must be otherwise so that a signal can be made of it."""
    if plain["type"] is RawType.BIT and "table" not in plain:
        raise _NotUnderstood("table", "is missing for a single bit")
    if plain["type"] is not RawType.STRING and "words" in plain:
        width = WORDS_BY_TYPE.get(RawType(str(plain["type"])), 1)
        if plain["words"] != width:
            # Whether the type or the length is wrong nobody can tell, and octets are counted by some.
            raise _NotUnderstood("length", f"is {plain['words']}, but the type takes {width} register(s)")
        yield "words", None  # the type says it already
    if (unit := plain.get("unit")) is not None and unit not in CONVERSIONS_BY_UNIT:
        yield "unit", "count"
        yield "note", f"{plain.get('note', '')} [{unit}]".strip()  # a unit that we cannot convert is kept as a remark


def _key(entry: dict[str, Any], taken: dict[str, int]) -> str:
    text = str(entry.get("key") or entry.get("id") or entry.get("name") or "")
    key = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:58] or "register"
    key = key if key[0].isalpha() else f"r_{key}"
    found = key
    while found in taken:
        taken[key] += 1
        found = f"{key}_{taken[key]}"
    return found


def _left_out(place: str, message: str) -> FieldProblem:
    return FieldProblem(field=place.rpartition("/")[2], place=place, message=f"{message}.", cure=_CURE)


def _refused(source: str, place: str, message: str) -> ImportRefused:
    problem = FieldProblem(
        field=place.rpartition("/")[2] or "file", place=place, message=message, cure="See the guide."
    )
    return ImportRefused(source, [problem])
