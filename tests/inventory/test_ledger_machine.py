"""Invariants of the stock ledger after any history of commands, against a model that only adds and subtracts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy.engine import Engine
from sqlmodel import Session

import inventory.tables.triggers  # noqa: F401
from inventory.model.lots import LotStatus
from inventory.model.movements import Movement
from inventory.service import correcting, handing_out, safety, using
from inventory.service.handing_out import Request
from inventory.tables.balances import StockFilter, list_stock
from inventory.tables.driver import Driver
from tests.inventory.stockroom import FakeLedger, Stockroom
from twin.clock import DAY_US
from twin.db.database import Database
from twin.errors import Refused

PLACES = ("store", "ward")
_runs = count(1)
Key = tuple[str, str]


class StockMachine(RuleBasedStateMachine):
    """Commands on one item; ``model`` holds what should lie where, by place and lot."""

    engine: Engine
    movements = Bundle("movements")

    def __init__(self) -> None:
        super().__init__()
        self.prefix = f"run{next(_runs)}"
        self.session = Session(self.engine)
        self.room = Stockroom(self.session, FakeLedger())
        numbers = count(1)
        self.room.numbers = lambda: f"{self.prefix}-{next(numbers)}"  # type: ignore[assignment,return-value]
        self.item = f"{self.prefix}-gloves"
        self.room.item(self.item)
        self.model: dict[Key, int] = {}
        self.expiry: dict[str, int] = {}
        self.blocked: set[str] = set()
        self.reversed: set[str] = set()
        self.history: list[tuple[int, dict[Key, int]]] = []

    def teardown(self) -> None:
        self.session.rollback()
        self.session.close()

    def place(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def eligible(self, place: str) -> dict[str, int]:
        return {
            lot: quantity
            for (held_at, lot), quantity in self.model.items()
            if held_at == place and quantity > 0 and lot not in self.blocked and self.expiry[lot] > self.room.now
        }

    def add(self, place: str, lot: str, change: int) -> None:
        self.model[place, lot] = self.model.get((place, lot), 0) + change
        assert self.model[place, lot] >= 0

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        with self.session.begin_nested():
            yield

    @rule(
        target=movements,
        number=st.sampled_from("ABC"),
        days=st.sampled_from([3, 30, 300]),
        quantity=st.integers(1, 20),
        name=st.sampled_from(PLACES),
    )
    def receive(self, number: str, days: int, quantity: int, name: str) -> Movement:
        moved = self.room.receive(self.item, quantity, self.place(name), lot=number, days=days)
        lot = moved.lines[0].lot
        self.expiry[lot] = self.room.now + days * DAY_US
        self.add(self.place(name), lot, quantity)
        return moved

    @rule(target=movements, quantity=st.integers(1, 15), name=st.sampled_from(PLACES))
    def pick(self, quantity: int, name: str) -> Movement | None:
        place, target = self.place(name), self.place("cart")
        usable = self.eligible(place)
        request = Request(item=self.item, quantity=quantity, place=place, to_place=target)
        command = self.room.command()
        if sum(usable.values()) < quantity:
            with pytest.raises(Refused), self.savepoint():
                handing_out.pick(self.session, ledger=self.room.ledger, command=command, request=request)
            return None
        moved = handing_out.pick(self.session, ledger=self.room.ledger, command=command, request=request)
        again = handing_out.pick(self.session, ledger=self.room.ledger, command=command, request=request)
        assert again.lines == moved.lines
        left = dict(usable)
        for line in moved.lines:
            assert line.lot in usable  # I4: never expired, recalled or held
            left[line.lot] -= line.quantity
            self.add(place, line.lot, -line.quantity)
            self.add(target, line.lot, line.quantity)
        latest = max(self.expiry[line.lot] for line in moved.lines)
        assert all(not rest for lot, rest in left.items() if self.expiry[lot] < latest)  # I5: FEFO
        return moved

    @rule(target=movements, quantity=st.integers(1, 15), name=st.sampled_from(PLACES))
    def consume(self, quantity: int, name: str) -> Movement:
        place = self.place(name)
        moved = using.consume(
            self.session,
            ledger=self.room.ledger,
            command=self.room.command(encounter="enc"),
            use=using.Use(item=self.item, quantity=quantity, place=place),
        )
        for line in moved.lines:
            self.expiry.setdefault(line.lot, 2**62)
            if line.to_place == place:
                self.add(place, line.lot, line.quantity)
            else:
                self.add(place, line.lot, -line.quantity)
        return moved

    @rule(name=st.sampled_from(PLACES), error=st.integers(-4, 4))
    def count_one_lot(self, name: str, error: int) -> None:
        place = self.place(name)
        for (held_at, lot), quantity in sorted(self.model.items()):
            if held_at == place and quantity:
                seen = max(0, quantity + error)
                counted = [correcting.Counted(item=self.item, place=place, lot=lot, quantity=seen)]
                correcting.count(self.session, ledger=self.room.ledger, command=self.room.command(), counted=counted)
                self.add(place, lot, seen - quantity)
                return

    @rule(movement=movements)
    def reverse(self, movement: Movement | None) -> None:
        if movement is None:
            return
        command = self.room.command()
        try:
            with self.savepoint():
                undone = correcting.reverse(
                    self.session, ledger=self.room.ledger, command=command, movement=movement.id
                )
        except Refused:
            gone = any(
                self.model.get((line.to_place, line.lot), 0) < line.quantity
                for line in movement.lines
                if line.to_place.startswith(self.prefix)
            )
            assert gone or movement.id in self.reversed
            return
        assert movement.id not in self.reversed
        self.reversed.add(movement.id)
        for line in undone.lines:
            for place, sign in ((line.from_place, -1), (line.to_place, 1)):
                if place.startswith(self.prefix):
                    self.model[place, line.lot] = self.model.get((place, line.lot), 0) + sign * line.quantity
        assert all(quantity >= 0 for quantity in self.model.values())

    @precondition(lambda self: self.expiry)
    @rule(index=st.integers(0, 5))
    def recall(self, index: int) -> None:
        lots = sorted(lot for lot in self.expiry if lot)
        if not lots:
            return
        lot = lots[index % len(lots)]
        found = list_stock(Driver(self.session), StockFilter(lot=lot))
        safety.change_status(self.session, lot=lot, status=LotStatus.RECALLED, reason="notice")
        self.blocked.add(lot)
        traced = safety.trace(self.session, lots=[found[0].lot]) if found else None
        if traced:  # I13: every place is found
            held = {(hit.place, hit.lot): hit.on_hand for hit in traced.places}
            assert held == {key: q for key, q in self.model.items() if key[1] == lot and q}

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.history.append((self.room.now, dict(self.model)))
        self.room.now += days * DAY_US

    @invariant()
    def books_equal_the_model(self) -> None:
        held = {
            (each.holding.place, each.holding.lot): each.holding.on_hand
            for each in list_stock(Driver(self.session), StockFilter(item=self.item, limit=1000))
        }
        assert held == {key: quantity for key, quantity in self.model.items() if quantity}
        assert correcting.verify(self.session) == []

    @invariant()
    def past_is_what_it_was(self) -> None:
        for at, then in self.history[-2:]:
            for name in PLACES:
                place = self.place(name)
                expected = sum(quantity for (held_at, _), quantity in then.items() if held_at == place)
                assert correcting.as_of(self.session, item=self.item, place=place, occurred_at=at) == expected


def test_any_history_of_commands_keeps_the_books_right(database: Database) -> None:
    class Machine(StockMachine):
        engine = database.write_engine

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
