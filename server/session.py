"""Opening the hospital for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from server.wiring import Hospital, open_hospital
from twin.errors import ConfigurationError
from twin.settings import Settings, load_settings


@contextmanager
def opened(settings: Settings | None = None, *, is_core: bool = False) -> Iterator[Hospital]:
    """Open the hospital, and close it when the command is over.

    Parameters
    ----------
    settings : Settings, optional
        Those of the environment by default.
    is_core : bool, optional
        Whether this process is the one core, which brings the database to this release's shape.
    """
    hospital = open_hospital(settings or load_settings(), is_core=is_core)
    try:
        yield hospital
    finally:
        hospital.close()


@contextmanager
def opened_alone() -> Iterator[Hospital]:
    """Open the hospital as its core where no server runs, else beside the server.

    A fresh installation has no tables yet; whoever comes first makes them.
    """
    settings = load_settings()
    try:
        hospital = open_hospital(settings, is_core=True)
    except ConfigurationError as error:
        if error.code == "configuration.revision":
            raise
        # a server runs: it has the lock, and the tables are of its release
        hospital = open_hospital(settings, is_core=False)
    try:
        yield hospital
    finally:
        hospital.close()
