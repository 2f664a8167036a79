"""Pathways over HTTP: keep them by name and version, take them back, and make one from an event log."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.concurrency import run_in_threadpool

from dash_app.actions.pathways import KeepsPathways, PathwayLine, desk_of
from dash_app.actions.runs import LARGEST_LOG, MOST_WEEKS
from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.plans import JobStarted
from twin.access import Permission
from twin.clock import to_text

router = Router("/v1", tag="what-if")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class PathwayTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A pathway to keep; ``report`` is what a calibration said of it, and stands beside every answer made with it."""

    name: Name
    document: dict[str, Any]
    note: Annotated[str, msgspec.Meta(max_length=300)] = ""
    report: dict[str, Any] | None = None


class PathwayListed(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a kept pathway."""

    name: str
    version: int
    actor: str
    kept_at: str
    note: str
    has_report: bool


class PathwaysListed(msgspec.Struct, frozen=True, kw_only=True):
    """Kept pathways, the newest first."""

    pathways: list[PathwayListed]


class PathwayShown(msgspec.Struct, frozen=True, kw_only=True):
    """A kept pathway with its document."""

    name: str
    version: int
    actor: str
    kept_at: str
    note: str
    document: dict[str, Any]
    report: dict[str, Any] | None


class CalibrationWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A log to make a pathway from: CSV text, or XES if ``name`` ends so; ``weeks`` are held back to check it."""

    log: Annotated[str, msgspec.Meta(min_length=1, max_length=LARGEST_LOG)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = "log.csv"
    weeks: Annotated[float, msgspec.Meta(gt=0, le=MOST_WEEKS)] = 8.0
    seed: Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)] = 1


def _listed(line: PathwayLine) -> PathwayListed:
    return PathwayListed(
        name=line.name,
        version=line.version,
        actor=line.actor,
        kept_at=to_text(line.kept_at),
        note=line.note,
        has_report=line.has_report,
    )


def _desk(call: Call) -> KeepsPathways:
    return desk_of(call.hospital.services)


@router.get("/pathways", permission=Permission.SIMULATION_READ, gives=PathwaysListed)
async def list_pathways(call: CallDep) -> PathwaysListed:
    """List the newest version of every pathway that is kept."""
    found = await run_in_threadpool(_desk(call).listed)
    return PathwaysListed(pathways=[_listed(line) for line in found])


@router.post("/pathways", permission=Permission.SIMULATION_RUN, takes=PathwayTold, gives=PathwayListed, status=201)
async def keep_pathway(call: CallDep) -> PathwayListed:
    """Keep a pathway as the next version of its name; one that cannot be run is refused with every fault."""
    told = call.read(PathwayTold)

    def keep() -> PathwayLine:
        return _desk(call).keep(told.name, told.document, actor=call.actor, note=told.note, report=told.report)

    return _listed(await run_in_threadpool(keep))


@router.get("/pathways/{name}", permission=Permission.SIMULATION_READ, gives=PathwayShown)
async def show_pathway(call: CallDep, name: PathText, version: int = 0) -> PathwayShown:
    """Give a version of a kept pathway with its document, the newest unless told."""
    found = await run_in_threadpool(lambda: _desk(call).open(name, version))
    line = _listed(found.line)
    return PathwayShown(
        name=line.name,
        version=line.version,
        actor=line.actor,
        kept_at=line.kept_at,
        note=line.note,
        document=dict(found.document),
        report=None if found.report is None else dict(found.report),
    )


@router.get("/pathways/{name}/versions", permission=Permission.SIMULATION_READ, gives=PathwaysListed)
async def list_versions(call: CallDep, name: PathText) -> PathwaysListed:
    """List all versions of a kept pathway, the newest first."""
    found = await run_in_threadpool(lambda: _desk(call).versions(name))
    return PathwaysListed(pathways=[_listed(line) for line in found])


@router.delete("/pathways/{name}", permission=Permission.SIMULATION_RUN, status=204)
async def withdraw_pathway(call: CallDep, name: PathText) -> None:
    """Take a pathway out of the list; its versions stay and can still be read."""
    await run_in_threadpool(lambda: _desk(call).withdraw(name, actor=call.actor))


@router.post(
    "/calibrations", permission=Permission.SIMULATION_RUN, takes=CalibrationWanted, gives=JobStarted, status=202
)
def calibrate(call: CallDep) -> JobStarted:
    """Have a pathway made from an event log; the job's result holds it, and says whether it tells the last weeks."""
    told = call.read(CalibrationWanted)
    arguments = {"log": told.log, "name": told.name, "weeks": told.weeks, "seed": told.seed}
    return JobStarted(job=call.hospital.jobs.submit("calibration", arguments, actor=call.actor))
