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
    "EncounterPlanned": mark("Expected at {detail}"),
    "EncounterStarted": mark("Admitted to {detail}"),
    "EncounterUpdated": mark("Class or service changed"),
    "EncounterMoved": mark("Moved to {detail}"),
    "BedReserved": mark("Kept for a transfer: {detail}"),
    "EncounterDeparted": mark("Left {detail}"),
    "EncounterArrived": mark("Arrived at {detail}"),
    "EncounterLeaveStarted": mark("Went on leave"),
    "EncounterLeaveEnded": mark("Came back from leave"),
    "DischargePlanned": mark("Discharge is planned"),
    "EncounterFinished": mark("Discharged"),
    "EncounterFactCancelled": mark("Taken back: {detail}"),
    "EncountersSwapped": mark("Changed beds with {detail}"),
    "EncountersMerged": mark("Merged into {detail}"),
    "StageReached": mark("Reached: {detail}"),
}
CANCELLED: Mapping[str, str] = {
    "EncounterPlanned": mark("planned admission"),
    "EncounterStarted": mark("admission"),
    "EncounterMoved": mark("transfer"),
    "BedReserved": mark("pending transfer"),
    "EncounterDeparted": mark("departure"),
    "EncounterArrived": mark("arrival"),
    "EncounterLeaveStarted": mark("leave of absence"),
    "EncounterLeaveEnded": mark("return from leave"),
    "DischargePlanned": mark("planned discharge"),
    "EncounterFinished": mark("discharge"),
    "EncountersSwapped": mark("change of beds"),
    "EncountersMerged": mark("merge"),
}
"""What a cancel takes back, by the name of the event's class."""
_TABLES: Mapping[str, Mapping[str, str]] = {
    "DeviceReadinessChanged": codes.READINESS,
    "DeviceStatusChanged": codes.DEVICE_STATUSES,
    "CycleEnded": codes.VERDICTS,
    "EncounterFactCancelled": CANCELLED,
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
