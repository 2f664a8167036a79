"""Incidents: reported with a running clock, the device kept from use until the incident is closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session, col, select

from assets.model.incidents import Incident, ReportingClock, Severity
from assets.model.regions import ComplianceFlag
from assets.service.act import Act
from assets.service.availability import change_state
from assets.service.limits import reporting_clocks
from assets.tables.records import IncidentRow
from assets.tables.register import load_asset, regions_of_row
from twin.access import Permission
from twin.clock import MINUTE_US, from_datetime, to_datetime
from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.events.watch import AlarmCleared, AlarmPriority, AlarmRaised

_CLOCKS_APART_US = 5 * MINUTE_US  # by so much a handheld's clock may run ahead of ours
_WORKING_DAYS = 5  # Monday to Friday


def clock_end(aware_at: int, clock: ReportingClock, zone: ZoneInfo) -> int:
    """Give the instant at which a reporting clock ends: the same time of day, so many local days later.

    Parameters
    ----------
    aware_at : int
        When the hospital knew, UTC microseconds.
    clock : ReportingClock
        Days to count.
    zone : ZoneInfo
        The hospital's: late on a Friday in New York is a Saturday in UTC, and no working day would be left of it.

    Examples
    --------
    Ten working days from Friday 2026-01-02 end on Friday 2026-01-16.

    >>> at = 1_767_312_000_000_000
    >>> clock = ReportingClock(days=10, source="21 CFR 803.30", is_working_days=True)
    >>> (clock_end(at, clock, ZoneInfo("UTC")) - at) // 86_400_000_000
    14
    """
    day, left = to_datetime(aware_at).astimezone(zone), clock.days
    while left:
        # Adding to an aware instant moves its wall time, which is what a day is where clocks change.
        day += timedelta(days=1)
        left -= not clock.is_working_days or day.weekday() < _WORKING_DAYS
    return from_datetime(day.astimezone(UTC))


def report_incident(
    session: Session,
    *,
    act: Act,
    incident: Incident,
    zone: ZoneInfo,
    clocks: Mapping[Severity, ReportingClock] | None = None,
) -> Incident:
    """Keep an incident; its clock runs, an alarm is raised, and the device must not be used until it is closed.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who reports it.
    incident : Incident
        What happened; anybody who may do tasks may say so, since a fact is always recordable.
    zone : ZoneInfo
        The hospital's; its days are counted.
    clocks : Mapping[Severity, ReportingClock] or None
        Others than those that the hospital set.

    Raises
    ------
    FieldError
        If nothing is described, it is said to have happened after it was known, or to be known in the future.
    """
    act.actor.require(Permission.DEVICES_READ)
    if not incident.description.strip():
        raise _problem("description", "Expected what happened.", "Say it without a patient's name.")
    if incident.aware_at > act.now + _CLOCKS_APART_US:
        # A clock that begins tomorrow ends too late, and the law counts from the day on which the hospital knew.
        raise _problem("aware_at", "It lies in the future.", "Give when the hospital came to know of it.")
    if incident.happened_at > incident.aware_at:
        raise _problem("happened_at", "It is later than when it was known.", "Correct one of the two instants.")
    known = session.get(IncidentRow, incident.id)
    # Sent again: the clock that runs stays that of the first report.
    if known is not None:
        return incident_of_row(known)
    clock = (reporting_clocks(session) if clocks is None else clocks).get(incident.severity)
    opened = replace(incident, due_at=clock_end(incident.aware_at, clock, zone) if clock is not None else 0)
    load_asset(session, incident.asset)
    _write(session, opened)
    _flag(session, act, incident.asset)
    event = AlarmRaised(
        thing=alarm_of(incident.id),
        occurred_at=act.now,
        source=act.source,
        source_key=f"incident:{incident.id}",
        actor=act.actor.id,
        alarm_class="device.incident",
        subject_id=incident.asset,
        priority=AlarmPriority.HIGH,
    )
    act.ledger.append(session, [event])
    return opened


def note_report(session: Session, *, act: Act, incident_id: str, reference: str) -> Incident:
    """Note that an incident was reported to the manufacturer or authority; this stops its clock.

    Raises
    ------
    Refused
        If it was reported or closed already.
    """
    incident = _open(session, act, incident_id)
    if incident.reported_at:
        raise Refused(f"{incident_id} was reported already.", code="incident.reported")
    if not reference.strip():
        raise _problem("reference", "Expected the reference of the report.", "Give the number that was received.")
    reported = replace(incident, reported_at=act.now, reference=reference, reported_by=act.actor.id)
    return _write(session, reported)


def close_incident(session: Session, *, act: Act, incident_id: str, conclusion: str) -> Incident:
    """Close an incident; the device may be used again unless another one is open.

    Raises
    ------
    Refused
        If its clock runs and nobody has reported it, or no conclusion is given.
    """
    incident = _open(session, act, incident_id)
    reasons = []
    if incident.due_at and not incident.reported_at:
        reasons.append("incident.not_reported")
    if not conclusion.strip():
        reasons.append("incident.no_conclusion")
    if reasons:
        raise Refused(f"{incident_id} cannot be closed.", reasons=reasons, code="incident.not_closable")
    closed = _write(session, replace(incident, closed_at=act.now, closed_by=act.actor.id, conclusion=conclusion))
    _flag(session, act, incident.asset)
    # Whoever closed it has dealt with it: an alarm that stays would be shelved, and then nobody looks at the next one.
    over = AlarmCleared(
        thing=alarm_of(incident_id),
        occurred_at=act.now,
        source=act.source,
        source_key=f"incident:{incident_id}:closed",
        actor=act.actor.id,
    )
    act.ledger.append(session, [over])
    return closed


def alarm_of(incident_id: str) -> str:
    """Give the id of the alarm that an incident raises."""
    return f"alarm:incident:{incident_id}"


def list_incidents(
    session: Session, *, asset: str = "", is_open: bool | None = None, limit: int = 100
) -> list[Incident]:
    """Give incidents, the most urgent first: by the end of their clock, those without one last."""
    query = select(IncidentRow)
    if asset:
        query = query.where(col(IncidentRow.asset) == asset)
    if is_open is not None:
        query = query.where(col(IncidentRow.is_open) == is_open)
    rows = session.exec(query.order_by(col(IncidentRow.due_at) == 0, col(IncidentRow.due_at)).limit(limit))
    return [incident_of_row(row) for row in rows]


def get_incident(session: Session, *, incident_id: str) -> Incident:
    """Give one incident."""
    row = session.get(IncidentRow, incident_id)
    if row is None:
        raise NotFound("incident", incident_id)
    return incident_of_row(row)


def incident_of_row(row: IncidentRow) -> Incident:
    """Give the incident of a row."""
    return msgspec.json.decode(row.body, type=Incident)


def _open(session: Session, act: Act, incident_id: str) -> Incident:
    act.actor.require(Permission.DEVICES_WRITE)
    incident = get_incident(session, incident_id=incident_id)
    if incident.closed_at:
        raise Refused(f"{incident_id} is closed.", code="incident.closed")
    return incident


def _write(session: Session, incident: Incident) -> Incident:
    session.merge(
        IncidentRow(
            id=incident.id,
            asset=incident.asset,
            is_open=not incident.closed_at,
            aware_at=incident.aware_at,
            due_at=0 if incident.reported_at else incident.due_at,
            body=msgspec.json.encode(incident).decode(),
        )
    )
    session.flush()
    return incident


def _flag(session: Session, act: Act, asset_id: str) -> None:
    is_open = bool(list_incidents(session, asset=asset_id, is_open=True, limit=1))
    flags = regions_of_row(load_asset(session, asset_id)).compliance
    flag = ComplianceFlag.INCIDENT_OPEN
    if (flag in flags) != is_open:
        change_state(session, act=act, asset_id=asset_id, compliance=flags | {flag} if is_open else flags - {flag})


def _problem(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="incident", message=message, cure=cure))
