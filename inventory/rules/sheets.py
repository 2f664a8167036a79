"""Lines of a CSV sheet that may be no CSV at all: what the reader cannot take is refused with its place and a cure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from twin.errors import FieldProblem, ImportRefused

_SEPARATORS = ",;\t"


def reader_of(lines: Iterable[str]) -> csv.DictReader[str]:
    """Give a reader of a sheet, whatever parts its columns: the sign that stands most often in its first line.

    Parameters
    ----------
    lines : Iterable[str]
        CSV text with a header; spreadsheets of most of Europe part columns by semicolons.
    """
    told = iter(lines)
    header = next(told, "")
    # A tie, as in a sheet of one column, is a comma: max takes the first.
    separator = max(_SEPARATORS, key=header.count)
    return csv.DictReader(chain([header] if header else [], told), delimiter=separator)


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


def rows_of(reader: csv.DictReader[str], source: str) -> Iterator[dict[str | None, str]]:
    """Give the lines below the header; like :func:`header_of`."""
    try:
        yield from reader
    except csv.Error as error:  # such as a field that is longer than any field should be
        raise _unreadable(reader, source, error) from error


def _unreadable(reader: csv.DictReader[str], source: str, error: csv.Error) -> ImportRefused:
    place, cure = f"row {reader.line_num + 1}", "Save the table as CSV in UTF-8."
    return ImportRefused(source, [FieldProblem(field="row", place=place, message=f"{error}.", cure=cure)])
