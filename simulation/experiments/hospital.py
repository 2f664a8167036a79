"""The pathway of a general hospital, made for the hospital at hand: emergency, theatres, intensive care, wards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulation.model.distributions import read_distribution

# Shares of a day's emergency arrivals by hour, a usual shape: low at night, high from late morning on.
ED_ARRIVALS_BY_HOUR = (
    0.021,
    0.017,
    0.014,
    0.013,
    0.013,
    0.014,
    0.020,
    0.032,
    0.046,
    0.058,
    0.063,
    0.063,
    0.060,
    0.058,
    0.057,
    0.057,
    0.057,
    0.057,
    0.055,
    0.052,
    0.047,
    0.041,
    0.034,
    0.028,
)


DAY_CASE_SHARE = 0.35  # of planned operations, after which one goes home the same day; a usual figure
USUAL_PER_BAY_AND_DAY = 6.0  # emergency patients a bay serves in a day
PORTERS = "porters"
PRIOR_WEIGHT = 10.0  # how many patients' worth of evidence that usual figure counts


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSheet:
    """What a hospital without a log tells about itself; each entry has a usual value and can be changed.

    Parameters
    ----------
    ed_arrivals_per_day : float
        Emergency patients a day; 0 to derive it from those who are there.
    ed_minor_share : float
        Of those, seen and sent home.
    ed_major_stay, ed_minor_stay : str
        Time in a bay of those who may be admitted, and of the others.
    ed_admitted_share, ed_to_icu_share : float
        Of the major ones: to a ward, and to intensive care.
    patience : str
        How long a minor patient waits for a bay before leaving.
    ward_stay, icu_stay : str
        Lengths of stay.
    ward_stays : Mapping[str, str]
        Of single wards, by name, where they are known.
    ed_by_hour : tuple[float, ...]
        Shares of a day's emergency arrivals by local hour, 24 of them; empty for the usual shape.
    operation, recovery : str
        Time in theatre, and in the recovery room.
    electives_per_weekday : int
        Planned operations on Monday to Friday; 0 to derive it from the theatres.
    cleaning : str
        Turnover of a bed or theatre.
    cleaners_per_bed : float
        Cleaning staff for each bed, if the staff list names none.
    zone : str
        IANA name of the hospital's zone.
    """

    ed_arrivals_per_day: float = 0.0
    ed_minor_share: float = 0.55
    ed_major_stay: str = "lognormal:mean=4h,sd=2.2h"
    ed_minor_stay: str = "lognormal:mean=1.5h,sd=0.8h"
    ed_admitted_share: float = 0.45
    ed_to_icu_share: float = 0.03
    patience: str = "exp:mean=5h"
    ward_stay: str = "lognormal:mean=4.4d,sd=4d"
    icu_stay: str = "lognormal:mean=3d,sd=3d"
    operation: str = "lognormal:mean=100min,sd=60min"
    recovery: str = "lognormal:mean=80min,sd=35min"
    electives_per_weekday: int = 0
    cleaning: str = "lognormal:mean=40min,sd=15min"
    cleaners_per_bed: float = 0.03
    zone: str = "UTC"
    ward_stays: Mapping[str, str] = field(default_factory=dict)
    ed_by_hour: tuple[float, ...] = ()

    def stay_of(self, ward: str) -> str:
        """Give the length of stay on a ward: its own where it is known."""
        return self.ward_stays.get(ward, self.ward_stay)

    def by_hour(self) -> tuple[float, ...]:
        """Give the shares of a day's emergency arrivals by hour."""
        return self.ed_by_hour if len(self.ed_by_hour) == len(ED_ARRIVALS_BY_HOUR) else ED_ARRIVALS_BY_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacities:
    """How many there are, in service.

    Parameters
    ----------
    ed, icu, theatres, recovery, cleaners : int
        Bays, beds, rooms, spaces, people.
    wards : Mapping[str, int]
        Beds by ward.
    ed_present, ward_present : int
        Patients now in the emergency department and on the wards, from which arrival rates are derived.
    hour : int
        Local hour at which they were counted.
    porters : int
        Who take patients from emergency and intensive care to a ward; 0 for patients who are there at once.
    places : Mapping[str, str]
        Place of each pool in the corridor graph, such as ``{"ed": "ED", "ward-3A": "3A"}``; moves are made between
        pools that have one.
    """

    ed: int
    icu: int
    theatres: int
    recovery: int
    cleaners: int
    wards: Mapping[str, int] = field(default_factory=dict)
    ed_present: int = 0
    ward_present: int = 0
    hour: int = 0
    porters: int = 0
    places: Mapping[str, str] = field(default_factory=dict)


