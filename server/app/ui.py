"""The pages' door to the hospital, filled in, and the pages as an application."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

import msgspec

from dash_app.app import build_ui
from dash_app.queries.finding import ROUTES
from dash_app.queries.people import USER_NAMES
from dash_app.queries.port import HospitalPort, JobLine
from dash_app.queries.port import JobState as PageJobState
from dash_app.queries.port import JobView as PageJobView
from server.access.desk import names_of
from server.app.dispatcher import AsgiApp
from server.doors.context import current_actor
from server.jobs.runner import JobRunner
from server.walking import person_routes
from server.wiring import Hospital, Jobs
from twin.access import Actor
from twin.errors import FieldProblem, Unavailable


class PageJobs:
    """Jobs as the pages know them.

    Parameters
    ----------
    jobs : Jobs
        The hospital's.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def submit(self, kind: str, arguments: Mapping[str, object], *, actor: Actor) -> str:
        """Queue work of a kind; gives the job's id."""
        return self._jobs.submit(kind, arguments, actor=actor)

    def view(self, job_id: str) -> PageJobView:
        """Give where a job stands, with its result when it is done.

        Raises
        ------
        Unavailable
            If no job runner is running.
        """
        if not isinstance(self._jobs, JobRunner):
            raise Unavailable("No job runner is running here.")
        found = self._jobs.view(job_id)
        result = msgspec.json.decode(self._jobs.result(found.result_hash)) if found.result_hash else None
        problem = msgspec.json.decode(found.problem) if found.problem else {}
        return PageJobView(
            id=found.id,
            state=PageJobState(found.state.value),
            progress=found.progress_share,
            note=found.note,
            result=result,
            partial=msgspec.json.decode(found.partial) if found.partial else None,
            error_code=problem.get("code", ""),
            error_message=problem.get("detail", ""),
            problems=tuple(FieldProblem(**one) for one in problem.get("problems", ())),
        )

    def recent(self, kind: str, *, limit: int) -> list[JobLine]:
        """Give the jobs of a kind, the newest first; none where no jobs are run."""
        if not isinstance(self._jobs, JobRunner):
            return []
        return [
            JobLine(id=one.id, state=PageJobState(one.state.value), asked_at=one.created_at, asked_by=one.actor)
            for one in self._jobs.recent(kind, limit=limit)
        ]

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop."""
        self._jobs.cancel(job_id)

    def finish(self, job_id: str) -> None:
        """Ask a job to end with what there is."""
        self._jobs.finish(job_id)


def _user_names(hospital: Hospital, actors: Collection[str]) -> Mapping[str, str]:
    with hospital.read() as session:
        return names_of(session, actors)


def port_of(hospital: Hospital) -> HospitalPort:
    """Give the door through which pages reach a hospital."""
    hospital.services[ROUTES] = partial(person_routes, hospital)
    hospital.services[USER_NAMES] = partial(_user_names, hospital)
    return HospitalPort(
        state=lambda: hospital.live,
        read=hospital.read,
        writer=hospital.database.writer,
        ledger=hospital.ledger,
        clock=hospital.clock,
        settings=hospital.settings,
        actor=current_actor,
        jobs=PageJobs(hospital.jobs),
        services=hospital.services,
    )


def pages_of(hospital: Hospital) -> AsgiApp:
    """Build the pages of a hospital."""
    return build_ui(port_of(hospital), prefix="/ui/")
