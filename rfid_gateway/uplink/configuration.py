"""Which readers and machines a gateway serves, and how: one file or one value, checked as a whole."""

from __future__ import annotations

import ssl
from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rfid_gateway.cleaning.layout import ReadPointKind
from rfid_gateway.drivers.driver import ReaderLine
from rfid_gateway.drivers.kinds import OURS, USUAL_PORTS, known_kinds
from rfid_gateway.drivers.modbus_client import LineSettings
from rfid_gateway.epc.naming import tag_id
from rfid_gateway.modbus.replies import Framing
from rfid_gateway.yaml_text import plain_values, refusal_of, yaml_lines
from twin.errors import ConfigurationError, DecodeError, FieldProblem, ImportRefused

_CURE = "See docs/guides/gateways.md."
_MOST_LAG_EPOCHS = 30
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$")]
PlaceName = Annotated[str, Field(min_length=1, max_length=128)]
Port = Annotated[int, Field(ge=1, le=65_535)]


def _as_text(value: object) -> object:
    """Let pass a number where an option is text: nobody should have to put it in quotation marks."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Option = Annotated[str, BeforeValidator(_as_text)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ReaderSettings(_Strict):
    """One RFID reader.

    ``kind`` is ``llrp``, ``chafon``, ``impinj_r700``, ``zebra_mqtt``, ``mqtt`` (network address), ``pn532``, ``em4100``
    or ``chafon`` (serial line, ``device``), ``pn532_board`` (pins), or one that an installed package adds.
    """

    id: Identifier
    kind: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")] = "llrp"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    device: str = ""
    identity: str = ""
    antennas: tuple[int, ...] = (0,)
    keepalive_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    is_encrypted: bool = False
    ca_file: Path | None = None
    reads_tid: bool = False
    options: dict[str, Option] = {}

    @model_validator(mode="after")
    def _kind_is_known(self) -> ReaderSettings:
        # Looking for other packages' kinds reads their metadata from the disk: not for each reader of a hundred.
        if self.kind not in OURS and self.kind not in known_kinds():
            raise ValueError(f"there are no readers of kind {self.kind!r}; there are {', '.join(known_kinds())}")
        return self

    def line(self) -> ReaderLine:
        """Give what a driver works with."""
        return ReaderLine(
            device=self.id,
            host=self.host,
            port=self.port or USUAL_PORTS.get(self.kind, 0),
            path=self.device,
            identity=self.identity,
            antennas=self.antennas,
            keepalive_s=self.keepalive_s,
            tls=tls_context(self.ca_file) if self.is_encrypted else None,
            reads_tid=self.reads_tid,
            options=self.options,
        )


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Give what checks a device's certificate: by the authorities of this computer, or those in a file.

    Raises
    ------
    ConfigurationError
        If the file cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"ca_file {ca_file}: {error}: name a file of certificates (PEM).") from error


class ReadPointSettings(_Strict):
    """An antenna and the place it stands for; for a portal the places before and behind it."""

    id: Identifier
    reader: Identifier
    antenna: Annotated[int, Field(ge=0, le=65_535)] = 0
    place: PlaceName
    kind: ReadPointKind = ReadPointKind.ZONE
    inside: str = ""
    outside: str = ""
    is_outer: bool = False

    @model_validator(mode="after")
    def _portal_has_sides(self) -> ReadPointSettings:
        if self.kind is ReadPointKind.PORTAL and not (self.inside and self.outside):
            raise ValueError("a portal needs inside and outside")
        return self


class MachineEntry(_Strict):
    """One Modbus machine; machines with the same address share a line."""

    id: Identifier
    profile: str
    host: str = "127.0.0.1"
    port: Port = 502
    device: str = ""
    unit: Annotated[int, Field(ge=1, le=255)] = 1
    framing: Framing = Framing.TCP
    baud: Annotated[int, Field(ge=300, le=1_000_000)] = 19_200
    parity: Annotated[str, Field(pattern="^[NEO]$")] = "E"
    is_behind_converter: bool = False
    identity: Annotated[str, Field(max_length=200)] = ""
    is_encrypted: bool = False
    ca_file: Path | None = None
    status_signal: str = "machine_state"

    def line(self, *, answer_s: float) -> LineSettings:
        """Give the line to it; an answer may take ``answer_s`` seconds.

        Raises
        ------
        ConfigurationError
            If the file of authorities cannot be read.
        """
        return LineSettings(
            host=self.host,
            port=self.port,
            device=self.device,
            framing=self.framing,
            baud=self.baud,
            parity=self.parity,
            tls=tls_context(self.ca_file) if self.is_encrypted else None,
            answer_s=answer_s,
        )

    @model_validator(mode="before")
    @classmethod
    def _serial_lines_speak_rtu(cls, plain: object) -> object:
        # Frames of the network on a serial line get no answer from any machine, and nothing would say why.
        if isinstance(plain, dict) and plain.get("device"):
            return {"framing": Framing.RTU, **plain}
        return plain

    @model_validator(mode="after")
    def _line_and_framing_agree(self) -> MachineEntry:
        if self.device and self.framing is Framing.TCP:
            raise ValueError(f"a serial line ({self.device}) speaks rtu: leave framing out")
        return self


class WriteEntry(_Strict):
    """One line of the allow-list: which role may write which value to which signal, and how often."""

    device: Identifier
    signal: Identifier
    low: float
    high: float
    role: Identifier
    least_interval_s: Annotated[float, Field(ge=0.1, le=86_400)] = 1.0

    @model_validator(mode="after")
    def _low_is_below_high(self) -> WriteEntry:
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


class BinEntry(_Strict):
    """A bin's tag and what it stands for."""

    tag: Identifier
    bin: Identifier
    place: PlaceName

    @field_validator("tag")
    @classmethod
    def _as_readers_tell_it(cls, value: str) -> str:
        # Readings bear upper-case hex: a tag in lower case or as a URI would never be found.
        try:
            return tag_id(value)
        except DecodeError:
            return value  # tags of other kinds of readers have names of their own


