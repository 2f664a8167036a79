"""What-if over HTTP: ask what a change would do to the hospital as it is now; the job's result is the comparison."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.doors.context import CallDep
from server.doors.router import Router
from server.http.plans import JobStarted
from simulation.experiments.request import Change, Scenario
from twin.access import Permission

router = Router("/v1/what-if", tag="what-if")

Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Value = int | float | bool | str | list[float] | None


class ChangeTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One change of the hospital, such as ``{"path": "pools.icu-bed.capacity", "action": "add", "value": 2}``."""

    path: Short
    action: Annotated[str, msgspec.Meta(pattern="^(set|add|scale|remove)$")] = "set"
    value: Value = None


class ScenarioTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A name and the changes that make it; without changes it is the hospital as it is."""

    name: Short
    changes: Annotated[tuple[ChangeTold, ...], msgspec.Meta(max_length=100)] = ()


class WhatIfWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question about the hospital as it is now; the first scenario is what the others are compared with."""

    scenarios: Annotated[tuple[ScenarioTold, ...], msgspec.Meta(max_length=20)] = (ScenarioTold(name="as it is"),)
    horizon_s: Annotated[float, msgspec.Meta(ge=3600, le=90 * 86_400)] = 172_800.0
    replications: Annotated[int, msgspec.Meta(ge=2, le=2000)] = 20
    seed: Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)] = 1


def _scenario(told: ScenarioTold) -> Scenario:
    changes = tuple(Change(path=one.path, action=one.action, value=one.value) for one in told.changes)
    return Scenario(name=told.name, changes=changes)


@router.post("/jobs", permission=Permission.SIMULATION_RUN, takes=WhatIfWanted, gives=JobStarted, status=202)
def start_what_if_job(call: CallDep) -> JobStarted:
    """Have a what-if computed from the hospital as it is now; `/v1/jobs/{job_id}` tells how far it is."""
    told = call.read(WhatIfWanted)
    arguments: dict[str, object] = {
        "base": "live",
        "horizon_s": told.horizon_s,
        "replications": told.replications,
        "seed": told.seed,
        "scenarios": msgspec.to_builtins([_scenario(one) for one in told.scenarios]),
    }
    return JobStarted(job=call.hospital.jobs.submit("what_if", arguments, actor=call.actor))
