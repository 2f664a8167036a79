"""Replacement plans from the register: what each device costs and risks, and which to replace in which year."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from assets.model.notices import MatchState
from assets.model.regions import GONE
from assets.model.register import Asset, DeviceModel
from assets.model.studio import Studio
from assets.rules.replacement import Candidate, Infeasible, ReplacementPlan, ReplacementRules, plan_replacements
from assets.rules.replacement_score import WEIGHTS, ReplacementFacts, ReplacementScore, score_replacement
from assets.rules.uptime import merged
from assets.service.work import order_of_row
from assets.tables.register import asset_of_row, load_models
from assets.tables.rows import AssetRow, DowntimeRow, NoticeMatchRow, RecordsSinceRow, WorkOrderRow
from twin.clock import SECOND_US
from twin.errors import FieldError, FieldProblem

YEAR_US = int(365.25 * 86_400) * SECOND_US
LOOK_BACK_YEARS = 3
_MONTHS = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCase:
    """One device as the studio sees it.

    Parameters
    ----------
    asset, name, category, model, site : str
        What it is and where it belongs.
    price : int
        Of a new one, integer minor units; 0 if unknown, and then it cannot be planned.
    yearly_cost : int
        Mean service cost of the last three years, integer minor units.
    repair_cost : int
        What its repairs cost in the years on record, integer minor units.
    failures : int
        In the same time.
    years : float
        How much of that time its failures are on record.
    facts, score
        What the score rests on, and the score.
    """

    asset: str
    name: str
    category: str
    model: str
    site: str
    price: int
    yearly_cost: int
    repair_cost: int
    failures: int
    years: float
    facts: ReplacementFacts
    score: ReplacementScore


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioPlan:
    """A plan with every device's case, planned or not.

    Parameters
    ----------
    plan : ReplacementPlan
        Years, bound and reasons.
    cases : tuple[DeviceCase, ...]
        All devices that were looked at, the highest score first.
    without_price : tuple[str, ...]
        Devices that could not be planned, since nobody knows what a new one costs.
    """

    plan: ReplacementPlan
    cases: tuple[DeviceCase, ...]
    without_price: tuple[str, ...]


def device_case(session: Session, *, asset: str, now: int) -> DeviceCase | None:
    """Give what speaks for the replacement of one device; None for one that is retired or unknown."""
    return next(iter(device_cases(session, now=now, asset=asset)), None)


def device_cases(session: Session, *, now: int, category: str = "", asset: str = "") -> list[DeviceCase]:
    """Give every device in the register with what speaks for its replacement, the highest score first.

    Parameters
    ----------
    session : Session
        Any session.
    now : int
        UTC microseconds.
    category, asset : str
        Only this kind, or only this device; all if empty.
    """
    query = select(AssetRow).where(col(AssetRow.operational).not_in([state.value for state in GONE]))
    for column, value in ((AssetRow.category, category), (AssetRow.id, asset)):
        query = query.where(col(column) == value) if value else query
    rows = session.exec(query).all()
    models = load_models(session)
    since = now - LOOK_BACK_YEARS * YEAR_US
    cost, failures = _work_since(session, since, asset)
    down = _down_since(session, since, now, asset)
    matches = select(NoticeMatchRow.asset).where(col(NoticeMatchRow.state) == MatchState.OPEN.value)
    notices = Counter(session.exec(matches.where(col(NoticeMatchRow.asset) == asset) if asset else matches))
    kept = select(RecordsSinceRow)
    kept = kept.where(col(RecordsSinceRow.asset) == asset) if asset else kept
    records = {row.asset: row.since_at for row in session.exec(kept)}
    found = []
    for row in rows:
        entry = asset_of_row(row)
        # Years before anybody wrote failures down are no years without one: they would make an old device look sound.
        on_record = min(records.get(row.id, row.registered_at), row.registered_at)
        model = models.get((entry.manufacturer.casefold(), entry.model.casefold())) or models.get(("", entry.model))
        begun = max(entry.commissioned_at, on_record, since)
        # At least a month: one failure of a device of yesterday would be a rate of hundreds a year.
        years = max((now - begun) / YEAR_US, 1 / _MONTHS)
        facts = _facts(entry, model, now)
        price = model.replacement_cost if model is not None and model.replacement_cost else entry.cost
        facts = replace(
            facts,
            failures_per_year=failures[row.id] / years,
            # Scaled to three years, at most threefold: one repair in the first month is no trend.
            cost_share=cost[row.id] * min(LOOK_BACK_YEARS / years, LOOK_BACK_YEARS) / price if price else None,
            downtime_share=down[row.id] / (years * YEAR_US),
            notices=float(notices[row.id]),
        )
        found.append(
            DeviceCase(
                asset=row.id,
                name=entry.name,
                category=entry.category,
                model=entry.model,
                site=entry.home,
                price=price,
                yearly_cost=round(cost[row.id] / max(years, 1.0)),
                repair_cost=cost[row.id],
                failures=failures[row.id],
                years=years,
                facts=facts,
                score=score_replacement(facts),
            )
        )
    return sorted(found, key=lambda case: (-case.score.score, case.asset))


def _facts(asset: Asset, model: DeviceModel | None, now: int) -> ReplacementFacts:
    begun = asset.commissioned_at or asset.acquired_at
    life = model.expected_life_years if model is not None else 0
    ends = model.end_of_support_at if model is not None else 0
    cyber = model.cyber.supported_until if model is not None else 0
    return ReplacementFacts(
        age_share=(now - begun) / YEAR_US / life if begun and life else None,
        support_months=(now - ends) / YEAR_US * _MONTHS if ends else None,
        is_unsupported_system=float(cyber < now) if cyber else None,
        criticality=float(asset.criticality),
    )


def _work_since(session: Session, since: int, asset: str) -> tuple[Counter[str], Counter[str]]:
    """Give cost and number of corrective orders per device; planned maintenance would be paid for a new one as well."""
    cost: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    query = select(WorkOrderRow).where(col(WorkOrderRow.opened_at) >= since, col(WorkOrderRow.kind) == "corrective")
    query = query.where(col(WorkOrderRow.asset) == asset) if asset else query
    for row in session.exec(query):
        order = order_of_row(row)
        cost[order.asset] += sum(part.cost for part in order.parts) + sum(one.cost for one in order.labour)
        failures[order.asset] += order.finding not in ("no_problem_found", "use_error")
    return cost, failures


def _down_since(session: Session, since: int, now: int, asset: str) -> dict[str, float]:
    periods: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    query = select(DowntimeRow).where((col(DowntimeRow.end_at) == 0) | (col(DowntimeRow.end_at) > since))
    query = query.where(col(DowntimeRow.asset) == asset) if asset else query
    for row in session.exec(query):
        periods[row.asset].append((float(row.start_at), float(row.end_at or now)))
    found: defaultdict[str, float] = defaultdict(float)
    for asset, spans in periods.items():
        found[asset] = sum(end - start for start, end in merged(spans, start=float(since), end=float(now)))
    return found


def plan_from_register(
    session: Session, *, studio: Studio, now: int, seconds: float = 10.0, workers: int = 1
) -> StudioPlan:
    """Plan which devices to replace in which year, from what the register says at this moment.

    Parameters
    ----------
    session : Session
        Any session.
    studio : Studio
        Budgets and limits.
    now : int
        UTC microseconds.
    seconds : float
        Time for the solver.
    workers : int
        Threads of the solver.

    Raises
    ------
    FieldError
        If no plan keeps all rules.
    """
    cases = device_cases(session, now=now, category=studio.category)
    return plan_cases(cases, studio=studio, seconds=seconds, workers=workers)


def plan_cases(cases: Sequence[DeviceCase], *, studio: Studio, seconds: float = 10.0, workers: int = 1) -> StudioPlan:
    """Plan which devices to replace in which year.

    Parameters
    ----------
    cases : Sequence[DeviceCase]
        What speaks for each, the highest score first.
    studio : Studio
        Budgets and limits.
    seconds : float
        Time for the solver.
    workers : int
        Threads of the solver.

    Raises
    ------
    FieldError
        If no plan keeps all rules.

    Notes
    -----
    Benefit in year y: (service cost avoided over the years left + risk weight · score · price) / (1 + interest)^y.
    """
    priced = [case for case in cases if case.price > 0]
    candidates = [_candidate(case, studio) for case in priced]
    rules = ReplacementRules(
        budgets=studio.budgets,
        carries_over=studio.carries_over,
        most_models={case.category: studio.most_models for case in priced} if studio.most_models else {},
        most_per_year=studio.most_per_year,
        least_per_site={(one.site, one.kind): one.least for one in studio.coverage},
    )
    _check_known(studio, priced)
    try:
        plan = plan_replacements(candidates, rules, seconds=seconds, workers=workers)
    except Infeasible as error:
        problem = FieldProblem(field="budgets", place="studio", message=str(error), cure="Raise them or drop a limit.")
        raise FieldError(problem) from error
    return StudioPlan(
        plan=plan, cases=tuple(cases), without_price=tuple(case.asset for case in cases if case.price <= 0)
    )


def _check_known(studio: Studio, priced: Sequence[DeviceCase]) -> None:
    """Refuse a rule about a device that cannot be planned: it would be passed over without a word."""
    known = {case.asset for case in priced}
    named = [("forced", one.asset) for one in studio.forced]
    named += [("bundles", asset) for one in studio.bundles for asset in one.assets]
    for field, asset in named:
        if asset not in known:
            message = (
                f"{asset} is not among the devices that are planned: it is unknown, of another kind or has no price."
            )
            cure = "Leave it out, or enter what a new one costs."
            raise FieldError(FieldProblem(field=field, place="studio", message=message, cure=cure))


def best_ratio(case: DeviceCase, studio: Studio) -> float:
    """Give what a device gains by a unit of money in its best year; 0 without a price."""
    if case.price <= 0:
        return 0.0
    one = _candidate(case, studio)
    return max(gain / price for gain, price in zip(one.benefits, one.costs, strict=True))


def _forced_by(case: DeviceCase, studio: Studio) -> int | None:
    """Give the last year, counted from 0, by which a device must be replaced."""
    years = [one.year - 1 for one in studio.forced if one.asset == case.asset]
    if studio.forces_end_of_support and case.facts.support_months is not None:
        # Months since support ended; what has ended already is due in the first year.
        year = int(max(-case.facts.support_months, 0.0) // _MONTHS)
        years += [year] if year < len(studio.budgets) else []
    return min(years, default=None)


def _candidate(case: DeviceCase, studio: Studio) -> Candidate:
    years = len(studio.budgets)
    bundle = next((one.name for one in studio.bundles if case.asset in one.assets), "")
    worth = studio.risk_weight * case.score.score * case.price
    benefits = tuple(
        round((case.yearly_cost * (years - y) + worth) / (1.0 + studio.interest) ** y) for y in range(years)
    )
    return Candidate(
        asset=case.asset,
        costs=(case.price,) * years,
        benefits=benefits,
        kind=case.category,
        model=case.model,
        site=case.site,
        bundle=bundle,
        forced_by=_forced_by(case, studio),
    )


def rank_stability(cases: Sequence[DeviceCase], *, top: int = 10) -> float:
    """Give the share of the highest ranked devices that stay so when any one weight changes by a fifth.

    Parameters
    ----------
    cases : Sequence[DeviceCase]
        The highest score first.
    top : int
        How many are looked at, above 0.
    """
    first = {case.asset for case in cases[:top]}
    if not first:
        return 1.0
    shares = []
    for name in WEIGHTS:
        for factor in (0.8, 1.2):
            # From the points that each case holds: to look these up anew sixteen times per device takes seconds.
            weights = {**WEIGHTS, name: WEIGHTS[name] * factor}
            scores = {case.asset: _weighed(case.score, weights) for case in cases}
            again = sorted(scores, key=lambda asset: (-scores[asset], asset))[:top]
            shares.append(len(first.intersection(again)) / len(first))
    return min(shares)


def _weighed(score: ReplacementScore, weights: Mapping[str, float]) -> float:
    return sum(weights[name] * points for name, points in score.parts.items())
