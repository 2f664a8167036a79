"""Mapping files: which column of an event log means what."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from twin.errors import ConfigurationError, FieldProblem, ImportRefused
from twin.events.patients import EncounterClass

SHIPPED = resources.files("server.imports").joinpath("mappings")


class LogShape(StrEnum):
    """What one row of a log is."""

    VISITS = "visits"
    ACTIVITIES = "activities"


class Columns(BaseModel):
    """Names of the log's columns; XES attributes keep their keys (``concept:name``).

    Attributes
    ----------
    case : str
        Column of the case or visit key. It is replaced by a pseudonym and stored nowhere.
    start, end : str
        Visits: columns of arrival and departure.
    activity, time, lifecycle : str
        Activities: columns of name, instant and ``start``/``complete``.
    place, service, kind, acuity : str
        Optional columns of place, clinical service, kind of visit and triage level.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    case: str
    start: str = ""
    end: str = ""
    activity: str = ""
    time: str = ""
    lifecycle: str = ""
    place: str = ""
    service: str = ""
    kind: str = ""
    acuity: str = ""


class LogMapping(BaseModel):
    """How to read one kind of event log.

    Attributes
    ----------
    name : str
        Short name; enters the events' source, so that the same log imported twice is stored once.
    shape : LogShape
        Whether a row is a whole visit or one activity.
    time_zone : str
        IANA zone of instants that carry no offset.
    time_format : str
        ``strptime`` format; empty for ISO 8601.
    encounter_class : EncounterClass
        Class of all encounters, unless ``classes`` names one by ``columns.kind``.
    classes, places, services : dict
        From values of the log to ours; values that are not listed stay as they are (places: stay unassigned).
    finish : tuple[str, ...]
        Activities that end an encounter; without any the last activity ends it.
    empty_case : str
        Key for rows without a case key; empty means that such rows are refused.
    moves : dict[str, str]
        Activities that are movements, with the place (or code of it) moved to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
    shape: LogShape
    columns: Columns
    format: Literal["csv", "xes"] = "csv"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    time_zone: str = "UTC"
    time_format: str = ""
    encounter_class: EncounterClass = EncounterClass.INPATIENT
    classes: dict[str, EncounterClass] = Field(default_factory=dict)
    places: dict[str, str] = Field(default_factory=dict)
    services: dict[str, str] = Field(default_factory=dict)
    empty_case: str = ""
    finish: tuple[str, ...] = ()
    moves: dict[str, str] = Field(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"expected an IANA time zone such as Europe/Berlin, got {value!r}") from error
        return value

    @model_validator(mode="after")
    def _columns_of_the_shape(self) -> LogMapping:
        needed = ("start", "end") if self.shape is LogShape.VISITS else ("activity", "time")
        missing = [name for name in needed if not getattr(self.columns, name)]
        if missing:
            raise ValueError(f"shape {self.shape.value!r} needs columns.{' and columns.'.join(missing)}")
        return self


def read_mapping(path: Path) -> LogMapping:
    """Read a mapping file.

    Parameters
    ----------
    path : Path
        TOML file.

    Returns
    -------
    LogMapping
        Checked.

    Raises
    ------
    ImportRefused
        If the file is no TOML or a key is missing, unknown or out of range; every such key is named.
    """
    try:
        return LogMapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = FieldProblem(field="file", place=path.name, message=f"{error}.", cure="Mend the TOML syntax.")
        raise ImportRefused(path.name, [problem]) from error
    except ValidationError as error:
        raise ImportRefused(path.name, [_problem(path.name, dict(detail)) for detail in error.errors()]) from error


def _problem(place: str, detail: dict[str, object]) -> FieldProblem:
    location = detail["loc"]
    field = ".".join(str(part) for part in location) if isinstance(location, tuple) else str(location)
    return FieldProblem(
        field=field or "mapping",
        place=place,
        message=f"{detail['msg']}.",
        cure="See docs/guides/import.md for the keys of a mapping.",
    )


def shipped_mappings() -> dict[str, LogMapping]:
    """Give the mappings that come with the release, by name."""
    found = {}
    for entry in sorted(SHIPPED.iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".toml"):
            mapping = LogMapping.model_validate(tomllib.loads(entry.read_text(encoding="utf-8")))
            found[mapping.name] = mapping
    return found


def mapping_named(name_or_path: str) -> LogMapping:
    """Give a shipped mapping by name, or read a mapping file.

    Parameters
    ----------
    name_or_path : str
        ``sepsis`` or ``my-hospital.toml``.

    Returns
    -------
    LogMapping
        Checked.

    Raises
    ------
    ConfigurationError
        If it is neither a shipped name nor a file.
    """
    shipped = shipped_mappings()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if not path.is_file():
        raise ConfigurationError(f"Expected a mapping file or one of {', '.join(shipped)}; got {name_or_path!r}.")
    return read_mapping(path)
