"""Events about encounters (pseudonymous), beds and queues.

An encounter is known by a pseudonym only. Its assigned location is a booking; where the person is, is observed. A
discharge ends the assignment, a departure frees the bed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from twin.events.envelope import Event


class EncounterClass(StrEnum):
    """Class of an encounter: HL7 v3 ActCode as FHIR R4 uses it."""

    INPATIENT = "IMP"
    EMERGENCY = "EMER"
    AMBULATORY = "AMB"
    SHORT_STAY = "SS"
    PRE_ADMISSION = "PRENC"
    VIRTUAL = "VR"


class BedReadiness(StrEnum):
    """Whether a bed may take the next patient as far as cleanliness goes."""

    CLEAN = "clean"
    DIRTY = "dirty"
    CLEANING = "cleaning"
    CONTAMINATED = "contaminated"


class BedService(StrEnum):
    """Whether a bed is in service."""

    OPEN = "open"
    CLOSED = "closed"
    ISOLATED = "isolated"


class EncounterPlanned(Event, frozen=True):
    """Somebody is expected: an admission booked, or an ambulance on its way.

    Parameters
    ----------
    encounter_class : EncounterClass
        What it will be.
    expected_at : int
        When, UTC microseconds.
    place : str
        Id of the place booked; empty if none yet.
    service : str
        Code of the clinical service.
    acuity : int
        Triage level 1 (most urgent) to 5; 0 if unknown.
    arrival_mode : str
        ``walk_in``, ``ambulance``, ``transfer``, ``elective``; empty if unknown.
    """

    subject: ClassVar[str] = "encounter"

    encounter_class: EncounterClass
    expected_at: int
    place: str = ""
    service: str = ""
    acuity: int = 0
    arrival_mode: str = ""


class EncounterStarted(Event, frozen=True):
    """Somebody was admitted or registered.

    Parameters
    ----------
    encounter_class, service, acuity, arrival_mode
        As in :class:`EncounterPlanned`.
    place : str
        Id of the bed, room or area assigned; empty if none yet.
    """

    subject: ClassVar[str] = "encounter"

    encounter_class: EncounterClass
    place: str = ""
    service: str = ""
    acuity: int = 0
    arrival_mode: str = ""


class EncounterUpdated(Event, frozen=True):
    """Details of an encounter changed; empty and 0 mean unchanged. Never a movement."""

    subject: ClassVar[str] = "encounter"

    encounter_class: EncounterClass | None = None
    service: str = ""
    acuity: int = 0


class EncounterMoved(Event, frozen=True):
    """An encounter is assigned to another place: a transfer."""

    subject: ClassVar[str] = "encounter"

    place: str
    from_place: str = ""


class BedReserved(Event, frozen=True):
    """A place is kept for an encounter: a pending transfer or admission."""

    subject: ClassVar[str] = "encounter"

    place: str
    expected_at: int = 0


class EncounterDeparted(Event, frozen=True):
    """The person physically left a place; this frees the bed."""

    subject: ClassVar[str] = "encounter"

    place: str = ""


class EncounterArrived(Event, frozen=True):
    """The person physically arrived at a place."""

    subject: ClassVar[str] = "encounter"

    place: str


class EncounterLeaveStarted(Event, frozen=True):
    """The patient is on leave of absence; the bed is kept."""

    subject: ClassVar[str] = "encounter"

    expected_return_at: int = 0


class EncounterLeaveEnded(Event, frozen=True):
    """The patient is back from leave."""

    subject: ClassVar[str] = "encounter"


class DischargePlanned(Event, frozen=True):
    """A discharge is expected at an instant."""

    subject: ClassVar[str] = "encounter"

    expected_at: int = 0


class EncounterFinished(Event, frozen=True):
    """An encounter ended by discharge; the assignment ends, the bed stays occupied until departure.

    Parameters
    ----------
    disposition : str
        Where to: ``home``, ``transfer``, ``deceased``, ``left``; empty if unknown.
    """

    subject: ClassVar[str] = "encounter"

    disposition: str = ""


class EncounterFactCancelled(Event, frozen=True):
    """The latest fact of a kind about this encounter, up to this instant, did not happen.

    Parameters
    ----------
    cancels : str
        Name of the event class that is undone: ``EncounterStarted`` (A11), ``EncounterMoved`` (A12),
        ``EncounterFinished`` (A13), ``EncounterPlanned`` (A38), ``BedReserved`` (A26/A27) and so on.
    """

    subject: ClassVar[str] = "encounter"

    cancels: str


class EncountersSwapped(Event, frozen=True):
    """Two encounters exchanged their assigned places; pending moves of both stay."""

    subject: ClassVar[str] = "encounter"

    other: str


class EncountersMerged(Event, frozen=True):
    """Two records turned out to be one encounter; the facts of this one belong to ``into``."""

    subject: ClassVar[str] = "encounter"

    into: str


class StageReached(Event, frozen=True):
    """An encounter reached a stage of its way through the house.

    Parameters
    ----------
    stage : str
        ``ordered``, ``exam_started``, ``exam_ended``, ``result_ready``, ``paid``, ``dispensed``, ``triaged`` …
    service_point : str
        Id of the place where, empty if none.
    procedure : str
        Code of the procedure that an operation was added for; empty if it is not known, and for all other stages.
    """

    subject: ClassVar[str] = "encounter"

    stage: str
    service_point: str = ""
    procedure: str = ""


class BedReadinessChanged(Event, frozen=True):
    """A bed became clean, dirty, or is being cleaned."""

    subject: ClassVar[str] = "bed"

    readiness: BedReadiness


class BedServiceChanged(Event, frozen=True):
    """A bed was opened, closed or isolated."""

    subject: ClassVar[str] = "bed"

    service: BedService
    reason: str = ""


class QueueJoined(Event, frozen=True):
    """Somebody drew a ticket at a service point.

    Parameters
    ----------
    service_point : str
        Id of the place where one waits to be served.
    encounter : str
        Id of the encounter; empty for a visitor.
    number : str
        What the board shows, such as ``B012``; never a name.
    priority : int
        0 is normal; higher is called before lower.
    """

    subject: ClassVar[str] = "ticket"

    service_point: str
    encounter: str = ""
    number: str = ""
    priority: int = 0


class QueueCalled(Event, frozen=True):
    """A ticket was called to a counter or room.

    Parameters
    ----------
    counter : str
        What the board and the voice say.
    exception_reason : str
        Why it was called before others; empty when it was its turn.
    """

    subject: ClassVar[str] = "ticket"

    counter: str = ""
    exception_reason: str = ""


class QueueServiceStarted(Event, frozen=True):
    """Serving a ticket began."""

    subject: ClassVar[str] = "ticket"


class QueueServiceEnded(Event, frozen=True):
    """Serving a ticket ended."""

    subject: ClassVar[str] = "ticket"


class QueueLeft(Event, frozen=True):
    """A ticket was given up before it was served."""

    subject: ClassVar[str] = "ticket"

    reason: str = ""
