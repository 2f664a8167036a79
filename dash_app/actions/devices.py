"""Deal with devices: reserve and give back, close a notice's device with proof, keep a levelled plan."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlmodel import Session

from assets.model.notices import MatchState
from assets.model.regions import OperationalState
from assets.model.register import Relation, RelationKind
from assets.rules.due_dates import local_day
from assets.service import custody, levelling, life, notices, register
from assets.service.act import Act
from dash_app.actions.device_records import device_named
from dash_app.actions.port import Commands
from twin.access import Permission


def _act(port: Commands, verb: str, subject: str, permission: Permission) -> Act:
    actor, now = port.actor(), port.clock.now()
    actor.require(permission)
    return Act(actor=actor, now=now, key=f"{actor.id}:{verb}:{subject}:{now}", ledger=port.ledger)


def reserve(port: Commands, asset: str) -> None:
    """Keep a free, usable device for the reader until they fetch it or give it back."""
    act = _act(port, "reserve", asset, Permission.TASKS_DO)
    port.writer.run(lambda session: custody.reserve(session, act=act, asset_id=asset))


def give_back(port: Commands, asset: str) -> None:
    """End the custody or reservation of a device."""
    act = _act(port, "give-back", asset, Permission.TASKS_DO)
    port.writer.run(lambda session: custody.give_back(session, act=act, asset_id=asset))


def close_match(port: Commands, *, notice: str, asset: str, state: MatchState, evidence: str) -> None:
    """Close one device of a safety notice.

    Parameters
    ----------
    port : Commands
        The hospital.
    notice, asset : str
        Which device of which notice.
    state : MatchState
        What became of it.
    evidence : str
        The proof in words.
    """
    act = _act(port, "close-match", f"{notice}:{asset}", Permission.DEVICES_WRITE)
    port.writer.run(
        lambda session: notices.close_match(
            session, act=act, notice_id=notice, asset_id=asset, state=state, evidence=evidence
        )
    )


def keep_tie(port: Commands, *, asset: str, kind: RelationKind, other: str) -> None:
    """Note that a device hangs on another, which is named by any of its marks."""
    act = _act(port, "tie", asset, Permission.DEVICES_WRITE)

    def use_case(session: Session) -> None:
        tie = Relation(asset=asset, other=device_named(session, other, "other"), kind=kind)
        register.relate(session, act=act, relation=tie)

    port.writer.run(use_case)


def drop_tie(port: Commands, tie: Relation) -> None:
    """Note that a device hangs on another no more; one that is contained by its entry leaves it by its entry."""
    act = _act(port, "tie-dropped", tie.asset, Permission.DEVICES_WRITE)
    port.writer.run(lambda session: register.unrelate(session, act=act, relation=tie))


def close_notice(port: Commands, notice: str) -> None:
    """Close a safety notice; it is refused while any of its devices is open."""
    act = _act(port, "close-notice", notice, Permission.DEVICES_WRITE)
    port.writer.run(lambda session: notices.close_notice(session, act=act, notice_id=notice))


def keep_levelled(port: Commands, *, weeks: int, minutes: int, zone: ZoneInfo) -> int:
    """Spread the maintenance of the next weeks and keep it; give how many orders changed their week.

    Parameters
    ----------
    port : Commands
        The hospital.
    weeks, minutes : int
        How many weeks, and technicians' minutes in each.
    zone : ZoneInfo
        The hospital's.
    """
    act = _act(port, "level", str(weeks), Permission.WORK_ORDERS_WRITE)
    today = local_day(act.now, zone)

    def use_case(session: Session) -> int:
        plan = levelling.level_maintenance(session, today=today, weeks=weeks, capacity={"": minutes}, seconds=5.0)
        return levelling.keep_plan(session, act=act, plan=plan)

    return port.writer.run(use_case)


def say_state(port: Commands, *, asset: str, state: str, reason: str) -> None:
    """Say that a device is set aside, missed, found again, wiped of its data or disposed of, and why."""
    act = _act(port, "state", asset, Permission.DEVICES_WRITE)
    port.writer.run(
        lambda session: life.say_state(session, act=act, asset_id=asset, state=OperationalState(state), reason=reason)
    )
