"""Lines of a CSV sheet that may be no CSV at all: what the reader cannot take is refused with its place and a cure."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from twin.errors import FieldProblem, ImportRefused


def header_of(reader: csv.DictReader[str], source: str) -> Sequence[str]:
    """Give the names of the columns; none of an empty sheet.

    Parameters
    ----------
    reader : csv.DictReader
        Of the sheet.
    source : str
        Name of the file, for errors.

    Raises
    ------
    ImportRefused
        If the line cannot be read.
    """
    try:
        return reader.fieldnames or ()
    except csv.Error as error:
        raise _unreadable(reader, source, error) from error


def rows_of(reader: csv.DictReader[str], source: str) -> Iterator[dict[str, str]]:
    """Give the lines below the header; like :func:`header_of`."""
    try:
        yield from reader
    except csv.Error as error:  # such as a field that is longer than any field should be
        raise _unreadable(reader, source, error) from error


def _unreadable(reader: csv.DictReader[str], source: str, error: csv.Error) -> ImportRefused:
    place, cure = f"row {reader.line_num + 1}", "Save the table as CSV in UTF-8."
    return ImportRefused(source, [FieldProblem(field="row", place=place, message=f"{error}.", cure=cure)])
