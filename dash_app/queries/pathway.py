"""A pathway document as a graph to look at: nodes in layers from arrivals to exits, and the ways between them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, cast

import networkx as nx

from simulation.experiments.changes import changed
from simulation.experiments.hospital import ParameterSheet
from simulation.experiments.live import live_start
from simulation.experiments.playback import Playback, play_run
from simulation.experiments.request import ExperimentRequest, Scenario
from simulation.experiments.running import plan_of
from simulation.experiments.situations.offers import situation_changes
from simulation.experiments.warming import WarmUp, find_warm_up
from simulation.model.pathway import Pathway
from simulation.model.plan import RunPlan
from simulation.model.problems import PathwayError
from twin.state.live import LiveState

HOUR_US = 3_600_000_000
WARM_UP_DAYS, WARM_UP_RUNS = 60, 5  # enough days that a stay of a week can settle in the first half of them
SECTIONS = ("nodes", "pools", "arrivals", "classes", "calendars")
"""Tables of a document whose entries can be changed one by one."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeShown:
    """One node: its id, what it does, its column and row, and its entry in words."""

    id: str
    does: str
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WayShown:
    """One way from node to node, with its roles such as ``next`` or ``reneged``."""

    start: str
    end: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayShown:
    """What is drawn."""

    name: str
    nodes: tuple[NodeShown, ...]
    ways: tuple[WayShown, ...]


class TellsSheet(Protocol):
    """Tells the parameters of the live pathway, fitted to the hospital's own history where there is enough of it."""

    def sheet(self) -> ParameterSheet:
        """Give them."""


def live_document(state: LiveState, now: int, services: Mapping[str, object] = MappingProxyType({})) -> Document:
    """Give the hospital as it is now as a pathway document.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    services : Mapping[str, object], optional
        Offered services; one called ``house_model`` tells the parameters, otherwise usual values are taken.
    """
    desk = cast("TellsSheet | None", services.get("house_model"))
    start = live_start(state.freeze(now), desk.sheet() if desk is not None else None)
    # Once through JSON: what the browser keeps and sends back is then equal to what it got.
    return cast(Document, json.loads(json.dumps(start.pathway, default=list)))


def read_document(name: str, content: bytes) -> Document:
    """Read a TOML or JSON file that somebody hands over.

    Parameters
    ----------
    name : str
        The file's name; its ending tells what it is.
    content : bytes
        What is in it.

    Raises
    ------
    PathwayError
        If it is neither, or no table.
    """
    try:
        text = content.decode("utf-8-sig")
        found: object = tomllib.loads(text) if name.lower().endswith(".toml") else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PathwayError(name or "file", f"Cannot parse the file: {error}.", "Give TOML or JSON in UTF-8.") from error
    if not isinstance(found, dict):
        raise PathwayError(name or "file", "Expected a table at the top.", "Write a name, nodes, pools, arrivals.")
    return cast(Document, json.loads(json.dumps(found, default=str)))


def with_situation(document: Mapping[str, Any], told: Mapping[str, Any]) -> Document:
    """Give a document with what a situation of the library makes of it.

    Parameters
    ----------
    document : Mapping[str, Any]
        Pathway document.
    told : Mapping[str, Any]
        ``situation`` and its ``values``.

    Raises
    ------
    PathwayError
        If the document has nothing that the situation speaks of.
    """
    changes = situation_changes(document, str(told["situation"]), told["values"])
    return cast(Document, json.loads(json.dumps(changed(document, changes), default=list)))


def plan_for(document: Mapping[str, Any], *, start_at: int, hours: float) -> RunPlan:
    """Check a document and give what is run; patients come, nobody is in place yet.

    Raises
    ------
    PathwayError, PathwayRefused
        With every fault, its place and its cure.
    """
    request = ExperimentRequest(pathway=document, start_at=start_at, horizon_s=hours * 3600.0)
    return plan_of(request, Scenario(name="as it is"))


