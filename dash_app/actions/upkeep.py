"""What keeps an installation sound: findings and backups. ``server`` fills in the desk that looks and takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from twin.access import Actor
from twin.errors import Unavailable

SERVICE = "upkeep"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCard:
    """One thing that was looked at, in the reader's language; ``cure`` is empty if it is in order."""

    check: str
    is_ok: bool
    detail: str
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupCard:
    """One backup.

    Parameters
    ----------
    name : str
        Of its file.
    taken_at : int
        UTC microseconds.
    last_sequence : int
        Last event of the ledger in it; 0 where its kind does not tell.
    size : int
        Bytes.
    """

    name: str
    taken_at: int
    last_sequence: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupState:
    """Where backups stand.

    Parameters
    ----------
    backups : tuple[BackupCard, ...]
        The newest first.
    folder : str
        Where they are.
    is_nightly : bool
        Whether one is taken every night.
    kept : int
        How many are kept.
    running_since : int
        When the one that is being taken was begun, UTC microseconds; 0 if none is.
    failure : str
        Why the last one that was begun failed; empty if it did not.
    """

    backups: tuple[BackupCard, ...]
    folder: str
    is_nightly: bool
    kept: int
    running_since: int = 0
    failure: str = ""


class UpkeepDesk(Protocol):
    """Looks after an installation; what it does for a person is noted in the audit."""

    def findings(self, language: str) -> Sequence[FindingCard]:
        """Look at everything that the installation rests on; takes some seconds in a large one."""

    def state(self) -> BackupState:
        """Give where backups stand."""

    def begin(self, *, actor: Actor) -> None:
        """Begin a backup; it goes on by itself. Raises Conflict if one is being taken."""

    def prove(self, name: str, *, actor: Actor) -> BackupCard:
        """Prove that a backup is whole; raises NotFound or what is wrong with it."""


def desk_of(services: Mapping[str, object]) -> UpkeepDesk:
    """Give the desk.

    Raises
    ------
    Unavailable
        If this process has none.
    """
    desk = services.get(SERVICE)
    if desk is None:
        raise Unavailable("Nothing is looked after in this process: use `hospital-twin serve`.")
    return cast(UpkeepDesk, desk)
