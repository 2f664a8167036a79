"""Ways and people: what dispatching and walking orders need from the present hospital."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scheduling.model.routes import FAR_S
from scheduling.rules.tasks import Person, Seconds
from server.wiring import Hospital
from twin.events.things import BearerKind
from twin.places.building import Building
from twin.places.movers import Mover
from twin.places.routes import Routes
from twin.state.rosters import off_duty


def person_routes(hospital: Hospital) -> Routes:
    """Give the ways of a person through the present building."""
    live = hospital.live
    version = hash(
        (
            *(e.id for e in tuple(live.places.values())),
            *(e.id for e in tuple(live.paths.values())),
            *(e.id for e in tuple(live.closures.values())),
        )
    )
    known = hospital.services.get("tasks.walking")
    if not (isinstance(known, tuple) and known[0] == version):
        building = Building()
        for event in (*tuple(live.places.values()), *tuple(live.paths.values()), *tuple(live.closures.values())):
            building.apply(event)
        known = (version, building.routes(Mover.PERSON))
        hospital.services["tasks.walking"] = known
    routes: Routes = known[1]
    return routes


def walking_seconds(hospital: Hospital) -> Seconds:
    """Give walking seconds between places of the present building; a way that nobody knows is infinitely long."""
    routes = person_routes(hospital)
    graph = routes.graph
    known: dict[str, dict[str, float]] = {}  # a list of tasks asks from few places, and many times from each

    def seconds(start: str, end: str) -> float:
        if not (routes.knows(start) and routes.knows(end)):
            return float("inf")
        if start not in known:
            known[start] = routes.reach(start)
        return known[start].get(graph.names[graph.node_by_place[end]], float("inf"))

    return seconds


def walking_matrix(hospital: Hospital, places: Sequence[str]) -> NDArray[np.int64]:
    """Give walking seconds from each place to each other, shape (n, n); what nobody knows a way to is far.

    Parameters
    ----------
    hospital : Hospital
        Its building.
    places : Sequence[str]
        Ids.
    """
    routes = person_routes(hospital)
    graph = routes.graph
    nodes = [graph.names[graph.node_by_place[place]] if routes.knows(place) else "" for place in places]
    matrix = np.full((len(places), len(places)), FAR_S, dtype=np.int64)
    for row, start in enumerate(places):
        matrix[row, row] = 0
        if not routes.knows(start):
            continue
        reached = routes.reach(start)  # by node: a bed or a bin stands in the node of its room
        for column, node in enumerate(nodes):
            if node in reached:
                matrix[row, column] = min(FAR_S, round(reached[node]))
    return matrix


def people_on_duty(hospital: Hospital) -> list[Person]:
    """Give the staff who can be given tasks, with the zones where readers see them and how many tasks they have.

    Whoever a roster in force has off at present is left out; of whom no roster speaks may be there.
    """
    live = hospital.live
    off = off_duty(live.plans, hospital.clock.now())
    busy: dict[str, int] = {}
    for key in tuple(live.index.open_tasks):
        task = live.tasks.get(key)
        if task is not None and task.assignee:
            busy[task.assignee] = busy.get(task.assignee, 0) + 1
    return [
        Person(
            id=member.thing,
            role=member.role,
            place=live.index.zone_by_bearer[BearerKind.STAFF].get(member.thing, ""),
            open_tasks=busy.get(member.thing, 0),
        )
        for member in tuple(live.staff.values())
        if member.thing not in off
    ]
