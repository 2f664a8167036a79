"""Pieces with serial numbers and controlled drugs after any history: I8 and I10 against a model that only remembers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.engine import Engine
from sqlmodel import Session

import inventory.tables.triggers  # noqa: F401
from inventory.model.items import ItemKind, Tracking
from inventory.model.movements import Command, Movement
from inventory.model.places import is_virtual
from inventory.service import correcting, handing_out, receiving, using
from inventory.service.handing_out import Request
from inventory.tables.driver import Driver
from tests.inventory.stockroom import FakeLedger, Stockroom
from twin.clock import DAY_US
from twin.db.database import Database
from twin.errors import FieldError, Refused

PLACES = ("store", "theatre")
SERIALS = tuple(f"SN{number}" for number in range(5))
ACTORS = ("user-1", "user-2")
_runs = count(1)


class PiecesMachine(RuleBasedStateMachine):
    """``where`` holds the place of each serial, ``vials`` what the controlled drug's register must say by place."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.prefix = f"pieces{next(_runs)}"
        self.session = Session(self.engine)
        self.room = Stockroom(self.session, FakeLedger())
        numbers = count(1)
        self.room.numbers = lambda: f"{self.prefix}-{next(numbers)}"  # type: ignore[assignment,return-value]
        self.hip, self.morphine = f"{self.prefix}-hip", f"{self.prefix}-morphine"
        self.room.item(self.hip, kind=ItemKind.IMPLANT, tracking=Tracking.SERIAL)
        self.room.item(self.morphine, kind=ItemKind.DRUG, controlled_schedule="II")
        self.expires_at = self.room.now + 300 * DAY_US
        self.hip_lot = receiving.lot_id_of(self.hip, "L", self.expires_at)
        self.vial_lot = receiving.lot_id_of(self.morphine, "M", self.expires_at)
        self.where: dict[str, str] = {}
        self.vials = dict.fromkeys(PLACES, 0)
        self.lines = dict.fromkeys(PLACES, 0)
        self.implanted: dict[str, Movement] = {}

    def teardown(self) -> None:
        self.session.rollback()
        self.session.close()

    def place(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def command(self, **values: object) -> Command:
        self.room.now += 1  # no two commands are recorded in the same microsecond
        return self.room.command(**values)

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        with self.session.begin_nested():
            yield

    # ---- serials: I8 ----
    @rule(serial=st.sampled_from(SERIALS), name=st.sampled_from(PLACES))
    def receive_piece(self, serial: str, name: str) -> None:
        receipt = receiving.Receipt(
            item=self.hip,
            quantity=1,
            place=self.place(name),
            lot_number="L",
            expires_at=self.expires_at,
            serials=(serial,),
        )
        if serial in self.where:
            with pytest.raises(Refused), self.savepoint():  # the same piece cannot come twice
                receiving.receive(self.session, ledger=self.room.ledger, command=self.command(), receipts=[receipt])
            return
        receiving.receive(self.session, ledger=self.room.ledger, command=self.command(), receipts=[receipt])
        self.where[serial] = self.place(name)

    @rule(serial=st.sampled_from(SERIALS), start=st.sampled_from(PLACES), end=st.sampled_from(PLACES))
    def move_piece(self, serial: str, start: str, end: str) -> None:
        if start == end:
            return
        request = Request(item=self.hip, quantity=1, place=self.place(start), to_place=self.place(end), serial=serial)
        if self.where.get(serial) == self.place(start):
            handing_out.transfer(self.session, ledger=self.room.ledger, command=self.command(), request=request)
            self.where[serial] = self.place(end)
            return
        with pytest.raises(Exception, match=r"."), self.savepoint():  # not found, or elsewhere
            handing_out.transfer(self.session, ledger=self.room.ledger, command=self.command(), request=request)

    @rule(serial=st.sampled_from(SERIALS))
    def implant_piece(self, serial: str) -> None:
        place = self.where.get(serial)
        if place is None or is_virtual(place):
            return
        self.implanted[serial] = using.implant(
            self.session,
            ledger=self.room.ledger,
            command=self.command(encounter="enc"),
            use=using.Use(item=self.hip, quantity=1, place=place, lot=self.hip_lot, serial=serial),
        )
        self.where[serial] = "patient"

    @rule(serial=st.sampled_from(SERIALS))
    def undo_implant(self, serial: str) -> None:
        movement = self.implanted.pop(serial, None)
        if movement is None:
            return
        correcting.reverse(self.session, ledger=self.room.ledger, command=self.command(), movement=movement.id)
        self.where[serial] = movement.lines[-1].from_place

    @invariant()
    def every_piece_is_in_exactly_one_place(self) -> None:
        driver = Driver(self.session)
        entered = driver.rows(
            "SELECT serial, place, SUM(quantity) FROM inventory_entry WHERE item = ? AND place <> 'supplier'"
            " GROUP BY serial, place HAVING SUM(quantity) <> 0",
            (self.hip,),
        )
        assert {(row[0], row[1]): row[2] for row in entered} == dict.fromkeys(self.where.items(), 1)
        kept = driver.rows("SELECT serial, place FROM inventory_serial WHERE item = ?", (self.hip,))
        assert dict(kept) == self.where  # type: ignore[arg-type]  # rows of two texts

    # ---- controlled drugs: I10 ----
    @rule(
        quantity=st.integers(1, 9),
        name=st.sampled_from(PLACES),
        actor=st.sampled_from(ACTORS),
        witness=st.sampled_from(("", *ACTORS)),
    )
    def receive_vials(self, quantity: int, name: str, actor: str, witness: str) -> None:
        receipt = receiving.Receipt(
            item=self.morphine,
            quantity=quantity,
            place=self.place(name),
            lot_number="M",
            expires_at=self.expires_at,
        )
        command = self.command(actor=actor, witness=witness)
        if witness == actor:
            with pytest.raises((Refused, FieldError)), self.savepoint():
                receiving.receive(self.session, ledger=self.room.ledger, command=command, receipts=[receipt])
            return
        receiving.receive(self.session, ledger=self.room.ledger, command=command, receipts=[receipt])
        self._changed(name, quantity)

    @rule(
        quantity=st.integers(1, 9),
        name=st.sampled_from(PLACES),
        actor=st.sampled_from(ACTORS),
        witness=st.sampled_from(ACTORS),
    )
    def waste_vials(self, quantity: int, name: str, actor: str, witness: str) -> None:
        command = self.command(actor=actor, witness=witness, reason="broken")
        use = using.Use(item=self.morphine, quantity=quantity, place=self.place(name), lot=self.vial_lot)
        if witness == actor or self.vials[name] < quantity:
            return  # what lacks comes from "found": another test looks at that
        using.waste(self.session, ledger=self.room.ledger, command=command, use=use)
        self._changed(name, -quantity)

    @rule(seen=st.integers(0, 20), name=st.sampled_from(PLACES), actor=st.sampled_from(ACTORS))
    def count_vials(self, seen: int, name: str, actor: str) -> None:
        counted = [
            correcting.Counted(
                item=self.morphine,
                place=self.place(name),
                quantity=seen,
                lot=self.vial_lot,
            )
        ]
        with pytest.raises((Refused, FieldError)), self.savepoint():  # alone nobody counts controlled drugs
            correcting.count(self.session, ledger=self.room.ledger, command=self.command(actor=actor), counted=counted)
        witness = next(each for each in ACTORS if each != actor)
        command = self.command(actor=actor, witness=witness)
        correcting.count(self.session, ledger=self.room.ledger, command=command, counted=counted)
        if seen != self.vials[name]:
            self._changed(name, seen - self.vials[name])

    def _changed(self, name: str, change: int) -> None:
        self.vials[name] += change
        self.lines[name] += 1

    @invariant()
    def register_runs_on_without_a_gap(self) -> None:
        for name in PLACES:
            lines = correcting.register(self.session, item=self.morphine, place=self.place(name))
            assert [line.number for line in lines] == list(range(1, self.lines[name] + 1))
            balance = 0
            for line in lines:
                balance += line.change
                assert line.balance == balance >= 0
                assert line.witness != line.actor
                assert line.witness or line.kind == "receive"  # what comes in is checked against its delivery note
            assert balance == self.vials[name]

    @invariant()
    def books_add_up(self) -> None:
        assert correcting.verify(self.session) == []


def test_any_history_of_pieces_and_vials_keeps_each_where_it_is(database: Database) -> None:
    class Machine(PiecesMachine):
        engine = database.write_engine

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
