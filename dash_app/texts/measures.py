"""Texts for the measures of a simulation: ``pool.icu-bed.utilisation_share`` becomes words with a unit."""

from __future__ import annotations

from collections.abc import Mapping

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark

TAILS: Mapping[str, str] = {
    "occupied": mark("{name}: in use"),
    "utilisation_share": mark("{name}: share in use"),
    "overtime_h": mark("{name}: overtime, hours"),
    "waiting": mark("{name}: waiting"),
    "turnover": mark("{name}: being made ready"),
    "full_after_h": mark("{name}: hours until none is left"),
    "full_share": mark("{name}: share of the time with none left"),
    "mean_s": mark("{name}: mean, minutes"),
    "leavers_mean_s": mark("{name}: mean of all who left, also of those there at the start, minutes"),
    "unfinished": mark("{name}: not over at the end, patients"),
    "p50_s": mark("{name}: half within, minutes"),
    "p90_s": mark("{name}: 90 % within, minutes"),
    "p95_s": mark("{name}: 95 % within, minutes"),
    "arrived": mark("{name}: arrived"),
    "left": mark("{name}: left"),
    "share": mark("{name}: share"),
}
HEADS: Mapping[str, str] = {
    "wait": mark("Wait for {name}"),
    "stay": mark("Stay of {name}"),
    "patients": mark("Patients"),
    "exits": mark("Discharged to {name}"),
    "left": mark("Left before {name}"),
    "cost": mark("Cost"),
}


POOLS: Mapping[str, str] = {
    "ed": mark("Emergency department"),
    "icu": mark("Intensive care"),
    "theatres": mark("Theatres"),
    "recovery": mark("Recovery room"),
    "cleaners": mark("Cleaners"),
    "porters": mark("Porters"),
    "ventilators": mark("Ventilators"),
    "protective-sets": mark("Protective sets"),
    "lifts": mark("Lifts"),
    "instrument-sets": mark("Instrument sets"),
    "sterilizers": mark("Sterilizers"),
    "lounge": mark("Discharge lounge"),
    "field-beds": mark("Field hospital"),
    "ambulances": mark("Ambulances"),
}
PEOPLE: Mapping[str, str] = {
    "emergency": mark("Emergency"),
    "elective": mark("Planned operations"),
    "direct": mark("Direct admissions to wards"),
    "announced": mark("Announced ambulances"),
    "major": mark("the seriously ill"),
    "minor": mark("the slightly ill"),
}
LEVERS: Mapping[str, str] = {
    "capacity": mark("{name}: places"),
    "rate": mark("{name}: arrivals per hour"),
    "count": mark("{name}: number a day"),
}
CAPACITIES: Mapping[str, str] = {
    "ed": mark("Bays in emergency"),
    "icu": mark("Beds in intensive care"),
    "theatres": mark("Theatres"),
    "recovery": mark("Places in the recovery room"),
    "cleaners": mark("Cleaners on duty"),
    "porters": mark("Porters on duty"),
}
WAITS: Mapping[str, str] = {
    "wait-for-bay": mark("a bay in emergency"),
    "ed-to-icu": mark("an intensive care bed, from emergency"),
    "operate-day-case": mark("a theatre, day case"),
    "to-recovery-day-case": mark("the recovery room, day case"),
}
WARD_WAITS: Mapping[str, str] = {
    "ed-to-": mark("a bed on {name}, from emergency"),
    "icu-to-": mark("a bed on {name}, from intensive care"),
    "move-ed-to-": mark("a porter to {name}, from emergency"),
    "move-icu-to-": mark("a porter to {name}, from intensive care"),
    "home-to-": mark("a bed on {name}, from home"),
    "direct-to-": mark("a bed on {name}, direct admission"),
    "operate-from-": mark("a theatre, from {name}"),
    "to-recovery-": mark("the recovery room, from {name}"),
}
MINUTES_S = 60.0


def lever_text(kind: str, subject: str, name: str) -> str:
    """Give the text of something that a what-if can change.

    Parameters
    ----------
    kind : str
        ``capacity``, ``rate`` or ``count``.
    subject : str
        Pool or way in.
    name : str
        Name of the ward, where it is one; otherwise empty.
    """
    if kind == "capacity" and subject in CAPACITIES:
        return _(CAPACITIES[subject])
    if kind == "capacity" and name:
        return _("Beds on {name}").format(name=name)
    known = name or (_(PEOPLE[subject]) if subject in PEOPLE else subject)
    return _(LEVERS[kind]).format(name=known)


def _subject(head: str, key: str, names: Mapping[str, str]) -> str:
    for texts in (POOLS, WAITS, PEOPLE):
        if key in texts:
            return _(texts[key])
    if key in names:
        return names[key]
    for start, text in WARD_WAITS.items():
        ward = f"ward-{key.removeprefix(start)}"
        if head in {"wait", "left"} and key.startswith(start) and ward in names:
            return _(text).format(name=names[ward])
    return key.replace("-", " ").replace("_", " ")


def pool_text(pool: str, names: Mapping[str, str]) -> str:
    """Give the name of a pool: of a ward as the hospital calls it.

    Parameters
    ----------
    pool : str
        Such as ``icu`` or ``ward-W1``.
    names : Mapping[str, str]
        Names of the wards by pool.
    """
    return _subject("pool", pool, names)


def scale_of(measure: str) -> float:
    """Give by what a value of a measure is divided to be in the unit of its text: seconds are told in minutes.

    Parameters
    ----------
    measure : str
        Such as ``wait.triage.p95_s``.
    """
    return MINUTES_S if measure.endswith("_s") else 1.0


def measure_text(measure: str, names: Mapping[str, str] | None = None) -> str:
    """Give the text of a measure; what is not known is shown as it is.

    Parameters
    ----------
    measure : str
        Such as ``wait.triage.p95_s``.
    names : Mapping[str, str] or None, optional
        Names of the wards by pool, such as ``ward-W1``.
    """
    head, *middle, tail = measure.split(".") if "." in measure else (measure, "")
    if head == "cost" and tail:
        return _("Cost of {name}").format(name=_subject(head, tail, names or {}))
    if head == "exits" or (head == "left" and tail != "share"):
        middle, tail = [tail], ""
    subject = ", ".join(_subject(head, key, names or {}) for key in middle)
    if head in HEADS:
        subject = _(HEADS[head]).format(name=subject)
    subject = subject or measure
    return _(TAILS[tail]).format(name=subject) if tail in TAILS else subject


def quantity_text(band: str, names: Mapping[str, str] | None = None) -> str:
    """Give the title of a band over time, such as ``pool.icu-bed.occupied``.

    Parameters
    ----------
    band : str
        Name of the band.
    names : Mapping[str, str] or None, optional
        Names of the wards by pool.
    """
    return measure_text(band, names)
