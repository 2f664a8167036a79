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
    "asset.egress": AlarmText(
        message=mark("{subject} is leaving the hospital at {place} without a permit"),
        consequence=mark("The device may be lost."),
        action=mark("Go to the exit and bring it back, or give it a permit."),
    ),
    "asset.fault": AlarmText(
        message=mark("{subject} reports a fault"),
        consequence=mark("The device may not be used on a patient."),
        action=mark("Take it out of use and open a work order."),
    ),
    "asset.lost": AlarmText(
        message=mark("No reader sees {subject} any more"),
        consequence=mark("It cannot be found when it is needed."),
        action=mark("Look for it where it was seen last: {place}."),
    ),
    "cycle.failed": AlarmText(
        message=mark("A cycle of {subject} failed"),
        consequence=mark("The load is not released and must be reprocessed."),
        action=mark("Open the cycle, read the reasons, reprocess the load."),
    ),
    "cold_chain.high": AlarmText(
        message=mark("{subject} is too warm"),
        consequence=mark("Medicines in it may have to be discarded."),
        action=mark("Close the door, move the content to another refrigerator."),
    ),
    "cold_chain.low": AlarmText(
        message=mark("{subject} is too cold"),
        consequence=mark("Frozen vaccines and medicines must be discarded."),
        action=mark("Move the content to another refrigerator and hold it."),
    ),
    "stock.out": AlarmText(
        message=mark("{subject} is used up at {place}"),
        consequence=mark("Care may have to wait for it."),
        action=mark("Bring it from the nearest place that has it."),
    ),
    "stock.exposure": AlarmText(
        message=mark("A recalled or expired lot of {subject} was used"),
        consequence=mark("A patient may have been harmed."),
        action=mark("Tell the ward and the person in charge of safety; read the trace."),
    ),
    "gateway.offline": AlarmText(
        message=mark("{subject} does not answer"),
        consequence=mark("Positions and values behind it grow old."),
        action=mark("Check its power and network."),
    ),
    "bed.turnover": AlarmText(
        message=mark("{subject} has waited too long to be cleaned"),
        consequence=mark("The next patient waits."),
        action=mark("Send a cleaner."),
    ),
    "task.overdue": AlarmText(
        message=mark("A task for {place} is overdue"),
        consequence=mark("Who waits for it cannot go on."),
        action=mark("Give it to somebody who is free."),
    ),
    "ledger.unhandled": AlarmText(
        message=mark("An event could not be worked on"),
        consequence=mark("Something that should follow from it has not happened."),
        action=mark("Tell a system administrator."),
    ),
}
"""Texts by class; the class data (priority, delays, owner) stand in the server."""

_ALIASES: Mapping[str, str] = {
    "egress": "asset.egress",
    "assets.egress": "asset.egress",
    "stock.exposed": "stock.exposure",
    "gateway_offline": "gateway.offline",
}


def alarm_text(alarm_class: str) -> AlarmText:
    """Give the translated texts of a class, with fields still open; an unknown class shows its code.

    Parameters
    ----------
    alarm_class : str
        Key of the class.
    """
    found = ALARM_TEXTS.get(_ALIASES.get(alarm_class, alarm_class))
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
