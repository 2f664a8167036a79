"""A hospital that listens, and what became of the patients in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from interop.hl7v2.message import read_message
from interop.hl7v2.telling import tell
from interop.mllp.acknowledgement import Handled
from interop.service import received
from interop.service.intake import Intake, source_of
from interop.service.keys import Vault
from interop.service.messages import take_in
from server.listening import intake_of, receive
from server.wiring import Hospital, open_hospital
from twin.clock import ManualClock
from twin.events.envelope import Event
from twin.events.places import PlaceDefined, PlaceKind
from twin.ports import Stored
from twin.settings import Settings
from twin.state.beds import BedView, bed_view, is_bed
from twin.state.live import LiveState
from twin.state.model import Encounter

WARDS = {"W1": ("W1-1-A", "W1-1-B", "W1-2-A"), "W2": ("W2-1-A", "W2-1-B")}
UTC_ZONE = ZoneInfo("UTC")


@dataclass
class Listening:
    """A hospital with two wards, and what its other systems tell it."""

    hospital: Hospital
    clock: ManualClock

    @property
    def intake(self) -> Intake:
        return intake_of(self.hospital)

    def hear(self, *contents: bytes) -> list[Handled]:
        return [self._hear(content) for content in contents]

    def _hear(self, content: bytes) -> Handled:
        message, intake, now = read_message(content), self.intake, self.clock.now()

        def use_case(session: Session) -> Handled:
            return take_in(session, intake, data=content, message=message, now=now)

        return self.hospital.write_now(use_case)

    async def receive(self, content: bytes) -> Handled:
        return await receive(self.hospital, read_message(content), content)

    def pseudonym(self, visit: str) -> str:
        return self.intake.vault.pseudonym("visit", "HOSP", visit)

    def encounter(self, visit: str = "V1") -> Encounter:
        return self.hospital.live.encounters[self.pseudonym(visit)]

    def bed(self, place: str) -> BedView:
        return bed_view(self.hospital.live, place)

    def event_count(self) -> int:
        return self.hospital.ledger.last_sequence()

    def rows(self) -> list[received.MessageView]:
        with self.hospital.read() as session:
            return received.messages(session, limit=500)


@dataclass(frozen=True)
class Heard:
    """What a message came to."""

    outcome: str
    notes: str
    source: str


@dataclass
class InMemory:
    """The same hospital without a database."""

    live: LiveState
    clock: ManualClock
    intake: Intake = field(init=False)
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        live = self.live
        self.intake = Intake(
            vault=Vault(b"k" * 32),
            ledger=Nowhere(),
            zone=UTC_ZONE,
            is_place=lambda place: place in live.places,
            is_bed=lambda place: is_bed(live, place),
        )

    def hear(self, *contents: bytes) -> None:
        for content in contents:
            message = read_message(content)
            told = tell(message, self.intake.around(message, self.clock.now()))
            for event in told.events:
                self.live.apply(event, self.live.sequence + 1)
            outcome = "applied" if told.events else "stored"
            self.heard.insert(0, Heard(outcome, " ".join(told.notes), source_of(message)))

    def rows(self) -> list[Heard]:
        return self.heard

    def pseudonym(self, visit: str) -> str:
        return self.intake.vault.pseudonym("visit", "HOSP", visit)

    def encounter(self, visit: str = "V1") -> Encounter:
        return self.live.encounters[self.pseudonym(visit)]

    def bed(self, place: str) -> BedView:
        return bed_view(self.live, place)

    def event_count(self) -> int:
        return self.live.sequence


class Nowhere:
    """Stores nothing."""

    def append(self, session: Session, events: Sequence[Event]) -> list[Stored]:
        raise AssertionError("nothing is stored here")


def places() -> list[PlaceDefined]:
    head = {"occurred_at": 1_000_000, "source": "import:test"}
    made = [PlaceDefined(thing="H", kind=PlaceKind.SITE, name="H", source_key="H", **head)]  # type: ignore[arg-type]
    for ward, beds in WARDS.items():
        made.append(
            PlaceDefined(thing=ward, kind=PlaceKind.WARD, name=ward, parent="H", source_key=ward, **head)  # type: ignore[arg-type]
        )
        made += [
            PlaceDefined(thing=bed, kind=PlaceKind.BED, name=bed, parent=ward, source_key=bed, **head)  # type: ignore[arg-type]
            for bed in beds
        ]
    return made


@pytest.fixture
def listening(tmp_path: Path, clock: ManualClock) -> Iterator[Listening]:
    settings = Settings(data_dir=tmp_path, free_disk_floor_mb=0, time_zone="UTC")
    hospital = open_hospital(settings, clock=clock, handlers=[])
    hospital.record_now(places())
    yield Listening(hospital, clock)
    hospital.close()
