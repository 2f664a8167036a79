"""Serial systems and service-time trees with plain JSON parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from inventory.rules.policies.echelons import (
    FAR_TAIL,
    Rounding,
    SerialCase,
    newsvendor_serial,
    optimal_serial,
)
from inventory.rules.policies.parameters import Parameters
from inventory.rules.policies.requirements import at_least, wrong
from inventory.rules.policies.service_times import Stage, guaranteed_service_times


def serial(given: Parameters) -> dict[str, object]:
    """Give the echelon base-stock levels of a serial system by stage.

    ``echelon_holding_cost`` and ``lead_time`` are objects by stage number (1 serves the demand) or lists with the
    downstream stage last; ``method`` is ``exact`` or ``newsvendor``.
    """
    names, costs = _by_stage(given, "echelon_holding_cost")
    time_names, times = _by_stage(given, "lead_time")
    if names != time_names:
        raise wrong("lead_time", f"Expected the stages {names}, got {time_names}.")
    case = SerialCase(
        echelon_holding_costs=costs,
        lead_times=times,
        stockout_cost=given.number("stockout_cost"),
        demand_mean=given.number("demand_mean"),
        demand_sd=given.number("demand_sd", 0.0),
        is_poisson=given.flag("use_poisson", not given.has("demand_sd")),
        x_num=given.count("x_num", 1000),
        d_num=given.count("d_num", 100),
        upper_tail=given.number("upper_tail", FAR_TAIL),
    )
    if given.choice("method", ("exact", "newsvendor"), "exact") == "newsvendor":
        rounding = Rounding(given.choice("round_type", [each.value for each in Rounding], "none"))
        return {"base_stock_levels": dict(zip(names, newsvendor_serial(case, rounding), strict=True))}
    levels = _given_levels(given, names)
    found = optimal_serial(case, levels)
    return {"base_stock_levels": dict(zip(names, found.base_stock_levels, strict=True)), "cost": found.cost}


def _given_levels(given: Parameters, names: list[str]) -> list[float] | None:
    if not given.has("base_stock_levels"):
        return None
    level_names, levels = _by_stage(given, "base_stock_levels")
    if level_names != names:
        raise wrong("base_stock_levels", f"Expected the stages {names}, got {level_names}.")
    return levels


def _by_stage(given: Parameters, key: str) -> tuple[list[str], list[float]]:
    """Give stage names and values, downstream first."""
    value = given.raw(key)
    if isinstance(value, Mapping):
        inner = Parameters({str(name): each for name, each in value.items()}, f"{key}.")
        try:
            names = sorted((str(name) for name in value), key=int)
        except ValueError as error:
            raise wrong(key, f"Expected stage numbers as keys: {error}.") from error
        return names, [inner.number(name) for name in names]
    if isinstance(value, Sequence) and not isinstance(value, str):
        listed = given.numbers(key)[::-1]
        return [str(i + 1) for i in range(len(listed))], listed
    raise wrong(key, f"Expected an object by stage or a list, got {value!r}.")


def gsm(given: Parameters) -> dict[str, object]:
    """Give the committed service times of a tree.

    ``stages`` is a list of objects with ``id``, ``processing_time``, ``holding_cost``, ``demand_bound`` and, where they
    apply, ``inbound_service_time``, ``outbound_service_time`` and ``suppliers``. Instead of bounds, ``safety_factor``
    may stand beside ``stages``: each stage then gives the ``demand_sd`` of its outside customers, 0 if it has none, and
    the bounds of the stages before it are pooled from it.
    """
    factor = given.optional("safety_factor")
    asked = given.objects("stages")
    bounds = [] if factor is None else _pooled(asked, factor)
    stages = []
    for index, each in enumerate(asked):
        outbound = each.optional("outbound_service_time")
        stages.append(
            Stage(
                id=each.text("id"),
                processing_time=each.count("processing_time", 0),
                holding_cost=each.number("holding_cost"),
                demand_bound=bounds[index] if bounds else each.number("demand_bound"),
                inbound_service_time=each.count("inbound_service_time", 0),
                outbound_service_time=None if outbound is None else each.count("outbound_service_time", 0),
                suppliers=tuple(_names(each)),
            )
        )
        each.check_all_used()
    found = guaranteed_service_times(stages)
    return {"service_times": found.service_times, "safety_stocks": found.safety_stocks, "cost": found.cost}


def _pooled(stages: Sequence[Parameters], factor: float) -> list[float]:
    """Give each stage's demand bound from the deviations of all outside demand that it feeds, taken as independent."""
    at_least(0, safety_factor=factor)
    own = {each.text("id"): each.number("demand_sd", 0.0) for each in stages}
    at_least(0, **{f"stages[{index}].demand_sd": value for index, value in enumerate(own.values())})
    suppliers = {each.text("id"): _names(each) for each in stages}
    variance = {name: deviation**2 for name, deviation in own.items()}
    open_customers = dict.fromkeys(own, 0)
    for name in (supplier for listed in suppliers.values() for supplier in listed if supplier in own):
        open_customers[name] += 1
    # Customers before their suppliers; a circle never comes up and is refused later, where the tree is looked at.
    ready = [name for name, count in open_customers.items() if not count]
    for name in ready:
        for supplier in suppliers[name]:
            if supplier in own:
                variance[supplier] += variance[name]
                open_customers[supplier] -= 1
                if not open_customers[supplier]:
                    ready.append(supplier)
    return [factor * sqrt(variance[each.text("id")]) for each in stages]


def _names(stage: Parameters) -> list[str]:
    listed = stage.raw("suppliers") or []
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise wrong("suppliers", f"Expected a list of ids, got {listed!r}.")
    return [str(name) for name in listed]
