"""How many events a second the live state takes in, beside naive folds of the same facts.

Protocol: 50,000 tags on assets, 1,000 beds, 300 items in 40 places; 400,000 events made in advance: 70 % sightings,
15 % stock movements, 10 % device status, 5 % patients; all indices on. The peers fold the same events without journals
and with the one index (who is in a zone) that they need: pydantic models (each event decoded as a route would hand it
over), and a dictionary of dictionaries. Events reach the live state in batches of 256 (a group commit), decoded just
before as the ledger hands them on; only applying is timed. Best of three, one core.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel

from twin.events import patients, places, registry, supply, things
from twin.events.envelope import Event
from twin.state.live import LiveState

ASSETS, ZONES, BEDS, ITEMS, STORES = 50_000, 800, 1_000, 300, 40
BATCH = 256


class Source:
    """Makes facts with their own keys."""

    def __init__(self) -> None:
        self.count = 0

    def make(self, kind: type[Event], thing: str, at: int, source: str = "gateway:bench", /, **payload: Any) -> Event:
        self.count += 1
        return kind(
            thing=thing,
            occurred_at=at,
            source=source,
            source_key=f"{self.count}",
            id=f"{self.count:036}",
            recorded_at=at,
            **payload,
        )


def make_house(source: Source, assets: int = ASSETS) -> list[Event]:
    events = [
        source.make(places.PlaceDefined, f"z{n}", 0, kind=places.PlaceKind.ROOM, name=f"Room {n}") for n in range(ZONES)
    ]
    events += [
        source.make(places.PlaceDefined, f"b{n}", 0, kind=places.PlaceKind.BED, name=f"Bed {n}", parent=f"z{n % ZONES}")
        for n in range(BEDS)
    ]
    for n in range(assets):
        events.append(
            source.make(things.AssetRegistered, f"a{n}", 1, category=f"c{n % 40}", name="Pump", home=f"z{n % ZONES}")
        )
        events.append(source.make(things.TagBound, f"t{n}", 2, bearer=f"a{n}", bearer_kind=things.BearerKind.ASSET))
    return events


def make_day(source: Source, count: int, assets: int = ASSETS) -> list[Event]:
    chance = random.Random(7)
    events: list[Event] = []
    zone_by_tag: dict[str, str] = {}
    for n in range(count):
        at, roll = 1_000_000 + n * 1_000, chance.random()
        if roll < 0.45:
            tag = f"t{chance.randrange(assets)}"
            events.append(source.make(things.ZoneConfirmed, tag, at, zone=zone_by_tag.get(tag, "z0")))
        elif roll < 0.70:
            tag, zone = f"t{chance.randrange(assets)}", f"z{chance.randrange(ZONES)}"
            zone_by_tag[tag] = zone
            events.append(source.make(things.ZoneChanged, tag, at, zone=zone))
        elif roll < 0.85:
            item, store = f"i{chance.randrange(ITEMS)}", f"z{chance.randrange(STORES)}"
            movement = {"quantity": 2, "from_place": "supplier", "to_place": store, "lot": f"L{chance.randrange(4)}"}
            events.append(source.make(supply.StockMoved, item, at, **movement))
        elif roll < 0.95:
            asset, status = f"a{chance.randrange(assets)}", chance.choice(("on", "running", "standby"))
            events.append(source.make(things.DeviceStatusChanged, asset, at, status=status))
        else:
            events.append(_patient(source, chance, n, at))
    return events


def _patient(source: Source, chance: random.Random, number: int, at: int) -> Event:
    encounter, bed = f"e{chance.randrange(5_000)}", f"b{chance.randrange(BEDS)}"
    kind = chance.choice(("start", "move", "finish", "stage"))
    if kind == "start":
        payload: dict[str, Any] = {"encounter_class": patients.EncounterClass.INPATIENT, "place": bed}
        return source.make(patients.EncounterStarted, encounter, at, "his:bench", **payload)
    if kind == "move":
        return source.make(patients.EncounterMoved, encounter, at, "his:bench", place=bed)
    if kind == "finish":
        return source.make(patients.EncounterFinished, encounter, at, "his:bench")
    return source.make(patients.StageReached, encounter, at, "his:bench", stage="triaged")


class NaiveEvent(BaseModel):
    """Any event, as a pydantic model."""

    type: str
    thing: str
    occurred_at: int
    source: str
    source_key: str
    zone: str = ""
    place: str = ""
    status: str = ""
    stage: str = ""
    from_place: str = ""
    to_place: str = ""
    quantity: int = 0


def fold_pydantic(bodies: Sequence[dict[str, Any]]) -> int:
    facets: dict[tuple[str, str], NaiveEvent] = {}
    members: defaultdict[str, set[str]] = defaultdict(set)
    stock: defaultdict[tuple[str, str], int] = defaultdict(int)
    for body in bodies:
        event = NaiveEvent.model_validate(body)
        _fold_naive(event.__dict__, facets, members, stock, event)
    return len(facets)


def fold_dictionaries(bodies: Sequence[dict[str, Any]]) -> int:
    facets: dict[tuple[str, str], Any] = {}
    members: defaultdict[str, set[str]] = defaultdict(set)
    stock: defaultdict[tuple[str, str], int] = defaultdict(int)
    for body in bodies:
        _fold_naive(body, facets, members, stock, body)
    return len(facets)


def _fold_naive(
    body: dict[str, Any],
    facets: dict[tuple[str, str], Any],
    members: defaultdict[str, set[str]],
    stock: defaultdict[tuple[str, str], int],
    kept: Any,
) -> None:
    kind, thing = body["type"], body["thing"]
    if kind == "StockMoved":
        stock[body["from_place"], thing] -= body["quantity"]
        stock[body["to_place"], thing] += body["quantity"]
        return
    key = ("zone" if kind.startswith("Zone") else kind, thing)
    held = facets.get(key)
    if held is not None:
        at = held["occurred_at"] if isinstance(held, dict) else held.occurred_at
        if at > body["occurred_at"]:
            return
        if key[0] == "zone":
            members[held["zone"] if isinstance(held, dict) else held.zone].discard(thing)
    facets[key] = kept
    if key[0] == "zone":
        members[body["zone"]].add(thing)


def best_of(runs: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(runs):
        gc.collect()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def say(row: str, figure: float, unit: str, peer: str = "", peer_figure: float = 0.0) -> None:
    ratio = round(figure / peer_figure, 2) if peer_figure else None
    line = {"row": row, "figure": round(figure, 3), "unit": unit, "peer": peer, "peer_figure": round(peer_figure, 3)}
    print(json.dumps({**line, "ratio": ratio}))


def apply_in_batches(state: LiveState, bodies: Sequence[bytes]) -> float:
    """Give the seconds that applying takes; each batch is decoded just before, as when the ledger hands it on."""
    seconds, number = 0.0, 0
    gc.collect()
    for first in range(0, len(bodies), BATCH):
        events = [registry.decode(body) for body in bodies[first : first + BATCH]]
        start = time.perf_counter()
        state.apply_all(events, number + 1)
        number += len(events)
        seconds += time.perf_counter() - start
    return seconds


def longest_piece(state: LiveState) -> float:
    """Give the seconds of the piece of a snapshot that takes longest to write."""
    pieces, longest = state.image().encoded(), 0.0
    while True:
        start = time.perf_counter()
        if next(pieces, None) is None:
            return longest
        longest = max(longest, time.perf_counter() - start)


def main(count: int = 400_000) -> None:
    source = Source()
    house, day = make_house(source), make_day(source, count)
    state = LiveState()
    state.apply_all(house)
    base = state.to_snapshot()
    bodies_json = [registry.encode(event) for event in day]
    rates = []
    for _ in range(3):
        fresh = LiveState.from_snapshot(base)
        rates.append(len(day) / apply_in_batches(fresh, bodies_json))
        state = fresh
    bodies = [msgspec.to_builtins(event) for event in day]
    pydantic_rate = len(day) / best_of(1, lambda: fold_pydantic(bodies))
    dictionary_rate = len(day) / best_of(3, lambda: fold_dictionaries(bodies))
    say("apply, all indices", max(rates), "events/s", "pydantic models, one index", pydantic_rate)
    say("apply, all indices", max(rates), "events/s", "dictionaries, one index", dictionary_rate)
    body = state.to_snapshot()
    write_ms = best_of(3, state.to_snapshot) * 1e3
    read_ms = best_of(3, lambda: LiveState.from_snapshot(body)) * 1e3
    say("snapshot of 50,000 assets and their tags: write", write_ms, "ms")
    # while the image is made no event is applied; while a piece is written no other thread computes
    say("snapshot of 50,000 assets and their tags: state held still", best_of(5, state.image) * 1e3, "ms")
    say("snapshot of 50,000 assets and their tags: longest piece", longest_piece(state) * 1e3, "ms")
    say(f"snapshot of 50,000 assets and their tags: read ({len(body) / 1e6:.1f} MB)", read_ms, "ms")
    say("freeze of 50,000 assets", best_of(3, state.freeze) * 1e3, "ms")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
