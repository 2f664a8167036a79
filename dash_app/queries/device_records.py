"""Records of devices for pages: incidents, calibrations, safety tests, checklists, drift charts, permits to leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from assets.model.drift import DriftAlert, DriftChart, DriftWatch
from assets.model.incidents import Incident, ReportingClock, Severity
from assets.model.measurements import MeasurementKind
from assets.model.work import WorkKind
from assets.rules.egress import Permit
from assets.rules.shares import Share
from assets.service import custody, drift, limits, measured, templates, work
from assets.service import incidents as kept_incidents
from assets.service.measuring import Trace

MOST = 500


def incidents(session: Session, *, is_open: bool) -> list[Incident]:
    """Give open incidents, the one whose clock ends first foremost; closed ones the latest first."""
    found = kept_incidents.list_incidents(session, is_open=is_open, limit=MOST)
    return found if is_open else sorted(found, key=lambda one: -one.closed_at)


def clocks(session: Session) -> dict[Severity, ReportingClock]:
    """Give the reporting clocks in force."""
    return limits.reporting_clocks(session)


def electrical_limits(session: Session) -> list[limits.ElectricalLimit]:
    """Give the limits of electrical safety tests in force."""
    return limits.electrical_limits(session)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBoard:
    """What was measured with and of devices.

    Parameters
    ----------
    due : tuple[measured.CalibrationDue, ...]
        Latest calibration of each device, the one that ends first foremost.
    calibrations, safety_tests : tuple[measured.Measured, ...]
        The latest first.
    in_doubt : tuple[Trace, ...]
        Instruments whose state puts results in doubt.
    """

    due: tuple[measured.CalibrationDue, ...]
    calibrations: tuple[measured.Measured, ...]
    safety_tests: tuple[measured.Measured, ...]
    in_doubt: tuple[Trace, ...]


def calibration_board(session: Session) -> CalibrationBoard:
    """Give what is due, what was measured last, and which instruments are in doubt."""
    return CalibrationBoard(
        due=tuple(measured.calibrations_due(session)),
        calibrations=tuple(measured.latest_measured(session, kind=MeasurementKind.CALIBRATION)),
        safety_tests=tuple(measured.latest_measured(session, kind=MeasurementKind.SAFETY_TEST)),
        in_doubt=tuple(measured.instruments_in_doubt(session)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistUse:
    """A checklist and how many open orders took their steps from this kind of work on such devices."""

    template: templates.Template
    open_orders: int


def checklists(session: Session) -> list[ChecklistUse]:
    """Give all checklists with their use."""
    orders = work.list_work_orders(session, is_open=True, limit=10_000)
    steps = [(order.kind, order.steps) for order in orders]
    return [
        # An order holds a copy of the steps; which version that was is told by the copy being the same.
        ChecklistUse(template=one, open_orders=sum(kind is one.kind and own == one.steps for kind, own in steps))
        for one in templates.list_templates(session)
    ]


def checklist(session: Session, *, kind: WorkKind, category: str) -> templates.Template:
    """Give a checklist; an empty one of version 0 where there is none."""
    found = [one for one in templates.list_templates(session) if (one.kind, one.category) == (kind, category)]
    return found[0] if found else templates.Template(kind=kind, category=category, steps=())


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftBoard:
    """What is charted.

    Parameters
    ----------
    lines : tuple[tuple[DriftWatch, DriftChart], ...]
        Watches with their charts as they stand, alarms first.
    alerts : tuple[DriftAlert, ...]
        The latest first.
    precision : Share
        Settled alerts that were right.
    """

    lines: tuple[tuple[DriftWatch, DriftChart], ...]
    alerts: tuple[DriftAlert, ...]
    precision: Share


def drift_board(session: Session) -> DriftBoard:
    """Give what is charted and what came of it."""
    watches = drift.list_watches(session, is_on=True, limit=200)
    lines = [(watch, drift.chart_of(session, watch=watch)) for watch in watches]
    found = drift.alerts(session)
    return DriftBoard(
        lines=tuple(sorted(lines, key=lambda line: (line[1].alarm_index < 0, line[0].id))),
        alerts=tuple(found),
        precision=drift.precision_of(found),
    )


def permits(session: Session, asset: str) -> Sequence[Permit]:
    """Give the times in which a device may be outside, the latest first."""
    return sorted(custody.permits_of(session, asset), key=lambda permit: -permit.start_at)
