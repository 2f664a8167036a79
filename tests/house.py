"""A small ward to tell stories about, and facts with fewer words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from twin.clock import MINUTE_US
from twin.events.envelope import Event
from twin.events.patients import EncounterClass, EncounterStarted
from twin.events.places import PlaceDefined, PlaceKind
from twin.state.live import LiveState

E = TypeVar("E", bound=Event)


class House:
    """Two wards with two beds each; facts are minutes after midnight."""

    def __init__(self, *, capacity: int = 1) -> None:
        self.state = LiveState()
        self.facts: list[Event] = []
        self.tell(PlaceDefined, "site", 0, kind=PlaceKind.SITE, name="Site")
        for ward in ("north", "south"):
            self.tell(PlaceDefined, ward, 0, kind=PlaceKind.WARD, name=ward, parent="site")
            self.tell(PlaceDefined, f"{ward}-room", 0, kind=PlaceKind.ROOM, name="Room", parent=ward)
            for number in (1, 2):
                self.tell(
                    PlaceDefined,
                    f"{ward}-{number}",
                    0,
                    kind=PlaceKind.BED,
                    name=f"Bed {number}",
                    parent=f"{ward}-room",
                    capacity=capacity,
                )

    def tell(self, kind: type[E], thing: str, minute: float, /, *, source: str = "his:main", **payload: Any) -> E:
        number = len(self.facts)
        event = kind(
            thing=thing,
            occurred_at=round(minute * MINUTE_US),
            source=source,
            source_key=f"{number:04}",
            id=f"id-{number:04}",
            **payload,
        )
        self.facts.append(event)
        self.state.apply(event, number + 1)
        return event

    def admit(self, encounter: str, place: str, minute: float = 1) -> EncounterStarted:
        return self.tell(EncounterStarted, encounter, minute, encounter_class=EncounterClass.INPATIENT, place=place)


def replay(facts: Sequence[Event]) -> LiveState:
    state = LiveState()
    state.apply_all(facts)
    return state
