"""Worked cases of ../shared/data/assets, read by the tests only."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from assets.handlers import handlers
from assets.service.act import Act
from assets.tables import records, rows  # noqa: F401  # declare the tables
from twin.access import Actor, Role
from twin.clock import ManualClock
from twin.db.database import Database
from twin.events.envelope import Event
from twin.ledger.ledger import Ledger
from twin.state.live import LiveState
from twin.state.views import bearer_of

T = TypeVar("T")
E = TypeVar("E", bound=Event)

DATA = Path(os.environ.get("HOSPITAL_TWIN_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))


def case(name: str) -> Any:
    found = sorted((DATA / "assets").glob(f"{name}*.json"))
    if not found:
        message = f"{DATA}/assets/{name}*.json is absent: set HOSPITAL_TWIN_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return json.loads(found[0].read_text(encoding="utf-8"))


@pytest.fixture
def worked_case() -> Callable[[str], Any]:
    """Give the content of a worked case by the number that its file name begins with."""
    return case


@dataclass
class House:
    """A small hospital with this organ at work: real database, real ledger, real handlers."""

    database: Database
    ledger: Ledger
    state: LiveState
    clock: ManualClock
    _acts: Iterator[int] = field(default_factory=itertools.count)

    def act(self, who: str = "biomed-1", *roles: Role, key: str = "") -> Act:
        actor = Actor(id=who, name=who, roles=frozenset(roles or (Role.BIOMED,)))
        return Act(actor=actor, now=self.clock.now(), key=key or f"act-{next(self._acts)}", ledger=self.ledger)

    def do(self, use_case: Callable[..., T], **arguments: Any) -> T:
        return self.database.writer.run(lambda session: use_case(session, **arguments))

    def tell(self, *events: Event) -> None:
        self.database.writer.run(lambda session: self.ledger.append(session, events))

    def ask(self, question: Callable[..., T], **arguments: Any) -> T:
        with self.database.read() as session:
            return question(session, **arguments)

    def events(self, kind: type[E]) -> list[E]:
        with self.database.read() as session:
            assert self.ledger.unhandled(session) == []
            return [s.event for s in self.ledger.read(session, limit=100_000) if isinstance(s.event, kind)]


@pytest.fixture
def house(database: Database, clock: ManualClock) -> Iterator[House]:
    """The small hospital, once for each kind of database."""
    state = LiveState()
    ledger = Ledger(database, state=state, bearer_of=bearer_of, handlers=handlers(), clock=clock)
    yield House(database, ledger, state, clock)
    ledger.close()
