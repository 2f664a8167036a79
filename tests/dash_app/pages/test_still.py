"""What has no id and no button is sent as one piece, and says the same."""

from __future__ import annotations

import json

import pytest
from dash import dcc, html
from plotly.utils import PlotlyJSONEncoder

from dash_app.pages.still import NAMESPACE, Still, still
from dash_app.pages.tables import table


def sent(component: object) -> dict:
    return json.loads(json.dumps(component, cls=PlotlyJSONEncoder))


def test_a_table_of_words_links_and_marks_is_one_component() -> None:
    link = dcc.Link("Bed 7", href="/ui/beds?bed=7")
    mark = html.Span([html.B("P1"), " now"], className="p1", **{"data-since": "5", "aria-hidden": "true"})
    shown = table("Beds", ["Bed", "State", "Hours"], [[link, mark, 3], ["–", "", 2.5]])

    (held,) = [part for part in shown._traverse() if isinstance(part, Still)]
    told = sent(held)

    assert (told["namespace"], told["type"], list(told["props"])) == (NAMESPACE, "Still", ["tree"])
    body = told["props"]["tree"]["c"][2]["c"]
    assert body[0]["c"][0]["c"] == {"t": "a", "a": {"href": "/ui/beds?bed=7"}, "c": "Bed 7", "link": True}
    assert body[0]["c"][1]["c"] == {
        "t": "span",
        "a": {"className": "p1", "data-since": "5", "aria-hidden": "true"},
        "c": [{"t": "b", "a": {}, "c": "P1"}, " now"],
    }
    assert [cell["c"] for cell in body[1]["c"]] == ["–", "", 2.5]
    assert any(isinstance(part, dcc.Link) for part in shown._traverse())  # for whoever walks through it in Python


@pytest.mark.parametrize(
    "cell",
    [
        html.Button("Take", id="take", n_clicks=0),
        html.Button("Take", n_clicks=0),
        html.Span("named", id={"part": "x", "row": 1}),
        dcc.Link("elsewhere", href="/ui/", target="_blank"),
        dcc.Link("run", href="javascript:alert(1)"),
        dcc.Graph(figure={}),
    ],
)
def test_what_dash_has_to_know_of_stays_with_dash(cell: object) -> None:
    row = html.Tr(html.Td(cell))

    assert still(row) is row
