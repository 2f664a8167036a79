"""What patients of each acuity need of a shelf, and how many of them are usually there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from dash_app.queries.port import HospitalPort
from inventory.model.planning import PlanSettings
from inventory.rules.forecasting.methods import Floats
from inventory.rules.planning.acuity import Rates, usual_patients
from inventory.service.planning import AcuitySurge, acuity_rates
from twin.state.beds import ward_of

SERVICE = "patient_days"
MOST_ITEMS = 200


class KnowsPatientDays(Protocol):
    """The desk of patient-days; ``server.acuity`` meets it."""

    def by_ward(self, settings: PlanSettings) -> dict[str, Floats]:
        """Give patient-days by ward, each of shape (n_periods, n_classes)."""

    def surge(self, told: Mapping[str, Mapping[str, float]], settings: PlanSettings) -> AcuitySurge | None:
        """Give a scenario as the planner takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a shelf's patients need.

    Parameters
    ----------
    ward : str
        Its ward.
    usual : array of shape (n_classes,)
        Patients usually present.
    days : array of shape (n_classes,)
        Patient-days that the rates rest on.
    rates : list[tuple[str, Rates]]
        By item, at most :data:`MOST_ITEMS`.
    """

    ward: str
    usual: Floats
    days: Floats
    rates: list[tuple[str, Rates]]


def desk(services: Mapping[str, object]) -> KnowsPatientDays | None:
    """Give the desk of patient-days; None where none was started."""
    return cast("KnowsPatientDays | None", services.get(SERVICE))


def needs(port: HospitalPort, place: str) -> Needs | None:
    """Give what the patients around a shelf need; None if none were followed there.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    place : str
        Id of the shelf.
    """
    knows, settings = desk(port.services), PlanSettings()
    ward = ward_of(port.state(), place)
    days = knows.by_ward(settings).get(ward) if knows is not None and ward else None
    if days is None:
        return None
    with port.read() as session:
        found = acuity_rates(session, place=place, days=days, settings=settings, now=port.clock.now(), most=MOST_ITEMS)
    return Needs(ward=ward, usual=usual_patients(days, settings.period_days), days=days.sum(axis=0), rates=found)
