"""Correct the register entry of a device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from assets.service import register
from assets.service.act import Act
from dash_app.actions.device_records import device_named, instant_entered
from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

TEXTS = (
    "control_no",
    "name",
    "manufacturer",
    "model",
    "serial",
    "lot",
    "firmware",
    "owner",
    "cost_centre",
    "home",
    "pool",
    "parent",
)
DAYS = ("acquired_at", "commissioned_at", "warranty_until")
LAST_DAY = "warranty_until"
"""Of the days, the one that is entered as a last day: its end is kept."""

NEEDED = ("control_no", "name")
"""Of the texts, those that no entry lacks."""

_LONGEST = 200
_DEAREST = 10_000_000.0  # of the currency; above it a decimal point was lost


def keep_entry(port: Commands, *, asset: str, version: int, entered: Mapping[str, Any]) -> int:
    """Keep a register entry as entered; give its new version.

    Parameters
    ----------
    port : Commands
        The hospital.
    asset : str
        Id of the device.
    version : int
        Version that the form was filled from.
    entered : Mapping[str, Any]
        :data:`TEXTS`, :data:`DAYS` as local days, ``cost`` in whole currency with two digits, ``criticality`` 1 to 5,
        and ``may_leave``.

    Raises
    ------
    FieldError
        If a field is missing or cannot be; the field is named.
    StaleVersion
        If somebody changed the entry in the meantime.
    """
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.DEVICES_WRITE)
    act = Act(actor=actor, now=now, key=f"{actor.id}:entry:{asset}:{now}", ledger=port.ledger)
    zone = ZoneInfo(port.settings.time_zone)
    fields: dict[str, Any] = {name: _text(entered, name) for name in TEXTS}
    fields |= {name: instant_entered(entered.get(name), zone, is_end=name == LAST_DAY) for name in DAYS}
    fields |= {
        "cost": round(_figure(entered, "cost", 0.0, _DEAREST) * 100),
        "criticality": round(_figure(entered, "criticality", 1.0, 5.0)),
        "may_leave": bool(entered.get("may_leave")),
    }
    places = port.state().places

    def use_case(session: Session) -> int:
        held = register.entry_of(session, asset)
        # A home that was there before stays, also where the plan of the house does not hold it yet.
        if fields["home"] not in ("", held.home) and fields["home"] not in places:
            raise _wrong("home", f"There is no place {fields['home']!r}.", "Enter the id of a place.")
        if fields["parent"]:
            fields["parent"] = device_named(session, fields["parent"], "parent")
        return register.edit_asset(session, act=act, asset=replace(held, **fields), version=version).version

    return port.writer.run(use_case)


def _text(entered: Mapping[str, Any], field: str) -> str:
    text = str(entered.get(field) or "").strip()
    if len(text) > _LONGEST or "\x00" in text:
        raise _wrong(field, f"Expected at most {_LONGEST} characters.", "Shorten it.")
    if not text and field in NEEDED:
        raise _wrong(field, "Expected a value.", "Fill it in.")
    return text


def _figure(entered: Mapping[str, Any], field: str, low: float, high: float) -> float:
    value = entered.get(field)
    if value in (None, ""):
        return low
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not low <= float(value) <= high:
        raise _wrong(field, f"Expected a number from {low:g} to {high:g}, got {value!r}.", "Correct it.")
    return float(value)


def _wrong(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="form", message=message, cure=cure))
