"""Tables as text: what spreadsheets write, and what no table is."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.text_table import DELIMITERS, column_indices, read_table
from twin.errors import ImportRefused

CELLS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5),
    delimiter=st.sampled_from(DELIMITERS),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    is_declared=st.booleans(),
)
def test_what_a_spreadsheet_writes_is_read_back(
    rows: list[list[str]], delimiter: str, line_end: str, is_declared: bool
) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=line_end).writerows([["Asset", "Start", "End"], *rows])
    text = (f"sep={delimiter}{line_end}" if is_declared else "") + file.getvalue()

    table = read_table("\ufeff" + text, source="t.csv")

    assert table.headings.cells == ("asset", "start", "end")
    assert [list(row.cells) for row in table.rows] == rows
    first = 3 if is_declared else 2
    assert [row.line for row in table.rows] == list(range(first, first + len(rows)))


def test_a_row_is_known_by_the_line_on_which_it_begins() -> None:
    table = read_table('a,b\n\n"one\ntwo",1\n,\nx,2\n', source="t.csv")

    assert [(row.line, row.cells[1]) for row in table.rows] == [(3, "1"), (6, "2")]


@pytest.mark.parametrize(
    ("heading", "message"),
    [("asset,start", "no such column"), ("asset,end,END", "twice"), ("", "no such column")],
)
def test_a_column_that_is_missing_or_double_is_named(heading: str, message: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        column_indices(read_table(heading, source="t.csv"), ("asset", "end"), source="t.csv")

    assert message in refused.value.problems[-1].message
    assert refused.value.problems[-1].field == "end"


@pytest.mark.parametrize("first", ['sep="', "sep=x", "sep= "])
def test_a_line_that_declares_no_delimiter_is_the_heading(first: str) -> None:
    table = read_table(f"{first}\na,b\n", source="t.csv")

    assert table.headings.cells[0].startswith("sep=")


def test_a_cell_that_no_spreadsheet_holds_is_refused_at_its_line() -> None:
    with pytest.raises(ImportRefused) as refused:
        read_table("a,b\n1,2\n" + "x" * 200_000 + ",1\n", source="t.csv")

    assert refused.value.problems[0].place == "row 3"
