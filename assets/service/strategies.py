"""Alternative maintenance schedules: begun on evidence, watched, and taken back where devices fail more often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import msgspec
from sqlmodel import Session, col, select

from assets.model.maintenance import CalendarRule, Rule, Strategy
from assets.model.strategies import Alternative, StrategyEnd
from assets.rules.alternatives import RateCheck, check_rates
from assets.rules.risk import StrategyCase, allowed_strategies
from assets.service.act import Act
from assets.service.fleet import DAY_US, YEAR_DAYS, WatchedDevice, watched
from assets.service.maintenance import rules_of, save_rule
from assets.tables.records import AlternativeRow
from assets.tables.rows import AssetRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound, Refused

BEFORE_YEARS = 3.0  # what lies longer back tells of devices that were younger
_MONTHS = 12.0


def begin(session: Session, *, act: Act, alternative: Alternative, today: date) -> Alternative:
    """Give all devices of a model another interval, on evidence.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who decides; needs ``devices:write``.
    alternative : Alternative
        Strategy, interval, evidence and until when it counts.
    today : date
        The hospital's day.

    Raises
    ------
    FieldError
        If no evidence is given, or it is past its review.
    Refused
        If the rules forbid the strategy for these devices, or another alternative is in force for them.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    if not alternative.evidence.strip():
        raise _problem("evidence", "Expected the evaluation that the change rests on.", "Say what and where it is.")
    if alternative.review_on <= today:
        raise _problem("review_on", "The evaluation is past its review.", "Give a day that is still to come.")
    devices = _devices(session, alternative)
    if not devices:
        raise NotFound("model", alternative.model)
    _check_allowed(alternative, months_of_history(session, alternative, act.now))
    if any(_same_model(one, alternative) for one in list_alternatives(session, is_active=True)):
        raise Refused(f"Another schedule is in force for {alternative.model}: end it first.", code="strategy.in_force")
    before: dict[str, int] = {}
    for rule in _rules(session, devices):
        if rule.calendar is not None:
            before[rule.id] = rule.calendar.months
            _set_interval(session, act, rule, alternative.months)
    begun = replace(alternative, began_at=act.now, ended_at=0, ended_by=None, months_by_rule=before)
    return _write(session, begun)


def _check_allowed(alternative: Alternative, months: int) -> None:
    case = StrategyCase(
        is_imaging=alternative.is_imaging,
        is_laser=alternative.is_laser,
        is_critical=alternative.is_critical,
        months_of_history=months,
        has_evidence_record=True,
    )
    allowed = allowed_strategies(case)
    if alternative.strategy not in allowed:
        reasons = [f"strategy.allowed.{one}" for one in sorted(allowed)] + [f"strategy.history_months.{months}"]
        message = f"{alternative.strategy} is not allowed for {alternative.model}."
        raise Refused(message, reasons=reasons, code="strategy.not_allowed")


def months_of_history(session: Session, alternative: Alternative, now: int) -> int:
    """Give how many months devices of the model have been watched, the longest one."""
    lives = _watched(session, alternative, now)
    return int(max((one.end - one.start for one in lives), default=0.0) / YEAR_DAYS * _MONTHS)


