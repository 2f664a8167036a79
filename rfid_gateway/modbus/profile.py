"""Device profiles: where a kind of machine keeps what, as data that is checked before a single register is read."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from enum import StrEnum
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rfid_gateway.yaml_text import plain_values, refusal_of, refused, text_of, toml_lines, yaml_lines
from twin.errors import NotFound
from twin.units import CONVERSIONS_BY_UNIT

_CURE = "See the schema: gateway check --schema."

Address = Annotated[int, Field(ge=0, le=65_536)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Table(StrEnum):
    """Which of a machine's four tables."""

    COILS = "coils"
    DISCRETE_INPUTS = "discrete_inputs"
    HOLDING_REGISTERS = "holding_registers"
    INPUT_REGISTERS = "input_registers"

    @property
    def function_code(self) -> int:
        """Function code that reads it (Modbus application protocol 1.1b3, section 6)."""
        return _FUNCTION_CODES[self]

    @property
    def is_bits(self) -> bool:
        """Whether it holds single bits."""
        return self in (Table.COILS, Table.DISCRETE_INPUTS)


_FUNCTION_CODES = {
    Table.COILS: 1,
    Table.DISCRETE_INPUTS: 2,
    Table.HOLDING_REGISTERS: 3,
    Table.INPUT_REGISTERS: 4,
}


class RawType(StrEnum):
    """How registers are to be read."""

    BIT = "bit"
    INT8_HIGH = "int8_high"
    INT8_LOW = "int8_low"
    UINT8_HIGH = "uint8_high"
    UINT8_LOW = "uint8_low"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BCD16 = "bcd16"
    BCD32 = "bcd32"
    STRING = "string"


WORDS_BY_TYPE = {
    RawType.INT32: 2,
    RawType.UINT32: 2,
    RawType.INT64: 4,
    RawType.UINT64: 4,
    RawType.FLOAT32: 2,
    RawType.FLOAT64: 4,
    RawType.BCD32: 2,
}
"""Registers that a type takes; one where it is not named, and as many as the signal says for a string."""


