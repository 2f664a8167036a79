"""Leave for a device to be outside over HTTP: a transfer, a loan, a return to its vendor."""

from __future__ import annotations

import msgspec
from sqlmodel import Session

from assets.rules.egress import Permit
from assets.service import custody
from assets.tables.register import load_asset
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.asset_bodies import Short
from server.http.assets import act_of
from server.http.history import parse_instant
from server.http.views import instant
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

router = Router("/v1/assets", tag="devices")


class PermitTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From when until when a device may be outside; from now on, and until it is taken back, where these are empty."""

    reason: Short
    start_at: Short = ""
    end_at: Short = ""


class PermitShown(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a device may be outside."""

    asset: str
    start_at: str
    end_at: str


class PermitList(msgspec.Struct, frozen=True, kw_only=True):
    """Permits of a device."""

    permits: list[PermitShown]


def _shown(permit: Permit) -> PermitShown:
    return PermitShown(asset=permit.asset, start_at=instant(permit.start_at), end_at=instant(permit.end_at))


@router.get("/{asset}/permits", permission=Permission.DEVICES_READ, gives=PermitList)
def list_permits(call: CallDep, asset: PathText) -> PermitList:
    """Give all times in which a device may, or might, be outside without an alarm."""
    with call.hospital.read() as session:
        load_asset(session, asset)
        return PermitList(permits=[_shown(permit) for permit in custody.permits_of(session, asset)])


@router.post("/{asset}/permits", permission=Permission.DEVICES_WRITE, takes=PermitTold, gives=PermitShown, status=201)
async def give_permit(call: CallDep, asset: PathText) -> PermitShown:
    """Let a device be outside for a time; the alarm at the door stays silent then."""
    told, act = call.read(PermitTold), act_of(call)
    start = parse_instant(told.start_at, "start_at") if told.start_at else act.now
    permit = Permit(asset=asset, start_at=start, end_at=parse_instant(told.end_at, "end_at") if told.end_at else 0)
    if permit.end_at and permit.end_at <= permit.start_at:
        message = "The permit ends before it begins."
        cure = "Give a later end_at."
        raise FieldError(FieldProblem(field="end_at", place="permit", message=message, cure=cure))
    if not told.reason.strip():
        problem = FieldProblem(field="reason", place="permit", message="Expected a reason.", cure="Say why it leaves.")
        raise FieldError(problem)

    def use_case(session: Session) -> PermitShown:
        custody.permit_leaving(session, act=act, permit=permit, reason=told.reason)
        return _shown(permit)

    return await call.hospital.write(use_case)


@router.post("/{asset}/permits/ending", permission=Permission.DEVICES_WRITE, gives=PermitList, status=201)
async def end_permits(call: CallDep, asset: PathText) -> PermitList:
    """Take back what a device may do now or later: it is in the house again, or must stay."""
    act = act_of(call)

    def use_case(session: Session) -> PermitList:
        custody.end_permits(session, act=act, asset_id=asset)
        return PermitList(permits=[_shown(permit) for permit in custody.permits_of(session, asset)])

    return await call.hospital.write(use_case)
