"""Look at a file, then import all of it or nothing; ``server`` fills in the desk that reads the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from twin.access import Actor, Permission
from twin.errors import FieldProblem, Unavailable

KINDS = (
    "places",
    "paths",
    "assets",
    "tags",
    "staff",
    "items",
    "register",
    "stock_places",
    "par_levels",
    "work_orders",
    "programmes",
    "machines",
    "events",
)
"""What can be imported, in the order in which a hospital starts."""
MOST_PROBLEMS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or in a dry run would do.

    Parameters
    ----------
    kind, file : str
        One of :data:`KINDS`, and the file's name.
    is_stored : bool
        False for a dry run.
    n_rows, n_new : int
        Rows read; facts that are new or changed, in a dry run those that would be. An event log counts all its facts.
    n_problems : int
        All problems; a file with any is not stored.
    problems : tuple[FieldProblem, ...]
        The first :data:`MOST_PROBLEMS` of them, in the order of the rows.
    columns : tuple[str, ...]
        Header of the file.
    first_rows : tuple[tuple[str, ...], ...]
        The first few rows under it, for a look whether the columns fit.
    guessed : tuple[str, ...]
        Event logs: why each column was taken for what; empty when a mapping was given.
    mapping : str
        Event logs: the mapping as JSON, to be given back when the guess is right.
    unknown_places : Mapping[str, int]
        Event logs: values that name no place of the twin, with how often.
    similar : tuple[tuple[str, str, str, str], ...]
        Items: where a row stands, its name, what it resembles, and why (value of ``Likeness``).
    """

    kind: str
    file: str
    is_stored: bool
    n_rows: int
    n_new: int
    n_problems: int = 0
    problems: tuple[FieldProblem, ...] = ()
    columns: tuple[str, ...] = ()
    first_rows: tuple[tuple[str, ...], ...] = ()
    guessed: tuple[str, ...] = ()
    mapping: str = ""
    unknown_places: Mapping[str, int] = field(default_factory=dict)
    similar: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that somebody wants to import.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    name : str
        The file's name, as the person knows it.
    content : bytes
        What is in it.
    mapping : str, optional
        Event logs: name of a mapping that comes with the release, or a mapping as JSON; empty guesses.
    """

    kind: str
    name: str
    content: bytes
    mapping: str = ""


class ImportDesk(Protocol):
    """Reads files; all of one is stored, or nothing."""

    def look(self, upload: Upload) -> ImportReport:
        """Say what an import would do; stores nothing."""

    def store(self, upload: Upload, *, actor: Actor) -> ImportReport:
        """Import a file; raises ImportRefused with every problem if a row cannot be used."""

    def template(self, kind: str) -> str:
        """Give header and example line of a sheet, CSV."""

    def mappings(self) -> tuple[str, ...]:
        """Give the names of the mappings that come with the release."""


def desk_of(services: Mapping[str, object]) -> ImportDesk:
    """Give the desk among the offered services.

    Raises
    ------
    Unavailable
        If this installation offers none.
    """
    found = services.get("imports")
    if found is None:
        raise Unavailable("No import desk is open here: use `hospital-twin import`.")
    return cast("ImportDesk", found)


class HasImportDesk(Protocol):
    """What importing needs of the hospital."""

    @property
    def services(self) -> Mapping[str, object]:
        """Offered services, the import desk among them."""

    def actor(self) -> Actor:
        """Give who sent the request being answered."""


def store(port: HasImportDesk, upload: Upload) -> ImportReport:
    """Store all of a file, or nothing.

    Parameters
    ----------
    port : HasImportDesk
        The hospital.
    upload : Upload
        The file.

    Raises
    ------
    ImportRefused
        If a row cannot be used; every problem is named.
    """
    actor = port.actor()
    actor.require(Permission.IMPORT_RUN)
    return desk_of(port.services).store(upload, actor=actor)
