"""Limits and clocks of devices over HTTP: electrical safety, reporting of incidents, endoscopes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sqlmodel import Session

from assets.model.electrical import Method, Quantity
from assets.model.incidents import ReportingClock, Severity
from assets.rules.endoscopes import ScopeLimits
from assets.service import limits
from server.doors.context import CallDep
from server.doors.router import Router
from server.http.asset_bodies import Key, Short
from server.http.assets import act_of
from server.http.record_bodies import Positive
from twin.access import Permission

router = Router("/v1/device-limits", tag="device limits")

Days = Annotated[int, msgspec.Meta(ge=1, le=365)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=31_536_000)]


class ElectricalLimitTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Greatest value: µA, or mΩ for protective earth; no method where the limit does not depend on it."""

    quantity: Quantity
    subject: Key
    limit: Positive
    method: Method = Method.NONE
    source: Short = ""


class ElectricalTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All limits of electrical safety tests; what is left out has no limit, and such a value is refused."""

    limits: Annotated[list[ElectricalLimitTold], msgspec.Meta(min_length=1, max_length=200)]


class ClockTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Until when an incident of a severity must be reported, and the rule that says so."""

    days: Days
    source: Short
    is_working_days: bool = False


class ClocksTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Clocks by severity; a severity that is left out has none."""

    clocks: dict[Severity, ClockTold]


class ScopesTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Clocks of endoscopes, as the risk assessment of the hospital sets them."""

    bedside_to_clean_s: Seconds
    clean_to_machine_s: Seconds
    drying_s: Seconds
    hang_s: Seconds
    source: Short


class LimitsShown(msgspec.Struct, frozen=True, kw_only=True):
    """All limits in force, with where they come from."""

    electrical: list[limits.ElectricalLimit]
    clocks: dict[Severity, ReportingClock]
    endoscopes: ScopeLimits


def _shown(session: Session) -> LimitsShown:
    return LimitsShown(
        electrical=limits.electrical_limits(session),
        clocks=limits.reporting_clocks(session),
        endoscopes=limits.scope_limits(session),
    )


@router.get("", permission=Permission.DEVICES_READ, gives=LimitsShown)
def read_limits(call: CallDep) -> LimitsShown:
    """Give the limits and clocks by which devices are judged here."""
    with call.hospital.read() as session:
        return _shown(session)


@router.put("/electrical", permission=Permission.DEVICES_WRITE, takes=ElectricalTold, gives=LimitsShown)
async def set_electrical(call: CallDep) -> LimitsShown:
    """Set the limits of electrical safety tests; tests that were judged keep what was decided then."""
    told, act = call.read(ElectricalTold), act_of(call)
    wanted = [limits.ElectricalLimit(**msgspec.structs.asdict(one)) for one in told.limits]

    def use_case(session: Session) -> LimitsShown:
        limits.save_electrical_limits(session, act=act, limits=wanted)
        return _shown(session)

    return await call.hospital.write(use_case)


@router.put("/clocks", permission=Permission.DEVICES_WRITE, takes=ClocksTold, gives=LimitsShown)
async def set_clocks(call: CallDep) -> LimitsShown:
    """Set until when incidents must be reported; clocks that run keep the end that they were given."""
    told, act = call.read(ClocksTold), act_of(call)
    wanted = {severity: ReportingClock(**msgspec.structs.asdict(clock)) for severity, clock in told.clocks.items()}

    def use_case(session: Session) -> LimitsShown:
        limits.save_reporting_clocks(session, act=act, clocks=wanted)
        return _shown(session)

    return await call.hospital.write(use_case)


@router.put("/endoscopes", permission=Permission.DEVICES_WRITE, takes=ScopesTold, gives=LimitsShown)
async def set_scopes(call: CallDep) -> LimitsShown:
    """Set the clocks of endoscopes."""
    told, act = call.read(ScopesTold), act_of(call)
    wanted = ScopeLimits(**msgspec.structs.asdict(told))

    def use_case(session: Session) -> LimitsShown:
        limits.save_scope_limits(session, act=act, limits=wanted)
        return _shown(session)

    return await call.hospital.write(use_case)
