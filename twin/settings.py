"""Settings of one installation: a TOML file, overruled by environment variables ``HOSPITAL_TWIN_*``."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from twin.access import Role
from twin.errors import ConfigurationError, InputError
from twin.opening_hours import opening_hours

PREFIX = "HOSPITAL_TWIN_"
FILE_VARIABLE = "HOSPITAL_TWIN_CONFIG"

Port = Annotated[int, Field(ge=0, le=65535)]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Settings(BaseSettings):
    """Everything that an installation may set; unknown keys of the file are errors.

    The variable ``HOSPITAL_TWIN_CONFIG`` names the TOML file. Durations are in the unit that their name ends with.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Path("hospital-twin-data")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: Port = 8300
    public_url: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_authority: bool = False
    """Whether the server signs a certificate for itself when none is set; ``serve --https`` does the same."""
    tls_names: tuple[str, ...] = ()
    """Further host names and addresses for that certificate."""
    install_port: Port = 8301
    """Where phones find, unencrypted, the page that tells them to trust it; 0 for nowhere."""
    site_name: str = "Hospital"
    time_zone: str = "UTC"
    holidays: tuple[date, ...] = ()
    """Public holidays, past and to come, on which the hospital works as on a Sunday: forecasts expect it so."""
    language: Literal["en", "zh_CN"] = "en"

    group_commit_limit: Annotated[int, Field(ge=1, le=4096)] = 256
    writer_queue_limit: Annotated[int, Field(ge=16, le=1_000_000)] = 10_000
    allow_unsafe_sqlite: bool = False

    snapshot_every_events: Annotated[int, Field(ge=100)] = 50_000
    ledger_retention_days: Annotated[int, Field(ge=0)] = 0
    closed_kept_days: Annotated[int, Field(ge=1)] = 45
    telemetry_retention_days: Annotated[int, Field(ge=1)] = 400
    free_disk_floor_mb: Annotated[int, Field(ge=0)] = 256

    session_idle_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    session_hours: Annotated[int, Field(ge=1, le=24)] = 12
    key_requests_per_minute: Annotated[int, Field(ge=0, le=10_000_000)] = 60_000
    second_factor_roles: tuple[str, ...] = ()
    """Roles whose holders sign in with a code besides their password, such as ``["sysadmin"]``."""
    setup_link_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    job_processes: Annotated[int, Field(ge=1, le=64)] = 2

    dispatch_every_s: Annotated[int, Field(ge=0, le=86_400)] = 60
    review_every_s: Annotated[int, Field(ge=0, le=86_400)] = 900
    case_cart_ready_minutes: Annotated[int, Field(ge=0, le=1440)] = 60
    """How long before an operation its goods are to be in the theatre."""
    case_cart_ask_hours: Annotated[int, Field(ge=1, le=336)] = 24
    """How long before it is due a proposed case cart is asked for by itself."""
    is_planning_nightly: bool = True
    counts_a_day: Annotated[int, Field(ge=0, le=200)] = 5
    is_backing_up_nightly: bool = True
    backup_dir: Path | None = None
    backups_kept: Annotated[int, Field(ge=1, le=10_000)] = 14

    theatre_opens: ClockTime = "08:00"
    theatre_closes: ClockTime = "16:00"
    """When elective operating begins and ends, local time; later than this a case is overtime."""
    theatre_hours: str = ""
    """Where theatres or weekdays differ from that, such as ``OR-1 mon-fri 07:30-18:00; OR-2 sat 09:00-13:00``: see
    ``twin.opening_hours``. With any, theatres and weekdays that it does not name are open as above, Monday to Friday.
    """
    theatre_turnover_minutes: Annotated[int, Field(ge=0, le=480)] = 20

    mllp_host: str = "127.0.0.1"
    mllp_port: Port = 0
    mqtt_url: str = ""
    notify_origins: tuple[str, ...] = ()
    """Origins to which subscribers may have notifications sent, ``scheme://host[:port]``; none by default."""

    @property
    def operating_hours(self) -> str:
        """Hours of all theatres, as ``twin.opening_hours`` reads them: the usual ones, then those that differ."""
        return f"mon-fri {self.theatre_opens}-{self.theatre_closes}; {self.theatre_hours}"

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"expected an IANA time zone such as Asia/Shanghai, got {value!r}") from error
        return value

    @field_validator("second_factor_roles")
    @classmethod
    def _roles_of_people(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        people = sorted(role.value for role in Role if not role.value.startswith("service:"))
        unknown = sorted(set(value) - set(people))
        if unknown:
            raise ValueError(f"expected roles of people ({', '.join(people)}), got {', '.join(unknown)}")
        return value

    @field_validator("theatre_hours")
    @classmethod
    def _readable_hours(cls, value: str) -> str:
        try:
            opening_hours(value)
        except InputError as error:
            raise ValueError(error.message) from error
        return value

    @field_validator("theatre_closes")
    @classmethod
    def _closes_after_opening(cls, value: str, told: ValidationInfo) -> str:
        opens = told.data.get("theatre_opens", "")  # missing if it was refused itself
        if value <= opens:
            raise ValueError(f"expected a time after theatre_opens of {opens}, got {value}")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, then environment, then the TOML file."""
        file = os.environ.get(FILE_VARIABLE)
        toml = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *toml)

    @property
    def effective_backup_dir(self) -> Path:
        """Folder of the backups: the one set, best on another disk, else one in the data folder."""
        return self.backup_dir or self.data_dir / "backups"

    @property
    def effective_database_url(self) -> str:
        """Database URL: the one set, else an SQLite file in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'hospital.db'}"


def load_settings(**overrides: object) -> Settings:
    """Read the settings of this process.

    Parameters
    ----------
    **overrides : object
        Values that outrank environment and file: command-line options, tests.

    Raises
    ------
    ConfigurationError
        If a key is unknown or a value is out of range; every such key is named. Also if the file is no TOML in UTF-8
        or cannot be read, or a variable that holds a list is no JSON.
    """
    file = os.environ.get(FILE_VARIABLE)
    if file and not Path(file).is_file():
        raise ConfigurationError(f"{FILE_VARIABLE} names {file}, which is no file: create it or unset the variable.")
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks each value itself
    except ValidationError as error:
        details = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']} (got {e['input']!r})" for e in error.errors())
        raise ConfigurationError(f"Settings: {details}") from error
    except SettingsError as error:
        raise ConfigurationError(f'Settings: {error}: write a list as JSON, such as ["https://host"].') from error
    except (OSError, ValueError) as error:  # not readable, not UTF-8, no TOML
        raise ConfigurationError(f"{FILE_VARIABLE} names {file}, which cannot be read as TOML: {error}.") from error
