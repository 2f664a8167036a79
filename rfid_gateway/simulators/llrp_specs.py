"""What a client asks of a reader, read from its ROSpec, and refused with a reason where a reader of this kind cannot.

References
----------
EPCglobal Low Level Reader Protocol (LLRP) 1.0.1 and 1.1, sections 10.2 (ROSpec), 13.2.1 (reports), 14.2 (status).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from rfid_gateway.rfid.llrp.codec import Parameter
from rfid_gateway.simulators.llrp_reports import Selection
from twin.errors import HospitalTwinError

FIELD_ERROR, MISSING, UNSUPPORTED, TOO_MANY = 201, 203, 209, 105  # P_FieldError, P_MissingParameter, ...
_BOUNDARY, _START, _PERIODIC, _STOP, _AISPEC, _AISTOP, _OBSERVATION = 178, 179, 180, 182, 183, 184, 185
_INVENTORY, _SURVEY, _REPORT, _SELECTOR, _LOOP = 186, 187, 237, 238, 355
_ALL_ANTENNAS = (0,)
_EPC_ALONE = Selection()
_Kind = TypeVar("_Kind", bound=IntEnum)


class SpecRefused(HospitalTwinError):
    """A reader cannot do what a client asks.

    Parameters
    ----------
    status : int
        LLRP status code.
    message : str
        Which field, and what is wrong with it.
    """

    code = "llrp.spec_refused"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class RoStart(IntEnum):
    """What starts an operation; a reader without inputs knows no others."""

    NONE = 0
    IMMEDIATE = 1
    PERIODIC = 2


class RoStop(IntEnum):
    """What ends an operation besides the end of its inventories."""

    NONE = 0
    DURATION = 1


class AiStop(IntEnum):
    """What ends an inventory; 2, an input, is none of a reader without inputs."""

    NONE = 0
    DURATION = 1
    OBSERVATIONS = 3


class ObservationTrigger(IntEnum):
    """What of the tags ends an inventory; the last two are of LLRP 1.1."""

    TAGS = 0
    NO_MORE_TAGS = 1
    ATTEMPTS = 2
    UNIQUE_TAGS = 3
    NO_MORE_UNIQUE_TAGS = 4


class ReportWhen(IntEnum):
    """When a report is sent besides when it is asked for."""

    NEVER = 0
    TAGS_OR_INVENTORY = 1
    TAGS_OR_OPERATION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One AISpec.

    Parameters
    ----------
    id : int
        Of its inventory parameters.
    antennas : tuple[int, ...]
        Which antennas look; ``(0,)`` for all.
    stop : AiStop
        What ends it.
    lasts_s : float
        How long it goes on where a duration ends it, seconds.
    trigger : ObservationTrigger
        What of the tags ends it.
    tags, attempts : int
        How many observations or tags, and how many rounds are enough.
    silence_s, limit_s : float
        After how long without more tags it ends, and after how long in any case (0: never), seconds.
    """

    id: int
    antennas: tuple[int, ...]
    stop: AiStop = AiStop.NONE
    lasts_s: float = 0.0
    trigger: ObservationTrigger = ObservationTrigger.TAGS
    tags: int = 0
    attempts: int = 0
    silence_s: float = 0.0
    limit_s: float = 0.0

    def sees(self, antenna: int) -> bool:
        """Tell whether an antenna takes part."""
        return self.antennas == _ALL_ANTENNAS or antenna in self.antennas

    def ends_s(self, began_s: float, newest_tag_s: float) -> float | None:
        """Give when it ends by time, seconds; None if only tags or its operation end it.

        Parameters
        ----------
        began_s, newest_tag_s : float
            When it began, and when it saw what ``silence_s`` counts from.
        """
        if self.stop is AiStop.DURATION:
            return began_s + self.lasts_s
        if self.stop is not AiStop.OBSERVATIONS:
            return None
        limits = [began_s + self.limit_s] if self.limit_s else []
        if self.trigger in (ObservationTrigger.NO_MORE_TAGS, ObservationTrigger.NO_MORE_UNIQUE_TAGS):
            limits.append(newest_tag_s + self.silence_s)
        return min(limits, default=None)

    def is_enough(self, observations: int, unique: int, rounds: int) -> bool:
        """Tell whether it has seen what it was to see.

        Parameters
        ----------
        observations, unique, rounds : int
            How often tags were seen, how many different ones, and in how many whole rounds.
        """
        if self.stop is not AiStop.OBSERVATIONS:
            return False
        if self.trigger is ObservationTrigger.TAGS:
            return observations >= self.tags
        if self.trigger is ObservationTrigger.UNIQUE_TAGS:
            return unique >= self.tags
        return self.trigger is ObservationTrigger.ATTEMPTS and rounds >= self.attempts


