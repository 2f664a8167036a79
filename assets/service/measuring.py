"""Calibrations and safety tests: kept as measured, and flagged when their instrument turns out to be wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session, col, select

from assets.model.electrical import Measurement
from assets.model.measurements import Calibration, MeasurementKind, Result, SafetyTest
from assets.model.regions import ComplianceFlag
from assets.model.register import CustodianKind
from assets.rules.calibration import Checked, doubtful_spans, is_doubtful, judge_calibration
from assets.rules.electrical import LimitKey, corrected_value, judge_measurement
from assets.service.act import Act
from assets.service.availability import change_state
from assets.service.limits import electrical_table
from assets.tables.register import flagged_with, load_asset, regions_of_row
from assets.tables.rows import CustodyRow, MeasurementRow
from twin.access import Permission
from twin.clock import MINUTE_US
from twin.errors import Conflict, FieldError, FieldProblem
from twin.events.watch import AlarmCleared, AlarmPriority, AlarmRaised

_CLOCKS_APART_US = 5 * MINUTE_US  # by so much a handheld's clock may run ahead of ours
_TOLD_CASES = 50  # an alert names so many; the trace gives all


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What the state of an instrument puts in doubt.

    Parameters
    ----------
    instrument : str
        Asset id.
    spans : tuple[tuple[int, int], ...]
        Times in doubt, (after, until] in UTC microseconds.
    results : tuple[Result, ...]
        Results in doubt, the oldest first; their devices are to be tested again.
    """

    instrument: str
    spans: tuple[tuple[int, int], ...]
    results: tuple[Result, ...]


def record_calibration(session: Session, *, act: Act, calibration: Calibration) -> Result:
    """Keep a calibration; one that found an instrument out of tolerance flags all that it had measured since.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who enters it; needs ``work_orders:write``.
    calibration : Calibration
        As measured.

    Raises
    ------
    Conflict
        If another result has this id: results are never overwritten.
    FieldError
        If it lies in the future, or ends before it was done.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    _require_past(act, calibration.at)
    if calibration.valid_until and calibration.valid_until <= calibration.at:
        message, cure = "It ends before the calibration was done.", "Correct one of the two instants."
        raise FieldError(FieldProblem(field="valid_until", place="calibration", message=message, cure=cure))
    found = judge_calibration(calibration)
    was_in_doubt = bool(_untested(session, trace_of(session, instrument=calibration.asset).results))
    details = tuple(f"out_of_tolerance.{quantity}" for quantity in found.failed)
    result = Result(
        id=calibration.id,
        asset=calibration.asset,
        kind=MeasurementKind.CALIBRATION,
        instrument=calibration.instrument,
        at=calibration.at,
        is_passed=found.found_good,
        is_left_good=found.left_good,
        is_flagged=_is_in_doubt(session, calibration.instrument, calibration.at),
        details=details,
    )
    _keep(session, act, result, calibration)
    # What is entered late must not undo what a later calibration has said.
    latest = all(row.at <= calibration.at for row in _rows(session, calibration.asset, MeasurementKind.CALIBRATION))
    if latest:
        # One that is entered after its own date has run out already: it makes nothing usable again.
        is_over = 0 < calibration.valid_until <= act.now
        is_set = is_over or not found.left_good
        _flag(session, act, calibration.asset, ComplianceFlag.CALIBRATION_OVERDUE, is_set=is_set)
    _reflag(session, calibration.asset)
    _settle_doubt(session, act, result)
    _alert(session, act, calibration, was_in_doubt=was_in_doubt)
    return result


def record_safety_test(
    session: Session, *, act: Act, test: SafetyTest, limits: dict[LimitKey, float] | None = None
) -> Result:
    """Keep an electrical safety test, judged by the limits in force; a failed one forbids use.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who enters it; needs ``work_orders:write``.
    test : SafetyTest
        As measured; first and previous values of the device are found here.
    limits : dict[LimitKey, float] or None
        Others than those that the hospital set.

    Raises
    ------
    FieldError
        If a value has no limit: its method or class is missing; or the test lies in the future.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    _require_past(act, test.at)
    earlier = [_test_of(row) for row in _rows(session, test.asset, MeasurementKind.SAFETY_TEST) if row.at < test.at]
    measured = tuple(_with_history(one, earlier) for one in test.measurements)
    details = [] if test.visual_passed else ["visual"]
    details += [] if test.functional_passed else ["functional"]
    warnings = []
    in_force = electrical_table(session) if limits is None else limits
    for index, measurement in enumerate(measured):
        try:
            judged = judge_measurement(measurement, limits=in_force)
        except ValueError as error:
            problem = FieldProblem(
                field="method",
                place=f"measurements/{index}",
                message=str(error),
                cure="Name quantity, method and class as the limit table does.",
            )
            raise FieldError(problem) from error
        if not judged.is_passed:
            details.append(f"above_limit.{measurement.quantity}")
        warnings += [f"{warning}.{measurement.quantity}" for warning in judged.warnings]
    result = Result(
        id=test.id,
        asset=test.asset,
        kind=MeasurementKind.SAFETY_TEST,
        instrument=test.instrument,
        at=test.at,
        is_passed=not details,
        is_left_good=not details,
        is_flagged=_is_in_doubt(session, test.instrument, test.at),
        details=(*details, *warnings),
    )
    _keep(session, act, result, replace(test, measurements=measured))
    # As with calibrations: a test that is entered late does not overrule a later one.
    if all(row.at <= test.at for row in _rows(session, test.asset, MeasurementKind.SAFETY_TEST)):
        _flag(session, act, test.asset, ComplianceFlag.SAFETY_TEST_FAILED, is_set=not result.is_passed)
        if result.is_passed:
            _flag(session, act, test.asset, ComplianceFlag.SAFETY_TEST_OVERDUE, is_set=False)
    _settle_doubt(session, act, result)
    return result


