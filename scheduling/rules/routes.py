"""How a round is walked: when a carrier is where, leaving each place as early as possible."""

from __future__ import annotations

from collections.abc import Sequence

from scheduling.model.routes import FAR_S, Carrier, Round, RouteProblem, RouteTask, Stop


def round_of(problem: RouteProblem, carrier: Carrier, tasks: Sequence[RouteTask]) -> Round:
    """Give the round in which a carrier does tasks in their order.

    Parameters
    ----------
    problem : RouteProblem
        Places and walking seconds.
    carrier : Carrier
        Who walks.
    tasks : Sequence[RouteTask]
        What is done, in order.
    """
    index = {place: at for at, place in enumerate(problem.places)}

    def way(start: str, end: str) -> int:
        # FAR_S bounds the sums: a way that does not exist must not become an instant in another century.
        return min(FAR_S, int(problem.seconds[index[start], index[end]])) if start and end else 0

    stops, now, place, walked = [], carrier.from_s, carrier.start, 0
    for task in tasks:
        step = way(place, task.from_place or task.place)
        carried = way(task.from_place, task.place)
        begin = max(now + step, task.earliest_s)
        leave = begin + carried + task.service_s
        stops.append(Stop(task=task.id, arrive_s=now + step, begin_s=begin, leave_s=leave))
        now, place, walked = leave, task.place, walked + step + carried
    home = way(place, carrier.end) if stops else 0
    return Round(carrier=carrier.id, stops=tuple(stops), walking_s=walked + home)
