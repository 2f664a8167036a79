"""Steps of a device's life that a person says: set aside, missed, found, wiped of its data, disposed of."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from assets.model.regions import ComplianceFlag, OperationalState
from assets.model.work import WorkKind
from assets.rules.usability import may_move
from assets.service.act import Act
from assets.service.availability import change_state
from assets.service.work import OPEN_STATES
from assets.tables.records import LifeStepRow
from assets.tables.register import load_asset, regions_of_row
from assets.tables.rows import AssetRow, WorkOrderRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, Refused

SAID_BY_PEOPLE = (
    OperationalState.RECEIVED,
    OperationalState.QUARANTINED,
    OperationalState.MISSING,
    OperationalState.IN_SERVICE,
    OperationalState.SANITISED,
    OperationalState.DISPOSED,
)
"""States that a person may say; work orders say the others, since each of those needs its proof."""

_AGAINST_SERVICE = frozenset(
    {ComplianceFlag.NOTICE_OPEN, ComplianceFlag.INCIDENT_OPEN, ComplianceFlag.SAFETY_TEST_FAILED}
)
_PUT_BACK_FROM = frozenset({OperationalState.QUARANTINED, OperationalState.MISSING})


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeStep:
    """One step, with who said it and why; ``at`` in UTC microseconds."""

    asset: str
    at: int
    before: OperationalState
    after: OperationalState
    reason: str
    actor: str


def next_states(row: AssetRow) -> tuple[OperationalState, ...]:
    """Give the states that a person may say of a device now."""
    before = OperationalState(row.operational)
    return tuple(
        state
        for state in SAID_BY_PEOPLE
        if state is not before
        and may_move(before, state)
        # From repair or arrival it comes by its order, which asks for the acceptance and safety tests.
        and (state is not OperationalState.IN_SERVICE or before in _PUT_BACK_FROM)
    )


def say_state(session: Session, *, act: Act, asset_id: str, state: OperationalState, reason: str) -> LifeStep:
    """Say where a device stands in its life.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who says so; needs ``devices:write``.
    asset_id : str
        Which device.
    state : OperationalState
        Where it stands from now on.
    reason : str
        Why; kept with the step.

    Raises
    ------
    FieldError
        If no reason is given.
    Refused
        If its life cannot go there from where it stands, or something open keeps it from service; all of it is named.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = load_asset(session, asset_id)
    before = OperationalState(row.operational)
    if not reason.strip():
        cure = "Say why: whoever looks for it later reads this."
        raise FieldError(FieldProblem(field="reason", place="state", message="Expected a reason.", cure=cure))
    if state not in next_states(row):
        allowed = ", ".join(next_states(row)) or "nothing"
        message = f"{asset_id} is {before} and cannot be said to be {state}; what can be said: {allowed}."
        raise Refused(message, code="asset.step")
    against = _against_service(session, row) if state is OperationalState.IN_SERVICE else []
    if against:
        raise Refused(f"{asset_id} stays {before}.", reasons=against, code="asset.not_serviceable")
    # Kept beside the state, which tells only where it stands: who set it aside, and why, is asked weeks later.
    step = LifeStepRow(
        asset=asset_id, at=act.now, before=before, after=state, reason=reason.strip()[:500], actor=act.actor.id
    )
    session.merge(step)
    change_state(session, act=act, asset_id=asset_id, operational=state)
    return _step_of(step)


def _against_service(session: Session, row: AssetRow) -> list[str]:
    """Give what must be closed before a device that was set aside or missed serves again."""
    reasons = [f"compliance.{flag}" for flag in sorted(regions_of_row(row).compliance & _AGAINST_SERVICE)]
    repairs = select(WorkOrderRow.id).where(
        col(WorkOrderRow.asset) == row.id,
        col(WorkOrderRow.kind) == WorkKind.CORRECTIVE.value,
        col(WorkOrderRow.state).in_([state.value for state in OPEN_STATES]),
    )
    if session.exec(repairs.limit(1)).first() is not None:
        reasons.append("work_order.open")
    return reasons


def steps_of(session: Session, *, asset: str, limit: int = 100) -> list[LifeStep]:
    """Give what people said of a device, the latest first."""
    query = select(LifeStepRow).where(col(LifeStepRow.asset) == asset)
    return [_step_of(row) for row in session.exec(query.order_by(col(LifeStepRow.at).desc()).limit(limit))]


def _step_of(row: LifeStepRow) -> LifeStep:
    return LifeStep(
        asset=row.asset,
        at=row.at,
        before=OperationalState(row.before),
        after=OperationalState(row.after),
        reason=row.reason,
        actor=row.actor,
    )
