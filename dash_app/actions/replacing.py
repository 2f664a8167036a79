"""Count anew what speaks for the replacement of each device."""

from __future__ import annotations

from assets.service.replacement_counts import count_anew
from dash_app.actions.port import ReadingCommands
from twin.access import Permission


def recount(port: ReadingCommands) -> int:
    """Count now instead of at night; only figures change, so whoever may read them may ask for it.

    Parameters
    ----------
    port : ReadingCommands
        The hospital.

    Returns
    -------
    int
        How many devices were counted.
    """
    port.actor().require(Permission.DEVICES_READ)
    return count_anew(port.read, port.writer.run, now=port.clock.now())
