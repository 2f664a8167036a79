"""Rows of CSV and XES files, numbered as the user sees them, and instants in a log's own writing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from twin.clock import from_datetime
from twin.errors import FieldProblem, ImportRefused

ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file.

    Parameters
    ----------
    number : int
        CSV: line of the file where the record begins, the header is line 1. XES: running number of the event.
    values : dict[str, str]
        By column.
    """

    number: int
    values: dict[str, str]

    @property
    def place(self) -> str:
        """Where the user finds it."""
        return f"row {self.number}"


def read_text(path: Path) -> str:
    """Give the text of a file in UTF-8 or GB 18030, which spreadsheet programs in China write.

    Raises
    ------
    ImportRefused
        If it is neither.
    """
    raw = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused(path, "file", "row 1", "The file is neither UTF-8 nor GB 18030.", "Save it as UTF-8 CSV.")


def delimiter_of(path: Path) -> str:
    """Give the character between the columns of a spreadsheet, by its header.

    Parameters
    ----------
    path : Path
        CSV file. Spreadsheet programs write semicolons where a comma is the decimal mark, and tabs when asked for text.
    """
    header = read_text(path).partition("\n")[0]
    # what stands in quotes belongs to a column's name: "Cost, EUR";"Date" is divided by semicolons
    outside = "".join(header.split('"')[::2])
    # of equal counts the comma: a sheet of one column has none of them
    return max(",;\t", key=outside.count)


def read_csv(path: Path, delimiter: str = ",") -> Iterator[Row]:
    """Read a CSV file with a header, in UTF-8 or GB 18030.

    Parameters
    ----------
    path : Path
        The file.
    delimiter : str
        Character between columns.

    Yields
    ------
    Row
        Records in order; empty lines are passed over.

    Raises
    ------
    ImportRefused
        If the file is empty, of another encoding, has a column twice, or a record has more or fewer columns than the
        header.
    """
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [column.strip() for column in next(reader)]
    except StopIteration:
        raise _refused(path, "header", "row 1", "The file is empty.", "Give a file with a header line.") from None
    except csv.Error as error:
        raise _refused(path, "header", "row 1", f"{error}.", "Mend the quotes of the header.") from error
    double = sorted({column for column in header if header.count(column) > 1})
    if double:
        raise _refused(path, ", ".join(double), "row 1", "The column stands twice.", "Rename or remove one.")
    line = reader.line_num + 1  # a quoted value may span lines: the record is known by the one where it begins
    try:
        for record in reader:
            if record:
                if len(record) != len(header):
                    message = f"Expected {len(header)} columns, got {len(record)}."
                    cure = "Put values that contain the delimiter in double quotes."
                    raise _refused(path, "columns", f"row {line}", message, cure)
                yield Row(line, dict(zip(header, (value.strip() for value in record), strict=True)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refused(path, "row", f"row {line}", f"{error}.", "Mend the quotes of this row.") from error


def read_xes(path: Path) -> Iterator[Row]:
    """Read the events of an XES log, each with its trace's attributes under ``case:…``.

    Parameters
    ----------
    path : Path
        XES 1.0 or 2.0 file.

    Yields
    ------
    Row
        Events in order of the file.

    Raises
    ------
    ImportRefused
        If it is no well-formed XML.

    References
    ----------
    IEEE 1849-2016, section 5 (attributes are ``key`` and ``value``).
    """
    number = 0
    trace: dict[str, str] = {}
    depth_event = False
    try:
        for step, element in iterparse(path, events=("start", "end")):
            tag = str(element.tag).rpartition("}")[2]
            if step == "start":
                depth_event = depth_event or tag == "event"
                trace = {} if tag == "trace" else trace
            elif tag == "event":
                number += 1
                depth_event = False
                own = {child.get("key", ""): child.get("value", "") for child in element}
                yield Row(number, {**trace, **own})
                # else the tree of a log of gigabytes stays in memory
                element.clear()
            elif not depth_event and element.get("key") and tag != "global":
                trace[f"case:{element.get('key')}"] = element.get("value", "")
    except (ParseError, DefusedXmlException) as error:
        raise _refused(path, "file", f"event {number + 1}", f"{error}.", "Export the log again.") from error


def parse_instant(text: str, time_format: str, time_zone: str) -> int | None:
    """Read an instant in a log's own writing.

    Parameters
    ----------
    text : str
        As it stands in the log.
    time_format : str
        ``strptime`` format; empty for ISO 8601 (a blank instead of the ``T`` is allowed).
    time_zone : str
        IANA zone of instants without an offset. An hour that a clock change repeats is read as its first pass.

    Returns
    -------
    int or None
        UTC microseconds, or None if it is no instant of that writing or within the years 1 to 9999 in UTC, or a bare
        number or date.
    """
    try:
        moment = datetime.strptime(text, time_format) if time_format else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError:
        return None
    # fromisoformat takes 20260101 and 2026-01-01 too, which may be a number or say nothing of the hour
    if not time_format and len(text) < len("2026-01-01T00:00"):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(time_zone))
    try:
        return from_datetime(moment.astimezone(UTC))
    except OverflowError:  # the zone carries the first and last hours over the border
        return None


def _refused(path: Path, field: str, place: str, message: str, cure: str) -> ImportRefused:
    return ImportRefused(path.name, [FieldProblem(field=field, place=place, message=message, cure=cure)])
