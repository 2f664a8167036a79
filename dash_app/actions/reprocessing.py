"""Sign for loads: release them, reject them, name a deviation."""

from __future__ import annotations

from assets.service import loads
from assets.service.act import Act
from dash_app.actions.port import Commands
from twin.access import Permission


def _act(port: Commands, verb: str, load: str) -> Act:
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.LOADS_RELEASE)
    return Act(actor=actor, now=now, key=f"{actor.id}:{verb}:{load}:{now}", ledger=port.ledger)


def release(port: Commands, load: str, note: str) -> bool:
    """Sign that a load may be used.

    Parameters
    ----------
    port : Commands
        The hospital.
    load : str
        Id of the load.
    note : str
        Remark of the signer; may be empty.

    Returns
    -------
    bool
        False if another person must sign as well.
    """
    act = _act(port, "release", load)
    return port.writer.run(lambda session: loads.release_load(session, act=act, load_id=load, note=note)).is_released


def reject(port: Commands, load: str, reason: str) -> None:
    """Sign that a load must be reprocessed.

    Parameters
    ----------
    port : Commands
        The hospital.
    load : str
        Id of the load.
    reason : str
        Why.
    """
    act = _act(port, "reject", load)
    port.writer.run(lambda session: loads.reject_load(session, act=act, load_id=load, reason=reason))


def name_deviation(port: Commands, load: str, note: str) -> None:
    """Name why a load without a passed verdict may be used all the same; another person must then release it.

    Parameters
    ----------
    port : Commands
        The hospital.
    load : str
        Id of the load.
    note : str
        The reason, in words.
    """
    act = _act(port, "deviation", load)
    port.writer.run(lambda session: loads.name_deviation(session, act=act, load_id=load, note=note))
