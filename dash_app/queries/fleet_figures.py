"""Use and cost of devices for pages."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import Session

from assets.service.fleet_figures import CostRatio, Utilisation, cost_ratios, utilisation
from dash_app.queries.port import HospitalPort


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Cost of service by model, and use by kind."""

    costs: list[CostRatio]
    uses: list[Utilisation]


def figures(session: Session, port: HospitalPort, *, days: int, category: str) -> Figures:
    """Give both figures.

    Parameters
    ----------
    session : Session
        Any session.
    port : HospitalPort
        The hospital.
    days : int
        How far back use is looked at.
    category : str
        Only this kind; all if empty.
    """
    now, zone = port.clock.now(), ZoneInfo(port.settings.time_zone)
    return Figures(
        costs=cost_ratios(session, now=now, zone=zone, category=category),
        uses=utilisation(session, state=port.state(), now=now, days=days, category=category),
    )
