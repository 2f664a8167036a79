"""Instruments within sets over HTTP: bills, putting together, contents at any instant, and the trace to cases."""

from __future__ import annotations

from typing import Annotated

import msgspec

from assets.model.instruments import Assembly, Fault, FaultKind, Instrument, SetType, Stay
from assets.service import instrument_faults, instruments
from assets.service.instrument_faults import Exposure
from assets.service.tracing import SetUse
from server.doors.context import CallDep
from server.doors.pages import PathText, Text
from server.doors.router import Router
from server.http.asset_bodies import Key, Short
from server.http.assets import act_of
from server.http.commanding import instant_told
from server.http.history import parse_instant
from server.http.views import instant
from twin.access import Permission
from twin.errors import DecodeError

router = Router("/v1", tag="instruments")

Number = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class SetTypeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bill of instruments: how many of each kind."""

    name: Short = ""
    counts: Annotated[dict[Key, Number], msgspec.Meta(min_length=1, max_length=500)]


class SetTypeList(msgspec.Struct, frozen=True, kw_only=True):
    """Bills by id."""

    set_types: list[SetType]


class InstrumentTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An instrument: what it counts as in a bill, and how many cycles it may go through; 0 for no limit."""

    kind: Key
    name: Short = ""
    most_cycles: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0


class AssemblyTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A set as it was put together: the marks as they were scanned."""

    set_type: Key
    instruments: Annotated[list[Key], msgspec.Meta(max_length=1000)]
    occurred_at: Short = ""


class ContentsShown(msgspec.Struct, frozen=True, kw_only=True):
    """What lay in a set at an instant, and how it was put together last."""

    set_instance: str
    at: str
    instruments: list[Instrument]
    assembly: Assembly | None


class FaultTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was found wrong with an instrument; without ``since_at`` it counts from when it was last in hand."""

    kind: FaultKind
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    found_at: Short = ""
    since_at: Short = ""


class MendedTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was done about a faulty instrument."""

    outcome: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class ExposureShown(msgspec.Struct, frozen=True, kw_only=True):
    """A fault with the cases and uses that it may have reached; instants in UTC microseconds."""

    fault: Fault
    cases: list[str]
    uses: list[SetUse]


class ExposureList(msgspec.Struct, frozen=True, kw_only=True):
    """Faults, the latest found first."""

    faults: list[ExposureShown]


def _exposure_shown(found: Exposure) -> ExposureShown:
    return ExposureShown(fault=found.fault, cases=list(found.cases), uses=list(found.uses))


class InstrumentTraceShown(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument with its sets, its cases and its cycles; instants in UTC microseconds."""

    instrument: Instrument
    cycles: int
    stays: list[Stay]
    uses: list[SetUse]


@router.get("/set-types", permission=Permission.DEVICES_READ, gives=SetTypeList)
def list_set_types(call: CallDep) -> SetTypeList:
    """List bills of instruments."""
    with call.hospital.read() as session:
        return SetTypeList(set_types=instruments.list_set_types(session))


@router.put("/set-types/{set_type}", permission=Permission.DEVICES_WRITE, takes=SetTypeTold, gives=SetType)
async def save_set_type(call: CallDep, set_type: PathText) -> SetType:
    """Keep a bill of instruments, new or changed."""
    told, act = call.read(SetTypeTold), act_of(call)
    try:
        wanted = SetType(id=set_type, name=told.name, counts=told.counts)
    except ValueError as error:
        raise DecodeError(f"{error}", code="set_type.counts") from error
    return await call.hospital.write(lambda session: instruments.save_set_type(session, act=act, set_type=wanted))


@router.put("/instruments/{mark}", permission=Permission.DEVICES_WRITE, takes=InstrumentTold, gives=Instrument)
async def save_instrument(call: CallDep, mark: PathText) -> Instrument:
    """Keep an instrument under its mark."""
    told, act = call.read(InstrumentTold), act_of(call)
    wanted = Instrument(id=mark, kind=told.kind, name=told.name, most_cycles=told.most_cycles)
    return await call.hospital.write(lambda session: instruments.save_instrument(session, act=act, instrument=wanted))


@router.get("/instruments/{mark}/trace", permission=Permission.DEVICES_READ, gives=InstrumentTraceShown)
def trace_instrument(call: CallDep, mark: PathText) -> InstrumentTraceShown:
    """Give the sets in which an instrument lay, the cases in which it was used, and its cycles."""
    with call.hospital.read() as session:
        found = instruments.trace_instrument(session, mark=mark)
    return InstrumentTraceShown(
        instrument=found.instrument, cycles=found.cycles, stays=list(found.stays), uses=list(found.uses)
    )


@router.get("/instrument-faults", permission=Permission.DEVICES_READ, gives=ExposureList)
def list_faults(call: CallDep, instrument: Text = "") -> ExposureList:
    """List faults with the cases that they may have reached: of one instrument, or all that are not mended."""
    with call.hospital.read() as session:
        held = instrument_faults.faults_of(session, mark=instrument)
        found = instrument_faults.exposures(session, faults=held)
    return ExposureList(faults=[_exposure_shown(one) for one in found])


@router.post(
    "/instruments/{mark}/faults", permission=Permission.TASKS_DO, takes=FaultTold, gives=ExposureShown, status=201
)
async def report_fault(call: CallDep, mark: PathText) -> ExposureShown:
    """Keep that an instrument was found faulty; the cases that it may have reached are told and raise an alert."""
    told, act = call.read(FaultTold), act_of(call)
    fault = Fault(
        instrument=mark,
        kind=told.kind,
        note=told.note,
        found_at=instant_told(told.found_at, call.now, "body"),
        since_at=parse_instant(told.since_at, "since_at") if told.since_at else 0,
    )
    return await call.hospital.write(
        lambda session: _exposure_shown(instrument_faults.report_fault(session, act=act, fault=fault))
    )


@router.post(
    "/instruments/{mark}/faults/mended", permission=Permission.DEVICES_WRITE, takes=MendedTold, gives=Fault, status=201
)
async def mend_fault(call: CallDep, mark: PathText) -> Fault:
    """Note that a faulty instrument was mended or is there no more; its set may be issued again."""
    told, act = call.read(MendedTold), act_of(call)
    return await call.hospital.write(
        lambda session: instrument_faults.mend_fault(session, act=act, mark=mark, outcome=told.outcome)
    )


@router.post("/sets/{name}/assembly", permission=Permission.TASKS_DO, takes=AssemblyTold, gives=Assembly, status=201)
async def assemble_set(call: CallDep, name: PathText) -> Assembly:
    """Keep which instruments were put into a set; what is missing is told, not refused."""
    told, act = call.read(AssemblyTold), act_of(call)
    assembly = Assembly(
        set_instance=name,
        set_type=told.set_type,
        at=instant_told(told.occurred_at, call.now, "body"),
        instruments=tuple(told.instruments),
    )
    return await call.hospital.write(lambda session: instruments.assemble(session, act=act, assembly=assembly))


@router.get("/sets/{name}/contents", permission=Permission.DEVICES_READ, gives=ContentsShown)
def read_contents(call: CallDep, name: PathText, at: Text = "") -> ContentsShown:
    """Give the instruments that lay in a set at an instant, now if none is given."""
    when = parse_instant(at, "at") if at else call.now
    with call.hospital.read() as session:
        return ContentsShown(
            set_instance=name,
            at=instant(when),
            instruments=instruments.contents_of(session, set_instance=name, at=when),
            assembly=instruments.latest_assembly(session, set_instance=name),
        )
