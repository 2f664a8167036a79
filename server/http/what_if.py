"""What-if over HTTP: ask what a change would do to the hospital as it is now; the job's result is the comparison."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from dash_app.actions.pathways import desk_of, kept_question
from server.doors.context import Call, CallDep
from server.doors.router import Router
from server.http.commanding import instant_told
from server.http.plans import JobStarted
from simulation.experiments.live import live_start
from simulation.experiments.sensitivity import USUAL_MEASURE
from simulation.experiments.situations.offers import SITUATIONS, choices_of
from simulation.experiments.sizes import document_of
from twin.access import Permission

router = Router("/v1", tag="what-if")

Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Value = int | float | bool | str | list[float] | None


class ChangeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One change of the hospital, such as ``{"path": "pools.icu-bed.capacity", "action": "add", "value": 2}``."""

    path: Short
    action: Annotated[str, msgspec.Meta(pattern="^(set|add|scale|remove)$")] = "set"
    value: Value = None


class SituationTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A situation of the library, such as ``{"name": "ward_closure", "values": {"beds": 10, "hours": 48}}``."""

    name: Short
    values: dict[str, float | str] = {}


class ScenarioTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A name and what makes it: situations, then changes; without any it is the hospital as it is."""

    name: Short
    changes: Annotated[tuple[ChangeTold, ...], msgspec.Meta(max_length=100)] = ()
    situations: Annotated[tuple[SituationTold, ...], msgspec.Meta(max_length=10)] = ()
    cost_once: float = 0.0


class PoolCostTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Prices of a resource in minor units: a unit on duty an hour (24 numbers: by local hour), in use, in overtime."""

    per_hour: float | list[float] = 0.0
    in_use_per_hour: float = 0.0
    overtime_per_hour: float = 0.0


class CostsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Prices by resource, and of each that happens, such as ``{"left.wait-for-bay": 20000}``."""

    currency: str = ""
    pools: dict[str, PoolCostTold] = {}
    counts: dict[str, float] = {}


Scenarios = Annotated[tuple[ScenarioTold, ...], msgspec.Meta(min_length=1, max_length=20)]
Replications = Annotated[int, msgspec.Meta(ge=2, le=2000)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)]
Limits = Annotated[tuple[Short, ...], msgspec.Meta(max_length=10)]
OneMore = bool | Annotated[list[Short], msgspec.Meta(max_length=40)]


class WhatIfWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question about the hospital as it is now; the first scenario is what the others are compared with.

    ``one_more`` (true, or names of pools) adds a scenario for each pool in which it has one unit more.
    """

    scenarios: Scenarios = (ScenarioTold(name="as it is"),)
    horizon_s: Annotated[float, msgspec.Meta(ge=3600, le=90 * 86_400)] = 172_800.0
    replications: Replications = 20
    seed: Seed = 1
    one_more: OneMore = False
    costs: CostsTold | None = None


class WhatIfTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question: the hospital as it is now, a kept pathway or one of its own, and scenarios, the first to beat.

    ``kept`` names a kept pathway; ``version`` tells which, 0 for the newest. With ``in_place`` it begins now, with
    those who are in the hospital and have a node of the same name in it; the answer tells who was left out.
    """

    scenarios: Scenarios
    pathway: dict[str, Any] | None = None
    kept: Annotated[str, msgspec.Meta(max_length=120)] = ""
    version: Annotated[int, msgspec.Meta(ge=0)] = 0
    in_place: bool = False
    start: Annotated[str, msgspec.Meta(max_length=40)] = ""
    hours: Annotated[float, msgspec.Meta(gt=0, le=9000)] = 48.0
    warm_up_hours: Annotated[float, msgspec.Meta(ge=0, le=9000)] = 0.0
    replications: Replications = 20
    seed: Seed = 1
    one_more: OneMore = False
    costs: CostsTold | None = None


class ParameterOffered(msgspec.Struct, frozen=True, kw_only=True):
    """A number that a situation asks for; the ending of its key tells the unit: hours, minutes, days, share."""

    key: str
    usual: float
    low: float
    high: float
    is_whole: bool


