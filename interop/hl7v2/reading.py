"""What one message says, in the twin's words: which encounter, when, where; without anybody's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TypeVar

import msgspec

from interop.hl7v2.escapes import NULL
from interop.hl7v2.instants import offset_of, read_instant
from interop.hl7v2.locations import PersonLocation, bed_of, is_exact, location_of, place_of
from interop.hl7v2.message import Message, Segment
from twin.clock import DAY_US
from twin.errors import FieldError, FieldProblem
from twin.events.envelope import Event
from twin.events.patients import EncounterClass

E = TypeVar("E", bound=Event)

CLASSES: dict[str, EncounterClass] = {
    "I": EncounterClass.INPATIENT,
    "E": EncounterClass.EMERGENCY,
    "O": EncounterClass.AMBULATORY,
    "R": EncounterClass.AMBULATORY,
    "C": EncounterClass.AMBULATORY,
    "P": EncounterClass.PRE_ADMISSION,
    "B": EncounterClass.INPATIENT,
    "V": EncounterClass.VIRTUAL,
    "S": EncounterClass.SHORT_STAY,
}
"""Encounter class by PV1-2 (HL7 table 0004 and the codes in common use)."""

DISPOSITIONS: dict[str, str] = {
    "01": "home",
    "06": "home",
    "08": "home",
    "02": "transfer",
    "03": "transfer",
    "04": "transfer",
    "05": "transfer",
    "07": "left",
    "20": "deceased",
    "40": "deceased",
    "41": "deceased",
    "42": "deceased",
}
"""Disposition by PV1-36 (HL7 table 0112)."""

ARRIVAL_MODES: dict[str, str] = {
    "A": "ambulance",
    "C": "walk_in",
    "F": "walk_in",
    "H": "ambulance",
    "O": "",
    "P": "walk_in",
    "U": "",
}
"""Arrival mode by PV2-38 (HL7 table 0430)."""


def _nothing(_asked: str) -> str:
    return ""


def _itself(account: str) -> str:
    return account


def _no(_asked: str) -> bool:
    return False


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader needs to know that no message says.

    Parameters
    ----------
    source : str
        Who speaks: ``his:<name>``.
    zone : tzinfo
        Of the facility.
    received_at : int
        UTC microseconds.
    pseudonym : Callable[..., str]
        Gives the same id for the same kind and parts, and tells nothing about them.
    is_place, is_bed : Callable[[str], bool]
        Whether the twin knows such a place or bed.
    named : Callable[[str], str], optional
        Gives the place that a person said this sender means by a code; empty if nobody has.
    visit_of : Callable[[str], str], optional
        Gives the visit that an account was last told to be; the account itself if no message has named both.
    is_encounter : Callable[[str], bool], optional
        Whether something was told under a pseudonym and it is not merged into another.
    zone_of : Callable[[str], str], optional
        Gives the place where a tag was seen last; empty if never.
    is_asset : Callable[[str], bool], optional
        Whether the register knows a device.
    """

    source: str
    zone: tzinfo
    received_at: int
    pseudonym: Callable[..., str]
    is_place: Callable[[str], bool]
    is_bed: Callable[[str], bool]
    named: Callable[[str], str] = _nothing
    visit_of: Callable[[str], str] = _itself
    is_encounter: Callable[[str], bool] = _no
    zone_of: Callable[[str], str] = _nothing
    is_asset: Callable[[str], bool] = _no


