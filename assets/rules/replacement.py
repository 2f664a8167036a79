"""Which devices to replace in which year: most benefit within budgets, with a proof of how good the plan is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A device that could be replaced.

    Parameters
    ----------
    asset : str
        Id.
    costs, benefits : tuple[int, ...]
        Per year of the plan: price, and avoided cost plus weighted risk, discounted; integer minor units and points.
    bundle : str
        Devices of one bundle are replaced together in one year or not at all; empty for none.
    kind : str
        Class of device, for standardisation and coverage.
    model : str
        New model that it would be replaced by.
    site : str
        Where it serves.
    forced_by : int or None
        Last year, counted from 0, by which it must be replaced (end of support, recall).
    """

    asset: str
    costs: tuple[int, ...]
    benefits: tuple[int, ...]
    bundle: str = ""
    kind: str = ""
    model: str = ""
    site: str = ""
    forced_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementRules:
    """What a plan must keep.

    Parameters
    ----------
    budgets : tuple[int, ...]
        Per year, integer minor units.
    carries_over : bool
        Whether what is left of a year may be spent in later ones.
    most_models : Mapping[str, int]
        Most new models per kind.
    least_per_site : Mapping[tuple[str, str], int]
        Least replacements per (site, kind) over all years.
    most_per_year : int
        Installations that can be done in a year; 0 for no limit.
    """

    budgets: tuple[int, ...]
    carries_over: bool = True
    most_models: Mapping[str, int] = field(default_factory=dict)
    least_per_site: Mapping[tuple[str, str], int] = field(default_factory=dict)
    most_per_year: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementPlan:
    """A plan and how good it is.

    Parameters
    ----------
    year_by_asset : dict[str, int]
        Year, counted from 0, of each device that is replaced.
    benefit, bound : int
        What it gains, and the most that any plan could gain.
    spent : tuple[int, ...]
        Per year.
    reasons : dict[str, str]
        For each device left out: ``benefit``, ``budget``, ``bundle``, ``standard`` or ``capacity``.
    price : float
        Benefit of one more unit of money, estimated from the last devices taken and left out.
    """

    year_by_asset: dict[str, int]
    benefit: int
    bound: int
    spent: tuple[int, ...]
    reasons: dict[str, str]
    price: float

    @property
    def gap(self) -> float:
        """Greatest possible improvement, a share of the bound."""
        return (self.bound - self.benefit) / self.bound if self.bound > 0 else 0.0


PROVEN_SHARE = 1e-4  # a plan this near to its bound is as good as the best
Picks = dict[tuple[str, int], cp_model.IntVar]
Models = dict[str, frozenset[str]]


class Infeasible(ValueError):
    """No plan keeps all rules, or none was found in time: forced replacements exceed budgets, coverage is too high."""


def plan_replacements(
    candidates: Sequence[Candidate], rules: ReplacementRules, *, seconds: float = 30.0, workers: int = 1
) -> ReplacementPlan:
    """Choose which devices to replace when.

    Parameters
    ----------
    candidates : Sequence[Candidate]
        Each at most once.
    rules : ReplacementRules
        Budgets and limits.
    seconds : float
        Time for the solver.
    workers : int
        Threads; with one and enough time the plan is the same every time.

    Raises
    ------
    Infeasible
        If no plan keeps all rules.
    """
    model, years, units = cp_model.CpModel(), len(rules.budgets), _units(candidates)
    picks = {
        (one.asset, year): model.new_bool_var(f"{one.asset}@{year}") for one in candidates for year in range(years)
    }
    _once(model, picks, candidates, years)
    _budgets(model, picks, candidates, rules)
    _bundles(model, picks, units, years)
    _standards(model, picks, candidates, rules)
    _coverage(model, picks, candidates, rules)
    keys = [(one, year) for one in candidates for year in range(years)]
    model.maximize(
        cp_model.LinearExpr.weighted_sum(
            [picks[one.asset, year] for one, year in keys], [one.benefits[year] for one, year in keys]
        )
    )
    # A whole first plan: without one the solver spends most of its time on finding any at all.
    first = _first_plan(units, rules)
    for (asset, year), pick in picks.items():
        model.add_hint(pick, first.get(asset) == year)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.random_seed = 1
    solver.parameters.num_workers = workers
    # Ten times finer than prices are known; the last digits would cost most of the time.
    solver.parameters.relative_gap_limit = PROVEN_SHARE
    status = solver.solve(model)
    if status == cp_model.UNKNOWN:
        # Not the same as impossible: whoever is told to raise budgets would do so in vain.
        raise Infeasible(f"No plan was found within {seconds:g} s: give it more time, or plan one kind of device.")
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise Infeasible("No plan keeps all rules: raise budgets, or lower what is forced or must be covered.")
    chosen = {one.asset: year for one, year in keys if solver.boolean_value(picks[one.asset, year])}
    return _plan(candidates, rules, chosen, int(solver.best_objective_bound))


