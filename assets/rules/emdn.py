"""The European Medical Device Nomenclature from its published table."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assets.rules.text_table import TextTable, read_table
from twin.errors import FieldProblem, ImportRefused

_CODE = re.compile(r"[A-Z](?:\d{2}){0,6}")
_MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term.

    Parameters
    ----------
    code, term : str
        A letter and up to twelve digits, two per level; and its words.
    parent : str
        Code of the level above; empty for a category.
    """

    code: str
    term: str
    parent: str = ""


def parent_of(code: str) -> str:
    """Give the code one level up.

    Examples
    --------
    >>> parent_of("Z1203010401"), parent_of("Z12"), parent_of("Z")
    ('Z12030104', 'Z', '')
    """
    return code[:-2] if len(code) > 1 else ""


def read_emdn(text: str, *, source: str) -> list[Term]:
    """Read the nomenclature.

    Parameters
    ----------
    text : str
        CSV with a column for the code and one for the term, split by comma, semicolon or tab; their headings may say
        more, as those of the Commission do (``EMDN CODE``, ``CATEGORY/GROUP/TYPE DESCRIPTION``).
    source : str
        Name of the file for messages.

    Raises
    ------
    ImportRefused
        If a column is missing, a code has the wrong form or stands there twice, or its level above is missing.
    """
    table = read_table(text, source=source)
    code_at = _column(table, "code")
    term_at = _column(table, "term", "description")
    if code_at < 0 or term_at < 0:
        cure = "Give a heading with `code` and one with `term` or `description`."
        raise ImportRefused(source, [FieldProblem(field="code", place="row 1", message="A column lacks.", cure=cure)])
    terms: dict[str, Term] = {}
    problems: list[FieldProblem] = []
    for row in table.rows:
        # A line may end early: the cells that it lacks are empty.
        cells = [*row.cells, *[""] * len(table.headings.cells)]
        code, words = cells[code_at].replace(" ", ""), cells[term_at]
        if not code and not words:
            continue
        message = _wrong(code, words, terms)
        if message:
            cure = "Take the table as published."
            problems.append(FieldProblem(field="code", place=row.place, message=message, cure=cure))
            continue
        terms[code] = Term(code=code, term=words, parent=parent_of(code))
    problems += [
        FieldProblem(
            field="code",
            place=term.code,
            message=f"The level above, {term.parent}, is missing.",
            cure="Take the whole table.",
        )
        for term in terms.values()
        if term.parent and term.parent not in terms
    ]
    if problems or not terms:
        empty = FieldProblem(field="code", place="row 2", message="There are no terms.", cure="Take the whole table.")
        raise ImportRefused(source, problems[:_MOST_PROBLEMS] or [empty])
    return sorted(terms.values(), key=lambda term: term.code)


def _column(table: TextTable, *words: str) -> int:
    """Give the first column whose heading holds one of the words, or -1."""
    return next((i for i, name in enumerate(table.headings.cells) if any(word in name for word in words)), -1)


def _wrong(code: str, words: str, known: dict[str, Term]) -> str:
    if not _CODE.fullmatch(code):
        return f"{code!r} is no code: a letter and two digits per level, at most thirteen characters."
    if code in known:
        return f"{code} stands there twice."
    return "" if words else f"{code} has no term."