class SituationOffered(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the library; ``choice`` names the text that it asks for, ``options`` what may be chosen."""

    name: str
    parameters: list[ParameterOffered]
    choice: str
    options: list[str]


class LibraryShown(msgspec.Struct, frozen=True, kw_only=True):
    """What can be asked about by name in the hospital as it is now."""

    situations: list[SituationOffered]


def _asked(told: WhatIfTold | WhatIfWanted) -> dict[str, object]:
    return {
        "scenarios": msgspec.to_builtins(told.scenarios),
        "replications": told.replications,
        "seed": told.seed,
        "one_more": told.one_more,
        "costs": msgspec.to_builtins(told.costs),
    }


@router.post("/what-if", permission=Permission.SIMULATION_RUN, takes=WhatIfTold, gives=JobStarted, status=202)
def ask_what_if(call: CallDep) -> JobStarted:
    """Have a question simulated; the job tells how far it is, holds partial answers, and at last the result."""
    told = call.read(WhatIfTold)
    arguments = _asked(told) | {"horizon_s": told.hours * 3600.0, "warm_up_s": told.warm_up_hours * 3600.0}
    if told.pathway is None and not told.kept:
        # the state is frozen when the job is prepared, not here: one place for all who ask
        arguments["base"] = "live"
    else:
        own = {"pathway": told.pathway}
        if told.kept:
            own = kept_question(desk_of(call.hospital.services), told.kept, told.version)
        start_at = instant_told(told.start, call.hospital.clock.now(), "what-if")
        arguments |= own | {"start_at": start_at, "in_place": told.in_place}
    return JobStarted(job=call.hospital.jobs.submit("what_if", arguments, actor=call.actor))


@router.post("/what-if/jobs", permission=Permission.SIMULATION_RUN, takes=WhatIfWanted, gives=JobStarted, status=202)
def start_what_if_job(call: CallDep) -> JobStarted:
    """Have a what-if computed from the hospital as it is now; `/v1/jobs/{job_id}` tells how far it is."""
    told = call.read(WhatIfWanted)
    arguments = _asked(told) | {"base": "live", "horizon_s": told.horizon_s}
    return JobStarted(job=call.hospital.jobs.submit("what_if", arguments, actor=call.actor))


class ChoiceWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which of several scenarios is best by a measure, among those that keep the limits.

    ``zone`` is the difference that does not matter, in the unit of the measure; ``replications`` the most that a
    scenario gets. With the method ``ocba`` a ``budget`` of runs is shared out instead, and there is no zone.
    """

    scenarios: Annotated[tuple[ScenarioTold, ...], msgspec.Meta(min_length=2, max_length=20)]
    measure: Short
    zone: Annotated[float, msgspec.Meta(gt=0)] | None = None
    method: Literal["kn", "ocba"] = "kn"
    budget: Annotated[int, msgspec.Meta(ge=20, le=100_000)] = 1000
    limits: Limits = ()
    pathway: dict[str, Any] | None = None
    hours: Annotated[float, msgspec.Meta(gt=0, le=9000)] = 48.0
    replications: Annotated[int, msgspec.Meta(ge=10, le=2000)] = 200
    seed: Seed = 1
    costs: CostsTold | None = None


class OptimumWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The cheapest counts that keep the limits, such as ``pools.icu.capacity=8..20@30000`` (entry, bounds, price)."""

    levers: Annotated[tuple[Short, ...], msgspec.Meta(min_length=1, max_length=20)]
    limits: Annotated[tuple[Short, ...], msgspec.Meta(min_length=1, max_length=10)]
    pathway: dict[str, Any] | None = None
    hours: Annotated[float, msgspec.Meta(gt=0, le=9000)] = 48.0
    replications: Annotated[int, msgspec.Meta(ge=10, le=2000)] = 200
    seed: Seed = 1


@router.post("/what-if/choices", permission=Permission.SIMULATION_RUN, takes=ChoiceWanted, gives=JobStarted, status=202)
def choose_scenario(call: CallDep) -> JobStarted:
    """Have the best of several scenarios chosen; the job's result names it, and how sure that is."""
    told = call.read(ChoiceWanted)
    arguments = _base(call, told.pathway, told.hours) | {
        "scenarios": msgspec.to_builtins(told.scenarios),
        "measure": told.measure,
        "method": told.method,
        "budget": told.budget,
        "zone": told.zone,
        "limits": list(told.limits),
        "replications": told.replications,
        "seed": told.seed,
        "costs": msgspec.to_builtins(told.costs),
    }
    return JobStarted(job=call.hospital.jobs.submit("choice", arguments, actor=call.actor))


@router.post("/what-if/optima", permission=Permission.SIMULATION_RUN, takes=OptimumWanted, gives=JobStarted, status=202)
def find_optimum(call: CallDep) -> JobStarted:
    """Have the cheapest numbers of beds, people and devices found that keep the limits."""
    told = call.read(OptimumWanted)
    arguments = _base(call, told.pathway, told.hours) | {
        "levers": list(told.levers),
        "limits": list(told.limits),
        "replications": told.replications,
        "seed": told.seed,
    }
    return JobStarted(job=call.hospital.jobs.submit("optimum", arguments, actor=call.actor))


class WarmUpWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long the empty beginning of a run must not count; ``cycle_hours`` is 24 or 168 where days or weeks repeat."""

    pathway: dict[str, Any] | None = None
    hours: Annotated[float, msgspec.Meta(gt=0, le=20_000)] = 1344.0
    cycle_hours: Annotated[float, msgspec.Meta(ge=0, le=9000)] = 0.0
    replications: Annotated[int, msgspec.Meta(ge=1, le=2000)] = 20
    seed: Seed = 1


@router.post("/what-if/warmups", permission=Permission.SIMULATION_RUN, takes=WarmUpWanted, gives=JobStarted, status=202)
def find_warm_up(call: CallDep) -> JobStarted:
    """Have the warm-up of a pathway found by MSER-5; the job's result tells it for every queue and resource."""
    told = call.read(WarmUpWanted)
    arguments = _base(call, told.pathway, told.hours) | {
        "cycle_s": told.cycle_hours * 3600.0,
        "replications": told.replications,
        "seed": told.seed,
    }
    return JobStarted(job=call.hospital.jobs.submit("warm_up", arguments, actor=call.actor))


def _base(call: Call, pathway: dict[str, Any] | None, hours: float) -> dict[str, object]:
    told: dict[str, object] = {"horizon_s": hours * 3600.0}
    if pathway is None:
        return told | {"base": "live"}
    return told | {"pathway": pathway, "start_at": call.hospital.clock.now()}


@router.get("/what-if/situations", permission=Permission.SIMULATION_READ, gives=LibraryShown)
def list_situations(call: CallDep) -> LibraryShown:
    """List the situations of the library with what each asks for, and the wards that can be chosen."""
    document = live_start(call.hospital.live.freeze(call.hospital.clock.now())).pathway
    return LibraryShown(
        situations=[
            SituationOffered(
                name=one.name,
                parameters=[
                    msgspec.convert(parameter, ParameterOffered, from_attributes=True) for parameter in one.parameters
                ],
                choice=one.choice,
                options=list(choices_of(one, document)),
            )
            for one in SITUATIONS.values()
        ]
    )


class SheetTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A hospital without a log: its size and what is guessed of it, each by name; what is left out is usual."""

    rooms: dict[str, int] = {}
    wards: dict[str, int] = {}
    sheet: dict[str, Any] = {}


class SheetDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The pathway of such a hospital, to be kept or asked."""

    document: dict[str, Any]


class SensitivityWanted(SheetTold, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which guesses matter for a measure: each is varied by ``share``, lower and higher, with the same patients."""

    measure: Short = USUAL_MEASURE
    share: Annotated[float, msgspec.Meta(ge=0.01, le=0.9)] = 0.2
    hours: Annotated[float, msgspec.Meta(ge=1, le=2160)] = 336.0
    warm_up_hours: Annotated[float, msgspec.Meta(ge=0, le=2160)] = 168.0
    replications: Replications = 20
    seed: Seed = 1


@router.post("/what-if/sheet", permission=Permission.SIMULATION_READ, takes=SheetTold, gives=SheetDocument)
def make_from_sheet(call: CallDep) -> SheetDocument:
    """Give the pathway of a hospital of which only its size and some guesses are known."""
    told = call.read(SheetTold)
    return SheetDocument(document=document_of(msgspec.to_builtins(told), call.hospital.settings.time_zone))


@router.post(
    "/what-if/sensitivities",
    permission=Permission.SIMULATION_RUN,
    takes=SensitivityWanted,
    gives=JobStarted,
    status=202,
)
def find_sensitivities(call: CallDep) -> JobStarted:
    """Have it told which guesses about a hospital matter; the job's result names them, the most felt first."""
    told = call.read(SensitivityWanted)
    arguments = {
        "rooms": told.rooms,
        "wards": told.wards,
        "sheet": told.sheet,
        "measure": told.measure,
        "share": told.share,
        "horizon_s": told.hours * 3600,
        "warm_up_s": told.warm_up_hours * 3600,
        "replications": told.replications,
        "seed": told.seed,
    }
    return JobStarted(job=call.hospital.jobs.submit("sensitivity", arguments, actor=call.actor))
