import csv
import io

import pytest
from dash import html
from hypothesis import given
from hypothesis import strategies as st

from dash_app.pages.address import query_of, search_with
from dash_app.pages.tables import Column, csv_text, guarded, table

COLUMNS = [Column(field="name", title="Name"), Column(field="link", title="Device", is_link=True)]


@given(st.text(max_size=30))
def test_no_cell_begins_like_a_formula(text):
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("number", [-3, -1.5, 0, 7])
def test_numbers_stay_numbers(number):
    assert guarded(number) == str(number)


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=20), max_size=5))
def test_what_was_written_can_be_read_again(names):
    rows = [{"name": name, "link": "/x", "link_text": name} for name in names]

    text = csv_text(COLUMNS, rows)
    back = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))

    assert text.startswith("\ufeff")
    assert back[0] == ["Name", "Device"]
    assert [line[0].removeprefix("'") for line in back[1:]] == [guarded(name).removeprefix("'") for name in names]


@given(st.dictionaries(st.sampled_from(["floor", "kind", "sel"]), st.text(min_size=1, max_size=10), max_size=3))
def test_filters_survive_the_address_line(filters):
    assert query_of(search_with("", **filters)) == filters


def test_clearing_the_last_filter_leaves_no_question_mark():
    assert search_with("?floor=1", floor=None) == ""


def parts_of(shown, kind):
    return [part for part in shown._traverse() if isinstance(part, kind)]


def test_a_table_that_is_cut_says_of_how_many_rows():
    shown = table("Beds", ["Bed"], [[str(number)] for number in range(7)], most=3)

    assert len(parts_of(shown, html.Tr)) == 1 + 3
    assert "first 3 of 7" in str(shown)


def test_a_whole_table_says_nothing_of_rows():
    assert "The first" not in str(table("Beds", ["Bed"], [["1"], ["2"]], most=2))


@pytest.mark.parametrize(("rows", "buttons"), [([["1"]], 1), ([], 0)])
def test_what_a_table_shows_can_be_saved(rows, buttons):
    assert len(parts_of(table("Beds", ["Bed"], rows), html.Button)) == buttons


def looks_of(shown):
    """Classes of the cells of a table, by row."""
    rows = parts_of(shown, html.Tr)[1:]
    return [[cell.className for cell in row.children] for row in rows]


def test_figures_stand_under_each_other_and_days_do_not_break():
    shown = table("Wards", ["Ward", "Beds", "Leaves"], [["A", 24, "2026-11-27 10:23"], ["B", "–", ""]])

    assert looks_of(shown) == [["", "number figure", "figure"], ["", "number figure", ""]]
    assert [cell.className for cell in parts_of(shown, html.Th)] == ["", "number", ""]


def test_a_table_of_which_only_the_first_rows_were_built_says_so():
    assert "first 2 of 2,009" in str(table("Devices", ["Device"], [["a"], ["b"]], count=2009))


def test_a_column_of_bars_or_of_nothing_holds_no_numbers():
    shown = table("Wards", ["Share", "Reason"], [[html.Span(html.Span()), ""], [html.Span(), ""]])

    assert [cell.className for cell in parts_of(shown, html.Th)] == ["", ""]
