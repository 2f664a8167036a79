"""Calibrations and safety tests of the whole hospital: what is due, what was measured, which instruments to doubt."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlmodel import Session, col, select

from assets.model.measurements import Calibration, MeasurementKind, Result, SafetyTest
from assets.rules.calibration import judge_calibration
from assets.service.measuring import Trace, result_of_row, trace_of
from assets.tables.rows import MeasurementRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationDue:
    """A device and until when its latest calibration counts.

    Parameters
    ----------
    asset : str
        Id.
    at, valid_until : int
        When it was calibrated, and until when that counts, UTC microseconds; 0 if no date was set.
    certificate : str
        Number of the certificate.
    is_left_good : bool
        Whether it was left within tolerance.
    worst_share : float
        Greatest deviation as found, a share of its tolerance.
    """

    asset: str
    at: int
    valid_until: int
    certificate: str
    is_left_good: bool
    worst_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A result with what was entered; exactly one of the two is there."""

    result: Result
    calibration: Calibration | None = None
    safety_test: SafetyTest | None = None


def calibrations_due(session: Session, *, limit: int = 500) -> list[CalibrationDue]:
    """Give each device's latest calibration, the one that ends first foremost; those without a date come last."""
    query = select(MeasurementRow).where(col(MeasurementRow.kind) == MeasurementKind.CALIBRATION.value)
    latest = {row.asset: row for row in session.exec(query.order_by(col(MeasurementRow.at), col(MeasurementRow.id)))}
    found = []
    for row in latest.values():
        entered = _calibration_of(row)
        judged = judge_calibration(entered)
        found.append(
            CalibrationDue(
                asset=row.asset,
                at=row.at,
                valid_until=entered.valid_until,
                certificate=entered.certificate,
                is_left_good=judged.left_good,
                worst_share=judged.worst_share,
            )
        )
    # Those without a date last: nobody can be late for what nobody has set.
    found.sort(key=lambda one: (not one.valid_until, one.valid_until, one.asset))
    return found[:limit]


def latest_measured(session: Session, *, kind: MeasurementKind, asset: str = "", limit: int = 50) -> list[Measured]:
    """Give results of a kind with all values that were entered, the latest first.

    Parameters
    ----------
    session : Session
        Any session.
    kind : MeasurementKind
        Which.
    asset : str
        Only of this device; of all if empty.
    limit : int
        At most so many.
    """
    query = select(MeasurementRow).where(col(MeasurementRow.kind) == kind.value)
    if asset:
        query = query.where(col(MeasurementRow.asset) == asset)
    rows = session.exec(query.order_by(col(MeasurementRow.at).desc(), col(MeasurementRow.id)).limit(limit))
    if kind is MeasurementKind.CALIBRATION:
        return [Measured(result=result_of_row(row), calibration=_calibration_of(row)) for row in rows]
    return [Measured(result=result_of_row(row), safety_test=_test_of(row)) for row in rows]


def instruments_in_doubt(session: Session) -> list[Trace]:
    """Give the instruments whose state puts results in doubt, the most results first."""
    # From the flags that are kept, so that only instruments with a doubt are traced and not every tester in the house.
    query = (
        select(MeasurementRow.instrument)
        .where(col(MeasurementRow.is_flagged), col(MeasurementRow.instrument) != "")
        .distinct()
    )
    traces = [trace_of(session, instrument=instrument) for instrument in session.exec(query)]
    return sorted(traces, key=lambda trace: (-len(trace.results), trace.instrument))


def _calibration_of(row: MeasurementRow) -> Calibration:
    return msgspec.convert(msgspec.json.decode(row.body)["entered"], type=Calibration)


def _test_of(row: MeasurementRow) -> SafetyTest:
    return msgspec.convert(msgspec.json.decode(row.body)["entered"], type=SafetyTest)
