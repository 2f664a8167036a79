"""Who sets the limits by which results are judged stands in the ledger with what they were."""

from __future__ import annotations

import msgspec
import pytest

from assets.model.electrical import Method, Quantity
from assets.rules.endoscopes import ScopeLimits
from assets.service import limits, machines
from assets.service.limits import ElectricalLimit, LimitsOf
from tests.assets.conftest import House
from tests.assets.service.test_reprocessing import P134
from twin.access import Role
from twin.errors import Forbidden
from twin.events.things import LimitsSet


def told(house: House) -> list[tuple[str, str, str, bool]]:
    return [(event.kind, event.thing, event.actor, bool(event.body)) for event in house.events(LimitsSet)]


def test_limits_that_change_are_told_with_who_set_them_and_what_they_are(house: House) -> None:
    wanted = [
        ElectricalLimit(quantity=Quantity.EQUIPMENT_LEAKAGE, method=Method.DIRECT, subject="I", limit=500.0, source="x")
    ]
    house.do(limits.save_electrical_limits, act=house.act(), limits=wanted)
    house.do(limits.save_electrical_limits, act=house.act("biomed-2"), limits=wanted)  # nothing changes
    house.do(limits.save_scope_limits, act=house.act("biomed-2"), limits=ScopeLimits(source="risk assessment"))
    house.do(limits.reset, act=house.act(), of=LimitsOf.ELECTRICAL)
    house.do(limits.reset, act=house.act(), of=LimitsOf.ELECTRICAL)  # nothing to take back any more

    assert told(house) == [
        ("electrical", "electrical", "biomed-1", True),
        ("endoscopes", "endoscopes", "biomed-2", True),
        ("electrical", "electrical", "biomed-1", False),
    ]
    first = house.events(LimitsSet)[0]
    assert msgspec.json.decode(first.body, type=list[ElectricalLimit]) == wanted


def test_a_programme_that_changes_or_goes_is_told_and_one_that_stays_is_not(house: House) -> None:
    house.do(machines.save_programme_limits, act=house.act(), programme=P134)
    house.do(machines.save_programme_limits, act=house.act(), programme=P134)
    house.do(machines.remove_programme, act=house.act("biomed-2"), programme_id=P134.id)

    assert told(house) == [
        ("programme", P134.id, "biomed-1", True),
        ("programme", P134.id, "biomed-2", False),
    ]


def test_limits_that_were_refused_are_not_told(house: House) -> None:
    with pytest.raises(Forbidden):
        house.do(limits.save_scope_limits, act=house.act("nurse-1", Role.NURSE), limits=ScopeLimits(source="x"))

    assert told(house) == []
