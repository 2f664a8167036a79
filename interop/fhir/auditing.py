"""A row of our own audit as AuditEvent of FHIR R4.

References
----------
HL7 FHIR R4 (4.0.1): AuditEvent; DICOM PS3.15 A.5 for its codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interop.fhir.resources import Json, Resource, instant

PREFIX = "audit-"
_SYSTEM = "urn:hospital-twin:audit"
_DIGITS = 12  # ids of one length, so that their order is the order of the audit
_ENDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("revealed", "read", "exported", "downloaded"), "R"),
    (("deleted", "erased", "removed", "ended", "revoked", "lifted"), "D"),
    (("added", "created", "registered", "set", "subscribed"), "C"),
    (("written", "changed", "matched", "renamed", "edited"), "U"),
)
_REFUSED = ("refused", "failed", "denied", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A row of the audit as it is told to others.

    Parameters
    ----------
    sequence : int
        Its number.
    at : int
        UTC microseconds.
    actor, action, subject : str
        Who did what to what.
    facts : Mapping[str, object]
        The rest.
    """

    sequence: int
    at: int
    actor: str
    action: str
    subject: str
    facts: Mapping[str, object]


def id_of(sequence: int) -> str:
    """Give the id of the resource of a row."""
    return f"{PREFIX}{sequence:0{_DIGITS}d}"


def sequence_of(key: str) -> int:
    """Give the number of the row that an id names; 0 if it names none."""
    digits = key.removeprefix(PREFIX)
    is_ours = key.startswith(PREFIX) and len(digits) == _DIGITS and digits.isascii() and digits.isdigit()
    return int(digits) if is_ours else 0


def _action(action: str) -> str:
    end = action.rpartition(".")[2]
    return next((code for ends, code in _ENDS if any(word in end for word in ends)), "E")


def audit_event(noted: Noted, *, subject_type: str = "") -> Resource:
    """Give a row as AuditEvent.

    Parameters
    ----------
    noted : Noted
        The row.
    subject_type : str, optional
        Resource type of what it is about, if it is one that we serve.
    """
    failed = any(word in noted.action for word in _REFUSED)
    made: Resource = {
        "resourceType": "AuditEvent",
        "id": id_of(noted.sequence),
        "type": {"system": _SYSTEM, "code": noted.action},
        "action": _action(noted.action),
        "recorded": instant(noted.at),
        "outcome": "8" if failed else "0",  # serious failure, success
        "agent": [{"who": {"identifier": {"value": noted.actor or "unknown"}}, "requestor": True}],
        "source": {"observer": {"display": "Hospital Twin"}},
    }
    reason = noted.facts.get("reason")
    if reason:
        made["purposeOfEvent"] = [{"text": str(reason)}]
    details: list[Json] = [
        {"type": name, "valueString": str(value)} for name, value in sorted(noted.facts.items()) if str(value)
    ]
    if noted.subject or details:
        what: Resource = {"identifier": {"value": noted.subject or noted.action}}
        if subject_type:
            what["reference"] = noted.subject if "/" in noted.subject else f"{subject_type}/{noted.subject}"
        entity: Resource = {"what": what}
        if details:
            entity["detail"] = details
        made["entity"] = [entity]
    return made