def _require_past(act: Act, at: int) -> None:
    """Refuse a result of a time to come: it would be the latest, and no later failure would count against it."""
    if at > act.now + _CLOCKS_APART_US:
        message, cure = "It lies in the future.", "Give the time at which it was measured."
        raise FieldError(FieldProblem(field="at", place="result", message=message, cure=cure))


def _with_history(measurement: Measurement, earlier: Sequence[SafetyTest]) -> Measurement:
    # Each at the nominal voltage, as the new one is judged: a weak mains of last year is no rise of the leakage.
    same = [
        corrected_value(one)
        for test in earlier
        for one in test.measurements
        if (one.quantity, one.method, one.subject) == (measurement.quantity, measurement.method, measurement.subject)
    ]
    if not same:
        return measurement
    # The first value ever is the reference (IEC 62353: changes are judged against it), the last tells a rise.
    return replace(measurement, reference=same[0], previous=same[-1])


def results_of(session: Session, *, asset: str, limit: int = 100) -> list[Result]:
    """Give the results of a device, the latest first."""
    query = select(MeasurementRow).where(col(MeasurementRow.asset) == asset)
    rows = session.exec(query.order_by(col(MeasurementRow.at).desc(), col(MeasurementRow.id)).limit(limit))
    return [result_of_row(row) for row in rows]


def trace_of(session: Session, *, instrument: str) -> Trace:
    """Give every result that the state of an instrument puts in doubt.

    Raises
    ------
    NotFound
        If there is no such asset.
    """
    load_asset(session, instrument)
    spans = doubtful_spans(_checks(session, instrument))
    query = select(MeasurementRow).where(col(MeasurementRow.instrument) == instrument).order_by(col(MeasurementRow.at))
    doubtful = [result_of_row(row) for row in session.exec(query) if is_doubtful(row.at, spans)]
    return Trace(instrument=instrument, spans=tuple(spans), results=tuple(doubtful))


