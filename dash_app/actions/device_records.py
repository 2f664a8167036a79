"""Keep records of devices: incidents, calibrations, safety tests, checklists, permits to leave, drift watches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from assets.model.drift import Direction, DriftWatch, Feature
from assets.model.electrical import Measurement, Method, Quantity
from assets.model.incidents import Incident, Severity
from assets.model.measurements import Calibration, CalibrationPoint, DecisionRule, Result, SafetyTest
from assets.model.work import Step, WorkOrder
from assets.rules.egress import Permit
from assets.service import custody, drift, incidents, measuring, templates, work
from assets.service.act import Act
from assets.tables.register import find_by_identifier
from dash_app.actions.port import Commands
from twin.access import Permission
from twin.clock import from_datetime
from twin.errors import FieldError, FieldProblem, InputError

POINT_FIELDS = ("quantity", "unit", "nominal", "as_found", "as_left", "tolerance", "uncertainty")


def _act(port: Commands, verb: str, permission: Permission) -> Act:
    actor, now = port.actor(), port.clock.now()
    actor.require(permission)
    return Act(actor=actor, now=now, key=f"{actor.id}:{verb}:{now}", ledger=port.ledger)


def device_named(session: Session, mark: str | None, field: str = "device") -> str:
    """Give the id of the device that a scanned or typed mark, control number or id names.

    Raises
    ------
    InputError
        If nothing was entered, or no device has such a mark.
    """
    # The field on the pages writes "name · id" once one of its offers was taken; no id has a dot with blanks around it.
    text = (mark or "").rpartition(" · ")[2].strip()
    row = find_by_identifier(session, text) if text else None
    if row is None:
        raise InputError(
            f"Expected a device's mark, control number or id in {field}, got {text!r}.", code="input.device"
        )
    return row.id


def instant_entered(text: str | None, zone: ZoneInfo, *, is_end: bool = False) -> int:
    """Read a local day, or day and time of day; 0 if nothing was entered.

    Parameters
    ----------
    text : str or None
        ``2026-09-21`` or ``2026-09-21 14:10``.
    zone : ZoneInfo
        The hospital's.
    is_end : bool
        Whether a day alone means the end of that day.

    Raises
    ------
    InputError
        If it is neither.
    """
    plain = (text or "").strip().replace("T", " ")
    if not plain:
        return 0
    try:
        found = datetime.fromisoformat(plain)
    except ValueError as error:
        raise InputError(f"Expected 2026-09-21 or 2026-09-21 14:10, got {plain!r}.", code="input.instant") from error
    if is_end and found.time() == time.min and len(plain) <= len("2026-09-21"):
        found += timedelta(days=1)
    return from_datetime(found if found.tzinfo else found.replace(tzinfo=zone))


def _zone(port: Commands) -> ZoneInfo:
    return ZoneInfo(port.settings.time_zone)


def report_incident(port: Commands, facts: Mapping[str, str | None]) -> Incident:
    """Report what happened with a device; its clock begins.

    Parameters
    ----------
    port : Commands
        The hospital.
    facts : Mapping[str, str or None]
        ``device``, ``severity``, ``description``, ``happened``, ``aware``, ``case`` and ``evidence`` as entered.
    """
    act = _act(port, "incident", Permission.DEVICES_READ)
    happened = instant_entered(facts.get("happened"), _zone(port)) or act.now
    aware = instant_entered(facts.get("aware"), _zone(port)) or act.now

    def use_case(session: Session) -> Incident:
        told = Incident(
            id=f"incident:{act.key}",
            asset=device_named(session, facts.get("device")),
            severity=Severity(facts.get("severity") or Severity.NEAR_MISS),
            description=(facts.get("description") or "").strip(),
            happened_at=happened,
            aware_at=aware,
            case_id=(facts.get("case") or "").strip(),
            evidence=(facts.get("evidence") or "").strip(),
        )
        return incidents.report_incident(session, act=act, incident=told, zone=_zone(port))

    return port.writer.run(use_case)


def note_report(port: Commands, incident: str, reference: str) -> None:
    """Note the reference under which an incident was reported; this stops its clock."""
    act = _act(port, "incident-reported", Permission.DEVICES_WRITE)
    port.writer.run(lambda session: incidents.note_report(session, act=act, incident_id=incident, reference=reference))


def close_incident(port: Commands, incident: str, conclusion: str) -> None:
    """Close an incident with its conclusion; the device may be used again."""
    act = _act(port, "incident-closed", Permission.DEVICES_WRITE)
    port.writer.run(
        lambda session: incidents.close_incident(session, act=act, incident_id=incident, conclusion=conclusion)
    )


def points_entered(rows: Sequence[Sequence[str]]) -> tuple[CalibrationPoint, ...]:
    """Read the points of a calibration, one a row of the sheet on the page.

    Parameters
    ----------
    rows : Sequence[Sequence[str]]
        Texts in the order of ``POINT_FIELDS``; as left is empty where nothing was adjusted, and uncertainty may be
        left out.

    Raises
    ------
    FieldError
        With line and field of what cannot be read.
    """
    found = [_point(number, list(cells)) for number, cells in enumerate(rows, start=1)]
    if not found:
        raise _line_problem(1, "points", "Expected at least one point.", "Enter one comparison a line.")
    return tuple(found)


def _point(number: int, cells: list[str]) -> CalibrationPoint:
    cells += [""] * (len(POINT_FIELDS) - len(cells))
    values: dict[str, float | None] = {}
    for field, cell in list(zip(POINT_FIELDS, cells, strict=False))[2:]:
        try:
            # A decimal comma is what half of the instruments' sheets have.
            values[field] = float(cell.replace(",", ".")) if cell else None
        except ValueError as error:
            raise _line_problem(number, field, f"Expected a number, got {cell!r}.", "Correct it.") from error
    missing = next((field for field in ("nominal", "as_found", "tolerance") if values[field] is None), "")
    if missing or not cells[0]:
        raise _line_problem(number, missing or "quantity", "It is missing.", "Enter all of " + "; ".join(POINT_FIELDS))
    try:
        return CalibrationPoint(
            quantity=cells[0],
            unit=cells[1],
            nominal=values["nominal"] or 0.0,
            as_found=values["as_found"] or 0.0,
            as_left=values["as_left"],
            tolerance=values["tolerance"] or 0.0,
            uncertainty=values["uncertainty"] or 0.0,
        )
    except ValueError as error:
        raise _line_problem(number, "tolerance", f"{error}", "Enter a tolerance above 0.") from error


def _line_problem(number: int, field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place=f"line {number}", message=f"Line {number}: {message}", cure=cure))


def enter_calibration(port: Commands, facts: Mapping[str, str | None], rows: Sequence[Sequence[str]]) -> Result:
    """Keep a calibration; one that found an instrument out of tolerance flags what it measured since.

    Parameters
    ----------
    port : Commands
        The hospital.
    facts : Mapping[str, str or None]
        ``device``, ``instrument``, ``certificate``, ``laboratory``, ``valid_until``, ``at`` and ``rule``.
    rows : Sequence[Sequence[str]]
        Its points, as :func:`points_entered` reads them.
    """
    act = _act(port, "calibration", Permission.WORK_ORDERS_WRITE)
    zone = _zone(port)
    points = points_entered(rows)

    def use_case(session: Session) -> Result:
        instrument = (facts.get("instrument") or "").strip()
        calibration = Calibration(
            id=f"calibration:{act.key}",
            asset=device_named(session, facts.get("device")),
            at=instant_entered(facts.get("at"), zone) or act.now,
            points=points,
            instrument=device_named(session, instrument, "instrument") if instrument else "",
            certificate=(facts.get("certificate") or "").strip(),
            laboratory=(facts.get("laboratory") or "").strip(),
            valid_until=instant_entered(facts.get("valid_until"), zone, is_end=True),
            rule=DecisionRule(facts.get("rule") or DecisionRule.SIMPLE),
        )
        return measuring.record_calibration(session, act=act, calibration=calibration)

    return port.writer.run(use_case)


def enter_safety_test(
    port: Commands,
    *,
    device: str | None,
    instrument: str | None,
    measurements: Sequence[tuple[Quantity, str, Method, float | None]],
    passed: tuple[bool, bool],
) -> Result:
    """Keep an electrical safety test, judged by the limits in force.

    Parameters
    ----------
    port : Commands
        The hospital.
    device, instrument : str or None
        Marks of the device and of the tester, as entered.
    measurements : Sequence[tuple[Quantity, str, Method, float or None]]
        What, class or kind of part, method and value; those without a value were not measured.
    passed : tuple[bool, bool]
        Whether visual inspection and function test were passed.
    """
    act = _act(port, "safety-test", Permission.WORK_ORDERS_WRITE)
    measured = tuple(
        Measurement(quantity=quantity, subject=subject, method=method, value=float(value))
        for quantity, subject, method, value in measurements
        if value is not None
    )
    if not measured:
        raise InputError("Expected at least one measured value.", code="input.measured")

    def use_case(session: Session) -> Result:
        test = SafetyTest(
            id=f"safety-test:{act.key}",
            asset=device_named(session, device),
            at=act.now,
            instrument=device_named(session, instrument, "instrument") if (instrument or "").strip() else "",
            measurements=measured,
            visual_passed=passed[0],
            functional_passed=passed[1],
        )
        return measuring.record_safety_test(session, act=act, test=test)

    return port.writer.run(use_case)


def change_checklist(port: Commands, template: templates.Template) -> templates.Template:
    """Keep a checklist as a new version; orders that are open keep the steps that they were opened with."""
    act = _act(port, "checklist", Permission.WORK_ORDERS_WRITE)
    return port.writer.run(lambda session: templates.save_template(session, act=act, template=template))


def with_step(template: templates.Template, step: Step) -> templates.Template:
    """Give a checklist with one more step, or with a step of the same id changed in its place."""
    if any(one.id == step.id for one in template.steps):
        return replace(template, steps=tuple(step if one.id == step.id else one for one in template.steps))
    return replace(template, steps=(*template.steps, step))


def without_step(template: templates.Template, step: str) -> templates.Template:
    """Give a checklist without one of its steps."""
    return replace(template, steps=tuple(one for one in template.steps if one.id != step))


def moved_up(template: templates.Template, step: str) -> templates.Template:
    """Give a checklist with one of its steps before the one that stood before it."""
    steps = list(template.steps)
    place = next((index for index, one in enumerate(steps) if one.id == step), 0)
    if place:
        steps[place - 1], steps[place] = steps[place], steps[place - 1]
    return replace(template, steps=tuple(steps))


def open_order(port: Commands, *, device: str | None, template: templates.Template, title: str) -> WorkOrder:
    """Open a work order on a device with the steps of a checklist as they are now."""
    act = _act(port, "order", Permission.WORK_ORDERS_WRITE)

    def use_case(session: Session) -> WorkOrder:
        asset = device_named(session, device)
        order = WorkOrder(
            id=f"order:{act.key}", asset=asset, kind=template.kind, title=title.strip(), steps=template.steps
        )
        return work.open_work_order(session, act=act, order=order)

    return port.writer.run(use_case)


def give_permit(port: Commands, *, asset: str, until: str | None, reason: str) -> None:
    """Let a device be outside from now on, until an instant or until it is taken back.

    Raises
    ------
    InputError
        If no reason is given, or it would end before it begins.
    """
    act = _act(port, "permit", Permission.DEVICES_WRITE)
    end_at = instant_entered(until, _zone(port), is_end=True)
    if not reason.strip():
        raise InputError("Expected a reason.", code="input.reason")
    if end_at and end_at <= act.now:
        raise InputError("Expected an end that is still to come.", code="input.permit_end")
    permit = Permit(asset=asset, start_at=act.now, end_at=end_at)
    port.writer.run(lambda session: custody.permit_leaving(session, act=act, permit=permit, reason=reason.strip()))


def end_permits(port: Commands, asset: str) -> None:
    """Take back what a device may do now or later."""
    act = _act(port, "permit-end", Permission.DEVICES_WRITE)
    port.writer.run(lambda session: custody.end_permits(session, act=act, asset_id=asset))


def save_watch(port: Commands, facts: Mapping[str, str | float | None]) -> DriftWatch:
    """Chart one more figure of a device.

    Parameters
    ----------
    port : Commands
        The hospital.
    facts : Mapping[str, str or float or None]
        ``device``, ``feature``, ``quantity``, ``programme``, ``direction``, ``baseline_n`` as entered.
    """
    act = _act(port, "drift", Permission.WORK_ORDERS_WRITE)
    feature = Feature(str(facts.get("feature") or Feature.MEAN))

    def use_case(session: Session) -> DriftWatch:
        asset = device_named(session, str(facts.get("device") or ""))
        quantity = str(facts.get("quantity") or "").strip()
        try:
            programme = str(facts.get("programme") or "").strip()
            watch = DriftWatch(
                id=_watch_id(asset, feature, quantity or programme),
                asset=asset,
                feature=feature,
                quantity=quantity,
                programme=programme,
                direction=Direction(str(facts.get("direction") or Direction.BOTH)),
                baseline_n=int(facts.get("baseline_n") or 0),
            )
        except ValueError as error:
            raise InputError(f"{error}", code="input.drift") from error
        return drift.save_watch(session, act=act, watch=watch)

    return port.writer.run(use_case)


def _watch_id(asset: str, feature: Feature, of: str) -> str:
    """Give an id that is the same for the same figure, so that it is not charted twice."""
    whole = f"{asset}:{feature}:{of}".rstrip(":")
    # It stands within the ids of its orders, which have a hundred characters.
    return whole if len(whole) <= 60 else f"drift-{hashlib.sha256(whole.encode()).hexdigest()[:24]}"


def begin_anew(port: Commands, watch: str) -> None:
    """Learn a new baseline from now on."""
    act = _act(port, "drift-baseline", Permission.WORK_ORDERS_WRITE)
    port.writer.run(lambda session: drift.begin_anew(session, act=act, watch_id=watch))


def stop_watch(port: Commands, watch: str) -> None:
    """Chart a figure no more; what was observed stays."""
    act = _act(port, "drift-stop", Permission.WORK_ORDERS_WRITE)

    def use_case(session: Session) -> None:
        held = drift.get_watch(session, watch_id=watch)
        drift.save_watch(session, act=act, watch=replace(held, is_on=False))

    port.writer.run(use_case)
