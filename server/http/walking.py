"""Ways and people: what dispatching and walking orders need from the present hospital."""

from __future__ import annotations

from scheduling.rules.tasks import Person, Seconds
from server.wiring import Hospital
from twin.errors import NotFound
from twin.events.things import BearerKind
from twin.places.building import Building
from twin.places.movers import Mover
from twin.places.routes import Routes


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

    def seconds(start: str, end: str) -> float:
        try:
            return float(routes.seconds(start, end))
        except NotFound:
            return float("inf")

    return seconds


def people_on_duty(hospital: Hospital) -> list[Person]:
    """Give the staff who can be given tasks, with the zones where readers see them and how many tasks they have."""
    live = hospital.live
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
    ]
