"""What a hospital may do about it: a discharge lounge, a further theatre day, a field hospital."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from simulation.experiments.scaling import scaled
from simulation.experiments.situations.draft import WARD, Draft
from simulation.model.distributions import read_distribution
from simulation.model.problems import PathwayError
from simulation.model.reading import unit_of

Numbers = Mapping[str, float]
HOUR_US = 3.6e9
LOUNGE = "lounge"
FIELD = "field-beds"


def discharge_lounge(draft: Draft, told: Numbers, choice: str) -> None:
    """Let patients who are ready wait for their way home in a lounge instead of in bed, while it has a place.

    Notes
    -----
    Stays on the wards become shorter by hours · share on average; whoever finds the lounge full spends the hours in
    bed, so that a lounge that is always full changes nothing on average.
    """
    hours, share = told["hours"], told["share"]
    draft.add_pool(LOUNGE, {"capacity": int(told["places"])})
    for ward in draft.wards():
        name = ward.removeprefix(WARD)
        stay = draft.entry("nodes", f"stay-{name}")
        leave = str(stay["next"])
        # Taken off the stay, since they are lived in the lounge or in bed afterwards.
        shorter = _shorter(draft, stay["duration"], hours * share)
        draft.put(f"nodes.stay-{name}", {**stay, "duration": shorter, "next": f"ready-{name}"})
        nodes: dict[str, dict[str, object]] = {
            f"ready-{name}": {
                "do": "route",
                "branches": [{"to": f"wait-{name}", "share": share}, {"to": leave, "share": 1 - share}],
            },
            f"wait-{name}": {
                "do": "route",
                "by": "condition",
                "branches": [{"to": f"lounge-{name}", "if": f"free('{LOUNGE}') > 0"}, {"to": f"last-hours-{name}"}],
            },
            f"last-hours-{name}": {"do": "delay", "duration": f"{hours:g} h", "next": leave},
            f"lounge-{name}": {"do": "seize", "pools": LOUNGE, "next": f"out-of-bed-{name}"},
            f"out-of-bed-{name}": {"do": "release", "pools": ward, "next": f"sit-{name}"},
            f"sit-{name}": {"do": "delay", "duration": f"{hours:g} h", "next": f"picked-up-{name}"},
            f"picked-up-{name}": {"do": "release", "pools": LOUNGE, "next": "home"},
        }
        for node, entry in nodes.items():
            draft.put(f"nodes.{node}", entry)


def _shorter(draft: Draft, duration: object, hours: float) -> object:
    """Give a duration with a mean that is shorter by so many hours, of the same law and the same relative spread."""
    if isinstance(duration, Mapping):
        return {name: _shorter(draft, one, hours) for name, one in duration.items()}
    place, unit_us = f"situations.{draft.situation}", unit_of(draft.document)
    law = read_distribution(duration, unit_us=unit_us, place=place)
    mean = law.mean / HOUR_US
    if mean <= hours:
        raise PathwayError(place, f"A stay of {mean:.1f} h cannot be {hours:g} h shorter.", "Use fewer hours.")
    return scaled(duration, (mean - hours) / mean, unit_us=unit_us, place=place)


def extra_theatre_day(draft: Draft, told: Numbers, choice: str) -> None:
    """Let the theatres be open one more day a week, with as many planned operations as on the others."""
    opening = cast("list[dict[str, object]]", draft.entry("calendars", "operating")["open"])
    draft.put("calendars.operating.open", [*opening, {**opening[0], "days": choice}])


def field_hospital(draft: Draft, told: Numbers, choice: str) -> None:
    """Let a second site take a share of those who need a bed on a ward, as long as it has one free."""
    beds, opens = int(told["beds"]), told["opens_after_h"]
    draft.add_pool(FIELD, {"capacity": beds if opens == 0 else 0})
    if opens > 0:
        draft.alter(FIELD, beds, opens, 0)
    draft.add_pool("ambulances", {"capacity": int(told["ambulances"])})
    stay = draft.entry("nodes", f"stay-{next(iter(draft.wards())).removeprefix(WARD)}")
    share = told["share"]
    drive = f"lognormal:mean={told['transfer_min']:g}min,sd={told['transfer_min'] / 3:g}min"
    for origin, held in (("ed", "ed"), ("direct", "")):
        before = draft.entry("nodes", f"{origin}-to-ward")
        leaving = f"{origin}-leaves-for-field" if held else f"{origin}-on-the-road"
        nodes: dict[str, dict[str, object]] = {
            f"{origin}-to-ward": {
                "do": "route",
                "branches": [
                    {"to": f"{origin}-try-field", "share": share},
                    {"to": f"{origin}-to-house", "share": 1 - share},
                ],
            },
            f"{origin}-to-house": before,
            f"{origin}-try-field": {
                "do": "route",
                "by": "condition",
                "branches": [
                    {"to": f"{origin}-to-field", "if": f"free('{FIELD}') > 0"},
                    {"to": f"{origin}-to-house"},
                ],
            },
            f"{origin}-to-field": {"do": "seize", "pools": FIELD, "next": f"{origin}-ambulance"},
            f"{origin}-ambulance": {"do": "seize", "pools": "ambulances", "next": leaving},
            f"{origin}-on-the-road": {"do": "delay", "duration": drive, "next": f"{origin}-arrives"},
            f"{origin}-arrives": {"do": "release", "pools": "ambulances", "next": "stay-in-field"},
        }
        if held:
            nodes[leaving] = {"do": "release", "pools": held, "next": f"{origin}-on-the-road"}
        for node, entry in nodes.items():
            draft.put(f"nodes.{node}", entry)
    draft.put("nodes.stay-in-field", {"do": "delay", "duration": stay["duration"], "next": "leave-field"})
    draft.put("nodes.leave-field", {"do": "release", "pools": FIELD, "next": "home"})
