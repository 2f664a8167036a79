"""Small sheets in forms: what is empty is left out, what is filled keeps its order, rows can be added."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dash_app.pages import lines
from dash_app.pages.lines import Field, Lines, register_sheet, sheet, sheet_rows
from tests.dash_app.gathering import gathered
from tests.dash_app.small_hospital import small_port
from twin.access import Permission

SHEET = Lines(key="probe", keys=("kind", "count"))
FIELDS = [Field(key="kind", title="Kind"), Field(key="count", title="Number")]


@given(st.lists(st.tuples(st.sampled_from(["", " ", "clamp", None]), st.sampled_from(["", "2", 3, None]))))
def test_rows_that_hold_anything_stay_in_order(rows):
    columns = [[row[0] for row in rows], [row[1] for row in rows]]

    read = SHEET.read(columns)

    texts = [["" if cell is None else str(cell).strip() for cell in row] for row in rows]
    assert read == [row for row in texts if any(row)]


def test_a_sheet_shows_what_it_holds_and_one_empty_row_more():
    rows = sheet_rows(SHEET, FIELDS, [["clamp", "2"], ["scissors", "1"], ["probe", "3"]])

    values = [[cell.children.value for cell in row.children] for row in rows]
    assert values == [["clamp", "2"], ["scissors", "1"], ["probe", "3"], ["", ""]]


def test_every_field_has_a_name_of_its_own():
    names = [getattr(cell.children, "aria-label") for row in sheet_rows(SHEET, FIELDS) for cell in row.children]

    assert len(set(names)) == len(names) == 6
    assert names[3] == "Number, line 2"


def test_choices_are_offered_by_name():
    field = Field(key="kind", title="Item", options=[{"value": "a", "label": "Gauze"}])

    cell = sheet_rows(SHEET, [field, FIELDS[1]], [["a", "1"]])[0].children[0].children

    assert (cell.value, cell.data, cell.searchable) == ("a", [{"value": "a", "label": "Gauze"}], True)


def test_one_more_line_follows_the_last_and_ends_somewhere(monkeypatch):
    def register(callbacks, _port):
        register_sheet(callbacks, SHEET, lambda: FIELDS, permission=Permission.DEVICES_WRITE)

    add_row = gathered(register, small_port())["add_row"].function
    (added,) = add_row(1, [{"type": "probe-kind", "row": 0}, {"type": "probe-kind", "row": 4}]).to_plotly_json()[
        "operations"
    ]
    row = added["params"]["value"]
    assert row.children[0].children.id == {"type": "probe-kind", "row": 5}

    monkeypatch.setattr(lines, "MOST_ROWS", 5)
    assert add_row(1, [{"type": "probe-kind", "row": 4}]).to_plotly_json()["operations"] == []


def test_the_whole_names_the_button_that_adds_rows():
    whole = sheet(SHEET, "Bill", FIELDS)

    assert getattr(whole.children[0], "data-sheet") == whole.children[1].id == "probe-more"
