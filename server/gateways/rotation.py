"""A new key for a gateway by a button: made, handed over on the gateway's own line, and the old one ended.

The old key ends only when the gateway has spoken under the new one, so that a gateway whose disk is full, or that is
switched off in between, is never locked out. Nobody sees the key.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from rfid_gateway.uplink.orders import OrderKind
from server.access import keys
from server.access.keys import NewKey
from server.access.lasting import revoke
from server.audit.chain import Entry, note
from server.gateways.desk import desk_of
from server.schema.access import KeyRow
from server.wiring import Hospital
from twin.access import Actor, Permission, Role
from twin.errors import Refused, Unavailable

_MADE, _ENDED = "gateway.key_made", "key.revoked"
_NAME = "Changed on the page"


@dataclass(frozen=True, slots=True)
class GatewayKeys:
    """Changes the keys of a hospital's gateways.

    Parameters
    ----------
    hospital : Hospital
        Which keeps them.
    """

    hospital: Hospital

    def change(self, gateway: str, actor: Actor) -> str:
        """Have a gateway go over to a new key and give the key's id; not for the event loop.

        Parameters
        ----------
        gateway : str
            Id of the gateway.
        actor : Actor
            Who asks.

        Raises
        ------
        Refused
            If the gateway has two keys already, or does not take the new one.
        NotFound, Unavailable
            If it does not report, or its answer is missing: then both keys hold.
        """
        return _change_key(self.hospital, gateway, actor)

    def has_superseded(self, gateway: str, key_id: str) -> bool:
        """Tell whether the key of a report was made to replace others that still hold."""
        with self.hospital.read() as session:
            return bool(_superseded(session, gateway, key_id, now=self.hospital.clock.now()))

    async def end_superseded(self, gateway: str, key_id: str) -> None:
        """End the keys that the one of a report was made to replace; noted in the audit."""
        now = self.hospital.clock.now()
        await self.hospital.write(lambda session: _end_superseded(session, gateway, key_id, now=now))


def _change_key(hospital: Hospital, gateway: str, actor: Actor) -> str:
    actor.require(Permission.GATEWAYS_CONFIGURE)
    desk = desk_of(hospital)
    desk.last(gateway)  # known at all, before a key is made for it
    source, now = f"gateway:{gateway}", hospital.clock.now()

    def make(session: Session) -> tuple[str, str]:
        new = NewKey(name=_NAME, role=Role.SERVICE_GATEWAY, source=source)
        text, row = keys.create_key(session, new, created_by=actor.id, now=now)
        note(session, Entry(at=now, actor=actor.id, action=_MADE, subject=gateway, facts={"key": row.id}))
        return text, row.id

    text, key_id = hospital.write_now(make)
    try:
        result = desk.ask_now(gateway, OrderKind.KEY, {"key": text}, actor)
    except Unavailable as error:
        # Not fetched, so that nobody has the new key; fetched without a word, and the gateway may use it already.
        if error.code == "gateway.late":
            _end(hospital, key_id, actor.id)
        raise
    if not result.is_done:
        _end(hospital, key_id, actor.id)
        raise Refused(result.message or "The gateway does not take the key.", code=result.code or "gateway.key")
    return key_id


def _end(hospital: Hospital, key_id: str, actor: str) -> None:
    now = hospital.clock.now()

    def use_case(session: Session) -> None:
        revoke(session, KeyRow, key_id, now=now)
        note(session, Entry(at=now, actor=actor, action=_ENDED, subject=key_id))

    hospital.write_now(use_case)


def _superseded(session: Session, gateway: str, key_id: str, *, now: int) -> list[str]:
    used = session.get(KeyRow, key_id)
    if used is None or used.name != _NAME:
        return []
    query = select(KeyRow.id).where(
        KeyRow.source == f"gateway:{gateway}",
        KeyRow.revoked_at == 0,
        col(KeyRow.expires_at) > now,
        col(KeyRow.created_at) <= used.created_at,
        KeyRow.id != key_id,
    )
    return list(session.exec(query))


def _end_superseded(session: Session, gateway: str, key_id: str, *, now: int) -> None:
    for old in _superseded(session, gateway, key_id, now=now):
        revoke(session, KeyRow, old, now=now)
        facts = {"by": key_id}
        note(session, Entry(at=now, actor=f"gateway:{gateway}", action=_ENDED, subject=old, facts=facts))
