"""What the demo asks of its own planners: one what-if and one plan, as jobs like everybody's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from server.jobs.kinds import JOB_KINDS
from server.jobs.runner import OVER, JobRunner, JobState
from server.wiring import Hospital
from twin.access import SYSTEM

WHAT_IF: dict[str, object] = {"base": "live", "replications": 20, "seed": 1}
PLAN: dict[str, object] = {"kind": "admissions", "days": 12, "seconds": 3, "seed": 1}
PATIENCE_S = 120.0
# Of some four hundred measures, those that an administrator would ask for first.
TOLD = ("patients.", "exits.", "stay.", "wait.wait-for-bay.")
OCCUPIED = ".occupied"


async def ask(hospital: Hospital, kind: str, arguments: Mapping[str, object]) -> dict[str, object]:
    """Run a job to its end and give its result.

    Parameters
    ----------
    hospital : Hospital
        At work, with its job runner.
    kind : str
        What kind of job.
    arguments : Mapping[str, object]
        Plain JSON.

    Returns
    -------
    dict[str, object]
        The job's result; ``problem`` alone if it failed or took longer than two minutes, empty without a runner.
    """
    runner = hospital.jobs
    if not isinstance(runner, JobRunner) or kind not in JOB_KINDS:
        return {}
    job = await asyncio.to_thread(runner.submit, kind, arguments, actor=SYSTEM)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (view := await asyncio.to_thread(runner.view, job)).state not in OVER:
                await asyncio.sleep(0.2)
    except TimeoutError:
        runner.cancel(job)
        return {"problem": "timeout"}
    if view.state is not JobState.DONE or not view.result_hash:
        return {"problem": view.state.value, "detail": str(view.problem)}
    found: dict[str, object] = msgspec.json.decode(runner.result(view.result_hash))
    return {**found, "result_hash": view.result_hash}


def told_of_what_if(result: Mapping[str, Any]) -> dict[str, object]:
    """Give the heart of a what-if: the measures of the whole hospital with count and interval, and how to repeat it.

    Parameters
    ----------
    result : Mapping[str, Any]
        From :func:`ask`.
    """
    if "scenarios" not in result:
        return dict(result)
    base = result["scenarios"][0]
    return {
        "address": result["address"],
        "engine_version": result["engine_version"],
        "seed": WHAT_IF["seed"],
        "measures": {
            key: value for key, value in base["measures"].items() if key.startswith(TOLD) or key.endswith(OCCUPIED)
        },
    }


def told_of_plan(result: Mapping[str, Any]) -> dict[str, object]:
    """Give the heart of a plan: how many stays, and what the checker says of each rule.

    Parameters
    ----------
    result : Mapping[str, Any]
        From :func:`ask`.
    """
    if "plan" not in result:
        return dict(result)
    plan, report = result["plan"], result["report"]
    told = {key: report[key] for key in ("is_valid", "cost", "rules")}
    return {"stays": len(plan["stays"]), "content_hash": plan["content_hash"], "report": told}