class ByteOrder(StrEnum):
    """Order of octets of 1234 (ABCD) over two registers; wider values follow the same rule word by word."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"

    @property
    def is_low_word_first(self) -> bool:
        """Whether the least significant register comes first."""
        return self in (ByteOrder.CDAB, ByteOrder.DCBA)

    @property
    def is_low_byte_first(self) -> bool:
        """Whether the octets of each register are swapped."""
        return self in (ByteOrder.BADC, ByteOrder.DCBA)


class PollClass(StrEnum):
    """How often a signal is read; the profile says how long each class is."""

    FAST = "fast"
    NORMAL = "normal"
    SLOW = "slow"
    ONCE = "once"


# A misspelt key is an error, not a default: it would be a wrong value in silence.
class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BitField(_Strict):
    """Bits of a register, counted from the least significant one."""

    first: Annotated[int, Field(ge=0, le=63)]
    count: Annotated[int, Field(ge=1, le=64)] = 1


class Exponent(_Strict):
    """A register that holds the power of ten by which the machine scales a signal now."""

    address: Address
    is_negated: bool = False
    default: Annotated[int, Field(ge=-18, le=18)] | None = None


class WriteRule(_Strict):
    """What a write may do at all; an allow-list must name the device besides."""

    low: float
    high: float
    least_interval_s: Annotated[float, Field(ge=0)] = 1.0

    @model_validator(mode="after")
    def _low_is_below_high(self) -> WriteRule:
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


class Signal(_Strict):
    """One value that a machine offers.

    ``value = (raw * scale * 10^exponent) + offset`` in ``unit``, then converted to the inside unit of its quantity.
    """

    key: Key
    table: Table = Table.HOLDING_REGISTERS
    address: Address
    type: RawType = RawType.UINT16
    order: ByteOrder = ByteOrder.ABCD
    words: Annotated[int, Field(ge=1, le=125)] | None = None
    scale: float = 1.0
    offset: float = 0.0
    exponent: Exponent | None = None
    unit: str = "count"
    bits: BitField | None = None
    labels: dict[int, str] = Field(default_factory=dict)
    sentinels: tuple[int, ...] = ()
    plausible: tuple[float, float] | None = None
    most_change_per_s: Annotated[float, Field(gt=0)] | None = None
    poll: PollClass = PollClass.NORMAL
    deadband: Annotated[float, Field(ge=0)] | None = None
    writable: WriteRule | None = None
    note: str = ""

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, value: str) -> str:
        if value not in CONVERSIONS_BY_UNIT:
            raise ValueError(f"unknown unit {value!r}; known are {', '.join(CONVERSIONS_BY_UNIT)}")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Signal:
        if self.table.is_bits != (self.type is RawType.BIT and self.bits is None):
            raise ValueError("type bit without bits is for coils and discrete inputs, and they hold nothing else")
        if (self.type is RawType.STRING) != (self.words is not None):
            raise ValueError("words is needed for type string, and for no other")
        return self

    @model_validator(mode="after")
    def _bits_fit_the_type(self) -> Signal:
        held = 8 if self.type.value.startswith(("int8", "uint8")) else 16 * self.width
        if self.bits is not None and self.bits.first + self.bits.count > held:
            raise ValueError(f"bits end beyond the {held} bits that the type has")
        if self.bits is not None and not self.type.value.startswith("uint"):
            raise ValueError("bits need an unsigned type")
        return self

    @model_validator(mode="after")
    def _numbers_are_possible(self) -> Signal:
        if self.plausible is not None and not self.plausible[0] < self.plausible[1]:
            raise ValueError(f"plausible must rise, got {self.plausible}")
        if not self.scale:  # every reading would be the offset, and no write could be
            raise ValueError("scale must not be 0")
        if self.address + self.width > 65_537:
            raise ValueError("the value ends beyond the last address")
        if wrong := [one for one in self.sentinels if not -(1 << 16 * self.width - 1) <= one < 1 << 16 * self.width]:
            raise ValueError(f"sentinels do not fit the type: {', '.join(map(str, wrong))}")
        return self

    @property
    def width(self) -> int:
        """How many registers, or bits in a bit table, the value takes."""
        return self.words or WORDS_BY_TYPE.get(self.type, 1)


class Range(_Strict):
    """Addresses that must not be read, both ends included."""

    table: Table
    first: Address
    last: Address


class Limits(_Strict):
    """What one request may ask for."""

    most_registers: Annotated[int, Field(ge=1, le=125)] = 125
    most_bits: Annotated[int, Field(ge=1, le=2000)] = 2000
    most_gap: Annotated[int, Field(ge=0, le=124)] = 0
    is_one_request_per_signal: bool = False
    forbidden: tuple[Range, ...] = ()


class Periods(_Strict):
    """Seconds between two reads of each poll class."""

    fast: Annotated[float, Field(ge=0.01, le=3600)] = 1.0
    normal: Annotated[float, Field(ge=0.01, le=86_400)] = 10.0
    slow: Annotated[float, Field(ge=0.01, le=604_800)] = 600.0


class Timing(_Strict):
    """How a machine wants to be asked."""

    answer_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    between_requests_s: Annotated[float, Field(ge=0, le=10)] = 0.0
    after_connect_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    longest_silence_s: Annotated[float, Field(gt=0)] = 60.0


class Heartbeat(_Strict):
    """A counter that the machine advances; standing still means that its values are old."""

    signal: Key
    stale_s: Annotated[float, Field(gt=0)] = 10.0


class Identity(_Strict):
    """A signal by which a machine tells itself from others, such as its serial number or a type code.

    Without ``value`` the first one that the machine tells is kept, and another one is another machine.
    """

    signal: Key
    value: str | float | None = None


class Vector(_Strict):
    """Registers with the value that they mean; every shipped profile proves itself with some."""

    signal: Key
    registers: tuple[Annotated[int, Field(ge=0, le=65_535)], ...]
    exponent: int | None = None
    value: float | str | None


class Profile(_Strict):
    """A kind of machine."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    title: str = ""
    version: Annotated[int, Field(ge=1)] = 1
    source: str = ""
    address_base: Annotated[int, Field(ge=0, le=1)] = 0
    limits: Limits = Limits()
    periods: Periods = Periods()
    timing: Timing = Timing()
    heartbeat: Heartbeat | None = None
    identity: Identity | None = None
    is_serial_default: bool = False
    signals: Annotated[tuple[Signal, ...], Field(min_length=1)]
    vectors: tuple[Vector, ...] = ()

    @model_validator(mode="after")
    def _names_agree(self) -> Profile:
        counts = Counter(signal.key for signal in self.signals)
        if double := [key for key, count in counts.items() if count > 1]:
            raise ValueError(f"signal keys must differ, these are there twice: {', '.join(double)}")
        named = {vector.signal for vector in self.vectors} | ({self.heartbeat.signal} if self.heartbeat else set())
        named |= {self.identity.signal} if self.identity else set()
        if missing := sorted(named - set(counts)):
            raise ValueError(f"unknown signals are named: {', '.join(missing)}")
        # A documented address below the base would be negative on the line.
        if low := [signal.key for signal in self.signals if signal.address < self.address_base]:
            raise ValueError(f"addresses below the base {self.address_base}: {', '.join(low)}")
        last = self.address_base + 0xFFFF
        if high := [one.key for one in self.signals if one.address + one.width - 1 > last]:
            raise ValueError(f"addresses above {last}, the last one on the line: {', '.join(high)}")
        exponents = [(one.key, one.exponent.address) for one in self.signals if one.exponent is not None]
        if out := [key for key, address in exponents if not self.address_base <= address <= last]:
            raise ValueError(f"exponents are at {self.address_base} to {last}: {', '.join(out)}")
        return self

    @cached_property
    def by_key(self) -> dict[str, Signal]:
        """Signals by key."""
        return {signal.key: signal for signal in self.signals}

    def wire(self, address: int) -> int:
        """Give the address on the line of a documented one."""
        return address - self.address_base

    def period_s(self, poll: PollClass) -> float:
        """Give the seconds between two reads of a poll class; infinite for what is read once."""
        periods = {
            PollClass.FAST: self.periods.fast,
            PollClass.NORMAL: self.periods.normal,
            PollClass.SLOW: self.periods.slow,
        }
        return periods.get(poll, float("inf"))