@dataclass(slots=True)
class Reading:
    """One patient group of a message (PID, PV1, PV2, MRG) and the events that it comes to.

    Parameters
    ----------
    message : Message
        The whole.
    around : Surroundings
        The rest of the world.
    group : dict[str, Segment]
        The group's segments by name.
    notes : list[str]
        Codes of what was odd, without anybody's data.
    unmatched : dict[str, str]
        Names of places that the twin does not know, with what was taken instead.
    """

    message: Message
    around: Surroundings
    group: dict[str, Segment]
    notes: list[str] = field(default_factory=list)
    unmatched: dict[str, str] = field(default_factory=dict)
    _encounter: str = ""
    _occurred_at: int = 0
    _zone_told: tzinfo | None = None

    def segment(self, name: str) -> Segment | None:
        """Give the group's segment of a name, else the message's first."""
        return self.group.get(name) or (self.message.first(name) if name == "EVN" else None)

    def value(self, name: str, number: int, component: int = 1) -> str:
        """Give a value of the group; empty if left out or deleted."""
        segment = self.group.get(name)
        if segment is None:
            segment = self.segment(name)
            if segment is None:
                return ""
        told = segment.value(number, component).strip()
        if "\x00" in told:
            told = told.replace("\x00", "")  # PostgreSQL keeps no NUL in a text
        return "" if told == NULL else told

    def encounter(self) -> str:
        """Give the pseudonym of the encounter: PV1-19, else the visit that PID-18 was told to be, else PID-18.

        Raises
        ------
        FieldError
            If neither is there: a patient number alone would join different visits.
        """
        # Asked for by each event and by the link table; a pseudonym costs more than all else that is read.
        if not self._encounter:
            cure = "Send the visit number, or an account number in PID-18."
            self._encounter = self._visit() or self._missing("PV1-19", cure)
        return self._encounter

    def _visit(self) -> str:
        key = self._numbered("visit", "PV1", 19)
        if key:
            return key
        account = self._numbered("account", "PID", 18)
        return self.around.visit_of(account) if account else ""

    def both_numbers(self) -> tuple[str, str] | None:
        """Give the pseudonyms of account (PID-18) and visit (PV1-19) if the group names both; else None."""
        if not self.value("PID", 18) or not self.value("PV1", 19):
            return None
        return self._numbered("account", "PID", 18), self._numbered("visit", "PV1", 19)

    def booking(self) -> str:
        """Give the pseudonym of what is booked: the visit if one is named, else the appointment (SCH-2, else SCH-1).

        Raises
        ------
        FieldError
            If none is there.
        """
        key = self._visit() or self._numbered("appointment", "SCH", 2) or self._numbered("appointment", "SCH", 1)
        return key or self._missing("SCH-2", "Send the filler's appointment number, or a visit number in PV1-19.")

    def prior_encounter(self) -> str:
        """Give the pseudonym of the record that is merged away: MRG-5, else MRG-3; empty if neither is named."""
        return self._numbered("visit", "MRG", 5) or self._numbered("account", "MRG", 3)

    def _missing(self, name: str, cure: str) -> str:
        place = f"{self.message.kind}^{self.message.trigger}"
        raise FieldError(FieldProblem(field=name, place=place, message="Expected a value, found none.", cure=cure))

    def _numbered(self, kind: str, name: str, number: int) -> str:
        told = self.value(name, number)
        if not told:
            return ""
        authority = self.value(name, number, 4) or self.message.msh.value(4)
        return self.around.pseudonym(kind, authority, told)

    def occurred_at(self) -> int:
        """Give when it happened: EVN-6, else EVN-2, else MSH-7, else when it came.

        A day without an hour is no instant, and more than a day ahead is a wrong clock; both are passed over.
        """
        if not self._occurred_at:
            # One after the other: the first that is filled is nearly always an instant, and the rest is not read.
            self._occurred_at = (
                self._instant(self.value("EVN", 6))
                or self._instant(self.value("EVN", 2))
                or self._instant(self.message.msh.value(7))
                or self._received()
            )
        return self._occurred_at

    def recorded_at(self) -> int:
        """Give when the sender recorded it: the later of EVN-2 and :meth:`occurred_at`."""
        return max(self._instant(self.value("EVN", 2)), self.occurred_at())

    def _received(self) -> int:
        self.notes.append("instant_missing")
        return self.around.received_at

    def _zone(self) -> tzinfo:
        if self._zone_told is None:
            self._zone_told = offset_of(self.message.msh.value(7)) or self.around.zone
        return self._zone_told

    def _instant(self, text: str) -> int:
        told = read_instant(text, self._zone()) if text else None
        if told is None or told.is_day_only or told.at <= 0:
            return 0
        if told.at > self.around.received_at + DAY_US:
            self.notes.append("instant_ahead")
            return 0
        return told.at

    def expected_at(self, *fields: tuple[str, int]) -> int:
        """Give the first planned instant among fields; a day counts as its beginning; 0 if none is there."""
        for name, number in fields:
            told = read_instant(self.value(name, number), self._zone())
            if told is not None and told.at > 0:
                return told.at
        return 0

    def expected_at_component(self, name: str, number: int, component: int) -> int:
        """Give the planned instant in one component of a field, such as SCH-11.4; 0 if none is there."""
        told = read_instant(self.value(name, number, component), self._zone())
        return told.at if told is not None and told.at > 0 else 0

    def place(self, name: str, *numbers: int) -> str:
        """Give the place that the first filled of some fields names; empty if none does."""
        for number in numbers:
            told = location_of(self.segment(name), number)
            if told:
                return self.place_named(told)
        return ""

    def place_named(self, told: PersonLocation) -> str:
        """Give the place that a location names: as a person has said, else by its names, else its code.

        What is not found, or only the room or ward around it, is kept in ``unmatched`` for a person to match.
        """
        around, code = self.around, told.code
        named = around.named(code)
        if named and around.is_place(named):
            self.notes.append("place_named")  # so that it is found again if the match turns out wrong
            return named
        if code and around.is_place(code):
            return code  # by its whole name, as nearly always
        found = place_of(told, around.is_place)
        if not around.is_place(found):
            self.notes.append("place_unknown")
            self.unmatched[code] = ""
        elif not is_exact(told, found):
            self.notes.append("place_coarse")
            self.unmatched[code] = found
        return found

    def bed(self, name: str, number: int) -> str:
        """Give the bed that a field names; empty if it names none."""
        told = location_of(self.segment(name), number)
        named = self.around.named(told.code) if told else ""
        if named and self.around.is_bed(named):
            self.notes.append("place_named")
            return named
        found = bed_of(told, self.around.is_bed)
        if found and not self.around.is_bed(found):
            self.notes.append("place_unknown")
            self.unmatched[told.code] = ""
        return found

    def encounter_class(self) -> EncounterClass | None:
        """Give the class of PV1-2; None if it says none that we know."""
        return CLASSES.get(self.value("PV1", 2).upper())

    def past(self, text: str) -> int:
        """Give a written time if it is an instant that is not ahead; else 0."""
        return self._instant(text)

    def planned(self, text: str) -> int:
        """Give a written time, also one that lies ahead or a day, which counts as its beginning; 0 if it is none."""
        told = read_instant(text, self._zone()) if text else None
        return told.at if told is not None and told.at > 0 else 0

    def instant(self, *texts: str) -> int:
        """Give the first of some written times that is an instant of the past; :meth:`occurred_at` if none is."""
        return next((at for at in map(self._instant, texts) if at), 0) or self.occurred_at()

    def event(self, kind: type[E], /, *, thing: str = "", at: int = 0, **fields: object) -> E:
        """Make an event of this group; the encounter's, at the message's instant, unless said otherwise."""
        made: E = msgspec.convert(
            {
                "type": kind.__name__,
                "thing": thing or self.encounter(),
                "occurred_at": at or self.occurred_at(),
                "source": self.around.source,
                "source_key": "",
                **fields,
            },
            kind,
        )
        return made