def result_of_row(row: MeasurementRow) -> Result:
    """Give the result of a row, with its flag as it stands now."""
    body = msgspec.json.decode(row.body)
    result = msgspec.convert(body["result"], type=Result)
    return replace(result, is_flagged=row.is_flagged)


def _test_of(row: MeasurementRow) -> SafetyTest:
    return msgspec.convert(msgspec.json.decode(row.body)["entered"], type=SafetyTest)


def _keep(session: Session, act: Act, result: Result, entered: Calibration | SafetyTest) -> None:
    load_asset(session, result.asset)
    if result.instrument:
        load_asset(session, result.instrument)
    known = session.get(MeasurementRow, result.id)
    body = msgspec.json.encode({"result": result, "entered": entered, "actor": act.actor.id}).decode()
    if known is not None and _told(known.body) != _told(body):
        raise Conflict(f"{result.id} was entered already: give another id.", code="measurement.duplicate")
    session.merge(
        MeasurementRow(
            id=result.id,
            asset=result.asset,
            kind=result.kind.value,
            instrument=result.instrument,
            at=result.at,
            is_passed=result.is_passed,
            is_flagged=result.is_flagged,
            body=body,
        )
    )
    session.flush()


def _told(body: str) -> object:
    """Give what a person entered; what was found beside it (doubt, values before) may have changed since."""
    entered = msgspec.json.decode(body)["entered"]
    for one in entered.get("measurements", ()):
        one["reference"] = one["previous"] = None
    return entered


def _rows(session: Session, asset: str, kind: MeasurementKind) -> list[MeasurementRow]:
    query = select(MeasurementRow).where(col(MeasurementRow.asset) == asset, col(MeasurementRow.kind) == kind.value)
    return list(session.exec(query.order_by(col(MeasurementRow.at), col(MeasurementRow.id))))


def _checks(session: Session, instrument: str) -> list[Checked]:
    found = [result_of_row(row) for row in _rows(session, instrument, MeasurementKind.CALIBRATION)]
    return [Checked(at=one.at, found_good=one.is_passed, left_good=one.is_left_good) for one in found]


def _is_in_doubt(session: Session, instrument: str, at: int) -> bool:
    return bool(instrument) and is_doubtful(at, doubtful_spans(_checks(session, instrument)))


def _reflag(session: Session, instrument: str) -> None:
    """Bring the flags of all results of an instrument in line with its calibrations, whatever order they came in."""
    spans = doubtful_spans(_checks(session, instrument))
    for row in session.exec(select(MeasurementRow).where(col(MeasurementRow.instrument) == instrument)):
        row.is_flagged = is_doubtful(row.at, spans)
        session.add(row)
    session.flush()


def _alarm_of(instrument: str) -> str:
    return f"alarm:in-doubt:{instrument}"


def _alert(session: Session, act: Act, calibration: Calibration, *, was_in_doubt: bool) -> None:
    """Raise an alert of an instrument out of tolerance: how many results it puts in doubt, and the cases since."""
    instrument = calibration.asset
    results = _untested(session, trace_of(session, instrument=instrument).results)
    if not results:
        if was_in_doubt:
            # A good calibration that is told late shortens the time in doubt; it may leave nothing in it.
            _end_alert(session, act, instrument, f"cleared:{calibration.id}")
        return
    cases = cases_since(session, results=results)
    event = AlarmRaised(
        thing=_alarm_of(instrument),
        occurred_at=act.now,
        source=act.source,
        source_key=f"{_alarm_of(instrument)}:{calibration.id}",
        actor=act.actor.id,
        alarm_class="device.measurements_in_doubt",
        subject_id=instrument,
        priority=AlarmPriority.HIGH if cases else AlarmPriority.MEDIUM,
        parameters=(
            ("results", str(len(results))),
            ("devices", str(len({result.asset for result in results}))),
            ("cases", ", ".join(cases[:_TOLD_CASES]) or "–"),
            ("count", str(len(cases))),
        ),
    )
    act.ledger.append(session, [event])


