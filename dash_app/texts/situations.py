"""Texts for the situations that a what-if can ask about by name, and for what each asks for."""

from __future__ import annotations

from collections.abc import Mapping

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark

SITUATIONS: Mapping[str, str] = {
    "epidemic_surge": mark("Epidemic surge"),
    "mass_casualty": mark("Mass casualties"),
    "ward_closure": mark("Ward closed"),
    "lift_outage": mark("Lifts out of order"),
    "sterilizer_down": mark("Sterilizer out of order"),
    "staff_sickness": mark("Staff ill"),
    "discharge_lounge": mark("Discharge lounge opened"),
    "extra_theatre_day": mark("One more theatre day a week"),
    "field_hospital": mark("Field hospital as a second site"),
}
PARAMETERS: Mapping[str, str] = {
    "peak_per_day": mark("Patients a day at the peak"),
    "days_to_peak": mark("Days until the peak"),
    "spread_days": mark("Spread of the wave, days"),
    "icu_share": mark("Share who need intensive care"),
    "ventilated_share": mark("Of those, share on a ventilator"),
    "icu_days": mark("Days in intensive care"),
    "ward_days": mark("Days on a ward"),
    "ventilators": mark("Ventilators"),
    "sets_per_day": mark("Protective sets a patient and day"),
    "sets_in_stock": mark("Protective sets in stock"),
    "sets_per_delivery": mark("Sets in a delivery (0: none)"),
    "delivery_days": mark("Days until a delivery comes"),
    "casualties": mark("Casualties"),
    "after_h": mark("Begins after, hours"),
    "hours": mark("Lasts, hours (0: to the end)"),
    "spread_min": mark("Mean delay of arrival, minutes"),
    "major_share": mark("Share who are seriously hurt"),
    "extra_bays": mark("Extra bays"),
    "extra_cleaners": mark("Extra cleaners"),
    "extra_after_min": mark("Extra ones come after, minutes"),
    "extra_hours": mark("Extra ones stay, hours"),
    "beds": mark("Beds"),
    "lifts": mark("Lifts"),
    "out": mark("Lifts out of order"),
    "trip_min": mark("A trip takes, minutes"),
    "sterilizers": mark("Sterilizers"),
    "down": mark("Sterilizers out of order"),
    "sets": mark("Instrument sets (0: three a theatre)"),
    "reprocess_h": mark("Making a set ready takes, hours"),
    "share": mark("Share"),
    "beds_share": mark("Share of the beds that are closed for it"),
    "places": mark("Places in it"),
    "opens_after_h": mark("Opens after, hours"),
    "transfer_min": mark("Drive, minutes"),
    "ambulances": mark("Ambulances"),
    "ward": mark("Ward"),
    "day": mark("Day"),
}
DAYS: Mapping[str, str] = {"sat": mark("Saturday"), "sun": mark("Sunday")}


def situation_text(name: str) -> str:
    """Give the text of a situation; what is not known is shown as it is."""
    return _(SITUATIONS[name]) if name in SITUATIONS else name


def parameter_text(situation: str, key: str) -> str:
    """Give what a situation asks for; the lounge's hours are those that a patient spends in it."""
    if (situation, key) == ("discharge_lounge", "hours"):
        return _("Hours spent in the lounge")
    if (situation, key) == ("ward_closure", "beds"):
        return _("Beds closed (0: all)")
    return _(PARAMETERS[key]) if key in PARAMETERS else key


def told_text(situation: str, values: Mapping[str, object], names: Mapping[str, str]) -> str:
    """Give a situation with its values as one line.

    Parameters
    ----------
    situation : str
        Of the library.
    values : Mapping[str, object]
        By key.
    names : Mapping[str, str]
        Names of the wards by pool.
    """
    parts = [
        f"{parameter_text(situation, key)}: "
        + (f"{value:g}" if isinstance(value, int | float) else choice_text(str(value), names))
        for key, value in values.items()
    ]
    return f"{situation_text(situation)} ({'; '.join(parts)})" if parts else situation_text(situation)


def choice_text(value: str, names: Mapping[str, str]) -> str:
    """Give the text of a chosen ward or day."""
    return _(DAYS[value]) if value in DAYS else names.get(value, value)
