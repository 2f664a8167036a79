"""Plans over HTTP: have one made, keep it, read why it costs what it costs, publish it, take its calendar."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from dash_app.queries import adherence
from scheduling.model.plans import Override, PlanKind
from scheduling.rules.adherence import counted
from scheduling.service import plans as service
from scheduling.tables.plans import PlanRow, list_plan_rows, load_plan_row
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText
from server.doors.router import Router
from server.doors.versions import etag_of, seen_version
from server.schema.jobs import JobRow, ResultRow
from twin.access import Permission
from twin.clock import to_text
from twin.errors import Conflict, NotFound

router = Router("/v1/plans", tag="plans")

Short = Annotated[str, msgspec.Meta(max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class PlanWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be planned: a waiting list as CSV, a competition's problem, a roster, or, with none, who is booked.

    ``roster`` has the fields of ``scheduling.model.rosters.RosterProblem``.
    """

    waiting_list: Annotated[str, msgspec.Meta(max_length=4_000_000)] = ""
    ihtc: dict[str, Any] | None = None
    roster: dict[str, Any] | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=60)] = 14
    wards: Annotated[tuple[Short, ...], msgspec.Meta(max_length=500)] = ()
    stay_share: Annotated[float, msgspec.Meta(ge=0.5, le=0.9)] = 0.5
    nurse_rooms: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 20.0
    seed: Annotated[int, msgspec.Meta(ge=0, le=1 << 32)] = 0


class JobStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was queued."""

    job: str


class PlanTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The job whose result is to be kept as a draft."""

    job: Short
    title: Short = ""


class PlanShown(msgspec.Struct, frozen=True, kw_only=True):
    """A plan without its content; drafts that come from each other share ``number`` and are counted by ``draft``."""

    id: str
    kind: str
    title: str
    number: int
    draft: int
    based_on: str
    status: str
    start: str
    days: int
    cost: int
    n_violations: int
    content_hash: str
    created: str
    published: str
    version: int


class PlanDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with its stays and the checker's report: rules, broken ones by who, where and when, dearest breaches."""

    summary: PlanShown
    plan: msgspec.Raw
    report: msgspec.Raw
    overrides: msgspec.Raw


class PlanPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of plans, the newest first."""

    plans: list[PlanShown]
    next: str = ""


class OverrideTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A broken rule that is accepted, and why."""

    rule: Short
    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]


class PublishTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is accepted when a plan is published."""

    overrides: Annotated[tuple[OverrideTold, ...], msgspec.Meta(max_length=50)] = ()


def _shown(row: PlanRow) -> PlanShown:
    return PlanShown(
        id=row.id,
        kind=row.kind,
        title=row.title,
        number=row.number,
        draft=row.draft,
        based_on=row.based_on,
        status=row.status,
        start=to_text(row.start_at),
        days=row.days,
        cost=row.cost,
        n_violations=row.n_violations,
        content_hash=row.content_hash,
        created=to_text(row.created_at),
        published=to_text(row.published_at) if row.published_at else "",
        version=row.version,
    )


@router.post("/jobs", permission=Permission.PLANS_EDIT, takes=PlanWanted, gives=JobStarted, status=202)
def start_plan_job(call: CallDep) -> JobStarted:
    """Have a plan made; the job tells how far it is and holds the result."""
    told = call.read(PlanWanted)
    arguments: dict[str, object] = {
        "kind": "admissions",
        "seconds": told.seconds,
        "seed": told.seed,
        "days": told.days,
        "wards": list(told.wards),
        "stay_share": told.stay_share,
        "nurse_rooms": told.nurse_rooms,
        "waiting_list": told.waiting_list,
    }
    if told.ihtc is not None:
        arguments["ihtc"] = told.ihtc
    if told.roster is not None:
        arguments |= {"kind": "roster", "problem": told.roster}
    kind = "plan" if told.roster is None else "roster"
    return JobStarted(job=call.hospital.jobs.submit(kind, arguments, actor=call.actor))


@router.post("/jobs/{job_id}/finish", permission=Permission.PLANS_EDIT, status=202)
async def finish_plan_job(call: CallDep, job_id: PathText) -> None:
    """Have a job end with the best plan that it has; one that is over stays as it is."""
    await run_in_threadpool(call.hospital.jobs.finish, job_id)


class _Result(msgspec.Struct, frozen=True):
    problem: msgspec.Raw
    plan: dict[str, object]
    admissions: msgspec.Raw = msgspec.Raw()
    roster: msgspec.Raw = msgspec.Raw()


def _result_of(session: Session, job: str) -> _Result:
    row = session.get(JobRow, job)
    if row is None or row.kind not in {"plan", "roster"}:
        raise NotFound("plan job", job)
    result = session.get(ResultRow, row.result_hash) if row.result_hash else None
    if result is None:
        raise Conflict(f"Job {job} is {row.state}: only the result of a job that is done can be kept.")
    return msgspec.json.decode(result.body, type=_Result)


@router.post("", permission=Permission.PLANS_EDIT, takes=PlanTold, gives=PlanShown, status=201)
async def keep_plan(call: CallDep) -> PlanShown:
    """Keep the result of a job as a draft; it is checked anew."""
    told = call.read(PlanTold)
    new_id, now = call.hospital.new_id(), call.now

    def use_case(session: Session) -> PlanShown:
        # within the transaction, which checks the plan anew: a job is not believed about its own result
        found = _result_of(session, told.job)
        kind = PlanKind(str(found.plan["kind"]))
        new = service.NewPlan(
            id=new_id,
            title=told.title,
            start_at=int(str(found.plan["start_at"])),
            zone=str(found.plan.get("zone", "UTC")),
            based_on=str(found.plan.get("based_on", "")),
            problem=bytes(found.problem),
            plan=bytes(found.roster if kind is PlanKind.ROSTER else found.admissions),
            kind=kind,
        )
        return _shown(service.keep_draft(session, actor=call.actor, at=now, new=new))

    return await call.hospital.write(use_case)


@router.get("", permission=Permission.PLANS_READ, gives=PlanPage)
def list_plans(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> PlanPage:
    """List plans, the newest first."""
    after = call.cursors.read("plans", cursor)
    with call.hospital.read() as session:
        rows = list_plan_rows(session, before=str(after[0]) if after else "", limit=limit + 1)
        shown = [_shown(row) for row in rows[:limit]]
    following = call.cursors.write("plans", [shown[-1].id]) if len(rows) > limit else ""
    return PlanPage(plans=shown, next=following)


def _detail(row: PlanRow) -> PlanDetail:
    return PlanDetail(
        summary=_shown(row),
        plan=msgspec.Raw(row.plan),
        report=msgspec.Raw(row.report),
        overrides=msgspec.Raw(row.overrides.encode()),
    )


class StayFollowed(msgspec.Struct, frozen=True, kw_only=True):
    """A planned stay and what became of it; ``delay_s`` is against the planned hour, ``room`` where the patient is."""

    encounter: str
    outcome: str
    planned: str
    planned_room: str
    room: str
    delay_s: float


class PlanFollowed(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of admissions in force beside what happened: how many became what, then each stay by its start."""

    plan: str
    counts: dict[str, int]
    stays: list[StayFollowed]


