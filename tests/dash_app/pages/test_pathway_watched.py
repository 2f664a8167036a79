"""Watching one run of a pathway: what one sees, and who waits for one another for ever."""

from __future__ import annotations

from typing import Any

from dash.development.base_component import Component

from dash_app.pages import pathway
from tests.dash_app.gathering import gathered
from tests.dash_app.small_hospital import small_port
from tests.simulation.statistics.test_deadlock import crossing


def watched(document: dict[str, Any], hours: str) -> tuple[dict[str, Any], list[Component]]:
    figure, told = gathered(pathway.register, small_port())["play"].function(1, document, hours)
    return figure, told


def test_a_deadlock_is_told_beside_the_run_that_shows_how_it_came():
    figure, told = watched(crossing(at=60), "2")

    assert len(figure["frames"]) > 1
    (said,) = told
    assert "a 0 holds x and waits for y; b 0 holds y and waits for x" in said.children
    assert "always in the same order" in said.children


def test_a_run_before_anything_is_stuck_tells_nothing():
    assert watched(crossing(at=600), "2")[1] == []
