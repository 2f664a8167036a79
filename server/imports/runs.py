"""An import from the first look at the file to the stored events: dry run, refusal as a whole, or all of it."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session

from server.audit.chain import Entry, note
from server.imports.conversion import Converted, LogConversion
from server.imports.device_setup import (
    count_changed,
    machines_of,
    programmes_of,
    setup_problems,
    store_setup,
)
from server.imports.guess import guess_mapping
from server.imports.items import Similar, count_new_items, item_problems, similar_items, store_items
from server.imports.mapping import LogMapping
from server.imports.masters import COLUMNS_BY_KIND, MasterKind, Record, check_references, check_rows, events_of
from server.imports.reading import Row, delimiter_of, read_csv, read_xes
from server.imports.register_entries import changed_entries, store_entries, told_entries
from server.imports.renewal import last_words, new_events
from server.imports.stock_setup import (
    changed_pars,
    changed_places,
    par_problems,
    pars_of,
    place_problems,
    stock_places_of,
    store_par_levels,
    store_places,
)
from server.imports.tags import tag_events, tag_problems
from server.imports.work_orders import count_new_orders, order_problems, past_orders, store_orders
from server.wiring import Hospital
from twin.errors import FieldProblem, ImportRefused
from twin.events.envelope import Event

LOOKED_AT = 200
"""Rows that a guess looks at."""

PIECE = 5000
COMMAND_LINE = "command-line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Importing:
    """What the audit notes of an import: what kind of file, its name, how many rows, and who imports it."""

    kind: str
    file: str
    n_rows: int
    actor: str


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
        Rows read, and facts that are new; a dry run counts what would be.
    similar : tuple[Similar, ...]
        Rows that are probably an item known under another id.
    """

    is_stored: bool
    kind: MasterKind
    n_rows: int
    n_new: int
    similar: tuple[Similar, ...] = ()


def import_log(
    hospital: Hospital, path: Path, *, mapping: LogMapping | None, is_dry_run: bool, actor: str = COMMAND_LINE
) -> LogReport:
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
    actor : str, optional
        Who imports, for the audit.

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
        delimiter = "," if is_xes else delimiter_of(path)
        first = list(itertools.islice(_rows(path, is_xes, delimiter), LOOKED_AT))
        _require_rows(path, first)
        guess = guess_mapping(path.name, [row.values for row in first], time_zone=hospital.settings.time_zone)
        # the mapping is shown to be kept as a file, and must then read this log again
        as_read = {"delimiter": delimiter, "format": "xes" if is_xes else "csv"}
        mapping, guessed = guess.mapping.model_copy(update=as_read), guess.reasons
        if not is_dry_run:
            raise _unseen_guess(path, guessed)
    # derived, not the secret itself: who learns this key cannot forge cursors with it
    key = hmac.new(hospital.secret, b"encounter pseudonyms", hashlib.sha256).digest()
    places = frozenset(str(place) for place in hospital.live.places)
    conversion = LogConversion(mapping, key=key, places=places)
    converted = conversion.convert(_rows(path, is_xes or mapping.format == "xes", mapping.delimiter))
    if converted.problems and not is_dry_run:
        raise ImportRefused(path.name, converted.problems)
    n_new = 0
    if not is_dry_run:
        work = Importing(kind="events", file=path.name, n_rows=converted.n_rows, actor=actor)
        n_new = _store(hospital, converted.events, work, is_past=True)
    return _log_report(converted, mapping, guessed, is_stored=not is_dry_run, n_new=n_new)


