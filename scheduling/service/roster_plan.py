"""Making a roster away from the hospital's own process: JSON values in, JSON values out."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from scheduling.checker.rosters import check_roster
from scheduling.model.plans import PlanKind
from scheduling.model.rosters import RosterProblem
from scheduling.rules.calendar_days import wall_time
from scheduling.service.contents import check_names, content_of, roster_report, shifts_of
from scheduling.service.planning import Heard, PlanRequest, Progress, check_zone, read_json, to_json
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import RosterSettings


def plan_roster(arguments: Mapping[str, object], progress: Progress) -> dict[str, object]:
    """Make and check a roster; the job ``roster``.

    Parameters
    ----------
    arguments : Mapping[str, object]
        Fields of :class:`PlanRequest`; ``problem`` is a :class:`RosterProblem`.
    progress : Progress
        Hears how far it is and the best price.

    Returns
    -------
    dict[str, object]
        ``plan`` as it would be published, ``report`` of the checker, ``problem``, ``roster``, ``is_relaxed`` and
        ``is_optimal``, all as JSON values.

    Raises
    ------
    DecodeError
        If the problem cannot be read or names what there is not.
    """
    request = read_json(msgspec.json.encode(dict(arguments)), PlanRequest, "plan")
    check_zone(request.zone)
    problem = read_json(bytes(request.problem) or b"null", RosterProblem, "problem")
    check_names(problem)
    settings = RosterSettings(seconds=request.seconds, threads=request.threads, seed=request.seed)
    heard = Heard(progress)
    found = solve_roster(problem, settings, heard.tell, heard.is_enough)
    # Hashed as it will be kept, so that the preview and the draft have one hash.
    body = msgspec.json.encode(problem), msgspec.json.encode(found.roster)
    return {
        "plan": {
            "kind": PlanKind.ROSTER.value,
            "start_at": request.start_at,
            "zone": request.zone,
            "based_on": request.based_on,
            "end_at": wall_time(request.start_at, problem.days, request.zone),
            "stays": [],
            "shifts": to_json(shifts_of(request.start_at, problem, found.roster, request.zone)),
            "content_hash": content_of(PlanKind.ROSTER, *body).content_hash,
        },
        "problem": to_json(problem),
        "roster": to_json(found.roster),
        "report": roster_report(check_roster(problem, found.roster)),
        "is_relaxed": found.is_relaxed,
        "is_optimal": found.is_optimal,
    }
