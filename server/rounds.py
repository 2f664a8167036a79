"""What the hospital does by itself at set times: looks at every shelf, gives tasks out, plans par levels at night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlmodel import Session

from inventory.handlers import cases_of
from inventory.model.kits import CaseCart
from inventory.model.movements import Command
from inventory.model.planning import PlanSettings
from inventory.rules.case_carts import Planned
from inventory.service import case_carts, planning
from inventory.service.count_rounds import DueShelf, ask_for_counts
from inventory.service.planning import Replanned
from inventory.service.reviewing import Reviewed, ReviewSettings, review
from scheduling.model.plans import PlanKind
from scheduling.service.rounds import Applied, RoundPlan, RoundSettings, apply_rounds, plan_rounds
from scheduling.service.tasks import Step
from scheduling.tables.tasks import list_tasks
from server.acuity import desk_of
from server.census import places_of_wards, surge_by_place
from server.deadlines import each
from server.helping import SERVICE as HELPING
from server.helping import HelpDesk
from server.walking import people_on_duty, walking_matrix
from server.wiring import Hospital, cart_timing
from twin.access import SYSTEM, Actor
from twin.clock import SECOND_US, from_datetime

PLAN_AT = (2, 30)
"""Local time of the night's plan: between the last evening and the first morning round."""
COUNT_AT = (6, 0)
"""Local time at which counts are asked for: before the day's shift looks at its list."""
_PIECE = 2000
_MOST_TASKS = 2000


def plan_present_rounds(hospital: Hospital, settings: RoundSettings) -> RoundPlan:
    """Plan who does which open tasks, beside how they are given out now; nothing changes.

    Parameters
    ----------
    hospital : Hospital
        Open.
    settings : RoundSettings
        What may change.
    """
    with hospital.read() as session:
        tasks = list_tasks(session, limit=_MOST_TASKS)
    people = people_on_duty(hospital)
    return plan_rounds(tasks, people, partial(walking_matrix, hospital), settings, now=hospital.clock.now())


def dispatch_tasks(hospital: Hospital, *, actor: Actor = SYSTEM) -> Applied:
    """Give waiting tasks out in rounds; what is assigned already stays with who has it.

    Parameters
    ----------
    hospital : Hospital
        Open.
    actor : Actor
        Who asks for it.
    """
    with hospital.read() as session:
        is_anything_waiting = bool(list_tasks(session, assignee="", limit=1))
    if not is_anything_waiting:
        return Applied(tasks=(), passed_over=())
    plan = plan_present_rounds(hospital, RoundSettings())
    if not plan.changed:
        return Applied(tasks=(), passed_over=())
    now = hospital.clock.now()
    step = Step(command_id=hospital.new_id(), actor=actor.id, at=now)
    return hospital.write_now(
        lambda session: apply_rounds(session, ledger=hospital.ledger, step=step, given=plan.changed)
    )


def review_shelves(hospital: Hospital, *, settings: ReviewSettings | None = None, actor: Actor = SYSTEM) -> Reviewed:
    """Look at every shelf and ask for what lacks or will.

    Parameters
    ----------
    hospital : Hospital
        Open.
    settings : ReviewSettings, optional
        How far ahead; a day by default.
    actor : Actor
        Who asks for it.
    """
    now = hospital.clock.now()
    command = Command(id=hospital.new_id(), actor=actor.id, occurred_at=now, recorded_at=now)
    wanted = settings or ReviewSettings()
    if not wanted.surge:
        wanted = replace(wanted, surge=surge_by_place(hospital, days=wanted.until_next_days))
    return hospital.write_now(lambda session: review(session, ledger=hospital.ledger, command=command, settings=wanted))


def ask_for_due_counts(hospital: Hospital, *, most: int = 0, actor: Actor = SYSTEM) -> list[DueShelf]:
    """Ask for a count of the shelves whose goods are due.

    Parameters
    ----------
    hospital : Hospital
        Open.
    most : int
        How many shelves; as many as the settings say by default.
    actor : Actor
        Who asks for it.
    """
    now = hospital.clock.now()
    command = Command(id=hospital.new_id(), actor=actor.id, occurred_at=now, recorded_at=now)
    wanted = most or hospital.settings.counts_a_day
    return hospital.write_now(
        lambda session: ask_for_counts(session, ledger=hospital.ledger, command=command, most=wanted)
    )


