"""The house's own moves as EPCIS events: what the ledger says about tagged and lot-numbered things.

A stock movement, an asset that changes zone and a released load become EPCIS events with the event's own id, so that a
partner's query and ours find one history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from interop.epcis.document import Event, Json, instant_of
from interop.epcis.hashing import hash_of, namespaces_of
from interop.epcis.identifiers import HOST, canonical_key
from interop.service.epcis import CONTEXT, Document, Kept, keep
from interop.tables import EPCIS_EVENTS
from twin.clock import to_text
from twin.events.supply import LoadReleased, StockMoved
from twin.events.things import AssetMoved, AssetRegistered
from twin.ports import Stored
from twin.state.live import LiveState
from twin.state.model import VIRTUAL_STOCK_PLACES

NAME = "interop.epcis"
SOURCE = "twin:epcis"
_NAMESPACES = namespaces_of([])

_STEPS = {
    "receive": "receiving",
    "pick": "picking",
    "deliver": "stocking",
    "issue": "dispensing",
    "count": "cycle_counting",
    "return": "receiving",
    "dispose": "destroying",
    "waste": "destroying",
    "transfer": "transporting",
}


def place_key(place: str) -> str:
    """Give the URI of a place of the house.

    Parameters
    ----------
    place : str
        Its id.
    """
    return f"urn:hospital-twin:place:{place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How things of the house are named to others.

    Parameters
    ----------
    gtin_of : Callable[[Session, str], str]
        Gives the GTIN of an item's base unit; empty if it has none.
    live : LiveState
        For the register's GTIN and serial number of assets.
    """

    gtin_of: Callable[[Session, str], str]
    live: LiveState

    def lot(self, session: Session, item: str, lot: str) -> str:
        """Give the class of a lot of an item: a Digital Link if the item has a GTIN."""
        gtin = self.gtin_of(session, item)
        if gtin:
            return canonical_key(f"{HOST}/01/{gtin.zfill(14)}" + (f"/10/{lot}" if lot else ""))
        return f"urn:hospital-twin:item:{item}" + (f":lot:{lot}" if lot else "")

    def asset(self, asset_id: str) -> str:
        """Give the URI of a piece: GTIN and serial number if the register has both."""
        asset = self.live.assets.get(asset_id)
        entry: AssetRegistered | None = asset.entry if asset is not None else None
        if entry is not None and entry.gtin and entry.serial:
            return canonical_key(f"{HOST}/01/{entry.gtin.zfill(14)}/21/{entry.serial}")
        return f"urn:hospital-twin:asset:{asset_id}"


def _head(kind: str, event_id: str, at: int, step: str) -> Event:
    return {
        "type": kind,
        "eventID": f"urn:uuid:{event_id}",
        "eventTime": to_text(at),
        "eventTimeZoneOffset": "+00:00",
        "bizStep": step,
    }


def _stock(session: Session, moved: StockMoved, naming: Naming) -> Event:
    made = _head("ObjectEvent", moved.id, moved.occurred_at, _STEPS.get(moved.reason, "storing"))
    key = naming.lot(session, moved.thing, moved.lot)
    # The virtual counterparts of the stock ledger are the world outside of EPCIS.
    is_out, is_in = moved.to_place in VIRTUAL_STOCK_PLACES, moved.from_place in VIRTUAL_STOCK_PLACES
    # Into the house is ADD, out of it DELETE; between two places it is only seen, with source and destination.
    made["action"] = "DELETE" if is_out else "ADD" if is_in else "OBSERVE"
    made["quantityList"] = [{"epcClass": key, "quantity": moved.quantity}]
    made["readPoint"] = {"id": place_key(moved.from_place if is_out else moved.to_place)}
    made["bizLocation"] = {"id": place_key(moved.from_place if is_out else moved.to_place)}
    if not is_in:
        made["sourceList"] = [{"type": "location", "source": place_key(moved.from_place)}]
    kind = "possessing_party" if is_out else "location"
    made["destinationList"] = [{"type": kind, "destination": place_key(moved.to_place)}]
    if moved.task:
        made["bizTransactionList"] = [{"type": "po", "bizTransaction": f"urn:hospital-twin:task:{moved.task}"}]
    return made


def _asset(moved: AssetMoved, naming: Naming) -> Event:
    made = _head("ObjectEvent", moved.id, moved.occurred_at, "entering_exiting")
    made |= {
        "action": "OBSERVE",
        "epcList": [naming.asset(moved.thing)],
        "readPoint": {"id": place_key(moved.to_place)},
    }
    made["bizLocation"] = {"id": place_key(moved.to_place)}
    return made


def _load(released: LoadReleased) -> Event:
    quantities: list[Json] = [
        {"epcClass": canonical_key(f"{HOST}/01/{one.gtin.zfill(14)}/10/{one.lot}"), "quantity": one.quantity}
        for one in released.sets
    ]
    made = _head("ObjectEvent", released.id, released.occurred_at, "commissioning")
    made |= {"action": "OBSERVE", "quantityList": quantities, "readPoint": {"id": place_key(released.place or "CSSD")}}
    made["bizTransactionList"] = [{"type": "prodorder", "bizTransaction": f"urn:hospital-twin:cycle:{released.cycle}"}]
    return made


TOLD = (StockMoved, AssetMoved, LoadReleased)
"""The facts of the ledger that are told as EPCIS events."""


def _events(session: Session, batch: Sequence[Stored], naming: Naming) -> Iterator[tuple[int, Event]]:
    for stored in batch:
        event = stored.event
        if isinstance(event, StockMoved):
            yield stored.sequence, _stock(session, event, naming)
        elif isinstance(event, AssetMoved) and event.to_place:
            yield stored.sequence, _asset(event, naming)
        elif isinstance(event, LoadReleased) and event.sets:
            yield stored.sequence, _load(event)


def tell_moves(session: Session, batch: Sequence[Stored], *, naming: Naming, now: int) -> int:
    """Keep the moves of a batch of ledger events as EPCIS events; one that is kept already is passed over.

    Parameters
    ----------
    session : Session
        A writing transaction.
    batch : Sequence[Stored]
        In ledger order.
    naming : Naming
        How things are named.
    now : int
        recordTime, UTC microseconds.

    Returns
    -------
    int
        How many were kept.
    """
    made = list(_events(session, batch, naming))
    ids = [str(event["eventID"]) for _, event in made]
    table = EPCIS_EVENTS.c
    known = (
        {row.event_id for row in session.execute(select(table.event_id).where(table.event_id.in_(ids)))}
        if ids
        else set()
    )
    kept = []
    for sequence, event in made:
        if event["eventID"] not in known:
            document = Document(capture_id=f"ledger:{sequence}", source=SOURCE, contexts=[CONTEXT], now=now)
            digest = hash_of(event, namespaces=_NAMESPACES)
            kept.append(Kept(event=event, digest=digest, at=instant_of(event["eventTime"]) or 0, document=document))
    if kept:
        keep(session, kept)
    return len(kept)