def _once(model: cp_model.CpModel, picks: Picks, candidates: Sequence[Candidate], years: int) -> None:
    """Replace each device at most once, and one that is forced within its time."""
    for one in candidates:
        model.add(cp_model.LinearExpr.sum([picks[one.asset, year] for year in range(years)]) <= 1)
        if one.forced_by is not None:
            allowed = range(min(one.forced_by + 1, years))
            model.add(cp_model.LinearExpr.sum([picks[one.asset, year] for year in allowed]) == 1)


def _budgets(model: cp_model.CpModel, picks: Picks, candidates: Sequence[Candidate], rules: ReplacementRules) -> None:
    for year in range(len(rules.budgets)):
        span = range(year + 1) if rules.carries_over else range(year, year + 1)
        cost = cp_model.LinearExpr.weighted_sum(
            [picks[one.asset, y] for one in candidates for y in span],
            [one.costs[y] for one in candidates for y in span],
        )
        model.add(cost <= sum(rules.budgets[y] for y in span))
        if rules.most_per_year:
            model.add(cp_model.LinearExpr.sum([picks[one.asset, year] for one in candidates]) <= rules.most_per_year)


def _bundles(model: cp_model.CpModel, picks: Picks, units: Sequence[Sequence[Candidate]], years: int) -> None:
    """Replace the devices of one bundle in one year, or none of them."""
    for first, *others in units:
        for other in others:
            for year in range(years):
                model.add(picks[other.asset, year] == picks[first.asset, year])


def _standards(model: cp_model.CpModel, picks: Picks, candidates: Sequence[Candidate], rules: ReplacementRules) -> None:
    """Keep to so many new models of a kind; a model counts once any device is replaced by it."""
    for kind, most in rules.most_models.items():
        own = [one for one in candidates if one.kind == kind and one.model]
        used = {name: model.new_bool_var(f"model {kind} {name}") for name in sorted({one.model for one in own})}
        for one in own:
            for year in range(len(rules.budgets)):
                model.add_implication(picks[one.asset, year], used[one.model])
        model.add(cp_model.LinearExpr.sum(list(used.values())) <= most)


def _coverage(model: cp_model.CpModel, picks: Picks, candidates: Sequence[Candidate], rules: ReplacementRules) -> None:
    """Replace so many of a kind at a site over all years."""
    years = range(len(rules.budgets))
    for (site, kind), least in rules.least_per_site.items():
        own = [one for one in candidates if one.site == site and one.kind == kind]
        model.add(cp_model.LinearExpr.sum([picks[one.asset, year] for one in own for year in years]) >= least)


def _ratio(one: Candidate, year: int) -> float:
    return one.benefits[year] / max(one.costs[year], 1)