@dataclass(frozen=True, slots=True)
class Reporting:
    """One ROReportSpec.

    Parameters
    ----------
    when : ReportWhen
        When a report is sent.
    tags : int
        After how many tags; 0 for no limit.
    selection : Selection
        What is told of each.
    """

    when: ReportWhen = ReportWhen.NEVER
    tags: int = 0
    selection: Selection = _EPC_ALONE

    @property
    def is_gathering(self) -> bool:
        """Whether sightings of one tag may be told as one: those that wait for the end of something."""
        return self.when is ReportWhen.NEVER or not self.tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One ROSpec.

    Parameters
    ----------
    id : int
        1 and up.
    parameter : Parameter
        As the client sent it.
    start, stop : RoStart, RoStop
        Its boundaries.
    offset_s, period_s, lasts_s : float
        Of a periodic start and of an end by duration, seconds.
    inventories : tuple[Inventory, ...]
        At least one.
    loops : int or None
        How often they are gone through; None for ever.
    report : Reporting
        When what is told.
    """

    id: int
    parameter: Parameter
    start: RoStart
    stop: RoStop
    offset_s: float
    period_s: float
    lasts_s: float
    inventories: tuple[Inventory, ...]
    loops: int | None
    report: Reporting


def spec_of(parameter: Parameter, antennas: int, usual: Reporting) -> Spec:
    """Read a client's ROSpec.

    Parameters
    ----------
    parameter : Parameter
        The ROSpec.
    antennas : int
        How many the reader has.
    usual : Reporting
        What counts where it says nothing of reports.

    Raises
    ------
    SpecRefused
        If it asks for what this reader has not, or breaks a rule of the standard.
    """
    identifier = parameter.integer("ROSpecID")
    if not identifier:
        raise SpecRefused(FIELD_ERROR, "ROSpecID 0 stands for all operations: give another.")
    if parameter.integer("CurrentState"):
        raise SpecRefused(FIELD_ERROR, "CurrentState must be 0 (disabled): enable the operation afterwards.")
    if parameter.child(_SURVEY):
        raise SpecRefused(UNSUPPORTED, "RFSurveySpec: this reader makes no surveys.")
    boundary = _need(parameter, _BOUNDARY, "ROBoundarySpec")
    begins, ends = _need(boundary, _START, "ROSpecStartTrigger"), _need(boundary, _STOP, "ROSpecStopTrigger")
    start = _choice(RoStart, begins.integer("ROSpecStartTriggerType"), "ROSpecStartTriggerType")
    stop = _choice(RoStop, ends.integer("ROSpecStopTriggerType"), "ROSpecStopTriggerType")
    periodic = _need(begins, _PERIODIC, "PeriodicTriggerValue") if start is RoStart.PERIODIC else Parameter(_PERIODIC)
    lasts_ms = ends.integer("DurationTriggerValue")
    if stop is RoStop.DURATION and not lasts_ms:
        raise SpecRefused(FIELD_ERROR, "DurationTriggerValue of ROSpecStopTrigger must be above 0 ms.")
    inventories = tuple(_inventory(one, antennas) for one in parameter.children if one.number == _AISPEC)
    if not inventories:
        raise SpecRefused(MISSING, "The ROSpec has no AISpec: name antennas to look with.")
    loop, report = parameter.child(_LOOP), parameter.child(_REPORT)
    return Spec(
        id=identifier,
        parameter=parameter,
        start=start,
        stop=stop,
        offset_s=periodic.integer("Offset") / 1000,
        period_s=periodic.integer("Period") / 1000,
        lasts_s=lasts_ms / 1000,
        inventories=inventories,
        # Without a LoopSpec once; a LoopCount of 0 goes on until something ends the operation.
        loops=1 if loop is None else loop.integer("LoopCount") or None,
        report=usual if report is None else reporting_of(report),
    )


def reporting_of(parameter: Parameter) -> Reporting:
    """Read a ROReportSpec.

    Raises
    ------
    SpecRefused
        If it names a trigger that this reader has not.
    """
    when = _choice(ReportWhen, parameter.integer("ROReportTrigger"), "ROReportTrigger")
    selector = _need(parameter, _SELECTOR, "TagReportContentSelector")
    return Reporting(when, parameter.integer("N"), Selection.of(selector))


def _inventory(parameter: Parameter, antennas: int) -> Inventory:
    named = parameter.values.get("AntennaIDs")
    chosen = named if isinstance(named, tuple) and named else _ALL_ANTENNAS
    if chosen != _ALL_ANTENNAS and not all(isinstance(one, int) and 1 <= one <= antennas for one in chosen):
        text = f"AntennaIDs {', '.join(map(str, chosen))}: this reader has 1 to {antennas}, and 0 alone for all."
        raise SpecRefused(FIELD_ERROR, text)
    ends = _need(parameter, _AISTOP, "AISpecStopTrigger")
    inventory = _need(parameter, _INVENTORY, "InventoryParameterSpec")
    stop = _choice(AiStop, ends.integer("AISpecStopTriggerType"), "AISpecStopTriggerType")
    lasts_ms = ends.integer("DurationTriggerValue")
    if stop is AiStop.DURATION and not lasts_ms:
        raise SpecRefused(FIELD_ERROR, "DurationTriggerValue of AISpecStopTrigger must be above 0 ms.")
    seen = (
        _need(ends, _OBSERVATION, "TagObservationTrigger") if stop is AiStop.OBSERVATIONS else Parameter(_OBSERVATION)
    )
    found = Inventory(
        id=inventory.integer("InventoryParameterSpecID"),
        antennas=tuple(one for one in chosen if isinstance(one, int)),
        stop=stop,
        lasts_s=lasts_ms / 1000,
        trigger=_choice(ObservationTrigger, seen.integer("TriggerType"), "TriggerType of TagObservationTrigger"),
        tags=seen.integer("NumberOfTags"),
        attempts=seen.integer("NumberOfAttempts"),
        silence_s=seen.integer("T") / 1000,
        limit_s=seen.integer("Timeout") / 1000,
    )
    _check_ends(found)
    return found


def _check_ends(inventory: Inventory) -> None:
    """Refuse an inventory that would end before it began, again and again."""
    if inventory.stop is not AiStop.OBSERVATIONS:
        return
    field, value = {
        ObservationTrigger.TAGS: ("NumberOfTags", inventory.tags),
        ObservationTrigger.UNIQUE_TAGS: ("NumberOfTags", inventory.tags),
        ObservationTrigger.ATTEMPTS: ("NumberOfAttempts", inventory.attempts),
        ObservationTrigger.NO_MORE_TAGS: ("T", inventory.silence_s),
        ObservationTrigger.NO_MORE_UNIQUE_TAGS: ("T", inventory.silence_s),
    }[inventory.trigger]
    if not value:
        raise SpecRefused(FIELD_ERROR, f"{field} of TagObservationTrigger must be above 0.")


def _need(parameter: Parameter, number: int, name: str) -> Parameter:
    child = parameter.child(number)
    if child is None:
        raise SpecRefused(MISSING, f"{parameter.name} has no {name}.")
    return child


def _choice(kinds: type[_Kind], value: int, name: str) -> _Kind:
    try:
        return kinds(value)
    except ValueError as error:
        known = ", ".join(str(int(one)) for one in kinds)
        raise SpecRefused(UNSUPPORTED, f"{name} {value} is not for this reader; it knows {known}.") from error
