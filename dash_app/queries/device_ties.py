"""What a device hangs on, what hangs on it, and whom its failure hits."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from assets.model.register import Relation
from assets.service import register
from assets.tables.register import find_asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """Relations of a device, and the devices that its failure hits with the chain from it to each."""

    relations: tuple[Relation, ...] = ()
    hits: tuple[tuple[str, tuple[str, ...]], ...] = ()


def ties_of(session: Session, asset: str) -> Ties:
    """Give the ties of a device; none for one that the register does not know.

    Parameters
    ----------
    session : Session
        Any session.
    asset : str
        Id of the device.
    """
    if find_asset(session, asset) is None:
        return Ties()
    return Ties(
        relations=tuple(register.relations_of(session, asset_id=asset)),
        hits=tuple(register.impact(session, asset_id=asset).items()),
    )
