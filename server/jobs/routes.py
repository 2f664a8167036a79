"""Routes of jobs and results."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Path
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText
from server.doors.router import Router
from server.jobs.runner import JobRunner, JobView
from twin.access import Permission
from twin.clock import to_text
from twin.errors import Unavailable

router = Router("/v1", tag="jobs")

Hash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


class JobShown(msgspec.Struct, frozen=True, kw_only=True):
    """A job; ``result`` is the address of its result once it is done."""

    id: str
    kind: str
    state: str
    progress_share: float
    note: str
    created: str
    started: str
    ended: str
    result: str = ""
    problem: msgspec.Raw | None = None
    partial: msgspec.Raw | None = None


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of jobs, the newest first."""

    jobs: list[JobShown]
    next: str = ""


def runner_of(call: Call) -> JobRunner:
    """Give the job runner of the hospital that is served.

    Raises
    ------
    Unavailable
        If none was started.
    """
    jobs = call.hospital.jobs
    if not isinstance(jobs, JobRunner):
        raise Unavailable("No job runner is running here.")
    return jobs


def _instant(at: int) -> str:
    return to_text(at) if at else ""


def _shown(view: JobView) -> JobShown:
    return JobShown(
        id=view.id,
        kind=view.kind,
        state=view.state.value,
        progress_share=view.progress_share,
        note=view.note,
        created=_instant(view.created_at),
        started=_instant(view.started_at),
        ended=_instant(view.ended_at),
        result=f"/v1/results/{view.result_hash}" if view.result_hash else "",
        problem=msgspec.Raw(view.problem.encode()) if view.problem else None,
        partial=msgspec.Raw(view.partial) if view.partial else None,
    )


@router.get("/jobs", permission=Permission.SIMULATION_READ, gives=JobPage)
def list_jobs(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> JobPage:
    """List jobs, the newest first."""
    after = call.cursors.read("jobs", cursor)
    found = runner_of(call).list(after=str(after[0]) if after else "", limit=limit + 1)
    following = call.cursors.write("jobs", [found[limit - 1].id]) if len(found) > limit else ""
    return JobPage(jobs=[_shown(view) for view in found[:limit]], next=following)


@router.get("/jobs/{job_id}", permission=Permission.SIMULATION_READ, gives=JobShown)
def get_job(call: CallDep, job_id: PathText) -> JobShown:
    """Tell how far a job is."""
    return _shown(runner_of(call).view(job_id))


@router.delete("/jobs/{job_id}", permission=Permission.SIMULATION_RUN, gives=JobShown)
async def cancel_job(call: CallDep, job_id: PathText) -> JobShown:
    """Stop a job; one that is over stays as it is."""
    runner = runner_of(call)
    await run_in_threadpool(runner.cancel, job_id)
    return _shown(await run_in_threadpool(runner.view, job_id))


@router.get("/results/{content_hash}", permission=Permission.SIMULATION_READ, gives=msgspec.Raw)
def get_result(call: CallDep, content_hash: Hash) -> Response:
    """Give a result by the SHA-256 of its content; it never changes."""
    body = runner_of(call).result(content_hash)
    headers = {"etag": f'"{content_hash}"', "cache-control": "private, max-age=31536000, immutable"}
    return Response(body, media_type="application/json", headers=headers)
