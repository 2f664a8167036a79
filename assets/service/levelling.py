"""Spreading the open maintenance of the next weeks over technicians' hours, within each order's window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlmodel import Session

from assets.model.maintenance import Rule
from assets.model.work import WorkOrder
from assets.rules.levelling import LevelJob, LevelPlan, level
from assets.service.act import Act
from assets.service.maintenance import rules_of
from assets.service.work import open_planned, plan_work
from twin.access import Permission

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekPlan:
    """Where the maintenance of the next weeks is put.

    Parameters
    ----------
    first_on : date
        Monday of the first week.
    plan : LevelPlan
        Loads before and after, and the week of each order by its id.
    orders : tuple[WorkOrder, ...]
        The orders that were levelled, by due day.
    """

    first_on: date
    plan: LevelPlan
    orders: tuple[WorkOrder, ...]

    def week_of(self, order: str) -> date:
        """Give the Monday of the week in which an order is put."""
        return self.first_on + self.plan.week_by_key[order] * WEEK


def monday_of(day: date) -> date:
    """Give the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def level_maintenance(
    session: Session, *, today: date, weeks: int, capacity: Mapping[str, int], seconds: float = 10.0
) -> WeekPlan:
    """Level the open maintenance whose window reaches into the next weeks.

    Parameters
    ----------
    session : Session
        Any session.
    today : date
        The hospital's day.
    weeks : int
        How many weeks ahead, above 0.
    capacity : Mapping[str, int]
        Minutes a week by skill; the empty skill is all technicians together.
    seconds : float
        Time for the solver.
    """
    first = monday_of(today)
    rules = {rule.id: rule for rule in rules_of(session, limit=100_000)}
    orders = open_planned(session)
    jobs, taken = [], []
    for order in orders:
        job = _job(order, rules.get(order.rule), first, weeks)
        if job is not None:
            jobs.append(job)
            taken.append(order)
    return WeekPlan(
        first_on=first, plan=level(jobs, weeks=weeks, capacity=capacity, seconds=seconds), orders=tuple(taken)
    )


def _job(order: WorkOrder, rule: Rule | None, first: date, weeks: int) -> LevelJob | None:
    due = date.fromisoformat(order.due_date)
    window = timedelta(days=rule.calendar.window_days if rule is not None and rule.calendar is not None else 0)
    begins, ends = (due - window - first).days // 7, (due + window - first).days // 7
    if begins >= weeks:
        return None
    # What is past its window can only be done late: it goes into the first week.
    last = max(min(ends, weeks - 1), 0)
    start = min(max(begins, 0), last)
    return LevelJob(
        key=order.id,
        minutes=rule.minutes if rule is not None else 60,
        first_week=start,
        last_week=last,
        due_week=min(max((due - first).days // 7, start), last),
        skill=rule.skill if rule is not None else "",
    )


def keep_plan(session: Session, *, act: Act, plan: WeekPlan) -> int:
    """Write each order's planned week into it; give how many changed. Due days stay, and compliance counts by them."""
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    changed = 0
    for order in plan.orders:
        week = plan.week_of(order.id).isoformat()
        if order.planned_on != week:
            plan_work(session, order=replace(order, planned_on=week))
            changed += 1
    return changed