def playback(document: Mapping[str, Any], *, start_at: int, hours: float, frames: int = 96) -> Playback:
    """Run once and give what one would have seen.

    Parameters
    ----------
    document : Mapping[str, Any]
        Pathway document.
    start_at : int
        UTC microseconds.
    hours : float
        Length of the run.
    frames : int, optional
        How many pictures.
    """
    plan = plan_for(document, start_at=start_at, hours=hours)
    return play_run(plan, every_us=max(1, int(hours * HOUR_US) // frames))


def warm_up(document: Mapping[str, Any], *, start_at: int) -> WarmUp:
    """Give how long a run from an empty house must not count, in whole days: arrivals and shifts repeat by the day.

    Parameters
    ----------
    document : Mapping[str, Any]
        Pathway document.
    start_at : int
        UTC microseconds.
    """
    request = ExperimentRequest(
        pathway=document,
        start_at=start_at - start_at % HOUR_US,
        horizon_s=WARM_UP_DAYS * 86_400.0,
        replications=WARM_UP_RUNS,
    )
    return find_warm_up(request, cycle_s=86_400.0)


def shown(pathway: Pathway, document: Mapping[str, Any]) -> PathwayShown:
    """Lay a pathway out.

    Parameters
    ----------
    pathway : Pathway
        Checked.
    document : Mapping[str, Any]
        From which it was made, for the words.

    Notes
    -----
    A node stands in the column of the longest way to it that goes round no loop; within a column nodes stand in the
    order of the mean height of those before them, so that ways cross seldom.
    """
    entries = cast("Mapping[str, Mapping[str, Any]]", document.get("nodes", {}))
    # What building has added, such as the steps of a turnover, nobody has written and nobody can change.
    graph = nx.DiGraph(pathway.graph.subgraph([node for node in pathway.operations if node in entries]))
    column = _columns(graph)
    rows: dict[str, float] = {}
    for number in range(max(column.values(), default=-1) + 1):
        members = [node for node in graph.nodes if column[node] == number]
        members.sort(key=lambda node: (_height(graph, node, rows), node))
        for place, node in enumerate(members):
            rows[node] = (place + 0.5) / len(members) - 0.5 if len(members) > 1 else _height(graph, node, rows)
    nodes = tuple(
        NodeShown(
            id=node,
            does=str(entries.get(node, {}).get("do", "")),
            x=float(column[node]),
            y=rows[node],
            text=json.dumps(entries.get(node, {}), ensure_ascii=False)[:300],
        )
        for node in graph.nodes
    )
    ways = tuple(
        WayShown(start=start, end=end, roles=tuple(roles))
        for start, end, roles in graph.edges(data="roles", default=())
    )
    return PathwayShown(name=pathway.name, nodes=nodes, ways=ways)


def _columns(graph: nx.DiGraph[str]) -> dict[str, int]:
    condensed = nx.condensation(graph)
    depth: dict[int, int] = {}
    for part in nx.topological_sort(condensed):
        depth[part] = max((depth[before] + 1 for before in condensed.predecessors(part)), default=0)
    found: dict[str, int] = {}
    for part, members in condensed.nodes(data="members"):
        for node in members:
            found[node] = depth[part]
    return found


def _height(graph: nx.DiGraph[str], node: str, rows: Mapping[str, float]) -> float:
    before = [rows[other] for other in graph.predecessors(node) if other in rows]
    return sum(before) / len(before) if before else 0.0


def entries_of(document: Mapping[str, Any]) -> list[str]:
    """Give the addresses of all entries that can be changed, such as ``pools.icu``."""
    return [
        f"{section}.{name}"
        for section in SECTIONS
        if isinstance(document.get(section), Mapping)
        for name in cast("Mapping[str, Any]", document[section])
    ]


def entry_text(document: Mapping[str, Any], address: str) -> str:
    """Give one entry as JSON to be edited; empty if there is none."""
    section, _dot, name = address.partition(".")
    held = document.get(section)
    if not isinstance(held, Mapping) or name not in held:
        return ""
    return json.dumps(held[name], ensure_ascii=False, indent=2)


def with_entry(document: Mapping[str, Any], address: str, text: str) -> Document:
    """Give a document with one entry put in, changed, or taken out if the text is empty.

    Parameters
    ----------
    document : Mapping[str, Any]
        Stays as it is.
    address : str
        Section and name, such as ``nodes.triage``.
    text : str
        JSON.

    Raises
    ------
    PathwayError
        If address or text cannot be used.
    """
    section, dot, name = address.strip().partition(".")
    if section not in SECTIONS or not dot or not name:
        raise PathwayError("entry", f"{address!r} is no entry.", f"Write SECTION.NAME: {', '.join(SECTIONS)}.")
    made = cast(Document, json.loads(json.dumps(document)))
    held = made.setdefault(section, {})
    if not isinstance(held, dict):
        raise PathwayError(section, "Expected a table.", "Load a document with one.")
    if not text.strip():
        if name not in held:
            raise PathwayError(address, "There is no such entry.", "Choose one of the list.")
        del held[name]
        return made
    try:
        held[name] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PathwayError(address, f"Cannot parse the entry: {error}.", "Write JSON.") from error
    return made
