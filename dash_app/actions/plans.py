"""Keep the plan that a job made, and put a kept plan in force."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from dash_app.actions import runs
from dash_app.actions.port import Commands
from scheduling.loaders.horizon import Horizon
from scheduling.loaders.waiting_list import WaitingList, read_waiting_list
from scheduling.model.admissions import Stay
from scheduling.model.plans import Override, PlanKind
from scheduling.model.report import HardRule
from scheduling.model.rosters import RosterRule
from scheduling.service import plans as service
from scheduling.service import talk
from scheduling.service.making_again import order_again
from scheduling.service.repairing import Outage
from scheduling.service.roster_sheets import midnight
from scheduling.tables.plans import PlanRow
from twin.access import Actor, Permission
from twin.errors import FieldError, FieldProblem, Refused
from twin.ids import UniqueIds
from twin.opening_hours import opening_hours


def keep(port: Commands, job: str, result: Mapping[str, Any] | None, *, title: str = "") -> str:
    """Keep the result of a job as a draft; the service checks it anew.

    Parameters
    ----------
    port : Commands
        The hospital.
    job : str
        Id of the job. The draft takes it over, so that keeping twice, such as by a double click, keeps once.
    result : Mapping[str, Any] or None
        Plain JSON values with ``plan.start_at``, ``problem`` and ``admissions``; None while the job is not done.
    title : str, optional
        What people call it.

    Returns
    -------
    str
        Id of the kept plan.

    Raises
    ------
    Refused
        If there is no result yet.
    FieldError
        If the result holds no plan.
    """
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.PLANS_EDIT)
    new = _new_plan(job, result, title)

    def use_case(session: Session) -> str:
        held = session.get(PlanRow, new.id)
        return held.id if held is not None else service.keep_draft(session, actor=actor, at=now, new=new).id

    return port.writer.run(use_case)


def _new_plan(job: str, result: Mapping[str, Any] | None, title: str) -> service.NewPlan:
    if result is None:
        raise Refused("The plan is not made yet: wait until its job is done.", code="plan.not_made")
    try:
        start_at, kind = int(result["plan"]["start_at"]), PlanKind(result["plan"].get("kind", "admissions"))
        zone = str(result["plan"].get("zone", "UTC"))
        based_on = str(result["plan"].get("based_on", ""))
        content = "roster" if kind is PlanKind.ROSTER else "admissions"
        problem, plan = msgspec.json.encode(result["problem"]), msgspec.json.encode(result[content])
    except (KeyError, TypeError, ValueError) as error:
        raise FieldError(
            FieldProblem(
                field="plan",
                place=f"job {job}",
                message=f"Expected plan, problem and admissions in the result of the job; {error!r} is missing or odd.",
                cure="Have the plan made again.",
            )
        ) from error
    return service.NewPlan(
        id=job,
        title=title[:200],
        start_at=start_at,
        zone=zone,
        problem=problem,
        plan=plan,
        kind=kind,
        based_on=based_on,
    )


def read_waiting(port: Commands, waiting_list: str, days: int) -> WaitingList:
    """Give what would be planned of a waiting list, as of now; nothing is made.

    Parameters
    ----------
    port : Commands
        The hospital.
    waiting_list : str
        CSV text; empty for who is booked.
    days : int
        Horizon.

    Raises
    ------
    ImportRefused, InputError
        If rows cannot be used, or the hospital has nothing to plan.
    """
    port.actor().require(Permission.PLANS_EDIT)
    now, zone = port.clock.now(), port.settings.time_zone
    tomorrow = datetime.fromtimestamp(now / 1e6, ZoneInfo(zone)).date() + timedelta(days=1)
    hours = opening_hours(port.settings.operating_hours)
    horizon = Horizon(
        start_at=midnight(tomorrow, zone),
        zone=zone,
        days=days,
        hours=hours,
        turnover_minutes=port.settings.theatre_turnover_minutes,
    )
    return read_waiting_list(port.state().freeze(now), horizon, waiting_list)


def move(port: Commands, plan: str, *, patient: str, stay: Stay | None, pins: bool = False) -> str:
    """Keep a plan with a patient elsewhere as a new draft; the plan itself stays as it is.

    Parameters
    ----------
    port : Commands
        The hospital.
    plan, patient : str
        Ids.
    stay : Stay or None
        Where the patient is to be; None for back to the waiting list.
    pins : bool
        Whether the patient is pinned there.

    Returns
    -------
    str
        Id of the new draft.

    Raises
    ------
    NotFound, InputError
        If plan, patient, room or theatre are unknown.
    """

    def use_case(session: Session, change: talk.Change, actor: Actor, at: int) -> str:
        row, _ = talk.edit_plan(session, actor=actor, at=at, change=change, patient=patient, stay=stay, pins=pins)
        return row.id

    return _changing(port, plan, use_case)


def _changing(port: Commands, plan: str, use_case: Callable[[Session, talk.Change, Actor, int], str]) -> str:
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.PLANS_EDIT)
    change = talk.Change(plan=plan, new_id=UniqueIds().next(now))
    return port.writer.run(lambda session: use_case(session, change, actor, now))


def pin(port: Commands, plan: str, *, patient: str, parts: Collection[str]) -> str:
    """Keep a plan with a patient pinned where they are, or let go, as a new draft; gives its id.

    Parameters
    ----------
    port : Commands
        The hospital.
    plan, patient : str
        Ids.
    parts : Collection[str]
        What of the place is pinned: ``day``, ``room``, ``theatre``; none lets the patient go.

    Raises
    ------
    NotFound, FieldError
        If plan or patient are unknown, or the patient is not admitted.
    """
    pinning = talk.Pinning(patient=patient, parts=frozenset(parts))

    def use_case(session: Session, change: talk.Change, actor: Actor, at: int) -> str:
        return talk.pin_patient(session, actor=actor, at=at, change=change, pinning=pinning).id

    return _changing(port, plan, use_case)


def repair(port: Commands, plan: str, outage: Outage) -> str:
    """Keep a plan without somebody or something as a new draft, as its trial showed it; gives its id.

    Parameters
    ----------
    port : Commands
        The hospital.
    plan : str
        Id of the plan.
    outage : Outage
        Who or what is not there.

    Raises
    ------
    NotFound, InputError
        If plan, or who or what is not there, is unknown.
    """

    def use_case(session: Session, change: talk.Change, actor: Actor, at: int) -> str:
        return talk.repair_plan(session, actor=actor, at=at, change=change, outage=outage)[0].id

    return _changing(port, plan, use_case)


def make_again(port: Commands, plan: str, *, seconds: int, seed: int) -> str:
    """Queue a plan of the same patients that keeps the pins and changes little; gives the job's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    plan : str
        Id of the kept plan.
    seconds, seed : int
        How long to search, and the seed of chance.
    """
    port.actor().require(Permission.PLANS_EDIT)
    order = port.writer.run(lambda session: order_again(session, plan, seconds=seconds, seed=seed))
    return runs.start_plan(port, order.arguments)


def publish(port: Commands, plan: str, *, version: int, reasons: Mapping[str, str]) -> None:
    """Put a kept draft in force; the plan in force before is replaced and stays readable.

    Parameters
    ----------
    port : Commands
        The hospital.
    plan : str
        Id of the draft.
    version : int
        Version that the person saw.
    reasons : Mapping[str, str]
        For each rule that the plan breaks, why that is accepted.

    Raises
    ------
    Refused
        If a rule is broken for which no reason is given.
    Conflict
        If it is no draft any more.
    StaleVersion
        If somebody changed it meanwhile.
    """
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.PLANS_PUBLISH)
    known = {rule.value for rule in (*HardRule, *RosterRule)}
    given = [(rule, reason.strip()) for rule, reason in reasons.items() if reason.strip() and rule in known]
    overrides = tuple(Override(rule=rule, reason=reason) for rule, reason in given)
    intent = service.Publishing(plan=plan, version=version, overrides=overrides)
    port.writer.run(lambda session: service.publish(session, ledger=port.ledger, actor=actor, at=now, intent=intent).id)
