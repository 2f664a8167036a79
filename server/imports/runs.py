"""An import from the first look at the file to the stored events: dry run, refusal as a whole, or all of it."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from server.imports.conversion import Converted, LogConversion
from server.imports.guess import guess_mapping
from server.imports.items import item_problems, store_items
from server.imports.mapping import LogMapping
from server.imports.masters import COLUMNS_BY_KIND, MasterKind, Record, check_references, check_rows, events_of
from server.imports.reading import Row, read_csv, read_xes
from server.wiring import Hospital
from twin.errors import FieldProblem, ImportRefused
from twin.events.envelope import Event

LOOKED_AT = 200
"""Rows that a guess looks at."""

PIECE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What an import of an event log did, or would do.

    Parameters
    ----------
    is_stored : bool
        False for a dry run.
    mapping : LogMapping
        How the columns were read.
    guessed : tuple[str, ...]
        Why each column was taken for what; empty when a mapping was given.
    n_rows, n_encounters, n_open, n_events : int
        Counts; open encounters have no end in the log.
    n_new : int
        Events that were not stored before; 0 for a dry run.
    unknown_places : dict[str, int]
        Values that name no place of the twin, with how often.
    n_problems : int
        Values that cannot be used; a log with any is not stored.
    problems : tuple[FieldProblem, ...]
        The first of them; only a dry run gives them here.
    """

    is_stored: bool
    mapping: LogMapping
    guessed: tuple[str, ...]
    n_rows: int
    n_encounters: int
    n_open: int
    n_events: int
    n_new: int
    unknown_places: dict[str, int]
    n_problems: int
    problems: tuple[FieldProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterReport:
    """What an import of a spreadsheet did, or would do.

    Parameters
    ----------
    is_stored : bool
        False for a dry run.
    kind : MasterKind
        What the file lists.
    n_rows, n_new : int
        Rows read, and facts that were not stored before (0 for a dry run).
    """

    is_stored: bool
    kind: MasterKind
    n_rows: int
    n_new: int


def import_log(hospital: Hospital, path: Path, *, mapping: LogMapping | None, is_dry_run: bool) -> LogReport:
    """Import an event log.

    Parameters
    ----------
    hospital : Hospital
        Where to.
    path : Path
        CSV or XES file.
    mapping : LogMapping or None
        What the columns mean; None guesses, which only a dry run may do.
    is_dry_run : bool
        Whether to store nothing.

    Returns
    -------
    LogReport
        Counts, what was guessed, and in a dry run every problem.

    Raises
    ------
    ImportRefused
        If any row cannot be used, or the file would be stored by a guess nobody has seen; nothing is stored then.
    """
    is_xes = path.suffix.lower() == ".xes"
    guessed: tuple[str, ...] = ()
    if mapping is None:
        first = list(itertools.islice(_rows(path, is_xes, ","), LOOKED_AT))
        _require_rows(path, first)
        guess = guess_mapping(path.name, [row.values for row in first], time_zone=hospital.settings.time_zone)
        mapping, guessed = guess.mapping, guess.reasons
        if not is_dry_run:
            raise _unseen_guess(path, guessed)
    key = hmac.new(hospital.secret, b"encounter pseudonyms", hashlib.sha256).digest()
    places = frozenset(str(place) for place in hospital.live.places)
    conversion = LogConversion(mapping, key=key, places=places)
    converted = conversion.convert(_rows(path, is_xes or mapping.format == "xes", mapping.delimiter))
    if converted.problems and not is_dry_run:
        raise ImportRefused(path.name, converted.problems)
    n_new = 0 if is_dry_run else _store(hospital, converted.events, is_past=True)
    return _log_report(converted, mapping, guessed, is_stored=not is_dry_run, n_new=n_new)


def import_master(hospital: Hospital, kind: MasterKind, path: Path, *, is_dry_run: bool) -> MasterReport:
    """Import a spreadsheet of places, paths, assets, staff or items.

    Parameters
    ----------
    hospital : Hospital
        Where to.
    kind : MasterKind
        What the file lists.
    path : Path
        CSV file with the columns of :data:`~server.imports.masters.COLUMNS_BY_KIND`.
    is_dry_run : bool
        Whether to store nothing.

    Returns
    -------
    MasterReport
        Counts.

    Raises
    ------
    ImportRefused
        If any row cannot be used; every problem is listed and nothing is stored.
    """
    rows = list(read_csv(path))
    _require_rows(path, rows)
    records, problems = check_rows(COLUMNS_BY_KIND[kind], rows)
    places = frozenset(str(place) for place in hospital.live.places)
    problems += check_references(kind, records, places)
    if problems:
        raise ImportRefused(path.name, problems)
    if kind is MasterKind.ITEMS:
        return _import_items(hospital, path, records, is_dry_run=is_dry_run)
    events = events_of(kind, records, at=hospital.clock.now())
    n_new = 0 if is_dry_run else _store(hospital, events, is_past=False)
    return MasterReport(is_stored=not is_dry_run, kind=kind, n_rows=len(rows), n_new=n_new)


def _import_items(hospital: Hospital, path: Path, records: Sequence[Record], *, is_dry_run: bool) -> MasterReport:
    with hospital.read() as session:
        problems = item_problems(session, records)
    if problems:
        raise ImportRefused(path.name, problems)
    n_new = 0 if is_dry_run else hospital.write_now(lambda session: store_items(session, records))
    return MasterReport(is_stored=not is_dry_run, kind=MasterKind.ITEMS, n_rows=len(records), n_new=n_new)


def _rows(path: Path, is_xes: bool, delimiter: str) -> Iterator[Row]:
    return read_xes(path) if is_xes else read_csv(path, delimiter)


def _require_rows(path: Path, rows: Sequence[Row]) -> None:
    if not rows:
        problem = FieldProblem(
            field="file", place="row 2", message="There is no row below the header.", cure="Give a file with rows."
        )
        raise ImportRefused(path.name, [problem])


def _unseen_guess(path: Path, guessed: Sequence[str]) -> ImportRefused:
    problem = FieldProblem(
        field="mapping",
        place="header",
        message=f"The columns were only guessed: {'; '.join(guessed)}.",
        cure="Look at the guess in a dry run, save it as a mapping file, and give that with --mapping.",
    )
    return ImportRefused(path.name, [problem])


def _store(hospital: Hospital, events: Sequence[Event], *, is_past: bool) -> int:
    def use_case(session: Session) -> int:
        stored = itertools.chain.from_iterable(
            hospital.ledger.append(session, events[first : first + PIECE], is_past=is_past)
            for first in range(0, len(events), PIECE)
        )
        return sum(one.is_new for one in stored)

    return hospital.write_now(use_case)


def _log_report(
    converted: Converted, mapping: LogMapping, guessed: tuple[str, ...], *, is_stored: bool, n_new: int
) -> LogReport:
    return LogReport(
        is_stored=is_stored,
        mapping=mapping,
        guessed=guessed,
        n_rows=converted.n_rows,
        n_encounters=converted.n_encounters,
        n_open=converted.open_encounters,
        n_events=len(converted.events),
        n_new=n_new,
        unknown_places=dict(converted.unknown_places),
        n_problems=converted.n_problems,
        problems=tuple(converted.problems),
    )
