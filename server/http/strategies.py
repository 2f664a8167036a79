"""Alternative maintenance schedules over HTTP: begun on evidence, with their figures, and taken back."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from assets.model.maintenance import Strategy
from assets.model.strategies import Alternative
from assets.rules.alternatives import RateCheck
from assets.rules.due_dates import local_day
from assets.service import strategies
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.asset_bodies import Key, Short, Words, WordsTold, instant
from server.http.assets import act_of
from twin.access import Permission
from twin.errors import DecodeError

router = Router("/v1", tag="maintenance strategies")


class AlternativeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A schedule other than the manufacturer's for all devices of a model, and the evidence for it."""

    manufacturer: Short
    model: Key
    strategy: Strategy
    evidence: Words
    review_on: date
    months: Annotated[int, msgspec.Meta(ge=0, le=240)] = 0
    is_imaging: bool = False
    is_laser: bool = False
    is_critical: bool = True
    error_share: Annotated[float, msgspec.Meta(gt=0, lt=0.5)] = 0.05


class AlternativeShown(msgspec.Struct, frozen=True, kw_only=True):
    """An alternative schedule with the failures before and after; without figures while one side was not watched."""

    id: str
    manufacturer: str
    model: str
    strategy: Strategy
    months: int
    evidence: str
    review_on: date
    began_at: str
    ended_at: str
    ended_by: str
    ended_note: str
    rules: int
    figures: RateCheck | None


class AlternativeList(msgspec.Struct, frozen=True, kw_only=True):
    """Alternative schedules, the latest first."""

    strategies: list[AlternativeShown]


def _shown(session: Session, one: Alternative, now: int) -> AlternativeShown:
    return AlternativeShown(
        id=one.id,
        manufacturer=one.manufacturer,
        model=one.model,
        strategy=one.strategy,
        months=one.months,
        evidence=one.evidence,
        review_on=one.review_on,
        began_at=instant(one.began_at),
        ended_at=instant(one.ended_at),
        ended_by=one.ended_by.value if one.ended_by is not None else "",
        ended_note=one.ended_note,
        rules=len(one.months_by_rule),
        figures=strategies.figures_of(session, alternative=one, now=now),
    )


@router.get("/maintenance/strategies", permission=Permission.DEVICES_READ, gives=AlternativeList)
def list_strategies(call: CallDep, is_active: bool | None = None) -> AlternativeList:
    """List alternative schedules with failures before and after, each rate ratio with its n and interval."""
    with call.hospital.read() as session:
        found = strategies.list_alternatives(session, is_active=is_active)
        return AlternativeList(strategies=[_shown(session, one, call.now) for one in found])


@router.post(
    "/maintenance/strategies",
    permission=Permission.DEVICES_WRITE,
    takes=AlternativeTold,
    gives=AlternativeShown,
    status=201,
)
async def begin_strategy(call: CallDep) -> AlternativeShown:
    """Give all devices of a model another maintenance interval; it is taken back by itself where they fail more."""
    told, act = call.read(AlternativeTold), act_of(call)
    try:
        wanted = Alternative(id=f"alternative:{act.key}", **msgspec.structs.asdict(told))
    except ValueError as error:
        raise DecodeError(f"{error}", code="strategy.terms") from error
    today = local_day(call.now, ZoneInfo(call.hospital.settings.time_zone))
    return await call.hospital.write(
        lambda session: _shown(session, strategies.begin(session, act=act, alternative=wanted, today=today), call.now)
    )


@router.post(
    "/maintenance/strategies/{strategy}/end",
    permission=Permission.DEVICES_WRITE,
    takes=WordsTold,
    gives=AlternativeShown,
    status=201,
)
async def end_strategy(call: CallDep, strategy: PathText) -> AlternativeShown:
    """Take an alternative schedule back by hand: the former intervals hold again."""
    told, act = call.read(WordsTold), act_of(call)
    return await call.hospital.write(
        lambda session: _shown(
            session, strategies.end(session, act=act, alternative_id=strategy, reason=told.text), call.now
        )
    )