def figures_of(session: Session, *, alternative: Alternative, now: int) -> RateCheck | None:
    """Give failures before and after an alternative began; None while either side has not been watched.

    Notes
    -----
    Before are the three years up to its beginning, after is from then up to its end or now.
    """
    after_days = (now - alternative.began_at) / DAY_US
    until_days = (now - alternative.ended_at) / DAY_US if alternative.ended_at else 0.0
    counts, days = [0, 0], [0.0, 0.0]
    for one in _watched(session, alternative, now):
        begun, ended = one.end - after_days, one.end - until_days
        spans = ((max(one.start, begun - BEFORE_YEARS * YEAR_DAYS), begun), (max(one.start, begun), ended))
        for side, (low, high) in enumerate(spans):
            days[side] += max(high - low, 0.0)
            counts[side] += sum(low < age <= high for age in one.failures)
    if min(days) <= 0.0:
        return None
    before, after = ((count, span / YEAR_DAYS) for count, span in zip(counts, days, strict=True))
    return check_rates(before, after, error_share=alternative.error_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingBack:
    """An alternative that must be given up, why, and the figures or the day that say so."""

    alternative: Alternative
    why: StrategyEnd
    note: str


def to_be_taken_back(session: Session, *, now: int, today: date) -> list[GoingBack]:
    """Give every alternative under which devices fail more often, or whose evidence is past its review.

    Parameters
    ----------
    session : Session
        Any session; a reading one, since the failures of a fleet take a while to read.
    now : int
        UTC microseconds.
    today : date
        The hospital's day.
    """
    found = []
    for one in list_alternatives(session, is_active=True):
        figures = figures_of(session, alternative=one, now=now)
        if figures is not None and figures.has_worsened:
            found.append(GoingBack(alternative=one, why=StrategyEnd.FAILURES, note=_figures_text(figures)))
        elif one.review_on <= today:
            found.append(GoingBack(alternative=one, why=StrategyEnd.REVIEW, note=one.review_on.isoformat()))
    return found


def take_back(session: Session, *, act: Act, going: Sequence[GoingBack]) -> list[Alternative]:
    """Give the devices of alternatives their former intervals; what was ended in the meantime stays as it is."""
    act.actor.require(Permission.DEVICES_WRITE)
    ended = []
    for one in going:
        row = session.get(AlternativeRow, one.alternative.id)
        if row is not None and row.is_active:
            ended.append(_go_back(session, act, one.alternative, one.why, one.note))
    return ended


def _figures_text(found: RateCheck) -> str:
    ratio = found.ratio
    before = f"{ratio.events_before}/{found.years_before:.1f} a"
    after = f"{ratio.events_after}/{found.years_after:.1f} a"
    return f"{before} → {after}; ×{ratio.ratio or 0.0:.2f}, ≥ ×{ratio.low:.2f} ({ratio.confidence:.3f})"


def end(session: Session, *, act: Act, alternative_id: str, reason: str) -> Alternative:
    """Take back an alternative by hand: all devices get the interval that they had before.

    Raises
    ------
    Refused
        If it is over already.
    FieldError
        If no reason is given.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = session.get(AlternativeRow, alternative_id)
    if row is None:
        raise NotFound("alternative schedule", alternative_id)
    if not row.is_active:
        raise Refused(f"{alternative_id} is over already.", code="strategy.over")
    if not reason.strip():
        raise _problem("reason", "Expected a reason.", "Say why it is taken back.")
    return _go_back(session, act, _of_row(row), StrategyEnd.PERSON, reason.strip())


def _go_back(session: Session, act: Act, one: Alternative, why: StrategyEnd, note: str) -> Alternative:
    for rule in _rules(session, _devices(session, one)):
        months = one.months_by_rule.get(rule.id)
        if months is not None:
            _set_interval(session, act, rule, months)
    return _write(session, replace(one, ended_at=act.now, ended_by=why, ended_note=note))


def _set_interval(session: Session, act: Act, rule: Rule, months: int) -> None:
    """Change a rule's interval; without one it rests, and its own interval is kept for later."""
    assert rule.calendar is not None  # noqa: S101  # asked by the callers
    calendar: CalendarRule = replace(rule.calendar, months=months) if months else rule.calendar
    save_rule(session, act=act, rule=replace(rule, calendar=calendar, is_on=months > 0))


def list_alternatives(session: Session, *, is_active: bool | None = None, limit: int = 200) -> list[Alternative]:
    """Give alternatives, the latest first."""
    query = select(AlternativeRow)
    if is_active is not None:
        query = query.where(col(AlternativeRow.is_active) == is_active)
    rows = session.exec(query.order_by(col(AlternativeRow.began_at).desc(), col(AlternativeRow.id)).limit(limit))
    return [_of_row(row) for row in rows]


def get_alternative(session: Session, *, alternative_id: str) -> Alternative:
    """Give one alternative.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.get(AlternativeRow, alternative_id)
    if row is None:
        raise NotFound("alternative", alternative_id)
    return _of_row(row)


def strategy_of(session: Session, *, manufacturer: str, model: str) -> Strategy:
    """Give how the devices of a model are kept now."""
    asked = (manufacturer.casefold(), model.casefold())
    for one in list_alternatives(session, is_active=True):
        if (one.manufacturer.casefold(), one.model.casefold()) == asked:
            return one.strategy
    return Strategy.OEM


def _same_model(one: Alternative, other: Alternative) -> bool:
    return (one.manufacturer.casefold(), one.model.casefold()) == (
        other.manufacturer.casefold(),
        other.model.casefold(),
    )


def _devices(session: Session, alternative: Alternative) -> list[str]:
    query = select(AssetRow.id).where(
        col(AssetRow.manufacturer) == alternative.manufacturer, col(AssetRow.model) == alternative.model
    )
    return list(session.exec(query.order_by(col(AssetRow.id))))


def _rules(session: Session, devices: Sequence[str]) -> list[Rule]:
    return [rule for device in devices for rule in rules_of(session, asset=device) if rule.kind == "preventive"]


def _watched(session: Session, alternative: Alternative, now: int) -> list[WatchedDevice]:
    query = select(AssetRow.category).where(
        col(AssetRow.manufacturer) == alternative.manufacturer, col(AssetRow.model) == alternative.model
    )
    category = session.exec(query.limit(1)).first()
    found = watched(session, now=now, category=category or "")
    return [
        device
        for (_category, manufacturer, model), devices in found.items()
        if (manufacturer, model) == (alternative.manufacturer, alternative.model)
        for device in devices
    ]


def _write(session: Session, alternative: Alternative) -> Alternative:
    session.merge(
        AlternativeRow(
            id=alternative.id,
            model=alternative.model,
            is_active=not alternative.ended_at,
            began_at=alternative.began_at,
            body=msgspec.json.encode(alternative).decode(),
        )
    )
    session.flush()
    return alternative


def _of_row(row: AlternativeRow) -> Alternative:
    return msgspec.json.decode(row.body, type=Alternative)


def _problem(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="alternative", message=message, cure=cure))
