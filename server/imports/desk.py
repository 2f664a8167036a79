"""The import desk: files that people or programs hand over, looked at first and stored as a whole."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from pydantic import ValidationError

from dash_app.actions.imports import KINDS, MOST_PROBLEMS, ImportReport, Upload
from server.imports.device_setup import setup_sheet
from server.imports.mapping import LogMapping, shipped_mappings
from server.imports.masters import COLUMNS_BY_KIND, MasterKind, template
from server.imports.reading import delimiter_of, read_csv, read_xes
from server.imports.runs import import_log, import_master
from server.wiring import Hospital
from twin.access import Actor
from twin.errors import FieldError, FieldProblem, ImportRefused, NotFound

EVENTS = "events"
_SHOWN_ROWS = 5


class Desk:
    """Reads files for the pages and the API; ``dash_app.actions.imports.ImportDesk`` says what it does.

    Parameters
    ----------
    hospital : Hospital
        Where to.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def look(self, upload: Upload) -> ImportReport:
        """Say what an import would do; stores nothing, and tells problems instead of raising them.

        Parameters
        ----------
        upload : Upload
            The file.

        Raises
        ------
        NotFound
            If nothing of this kind can be imported.
        """
        _require_kind(upload.kind)
        try:
            return self._run(upload, is_dry_run=True, actor="")
        except ImportRefused as refused:
            return ImportReport(
                kind=upload.kind,
                file=upload.name,
                is_stored=False,
                n_rows=0,
                n_new=0,
                n_problems=len(refused.problems),
                problems=refused.problems[:MOST_PROBLEMS],
            )

    def store(self, upload: Upload, *, actor: Actor) -> ImportReport:
        """Import a file.

        Parameters
        ----------
        upload : Upload
            The file.
        actor : Actor
            Who imports, for the audit.

        Raises
        ------
        ImportRefused
            If any row cannot be used, or an event log came without a mapping; nothing is stored then.
        NotFound
            If nothing of this kind can be imported.
        """
        _require_kind(upload.kind)
        return self._run(upload, is_dry_run=False, actor=actor.id)

    def template(self, kind: str) -> str:
        """Give header and example line of a sheet, CSV.

        Raises
        ------
        NotFound
            If there is no sheet of this kind: event logs are read as they come.
        """
        if kind not in set(MasterKind):
            raise NotFound("template", kind)
        return template(COLUMNS_BY_KIND[MasterKind(kind)])

    def sheet(self, kind: str) -> str:
        """Give what is held as a sheet that can be imported again.

        Raises
        ------
        NotFound
            If what is held is no sheet of this kind: places, devices and items have lists of their own.
        """
        if kind not in (MasterKind.PROGRAMMES, MasterKind.MACHINES):
            raise NotFound("sheet", kind)
        with self._hospital.read() as session:
            return setup_sheet(session, is_machines=kind == MasterKind.MACHINES)

    def mappings(self) -> tuple[str, ...]:
        """Give the names of the mappings that come with the release."""
        return tuple(shipped_mappings())

    def _run(self, upload: Upload, *, is_dry_run: bool, actor: str) -> ImportReport:
        # The readers take a file, as from the command line; its name is the person's, its place is ours alone.
        with tempfile.TemporaryDirectory(prefix="hospital-twin-import-") as folder:
            path = Path(folder) / plain_name(upload.name)
            path.write_bytes(upload.content)
            if upload.kind == EVENTS:
                return self._run_log(path, upload, is_dry_run=is_dry_run, actor=actor)
            kind = MasterKind(upload.kind)
            found = import_master(self._hospital, kind, path, is_dry_run=is_dry_run, actor=actor)
            columns, rows = _first_rows(path)
        return ImportReport(
            kind=upload.kind,
            file=upload.name,
            is_stored=found.is_stored,
            n_rows=found.n_rows,
            n_new=found.n_new,
            columns=columns,
            first_rows=rows,
            similar=tuple((each.place, each.name, each.other_name, each.why) for each in found.similar),
        )

    def _run_log(self, path: Path, upload: Upload, *, is_dry_run: bool, actor: str) -> ImportReport:
        mapping = mapping_of(upload.mapping) if upload.mapping else shipped_mappings().get(path.stem)
        found = import_log(self._hospital, path, mapping=mapping, is_dry_run=is_dry_run, actor=actor)
        columns, rows = _first_rows(path)
        return ImportReport(
            kind=EVENTS,
            file=upload.name,
            is_stored=found.is_stored,
            n_rows=found.n_rows,
            n_new=found.n_new if found.is_stored else found.n_events,
            n_problems=found.n_problems,
            problems=found.problems[:MOST_PROBLEMS],
            columns=columns,
            first_rows=rows,
            guessed=found.guessed,
            mapping=found.mapping.model_dump_json(exclude_defaults=True),
            unknown_places=found.unknown_places,
        )


def plain_name(name: str) -> str:
    """Give a file's own name without folders, whatever system wrote it; never empty.

    Examples
    --------
    >>> plain_name("../../x/places.csv"), plain_name("/"), plain_name("..")
    ('places.csv', 'file.csv', 'file.csv')
    """
    last = PureWindowsPath(PurePosixPath(name.replace("\0", "")).name).name
    return last[-100:] if last.strip(". ") else "file.csv"


def mapping_of(text: str) -> LogMapping:
    """Give a mapping by the name of one that comes with the release, or read it from JSON.

    Parameters
    ----------
    text : str
        ``sepsis``, or what a dry run gave as ``mapping``, mended where needed.

    Raises
    ------
    FieldError
        If it is neither; the first key that is wrong is named.
    """
    shipped = shipped_mappings()
    if text in shipped:
        return shipped[text]
    try:
        return LogMapping.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "mapping"
        cure = f"Give one of {', '.join(shipped)}, or the mapping that a dry run showed."
        raise FieldError(FieldProblem(field=field, place="mapping", message=f"{first['msg']}.", cure=cure)) from error


def _require_kind(kind: str) -> None:
    if kind not in KINDS:
        raise NotFound("import", kind)


def _first_rows(path: Path) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    reader = read_xes(path) if path.suffix.lower() == ".xes" else read_csv(path, delimiter_of(path))
    rows = [row.values for row in itertools.islice(reader, _SHOWN_ROWS)]
    columns: Sequence[str] = tuple(rows[0]) if rows else ()
    return tuple(columns), tuple(tuple(row.get(column, "") for column in columns) for row in rows)
