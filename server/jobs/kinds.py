"""What kinds of jobs there are: a function each, which another process imports when it is first needed."""

from __future__ import annotations

JOB_KINDS: dict[str, str] = {
    "calibration": "server.runs.calibrating:work",
    "choice": "server.runs.choosing:work_choice",
    "optimum": "server.runs.choosing:work_optimum",
    "plan": "scheduling.service.planning:plan_admissions",
    "roster": "scheduling.service.roster_plan:plan_roster",
    "sensitivity": "server.runs.sheets:work",
    "warm_up": "server.runs.choosing:work_warm_up",
    "what_if": "server.runs.what_if:work",
}
"""``module:function`` by kind; the function takes plain JSON arguments and a ``Progress`` and gives plain JSON."""

JOB_PREPARERS: dict[str, str] = {
    "calibration": "server.runs.calibrating:prepare",
    "choice": "server.runs.choosing:prepare",
    "optimum": "server.runs.choosing:prepare",
    "plan": "server.runs.plans:prepare",
    "roster": "server.runs.plans:prepare",
    "sensitivity": "server.runs.sheets:prepare",
    "warm_up": "server.runs.choosing:prepare_warm_up",
    "what_if": "server.runs.what_if:prepare",
}
"""``module:function`` by kind; given the hospital and the arguments, gives them with what the job needs to know."""