def bring_case_carts(hospital: Hospital, *, actor: Actor = SYSTEM) -> list[CaseCart]:
    """Propose carts for planned operations whose card is new, and ask for those that are due within a day.

    Parameters
    ----------
    hospital : Hospital
        Open.
    actor : Actor
        Who asks for it.

    Returns
    -------
    list[CaseCart]
        Those that were asked for.
    """
    plan, timing = hospital.live.plans.get(PlanKind.ADMISSIONS.value), cart_timing(hospital.settings)
    now = hospital.clock.now()
    if plan is not None:
        planned = Planned(
            plan=plan.thing,
            start_at=plan.start_at,
            cases=cases_of(plan.stays),
            number=hospital.new_id(),
            timing=timing,
        )
        hospital.write_now(lambda session: case_carts.propose_missing(session, planned, now=now))
    asked: list[CaseCart] = []
    while True:  # in parts, so that nobody waits long for the one writer
        command = Command(id=hospital.new_id(), actor=actor.id, occurred_at=now, recorded_at=now)
        piece = hospital.write_now(
            partial(case_carts.ask_due, ledger=hospital.ledger, command=command, ahead_us=timing.ask_ahead_us)
        )
        asked += piece
        if len(piece) < case_carts.MOST_ASKED:
            return asked


def plan_par_levels(
    hospital: Hospital,
    *,
    settings: PlanSettings | None = None,
    surge: Mapping[str, float] | None = None,
    acuity: Mapping[str, Mapping[str, float]] | None = None,
) -> Replanned:
    """Plan all par levels anew; computed beside the writer, and written in parts.

    Parameters
    ----------
    hospital : Hospital
        Open.
    settings : PlanSettings, optional
        Target, times and costs.
    surge : Mapping[str, float], optional
        By ward or place, how many times the usual use is expected.
    acuity : Mapping[str, Mapping[str, float]], optional
        By ward and acuity, how many patients will be present; see ``server.acuity``.
    """
    wanted, now = settings or PlanSettings(), hospital.clock.now()
    patients = desk_of(hospital).surge(acuity or {}, wanted)
    with hospital.read() as session:
        factors = places_of_wards(hospital, session, surge) if surge else None
        prepared = planning.prepare(session, settings=wanted, now=now, surge=factors, acuity=patients)
    for piece in planning.pieces(prepared, _PIECE):
        hospital.write_now(partial(_store, piece=piece))
    return prepared.replanned()


def _store(session: Session, piece: planning.Prepared) -> None:
    planning.store(session, piece)


def next_local(now: int, zone: ZoneInfo, *, hour: int, minute: int) -> int:
    """Give the next instant at which a clock on the wall shows a time; once for every calendar day.

    Parameters
    ----------
    now : int
        UTC microseconds.
    zone : ZoneInfo
        The hospital's.
    hour, minute : int
        Local time. On a day on which it does not exist it is as long after midnight as on any other day; on one on
        which it comes twice the first one counts.

    Returns
    -------
    int
        UTC microseconds, after ``now``.
    """
    day = datetime.fromtimestamp(now / 1e6, UTC).astimezone(zone).date()
    while True:
        at = from_datetime(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC))
        if at > now:
            return at
        day += timedelta(days=1)


class RoundDesk:
    """Plans rounds for the task board.

    Parameters
    ----------
    hospital : Hospital
        Open.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def plan(self, settings: RoundSettings) -> RoundPlan:
        """Give planned rounds beside the present ones; nothing changes."""
        return plan_present_rounds(self._hospital, settings)


def start_rounds(hospital: Hospital) -> None:
    """Let the hospital's deadlines begin each round, as its settings say.

    Parameters
    ----------
    hospital : Hospital
        As the one core.
    """
    hospital.services["rounds"] = RoundDesk(hospital)
    hospital.services[HELPING] = HelpDesk(hospital)
    desk_of(hospital)
    settings, zone = hospital.settings, ZoneInfo(hospital.settings.time_zone)
    repeat = partial(
        hospital.deadlines.repeat, is_long=True
    )  # alarms that wait for their delay must not wait for these
    if settings.dispatch_every_s:
        repeat("dispatch", partial(dispatch_tasks, hospital), next_at=each(settings.dispatch_every_s * SECOND_US))
    if settings.review_every_s:
        repeat("shelves", partial(review_shelves, hospital), next_at=each(settings.review_every_s * SECOND_US))
        repeat("case-carts", partial(bring_case_carts, hospital), next_at=each(settings.review_every_s * SECOND_US))
    if settings.counts_a_day:
        in_the_morning = partial(next_local, zone=zone, hour=COUNT_AT[0], minute=COUNT_AT[1])
        repeat("counts", partial(ask_for_due_counts, hospital), next_at=in_the_morning)
    if settings.is_planning_nightly:
        at_night = partial(next_local, zone=zone, hour=PLAN_AT[0], minute=PLAN_AT[1])
        repeat("par-plan", partial(plan_par_levels, hospital), next_at=at_night)
