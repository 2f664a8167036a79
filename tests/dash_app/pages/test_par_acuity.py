"""The part of the par studio for other patients than usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dash_app.pages import par_acuity, par_studio
from dash_app.queries.port import HospitalPort
from inventory.model.items import Item
from inventory.model.planning import PlanSettings
from inventory.model.stock import ParLevel
from inventory.rules.planning.acuity import CLASSES
from inventory.service.planning import AcuitySurge
from inventory.service.restocking import store_pars
from inventory.tables.catalogue import save_item
from tests.dash_app.gathering import gathered
from tests.dash_app.pages.test_device_pages import words
from tests.dash_app.small_hospital import small_port
from twin.access import Role
from twin.errors import Forbidden, InputError, Unavailable
from twin.ids import ItemId, PlaceId
from twin.state.beds import ward_of

SHELF = "ICU-B4"


class Desk:
    """A desk that knows of one ward: two patients of level 1, one of whom nothing was told."""

    def __init__(self, ward: str) -> None:
        self.ward = ward
        self.asked: list[Mapping[str, Mapping[str, float]]] = []

    def by_ward(self, settings: PlanSettings) -> dict[str, Any]:
        days = np.zeros((settings.periods, len(CLASSES)))
        days[:, 0], days[:, -1] = 2.0 * settings.period_days, 1.0 * settings.period_days
        return {self.ward: days}

    def surge(self, told: Mapping[str, Mapping[str, float]], settings: PlanSettings) -> AcuitySurge | None:
        self.asked.append(told)
        return None


def port_with(desk: Desk | None, *roles: Role) -> HospitalPort:
    port = small_port(*roles)
    with port.read() as session:
        save_item(session, Item(id=ItemId("gauze"), code="gauze", name="Gauze"))
        par = ParLevel(place=PlaceId(SHELF), item=ItemId("gauze"), par_level=10, reorder_point=4)
        store_pars(session, [par], accepted_by="u", at=1)
        session.commit()
    return port if desk is None else replace(port, services={**port.services, "patient_days": desk})


def the_desk() -> Desk:
    return Desk(ward_of(small_port().state(), SHELF))


def test_choosing_a_place_fills_in_who_is_usually_there() -> None:
    shown = gathered(par_studio.register, port_with(the_desk()))["show_needs"].function

    needs, *usual = shown(SHELF)

    assert usual == [2.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    told = words(needs)
    assert "Gauze" in told
    assert "n = 364" in told  # 26 weeks of two patients


@pytest.mark.parametrize("place", [None, "nowhere", SHELF])
def test_without_patients_it_says_so(place: str | None) -> None:
    desk = None if place == SHELF else the_desk()

    needs, *usual = gathered(par_studio.register, port_with(desk))["show_needs"].function(place)

    assert usual == [None] * len(CLASSES)
    assert "No patient was followed" in words(needs)


def test_an_empty_field_leaves_that_level_as_it_usually_is() -> None:
    desk = the_desk()
    plan = gathered(par_studio.register, port_with(desk))["plan_for_patients"].function

    *_rest, said = plan(1, SHELF, 6, None, "", 0, None, None, "")

    assert desk.asked == [{desk.ward: {"1": 6.0, "4": 0.0}}]
    assert said.startswith("1 planned")


def test_who_may_not_plan_or_names_no_place_is_refused() -> None:
    plan = gathered(par_studio.register, port_with(the_desk(), Role.NURSE))["plan_for_patients"].function
    with pytest.raises(Forbidden):
        plan(1, SHELF, *[1] * 6, "")
    plan = gathered(par_studio.register, port_with(None))["plan_for_patients"].function
    with pytest.raises(InputError):
        plan(1, None, *[1] * 6, "")
    with pytest.raises(Unavailable):
        plan(1, SHELF, *[1] * 6, "")


def test_every_class_has_a_name() -> None:
    assert len({par_acuity.class_name(name) for name in CLASSES}) == len(CLASSES)
