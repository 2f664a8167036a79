"""A row of a long table is chosen in the form below it."""

import pytest
from dash import dcc
from dash.exceptions import PreventUpdate

from dash_app.pages import access, buying, lots, par_studio, stock, tasks, ways
from tests.dash_app.gathering import gathered
from tests.dash_app.small_hospital import EVERYTHING, small_port

CHOOSING = (access, buying, lots, par_studio, tasks, ways)


def _ids(component):
    return {identifier for part in component._traverse() if (identifier := getattr(part, "id", None))}


@pytest.mark.parametrize("page", CHOOSING, ids=lambda page: page.LISTING.key)
def test_the_selection_stands_on_the_page_and_takes_the_row_that_was_clicked(page):
    port = small_port(*EVERYTHING)
    held = gathered(page.register, port)["take_row"]

    assert page.LISTING.chooses in _ids(page.PAGE.layout(port, page.Visit(path=page.PAGE.path, query={})))
    assert held.dependencies[0].component_id == page.LISTING.chooses
    assert held.function([{"id": "row-7"}]) == "row-7"


def test_a_row_that_went_away_leaves_the_form_as_it_is():
    with pytest.raises(PreventUpdate):
        gathered(tasks.register, small_port())["take_row"].function([])


def test_a_task_that_is_clicked_is_one_of_those_that_can_be_given():
    port = small_port(*EVERYTHING)

    offered = {one["value"] for one in tasks._choices(port)}

    assert {row["id"] for row in tasks.LISTING.rows(port, {})} == offered != set()


def test_a_table_without_a_form_lets_nothing_be_chosen():
    shown = stock.layout(small_port(), stock.Visit(path="/stock", query={}))
    (grid,) = [part for part in shown._traverse() if getattr(part, "id", "") == "stock-grid"]

    assert "rowSelection" not in grid.dashGridOptions
    assert not any(isinstance(part, dcc.Store) for part in shown._traverse())
