"""A kit is brought for a case, used on its encounter, and what was held ready goes back."""

from __future__ import annotations

import pytest

from inventory.model.kits import CartState, CaseCart, Kit, KitLine
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.service import correcting, handing_out, kits
from inventory.tables.balances import position_at
from inventory.tables.catalogue import save_place
from inventory.tables.driver import Driver
from inventory.tables.kits import list_carts, list_kits
from scheduling.tables.tasks import list_tasks
from tests.inventory.stockroom import Stockroom
from twin.clock import HOUR_US
from twin.errors import FieldError, NotFound, Refused
from twin.ids import PlaceId

HIP = Kit(
    id="hip",
    name="Hip replacement",
    procedure="5-820",
    lines=(KitLine(item="drape", opened=2), KitLine(item="suture", opened=3, held=2)),
)


@pytest.fixture
def theatre(stockroom: Stockroom) -> Stockroom:
    save_place(stockroom.session, StockPlace(id=PlaceId("store"), kind=StockPlaceKind.CENTRAL))
    for item in ("drape", "suture"):
        stockroom.item(item)
        stockroom.receive(item, 20, lot=item)
    kits.define_kit(stockroom.session, HIP)
    return stockroom


def asked(room: Stockroom) -> CaseCart:
    wanted = kits.Wanted(kit="hip", place="theatre-1", due_at=room.now + HOUR_US, encounter="e-9")
    return kits.ask_for_cart(room.session, ledger=room.ledger, command=room.command(), wanted=wanted)


def brought(room: Stockroom) -> None:
    for task in list_tasks(room.session):
        command = room.command(task=task.id)
        request = handing_out.Request(item=task.subject_id, quantity=task.quantity, place=task.from_place)
        handing_out.pick(room.session, ledger=room.ledger, command=command, request=request)
        handing_out.deliver(room.session, ledger=room.ledger, command=room.command(task=task.id), to_place="theatre-1")


def on_hand(room: Stockroom, item: str, place: str) -> int:
    return position_at(Driver(room.session), item=item, place=place).on_hand


def test_a_cart_asks_for_each_item_once_due_with_the_case(theatre: Stockroom) -> None:
    asked(theatre)

    tasks = {task.subject_id: task for task in list_tasks(theatre.session)}
    assert {item: (task.quantity, task.from_place, task.to_place) for item, task in tasks.items()} == {
        "drape": (2, "store", "theatre-1"),
        "suture": (5, "store", "theatre-1"),
    }
    assert {task.reason for task in tasks.values()} == {"case_cart"}
    assert {task.due_at for task in tasks.values()} == {theatre.now + HOUR_US}


def test_what_was_used_is_on_the_encounter_and_the_rest_goes_back(theatre: Stockroom) -> None:
    cart = asked(theatre)
    brought(theatre)
    closing = kits.Closing(
        used=[kits.CaseLine(item="drape", quantity=2), kits.CaseLine(item="suture", quantity=3)],
        returned=[kits.CaseLine(item="suture", quantity=2)],
        return_to="store",
    )

    closed = kits.close_cart(
        theatre.session, ledger=theatre.ledger, command=theatre.command(), cart=cart.id, closing=closing
    )

    assert closed.state is CartState.CLOSED
    assert (on_hand(theatre, "suture", "theatre-1"), on_hand(theatre, "suture", "store")) == (0, 17)
    rows = Driver(theatre.session).rows(
        "SELECT m.encounter, e.item, e.quantity FROM inventory_entry e JOIN inventory_movement m ON m.id = e.movement"
        " WHERE e.place = 'patient' ORDER BY e.item"
    )
    assert rows == [("e-9", "drape", 2), ("e-9", "suture", 3)]
    assert correcting.verify(theatre.session) == []


def test_a_cart_that_is_given_up_takes_its_tasks_along(theatre: Stockroom) -> None:
    cart = asked(theatre)
    kits.cancel_cart(theatre.session, ledger=theatre.ledger, command=theatre.command(), cart=cart.id)

    assert list_tasks(theatre.session) == []
    assert list_carts(theatre.session) == []
    with pytest.raises(Refused) as again:
        kits.cancel_cart(theatre.session, ledger=theatre.ledger, command=theatre.command(), cart=cart.id)
    assert again.value.code == "cart.state"


def test_goods_that_come_back_need_a_place(theatre: Stockroom) -> None:
    cart = asked(theatre)
    closing = kits.Closing(returned=[kits.CaseLine(item="suture", quantity=2)])

    with pytest.raises(FieldError):
        kits.close_cart(
            theatre.session, ledger=theatre.ledger, command=theatre.command(), cart=cart.id, closing=closing
        )


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ((), FieldError),
        ((KitLine(item="drape"),), FieldError),  # nothing of it
        ((KitLine(item="drape", opened=-1, held=3),), FieldError),
        ((KitLine(item="drape", opened=1), KitLine(item="drape", held=1)), FieldError),  # twice
        ((KitLine(item="nothing", opened=1),), NotFound),
    ],
)
def test_a_kit_that_cannot_be_is_refused(
    theatre: Stockroom, lines: tuple[KitLine, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        kits.define_kit(theatre.session, Kit(id="x", name="X", lines=lines))


def test_a_changed_kit_has_its_new_lines_only(theatre: Stockroom) -> None:
    kits.define_kit(theatre.session, Kit(id="hip", name="Hip", lines=(KitLine(item="drape", held=1),)))

    assert list_kits(theatre.session) == [Kit(id="hip", name="Hip", lines=(KitLine(item="drape", held=1),))]
