"""Rosters of two wards stand on one page, and whoever hears it read aloud can tell them apart."""

from __future__ import annotations

from dash.development.base_component import Component

from dash_app.pages import roster
from dash_app.queries.roster import RosterView


def labels(component: object) -> list[str]:
    if isinstance(component, (list, tuple)):
        return [label for one in component for label in labels(one)]
    if not isinstance(component, Component):
        return []
    own = getattr(component, "aria-label", None)
    return [*([own] if own else []), *labels(getattr(component, "children", None))]


def test_tables_of_two_wards_have_two_names() -> None:
    def view(place: str) -> RosterView:
        return RosterView(id=place, places=(place,), start_at=0, days=1, published_at=0, rows=())

    found = [label for place in ("Ward 1", "Ward 2") for label in labels(roster._grid(view(place)))]

    assert found == ["Who works when · Ward 1", "Who works when · Ward 2"]
