"""The desk of other systems' supplies: their stock figures beside ours, entries of item masters taken or declined."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlmodel import Session

from interop.service.supplies import Decision, Figure, Proposal, decide, figures, proposals
from inventory.model.items import Item
from inventory.tables.catalogue import load_item, save_item
from server.audit.chain import Entry, note
from server.wiring import Hospital
from twin.errors import NotFound
from twin.ids import ItemId

SERVICE = "partner_supplies"
_ADDS = frozenset({"MAD", "MUP", "MAC"})
_MOST_KEY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A figure of another system beside our own.

    Parameters
    ----------
    figure : Figure
        What the other one says.
    ours : int
        Base units that our ledger says, of the lot if one is told.
    """

    figure: Figure
    ours: int

    @property
    def difference(self) -> int:
        """Theirs less ours."""
        return self.figure.quantity - self.ours


class SupplyDesk:
    """Compares figures and decides on entries for one hospital.

    Parameters
    ----------
    hospital : Hospital
        Whose stock.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def compared(self) -> list[Compared]:
        """Give the figures of other systems beside ours, the largest differences first."""
        hospital = self._hospital
        with hospital.read() as session:
            told = figures(session)
        found = []
        with hospital.ledger.steady:
            for one in told:
                line = hospital.live.stock.get((one.place, one.item))
                ours = 0 if line is None else line.lots.get(one.lot, 0) if one.lot else line.quantity
                found.append(Compared(figure=one, ours=ours))
        return sorted(found, key=lambda one: -abs(one.difference))

    def proposals(self) -> list[Proposal]:
        """Give the entries of item masters that wait for a decision, the latest first."""
        with self._hospital.read() as session:
            return proposals(session)

    def accept(self, source: str, code: str, *, actor: str) -> str:
        """Take an entry into the catalogue, marked as to be reviewed; gives the item's id.

        An entry that deactivates or deletes takes nothing away here, for stock may lie on a shelf: it is only noted.

        Raises
        ------
        NotFound
            If there is no such entry.
        Conflict
            If it was decided before.
        """

        def use_case(session: Session) -> str:
            held = self._decide(session, source, code, Decision.ACCEPTED, actor)
            if held.action not in _ADDS:
                return ""
            key, name = code[:_MOST_KEY], held.name[:_MOST_KEY]
            try:
                item = replace(load_item(session, key), name=name)  # what we know besides stays as it is
            except NotFound:
                item = Item(id=ItemId(key), code=key, name=name)
            save_item(session, item, is_reviewed=False)
            return key

        return self._hospital.write_now(use_case)

    def decline(self, source: str, code: str, *, actor: str) -> None:
        """Leave an entry out of the catalogue; raises as :meth:`accept`."""
        self._hospital.write_now(lambda session: self._decide(session, source, code, Decision.DECLINED, actor))

    def _decide(self, session: Session, source: str, code: str, decision: Decision, actor: str) -> Proposal:
        now = self._hospital.clock.now()
        held = decide(session, source=source, code=code, decision=decision, actor=actor, now=now)
        facts = {"partner": source}
        note(session, Entry(at=now, actor=actor, action=f"item_proposal.{decision.value}", subject=code, facts=facts))
        return held