def cases_since(session: Session, *, results: Sequence[Result]) -> list[str]:
    """Give the cases, by pseudonym, that had one of the devices since its result in doubt."""
    found: list[str] = []
    for result in results:
        query = (
            select(CustodyRow.custodian)
            .where(col(CustodyRow.asset) == result.asset, col(CustodyRow.kind) == CustodianKind.ENCOUNTER.value)
            # A reservation is no use.
            .where(col(CustodyRow.is_reservation).is_(False))
            .where((col(CustodyRow.end_at) == 0) | (col(CustodyRow.end_at) > result.at))
        )
        found += session.exec(query.order_by(col(CustodyRow.start_at)))
    return list(dict.fromkeys(found))


def _untested(session: Session, doubtful: Sequence[Result], *, without: str = "") -> list[Result]:
    """Give the results in doubt whose device was not tested again since by what can be trusted.

    Parameters
    ----------
    session : Session
        Any session.
    doubtful : Sequence[Result]
        Of one instrument.
    without : str
        A result that is taken as if it had not come.
    """
    good: dict[tuple[str, str], int] = {}
    for asset, kind in {(result.asset, result.kind) for result in doubtful}:
        for row in _rows(session, asset, kind):
            if not row.is_flagged and row.id != without:
                good[asset, kind] = max(good.get((asset, kind), 0), row.at)
    return [result for result in doubtful if good.get((result.asset, result.kind), 0) <= result.at]


def _settle_doubt(session: Session, act: Act, result: Result) -> None:
    """End the alert of an instrument once every device that it put in doubt was tested again."""
    if result.is_flagged:
        return
    rows = [row for row in _rows(session, result.asset, result.kind) if row.is_flagged and row.at < result.at]
    for instrument in sorted({row.instrument for row in rows}):
        doubtful = trace_of(session, instrument=instrument).results
        # Told once: by the test that left none, not by every later one.
        if not _untested(session, doubtful) and _untested(session, doubtful, without=result.id):
            _end_alert(session, act, instrument, f"retested:{result.id}")


def _end_alert(session: Session, act: Act, instrument: str, why: str) -> None:
    alarm = _alarm_of(instrument)
    over = AlarmCleared(
        thing=alarm, occurred_at=act.now, source=act.source, source_key=f"{alarm}:{why}", actor=act.actor.id
    )
    act.ledger.append(session, [over])


def _flag(session: Session, act: Act, asset_id: str, flag: ComplianceFlag, *, is_set: bool) -> None:
    flags = regions_of_row(load_asset(session, asset_id)).compliance
    if (flag in flags) != is_set:
        step = replace(act, key=f"{act.key}:{flag}")
        change_state(session, act=step, asset_id=asset_id, compliance=flags | {flag} if is_set else flags - {flag})


def flag_out_of_date(session: Session, *, act: Act) -> list[str]:
    """Mark devices whose latest calibration is past its date; give the ids that changed.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Whose present instant decides.
    """
    latest: dict[str, float] = {}
    query = select(MeasurementRow).where(col(MeasurementRow.kind) == MeasurementKind.CALIBRATION.value)
    for row in session.exec(query.order_by(col(MeasurementRow.at), col(MeasurementRow.id))):
        entered = msgspec.convert(msgspec.json.decode(row.body)["entered"], type=Calibration)
        latest[row.asset] = float(entered.valid_until or math.inf)
    past = {asset_id for asset_id, until in latest.items() if until <= act.now}
    changed = sorted(past - flagged_with(session, ComplianceFlag.CALIBRATION_OVERDUE))
    for asset_id in changed:
        step = replace(act, key=f"{act.key}:{asset_id}")
        _flag(session, step, asset_id, ComplianceFlag.CALIBRATION_OVERDUE, is_set=True)
    return changed
