"""Policies by name with plain JSON parameters, as the command line and the par studio ask for them.

Every kind lists its keys; a missing, unknown or wrong one is named. ``docs/guides/stock.md`` shows an example of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from math import isfinite

import numpy as np

from inventory.rules.policies import demand as demands
from inventory.rules.policies import economic, horizon, newsvendor, order_up_to, reorder, service
from inventory.rules.policies.echelon_doors import gsm, serial
from inventory.rules.policies.parameters import Parameters
from inventory.rules.policies.requirements import above, at_least, wrong
from twin.errors import FieldError

Result = dict[str, object]
Kind = Callable[[Parameters], object]


def _eoq(given: Parameters) -> object:
    if given.has("breakpoints") or given.has("unit_costs"):
        case = economic.DiscountCase(
            fixed_cost=given.number("fixed_cost"),
            holding_cost_rate=given.number("holding_cost_rate"),
            demand_rate=given.number("demand_rate"),
            breakpoints=given.numbers("breakpoints"),
            unit_costs=given.numbers("unit_costs"),
        )
        if given.choice("discount", ("all_units", "incremental"), "all_units") == "incremental":
            return economic.order_with_incremental_discounts(case)
        return economic.order_with_all_units_discounts(case)
    return economic.economic_order(
        given.number("fixed_cost"),
        given.number("holding_cost"),
        given.number("demand_rate"),
        given.optional("order_quantity"),
    )


def _eoqb(given: Parameters) -> object:
    case = economic.BackorderCase(
        fixed_cost=given.number("fixed_cost"),
        holding_cost=given.number("holding_cost"),
        stockout_cost=given.number("stockout_cost"),
        demand_rate=given.number("demand_rate"),
    )
    quantity, fraction = given.optional("order_quantity"), given.optional("stockout_fraction")
    if (quantity is None) != (fraction is None):
        lacking = "order_quantity" if quantity is None else "stockout_fraction"
        raise _lacking(lacking, "A policy to be evaluated has a quantity and a fraction.")
    return economic.economic_order_with_backorders(case, quantity, fraction)


def _epq(given: Parameters) -> object:
    case = economic.ProductionCase(
        fixed_cost=given.number("fixed_cost"),
        holding_cost=given.number("holding_cost"),
        demand_rate=given.number("demand_rate"),
        production_rate=given.number("production_rate"),
    )
    return economic.economic_production(case, given.optional("order_quantity"))


def _normal_case(given: Parameters) -> newsvendor.NormalCase:
    return newsvendor.NormalCase(
        holding_cost=given.number("holding_cost"),
        stockout_cost=given.number("stockout_cost"),
        demand_mean=given.number("demand_mean"),
        demand_sd=given.number("demand_sd"),
        lead_time=given.number("lead_time", 0.0),
    )


def _newsvendor(given: Parameters) -> object:
    if given.has("revenue"):
        return _newsvendor_explicit(given)
    level = given.optional("base_stock_level")
    if given.has("purchase_cost_next_per"):
        case = newsvendor.MyopicCase(
            costs=_normal_case(given),
            purchase_cost=given.number("purchase_cost"),
            purchase_cost_next_per=given.number("purchase_cost_next_per"),
            discount_factor=given.number("discount_factor", 1.0),
        )
        if given.has("cost"):
            found = newsvendor.level_of_myopic_cost(case, given.number("cost"), is_left=given.flag("left_half", True))
            return newsvendor.BaseStock(base_stock_level=found, cost=given.number("cost"))
        return newsvendor.myopic(case, level)
    if given.has("demand_pmf") or given.has("demand_distrib"):
        return _newsvendor_of_any(given, level)
    if (
        given.choice("distribution", ("normal", "poisson"), "normal" if given.has("demand_sd") else "poisson")
        == "poisson"
    ):
        poisson = newsvendor.PoissonCase(
            holding_cost=given.number("holding_cost"),
            stockout_cost=given.number("stockout_cost"),
            demand_mean=given.number("demand_mean"),
            lead_time=given.number("lead_time", 0.0),
        )
        return newsvendor.newsvendor_poisson(poisson, level)
    return newsvendor.newsvendor_normal(_normal_case(given), level)


def _newsvendor_of_any(given: Parameters, level: float | None) -> object:
    holding, stockout = given.number("holding_cost"), given.number("stockout_cost")
    above(0, holding_cost=holding)
    at_least(0, stockout_cost=stockout)
    if given.has("demand_pmf"):
        return newsvendor.newsvendor_discrete(
            holding, stockout, demands.from_probabilities(given.pmf("demand_pmf")), level
        )
    found = given.distribution("demand_distrib")
    if isinstance(found, demands.Listed):
        return newsvendor.newsvendor_discrete(holding, stockout, found, level)
    return newsvendor.newsvendor_continuous(holding, stockout, found, level)


def _newsvendor_explicit(given: Parameters) -> object:
    is_normal = given.has("demand_sd")
    kind = given.choice("distribution", ("normal", "poisson"), "normal" if is_normal else "poisson")
    prices = newsvendor.PriceCase(
        revenue=given.number("revenue"),
        purchase_cost=given.number("purchase_cost"),
        salvage_value=given.number("salvage_value"),
        holding_cost=given.number("holding_cost", 0.0),
        stockout_cost=given.number("stockout_cost", 0.0),
    )
    level = given.optional("base_stock_level")
    # whoever orders now bridges the lead time and the period after it
    lead_time = given.number("lead_time", 0.0)
    at_least(0, lead_time=lead_time)
    periods = lead_time + 1
    mean = given.number("demand_mean") * periods
    if kind == "normal":
        found = newsvendor.newsvendor_normal_explicit(prices, mean, given.number("demand_sd") * periods**0.5, level)
    else:
        found = newsvendor.newsvendor_poisson_explicit(prices, mean, level)
    return {"base_stock_level": found.base_stock_level, "profit": found.cost}


def _lacking(key: str, message: str) -> FieldError:
    return wrong(key, message, "Give both to evaluate them, or neither to find the best.")


_REORDER_METHODS = ("exact", "eil", "eoqb", "eoqss", "loss", "poisson")


def _rq(given: Parameters) -> object:
    method = given.choice("method", _REORDER_METHODS, "exact" if given.has("demand_sd") else "poisson")
    is_poisson = method == "poisson"
    case = reorder.ReorderCase(
        holding_cost=given.number("holding_cost"),
        stockout_cost=given.number("stockout_cost"),
        fixed_cost=given.number("fixed_cost", 0.0),
        demand_mean=given.number("demand_mean"),
        # a deviation beside a Poisson demand is no key of it, and refused with all others that nobody reads
        demand_sd=0.0 if is_poisson else given.number("demand_sd"),
        lead_time=given.number("lead_time"),
    )
    point, quantity = given.optional("reorder_point"), given.optional("order_quantity")
    if quantity is None and point is not None:
        raise _lacking("order_quantity", "A reorder point alone is no policy.")
    if quantity is not None:
        if point is None:
            point = (reorder.best_point_poisson if is_poisson else reorder.best_reorder_point)(case, quantity)
        cost = reorder.cost_poisson if is_poisson else reorder.cost_normal
        return reorder.ReorderPolicy(reorder_point=point, order_quantity=quantity, cost=cost(case, point, quantity))
    methods = {
        "exact": reorder.best_normal,
        "eil": reorder.expected_inventory_level,
        "eoqb": reorder.with_backorder_quantity,
        "eoqss": reorder.with_safety_stock,
        "loss": reorder.by_loss_function,
        "poisson": reorder.best_poisson,
    }
    return methods[method](case)


def _ss(given: Parameters) -> object:
    costs = order_up_to.PeriodicCosts(
        holding_cost=given.number("holding_cost"),
        stockout_cost=given.number("stockout_cost"),
        fixed_cost=given.number("fixed_cost"),
    )
    if given.choice("method", ("exact", "power"), "exact") == "power":
        return order_up_to.power_approximation(costs, given.number("demand_mean"), given.number("demand_sd"))
    pmf = _periodic_pmf(given)
    point, level = given.optional("reorder_point"), given.optional("order_up_to_level")
    if (point is None) != (level is None):
        lacking = "reorder_point" if point is None else "order_up_to_level"
        raise _lacking(lacking, "A policy to be evaluated has a reorder point and a level.")
    if point is not None and level is not None:
        cost = order_up_to.cost_of_order_up_to(costs, pmf, point, level)
        return order_up_to.OrderUpTo(reorder_point=point, order_up_to_level=level, cost=cost)
    return order_up_to.best_order_up_to(costs, pmf)


def _periodic_pmf(given: Parameters) -> order_up_to.Floats:
    is_poisson = given.flag("use_poisson", not given.has("demand_sd"))
    if given.has("demand_pmf"):
        return order_up_to.pmf_of(demands.from_probabilities(given.pmf("demand_pmf")))
    if given.has("demand_distrib"):
        found = given.distribution("demand_distrib")
        return order_up_to.pmf_of(found if isinstance(found, demands.Listed) else demands.rounded(found))
    mean = given.number("demand_mean")
    return order_up_to.poisson_pmf(mean) if is_poisson else order_up_to.normal_pmf(mean, given.number("demand_sd"))


def _review(given: Parameters) -> service.Review:
    return service.Review(
        demand_mean=given.number("demand_mean"),
        demand_sd=given.number("demand_sd", float(np.sqrt(max(0.0, given.number("demand_mean"))))),
        review_period=given.number("review_period", 1.0),
        lead_time=given.number("lead_time", 0.0),
        lead_time_sd=given.number("lead_time_sd", 0.0),
    )


def _base_stock(given: Parameters) -> object:
    if given.has("echelon_holding_cost") or given.has("network"):
        return serial(given)
    target = service.Service(given.choice("service", ("cycle", "fill"), "cycle"))
    whole = given.flag("is_whole", False)
    return service.base_stock(_review(given), given.number("target"), target, is_whole=whole)


def _horizon_case(given: Parameters) -> horizon.HorizonCase:
    periods = horizon.check_periods(given.number("num_periods"))

    def each(field: str, default: float | None = None) -> horizon.Floats:
        return horizon.per_period(given.number_or_numbers(field, default), periods, field)

    return horizon.HorizonCase(
        holding_cost=each("holding_cost"),
        stockout_cost=each("stockout_cost"),
        purchase_cost=each("purchase_cost", 0.0),
        fixed_cost=each("fixed_cost", 0.0),
        demand_mean=each("demand_mean"),
        demand_sd=each("demand_sd"),
        discount_factor=each("discount_factor", 1.0),
        terminal_holding_cost=given.number("terminal_holding_cost", 0.0),
        terminal_stockout_cost=given.number("terminal_stockout_cost", 0.0),
    )


def _finite_horizon(given: Parameters) -> object:
    case = _horizon_case(given)
    if given.choice("method", ("exact", "myopic_bounds"), "exact") == "myopic_bounds":
        return horizon.myopic_bounds(case)
    return horizon.best_over_horizon(case, given.count("initial_inventory_level", 0))


def _wagner_whitin(given: Parameters) -> object:
    periods = horizon.check_periods(given.number("num_periods"))

    def each(field: str, default: float | None = None) -> horizon.Floats:
        return horizon.per_period(given.number_or_numbers(field, default), periods, field)

    return horizon.wagner_whitin(
        each("holding_cost"),
        each("fixed_cost"),
        each("demand"),
        each("purchase_cost", 0.0),
        basis=horizon.HoldingBasis(given.choice("holding_basis", tuple(horizon.HoldingBasis), "order")),
    )


def _joint(given: Parameters) -> object:
    return economic.joint_replenishment(
        given.number("shared_fixed_cost"),
        given.numbers("individual_fixed_costs"),
        given.numbers("holding_costs"),
        given.numbers("demand_rates"),
    )


def _ewa(given: Parameters) -> object:
    batches = []
    for each in given.objects("batches"):
        each.number("remaining_life")  # a batch without its life is no batch that is used up today
        batches.append(service.Batch(quantity=each.number("quantity"), remaining_life=each.count("remaining_life", 0)))
        each.check_all_used()
    return service.estimated_withdrawal_and_aging(
        service.PerishableCase(
            base_stock_level=given.number("base_stock_level"),
            demand_mean=given.number("demand_mean"),
            lead_time=given.count("lead_time", 0),
            review_period=given.count("review_period", 1),
            batches=tuple(batches),
            on_order=given.number("on_order", 0.0),
            pack_size=given.count("pack_size", 1),
        )
    )


def _two_bin(given: Parameters) -> object:
    return service.two_bin(_review(given), given.number("target"), given.count("pack_size", 1))


KINDS: dict[str, Kind] = {
    "eoq": _eoq,
    "eoqb": _eoqb,
    "epq": _epq,
    "newsvendor": _newsvendor,
    "rq": _rq,
    "ss": _ss,
    "base_stock": _base_stock,
    "wagner_whitin": _wagner_whitin,
    "finite_horizon": _finite_horizon,
    "joint": _joint,
    "gsm": gsm,
    "ewa": _ewa,
    "two_bin": _two_bin,
}
"""Every policy that can be asked for by name."""


def solve(kind: str, parameters: Mapping[str, object]) -> Result:
    """Give the answer of a policy.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    parameters : Mapping[str, object]
        Decoded JSON.

    Raises
    ------
    FieldError
        With ``policy.parameter`` and the name of the key that is missing, unknown or wrong.
    """
    function = KINDS.get(kind)
    if function is None:
        raise wrong("kind", f"Expected one of {', '.join(KINDS)}, got {kind!r}.")
    given = Parameters(parameters)
    try:
        # a number that is none inside a search would be passed over there, and the answer look right
        with np.errstate(invalid="raise", divide="raise", over="raise"):
            answer = _plain(function(given))
    except (ArithmeticError, ValueError, MemoryError, RuntimeError) as error:
        # numbers that pass one by one can still be impossible together, such as costs twenty powers of ten apart; a
        # search that does not come to an end says so by RuntimeError
        raise wrong(kind, f"These numbers cannot be worked out together: {error}.", "Check units and sizes.") from error
    # After the answer: only then is it known which keys this policy reads.
    given.check_all_used()
    if not _is_finite(answer):
        raise wrong(kind, f"These numbers have no finite answer: {answer}.", "Check units and sizes.")
    return answer


def _plain(answer: object) -> Result:
    if is_dataclass(answer) and not isinstance(answer, type):
        answer = asdict(answer)
    if not isinstance(answer, dict):
        raise TypeError(f"A policy answered {type(answer).__name__}.")
    return {str(key): _listed(value) for key, value in answer.items() if value is not None}


def _is_finite(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(_is_finite(each) for each in value.values())
    if isinstance(value, list):
        return all(_is_finite(each) for each in value)
    return not isinstance(value, float) or isfinite(value)


def _listed(value: object) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_listed(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value