def import_master(
    hospital: Hospital, kind: MasterKind, path: Path, *, is_dry_run: bool, actor: str = COMMAND_LINE
) -> MasterReport:
    """Import a spreadsheet of any kind of :data:`~server.imports.masters.COLUMNS_BY_KIND`.

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
    actor : str, optional
        Who imports, for the audit.

    Returns
    -------
    MasterReport
        Counts.

    Raises
    ------
    ImportRefused
        If any row cannot be used; every problem is listed and nothing is stored.
    """
    rows = list(read_csv(path, delimiter_of(path)))
    _require_rows(path, rows)
    records, problems = check_rows(COLUMNS_BY_KIND[kind], rows)
    places = {str(place): entry.parent for place, entry in tuple(hospital.live.places.items())}
    problems += check_references(kind, records, places)
    if kind is MasterKind.TAGS:
        problems += tag_problems(hospital.live, records)
    if problems:
        raise ImportRefused(path.name, problems)
    work = Importing(kind=kind.value, file=path.name, n_rows=len(rows), actor=actor)
    kept = _import_into_tables(hospital, kind, records, work, is_dry_run=is_dry_run)
    if kept is not None:
        return kept
    at = hospital.clock.now()
    if kind is MasterKind.TAGS:
        bindings = tag_events(hospital.live, records, at=at)
        n_new = len(bindings) if is_dry_run else _store(hospital, bindings, work, is_past=False)
        return MasterReport(is_stored=not is_dry_run, kind=kind, n_rows=len(rows), n_new=n_new)
    events = events_of(kind, records, at=at)
    if is_dry_run:
        with hospital.read() as session:
            n_new = len(new_events(session, events))
        return MasterReport(is_stored=False, kind=kind, n_rows=len(rows), n_new=n_new)
    return MasterReport(
        is_stored=True, kind=kind, n_rows=len(rows), n_new=_store(hospital, events, work, is_past=False)
    )


def _import_into_tables(
    hospital: Hospital, kind: MasterKind, records: Sequence[Record], work: Importing, *, is_dry_run: bool
) -> MasterReport | None:
    """Import what is kept in an organ's own tables; None for what is told by events alone."""
    if kind is MasterKind.ITEMS:
        return _import_items(hospital, records, work, is_dry_run=is_dry_run)
    if kind is MasterKind.WORK_ORDERS:
        return _import_orders(hospital, records, work, is_dry_run=is_dry_run)
    if kind is MasterKind.REGISTER:
        return _import_register(hospital, records, work, is_dry_run=is_dry_run)
    if kind in (MasterKind.STOCK_PLACES, MasterKind.PAR_LEVELS):
        return _import_stock_setup(hospital, kind, records, work, is_dry_run=is_dry_run)
    if kind in (MasterKind.PROGRAMMES, MasterKind.MACHINES):
        return _import_setup(hospital, kind, records, work, is_dry_run=is_dry_run)
    return None


def _import_items(hospital: Hospital, records: Sequence[Record], work: Importing, *, is_dry_run: bool) -> MasterReport:
    with hospital.read() as session:
        similar = tuple(similar_items(session, records))

    def use_case(session: Session) -> int:
        problems = item_problems(session, records)
        if problems:
            raise ImportRefused(work.file, problems)
        n_new = store_items(session, records)
        _note(session, hospital, work, n_new)
        return n_new

    if is_dry_run:
        with hospital.read() as session:
            problems, n_new = item_problems(session, records), count_new_items(session, records)
        if problems:
            raise ImportRefused(work.file, problems)
    else:
        n_new = hospital.write_now(use_case)
    return MasterReport(
        is_stored=not is_dry_run, kind=MasterKind.ITEMS, n_rows=len(records), n_new=n_new, similar=similar
    )


def _import_orders(hospital: Hospital, records: Sequence[Record], work: Importing, *, is_dry_run: bool) -> MasterReport:
    kind = MasterKind.WORK_ORDERS
    orders = past_orders(records, zone=ZoneInfo(hospital.settings.time_zone))

    def use_case(session: Session) -> int:
        n_new = store_orders(session, hospital, orders, file=work.file)
        _note(session, hospital, work, n_new)
        return n_new

    if is_dry_run:
        with hospital.read() as session:
            problems = order_problems(session, orders, now=hospital.clock.now())
            n_new = count_new_orders(session, orders)
        if problems:
            raise ImportRefused(work.file, problems)
        return MasterReport(is_stored=False, kind=kind, n_rows=len(records), n_new=n_new)
    return MasterReport(is_stored=True, kind=kind, n_rows=len(records), n_new=hospital.write_now(use_case))


