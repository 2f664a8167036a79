"""Kept pathways on their page: every version stands there with its address, and an address opens the one it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from dash import dcc, html
from dash.development.base_component import Component

from dash_app.actions.pathways import KeptPathway, PathwayLine
from dash_app.pages import pathway, pathway_kept
from dash_app.pages.page import Visit
from dash_app.queries.port import HospitalPort
from tests.dash_app.small_hospital import NOW, small_port
from twin.errors import NotFound


def document(beds: int) -> dict[str, Any]:
    return {
        "pools": {"bed": {"capacity": beds}},
        "arrivals": {"door": {"per_hour": 1, "to": "stay"}},
        "nodes": {"stay": {"do": "serve", "pools": "bed", "duration": "1 h", "next": "home"}, "home": {"do": "exit"}},
    }


@dataclass
class TwoVersions:
    """A desk that keeps one pathway in two versions, of three beds and of four."""

    def versions(self, name: str) -> Sequence[PathwayLine]:
        return [self._line(number) for number in (2, 1)] if name == "front door" else []

    def listed(self) -> Sequence[PathwayLine]:
        return [self._line(2)]

    def open(self, name: str, version: int = 0) -> KeptPathway:
        if name != "front door" or version > 2:
            raise NotFound("pathway", name)
        number = version or 2
        return KeptPathway(line=self._line(number), document=document(2 + number), report=None)

    @staticmethod
    def _line(number: int) -> PathwayLine:
        return PathwayLine(
            name="front door", version=number, actor="porter-1", kept_at=NOW, note=f"note {number}", has_report=False
        )


@pytest.fixture
def port() -> HospitalPort:
    found = small_port()
    services: Mapping[str, object] = {**found.services, "pathways": TwoVersions()}
    return replace(found, services=services)


def parts(component: object) -> list[Component]:
    if isinstance(component, (list, tuple)):
        return [part for one in component for part in parts(one)]
    if isinstance(component, Component):
        return [component, *parts(getattr(component, "children", None))]
    return []


def beds_shown(port: HospitalPort, query: dict[str, str]) -> object:
    page = pathway.layout(port, Visit(path="/pathway", query=query))
    held = next(one for one in parts(page) if isinstance(one, dcc.Store) and one.id == pathway.HELD)
    return held.data["pools"]["bed"]["capacity"]


def test_every_version_is_listed_with_its_address_the_newest_first(port):
    shown = parts(pathway_kept.versions_shown(port, "front door"))

    addresses = [one.href for one in shown if isinstance(one, html.A)]
    assert addresses == [f"/ui/pathway?kept=front%20door&version={number}" for number in (2, 1)]
    cells = [one.children for one in shown if isinstance(one, html.Td)]
    assert {"Porter 001", "note 1", "note 2"} <= {cell for cell in cells if isinstance(cell, str)}


@pytest.mark.parametrize("name", ["", "never kept"])
def test_what_was_never_kept_has_no_list_of_versions(port, name):
    assert pathway_kept.versions_shown(port, name) == []


@pytest.mark.parametrize(("version", "beds"), [("1", 3), ("2", 4), ("", 4), ("the first", 4), ("-1", 4)])
def test_an_address_opens_the_version_that_it_names_and_else_the_newest(port, version, beds):
    assert beds_shown(port, {"kept": "front door", "version": version}) == beds


def test_a_version_that_was_never_kept_is_not_found(port):
    with pytest.raises(NotFound):
        beds_shown(port, {"kept": "front door", "version": "3"})