_STARTS = frozenset({"PID", "MRG", "PV1", "NPU"})


def groups_of(message: Message, around: Surroundings) -> Iterator[Reading]:
    """Give the patient groups of a message in order; at least one.

    Parameters
    ----------
    message : Message
        Whatever its type.
    around : Surroundings
        The rest of the world.

    Notes
    -----
    A group begins with PID, or where MRG, PV1 or NPU comes a second time: then it keeps the PID (A45 has one PID and
    several MRG, PV1). Segments before the first belong to no group.
    """
    group: dict[str, Segment] = {}
    found = False
    for segment in message.segments:
        name = segment.name
        if name in _STARTS and name in group:
            yield Reading(message, around, group)
            found = True
            group = {} if name == "PID" else {kept: group[kept] for kept in ("PID",) if kept in group}
        if name not in ("MSH", "EVN"):
            group.setdefault(name, segment)
    if group or not found:
        yield Reading(message, around, group)


def numbered(events: list[Event], message: Message) -> list[Event]:
    """Give the events their keys: MSH-3, MSH-4, MSH-10 and the position, so that a resend is the same fact."""
    head = "/".join((message.msh.field(3), message.msh.field(4), message.control_id)).replace("\x00", "")
    return [msgspec.structs.replace(event, source_key=f"{head}/{index:02d}") for index, event in enumerate(events)]
