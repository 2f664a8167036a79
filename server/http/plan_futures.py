"""Kept plans played through futures over HTTP: what one risks, and which of two risks less."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

import msgspec

from dash_app.queries import plan_futures
from scheduling.model.futures import MOST_FUTURES, Uncertainty
from scheduling.rules.chance import Futures
from scheduling.service.futures import RiskCompared
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from twin.access import Permission

router = Router("/v1/plans", tag="plans")


class FuturesTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a plan is to be played; what is left out is usual, emergencies are those of the hospital as it is now.

    ``other`` is a plan of the same days to be played through the same futures. The rest are fields of
    ``scheduling.model.futures.Uncertainty``.
    """

    futures: Annotated[int, msgspec.Meta(ge=2, le=MOST_FUTURES)] = 1000
    seed: Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)] = 0
    other: Annotated[str, msgspec.Meta(max_length=200)] = ""
    operation_cv: float | None = None
    no_show_share: float | None = None
    late_share: float | None = None
    early_share: float | None = None
    emergency_operations_per_day: float | None = None
    emergency_beds_per_day: float | None = None
    emergency_minutes: float | None = None
    emergency_stay_days: float | None = None
    turnover_minutes: int | None = None
    overtime_limit_minutes: int | None = None


class RiskShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan risks; ``other`` and ``differences`` (other minus plan) only if another plan was named.

    ``spreads`` are the figures that it was played with and nobody has told: each with its 95 % interval, the usual
    figure, the number of cases of the hospital's own log, and its origin: ``usual``, ``mixed`` of both, ``own``, or
    ``live`` for the twin's estimate from who is there now.
    """

    risk: msgspec.Raw
    other: msgspec.Raw
    differences: msgspec.Raw
    spreads: msgspec.Raw


def _changes(told: FuturesTold) -> dict[str, float | int]:
    given = msgspec.structs.asdict(told)
    return {one.name: given[one.name] for one in fields(Uncertainty) if given[one.name] is not None}


@router.post("/{plan_id}/futures", permission=Permission.PLANS_READ, takes=FuturesTold, gives=RiskShown)
def play_plan(call: CallDep, plan_id: PathText) -> RiskShown:
    """Play a plan through simulated futures from the live state: overruns, emergencies, late discharges, no-shows."""
    told = call.read(FuturesTold)
    futures = Futures(count=told.futures, seed=told.seed)
    state = call.hospital.live.freeze(call.now)
    with call.hospital.read() as session:
        assumed = plan_futures.told_by_hand(plan_futures.uncertainty_for(session, state, plan_id), _changes(told))
        found = plan_futures.risk(session, plan_id, told.other, uncertainty=assumed.uncertainty, futures=futures)
    spreads = _raw(assumed.spreads)
    if isinstance(found, RiskCompared):
        return RiskShown(
            risk=_raw(found.first), other=_raw(found.second), differences=_raw(found.differences), spreads=spreads
        )
    return RiskShown(risk=_raw(found), other=_raw(None), differences=_raw(()), spreads=spreads)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value, order="deterministic"))
