"""Steps of endoscopes and doses of rooms, kept as they were done; an endoscope that is not ready is not clean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session, col, select

from assets.model.regions import ReprocessingState
from assets.rules.endoscopes import LightDose, ScopeLimits, ScopeStatus, ScopeStep, StepDone, scope_status
from assets.service.act import Act
from assets.service.availability import change_state
from assets.service.limits import scope_limits
from assets.tables.records import ReprocessStepRow
from assets.tables.register import load_asset
from twin.access import Permission
from twin.errors import FieldError, FieldProblem
from twin.events.things import DeviceReadiness, DeviceReadinessChanged

UV = "uv"
_READINESS = {
    ReprocessingState.DIRTY: DeviceReadiness.DIRTY,
    ReprocessingState.CLEAN: DeviceReadiness.CLEAN,
    ReprocessingState.REPROCESSING: DeviceReadiness.REPROCESSING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomDose:
    """Ultraviolet light in one room.

    Parameters
    ----------
    place : str
        The room.
    at : int
        When it ended, UTC microseconds.
    doses : tuple[LightDose, ...]
        One per position.
    """

    place: str
    at: int
    doses: tuple[LightDose, ...]

    @property
    def is_reached(self) -> bool:
        """Whether every position got its target."""
        return bool(self.doses) and all(dose.is_reached for dose in self.doses)


def record_step(
    session: Session, *, act: Act, asset: str, done: StepDone, limits: ScopeLimits | None = None
) -> ScopeStatus:
    """Keep a step of an endoscope and give where it stands; its cleanliness follows.

    Raises
    ------
    FieldError
        If the step lies in the future.
    """
    act.actor.require(Permission.TASKS_DO)
    load_asset(session, asset)
    if done.at > act.now:
        problem = FieldProblem(field="at", place="step", message="It lies in the future.", cure="Give the real time.")
        raise FieldError(problem)
    session.merge(
        ReprocessStepRow(
            subject=asset, at=done.at, step=done.step.value, actor=act.actor.id, body=msgspec.json.encode(done).decode()
        )
    )
    session.flush()
    status = status_of(session, asset=asset, now=act.now, limits=limits)
    latest = steps_of(session, asset=asset, limit=1)[0]
    wanted = ReprocessingState.REPROCESSING
    if not status.reasons:
        wanted = ReprocessingState.CLEAN
    elif latest.step is ScopeStep.USED:
        wanted = ReprocessingState.DIRTY
    # The step tells of readiness and of usability: two events, two keys.
    step = replace(act, key=f"{act.key}:{done.step}")
    change_state(session, act=step, asset_id=asset, reprocessing=wanted)
    event = DeviceReadinessChanged(
        thing=asset,
        # Since the latest step, not since this one: of a step that is entered late the twin would pass over what
        # follows from it as older than what it knows.
        occurred_at=max(done.at, latest.at),
        source=act.source,
        source_key=f"endoscope:{asset}:{done.step}:{done.at}",
        actor=act.actor.id,
        readiness=_READINESS[wanted],
    )
    act.ledger.append(session, [event])
    return status


def steps_of(session: Session, *, asset: str, limit: int = 200) -> list[StepDone]:
    """Give the steps of an endoscope, the latest first."""
    query = select(ReprocessStepRow).where(col(ReprocessStepRow.subject) == asset, col(ReprocessStepRow.step) != UV)
    rows = session.exec(query.order_by(col(ReprocessStepRow.at).desc()).limit(limit))
    return [msgspec.json.decode(row.body, type=StepDone) for row in rows]


def status_of(session: Session, *, asset: str, now: int, limits: ScopeLimits | None = None) -> ScopeStatus:
    """Give where an endoscope stands, with its clocks."""
    return scope_status(steps_of(session, asset=asset), now=now, limits=limits or scope_limits(session))


def record_dose(session: Session, *, act: Act, dose: RoomDose) -> RoomDose:
    """Keep the light delivered in a room beside its target.

    Raises
    ------
    FieldError
        If no position is given.
    """
    act.actor.require(Permission.TASKS_DO)
    if not dose.doses:
        problem = FieldProblem(field="doses", place="room", message="Expected a position.", cure="Give at least one.")
        raise FieldError(problem)
    session.merge(
        ReprocessStepRow(
            subject=dose.place, at=dose.at, step=UV, actor=act.actor.id, body=msgspec.json.encode(dose).decode()
        )
    )
    session.flush()
    return dose


def doses_of(session: Session, *, place: str, limit: int = 100) -> list[RoomDose]:
    """Give the light delivered in a room, the latest first."""
    query = select(ReprocessStepRow).where(col(ReprocessStepRow.subject) == place, col(ReprocessStepRow.step) == UV)
    rows = session.exec(query.order_by(col(ReprocessStepRow.at).desc()).limit(limit))
    return [msgspec.json.decode(row.body, type=RoomDose) for row in rows]
