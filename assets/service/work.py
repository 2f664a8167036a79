"""Work orders through their life, and what they do to their device's state."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session, col, select

from assets.model.regions import GONE, OperationalState
from assets.model.work import Amendment, Answer, Labour, Part, Step, WorkKind, WorkOrder, WorkState
from assets.rules.work import (
    is_within_limits,
    reasons_against_closing,
    reasons_against_giving_up,
    state_while_working,
)
from assets.service.act import Act
from assets.service.availability import change_state
from assets.service.templates import steps_for
from assets.tables.register import load_asset
from assets.tables.rows import DowntimeRow, WorkOrderRow
from twin.access import Permission
from twin.clock import HOUR_US
from twin.errors import FieldError, FieldProblem, NotFound, Refused, StaleVersion
from twin.events.work import RequestSettled, TaskKind, TaskRequested

# Waits for its incoming test: other work that ends, or a test that is given up, is none.
_UNTESTED = frozenset({OperationalState.ORDERED, OperationalState.RECEIVED})
_SET_ASIDE = GONE | _UNTESTED | {OperationalState.QUARANTINED, OperationalState.MISSING}
"""States that the end of some work does not take a device out of: they were entered for another reason."""

OPEN_STATES = (WorkState.REQUESTED, WorkState.OPEN, WorkState.IN_PROGRESS, WorkState.ACCEPTANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a technician adds to a work order in one go.

    Parameters
    ----------
    answers, parts, labour
        Added to what stands there.
    failure_code, finding : str or None
        Coded failure and outcome; None leaves them.
    opens_mains_part, acceptance_passed, safety_test_passed : bool or None
        None leaves them.
    """

    answers: tuple[Answer, ...] = ()
    parts: tuple[Part, ...] = ()
    labour: tuple[Labour, ...] = ()
    failure_code: str | None = None
    finding: str | None = None
    opens_mains_part: bool | None = None
    acceptance_passed: bool | None = None
    safety_test_passed: bool | None = None


