"""Event logs as cases: what a pathway is made from."""

from __future__ import annotations

import csv
from pathlib import Path

from server.imports.reading import read_xes
from simulation.calibration.logs import Case, read_cases
from simulation.model.problems import PathwayError


def cases_of_file(log: Path) -> list[Case]:
    """Read an event log, XES by its ending and CSV otherwise.

    Parameters
    ----------
    log : Path
        The file, UTF-8.

    Raises
    ------
    PathwayError
        If it cannot be read, or holds fewer than two cases.
    FieldError
        If a column is missing, or a time cannot be read; the row is named.
    """
    try:
        if log.suffix.lower() == ".xes":
            cases = read_cases(row.values for row in read_xes(log))
        else:
            with log.open(newline="", encoding="utf-8-sig") as file:
                head = file.readline()
                file.seek(0)
                cases = read_cases(csv.DictReader(file, delimiter=max(",;\t", key=head.count)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PathwayError(str(log), "Cannot read the file.", "Check the path; it must be UTF-8.") from error
    if len(cases) < 2:
        raise PathwayError(str(log), f"Expected at least two cases, got {len(cases)}.", "Give a longer log.")
    return cases
