"""Instruments within sets for pages."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from assets.model.instruments import Assembly, Instrument, SetType
from assets.service import instrument_faults, instruments


@dataclass(frozen=True, slots=True, kw_only=True)
class SetContents:
    """What lies in a set now, and how it was put together last; None if nobody recorded it."""

    instruments: tuple[Instrument, ...]
    assembly: Assembly | None


def set_contents(session: Session, *, name: str, now: int) -> SetContents:
    """Give what lies in a set."""
    return SetContents(
        instruments=tuple(instruments.contents_of(session, set_instance=name, at=now)),
        assembly=instruments.latest_assembly(session, set_instance=name),
    )


def trace(session: Session, *, mark: str) -> instruments.InstrumentTrace:
    """Give where an instrument was and in which cases."""
    return instruments.trace_instrument(session, mark=mark)


def faults(session: Session, *, mark: str = "") -> list[instrument_faults.Exposure]:
    """Give faults with the cases that they may have reached: of one instrument, or all that are not mended."""
    return instrument_faults.exposures(session, faults=instrument_faults.faults_of(session, mark=mark))


def set_types(session: Session) -> list[SetType]:
    """Give all bills of instruments by id."""
    return instruments.list_set_types(session)
