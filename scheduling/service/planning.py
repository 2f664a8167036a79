"""Making a plan away from the hospital's own process: JSON values in, JSON values out."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from scheduling.checker.admissions import check_admissions
from scheduling.loaders.horizon import Horizon
from scheduling.loaders.ihtc import problem_from_bytes
from scheduling.loaders.waiting_list import WaitingList, read_waiting_list
from scheduling.model.admissions import AdmissionProblem
from scheduling.model.report import HardRule, Report, SoftRule
from scheduling.rules.calendar_days import wall_time
from scheduling.service.publishing import hash_of, stays_of
from scheduling.service.soundness import check_admission_problem
from scheduling.solvers.admissions.search import Settings, solve
from twin.errors import DecodeError, InputError
from twin.opening_hours import opening_hours
from twin.state.frozen import HospitalState

T = TypeVar("T")


class Progress(Protocol):
    """How a job tells how far it is."""

    def __call__(self, share: float, note: str = "", partial: Mapping[str, object] | None = None) -> bool | None:
        """Tell the share done, a code, and what is known already; true asks to end with what there is."""


class Heard:
    """What stands between a search and who waits for it: each better plan is told, and it ends when that is enough.

    Parameters
    ----------
    progress : Progress
        Hears how far it is and the best cost.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._is_enough = False

    def tell(self, share: float, cost: int) -> None:
        """Tell the share done and the best cost, -1 for none."""
        if self._progress(share, "searching", {"cost": cost}):
            self._is_enough = True

    def is_enough(self) -> bool:
        """Tell whether somebody has asked to end with what there is."""
        return self._is_enough


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be planned: one of ``problem``, ``ihtc`` or ``state``.

    Parameters
    ----------
    kind : str
        ``admissions``, or ``roster`` in a job of that kind.
    problem : msgspec.Raw
        An :class:`AdmissionProblem`, or a ``RosterProblem``, as JSON.
    ihtc : msgspec.Raw
        A problem in the competition's format.
    state : str
        ``HospitalState.to_bytes()`` in base 64.
    waiting_list : str
        CSV text; when empty, the state's booked encounters are planned.
    start_at, days : int
        Horizon of the waiting list: UTC microseconds and days.
    zone : str
        IANA name of the zone in which ``start_at`` is midnight.
    wards : tuple[str, ...]
        Wards to plan; all when empty.
    stay_share : float
        Chance that a stay ends within what is planned for it, 0.5 to 0.9.
    nurse_rooms : int
        Occupied rooms that a nurse of the roster looks after at most; 0 for no limit.
    theatre_hours : str
        Where theatres or weekdays differ from eight hours from Monday to Friday, as ``twin.opening_hours`` reads it.
    turnover_minutes : int
        Between two operations of a theatre.
    based_on : str
        Id of the kept plan that is made again; empty for a plan of its own.
    seconds, threads, seed, steps
        As in :class:`Settings`.
    """

    kind: str = "admissions"
    problem: msgspec.Raw = msgspec.Raw()
    ihtc: msgspec.Raw = msgspec.Raw()
    state: str = ""
    waiting_list: str = ""
    start_at: int = 0
    days: int = 14
    zone: str = "UTC"
    wards: tuple[str, ...] = ()
    stay_share: float = 0.5
    nurse_rooms: int = 0
    theatre_hours: str = ""
    turnover_minutes: int = 0
    based_on: str = ""
    seconds: float = 10.0
    threads: int = 1
    seed: int = 0
    steps: int = 0


def plan_admissions(arguments: Mapping[str, object], progress: Progress) -> dict[str, object]:
    """Make and check a plan of beds, theatres and nurses; the job ``plan``.

    Parameters
    ----------
    arguments : Mapping[str, object]
        Fields of :class:`PlanRequest`.
    progress : Progress
        Hears how far it is and the best cost.

    Returns
    -------
    dict[str, object]
        ``plan`` as it would be published, ``report`` of the checker, ``problem`` and ``admissions`` (the plan in the
        planner's own terms), ``later`` (who of the list cannot come within its days), ``steps`` and ``seconds``, all
        as JSON values.
    """
    # Encoded and decoded: one check of every field, whoever called.
    request = read_json(msgspec.json.encode(dict(arguments)), PlanRequest, "plan")
    check_zone(request.zone)
    waiting = waiting_of(request)
    problem = waiting.problem
    settings = Settings(seconds=request.seconds, threads=request.threads, seed=request.seed, steps=request.steps)
    heard = Heard(progress)
    outcome = solve(problem, settings, heard.tell, heard.is_enough)
    report = check_admissions(problem, outcome.plan)
    return {
        "plan": {
            "kind": request.kind,
            "start_at": request.start_at,
            "zone": request.zone,
            "based_on": request.based_on,
            "end_at": wall_time(request.start_at, problem.days, request.zone),
            "stays": to_json(stays_of(request.start_at, problem, outcome.plan, request.zone)),
            "shifts": [],
            "content_hash": hash_of(problem, outcome.plan),
        },
        "problem": to_json(problem),
        "admissions": to_json(outcome.plan),
        "report": report_to_json(report),
        "later": [{"patient": one.id, "release_day": one.release_day} for one in waiting.later],
        "steps": outcome.steps,
        "seconds": outcome.seconds,
    }


def problem_of(request: PlanRequest) -> AdmissionProblem:
    """Give the problem that a request names; errors as of :func:`waiting_of`."""
    return waiting_of(request).problem


def waiting_of(request: PlanRequest) -> WaitingList:
    """Give the problem that a request names, and who of a waiting list is left out since they cannot come yet.

    Raises
    ------
    InputError
        If it names none, or one that cannot be used.
    """
    if request.kind != "admissions":
        raise InputError(f"kind: expected `admissions`, got {request.kind[:40]!r}.")
    if bytes(request.problem):
        problem = read_json(bytes(request.problem), AdmissionProblem, "problem")
        check_admission_problem(problem)
        return WaitingList(problem=problem)
    if bytes(request.ihtc):
        return WaitingList(problem=problem_from_bytes(bytes(request.ihtc), "ihtc"))
    if request.state:
        state = _state_of(request.state)
        horizon = Horizon(
            start_at=request.start_at,
            zone=request.zone,
            days=request.days,
            wards=frozenset(request.wards),
            stay_share=request.stay_share,
            nurse_rooms=request.nurse_rooms,
            hours=opening_hours(request.theatre_hours),
            turnover_minutes=request.turnover_minutes,
        )
        return read_waiting_list(state, horizon, request.waiting_list)
    raise InputError("Expected `problem`, `ihtc` or `state`; found none of them.")


def _state_of(text: str) -> HospitalState:
    try:
        return HospitalState.from_bytes(base64.b64decode(text, validate=True))
    except (ValueError, msgspec.MsgspecError) as error:
        raise InputError("state: expected `HospitalState.to_bytes()` in base 64.") from error


def check_zone(zone: str) -> None:
    """Refuse what is no time zone.

    Raises
    ------
    InputError
        Naming it.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"zone: expected an IANA name such as Europe/Berlin, got {zone[:40]!r}.") from error