def _units(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Give what is replaced together: each bundle, and each device without one."""
    units: dict[str, list[Candidate]] = {}
    for one in candidates:
        units.setdefault(f"bundle {one.bundle}" if one.bundle else f"asset {one.asset}", []).append(one)
    return list(units.values())


def _first_plan(units: Sequence[Sequence[Candidate]], rules: ReplacementRules) -> dict[str, int]:
    """Give the year of each device in a plan by rank: forced ones, then most benefit for the money, year by year.

    It keeps budgets, standards and capacity; coverage and what is forced late are left to the solver to mend.
    """
    models: Models = {}
    year_by_asset: dict[str, int] = {}
    left = 0
    for year, budget in enumerate(rules.budgets):
        left = budget + (left if rules.carries_over else 0)
        count = 0
        for unit in sorted(units, key=lambda own: _rank(own, year)):
            cost = sum(one.costs[year] for one in unit)
            has_room = cost <= left and (not rules.most_per_year or count + len(unit) <= rules.most_per_year)
            if unit[0].asset in year_by_asset or not has_room or not _is_wanted(unit, year):
                continue
            with_unit = _with_models(models, [one for one in unit if one.kind in rules.most_models])
            if any(len(with_unit.get(kind, ())) > most for kind, most in rules.most_models.items()):
                continue
            models = with_unit
            year_by_asset.update((one.asset, year) for one in unit)
            left, count = left - cost, count + len(unit)
    return year_by_asset


def _with_models(models: Models, unit: Sequence[Candidate]) -> Models:
    """Give the new models by kind once a unit is replaced, too."""
    added: defaultdict[str, frozenset[str]] = defaultdict(frozenset, models)
    for one in unit:
        if one.model:
            added[one.kind] |= {one.model}
    return dict(added)


def _is_wanted(unit: Sequence[Candidate], year: int) -> bool:
    return sum(one.benefits[year] for one in unit) > 0 or any(one.forced_by is not None for one in unit)


def _rank(unit: Sequence[Candidate], year: int) -> tuple[bool, float, str]:
    is_forced = any(one.forced_by is not None for one in unit)
    ratio = sum(one.benefits[year] for one in unit) / max(sum(one.costs[year] for one in unit), 1)
    return not is_forced, -ratio, unit[0].asset


def _plan(
    candidates: Sequence[Candidate], rules: ReplacementRules, chosen: dict[str, int], bound: int
) -> ReplacementPlan:
    by_asset = {one.asset: one for one in candidates}
    spent = [0] * len(rules.budgets)
    count = [0] * len(rules.budgets)
    for asset, year in chosen.items():
        spent[year] += by_asset[asset].costs[year]
        count[year] += 1
    left = sum(rules.budgets) - sum(spent)
    used = {(one.kind, one.model) for one in candidates if one.asset in chosen}
    is_full = bool(rules.most_per_year) and all(n >= rules.most_per_year for n in count)
    reasons = {
        one.asset: _reason(one, candidates, rules, left=left, used=used, is_full=is_full)
        for one in candidates
        if one.asset not in chosen
    }
    refused = [
        max(_ratio(one, year) for year in range(len(spent))) for one in candidates if reasons.get(one.asset) == "budget"
    ]
    return ReplacementPlan(
        year_by_asset=chosen,
        benefit=sum(by_asset[asset].benefits[year] for asset, year in chosen.items()),
        bound=bound,
        spent=tuple(spent),
        reasons=reasons,
        price=max(refused, default=0.0),
    )


def _reason(
    one: Candidate,
    candidates: Sequence[Candidate],
    rules: ReplacementRules,
    *,
    left: int,
    used: set[tuple[str, str]],
    is_full: bool,
) -> str:
    """Say why a device was left out, the most telling reason first."""
    if max(one.benefits) <= 0:
        return "benefit"
    most = rules.most_models.get(one.kind)
    if most is not None and (one.kind, one.model) not in used and sum(k == one.kind for k, _ in used) >= most:
        return "standard"
    price = sum(min(c.costs) for c in candidates if c.bundle == one.bundle) if one.bundle else min(one.costs)
    if price > left:
        return "bundle" if one.bundle and min(one.costs) <= left else "budget"
    return "capacity" if is_full else "budget"
