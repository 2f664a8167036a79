"""Sentences for what happened to a thing, by the kind of event."""

from __future__ import annotations

from collections.abc import Mapping

from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark

HAPPENINGS: Mapping[str, str] = {
    "AssetRegistered": mark("Registered: {detail}"),
    "AssetRetired": mark("Retired: {detail}"),
    "TagBound": mark("Tag fixed"),
    "TagUnbound": mark("Tag taken off"),
    "ZoneChanged": mark("Moved to {detail}"),
    "ZoneConfirmed": mark("Still in {detail}"),
    "PortalCrossed": mark("Passed a doorway to {detail}"),
    "TagLost": mark("Tag lost in {detail}"),
    "ZoneStayEnded": mark("Stayed in {detail}"),
    "TagSuspected": mark("Probably there twice; read in {detail}"),
    "AssetMoved": mark("Moved to {detail}"),
    "EgressSeen": mark("At the exit without a permit: {detail}"),
    "CustodyChanged": mark("In the custody of {detail}"),
    "DeviceReadinessChanged": mark("Cleanliness: {detail}"),
    "DeviceStatusChanged": mark("Operating status: {detail}"),
    "AvailabilityChanged": mark("Whether it may be used changed"),
    "CycleStarted": mark("Cycle {detail} began"),
    "CycleEnded": mark("Cycle ended: {detail}"),
    "LoadReleased": mark("Load released"),
}
_TABLES: Mapping[str, Mapping[str, str]] = {
    "DeviceReadinessChanged": codes.READINESS,
    "DeviceStatusChanged": codes.DEVICE_STATUSES,
    "CycleEnded": codes.VERDICTS,
}


def happening_text(kind: str, detail: str) -> str:
    """Give the sentence for an event.

    Parameters
    ----------
    kind : str
        Name of the event's class.
    detail : str
        A name, or a code of the event.
    """
    table = _TABLES.get(kind)
    shown = codes.code_text(table, detail) if table is not None else detail
    found = HAPPENINGS.get(kind)
    return _(found).format(detail=shown or "–") if found is not None else f"{kind} {shown}".strip()