def open_work_order(session: Session, *, act: Act, order: WorkOrder, dedupe_key: str = "") -> WorkOrder:
    """Open a work order; a corrective one says that the device has failed.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who opens it.
    order : WorkOrder
        What is to be done; its steps are kept as they are now.
    dedupe_key : str
        A second order with this key is not opened; the first is given back. The id if empty.

    Raises
    ------
    Refused
        If the device is retired.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    asset = load_asset(session, order.asset)
    key = dedupe_key or order.id
    # Asked for twice, such as by two runs of the maintenance plan, it is one order.
    known = session.exec(select(WorkOrderRow).where(col(WorkOrderRow.dedupe_key) == key)).first()
    if known is not None:
        return order_of_row(known)
    if order.kind is not WorkKind.DECOMMISSION:
        _require_alive(asset.id, asset.operational)
    # Copied, not referred to: a later change of the checklist changes nothing that was begun under the old one.
    steps = order.steps or steps_for(session, kind=order.kind, category=asset.category)
    opened = replace(order, state=WorkState.OPEN, opened_at=order.opened_at or act.now, steps=steps)
    _write(session, WorkOrderRow(id=order.id, dedupe_key=key, asset="", kind="", state=""), opened)
    if order.kind is WorkKind.CORRECTIVE:
        _begin_downtime(session, opened)
        # A device that was set aside is out of use already: were it said to have failed, giving up the order would put
        # it back into service.
        if OperationalState(asset.operational) not in _SET_ASIDE:
            change_state(session, act=act, asset_id=order.asset, operational=OperationalState.FAILED)
    _request_task(session, act, opened)
    return opened


def _require_alive(asset_id: str, state: str) -> None:
    if OperationalState(state) in GONE:
        message = f"{asset_id} is {state}: there is nothing to work on. Look for the device that stands in its place."
        raise Refused(message, code="asset.retired")


def _request_task(session: Session, act: Act, order: WorkOrder) -> None:
    event = TaskRequested(
        thing=order.asset,
        occurred_at=act.now,
        source=act.source,
        source_key=f"work-order:{order.id}",
        actor=act.actor.id,
        kind=TaskKind.MAINTAIN,
        dedupe_key=f"work-order:{order.id}",
        subject_id=order.asset,
        due_at=order.due_at,
        priority=order.priority,
        reason=order.kind.value,
    )
    act.ledger.append(session, [event])


def _settle_request(session: Session, act: Act, order: WorkOrder, *, reason: str = "") -> None:
    """Tell that the task which was asked for when the order was opened is over with it."""
    event = RequestSettled(
        thing=order.asset,
        occurred_at=act.now,
        source=act.source,
        source_key=f"work-order:{order.id}:settled",
        actor=act.actor.id,
        dedupe_key=f"work-order:{order.id}",
        is_done=order.state is WorkState.CLOSED,
        reason=reason,
    )
    act.ledger.append(session, [event])


def start_work(session: Session, *, act: Act, order_id: str, version: int) -> WorkOrder:
    """Begin the work; the device is out of service until it is closed.

    Raises
    ------
    Refused
        If the order is not open, or its device was retired in the meantime.
    """
    row, order = _editable(session, act, order_id, version)
    if order.state is not WorkState.OPEN:
        raise Refused(f"{order_id} is {order.state}: only an open one can be begun.", code="work_order.state")
    if order.kind is not WorkKind.DECOMMISSION:
        _require_alive(order.asset, load_asset(session, order.asset).operational)
    begun = replace(order, state=WorkState.IN_PROGRESS, started_at=act.now)
    state = OperationalState(load_asset(session, order.asset).operational)
    wanted = _while_working(order.kind, state)
    if wanted is not state:
        change_state(session, act=act, asset_id=order.asset, operational=wanted)
    return _write(session, row, begun)


def _while_working(kind: WorkKind, state: OperationalState) -> OperationalState:
    """Give the state of a device while somebody works on it, from the one in which it stands."""
    # Wiped down where it stands: what is broken, or was never tested, is no more fit for use by that.
    if kind is WorkKind.DISINFECTION:
        return state
    # Planned work ends no quarantine: only a repair is a way out of it, through the acceptance test.
    if state is OperationalState.QUARANTINED and kind not in (WorkKind.CORRECTIVE, WorkKind.DECOMMISSION):
        return state
    return state_while_working(kind)


def record_work(session: Session, *, act: Act, order_id: str, version: int, finding: Finding) -> WorkOrder:
    """Add findings, parts and labour.

    Raises
    ------
    FieldError
        If an answer names no step, or is not of the step's kind.
    Refused
        If the work order is closed: add an amendment instead.
    """
    row, order = _editable(session, act, order_id, version)
    steps = {step.id: step for step in order.steps}
    for answer in finding.answers:
        _check_answer(steps, answer)
    marked = tuple(replace(answer, actor=act.actor.id, at=act.now) for answer in finding.answers)
    changed = replace(
        order,
        answers=order.answers + marked,
        parts=order.parts + finding.parts,
        labour=order.labour + finding.labour,
        **{name: value for name in _OVERWRITTEN if (value := getattr(finding, name)) is not None},
    )
    if changed.kind is WorkKind.CORRECTIVE and changed.finding == "repaired":
        changed = replace(changed, state=WorkState.ACCEPTANCE)
        change_state(session, act=act, asset_id=order.asset, operational=OperationalState.ACCEPTANCE_TEST)
    return _write(session, row, changed)


_OVERWRITTEN = ("failure_code", "finding", "opens_mains_part", "acceptance_passed", "safety_test_passed")


def _check_answer(steps: dict[str, Step], answer: Answer) -> None:
    step = steps.get(answer.step)
    cure = f"Answer one of {', '.join(steps)}."
    if step is None:
        raise FieldError(FieldProblem(field=answer.step, place="answers", message="There is no such step.", cure=cure))
    try:
        is_within_limits(step, answer.value)
    except ValueError as error:
        problem = FieldProblem(field=answer.step, place="answers", message=str(error), cure="Answer in its own kind.")
        raise FieldError(problem) from error


def close_work_order(session: Session, *, act: Act, order_id: str, version: int, at: int = 0) -> WorkOrder:
    """Sign that the work is done; the device goes back into service.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who signs.
    order_id : str
        Which.
    version : int
        Version that the signer saw.
    at : int
        When it was done if that was earlier, UTC microseconds.

    Raises
    ------
    Refused
        If anything is missing or out of limits; all reasons are named.
    """
    row, order = _editable(session, act, order_id, version)
    reasons = reasons_against_closing(order)
    if reasons:
        raise Refused(f"{order_id} cannot be closed.", reasons=reasons, code="work_order.not_closable")
    closed = replace(order, state=WorkState.CLOSED, closed_at=at or act.now, closed_by=act.actor.id)
    if order.kind is WorkKind.DECOMMISSION:
        change_state(session, act=act, asset_id=order.asset, operational=OperationalState.RETIRED)
    else:
        _back_into_service(session, act, closed)
    _end_downtime(session, closed)
    _settle_request(session, act, closed)
    return _write(session, row, closed)


def cancel_work_order(session: Session, *, act: Act, order_id: str, version: int, reason: str) -> WorkOrder:
    """Give up an open work order; the device is again in service unless another one holds it.

    Raises
    ------
    Refused
        If a repair was begun and the device has not passed its tests since: pass them, or retire or quarantine it.
    """
    row, order = _editable(session, act, order_id, version)
    # Also while other work holds the device: that may be cancelled next, and nobody would ask for this one's tests.
    against = reasons_against_giving_up(order)
    if against and OperationalState(load_asset(session, order.asset).operational) not in _SET_ASIDE:
        raise Refused(f"{order_id} cannot be cancelled.", reasons=against, code="work_order.not_cancellable")
    note = Amendment(actor=act.actor.id, at=act.now, text=reason)
    cancelled = replace(order, state=WorkState.CANCELLED, closed_at=act.now, amendments=(*order.amendments, note))
    if order.kind is WorkKind.INCOMING and order.state is WorkState.IN_PROGRESS:
        # Without its test it waits again: giving the test up would else be the way round it.
        change_state(session, act=act, asset_id=order.asset, operational=OperationalState.RECEIVED)
    _back_into_service(session, act, cancelled)
    _end_downtime(session, cancelled)
    _settle_request(session, act, cancelled, reason=reason)
    return _write(session, row, cancelled)


def amend(session: Session, *, act: Act, order_id: str, text: str) -> WorkOrder:
    """Add to a closed work order; nothing that stands there is changed."""
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    row = _row(session, order_id)
    order = order_of_row(row)
    if not text.strip():
        raise FieldError(FieldProblem(field="text", place="amendment", message="Expected text.", cure="Say what."))
    note = Amendment(actor=act.actor.id, at=act.now, text=text)
    return _write(session, row, replace(order, amendments=(*order.amendments, note)))


def get_work_order(session: Session, *, order_id: str) -> tuple[WorkOrder, int]:
    """Give a work order and its version."""
    row = _row(session, order_id)
    return order_of_row(row), row.version


def plan_work(session: Session, *, order: WorkOrder) -> WorkOrder:
    """Keep the week for which an open order was planned."""
    row = _row(session, order.id)
    if row.state != WorkState.OPEN:
        raise Refused(f"{order.id} is {row.state} and is planned no more.", code="work_order.state")
    return _write(session, row, replace(order_of_row(row), planned_on=order.planned_on))


def list_work_orders(
    session: Session, *, asset: str = "", is_open: bool | None = None, after: str = "", limit: int = 100
) -> list[WorkOrder]:
    """Give work orders by id, of one device or of all."""
    query = select(WorkOrderRow).where(col(WorkOrderRow.id) > after)
    if asset:
        query = query.where(col(WorkOrderRow.asset) == asset)
    if is_open is not None:
        states = [state.value for state in WorkState if (state in OPEN_STATES) == is_open]
        query = query.where(col(WorkOrderRow.state).in_(states))
    return [order_of_row(row) for row in session.exec(query.order_by(col(WorkOrderRow.id)).limit(limit))]


def repairs_of(session: Session, *, asset: str, start: int, end: int) -> list[tuple[float, float]]:
    """Give active labour and response, hours, of each repair that was closed within a time.

    Parameters
    ----------
    session : Session
        Any session.
    asset : str
        Which device.
    start, end : int
        UTC microseconds, end exclusive.
    """
    query = select(WorkOrderRow).where(
        col(WorkOrderRow.asset) == asset,
        col(WorkOrderRow.kind) == WorkKind.CORRECTIVE.value,
        col(WorkOrderRow.state) == WorkState.CLOSED.value,
        col(WorkOrderRow.closed_at) >= start,
        col(WorkOrderRow.closed_at) < end,
    )
    orders = map(order_of_row, session.exec(query.order_by(col(WorkOrderRow.closed_at))))
    return [
        (
            sum(one.minutes for one in order.labour) / 60.0,
            # An order that was entered after the work has no beginning of its own: nobody waited that long.
            max(order.started_at - order.opened_at, 0) / HOUR_US if order.started_at else 0.0,
        )
        for order in orders
    ]


def open_planned(session: Session) -> list[WorkOrder]:
    """Give the open orders that fulfil a maintenance rule, by due instant."""
    query = select(WorkOrderRow).where(col(WorkOrderRow.state) == WorkState.OPEN.value, col(WorkOrderRow.rule) != "")
    found = [order_of_row(row) for row in session.exec(query.order_by(col(WorkOrderRow.due_at)))]
    return [order for order in found if order.due_date]


def order_of_row(row: WorkOrderRow) -> WorkOrder:
    """Give the work order of a row."""
    return msgspec.json.decode(row.body, type=WorkOrder)


def _row(session: Session, order_id: str) -> WorkOrderRow:
    row = session.get(WorkOrderRow, order_id)
    if row is None:
        raise NotFound("work order", order_id)
    return row


def _editable(session: Session, act: Act, order_id: str, version: int) -> tuple[WorkOrderRow, WorkOrder]:
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    row = _row(session, order_id)
    if row.state not in OPEN_STATES:
        message = f"{order_id} is {row.state} and cannot be changed: add an amendment."
        raise Refused(message, code="work_order.closed")
    if row.version != version:
        raise StaleVersion(expected=version, found=row.version)
    return row, order_of_row(row)


def _write(session: Session, row: WorkOrderRow, order: WorkOrder) -> WorkOrder:
    is_new = not row.state
    row.asset, row.kind, row.state = order.asset, order.kind.value, order.state.value
    row.opened_at, row.due_at, row.closed_at = order.opened_at, order.due_at, order.closed_at
    row.rule = order.rule
    row.body = msgspec.json.encode(order).decode()
    row.version = 1 if is_new else row.version + 1
    session.add(row)
    session.flush()
    return order


def _back_into_service(session: Session, act: Act, order: WorkOrder) -> None:
    """Put the device of ended work back into service, unless other work or another reason keeps it out."""
    state = OperationalState(load_asset(session, order.asset).operational)
    is_tested = order.kind is WorkKind.INCOMING and order.state is WorkState.CLOSED
    stays = _SET_ASIDE - _UNTESTED if is_tested else _SET_ASIDE
    if state not in stays and not _others_hold_it(session, order):
        change_state(session, act=act, asset_id=order.asset, operational=OperationalState.IN_SERVICE)


def _others_hold_it(session: Session, order: WorkOrder) -> bool:
    """Tell whether another order still keeps the device out of service."""
    query = select(WorkOrderRow).where(col(WorkOrderRow.asset) == order.asset, col(WorkOrderRow.id) != order.id)
    for row in session.exec(query.where(col(WorkOrderRow.state).in_([state.value for state in OPEN_STATES]))):
        # Something broken stays out of use before anybody begins; planned work takes it out only when it begins.
        if row.kind == WorkKind.CORRECTIVE or row.state == WorkState.IN_PROGRESS:
            return True
    return False


def _begin_downtime(session: Session, order: WorkOrder) -> None:
    session.merge(
        DowntimeRow(asset=order.asset, start_at=order.opened_at, work_order=order.id, failure_code=order.failure_code)
    )
    session.flush()


def _end_downtime(session: Session, order: WorkOrder) -> None:
    for row in session.exec(select(DowntimeRow).where(col(DowntimeRow.work_order) == order.id)):
        # A closing instant told from outside may lie before the opening: no downtime is negative.
        row.end_at = max(order.closed_at, row.start_at)
        row.failure_code = order.failure_code or row.failure_code
        session.add(row)
    session.flush()
