"""Work orders: what is to be done to a device, what was found, and who signed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WorkKind(StrEnum):
    """Why a device is worked on."""

    CORRECTIVE = "corrective"
    PREVENTIVE = "preventive"
    CALIBRATION = "calibration"
    SAFETY_TEST = "safety_test"
    INCOMING = "incoming"
    RECALL = "recall"
    DECOMMISSION = "decommission"
    DISINFECTION = "disinfection"


class WorkState(StrEnum):
    """Where a work order stands; closed is for ever, what comes after is an amendment."""

    REQUESTED = "requested"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    ACCEPTANCE = "acceptance"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class StepKind(StrEnum):
    """What a step of a checklist asks for."""

    CHECK = "check"
    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    PHOTO = "photo"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a checklist with its limits, as they were when the work began.

    Parameters
    ----------
    id, label : str
        Key, and what is to be done.
    kind : StepKind
        What it asks for.
    unit : str
        Unit of a number.
    low, high : float or None
        Limits of a number, both included.
    choices : tuple[str, ...]
        Allowed answers of a choice.
    is_required : bool
        Whether the work can be closed without it.
    """

    id: str
    label: str
    kind: StepKind = StepKind.CHECK
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found at one step.

    Parameters
    ----------
    step : str
        Key of the step.
    value : str or float or bool
        The finding.
    actor : str
        Who found it.
    at : int
        When, UTC microseconds.
    """

    step: str
    value: str | float | bool
    actor: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A spare part that was built in.

    Parameters
    ----------
    item, lot : str
        Ids in the stock.
    quantity : int
        Base units.
    cost : int
        Integer minor units in all.
    """

    item: str
    quantity: int
    lot: str = ""
    cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Labour:
    """Time that somebody worked.

    Parameters
    ----------
    staff : str
        Who.
    minutes : int
        How long.
    cost : int
        Integer minor units; an external service's invoice has a cost and may have no minutes.
    is_external : bool
        Whether a vendor did it.
    """

    staff: str
    minutes: int
    # An external invoice may name no minutes; its cost still counts.
    cost: int = 0
    is_external: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What was added to a closed work order; what stood there before stays."""

    actor: str
    at: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """One piece of work on one device.

    Parameters
    ----------
    id, asset : str
        Keys.
    kind, state
        Why, and where it stands.
    title : str
        What is to be done.
    priority : int
        1 (highest) to 5.
    opened_at, due_at, started_at, closed_at : int
        UTC microseconds; 0 while not known.
    steps, answers
        The checklist as it was when the work began, and what was found.
    parts, labour
        What it took.
    failure_code, finding : str
        Coded failure, and coded outcome: ``repaired``, ``no_problem_found``, ``use_error``, ``not_located`` …
    opens_mains_part : bool
        Whether an electrical safety test must follow.
    acceptance_passed, safety_test_passed : bool
        What must be true before a repaired device goes back into service.
    closed_by : str
        Who signed.
    amendments : tuple[Amendment, ...]
        What was added after it was closed.
    rule, due_date : str
        The maintenance rule and local date that it fulfils; empty otherwise.
    planned_on : str
        Local date of the Monday of the week for which it was planned; empty if it was not.
    """

    id: str
    asset: str
    kind: WorkKind
    state: WorkState = WorkState.OPEN
    title: str = ""
    priority: int = 3
    opened_at: int = 0
    due_at: int = 0
    started_at: int = 0
    closed_at: int = 0
    # Copied when it is opened: a checklist that is changed later changes no result.
    steps: tuple[Step, ...] = ()
    answers: tuple[Answer, ...] = ()
    parts: tuple[Part, ...] = ()
    labour: tuple[Labour, ...] = ()
    failure_code: str = ""
    finding: str = ""
    opens_mains_part: bool = False
    acceptance_passed: bool = False
    safety_test_passed: bool = False
    closed_by: str = ""
    amendments: tuple[Amendment, ...] = ()
    rule: str = ""
    # A local day and no instant: compliance counts days, and 23:30 in Berlin is the day before in UTC.
    due_date: str = ""
    planned_on: str = ""
