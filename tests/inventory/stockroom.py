"""A small hospital's stock for tests: a fake ledger that runs real handlers, and short words for commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count as counter

from msgspec.structs import replace
from sqlmodel import Session

import inventory.handlers
import scheduling.handlers
from inventory.model.items import Item
from inventory.model.movements import Command, Movement
from inventory.service import receiving
from inventory.tables.catalogue import save_item
from twin.clock import DAY_US, from_datetime
from twin.events.envelope import Event
from twin.ids import ItemId
from twin.ports import Handler, HandlerContext, Stored
from twin.state.live import LiveState

NOW = from_datetime(datetime(2026, 11, 22, 10, tzinfo=UTC))


class FakeLedger:
    """An event sink that stores each fact once and runs handlers at once, as the real one does."""

    def __init__(self, *handler_maps: dict[type[Event], dict[str, Handler]]) -> None:
        self.events: list[Event] = []
        self._keys: set[tuple[str, str]] = set()
        self._maps = handler_maps

    def append(self, session: Session, events: Sequence[Event]) -> list[Stored]:
        stored = []
        for event in events:
            key = (event.source, event.source_key)
            if key in self._keys:
                continue
            self._keys.add(key)
            full = replace(event, id=event.id or f"event-{len(self.events):06d}", recorded_at=NOW)
            self.events.append(full)
            stored.append(Stored(sequence=len(self.events), event=full, is_new=True))
            self._handle(session, full)
        return stored

    def _handle(self, session: Session, event: Event) -> None:
        context = HandlerContext(opened=lambda: session, state=LiveState(), now=NOW, bearer_of=lambda tag, at: "")
        for handlers in self._maps:
            for name, handler in handlers.get(type(event), {}).items():
                for seq, derived in enumerate(list(handler(context, event))):
                    filled = replace(derived, source=f"twin:{name}", source_key=f"{event.id}:{seq}", causation=event.id)
                    self.append(session, [filled])

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def ledger_of_both_organs() -> FakeLedger:
    return FakeLedger(dict(inventory.handlers.handlers()), dict(scheduling.handlers.handlers()))


@dataclass
class Stockroom:
    """One transaction after another on a fresh database."""

    session: Session
    ledger: FakeLedger
    now: int = NOW
    numbers: Callable[[], int] = field(default_factory=lambda: counter(1).__next__)

    def command(self, **values: object) -> Command:
        given: dict[str, object] = {
            "id": f"command-{self.numbers()}",
            "actor": "user-1",
            "occurred_at": self.now,
            "recorded_at": self.now,
        }
        return Command(**{**given, **values})  # type: ignore[arg-type]  # test shorthand

    def item(self, code: str = "gloves", **values: object) -> Item:
        given: dict[str, object] = {"id": ItemId(code), "code": code, "name": code.title()}
        item = Item(**{**given, **values})  # type: ignore[arg-type]  # test shorthand
        save_item(self.session, item)
        return item

    def receive(self, item: str, quantity: int, place: str = "store", *, lot: str = "A", days: int = 100) -> Movement:
        return receiving.receive(
            self.session,
            ledger=self.ledger,
            command=self.command(),
            receipts=[
                receiving.Receipt(
                    item=item,
                    quantity=quantity,
                    place=place,
                    lot_number=lot,
                    expires_at=self.now + days * DAY_US if days is not None else 0,
                )
            ],
        )

    def lot(self, item: str, number: str, days: int = 100) -> str:
        return receiving.lot_id_of(item, number, self.now + days * DAY_US)
