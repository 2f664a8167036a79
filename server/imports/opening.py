"""The first stocktake from a spreadsheet: what lies where on the day of going live."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session

from inventory.model.lots import end_of_day
from inventory.model.movements import Command
from inventory.rules.sheets import header_of, reader_of, rows_of
from inventory.service.opening import Opened, Position, open_books
from server.imports.reading import read_text
from server.wiring import Hospital
from twin.errors import FieldProblem, ImportRefused

REQUIRED = ("item", "place", "quantity")
OPTIONAL = ("lot", "expires_on", "owner", "supplier")
_SHOWN = 100


class _DryRun(Exception):  # not an error: the way back out of the transaction
    def __init__(self, opened: Opened) -> None:
        super().__init__()
        self.opened = opened


def open_stock(hospital: Hospital, path: Path, *, is_dry_run: bool = False) -> Opened:
    """Read a stocktake and write it as opening stock, all of it or nothing.

    Parameters
    ----------
    hospital : Hospital
        Opened alone.
    path : Path
        CSV with the columns of :data:`REQUIRED` and, where they apply, :data:`OPTIONAL`.
    is_dry_run : bool
        Check everything, store nothing.

    Raises
    ------
    ImportRefused
        With every line that cannot be used, the first 100 of them.
    """
    content = path.read_bytes()
    positions = read_positions(read_text(path), path.name, ZoneInfo(hospital.settings.time_zone))
    unknown = [
        _problem(each.row, "place", f"{each.place!r} is no place of the building.", "Import the place first.")
        for each in positions
        if hospital.live.places and each.place not in hospital.live.places
    ]
    if unknown:
        raise ImportRefused(path.name, unknown[:_SHOWN])
    now = hospital.clock.now()
    # the file's own content names the command: the same file stored twice has one effect
    command = Command(
        id=f"opening-{hashlib.blake2b(content, digest_size=12).hexdigest()}",
        actor="system",
        occurred_at=now,
        recorded_at=now,
        reason="go_live",
    )

    def use_case(session: Session) -> Opened:
        opened = open_books(session, ledger=hospital.ledger, command=command, positions=positions, source=path.name)
        if is_dry_run:
            # by an error, so that the writer undoes all of it
            raise _DryRun(opened)
        return opened

    try:
        return hospital.write_now(use_case)
    except _DryRun as done:
        return done.opened


def read_positions(text: str, source: str, zone: ZoneInfo) -> list[Position]:
    """Give the positions of a stocktake.

    Parameters
    ----------
    text : str
        CSV with a header.
    source : str
        Name of the file, for errors.
    zone : ZoneInfo
        The hospital's clock: an expiry lasts until the end of its day there.

    Raises
    ------
    ImportRefused
        If a column is missing or a line cannot be read.
    """
    reader = reader_of(text.splitlines())
    header = [(name or "").strip() for name in header_of(reader, source)]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        message = f"Expected the columns {', '.join(REQUIRED)}; {', '.join(missing)} is missing."
        raise ImportRefused(source, [_problem("row 1", missing[0], message, f"Optional: {', '.join(OPTIONAL)}.")])
    positions: list[Position] = []
    problems: list[FieldProblem] = []
    for row in rows_of(reader, source):
        values = {key.strip(): (value or "").strip() for key, value in row.items() if isinstance(key, str)}
        try:
            positions.append(_position(values, f"row {reader.line_num}", zone))
        except ImportRefused as refused:
            problems += refused.problems
    if problems:
        raise ImportRefused(source, problems[:_SHOWN])
    if not positions:
        raise ImportRefused(source, [_problem("row 2", "item", "The file has no lines.", "Give at least one.")])
    return positions


def _position(values: dict[str, str], place: str, zone: ZoneInfo) -> Position:
    problems = []
    quantity, expires_at = 0, 0
    text = values["quantity"]
    if text.isascii() and text.isdigit() and len(text) < 16:
        quantity = int(text)
    else:
        problems.append(_problem(place, "quantity", f"Expected whole base units, got {text!r}.", "Count single units."))
    if values.get("expires_on"):
        try:
            expires_at = end_of_day(date.fromisoformat(values["expires_on"]), zone)
        except ValueError:
            message = f"{values['expires_on']!r} is no date."
            problems.append(_problem(place, "expires_on", message, "Use YYYY-MM-DD."))
    problems += [
        _problem(place, name, "Nothing is given.", "Fill it in.") for name in ("item", "place") if not values[name]
    ]
    if problems:
        raise ImportRefused(place, problems)
    return Position(
        item=values["item"],
        place=values["place"],
        quantity=quantity,
        lot_number=values.get("lot", ""),
        expires_at=expires_at,
        owner=values.get("owner", ""),
        supplier=values.get("supplier", ""),
        row=place,
    )


def _problem(row: str, field: str, message: str, cure: str) -> FieldProblem:
    return FieldProblem(field=field, place=row, message=message, cure=cure)
