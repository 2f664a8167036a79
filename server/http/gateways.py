"""Gateways over HTTP: how they do, raw frames, test reads, allowed writes, and settings that prove themselves."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from sqlmodel import Session

from rfid_gateway.uplink.differences import Difference
from rfid_gateway.uplink.orders import OrderKind, OrderResult, Orders, Report
from server.audit.chain import Entry, note
from server.doors.context import Call, CallDep
from server.doors.pages import PathCount, PathText
from server.doors.router import Router
from server.gateways import reporting, versions
from server.gateways.desk import Reported, desk_of, keys_of
from server.gateways.setting_up import SettingUp
from server.http.views import instant
from server.schema.gateways import GatewaySettingsRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, Forbidden, Refused

router = Router("/v1/gateways", tag="gateways")

_P = Permission
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Value = Annotated[str, msgspec.Meta(max_length=2000)]


class GatewayShown(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's last report; instants in UTC microseconds. ``is_doubled`` if two gateways report under its id."""

    id: str
    reported_at: str
    is_silent: bool
    is_doubled: bool
    readings_per_s: float
    report: Report


class GatewayList(msgspec.Struct, frozen=True, kw_only=True):
    """Every gateway that has reported since the core started, by id."""

    gateways: list[GatewayShown]


class TestRead(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A reader or machine to try: fields as in the gateway's settings, ``options.NAME`` for a reader's options."""

    fields: Annotated[dict[Name, Value], msgspec.Meta(min_length=1, max_length=40)]


class Write(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value for a signal of a machine, inside unit."""

    device: Name
    signal: Name
    value: float


class KeyChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Id of the key under which a gateway speaks from now on."""

    key: str


class WalkAction(StrEnum):
    """What is told in a walk test."""

    BEGIN = "begin"
    MARK = "mark"
    END = "end"


class WalkTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A step of a walk test: ``begin`` with a tag in a zone, ``mark`` the next zone, ``end``."""

    action: WalkAction
    tag: Annotated[str, msgspec.Meta(max_length=200)] = ""
    place: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings (YAML) without id, uplink and spool, which are the gateway's own."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=versions.MOST_OCTETS)]
    note: Annotated[str, msgspec.Meta(max_length=400)] = ""


class VersionShown(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a gateway's settings."""

    version: int
    stage: str
    author: str
    created_at: str
    note: str
    problem: str
    text: str


class VersionList(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first."""

    versions: list[VersionShown]


class DifferenceList(msgspec.Struct, frozen=True, kw_only=True):
    """What a version would change against what the gateway works with; passwords are not shown."""

    differences: list[Difference]


def _shown(row: GatewaySettingsRow) -> VersionShown:
    return VersionShown(
        version=row.version,
        stage=row.stage,
        author=row.author,
        created_at=instant(row.created_at),
        note=row.note,
        problem=row.problem,
        text=row.text,
    )


def _gateway(call: Call, one: Reported) -> GatewayShown:
    return GatewayShown(
        id=one.report.gateway,
        reported_at=instant(one.at),
        is_silent=desk_of(call.hospital).is_silent(one),
        is_doubled=one.is_doubled,
        readings_per_s=one.readings_per_s,
        report=msgspec.structs.replace(one.report, results=[]),
    )


@router.get("", permission=_P.GATEWAYS_READ, gives=GatewayList)
def list_gateways(call: CallDep) -> GatewayList:
    """List gateways with what they reported last: devices, queue, clock offsets, errors, firmware."""
    return GatewayList(gateways=[_gateway(call, one) for one in desk_of(call.hospital).reported()])


@router.post("/{gateway}/report", permission=_P.TELEMETRY_WRITE, takes=Report, gives=Orders)
async def take_report(call: CallDep, gateway: PathText) -> Orders:
    """Take a gateway's report under its own key and give what it shall do."""
    told = call.read(Report)
    if told.gateway != gateway:
        problem = FieldProblem(field="gateway", place="/gateway", message="Not the path's.", cure="Send the same id.")
        raise FieldError(problem)
    # under one key a gateway could otherwise take the orders of another
    if call.actor.source != f"gateway:{gateway}":
        error = Forbidden(_P.TELEMETRY_WRITE)
        error.message, error.code = f"This key does not speak for gateway {gateway[:60]!r}.", "forbidden.source"
        raise error
    return await reporting.take_report(call.hospital, told, key_id=call.actor.id.removeprefix("key-"))


@router.post("/{gateway}/key", permission=_P.GATEWAYS_CONFIGURE, gives=KeyChanged)
def change_key(call: CallDep, gateway: PathText) -> KeyChanged:
    """Have a gateway go over to a new key, which nobody sees; the old one ends when it has spoken under the new."""
    return KeyChanged(key=keys_of(call.hospital).change(gateway, call.actor))


async def _ask(call: Call, gateway: str, kind: OrderKind, arguments: Mapping[str, str]) -> OrderResult:
    return await desk_of(call.hospital).ask(gateway, kind, arguments, call.actor)


@router.get("/{gateway}/devices/{device}/frames", permission=_P.GATEWAYS_READ, gives=OrderResult)
async def get_frames(call: CallDep, gateway: PathText, device: PathText) -> OrderResult:
    """Give the last pieces that went over a device's line: microseconds, direction, hex, as replay takes them."""
    return await _ask(call, gateway, OrderKind.FRAMES, {"device": device})


@router.post("/{gateway}/test-read", permission=_P.GATEWAYS_CONFIGURE, takes=TestRead, gives=OrderResult)
async def test_read(call: CallDep, gateway: PathText) -> OrderResult:
    """Have a gateway try a reader or machine that is not in its settings; nothing is written to it."""
    return await _ask(call, gateway, OrderKind.TEST_READ, call.read(TestRead).fields)


@router.get("/{gateway}/walk", permission=_P.GATEWAYS_READ, gives=OrderResult)
async def get_walk(call: CallDep, gateway: PathText) -> OrderResult:
    """Give what the walk test showed so far: a line of JSON for each zone with coverage, gaps and confusion."""
    return await _ask(call, gateway, OrderKind.WALK, {"action": "show"})


@router.post("/{gateway}/walk", permission=_P.GATEWAYS_CONFIGURE, takes=WalkTold, gives=OrderResult)
async def step_walk(call: CallDep, gateway: PathText) -> OrderResult:
    """Begin a walk test with a reference tag, say which zone is entered, or end it; gives what it showed so far."""
    told = call.read(WalkTold)
    return await _ask(
        call, gateway, OrderKind.WALK, {"action": told.action.value, "tag": told.tag, "place": told.place}
    )


@router.post("/{gateway}/writes", permission=_P.MACHINES_COMMAND, takes=Write, gives=OrderResult)
async def write_value(call: CallDep, gateway: PathText) -> OrderResult:
    """Write a value that the gateway's allow-list permits; noted before and after, read back, never repeated."""
    told, hospital, actor = call.read(Write), call.hospital, call.actor
    facts = {"gateway": gateway, "signal": told.signal, "value": told.value}

    async def noted(action: str, more: Mapping[str, object]) -> None:
        entry = Entry(at=call.now, actor=actor.id, action=action, subject=told.device, facts={**facts, **more})
        await hospital.write(lambda session: note(session, entry))

    # Noted first: a write whose result is lost with the line must not be lost from the audit.
    await noted("machine.write_asked", {})
    arguments = {"device": told.device, "signal": told.signal, "value": repr(told.value)}
    result = await _ask(call, gateway, OrderKind.WRITE, arguments)
    await noted("machine.write_ended", {"code": result.code, **result.facts})
    if result.code == "machine.write_refused":
        raise Refused(result.message, reasons=result.facts.get("reasons", "").split(","), code=result.code)
    return result


@router.get("/{gateway}/settings", permission=_P.GATEWAYS_READ, gives=VersionList)
def list_settings(call: CallDep, gateway: PathText) -> VersionList:
    """List the versions of a gateway's settings, newest first."""
    with call.hospital.read() as session:
        shown = [_shown(row) for row in versions.list_versions(session, gateway)]
    if not call.actor.may(_P.GATEWAYS_CONFIGURE):
        shown = [msgspec.structs.replace(one, text="") for one in shown]  # it may hold the readers' passwords
    return VersionList(versions=shown)


@router.post("/{gateway}/settings", permission=_P.GATEWAYS_CONFIGURE, takes=Draft, gives=VersionShown, status=201)
async def draft_settings(call: CallDep, gateway: PathText) -> VersionShown:
    """Keep settings as a draft, checked as a whole; nothing changes at the gateway yet."""
    told = call.read(Draft)

    def use_case(session: Session) -> VersionShown:
        row = versions.draft(session, gateway, told.text, actor=call.actor, now=call.now, remark=told.note)
        return _shown(row)

    return await call.hospital.write(use_case)


@router.get("/{gateway}/settings/{version}/difference", permission=_P.GATEWAYS_READ, gives=DifferenceList)
def get_difference(call: CallDep, gateway: PathText, version: PathCount) -> DifferenceList:
    """Give what a version would change, entry by entry, against the one that the gateway works with."""
    with call.hospital.read() as session:
        return DifferenceList(differences=versions.difference(session, gateway, version))


@router.post("/{gateway}/settings/read-points", permission=_P.GATEWAYS_CONFIGURE, gives=VersionShown, status=201)
def take_read_points(call: CallDep, gateway: PathText) -> VersionShown:
    """Draft the settings with the read points that the building's plan has for the gateway's readers."""
    return _shown(SettingUp(call.hospital).take_read_points(gateway, call.actor))


@router.post("/{gateway}/settings/{version}/discard", permission=_P.GATEWAYS_CONFIGURE, gives=VersionShown)
async def discard_settings(call: CallDep, gateway: PathText, version: PathCount) -> VersionShown:
    """Put a draft away."""
    return await call.hospital.write(
        lambda session: _shown(versions.discard(session, gateway, version, actor=call.actor, now=call.now))
    )


@router.post("/{gateway}/settings/{version}/stage", permission=_P.GATEWAYS_CONFIGURE, gives=VersionShown)
async def stage_settings(call: CallDep, gateway: PathText, version: PathCount) -> VersionShown:
    """Give a version to the gateway; it takes itself back if it cannot start or loses the core by it."""
    return await call.hospital.write(
        lambda session: _shown(versions.stage(session, gateway, version, actor=call.actor, now=call.now))
    )


@router.post("/{gateway}/settings/roll-back", permission=_P.GATEWAYS_CONFIGURE, gives=VersionShown)
async def roll_back_settings(call: CallDep, gateway: PathText) -> VersionShown:
    """Go back to the version that worked before the present one."""
    return await call.hospital.write(
        lambda session: _shown(versions.roll_back(session, gateway, actor=call.actor, now=call.now))
    )
