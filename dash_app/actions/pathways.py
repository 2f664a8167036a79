"""Pathways that are kept: by name, in versions, with the report on how well they match what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twin.access import Actor, Permission
from twin.errors import Unavailable

SERVICE = "pathways"
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayLine:
    """One version of a kept pathway, without its document.

    Parameters
    ----------
    name : str
        What the planner calls it.
    version : int
        From 1.
    actor : str
        Who kept it.
    kept_at : int
        UTC microseconds.
    note : str
        What is told of it.
    has_report : bool
        Whether it comes with a report on how well it matches a log.
    """

    name: str
    version: int
    actor: str
    kept_at: int
    note: str
    has_report: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPathway:
    """A version with its document, and its report if it has one."""

    line: PathwayLine
    document: Mapping[str, Any]
    report: Mapping[str, Any] | None


class KeepsPathways(Protocol):
    """Keeps pathways on the server."""

    def keep(
        self,
        name: str,
        document: Mapping[str, Any],
        *,
        actor: Actor,
        note: str = "",
        report: Mapping[str, Any] | None = None,
    ) -> PathwayLine:
        """Keep a document as the next version of a name; one that cannot be run is refused with every fault."""

    def listed(self) -> Sequence[PathwayLine]:
        """Give the newest version of every name that was not withdrawn, the newest first."""

    def versions(self, name: str) -> Sequence[PathwayLine]:
        """Give all versions of a name, the newest first."""

    def open(self, name: str, version: int = 0) -> KeptPathway:
        """Give a version, the newest by default; raises NotFound."""

    def withdraw(self, name: str, *, actor: Actor) -> None:
        """Take a name out of the list; its versions stay, and keeping the name again goes on with them."""


class HasPathways(Protocol):
    """What keeping needs of the hospital."""

    @property
    def services(self) -> Mapping[str, object]:
        """Offered services, the desk among them."""

    def actor(self) -> Actor:
        """Give who sent the request being answered."""


def desk_of(services: Mapping[str, object]) -> KeepsPathways:
    """Give the desk that keeps pathways.

    Parameters
    ----------
    services : Mapping[str, object]
        Offered services.

    Raises
    ------
    Unavailable
        If this installation offers none.
    """
    found: Any = services.get(SERVICE)
    if found is None:
        raise Unavailable("No desk keeps pathways here: use `hospital-twin serve`.")
    desk: KeepsPathways = found
    return desk


def keep(
    port: HasPathways, name: str, document: Mapping[str, Any], note: str, report: Mapping[str, Any] | None
) -> PathwayLine:
    """Keep a pathway for the reader; see :meth:`KeepsPathways.keep`."""
    actor = port.actor()
    actor.require(Permission.SIMULATION_RUN)
    return desk_of(port.services).keep(name, document, actor=actor, note=note, report=report)


def withdraw(port: HasPathways, name: str) -> None:
    """Take a pathway out of the list for the reader."""
    actor = port.actor()
    actor.require(Permission.SIMULATION_RUN)
    desk_of(port.services).withdraw(name, actor=actor)


def kept_question(desk: KeepsPathways, name: str, version: int) -> dict[str, Any]:
    """Give the part of a what-if question that a kept pathway is: the document, and its report beside it.

    Parameters
    ----------
    desk : KeepsPathways
        Where it is kept.
    name : str
        Of the pathway.
    version : int
        Which; 0 for the newest.

    Raises
    ------
    NotFound
        If there is none.
    """
    found = desk.open(name, version)
    return {"pathway": found.document, **({} if found.report is None else {"match": found.report})}
