"""What a person says of the house: this lift is closed, this bed is out of service, this one is clean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.events.patients import BedReadiness, BedReadinessChanged, BedService, BedServiceChanged
from twin.events.places import PathClosed, PathReopened
from twin.state import views
from twin.state.tables import Tables

MOST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who says something, when, and under which key of theirs.

    Parameters
    ----------
    actor : str
        Id of the person.
    at : int
        UTC microseconds.
    key : str
        Their own key of this act; a second time under it changes nothing.
    """

    actor: str
    at: int
    key: str

    @property
    def source(self) -> str:
        """Who says so, as events name it."""
        return f"user:{self.actor}"


def is_closed(state: Tables, path: str) -> bool:
    """Tell whether a way cannot be used now."""
    return isinstance(state.closures.get(path), PathClosed)


def close_path(state: Tables, path: str, *, reason: str, said: Said) -> PathClosed:
    """Close a door, lift, stairs or corridor: ways and forecasts go around it from now on.

    Parameters
    ----------
    state : Tables
        The present hospital.
    path : str
        Id of the path.
    reason : str
        Why, and for how long as far as one knows.
    said : Said
        Who says so.

    Raises
    ------
    NotFound
        If there is no such path.
    Refused
        If it is closed already.
    FieldError
        If no reason is given.
    """
    _require_path(state, path)
    if is_closed(state, path):
        raise Refused(f"{path} is closed already.", code="refused.closed")
    head = _head(path, said)
    return PathClosed(reason=_reason(reason), **head)


def reopen_path(state: Tables, path: str, *, said: Said) -> PathReopened:
    """Open a closed way again.

    Parameters
    ----------
    state, path, said
        As for :func:`close_path`.

    Raises
    ------
    NotFound
        If there is no such path.
    Refused
        If it is not closed.
    """
    _require_path(state, path)
    if not is_closed(state, path):
        raise Refused(f"{path} is not closed.", code="refused.open")
    return PathReopened(**_head(path, said))


def set_bed_service(state: Tables, bed: str, service: BedService, *, reason: str = "", said: Said) -> BedServiceChanged:
    """Put a bed into service, out of it, or into isolation; whoever lies in it stays in it.

    Parameters
    ----------
    state : Tables
        The present hospital.
    bed : str
        Id of the bed.
    service : BedService
        What it shall be.
    reason : str, optional
        Why; needed for all but opening it.
    said : Said
        Who says so.

    Raises
    ------
    NotFound
        If there is no such bed.
    Refused
        If it is that already.
    FieldError
        If a reason is missing.
    """
    _require_bed(state, bed)
    if views.bed_view(state, bed).service is service:
        raise Refused(f"{bed} is {service.value} already.", code="refused.bed_service")
    told = "" if service is BedService.OPEN and not reason.strip() else _reason(reason)
    return BedServiceChanged(service=service, reason=told, **_head(bed, said))


def set_bed_readiness(state: Tables, bed: str, readiness: BedReadiness, *, said: Said) -> BedReadinessChanged:
    """Say whether a bed is clean; a task that is open for it goes on until whoever has it ends it.

    Parameters
    ----------
    state, bed, said
        As for :func:`set_bed_service`.
    readiness : BedReadiness
        What it is.

    Raises
    ------
    NotFound
        If there is no such bed.
    Refused
        If it is that already.
    """
    _require_bed(state, bed)
    if views.bed_view(state, bed).readiness is readiness:
        raise Refused(f"{bed} is {readiness.value} already.", code="refused.bed_readiness")
    return BedReadinessChanged(readiness=readiness, **_head(bed, said))


def _head(thing: str, said: Said) -> dict[str, Any]:
    return {
        "thing": thing,
        "occurred_at": said.at,
        "source": said.source,
        "source_key": f"{thing}:{said.key}",
        "actor": said.actor,
    }


def _require_path(state: Tables, path: str) -> None:
    if path not in state.paths:
        raise NotFound("path", path)


def _require_bed(state: Tables, bed: str) -> None:
    if not views.is_bed(state, bed):
        raise NotFound("bed", bed)


def _reason(reason: str) -> str:
    told = reason.strip()
    if not 1 <= len(told) <= MOST_REASON or "\0" in told:
        message = f"Expected a reason of 1 to {MOST_REASON} characters."
        raise FieldError(
            FieldProblem(field="reason", place="/reason", message=message, cure="Say why, and for how long if known.")
        )
    return told
