"""The hospital's own log as the futures of plans need it: operations, emergencies and discharges of half a year."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from scheduling.model.plans import PlanKind
from scheduling.model.surgery_day import CaseStatus
from scheduling.rules.calendar_days import DAY_US, day_at
from scheduling.rules.spreads import Log, Operated, Spread, spreads_of
from scheduling.service.contents import told_of
from scheduling.tables.plans import once_published_rows
from scheduling.tables.surgery_day import cases_between
from twin.state.frozen import HospitalState

WINDOW_DAYS = 180
"""What is older says little of how the house works today."""
MINUTE_US = 60_000_000


def mined(session: Session, state: HospitalState, zone: str) -> tuple[Spread, ...]:
    """Give every figure of the uncertainty of plans, learnt from the hospital's own log as far as that says enough.

    Parameters
    ----------
    session : Session
        May be a reading session.
    state : HospitalState
        The hospital; its instant ends the time that is looked at.
    zone : str
        IANA name of the hospital's zone, in whose days discharges are late.
    """
    return spreads_of(log_of(session, state, zone))


def log_of(session: Session, state: HospitalState, zone: str) -> Log:
    """Give what the log holds of the last :data:`WINDOW_DAYS`; parameters as of :func:`mined`."""
    since = state.at - WINDOW_DAYS * DAY_US
    cases = cases_between(session, since, state.at)
    done = [one for _day, one in cases if one.status is CaseStatus.DONE and one.ended_at > one.started_at > 0]
    # A board that was opened and never used says nothing about emergencies.
    used = {day for day, one in cases if one.status is not CaseStatus.PLANNED}
    return Log(
        operations=tuple(
            Operated(
                planned_minutes=one.planned_minutes,
                minutes=(one.ended_at - one.started_at) / MINUTE_US,
                is_emergency=one.is_emergency,
            )
            for one in done
        ),
        operating_days=len(used),
        emergencies=sum(one.is_emergency for day, one in cases if day in used),
        late_days=_late_days(state, _planned_ends(session, since, state.at), since, zone),
    )


def _planned_ends(session: Session, since: int, until: int) -> Mapping[str, int]:
    """Give when each encounter was to leave by the plan that was published last with it, UTC microseconds."""
    ends: dict[str, int] = {}
    for row in once_published_rows(session, PlanKind.ADMISSIONS.value, since=since, until=until):
        kind = PlanKind(row.kind)
        ends |= {
            one.encounter: one.end_at for one in told_of(kind, row.start_at, row.problem, row.plan, row.zone).stays
        }
    return ends


def _late_days(state: HospitalState, ends: Mapping[str, int], since: int, zone: str) -> tuple[int, ...]:
    found = []
    for encounter in state.encounters.values():
        if not since <= encounter.finished_at <= state.at:
            continue
        # Who was in no plan was expected to leave as the ward said; a plan's word goes first, it was there earlier.
        expected = ends.get(encounter.id) or encounter.discharge_expected_at
        if expected:
            found.append(day_at(since, encounter.finished_at, zone) - day_at(since, expected, zone))
    return tuple(found)