def _import_register(
    hospital: Hospital, records: Sequence[Record], work: Importing, *, is_dry_run: bool
) -> MasterReport:
    told = told_entries([(one.row, one.values) for one in records], zone=ZoneInfo(hospital.settings.time_zone))

    def use_case(session: Session) -> int:
        n_new = store_entries(session, hospital, told, file=work.file)
        _note(session, hospital, work, n_new)
        return n_new

    if is_dry_run:
        with hospital.read() as session:
            n_new = len(changed_entries(session, told, file=work.file))
    else:
        n_new = hospital.write_now(use_case)
    return MasterReport(is_stored=not is_dry_run, kind=MasterKind.REGISTER, n_rows=len(records), n_new=n_new)


def _import_setup(
    hospital: Hospital, kind: MasterKind, records: Sequence[Record], work: Importing, *, is_dry_run: bool
) -> MasterReport:
    def use_case(session: Session) -> int:
        told = programmes_of(records) if kind is MasterKind.PROGRAMMES else machines_of(session, records)
        problems = setup_problems(session, told)
        if problems:
            raise ImportRefused(work.file, problems)
        n_new = count_changed(session, told)
        if not is_dry_run:
            store_setup(session, hospital, told)
            _note(session, hospital, work, n_new)
        return n_new

    if is_dry_run:
        with hospital.read() as session:
            n_new = use_case(session)
    else:
        n_new = hospital.write_now(use_case)
    return MasterReport(is_stored=not is_dry_run, kind=kind, n_rows=len(records), n_new=n_new)


def _import_stock_setup(
    hospital: Hospital, kind: MasterKind, records: Sequence[Record], work: Importing, *, is_dry_run: bool
) -> MasterReport:
    def use_case(session: Session) -> int:
        is_places = kind is MasterKind.STOCK_PLACES
        problems = place_problems(records) if is_places else par_problems(session, records)
        if problems:
            raise ImportRefused(work.file, problems)
        if is_places:
            places = changed_places(session, stock_places_of(records))
            n_new = len(places)
            if not is_dry_run:
                store_places(session, places)
        else:
            pars = changed_pars(session, pars_of(records))
            n_new = len(pars)
            if not is_dry_run:
                store_par_levels(session, hospital, pars, actor=work.actor)
        if not is_dry_run:
            _note(session, hospital, work, n_new)
        return n_new

    if is_dry_run:
        with hospital.read() as session:
            n_new = use_case(session)
    else:
        n_new = hospital.write_now(use_case)
    return MasterReport(is_stored=not is_dry_run, kind=kind, n_rows=len(records), n_new=n_new)


def _note(session: Session, hospital: Hospital, work: Importing, n_new: int) -> None:
    facts = {"file": work.file, "rows": work.n_rows, "new": n_new}
    entry = Entry(at=hospital.clock.now(), actor=work.actor, action="import.done", subject=work.kind, facts=facts)
    note(session, entry)


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


def _store(hospital: Hospital, events: Sequence[Event], work: Importing, *, is_past: bool) -> int:
    # An event log tells what happened: the same fact is stored once. A spreadsheet tells what holds from now on.
    # A sheet of tags gives no event for a label that is where it belongs, so that all of its events are new.
    may_repeat = not is_past and work.kind != MasterKind.TAGS
    known = None
    if may_repeat:
        with hospital.read() as reading:  # a look through years of events, for which the writer must not wait
            known = last_words(reading, events)

    def use_case(session: Session) -> int:
        wanted = new_events(session, events, known) if may_repeat else events
        stored = itertools.chain.from_iterable(
            hospital.ledger.append(session, wanted[first : first + PIECE], is_past=is_past)
            for first in range(0, len(wanted), PIECE)
        )
        n_new = sum(one.is_new for one in stored)
        _note(session, hospital, work, n_new)
        return n_new

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
