"""Upkeep of the installation: findings, and backups."""

from __future__ import annotations

import asyncio

import msgspec

from dash_app.actions.upkeep import BackupCard, FindingCard, UpkeepDesk, desk_of
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.views import instant
from twin.access import Permission

router = Router("/v1", tag="upkeep")


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; ``cure`` is empty if it is in order."""

    check: str
    is_ok: bool
    detail: str
    cure: str


class Findings(msgspec.Struct, frozen=True):
    """Everything that was looked at."""

    findings: list[FindingView]


class BackupView(msgspec.Struct, frozen=True, kw_only=True):
    """One backup: file, instant, last event of the ledger in it (0 if its kind does not tell), bytes."""

    name: str
    taken_at: str
    last_sequence: int
    size: int


class Backups(msgspec.Struct, frozen=True, kw_only=True):
    """Where backups stand, the newest first; ``running_since`` is empty unless one is being taken."""

    backups: list[BackupView]
    folder: str
    is_nightly: bool
    kept: int
    running_since: str
    failure: str


def _desk(call: CallDep) -> UpkeepDesk:
    return desk_of(call.hospital.services)


def _finding(one: FindingCard) -> FindingView:
    return FindingView(check=one.check, is_ok=one.is_ok, detail=one.detail, cure=one.cure)


def _backup(one: BackupCard) -> BackupView:
    return BackupView(name=one.name, taken_at=instant(one.taken_at), last_sequence=one.last_sequence, size=one.size)


def _state(desk: UpkeepDesk) -> Backups:
    state = desk.state()
    return Backups(
        backups=[_backup(one) for one in state.backups],
        folder=state.folder,
        is_nightly=state.is_nightly,
        kept=state.kept,
        running_since=instant(state.running_since) if state.running_since else "",
        failure=state.failure,
    )


@router.get("/upkeep/findings", permission=Permission.SYSTEM_OPERATE, gives=Findings)
async def list_findings(call: CallDep) -> Findings:
    """Look at everything that the installation rests on, as ``hospital-twin doctor`` does."""
    found = await asyncio.to_thread(_desk(call).findings, "en")
    return Findings([_finding(one) for one in found])


@router.get("/upkeep/backups", permission=Permission.SYSTEM_OPERATE, gives=Backups)
async def list_backups(call: CallDep) -> Backups:
    """List backups, the newest first, and whether one is being taken."""
    return await asyncio.to_thread(_state, _desk(call))


@router.post("/upkeep/backups", permission=Permission.SYSTEM_OPERATE, gives=Backups, status=202)
async def begin_backup(call: CallDep) -> Backups:
    """Begin a backup; it goes on by itself, and is proven before it is listed. 409 while one is being taken."""
    desk = _desk(call)
    await asyncio.to_thread(desk.begin, actor=call.actor)
    return await asyncio.to_thread(_state, desk)


@router.post("/upkeep/backups/{name}/proof", permission=Permission.SYSTEM_OPERATE, gives=BackupView)
async def prove_backup(call: CallDep, name: PathText) -> BackupView:
    """Prove that a backup is whole: hash, database and audit are those of its manifest."""
    return _backup(await asyncio.to_thread(_desk(call).prove, name, actor=call.actor))