def parse_profile(text: str, source: str) -> Profile:
    """Read a profile from YAML (or JSON, which is YAML), or from TOML where the file is called so.

    Parameters
    ----------
    text : str
        The file's content.
    source : str
        The file's name, for messages.

    Raises
    ------
    ImportRefused
        If it is neither or breaks a rule; every problem is listed with its place.
    """
    is_toml = source.lower().endswith(".toml")
    plain = _toml_values(text, source) if is_toml else plain_values(text, source, cure=_CURE)
    try:
        return Profile.model_validate(plain)
    except ValidationError as error:
        line_of = toml_lines(text) if is_toml else yaml_lines(text)
        raise refusal_of(error, source, whole="profile", cure=_CURE, line_of=line_of) from error


def _toml_values(text: str, source: str) -> object:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise refused(source, f"is no TOML: {str(error)[:200]}.", _CURE) from error


def shipped_profiles() -> list[str]:
    """Give the names of the profiles that come with the product, sorted."""
    folder = resources.files("rfid_gateway.modbus") / "profiles"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_profile(name: str) -> Profile:
    """Read a shipped profile by its name, or a file by its path.

    Raises
    ------
    NotFound
        If there is neither.
    ImportRefused
        If the file breaks a rule.
    """
    path = Path(name)
    # A name without an ending is a shipped one's, even where a folder or file of that name lies at hand.
    if path.suffix and path.is_file():
        return parse_profile(text_of(path, cure=_CURE), name)
    if name not in shipped_profiles():
        missing = NotFound("profile", name)
        missing.message += f" Name a file (.yaml, .toml, .json), or one of {', '.join(sorted(shipped_profiles()))}."
        raise missing
    resource = resources.files("rfid_gateway.modbus") / "profiles" / f"{name}.yaml"
    return parse_profile(resource.read_text(encoding="utf-8"), f"{name}.yaml")


def json_schema() -> str:
    """Give the JSON Schema of profile files."""
    return json.dumps(Profile.model_json_schema(), indent=2, ensure_ascii=False)
