"""Codes of required bindings: those that a resource must take from, for a misspelt one would say nothing to anybody.

``fhir.resources`` checks shapes and types, not codes: an Encounter that is ``in_progress`` would be kept, answered with
201, and mean nothing to the twin.

References
----------
HL7 FHIR R4 (4.0.1), section 4.1.5 (binding strength ``required``) and the value sets bound to each element; R5 (5.0.0)
for InventoryItem and InventoryReport.
"""

from __future__ import annotations

from interop.fhir.resources import Resource
from interop.fhir.searching import values_at

_PRIORITIES = "routine urgent asap stat"
_REQUESTED = "draft active suspended cancelled completed entered-in-error unknown"
_PRESENT = "active inactive entered-in-error unknown"

REQUIRED_CODES: dict[str, dict[str, frozenset[str]]] = {
    kind: {path: frozenset(codes.split()) for path, codes in paths.items()}
    for kind, paths in {
        "Appointment": {
            "status": "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist",
            "participant.required": "required optional information-only",
            "participant.status": "accepted declined tentative needs-action",
        },
        "AuditEvent": {"action": "C R U D E", "outcome": "0 4 8 12", "agent.network.type": "1 2 3 4 5"},
        "Device": {
            "status": _PRESENT,
            "udiCarrier.entryType": "barcode rfid manual card self-reported unknown",
            "deviceName.type": "udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name"
            " other",
        },
        "DeviceMetric": {
            "operationalStatus": "on off standby entered-in-error",
            "category": "measurement setting calculation unspecified",
            "color": "black red green yellow blue magenta cyan white",
            "calibration.type": "unspecified offset gain two-point",
            "calibration.state": "not-calibrated calibration-required calibrated unspecified",
        },
        "Encounter": {
            "status": "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
            "statusHistory.status": "planned arrived triaged in-progress onleave finished cancelled entered-in-error"
            " unknown",
            "location.status": "planned active reserved completed",
        },
        "InventoryItem": {"status": _PRESENT},
        "InventoryReport": {
            "status": "draft requested active entered-in-error",
            "countType": "snapshot difference",
        },
        "Location": {"status": "active suspended inactive", "mode": "instance kind"},
        "Observation": {
            "status": "registered preliminary final amended corrected cancelled entered-in-error unknown",
        },
        "Provenance": {"entity.role": "derivation revision quotation source removal"},
        "Slot": {"status": "busy free busy-unavailable busy-tentative entered-in-error"},
        "Subscription": {
            "status": "requested active error off",
            "channel.type": "rest-hook websocket email sms message",
        },
        "SupplyDelivery": {"status": "in-progress completed abandoned entered-in-error"},
        "SupplyRequest": {"status": _REQUESTED, "priority": _PRIORITIES},
        "Task": {
            "status": "draft requested received accepted rejected ready cancelled in-progress on-hold failed completed"
            " entered-in-error",
            "intent": "unknown proposal plan order original-order reflex-order filler-order instance-order option",
            "priority": _PRIORITIES,
        },
    }.items()
}
"""Codes by path, by resource type; ``.`` goes through lists. Types that are not here have no such element of ours."""


def wrong_code(resource: Resource, kind: str) -> tuple[str, str, frozenset[str]] | None:
    """Give the first code that is not of its required value set; None if there is none.

    Parameters
    ----------
    resource : Resource
        Of the right shape.
    kind : str
        Its type.

    Returns
    -------
    tuple[str, str, frozenset[str]] or None
        Path, code, and the codes that may stand there. An element without a value, of which only an extension says
        why, is not looked at.
    """
    for path, codes in REQUIRED_CODES.get(kind, {}).items():
        for told in values_at(resource, path):
            if isinstance(told, str) and told not in codes:
                return path, told, codes
    return None
