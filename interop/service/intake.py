"""What taking in a message needs to know besides the message itself, and who speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache

from interop.hl7v2.message import Message
from interop.hl7v2.reading import Surroundings
from interop.service.keys import Vault
from interop.service.places import Gazetteer
from twin.ports import EventSink

_LONGEST_NAME = 60  # characters of MSH-3 that stand in the source of an event


def _no(_encounter: str) -> bool:
    return False


def _itself(account: str) -> str:
    return account


def _nowhere(_tag: str) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What taking in a message needs.

    Parameters
    ----------
    vault : Vault
        Seals messages and identities.
    ledger : EventSink
        Stores events.
    zone : tzinfo
        Of the facility.
    is_place, is_bed : Callable[[str], bool]
        Whether the twin knows such a place or bed.
    names : Gazetteer
        What senders call places.
    visit_of : Callable[[str], str]
        Gives the visit that an account was last told to be.
    is_encounter : Callable[[str], bool]
        Whether the twin holds an encounter that is not merged into another.
    zone_of : Callable[[str], str]
        Gives the place where a tag was seen last.
    is_asset : Callable[[str], bool]
        Whether the register knows a device.
    """

    vault: Vault
    ledger: EventSink
    zone: tzinfo
    is_place: Callable[[str], bool]
    is_bed: Callable[[str], bool]
    names: Gazetteer = field(default_factory=Gazetteer)
    visit_of: Callable[[str], str] = _itself
    is_encounter: Callable[[str], bool] = _no
    zone_of: Callable[[str], str] = _nowhere
    is_asset: Callable[[str], bool] = _no

    def around(self, message: Message, now: int) -> Surroundings:
        """Give what the reader needs to know."""
        source, names = source_of(message), self.names
        return Surroundings(
            source=source,
            zone=self.zone,
            received_at=now,
            pseudonym=self.vault.pseudonym,
            is_place=self.is_place,
            is_bed=self.is_bed,
            named=lambda name: names.place(source, name),
            visit_of=self.visit_of,
            is_encounter=self.is_encounter,
            zone_of=self.zone_of,
            is_asset=self.is_asset,
        )


def source_of(message: Message) -> str:
    """Give who speaks, ``his:`` and MSH-3 in lower case; ``his:unnamed`` if it does not say."""
    return _source_named(message.msh.value(3)[:_LONGEST_NAME])


@lru_cache(maxsize=256)  # the senders of one house
def _source_named(sender: str) -> str:
    name = "".join(char if char.isalnum() or char in "-_." else "-" for char in sender.lower())
    return f"his:{name[:_LONGEST_NAME] or 'unnamed'}"