class CleaningEntry(_Strict):
    """How readings become zones; see the guide."""

    epoch_s: Annotated[float, Field(ge=0.05, le=600)] = 1.0
    dwell_s: Annotated[float, Field(ge=1, le=86_400)] = 120.0
    proof: Annotated[float, Field(gt=0.5, lt=1)] = 0.7
    lateness_s: Annotated[float, Field(ge=0, le=60)] = 0.3
    patience_s: Annotated[float, Field(ge=0, le=60)] = 2.0
    absence_s: Annotated[float, Field(ge=1)] = 900.0
    absence_s_by_place: dict[PlaceName, Annotated[float, Field(ge=1)]] = {}
    confirm_s: Annotated[float, Field(ge=1)] = 300.0
    stay_lag_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    own_rate: Annotated[float, Field(gt=0, lt=1)] = 0.7
    neighbour_rate: Annotated[float, Field(gt=0, lt=1)] = 0.05

    @model_validator(mode="after")
    def _lag_is_few_epochs(self) -> CleaningEntry:
        # Every epoch walks back through the whole lag: a hundred steps instead of five would eat a core.
        if self.stay_lag_s > _MOST_LAG_EPOCHS * self.epoch_s:
            raise ValueError(f"stay_lag_s must be at most {_MOST_LAG_EPOCHS} epochs (epoch_s {self.epoch_s:g})")
        return self


class UplinkEntry(_Strict):
    """Where the core is; an empty URL needs a sink given by the program."""

    url: str = ""
    api_key: str = ""
    batch_rows: Annotated[int, Field(ge=1, le=5000)] = 500
    flush_s: Annotated[float, Field(ge=0.01, le=60)] = 0.1
    samples_every_s: Annotated[float, Field(ge=0.05, le=600)] = 2.0
    answer_s: Annotated[float, Field(gt=0, le=600)] = 30.0


class GatewaySettings(_Strict):
    """A gateway: its readers, antennas, machines and the way to the core."""

    id: Identifier
    readers: tuple[ReaderSettings, ...] = ()
    read_points: tuple[ReadPointSettings, ...] = ()
    neighbours: tuple[tuple[str, str], ...] = ()
    machines: tuple[MachineEntry, ...] = ()
    writes: tuple[WriteEntry, ...] = ()
    bins: tuple[BinEntry, ...] = ()
    cleaning: CleaningEntry = CleaningEntry()
    uplink: UplinkEntry = UplinkEntry()
    spool: Path | None = None
    spool_rows: Annotated[int, Field(ge=1000)] = 2_000_000
    spool_octets: Annotated[int, Field(ge=1_000_000)] = 2 * 1024**3
    speed: Annotated[float, Field(gt=0, le=10_000)] = 1.0
    seed: int = 0

    @model_validator(mode="after")
    def _names_agree(self, info: ValidationInfo) -> GatewaySettings:
        for what, ids in (
            ("readers and machines", [*(one.id for one in self.readers), *(one.id for one in self.machines)]),
            ("read points", [one.id for one in self.read_points]),
            ("antennas of read points", [f"{one.reader}/{one.antenna}" for one in self.read_points]),
        ):
            if double := [name for name, count in Counter(ids).items() if count > 1]:
                raise ValueError(f"ids of {what} must differ, these are there twice: {', '.join(double)}")
        forms: dict[tuple[str, int, str], tuple[object, ...]] = {}
        for one in self.machines:
            # One line is opened once, in one way: the second machine's own would be passed over without a word.
            form = (one.framing, one.baud, one.parity, one.is_encrypted, one.ca_file)
            if forms.setdefault((one.host, one.port, one.device), form) != form:
                line = one.device or f"{one.host}:{one.port}"
                raise ValueError(f"machines on {line} differ in framing, baud, parity or encryption: see {one.id}")
        if info.context == _SHARED:
            return self  # the other half, in the gateway's own file, may have what is named here
        known = {one.id for one in self.readers}
        if missing := sorted({one.reader for one in self.read_points} - known):
            raise ValueError(f"read points name unknown readers: {', '.join(missing)}")
        if missing := sorted({one.device for one in self.writes} - {one.id for one in self.machines}):
            raise ValueError(f"writes name unknown machines: {', '.join(missing)}")
        return self


