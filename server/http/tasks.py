"""Tasks over HTTP: what the handheld lists, starts, picks, delivers and completes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from inventory.model.items import Substitute
from inventory.model.movements import Command
from inventory.rules.substitutes import quantity_needed, whole_share
from inventory.service import handing_out
from inventory.service.resolving import Resolved, resolve
from inventory.service.substituting import approved_stand_in
from inventory.tables.catalogue import load_item
from scheduling.model.tasks import Task, TaskOutcome, TaskStatus
from scheduling.rules.tasks import urgency_key, walking_order
from scheduling.service import tasks as service
from scheduling.service.rounds import Given, RoundSettings, apply_rounds
from scheduling.tables.tasks import find_open_by_key, load_task, transitions_of
from scheduling.tables.tasks import list_tasks as rows_of_tasks
from server import rounds
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http.commanding import command_id, instant_told
from server.http.history import parse_instant
from server.http.labels import label_told
from server.http.task_bodies import (
    Assignment,
    Completion,
    DeliverTold,
    DispatchResult,
    NewTask,
    PickTold,
    PortionView,
    ReasonTold,
    RoundsApplied,
    RoundsTold,
    RoundsView,
    RoundsWanted,
    StepTold,
    TaskDetail,
    TaskPage,
    TaskView,
    rounds_view,
    step_view,
    view_of,
)
from server.walking import walking_seconds
from twin.access import Actor, Permission
from twin.clock import to_text
from twin.errors import FieldError, FieldProblem, Refused
from twin.events.work import TaskKind, TaskRequested

router = Router("/v1/tasks", tag="tasks")


def _step(call: Call, occurred_at: str) -> service.Step:
    return service.Step(
        command_id=command_id(call),
        actor=call.actor.id,
        at=instant_told(occurred_at, call.now, "body"),
        staff=call.actor.staff,
    )


def _command(step: service.Step, call: Call, task: str, reason: str = "") -> Command:
    return Command(
        id=step.command_id, actor=step.actor, occurred_at=step.at, recorded_at=call.now, task=task, reason=reason
    )


@router.get("", permission=Permission.TASKS_READ, gives=TaskPage)
def list_tasks(
    call: CallDep, limit: Limit = 50, cursor: CursorText = "", assignee: Text = "", status: Text = ""
) -> TaskPage:
    """List tasks, open ones unless a status is named."""
    scope = f"tasks:{assignee}:{status}"
    after = call.cursors.read(scope, cursor)
    statuses = [_status_of(status)] if status else None
    with call.hospital.read() as session:
        options = {} if statuses is None else {"statuses": statuses}
        rows = rows_of_tasks(
            session, assignee=assignee or None, after=str(after[0]) if after else "", limit=limit + 1, **options
        )
    more = len(rows) > limit
    shown = rows[:limit]
    return TaskPage(
        tasks=[view_of(task) for task in shown], next=call.cursors.write(scope, [shown[-1].id]) if more else ""
    )


def _status_of(text: str) -> TaskStatus:
    try:
        return TaskStatus(text)
    except ValueError as error:
        known = ", ".join(status.value for status in TaskStatus)
        problem = FieldProblem(
            field="status", place="/query", message=f"{text!r} is none.", cure=f"Use one of {known}."
        )
        raise FieldError(problem) from error


@router.get("/mine", permission=Permission.TASKS_READ, gives=TaskPage)
def list_my_tasks(call: CallDep, place: Text = "", kind: Text = "") -> TaskPage:
    """List my tasks in walking order from a place, then those that nobody has yet."""
    with call.hospital.read() as session:
        mine = tasks_of(session, call.actor)
        # more than anybody walks, sorted by urgency before it is cut
        free = [task for task in rows_of_tasks(session, assignee="", limit=2000) if not kind or task.kind == kind]
    waiting = sorted(free, key=lambda task: urgency_key(task, call.now))[:200]
    seconds = walking_seconds(call.hospital)
    ordered = walking_order(mine, place, seconds, call.now)
    further = walking_order(waiting, place, seconds, call.now)
    return TaskPage(tasks=[view_of(task) for task in (*ordered, *further)], next="")


def tasks_of(session: Session, actor: Actor, *, limit: int = 200) -> list[Task]:
    """Give the open tasks of somebody: those given to the member of staff, and those taken as a user."""
    found = rows_of_tasks(session, assignee=actor.id, limit=limit)
    return found + rows_of_tasks(session, assignee=actor.staff, limit=limit) if actor.staff else found


@router.post("", permission=Permission.TASKS_ASSIGN, takes=NewTask, gives=TaskPage, status=201)
async def request_task(call: CallDep) -> TaskPage:
    """Ask for a task by hand."""
    told = call.read(NewTask)
    step = _step(call, "")
    request = TaskRequested(
        thing=told.subject_id or told.to_place or "task",
        occurred_at=step.at,
        source="",
        source_key="",
        kind=told.kind,
        dedupe_key=f"manual:{step.command_id}",
        subject_id=told.subject_id,
        from_place=told.from_place,
        to_place=told.to_place,
        quantity=told.quantity,
        due_at=parse_instant(told.due_at, "due_at") if told.due_at else 0,
        priority=told.priority,
        reason=told.reason,
    )

    def use_case(session: Session) -> TaskPage:
        service.request_task(session, ledger=call.hospital.ledger, step=step, request=request)
        made = find_open_by_key(session, request.dedupe_key)
        return TaskPage(tasks=[view_of(made)] if made else [], next="")

    return await call.hospital.write(use_case)


@router.post(":dispatch", permission=Permission.TASKS_ASSIGN, gives=DispatchResult)
async def dispatch_tasks(call: CallDep) -> DispatchResult:
    """Give waiting tasks out in rounds, those on one way together; what is assigned already stays."""
    applied = await run_in_threadpool(rounds.dispatch_tasks, call.hospital, actor=call.actor)
    return DispatchResult(tasks=[view_of(task) for task in applied.tasks])


@router.post(":plan-rounds", permission=Permission.TASKS_ASSIGN, takes=RoundsWanted, gives=RoundsView)
async def plan_rounds(call: CallDep) -> RoundsView:
    """Plan rounds and show what would change; nothing does."""
    told = call.read(RoundsWanted)
    settings = RoundSettings(is_anew=told.is_anew, most_per_person=told.most_per_person)
    return rounds_view(await run_in_threadpool(rounds.plan_present_rounds, call.hospital, settings))


@router.post(":apply-rounds", permission=Permission.TASKS_ASSIGN, takes=RoundsTold, gives=RoundsApplied)
async def apply_planned_rounds(call: CallDep) -> RoundsApplied:
    """Give tasks out as planned; one that somebody changed since is passed over and named."""
    told = call.read(RoundsTold)
    step = _step(call, "")
    given = [
        Given(task=each.task, assignee=each.assignee, position=each.position, expected_at=0, version=each.version)
        for each in told.changes
    ]
    ledger = call.hospital.ledger
    applied = await call.hospital.write(lambda session: apply_rounds(session, ledger=ledger, step=step, given=given))
    return RoundsApplied(tasks=[view_of(task) for task in applied.tasks], passed_over=list(applied.passed_over))


@router.get("/{task_id}", permission=Permission.TASKS_READ, gives=TaskDetail)
def read_task(call: CallDep, task_id: PathText) -> TaskDetail:
    """Give a task with its steps and the lots to take."""
    with call.hospital.read() as session:
        task = load_task(session, task_id)
        steps = transitions_of(session, task_id)
        portions, short = portions_of(session, task, call.now)
    return TaskDetail(task=view_of(task), steps=[step_view(step) for step in steps], portions=portions, short=short)


def portions_of(session: Session, task: Task, now: int) -> tuple[list[PortionView], int]:
    """Give the lots to take for a task, first to expire first, and how many base units are missing."""
    missing = task.quantity - task.picked
    if task.kind is not TaskKind.RESTOCK or not task.is_open or missing <= 0 or not task.from_place:
        return [], 0
    request = handing_out.Request(item=task.subject_id, quantity=missing, place=task.from_place)
    allocation = handing_out.propose_pick(session, request=request, now=now, task=task.id)
    portions = [
        PortionView(
            place=portion.source.holding.place,
            lot=portion.source.lot.id,
            lot_number=portion.source.lot.number,
            expires_at=to_text(portion.source.lot.expires_at) if portion.source.lot.expires_at else "",
            quantity=portion.quantity,
        )
        for portion in allocation.portions
    ]
    return portions, allocation.short


@router.post("/{task_id}:assign", permission=Permission.TASKS_ASSIGN, takes=Assignment, gives=TaskView)
async def assign_task(call: CallDep, task_id: PathText) -> TaskView:
    """Give a task to somebody, or take it back."""
    told = call.read(Assignment)
    step = _step(call, "")
    ledger = call.hospital.ledger
    return view_of(
        await call.hospital.write(
            lambda session: service.assign(
                session, ledger=ledger, step=step, task=task_id, assignee=told.assignee, position=told.position
            )
        )
    )


@router.post("/{task_id}:start", permission=Permission.TASKS_DO, takes=StepTold, gives=TaskView)
async def start_task(call: CallDep, task_id: PathText) -> TaskView:
    """Begin a task."""
    step = _step(call, call.read(StepTold).occurred_at)
    ledger = call.hospital.ledger
    return view_of(
        await call.hospital.write(lambda session: service.start(session, ledger=ledger, step=step, task=task_id))
    )


@router.post("/{task_id}:block", permission=Permission.TASKS_DO, takes=ReasonTold, gives=TaskView)
async def block_task(call: CallDep, task_id: PathText) -> TaskView:
    """Say that a task cannot go on, and why."""
    told = call.read(ReasonTold)
    step = _step(call, told.occurred_at)
    ledger = call.hospital.ledger
    return view_of(
        await call.hospital.write(
            lambda session: service.block(session, ledger=ledger, step=step, task=task_id, reason=told.reason)
        )
    )


@router.post("/{task_id}:cancel", permission=Permission.TASKS_DO, takes=ReasonTold, gives=TaskView)
async def cancel_task(call: CallDep, task_id: PathText) -> TaskView:
    """Give a task up."""
    told = call.read(ReasonTold)
    step = _step(call, told.occurred_at)
    ledger = call.hospital.ledger
    return view_of(
        await call.hospital.write(
            lambda session: service.cancel(session, ledger=ledger, step=step, task=task_id, reason=told.reason)
        )
    )


@router.post("/{task_id}:complete", permission=Permission.TASKS_DO, takes=Completion, gives=TaskView)
async def complete_task(call: CallDep, task_id: PathText) -> TaskView:
    """Say that a task is done."""
    told = call.read(Completion)
    step = _step(call, told.occurred_at)

    def use_case(session: Session) -> Task:
        carried = handing_out.carried_for(session, task=task_id)
        if carried:
            raise Refused(
                f"{carried} units are still on the way: deliver them or bring them back first.",
                reasons=("task.goods_on_the_way",),
                code="task.goods_on_the_way",
            )
        return service.complete(session, ledger=call.hospital.ledger, step=step, task=task_id, outcome=told.outcome)

    return view_of(await call.hospital.write(use_case))


@router.post("/{task_id}:pick", permission=Permission.TASKS_DO, takes=PickTold, gives=TaskView)
async def pick_for_task(call: CallDep, task_id: PathText) -> TaskView:
    """Take goods for a task by scanning their label."""
    told = call.read(PickTold)
    step = _step(call, told.occurred_at)
    scan = label_told(told.scan, separator=told.separator, is_as_printed=told.is_as_printed)
    zone = ZoneInfo(call.hospital.settings.time_zone)

    def use_case(session: Session) -> Task:
        task = load_task(session, task_id)
        resolved = resolve(session, scan=scan, zone=zone, text=told.scan)
        request = _pick_request(session, task, resolved, told)
        handing_out.pick(
            session, ledger=call.hospital.ledger, command=_command(step, call, task_id, told.reason), request=request
        )
        session.expire_all()
        return load_task(session, task_id)

    return view_of(await call.hospital.write(use_case))


def _pick_request(session: Session, task: Task, resolved: Resolved, told: PickTold) -> handing_out.Request:
    pair = _stand_in(session, task, resolved, told) if task.subject_id != resolved.item.id else None
    missing = max(1, task.quantity - task.picked)
    if pair is not None:
        missing = quantity_needed(pair, missing)
    lot = resolved.the_lot()
    place = told.place or task.from_place
    if told.packages is not None:
        quantity = told.packages * resolved.package_quantity
    elif told.quantity is not None:
        quantity = told.quantity
    else:
        quantity = 1 if resolved.serial else missing
        if lot is not None and not resolved.serial:
            quantity = min(quantity, handing_out.free_of_lot(session, place=place, lot=lot.id, task=task.id) or 1)
        if pair is not None:
            quantity = whole_share(pair, quantity) or missing
    return handing_out.Request(
        item=resolved.item.id, quantity=quantity, place=place, lot=lot.id if lot else "", serial=_serial(resolved)
    )


def _stand_in(session: Session, task: Task, resolved: Resolved, told: PickTold) -> Substitute:
    """Give the approved pair for goods that are not what the task asks for; taken only if that is said."""
    pair = approved_stand_in(session, item=task.subject_id, stand_in=resolved.item.id)
    if not told.is_substitute:
        wanted = load_item(session, task.subject_id)
        raise Refused(
            f"This is {resolved.item.name}, which {pair.approved_by} approved in place of {wanted.name}: "
            "confirm that it is taken instead.",
            reasons=("stock.substitute_unconfirmed",),
            code="stock.substitute_unconfirmed",
        )
    return pair


def _serial(resolved: Resolved) -> str:
    return resolved.serial if resolved.item.tracking.value == "serial" else ""


@router.post("/{task_id}:deliver", permission=Permission.TASKS_DO, takes=DeliverTold, gives=TaskView)
async def deliver_for_task(call: CallDep, task_id: PathText) -> TaskView:
    """Put down a task's goods at the scanned place; when all has come, the task is done."""
    told = call.read(DeliverTold)
    step = _step(call, told.occurred_at)

    def use_case(session: Session) -> Task:
        task = load_task(session, task_id)
        if task.to_place and told.place != task.to_place:
            raise Refused(
                f"This is {told.place}; the goods belong to {task.to_place}: walk on.",
                reasons=("task.wrong_place",),
                code="task.wrong_place",
            )
        ledger = call.hospital.ledger
        handing_out.deliver(session, ledger=ledger, command=_command(step, call, task_id), to_place=told.place)
        session.expire_all()
        delivered = load_task(session, task_id)
        if not told.is_last or not delivered.is_open:
            return delivered
        return service.complete(session, ledger=ledger, step=step, task=task_id, outcome=TaskOutcome.SHORT)

    return view_of(await call.hospital.write(use_case))


@router.post("/{task_id}:return", permission=Permission.TASKS_DO, takes=DeliverTold, gives=TaskView)
async def return_for_task(call: CallDep, task_id: PathText) -> TaskView:
    """Bring a task's goods back to a place instead of delivering them."""
    told = call.read(DeliverTold)
    step = _step(call, told.occurred_at)

    def use_case(session: Session) -> Task:
        handing_out.return_picked(
            session, ledger=call.hospital.ledger, command=_command(step, call, task_id), to_place=told.place
        )
        session.expire_all()
        return load_task(session, task_id)

    return view_of(await call.hospital.write(use_case))
