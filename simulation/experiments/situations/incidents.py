"""What may befall a hospital: a surge, casualties, closed beds, a lift or sterilizer out of order, illness of staff."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

from simulation.experiments.situations.draft import WARD, Draft
from simulation.model.problems import PathwayError

Numbers = Mapping[str, float]
STOCK = "protective-sets"
VENTILATORS = "ventilators"
LIFTS = "lifts"
SETS = "instrument-sets"
SURGE_DAYS = 90  # as far ahead as a question may look


def epidemic_surge(draft: Draft, told: Numbers, choice: str) -> None:
    """Let patients of an epidemic come on top of all others, day after day up to a peak and down again.

    Notes
    -----
    Arrivals on day d: peak · exp(−½((d + ½ − t)/s)²). Stays are lived day by day, each with protective sets used up and
    a chance of 1/days that it is the last: geometric stays with the mean that was told. Whoever finds no sets waits for
    the next delivery.
    """
    per_hour = [
        told["peak_per_day"] / 24 * math.exp(-0.5 * ((day + 0.5 - told["days_to_peak"]) / told["spread_days"]) ** 2)
        for day in range(SURGE_DAYS)
    ]
    draft.put(
        "arrivals.surge",
        {"to": "surge-in", "per_hour": per_hour, "piece": "24 h", "once": True, "classes": _class(draft, "major")},
    )
    draft.add_pool(VENTILATORS, {"capacity": int(told["ventilators"])})
    stock: dict[str, object] = {"capacity": int(told["sets_in_stock"])}
    if told["sets_per_delivery"] > 0:
        stock["restocking"] = {
            "at": int(told["sets_in_stock"]) // 2,
            "quantity": int(told["sets_per_delivery"]),
            "lead_time": f"const:{told['delivery_days'] * 24:g}h",
        }
    draft.add_pool(STOCK, stock)
    draft.put(
        "nodes.surge-in",
        _choose(("surge-to-icu", told["icu_share"]), ("surge-to-ward", 1 - told["icu_share"])),
    )
    ventilated = told["ventilated_share"]
    draft.put("nodes.surge-to-icu", _choose(("surge-breathing", ventilated), ("surge-icu", 1 - ventilated)))
    sets = int(told["sets_per_day"])
    draft.entry("pools", "icu")
    _stay(draft, "surge-breathing", ["icu", VENTILATORS], (told["icu_days"], sets))
    _stay(draft, "surge-icu", ["icu"], (told["icu_days"], sets))
    draft.put("nodes.surge-to-ward", {"do": "route", "branches": draft.by_beds("surge-")})
    for ward in draft.wards():
        _stay(draft, f"surge-{ward}", [ward], (told["ward_days"], sets))


def _class(draft: Draft, name: str) -> str:
    classes = list(draft.section("classes")) or ["all"]
    return name if name in classes else classes[0]


def _choose(*branches: tuple[str, float]) -> dict[str, object]:
    return {"do": "route", "branches": [{"to": to, "share": share} for to, share in branches]}


def _stay(draft: Draft, name: str, pools: list[str], lasts: tuple[float, int]) -> None:
    days, sets = lasts
    last = 1 / max(days, 1.0)
    first = f"{name}-protect" if sets else f"{name}-day"
    draft.put(f"nodes.{name}", {"do": "seize", "pools": pools, "next": first})
    if sets:
        draft.put(f"nodes.{first}", {"do": "consume", "pools": STOCK, "quantity": sets, "next": f"{name}-day"})
    draft.put(f"nodes.{name}-day", {"do": "delay", "duration": "24 h", "next": f"{name}-more"})
    draft.put(f"nodes.{name}-more", _choose((first, 1 - last), (f"{name}-end", last)))
    draft.put(f"nodes.{name}-end", {"do": "release", "pools": pools, "next": "home"})
    draft.entry("nodes", "home")


def mass_casualty(draft: Draft, told: Numbers, choice: str) -> None:
    """Let many injured come at once, and bays and cleaners be added soon after."""
    draft.entry("nodes", "wait-for-bay")
    draft.put(
        "arrivals.casualties",
        {
            "to": "wait-for-bay",
            "burst": {
                "count": int(told["casualties"]),
                "after": f"{told['after_h']:g} h",
                "spread": f"exp:mean={told['spread_min']:g}min",
            },
            "classes": {"major": told["major_share"], "minor": 1 - told["major_share"]},
        },
    )
    at = told["after_h"] + told["extra_after_min"] / 60
    draft.alter("ed", int(told["extra_bays"]), at, told["extra_hours"])
    draft.alter("cleaners", int(told["extra_cleaners"]), at, told["extra_hours"])


def ward_closure(draft: Draft, told: Numbers, choice: str) -> None:
    """Close beds of a ward as they become free; if it is closed to the end, its patients go to the other wards."""
    wards = draft.wards()
    if choice not in wards:
        raise PathwayError("situations.ward_closure.ward", f"There is no ward {choice!r}.", f"Use {', '.join(wards)}.")
    closed = min(int(told["beds"]) or wards[choice], wards[choice])
    # Not before the first minute is over: a pool that never has a unit is refused as a mistake.
    draft.alter(choice, -closed, max(told["after_h"], 1 / 60), told["hours"])
    if closed == wards[choice] and told["hours"] == 0:
        if len(wards) == 1:
            raise PathwayError("situations.ward_closure.ward", "It is the only ward.", "Close some of its beds.")
        _send_elsewhere(draft, choice)


def _send_elsewhere(draft: Draft, ward: str) -> None:
    nodes = draft.section("nodes")
    into = {name for name, node in nodes.items() if node.get("do") == "seize" and node.get("pools") == ward}
    for name, node in list(nodes.items()):
        branches = cast("list[dict[str, object]]", node.get("branches", []))
        shares = [one.get("share") for one in branches if isinstance(one, Mapping)]
        if not any(one.get("to") in into for one in branches if isinstance(one, Mapping)):
            continue
        if not all(isinstance(share, int | float) for share in shares):
            continue  # shares by class, or conditions: a pathway of one's own, whose author knows better
        left = sum(cast("float", one["share"]) for one in branches if one["to"] not in into)
        if left <= 0:
            continue
        draft.put(
            f"nodes.{name}.branches",
            [{**one, "share": 0.0 if one["to"] in into else cast("float", one["share"]) / left} for one in branches],
        )


def lift_outage(draft: Draft, told: Numbers, choice: str) -> None:
    """Let every way to a ward go through the lifts, of which some stand still.

    Notes
    -----
    The base counts no lifts, so the trips themselves are in the difference as well; with ``out`` = 0 nothing else is.
    """
    out, lifts = int(told["out"]), int(told["lifts"])
    if out >= lifts and told["hours"] == 0:
        raise PathwayError("situations.lift_outage.out", "No lift is left for ever.", "Leave one, or tell the hours.")
    draft.add_pool(LIFTS, {"capacity": lifts})
    draft.alter(LIFTS, -min(out, lifts), told["after_h"], told["hours"])
    trip = f"lognormal:mean={told['trip_min']:g}min,sd={told['trip_min'] / 2:g}min"
    for ward in draft.wards():
        name = ward.removeprefix(WARD)
        for arrival in (f"ed-to-{name}", f"icu-to-{name}", f"recover-{name}"):
            node = draft.section("nodes").get(arrival)
            if node is None:
                continue
            draft.put(f"nodes.{arrival}", {**node, "next": f"lift-{arrival}"})
            draft.put(f"nodes.lift-{arrival}", {"do": "serve", "pools": LIFTS, "duration": trip, "next": node["next"]})


def sterilizer_down(draft: Draft, told: Numbers, choice: str) -> None:
    """Let every operation need a set of instruments that comes back from the sterilizers, of which some are down."""
    out, all_of = int(told["down"]), int(told["sterilizers"])
    if out >= all_of and told["hours"] == 0:
        raise PathwayError(
            "situations.sterilizer_down.down", "No sterilizer is left for ever.", "Leave one, or tell the hours."
        )
    theatres = draft.units("theatres")
    draft.add_pool("sterilizers", {"capacity": all_of})
    draft.alter("sterilizers", -min(out, all_of), told["after_h"], told["hours"])
    draft.add_pool(
        SETS,
        {
            "capacity": int(told["sets"]) or 3 * theatres,
            "turnover": {"duration": f"const:{told['reprocess_h']:g}h", "cleaner": "sterilizers"},
        },
    )
    for name, node in list(draft.section("nodes").items()):
        if node.get("pools") == "theatres" and node.get("do") in ("seize", "release"):
            draft.put(f"nodes.{name}.pools", ["theatres", SETS])


def staff_sickness(draft: Draft, told: Numbers, choice: str) -> None:
    """Let a share of the cleaners and theatre teams stay away, and beds be closed that nobody can look after."""
    for pool, share in (("cleaners", told["share"]), ("theatres", told["share"])):
        units = draft.units(pool)
        # At least one stays: nothing works without any.
        draft.alter(pool, -min(round(share * units), units - 1), told["after_h"], told["hours"])
    for ward, beds in draft.wards().items():
        draft.alter(ward, -min(round(told["beds_share"] * beds), beds - 1), told["after_h"], told["hours"])