def hospital_document(size: Capacities, sheet: ParameterSheet, planned: Mapping[str, list[float]]) -> dict[str, object]:
    """Give the pathway document of a hospital.

    Parameters
    ----------
    size : Capacities
        What there is.
    sheet : ParameterSheet
        How things go.
    planned : Mapping[str, list[float]]
        Hours from the start at which patients are expected by name of the way in: ``emergency``, ``elective``.

    Notes
    -----
    A patient keeps the bay, bed or room until the next one is granted (boarding), and every bed is cleaned before the
    next patient. Without a given number, arrivals are those that keep the present number of patients on average
    (Little's law).
    """
    wards = {name: beds for name, beds in size.wards.items() if beds > 0}
    cleaned = {"duration": sheet.cleaning, "cleaner": "cleaners"}
    pools: dict[str, object] = {
        "ed": {"capacity": max(size.ed, 1), "turnover": {"duration": "10 min"}},
        "cleaners": {"capacity": max(size.cleaners, 1)},
        "theatres": {"capacity": max(size.theatres, 1), "turnover": {"duration": "25 min"}},
        "recovery": {"capacity": max(size.recovery, 1)},
        "icu": {"capacity": max(size.icu, 1), "turnover": cleaned},
    }
    pools |= {f"ward-{name}": {"capacity": beds, "turnover": cleaned} for name, beds in wards.items()}
    if size.porters and size.places:
        pools[PORTERS] = {"capacity": size.porters}
    shares = _shares(wards)
    nodes = _emergency_nodes(sheet) | _theatre_nodes(sheet) | _intensive_nodes(sheet)
    for origin, held in (("ed", "ed"), ("icu", "icu"), ("home", ""), ("direct", "")):
        nodes[f"{origin}-to-ward"] = {
            "do": "route",
            "branches": [{"to": f"{origin}-to-{name}", "share": share} for name, share in shares.items()],
        }
        for name in wards:
            after = {"home": f"operate-from-{name}", "direct": f"stay-{name}"}.get(origin, f"{origin}-left-for-{name}")
            nodes[f"{origin}-to-{name}"] = {"do": "seize", "pools": f"ward-{name}", "next": after}
            if held:
                nodes[after] = {"do": "release", "pools": held, "next": f"stay-{name}"}
                _add_move(nodes, size, (held, f"ward-{name}"), f"{origin}-to-{name}")
    for name in wards:
        nodes |= _ward_nodes(name, sheet)
    nodes["home"] = {"do": "exit", "disposition": "home"}
    nodes["left"] = {"do": "exit", "disposition": "left without being seen"}
    return {
        "name": "hospital",
        "unit": "h",
        "zone": sheet.zone,
        "classes": {"major": {"priority": 0}, "minor": {"priority": 2}, "elective": {"priority": 1}},
        "pools": pools,
        "calendars": {"operating": {"open": [{"days": "mon-fri", "from": "07:30", "to": "16:30"}]}},
        "arrivals": _arrivals(size, sheet, planned),
        "nodes": nodes,
    }


def _add_move(nodes: dict[str, dict[str, object]], size: Capacities, ends: tuple[str, str], granted: str) -> None:
    """Put the way with a porter between the grant of a bed and leaving the old one, where both places are known."""
    start, end = (size.places.get(pool, "") for pool in ends)
    if size.porters and start and end:
        seize = nodes[granted]
        nodes[f"move-{granted}"] = {
            "do": "transport",
            "pools": PORTERS,
            "from": start,
            "to": end,
            "mover": "bed",
            "back": True,
            "next": seize["next"],
        }
        nodes[granted] = {**seize, "next": f"move-{granted}"}


def _shares(wards: Mapping[str, int]) -> dict[str, float]:
    total = sum(wards.values())
    names = list(wards)
    shares = {name: wards[name] / total for name in names[:-1]}
    # The last share is the rest, so that they sum to 1.
    shares[names[-1]] = 1.0 - sum(shares.values())
    return shares


def _emergency_nodes(sheet: ParameterSheet) -> dict[str, dict[str, object]]:
    home = 1.0 - sheet.ed_admitted_share - sheet.ed_to_icu_share
    return {
        "wait-for-bay": {
            "do": "seize",
            "pools": "ed",
            # Major patients wait however long it takes; a patience is needed for each class.
            "patience": {"minor": sheet.patience, "other": "1000 d"},
            "reneged": "left",
            "next": "ed-care",
        },
        "ed-care": {
            "do": "delay",
            "duration": {"minor": sheet.ed_minor_stay, "other": sheet.ed_major_stay},
            "next": "ed-decision",
        },
        "ed-decision": {
            "do": "route",
            "branches": [
                {"to": "ed-to-ward", "share": {"major": sheet.ed_admitted_share, "other": 0.0}},
                {"to": "ed-to-icu", "share": {"major": sheet.ed_to_icu_share, "other": 0.0}},
                {"to": "ed-leave", "share": {"major": home, "other": 1.0}},
            ],
        },
        "ed-to-icu": {"do": "seize", "pools": "icu", "next": "ed-left-for-icu"},
        "ed-left-for-icu": {"do": "release", "pools": "ed", "next": "icu-stay"},
        "ed-leave": {"do": "release", "pools": "ed", "next": "home"},
    }


