"""How soon the nearest suitable free device is named, beside networkx and scipy.

Protocol: a house of five floors with 5,000 navigation points and lifts, 10,000 devices of 20 categories, a fifth of
them free; random questions "where is the nearest free device of this category". The peers get the same graph: networkx
(all seconds from the start, then the least over free devices) and scipy (the same in compiled code). Every answer is
compared with scipy's; answers that differ are counted.
"""

from __future__ import annotations

import json
import random
import sys
import time

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from twin.events.places import PathClosed, PathDefined, PathKind, PlaceDefined, PlaceKind
from twin.events.things import AssetRegistered, BearerKind, DeviceStatusChanged, TagBound, ZoneChanged
from twin.places.building import Building
from twin.places.movers import Mover
from twin.state.live import LiveState
from twin.state.locations import nearest_assets

FLOORS, ROWS, COLUMNS, DEVICES, CATEGORIES = 5, 25, 40, 10_000, 20


def head(number: int) -> dict[str, object]:
    return {"occurred_at": number, "source": "import:bench", "source_key": str(number)}


def make_building() -> list[PlaceDefined | PathDefined]:
    chance, facts = random.Random(1), []

    def name(floor: int, row: int, column: int) -> str:
        return f"f{floor}-{row:02}-{column:02}"

    def join(start: str, end: str, **payload: object) -> None:
        facts.append(PathDefined(thing=f"p{len(facts)}", start=start, end=end, **head(len(facts)), **payload))

    for floor in range(FLOORS):
        for row in range(ROWS):
            for column in range(COLUMNS):
                place = name(floor, row, column)
                facts.append(
                    PlaceDefined(thing=place, kind=PlaceKind.ROOM, name=place, floor=floor, **head(len(facts)))
                )
                if column:
                    join(name(floor, row, column - 1), place, length_m=chance.uniform(2.0, 6.0))
                if row and column % 4 == 0:
                    join(name(floor, row - 1, column), place, length_m=chance.uniform(3.0, 8.0))
                if floor and row % 8 == 0 and column % 20 == 0:
                    join(name(floor - 1, row, column), place, kind=PathKind.LIFT, floors=1)
    return facts


def make_state(places: list[str]) -> LiveState:
    chance, state = random.Random(2), LiveState()
    for n in range(DEVICES):
        asset, tag = f"a{n:05}", f"t{n:05}"
        status = "on" if chance.random() < 0.2 else "running"
        state.apply(AssetRegistered(thing=asset, category=f"c{n % CATEGORIES}", name=asset, **head(n)))
        state.apply(TagBound(thing=tag, bearer=asset, bearer_kind=BearerKind.ASSET, **head(n)))
        state.apply(ZoneChanged(thing=tag, zone=chance.choice(places), **head(n + 1)))
        state.apply(DeviceStatusChanged(thing=asset, status=status, **head(n)))
    return state


class Peers:
    """The same question to networkx and scipy."""

    def __init__(self, building: Building, state: LiveState) -> None:
        graph = building.routes(Mover.PERSON).graph
        size = len(graph.names)
        self.node = graph.node_by_place
        self.matrix = csr_matrix((graph.seconds, graph.indices, graph.indptr), shape=(size, size))
        self.networkx = nx.DiGraph()
        for row in range(size):
            for edge in range(graph.indptr[row], graph.indptr[row + 1]):
                self.networkx.add_edge(row, int(graph.indices[edge]), weight=float(graph.seconds[edge]))
        self.nodes_by_category: dict[str, NDArray[np.int64]] = {}
        for category, by_place in state.index.assets_by_category.items():
            free = {
                self.node[place] for place, assets in by_place.items() if any(is_free(state, asset) for asset in assets)
            }
            self.nodes_by_category[category] = np.array(sorted(free))

    def by_scipy(self, start: str, category: str) -> float:
        seconds = dijkstra(self.matrix, indices=self.node[start])
        return float(seconds[self.nodes_by_category[category]].min())

    def by_networkx(self, start: str, category: str) -> float:
        seconds = nx.single_source_dijkstra_path_length(self.networkx, self.node[start])
        return min(seconds.get(int(node), float("inf")) for node in self.nodes_by_category[category])


def is_free(state: LiveState, asset: str) -> bool:
    status = state.assets[asset].status
    return status is not None and status.status == "on"


def main(questions: int = 10_000) -> None:
    facts, building = make_building(), Building()
    for fact in facts:
        building.apply(fact)
    places = [fact.thing for fact in facts if isinstance(fact, PlaceDefined)]
    state = make_state(places)
    routes, peers, chance = building.routes(Mover.PERSON), Peers(building, state), random.Random(3)
    asked = [(chance.choice(places), f"c{chance.randrange(CATEGORIES)}") for _ in range(questions)]
    nearest_assets(state, routes, *asked[0][:1], category=asked[0][1], suits=lambda asset: is_free(state, asset))
    times, wrong = [], 0
    for start, category in asked:
        begun = time.perf_counter()
        [found] = nearest_assets(state, routes, start, category=category, suits=lambda asset: is_free(state, asset))
        times.append(time.perf_counter() - begun)
        wrong += abs(found.seconds - peers.by_scipy(start, category)) > 1e-6
    ours_ms = {share: float(np.quantile(times, share)) * 1e3 for share in (0.5, 0.99)}
    for row, work in (("scipy", peers.by_scipy), ("networkx", peers.by_networkx)):
        peer_times = []
        for start, category in asked[:300]:
            begun = time.perf_counter()
            work(start, category)
            peer_times.append(time.perf_counter() - begun)
        for share in (0.5, 0.99):
            say(
                f"nearest free device, p{share * 100:.0f}",
                ours_ms[share],
                row,
                float(np.quantile(peer_times, share)) * 1e3,
            )
    say(f"nearest free device, answers of {questions} that differ from brute force", wrong, "scipy", 0, "answers")
    lifts = [fact for fact in facts if isinstance(fact, PathDefined) and fact.kind is PathKind.LIFT]
    closing_ms = []
    for number, lift in enumerate(lifts[:20]):
        begun = time.perf_counter()
        building.apply(PathClosed(thing=lift.thing, **head(10**9 + number)))
        building.routes(Mover.PERSON).seconds(places[0], places[-1])
        closing_ms.append((time.perf_counter() - begun) * 1e3)
    say("a lift closed until the next way avoids it, longest of 20", max(closing_ms), "", 0)


def say(row: str, figure: float, peer: str, peer_figure: float, unit: str = "ms") -> None:
    ratio = round(peer_figure / figure, 1) if peer_figure and figure else None
    line = {"row": row, "figure": round(figure, 4), "unit": unit, "peer": peer, "peer_figure": round(peer_figure, 4)}
    print(json.dumps({**line, "ratio": ratio}))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
