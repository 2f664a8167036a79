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
    "mean_s": mark("{name}: mean, seconds"),
    "p95_s": mark("{name}: 95 % within, seconds"),
    "arrived": mark("{name}: arrived"),
    "left": mark("{name}: left"),
}
HEADS: Mapping[str, str] = {
    "wait": mark("Wait for {name}"),
    "stay": mark("Stay of {name}"),
    "patients": mark("Patients"),
    "cost": mark("Cost"),
}


def measure_text(measure: str) -> str:
    """Give the text of a measure; what is not known is shown as it is.

    Parameters
    ----------
    measure : str
        Such as ``wait.triage.p95_s``.
    """
    parts = measure.split(".")
    name = parts[1].replace("-", " ").replace("_", " ") if len(parts) > 2 else ""
    head = HEADS.get(parts[0])
    subject = _(head).format(name=name) if head is not None else name or measure
    tail = TAILS.get(parts[-1])
    return _(tail).format(name=subject) if tail is not None and len(parts) > 1 else subject


def quantity_text(band: str) -> str:
    """Give the title of a band over time, such as ``pool.icu-bed.occupied``."""
    return measure_text(band)