def _intensive_nodes(sheet: ParameterSheet) -> dict[str, dict[str, object]]:
    return {"icu-stay": {"do": "delay", "duration": sheet.icu_stay, "next": "icu-to-ward"}}


def _theatre_nodes(sheet: ParameterSheet) -> dict[str, dict[str, object]]:
    stays, goes_home = (
        {"to": "home-to-ward", "share": 1 - DAY_CASE_SHARE},
        {"to": "operate-day-case", "share": DAY_CASE_SHARE},
    )
    return {
        "elective-in": {"do": "route", "branches": [stays, goes_home]},
        "operate-day-case": {"do": "seize", "pools": "theatres", "next": "operation-day-case"},
        "operation-day-case": {"do": "delay", "duration": sheet.operation, "next": "to-recovery-day-case"},
        "to-recovery-day-case": {"do": "seize", "pools": "recovery", "next": "leave-theatre-day-case"},
        "leave-theatre-day-case": {"do": "release", "pools": "theatres", "next": "recover-day-case"},
        "recover-day-case": {"do": "delay", "duration": sheet.recovery, "next": "leave-recovery-day-case"},
        "leave-recovery-day-case": {"do": "release", "pools": "recovery", "next": "home"},
    }


def _ward_nodes(name: str, sheet: ParameterSheet) -> dict[str, dict[str, object]]:
    return {
        f"operate-from-{name}": {"do": "seize", "pools": "theatres", "next": f"operation-{name}"},
        f"operation-{name}": {"do": "delay", "duration": sheet.operation, "next": f"to-recovery-{name}"},
        f"to-recovery-{name}": {"do": "seize", "pools": "recovery", "next": f"leave-theatre-{name}"},
        f"leave-theatre-{name}": {"do": "release", "pools": "theatres", "next": f"recover-{name}"},
        f"recover-{name}": {"do": "delay", "duration": sheet.recovery, "next": f"leave-recovery-{name}"},
        f"leave-recovery-{name}": {"do": "release", "pools": "recovery", "next": f"stay-{name}"},
        f"stay-{name}": {"do": "delay", "duration": sheet.stay_of(name), "next": f"leave-{name}"},
        f"leave-{name}": {"do": "release", "pools": f"ward-{name}", "next": "home"},
    }


def _days(distribution: str) -> float:
    return read_distribution(distribution, unit_us=3.6e9, place="stay").mean / 8.64e10


def _emergency_arrivals(size: Capacities, sheet: ParameterSheet) -> float:
    """Give the arrivals a day that explain those present, drawn towards what so many bays usually serve."""
    minor, major = 24 * _days(sheet.ed_minor_stay), 24 * _days(sheet.ed_major_stay)
    mean_h = sheet.ed_minor_share * minor + (1 - sheet.ed_minor_share) * major
    usual = USUAL_PER_BAY_AND_DAY * max(size.ed, 1)
    # Of one arrival a day, so many are present at this hour: those of each earlier hour who are still there.
    present = sum(sheet.by_hour()[(size.hour - back) % 24] * math.exp(-(back + 0.5) / mean_h) for back in range(48))
    return (size.ed_present + PRIOR_WEIGHT) / (present + PRIOR_WEIGHT / usual)


def _arrivals(size: Capacities, sheet: ParameterSheet, planned: Mapping[str, list[float]]) -> dict[str, object]:
    per_day = sheet.ed_arrivals_per_day or _emergency_arrivals(size, sheet)
    electives = sheet.electives_per_weekday or max(3 * size.theatres, 1)
    admitted = per_day * (1 - sheet.ed_minor_share) * (sheet.ed_admitted_share + sheet.ed_to_icu_share)
    beds = sum(size.wards.values())
    stay = sum(count * _days(sheet.stay_of(name)) for name, count in size.wards.items()) / beds if beds else 1.0
    needed = size.ward_present / stay
    # Patients whom emergencies and electives do not explain are admitted directly; never none, since a stream needs a
    # rate.
    direct = max(needed - admitted - electives * (1 - DAY_CASE_SHARE) * 5 / 7, 0.01)
    found: dict[str, object] = {
        "emergency": {
            "to": "wait-for-bay",
            "per_hour": [per_day * share for share in sheet.by_hour()],
            "piece": "1 h",
            "from_week_start": True,
            "classes": {"minor": sheet.ed_minor_share, "major": 1 - sheet.ed_minor_share},
        },
        "elective": {
            "to": "elective-in",
            "appointments": {
                "calendar": "operating",
                "per_opening": electives,
                "every": "15 min",
            },
            "no_show": 0.04,
            "lateness": "exp:mean=10min",
            "classes": "elective",
        },
        "direct": {
            "to": "direct-to-ward",
            "per_hour": [direct * share for share in sheet.by_hour()],
            "piece": "1 h",
            "from_week_start": True,
            "classes": "major",
        },
    }
    if planned.get("emergency"):
        found["announced"] = {"to": "wait-for-bay", "at": sorted(planned["emergency"]), "classes": "major"}
    return found
