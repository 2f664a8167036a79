"""Words for roles, for the state of keys, and for what the audit notes."""

from __future__ import annotations

from collections.abc import Mapping

from dash_app.texts.catalogue import mark

ROLES: Mapping[str, str] = {
    "administrator": mark("Administrator of the hospital"),
    "logistics": mark("Logistics"),
    "biomed": mark("Biomedical engineering"),
    "planner": mark("Planner"),
    "nurse": mark("Nurse"),
    "auditor": mark("Auditor"),
    "sysadmin": mark("System administrator"),
    "service:gateway": mark("Gateway"),
    "service:his": mark("Hospital information system"),
}
KEY_STATES: Mapping[str, str] = {
    "active": mark("Valid"),
    "expired": mark("Expired"),
    "revoked": mark("Revoked"),
}
AUDIT_HEADS: Mapping[str, str] = {
    "session.": mark("Signing in and out"),
    "user.": mark("Users"),
    "key.": mark("Keys"),
    "setup.": mark("Set-up"),
    "load.": mark("Loads"),
    "plan.": mark("Plans"),
    "asset.": mark("Devices"),
    "path.": mark("Ways"),
    "backup.": mark("Backups"),
    "bed.": mark("Beds"),
    "alarm.": mark("Alarms"),
    "task.": mark("Tasks"),
    "queue.": mark("Queues"),
    "encounter.": mark("Visits"),
    "identity.": mark("Names revealed"),
    "import.": mark("Imports"),
    "gateway.": mark("Gateways"),
    "machine.": mark("Machines commanded"),
    "fhir.": mark("FHIR"),
    "epcis.": mark("EPCIS"),
}
"""Beginnings of the codes of actions, to choose from."""
AUDIT_ACTIONS: Mapping[str, str] = {
    "session.started": mark("Signed in"),
    "session.refused": mark("Sign-in refused"),
    "session.ended": mark("Signed out"),
    "user.added": mark("User added"),
    "user.changed": mark("User changed"),
    "key.made": mark("Key made"),
    "key.revoked": mark("Key revoked"),
    "setup.done": mark("Hospital set up"),
    "load.released": mark("Load released"),
    "load.rejected": mark("Load rejected"),
    "plan.published": mark("Plan published"),
    "asset.retired": mark("Device retired"),
    "backup.taken": mark("Backup taken"),
    "backup.proven": mark("Backup proven"),
    "backup.broken": mark("Backup found broken"),
    "path.closed": mark("Way closed"),
    "path.reopened": mark("Way reopened"),
    "bed.service_changed": mark("Bed in or out of service"),
    "bed.readiness_changed": mark("Bed called clean or dirty"),
    "alarm.acknowledged": mark("Alarm acknowledged"),
    "alarm.shelved": mark("Alarm shelved"),
    "alarm.unshelved": mark("Alarm unshelved"),
    "task.requested": mark("Task asked for"),
    "task.assigned": mark("Task assigned"),
    "task.started": mark("Task started"),
    "task.blocked": mark("Task blocked"),
    "task.completed": mark("Task done"),
    "task.cancelled": mark("Task cancelled"),
    "queue.called": mark("Patient called"),
    "queue.left": mark("Queue left"),
    "identity.revealed": mark("Name revealed"),
    "identity.erased": mark("Person erased"),
    "identity.matched": mark("Identity matched"),
    "identity.refused": mark("Identity refused"),
    "import.done": mark("File imported"),
    "machine.write_asked": mark("Write to a machine asked for"),
    "machine.write_ended": mark("Write to a machine ended"),
    "encounter.stage_reached": mark("Stage of a visit reached"),
}
