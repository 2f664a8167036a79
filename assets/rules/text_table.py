"""Tables in text, as spreadsheets and programs write them: delimiter, headings and rows with their lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twin.errors import FieldProblem, ImportRefused

DELIMITERS = (";", "\t", "|", ",")
"""In this order where a heading has as many of one as of another: a comma also stands inside words and numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """One record.

    Parameters
    ----------
    line : int
        Line of the file on which it begins, counted from 1 with the headings and blank lines.
    cells : tuple[str, ...]
        Without white space around; as many as there are headings, or another number if the file is not in order.
    """

    line: int
    cells: tuple[str, ...]

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"row {self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A table as text.

    Parameters
    ----------
    delimiter : str
        Character between the cells.
    headings : TextRow
        In small letters; without cells if the file is empty.
    rows : tuple[TextRow, ...]
        In the order of the file, without blank lines.
    """

    delimiter: str
    headings: TextRow
    rows: tuple[TextRow, ...]


def read_table(text: str, *, source: str) -> TextTable:
    r"""Read a table.

    Parameters
    ----------
    text : str
        Its first line names the columns, and the character that stands there most often parts the cells; a line
        ``sep=;`` before it, as Excel writes, says it. A byte order mark and any line ends are passed over.
    source : str
        Name of the file for messages.

    Raises
    ------
    ImportRefused
        If it is no table, such as with a cell of more than 131,072 characters.

    Examples
    --------
    >>> read_table("Asset;End\na;1,5\n", source="f.csv").rows
    (TextRow(line=2, cells=('a', '1,5')),)
    """
    plain = text.removeprefix("\ufeff")
    # A quote or a letter cannot part cells: such a line is the heading, and told to lack its columns.
    declared = re.match(r"sep=(\t|[^\w\s\"])(?:\r\n|\r|\n)", plain)
    skipped = 1 if declared else 0
    plain = plain[declared.end() :] if declared else plain
    # The headings decide: in the lines below, any delimiter may stand inside words.
    head = re.split(r"[\r\n]", plain, maxsplit=1)[0]
    delimiter = declared.group(1) if declared else max(DELIMITERS, key=head.count)
    rows = list(_rows(plain, delimiter, skipped, source))
    headings = rows[0] if rows else TextRow(line=skipped + 1, cells=())
    lowered = TextRow(line=headings.line, cells=tuple(name.lower() for name in headings.cells))
    return TextTable(delimiter=delimiter, headings=lowered, rows=tuple(rows[1:]))


def column_indices(table: TextTable, names: Sequence[str], *, source: str) -> tuple[int, ...]:
    """Give where each column stands, counted from 0.

    Parameters
    ----------
    table : TextTable
        As :func:`read_table` gives it.
    names : Sequence[str]
        Headings that must be there, in small letters.
    source : str
        Name of the file for messages.

    Raises
    ------
    ImportRefused
        If one is missing, or stands there twice: nobody could say which of the two is meant.
    """
    found = table.headings.cells
    cure = f"Begin the file with {','.join(names)}."
    problems = [
        FieldProblem(field=name, place=table.headings.place, message=message, cure=cure)
        for name in names
        if (message := {0: "There is no such column.", 1: ""}.get(found.count(name), "The column stands there twice."))
    ]
    if problems:
        raise ImportRefused(source, problems)
    return tuple(found.index(name) for name in names)


def _rows(plain: str, delimiter: str, skipped: int, source: str) -> Iterator[TextRow]:
    # newline="" leaves line ends to the reader: a lone carriage return is one, and no fault of the file.
    reader = csv.reader(io.StringIO(plain, newline=""), skipinitialspace=True, delimiter=delimiter)
    line = skipped + 1  # a quoted cell may span lines: the record is known by the one on which it begins
    try:
        for record in reader:
            cells = tuple(cell.strip() for cell in record)
            if any(cells):
                yield TextRow(line=line, cells=cells)
            line = reader.line_num + skipped + 1
    except csv.Error as error:
        cure = "Save the table as CSV in UTF-8."
        problem = FieldProblem(field="row", place=f"row {line}", message=f"{error}.", cure=cure)
        raise ImportRefused(source, [problem]) from error