_SHARED = "shared"


def parse_settings(text: str, source: str) -> GatewaySettings:
    """Read a gateway's settings from YAML.

    Parameters
    ----------
    text : str
        The file's content.
    source : str
        The file's name, for messages.

    Raises
    ------
    ImportRefused
        If it is no YAML or breaks a rule; every problem is listed with its place.
    """
    return _validated(plain_values(text, source, cure=_CURE), text, source)


def _validated(plain: object, text: str, source: str, context: str = "") -> GatewaySettings:
    # The context tells the validators which half they look at.
    try:
        return GatewaySettings.model_validate(plain, context=context)
    except ValidationError as error:
        raise refusal_of(error, source, whole="gateway", cure=_CURE, line_of=yaml_lines(text)) from error


OWN_FIELDS = ("id", "uplink", "spool", "spool_rows", "spool_octets", "speed", "seed")
"""What only the gateway's own file sets: who it is, where its core is, and where it keeps its rows."""


def merged_settings(own: GatewaySettings, text: str, source: str) -> GatewaySettings:
    """Give a gateway's own settings with the readers, places and machines that the core adds to them.

    What both name, by its id, is as the core says; nothing of the gateway's own file is lost by an addition.

    Parameters
    ----------
    own : GatewaySettings
        Of the gateway's own file.
    text : str
        The core's settings (YAML).
    source : str
        Its name, for messages.

    Raises
    ------
    ImportRefused
        If it breaks a rule, or sets what only the gateway's own file sets.
    """
    told = parse_shared(text, source)
    both: dict[str, object] = {name: getattr(own, name) for name in OWN_FIELDS}
    # By id: the core adds and overrides, and cannot take away what the gateway's own file names.
    for section in ("readers", "read_points", "machines", "writes", "bins", "neighbours"):
        entries = {_key_of(one): one for one in (*_not_told(own, told, section), *getattr(told, section))}
        both[section] = [one.model_dump() if isinstance(one, BaseModel) else one for one in entries.values()]
    both["cleaning"] = (told if "cleaning" in told.model_fields_set else own).cleaning
    return _validated(both, "", source)  # of neither file alone, so that no line could be told


def _not_told(own: GatewaySettings, told: GatewaySettings, section: str) -> list[object]:
    """Give the gateway's own entries; of an antenna for which the core has a read point its own one gives way."""
    entries: list[object] = list(getattr(own, section))
    if section != "read_points":
        return entries
    antennas = {(one.reader, one.antenna) for one in told.read_points}
    return [one for one in own.read_points if (one.reader, one.antenna) not in antennas]


def _key_of(entry: object) -> object:
    """Give what tells entries of one list apart."""
    if isinstance(entry, WriteEntry):
        return entry.device, entry.signal
    return entry.tag if isinstance(entry, BinEntry) else getattr(entry, "id", entry)


def parse_shared(text: str, source: str) -> GatewaySettings:
    """Read settings that the core keeps for a gateway: all but :data:`OWN_FIELDS`.

    Raises
    ------
    ImportRefused
        If they break a rule.
    """
    plain = plain_values(text, source, cure=_CURE)
    named = sorted(set(plain) & set(OWN_FIELDS)) if isinstance(plain, dict) else []
    if named:
        raise ImportRefused(source, [_problem(one, one, "only the gateway's own file sets this.") for one in named])
    if not isinstance(plain, dict):
        raise ImportRefused(source, [_problem("file", source, "expected readers, read_points, machines by name.")])
    return _validated({**plain, "id": "gateway"}, text, source, _SHARED)


def _problem(field: str, place: str, message: str) -> FieldProblem:
    return FieldProblem(field=field, place=place, message=message, cure=_CURE)
