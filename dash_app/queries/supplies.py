"""Supplies as other systems tell them: their figures beside ours, and entries that wait for a decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from dash_app.queries.port import HospitalPort
from interop.service.supplies import Figure, Proposal

SERVICE = "partner_supplies"


class ComparedView(Protocol):
    """A figure of another system beside our own; ``server.supplying.Compared`` meets it."""

    @property
    def figure(self) -> Figure:
        """What the other one says."""

    @property
    def ours(self) -> int:
        """What our ledger says, base units."""

    @property
    def difference(self) -> int:
        """Theirs less ours."""


@runtime_checkable
class ComparesSupplies(Protocol):
    """Compares figures; ``server.supplying.SupplyDesk`` meets it."""

    def compared(self) -> Sequence[ComparedView]:
        """Give figures beside ours, the largest differences first."""

    def proposals(self) -> Sequence[Proposal]:
        """Give entries that wait for a decision."""


def compared(port: HospitalPort) -> Sequence[ComparedView]:
    """Give the figures of other systems beside ours; none where nobody compares."""
    held = port.services.get(SERVICE)
    return held.compared() if isinstance(held, ComparesSupplies) else ()


def proposals(port: HospitalPort) -> Sequence[Proposal]:
    """Give the entries of item masters that wait for a decision."""
    held = port.services.get(SERVICE)
    return held.proposals() if isinstance(held, ComparesSupplies) else ()
