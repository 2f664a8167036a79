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
PLAN: dict[str, object] = {"kind": "admissions", "horizon_h": 168, "seconds": 3, "seed": 1}
PATIENCE_S = 120.0


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
    """Give the heart of a what-if: each measure of the base with its count and interval, and how to repeat it.

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
        "measures": base["measures"],
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
    plan = result["plan"]
    return {"stays": len(plan["stays"]), "content_hash": plan["content_hash"], "report": result["report"]}
