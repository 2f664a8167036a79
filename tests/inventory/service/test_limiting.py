"""Par levels within a budget and a room, and wards that help each other out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from inventory.model.items import Criticality
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.model.planning import Expected, PlanSettings
from inventory.model.stock import ParLevel
from inventory.rules.planning.limits import Limits
from inventory.service import helping, restocking
from inventory.service.limiting import limit_pars, propose_limited
from inventory.service.planning import load_proposal
from inventory.tables.catalogue import save_place
from inventory.tables.driver import Driver
from inventory.tables.planning import save_expected
from scheduling.tables.tasks import list_tasks
from tests.inventory.stockroom import Stockroom
from twin.errors import FieldError
from twin.ids import ItemId, PlaceId


def par(room: Stockroom, place: str, item: str, *, level: int = 20, point: int = 5) -> None:
    wanted = ParLevel(
        place=PlaceId(place), item=ItemId(item), par_level=level, reorder_point=point, source=PlaceId("store")
    )
    restocking.store_pars(room.session, [wanted], accepted_by="user-1", at=room.now)


def used(room: Stockroom, place: str, item: str, mean: float, sd: float = 2.0) -> None:
    expected = Expected(
        place=place, item=item, method="ses", mean_per_day=mean, sd_per_day=sd, periods=26, censored=0, at=room.now
    )
    save_expected(Driver(room.session), [expected])


@pytest.fixture
def wards(stockroom: Stockroom) -> Stockroom:
    stockroom.item("vital", unit_cost_minor=100, unit_volume_ml=500, criticality=Criticality.VITAL)
    stockroom.item("nice", unit_cost_minor=100, unit_volume_ml=500, criticality=Criticality.DESIRABLE)
    for place in ("ward-1", "ward-2"):
        for item in ("vital", "nice"):
            par(stockroom, place, item)
            used(stockroom, place, item, 6.0)
    return stockroom


def chosen(room: Stockroom, **limits: object):  # type: ignore[no-untyped-def]
    wanted = Limits(**{"room_ml_by_place": {}, **limits})  # type: ignore[arg-type]
    return limit_pars(room.session, settings=PlanSettings(), wanted=wanted)


def test_a_budget_is_kept_and_vital_items_get_it_first(wards: Stockroom) -> None:
    free = chosen(wards)
    found = chosen(wards, budget_minor=free.value_minor * 2 // 3)

    assert found.is_possible
    assert found.value_minor <= free.value_minor * 2 // 3
    by_item: dict[str, float] = {}
    for each in found.lines:
        by_item[each.line.current.item] = by_item.get(each.line.current.item, 0.0) + each.chosen.missing_per_day
    assert by_item["vital"] < by_item["nice"]
    assert found.missing_per_day > free.missing_per_day


def test_a_room_limits_its_own_place_alone(wards: Stockroom) -> None:
    free = chosen(wards)
    found = chosen(wards, room_ml_by_place={"ward-1": 20_000.0})

    room = {"ward-1": 0, "ward-2": 0}
    for each in found.lines:
        room[each.line.current.place] += each.chosen.par_level * 500
    assert room["ward-1"] <= 20_000
    unlimited = sum(each.chosen.par_level * 500 for each in free.lines if each.line.current.place == "ward-2")
    assert room["ward-2"] == unlimited
    assert found.without_volume == 0


def test_limits_that_cannot_be_kept_say_what_the_least_is(wards: Stockroom) -> None:
    found = chosen(wards, budget_minor=1)

    assert (found.is_possible, found.lines) == (False, ())
    assert found.least_value_minor > 1


def test_chosen_levels_wait_in_the_par_studio(wards: Stockroom) -> None:
    found = chosen(wards, budget_minor=chosen(wards).value_minor // 2)

    count = propose_limited(wards.session, settings=PlanSettings(), found=found)

    assert count == sum(each.is_change for each in found.lines) > 0
    first = next(each for each in found.lines if each.is_change)
    proposal = load_proposal(wards.session, place=first.line.current.place, item=first.line.current.item)
    assert (proposal.par_level, proposal.reorder_point) == (first.chosen.par_level, first.chosen.reorder_point)


def test_nothing_planned_is_said_so(stockroom: Stockroom) -> None:
    with pytest.raises(FieldError):
        chosen(stockroom)


def ways(places: Sequence[str]) -> NDArray[np.int64]:
    """A corridor: each ward a minute further than the one before; nobody reaches the island."""
    at = np.array([10**9 if place == "island" else 60 * int(place[-1]) for place in places])
    return np.abs(at[:, None] - at[None, :])


@pytest.fixture
def corridor(stockroom: Stockroom) -> Stockroom:
    save_place(stockroom.session, StockPlace(id=PlaceId("store"), kind=StockPlaceKind.CENTRAL))
    stockroom.item("gloves")
    for place, quantity in (("ward-1", 2), ("ward-2", 40), ("ward-5", 60), ("island", 500)):
        par(stockroom, place, "gloves")
        used(stockroom, place, "gloves", 2.0)
        stockroom.receive("gloves", quantity, place=place, lot=place)
    return stockroom


def test_the_nearest_ward_with_more_than_its_own_need_helps_first(corridor: Stockroom) -> None:
    found = helping.find_help(corridor.session, seconds=ways, now=corridor.now)

    assert [(each.from_place, each.to_place, each.quantity, each.seconds) for each in found] == [
        ("ward-2", "ward-1", 18, 60)
    ]


def test_nobody_gives_what_it_needs_itself(corridor: Stockroom) -> None:
    found = helping.find_help(corridor.session, seconds=ways, now=corridor.now, days=16.0)

    # the near ward keeps its reorder point of 5 and 16 days of 2 of its 40; the far one gives the rest of the 18
    assert {(each.from_place, each.quantity) for each in found} == {("ward-2", 3), ("ward-5", 15)}


def test_wards_are_left_alone_while_a_store_has_some(corridor: Stockroom) -> None:
    corridor.receive("gloves", 1, place="store", lot="S")

    assert helping.find_help(corridor.session, seconds=ways, now=corridor.now) == []


def test_help_becomes_a_task_once(corridor: Stockroom) -> None:
    found = helping.find_help(corridor.session, seconds=ways, now=corridor.now)
    for _ in range(2):
        command = corridor.command()
        helping.ask_for_help(corridor.session, ledger=corridor.ledger, command=command, found=found)

    [task] = list_tasks(corridor.session)
    assert (task.from_place, task.to_place, task.quantity, task.reason) == ("ward-2", "ward-1", 18, "transshipment")
    assert helping.find_help(corridor.session, seconds=ways, now=corridor.now) == []  # it is on its way
