"""What an alarm means: one sentence each for what happened, what follows, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmText:
    """English sources of one class; ``{subject}`` and ``{place}`` stand for names, further fields for parameters.

    Parameters
    ----------
    message : str
        What happened.
    consequence : str
        What follows if nobody acts.
    action : str
        What to do.
    """

    message: str
    consequence: str
    action: str


ALARM_TEXTS: Mapping[str, AlarmText] = {
    "egress": AlarmText(
        message=mark("{subject} has left through {place}"),
        consequence=mark("A device is lost, or missing when a patient needs it."),
        action=mark("Stop it at the exit and bring it back, or give it a permit."),
    ),
    "gateway_offline": AlarmText(
        message=mark("Gateway {subject} does not answer"),
        consequence=mark("Positions behind it grow old; alarms that depend on it are missing."),
        action=mark("Check power and network of the gateway."),
    ),
    "tag_suspected": AlarmText(
        message=mark("Tag {subject} is probably there twice; it was read in {place}"),
        consequence=mark("Positions of what bears this tag are wrong, or somebody has copied it."),
        action=mark("Look for both tags and replace the copy; check which places the read points stand for."),
    ),
    "cycle_failed": AlarmText(
        message=mark("A cycle of {subject} did not pass"),
        consequence=mark("The load is not to be used; sets will be missing."),
        action=mark("Hold the load, reprocess it, and have the machine looked at."),
    ),
    "stockout_predicted": AlarmText(
        message=mark("{subject} will probably run out at {place}"),
        consequence=mark("A ward is without supplies."),
        action=mark("Bring more before the instant shown, or move stock from elsewhere."),
    ),
    "task_overdue": AlarmText(
        message=mark("The task for {subject} is overdue"),
        consequence=mark("Somebody waits for what was asked for."),
        action=mark("Give it to somebody else or tell who waits."),
    ),
    "queue_wait": AlarmText(
        message=mark("People wait too long at {place}"),
        consequence=mark("People leave without being served, or get worse while they wait."),
        action=mark("Open another counter or send people to another service point."),
    ),
    "disk_low": AlarmText(
        message=mark("The disk of the server is almost full"),
        consequence=mark("Nothing new can be stored; gateways keep what they read until there is room."),
        action=mark("Free disk space or shorten the retention of telemetry."),
    ),
    "backup_overdue": AlarmText(
        message=mark("The newest backup is too old"),
        consequence=mark("If the server's disk fails, what happened since is lost."),
        action=mark("Open Upkeep, read why the last backup failed, and take one."),
    ),
    "stock.exposure": AlarmText(
        message=mark("A recalled or expired lot of {subject} was used"),
        consequence=mark("A patient may have been harmed."),
        action=mark("Tell the ward and the person in charge of safety; read the trace."),
    ),
    "stock.recall": AlarmText(
        message=mark("Recalled stock of {subject} lies at {place}"),
        consequence=mark("Somebody may take a recalled lot."),
        action=mark("Fetch it and put it into quarantine."),
    ),
    "stock.temperature": AlarmText(
        message=mark("{subject} at {place} was too warm, too cold or not measured"),
        consequence=mark("Lots that cannot be trusted may be handed out."),
        action=mark("Look at the held lots and decide on them with the pharmacy."),
    ),
    "reprocessing.exposure": AlarmText(
        message=mark("A set that was not released was used: {subject}"),
        consequence=mark("A patient may have been harmed."),
        action=mark("Tell the ward and the person in charge of safety; read the trace."),
    ),
    "reprocessing.instrument_exposure": AlarmText(
        message=mark("{subject} was faulty and may have reached {count} cases: {cases}"),
        consequence=mark("A patient may have been harmed."),
        action=mark("Tell the wards and the person in charge of safety; read the trace of the instrument."),
    ),
    "reprocessing.instrument_faulty": AlarmText(
        message=mark("The instrument {subject} is faulty; no case was reached"),
        consequence=mark("The set in which it lies may not be issued."),
        action=mark("Replace it, put the set together anew, and note what was done with it."),
    ),
    "device.measurements_in_doubt": AlarmText(
        message=mark("{subject} was out of tolerance: {results} results of {devices} devices are in doubt"),
        consequence=mark("Devices may be in use that would have failed their test. Cases since: {cases}"),
        action=mark("Test these devices again with another instrument, the ones in use first."),
    ),
    "reprocessing.test_failed": AlarmText(
        message=mark("A test of {subject} failed"),
        consequence=mark("Its loads may not be released."),
        action=mark("Take the machine out of use and have it looked at."),
    ),
    "reprocessing.indicator_failed": AlarmText(
        message=mark("An indicator of a cycle of {subject} failed"),
        consequence=mark("Sets of that load may not be sterile."),
        action=mark("Fetch the sets of the load and read the trace."),
    ),
    "device_fault": AlarmText(
        message=mark("{subject} reports a fault"),
        consequence=mark("The device may not be used on a patient."),
        action=mark("Take it out of use and open a work order."),
    ),
    "device.incident": AlarmText(
        message=mark("An incident with {subject} was reported"),
        consequence=mark("The device must not be used, and a reporting clock may run."),
        action=mark("Keep the device as it is, look at the incident, and report it in time."),
    ),
    "geofence": AlarmText(
        message=mark("{subject} is outside of where it may be: {place}"),
        consequence=mark("Somebody in our care, or a thing that is needed, gets lost."),
        action=mark("Go there, or call who is nearest; bring them back or lift the fence."),
    ),
    "access": AlarmText(
        message=mark("{who} went into {subject} without being allowed"),
        consequence=mark("Somebody is where medicine, sterile goods or patients must be protected."),
        action=mark("Go there and ask; take the badge off the door's list, or change the rule of the zone."),
    ),
    "staff_duress": AlarmText(
        message=mark("{who} calls for help at {place}"),
        consequence=mark("A member of staff is threatened or hurt."),
        action=mark("Go there now, at least two of you; call security or the resuscitation team."),
    ),
    "door_forced": AlarmText(
        message=mark("The door to {subject} was forced open"),
        consequence=mark("Somebody may have come in unseen, and the door may not shut any more."),
        action=mark("Go there, see who is inside, and have the door looked at."),
    ),
    "environment": AlarmText(
        message=mark("{quantity} of {place} is outside of its limits: {value} ({low} to {high})"),
        consequence=mark("An isolation room leaks, or medicine and patients get too warm or too cold."),
        action=mark("Close doors and windows, check the ventilation or the fridge, and move what must not wait."),
    ),
    "tag_lost": AlarmText(
        message=mark("No reader sees {subject} any more"),
        consequence=mark("It cannot be found when it is needed."),
        action=mark("Look for it where it was seen last: {place}."),
    ),
    "ledger.unhandled": AlarmText(
        message=mark("An event could not be worked on"),
        consequence=mark("Something that should follow from it has not happened."),
        action=mark("Tell a system administrator."),
    ),
}
"""Texts by class; the class data (priority, delays, owner) stand in the server."""


def alarm_text(alarm_class: str) -> AlarmText:
    """Give the translated texts of a class, with fields still open; an unknown class shows its code.

    Parameters
    ----------
    alarm_class : str
        Key of the class.
    """
    found = ALARM_TEXTS.get(alarm_class)
    if found is None:
        return AlarmText(
            message="{subject}: " + alarm_class.replace("_", " ").replace(".", ", "),
            consequence=_("It has not been described what follows."),
            action=_("Ask who runs the system what to do, and have this alarm described."),
        )
    return AlarmText(message=_(found.message), consequence=_(found.consequence), action=_(found.action))


class _Open(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def filled(text: str, fields: Mapping[str, str]) -> str:
    """Fill the fields of a text; one that has no value shows an ellipsis instead of failing."""
    return text.format_map(_Open(fields))