@router.get("/in-force/followed", permission=Permission.PLANS_READ, gives=PlanFollowed)
def get_followed(call: CallDep) -> PlanFollowed:
    """Tell what became of the plan of admissions in force; empty without one."""
    found = adherence.followed(call.hospital.live, call.now)
    plan = call.hospital.live.plans.get("admissions")
    return PlanFollowed(
        plan=plan.thing if plan is not None else "",
        counts={outcome.value: count for outcome, count in counted(found).items()},
        stays=[
            StayFollowed(
                encounter=one.stay.encounter,
                outcome=one.outcome.value,
                planned=to_text(one.stay.start_at),
                planned_room=one.stay.place,
                room=one.room,
                delay_s=one.delay_s,
            )
            for one in found
        ],
    )


@router.get("/{plan_id}", permission=Permission.PLANS_READ, gives=PlanDetail)
def get_plan(call: CallDep, plan_id: PathText) -> Response:
    """Give a plan with the checker's report."""
    with call.hospital.read() as session:
        row = load_plan_row(session, plan_id)
        body, version = msgspec.json.encode(_detail(row)), row.version
    return Response(body, media_type="application/json", headers={"etag": etag_of(version)})


@router.post(
    "/{plan_id}/publication",
    permission=Permission.PLANS_PUBLISH,
    takes=PublishTold,
    gives=PlanShown,
    status=201,
    needs_version=True,
)
async def publish_plan(call: CallDep, plan_id: PathText) -> PlanShown:
    """Put a draft in force; each broken rule needs a reason."""
    told = call.read(PublishTold)
    intent = service.Publishing(
        plan=plan_id,
        version=seen_version(call.request),
        overrides=tuple(Override(rule=found.rule, reason=found.reason) for found in told.overrides),
    )
    return await call.hospital.write(lambda session: _publish(call, session, intent))


def _publish(call: Call, session: Session, intent: service.Publishing) -> PlanShown:
    row = service.publish(session, ledger=call.hospital.ledger, actor=call.actor, at=call.now, intent=intent)
    return _shown(row)


@router.get("/{plan_id}/calendar.ics", permission=Permission.PLANS_READ, media="text/calendar")
def get_plan_calendar(call: CallDep, plan_id: PathText) -> Response:
    """Give a plan as a calendar file."""
    with call.hospital.read() as session:
        text = service.calendar_of(load_plan_row(session, plan_id))
    headers = {"content-disposition": 'attachment; filename="plan.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)
