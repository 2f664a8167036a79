"""Imports over HTTP: hand a file over, see what it would do, store all of it or nothing."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query
from starlette.responses import Response

from dash_app.actions.imports import ImportReport, Upload
from server.doors.context import CallDep
from server.doors.pages import PathText, Text
from server.doors.router import Router
from server.imports.desk import Desk
from twin.access import Permission

router = Router("/v1/imports", tag="imports")

CSV = "text/csv"
DryRun = Annotated[bool, Query(description="Say what would be stored; store nothing.")]
MappingText = Annotated[
    str,
    Query(
        max_length=8000,
        pattern=r"^[^\x00]*$",
        description="Event logs: name of a mapping of the release, or the mapping that a dry run gave, as JSON.",
    ),
]


class ProblemShown(msgspec.Struct, frozen=True, kw_only=True):
    """One cell that cannot be used: row, column, what is wrong and what to do."""

    place: str
    field: str
    message: str
    cure: str


class SimilarShown(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is probably an item known under another id, and what both share."""

    place: str
    name: str
    other: str
    why: str


class ImportShown(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do; ``problems`` holds the first of ``n_problems``."""

    kind: str
    file: str
    is_stored: bool
    n_rows: int
    n_new: int
    n_problems: int
    problems: list[ProblemShown]
    guessed: list[str]
    mapping: str
    unknown_places: dict[str, int]
    similar: list[SimilarShown]


def _shown(report: ImportReport) -> ImportShown:
    return ImportShown(
        kind=report.kind,
        file=report.file,
        is_stored=report.is_stored,
        n_rows=report.n_rows,
        n_new=report.n_new,
        n_problems=report.n_problems,
        guessed=list(report.guessed),
        mapping=report.mapping,
        unknown_places=dict(report.unknown_places),
        similar=[
            SimilarShown(place=place, name=name, other=other, why=why) for place, name, other, why in report.similar
        ],
        problems=[
            ProblemShown(place=one.place, field=one.field, message=one.message, cure=one.cure)
            for one in report.problems
        ],
    )


@router.post(
    "/{kind}", permission=Permission.IMPORT_RUN, takes=str, takes_media=(CSV, "application/xml"), gives=ImportShown
)
def import_file(
    call: CallDep, kind: PathText, file_name: Text = "", dry_run: DryRun = False, mapping: MappingText = ""
) -> ImportShown:
    """Import a CSV sheet of places, paths, assets, staff or items, or an event log (CSV or XES), as a whole.

    A dry run gives every problem with its row; without it a file with any problem is refused and nothing is stored.
    """
    upload = Upload(kind=kind, name=file_name or f"{kind}.csv", content=call.body, mapping=mapping)
    desk = Desk(call.hospital)
    return _shown(desk.look(upload) if dry_run else desk.store(upload, actor=call.actor))


@router.get("/{kind}/template", permission=Permission.IMPORT_RUN, media=CSV)
def get_template(call: CallDep, kind: PathText) -> Response:
    """Give header and example line of a sheet, for a spreadsheet program."""
    text = "\ufeff" + Desk(call.hospital).template(kind)
    headers = {"content-disposition": f'attachment; filename="{kind}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{kind}/sheet", permission=Permission.IMPORT_RUN, media=CSV)
def get_sheet(call: CallDep, kind: PathText) -> Response:
    """Give what is held as a sheet with the template's columns: programmes and machines, to be changed and imported."""
    text = "\ufeff" + Desk(call.hospital).sheet(kind)
    headers = {"content-disposition": f'attachment; filename="{kind}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
