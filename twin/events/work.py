"""Events about tasks, plans and staff."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from twin.events.envelope import Event


class TaskKind(StrEnum):
    """What a task asks for."""

    RESTOCK = "restock"
    CLEAN = "clean"
    TRANSPORT = "transport"
    MAINTAIN = "maintain"
    RETRIEVE = "retrieve"
    COUNT = "count"


class TaskRequested(Event, frozen=True):
    """Something should be done; scheduling makes one task of it.

    Parameters
    ----------
    kind : TaskKind
        What is asked for.
    dedupe_key : str
        As long as a task with this key is open, a further request makes no second one.
    subject_id : str
        Item, asset, bed or place that it is about (``thing`` is the request's own subject, usually the same).
    from_place, to_place : str
        Ids of where to fetch and where to bring or to do; empty if it does not apply.
    quantity : int
        Base units to bring; 0 if it does not apply.
    due_at : int
        UTC microseconds; 0 for no deadline.
    priority : int
        1 (highest) to 5.
    reason : str
        Stable code of the trigger: ``par_breach``, ``bin_empty``, ``departure``, ``egress`` …
    """

    subject: ClassVar[str] = "request"

    kind: TaskKind
    dedupe_key: str
    subject_id: str = ""
    from_place: str = ""
    to_place: str = ""
    quantity: int = 0
    due_at: int = 0
    priority: int = 3
    reason: str = ""


class RequestSettled(Event, frozen=True):
    """What was asked for is done, or is needed no more; scheduling closes the task that was made of the request.

    Parameters
    ----------
    dedupe_key : str
        Of the request.
    is_done : bool
        Whether it was done; False if it was given up.
    reason : str
        Why it was given up.
    """

    subject: ClassVar[str] = "request"

    dedupe_key: str
    is_done: bool = True
    reason: str = ""


class TaskCreated(Event, frozen=True):
    """A task exists; fields as in :class:`TaskRequested`."""

    subject: ClassVar[str] = "task"

    kind: TaskKind
    dedupe_key: str = ""
    subject_id: str = ""
    from_place: str = ""
    to_place: str = ""
    quantity: int = 0
    due_at: int = 0
    priority: int = 3
    reason: str = ""


class TaskAssigned(Event, frozen=True):
    """A task was given to somebody; empty takes it back."""

    subject: ClassVar[str] = "task"

    assignee: str
    position: int = 0


class TaskStarted(Event, frozen=True):
    """Somebody began a task."""

    subject: ClassVar[str] = "task"


class TaskBlocked(Event, frozen=True):
    """A task cannot go on, with the reason; it stays open."""

    subject: ClassVar[str] = "task"

    reason: str


class TaskCompleted(Event, frozen=True):
    """A task is done.

    Parameters
    ----------
    quantity : int
        Base units brought; may be short.
    outcome : str
        ``done``, ``short``, ``substituted``.
    """

    subject: ClassVar[str] = "task"

    quantity: int = 0
    outcome: str = "done"


class TaskCancelled(Event, frozen=True):
    """A task is not needed any more, or was given up."""

    subject: ClassVar[str] = "task"

    reason: str = ""


class StaffDefined(Event, frozen=True):
    """A member of staff can be scheduled.

    Parameters
    ----------
    role : str
        Profession code: ``nurse``, ``porter``, ``cleaner``, ``biomed``, ``logistics``, ``surgeon`` …
    skills : tuple[str, ...]
        Skill codes.
    department : str
        Home department code.
    label : str
        What boards show; a pseudonym such as ``Nurse 014``.
    """

    subject: ClassVar[str] = "staff"

    role: str
    skills: tuple[str, ...] = ()
    department: str = ""
    label: str = ""


class StaffRemoved(Event, frozen=True):
    """A member of staff left."""

    subject: ClassVar[str] = "staff"


class PlannedStay(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One encounter in a published plan; instants in UTC microseconds, ``procedure`` is the code of its operation."""

    encounter: str
    place: str
    start_at: int
    end_at: int
    theatre: str = ""
    theatre_start_at: int = 0
    theatre_end_at: int = 0
    surgeon: str = ""
    procedure: str = ""


class PlannedShift(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One shift of one member of staff in a published plan; instants in UTC microseconds."""

    staff: str
    place: str
    start_at: int
    end_at: int
    role: str = ""


class PlanPublished(Event, frozen=True):
    """A plan is in force for its horizon and replaces the one before of its kind and place.

    Parameters
    ----------
    kind : str
        ``admissions`` or ``roster``.
    start_at, end_at : int
        Horizon, UTC microseconds.
    stays, shifts
        What is planned.
    content_hash : str
        Hash under which the plan and its check report are stored.
    place : str
        Ward or area that a roster staffs; empty for the whole hospital. Rosters of several places are in force at once.
    """

    subject: ClassVar[str] = "plan"

    kind: str
    start_at: int
    end_at: int
    stays: tuple[PlannedStay, ...] = ()
    shifts: tuple[PlannedShift, ...] = ()
    content_hash: str = ""
    place: str = ""


class ShiftRequestChanged(Event, frozen=True):
    """Somebody asked for leave, a swap or to give a shift away, or answered such a request.

    Parameters
    ----------
    kind : str
        ``leave``, ``swap`` or ``offer``.
    stage : str
        How far it is now: ``offered``, ``asked``, ``agreed``, ``approved``, ``refused``, ``withdrawn`` or ``undone``.
    staff, partner : str
        Ids of the members of staff whom it concerns; empty if there is none.
    reason : str
        Why, in the person's words.
    """

    subject: ClassVar[str] = "shift_request"

    kind: str
    stage: str
    staff: str = ""
    partner: str = ""
    reason: str = ""


class LeaveTermsSet(Event, frozen=True):
    """What a contract grants of leave was set from a calendar year on; the thing is the contract.

    Parameters
    ----------
    year : int
        First calendar year.
    half_days, carry_half_days : int
        Entitlement of a year, and the most that goes over into the next one.
    carry_until : str
        Last day on which that can be taken, month and day such as ``03-31``.
    weekdays : str
        Days of the week that leave is counted on, Monday is 0: ``01234``.
    """

    subject: ClassVar[str] = "contract"

    year: int
    half_days: int
    carry_half_days: int = 0
    carry_until: str = ""
    weekdays: str = "01234"


class LeaveGranted(Event, frozen=True):
    """Somebody's leave of a calendar year was corrected by hand; the thing is the member of staff.

    Parameters
    ----------
    year : int
        Calendar year.
    half_days : int
        More, or fewer if below 0.
    reason : str
        Why, in the person's words.
    """

    subject: ClassVar[str] = "staff"

    year: int
    half_days: int
    reason: str = ""