def read_json(body: bytes, kind: type[T], name: str) -> T:
    """Decode JSON into a value.

    Parameters
    ----------
    body : bytes
        JSON text.
    kind : type
        What it should be.
    name : str
        What messages call it.

    Raises
    ------
    DecodeError
        Naming the field that does not fit.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"{name}: {error}.", code="plan.json") from error


def to_json(value: object) -> object:
    """Give a value as plain JSON values, in a fixed order."""
    return msgspec.json.decode(msgspec.json.encode(value, order="deterministic"))


def report_to_json(report: Report) -> dict[str, object]:
    """Give a check as plain JSON values: sums by rule, then every breach."""
    return {
        "cost": report.cost,
        "is_valid": report.is_valid,
        "rules": [*_hard_lines(report), *_soft_lines(report)],
        "costs": {rule.value: cost for rule, cost in report.cost_by_rule().items()},
        "violations_by_rule": {rule.value: amount for rule, amount in report.violations_by_rule().items()},
        "violations": to_json(report.violations),
        "dearest": to_json(sorted(report.costs, key=lambda found: -found.cost)[:50]),
    }


def _hard_lines(report: Report) -> list[dict[str, object]]:
    broken = report.violations_by_rule()
    return [{"rule": r.value, "is_hard": True, "violations": broken.get(r, 0), "cost": 0} for r in HardRule]


def _soft_lines(report: Report) -> list[dict[str, object]]:
    costs = report.cost_by_rule()
    counts = Counter(found.rule for found in report.costs)
    return [{"rule": r.value, "is_hard": False, "violations": counts[r], "cost": costs[r]} for r in SoftRule]
