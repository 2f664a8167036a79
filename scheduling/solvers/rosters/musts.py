"""The musts of a roster by themselves, without anything that has a price.

A weekly roster has few musts (one shift a day, skills, smallest numbers of people, what may follow on what) and many
prices. A model of its musts alone is a fraction of the whole one, and where there are people enough a solver finds a
roster in it within moments, whatever else takes the machine.
"""

from __future__ import annotations

from dataclasses import replace

from scheduling.model.rosters import ANY, HARD, Contract, Limit, RosterProblem


def musts_of(problem: RosterProblem) -> RosterProblem:
    """Give a problem of the same people, days and musts, in which nothing has a price.

    Every roster that keeps the musts of one keeps those of the other. How evenly shifts are shared, wishes and changes
    have prices only.

    Parameters
    ----------
    problem : RosterProblem
        The true one.
    """
    return replace(
        problem,
        shifts=tuple(replace(shift, run=_must(shift.run)) for shift in problem.shifts),
        contracts=tuple(_contract(one) for one in problem.contracts),
        needs=tuple(replace(one, preferred=0, under=0, over=0) for one in problem.needs if one.minimum > 0),
        requests=(),
        fairness=(),
        pairs=tuple(one for one in problem.pairs if one.weight == HARD),
        published=(),
        change=0,
    )


def _must(limit: Limit) -> Limit:
    return limit if limit.weight == HARD else ANY


def _contract(contract: Contract) -> Contract:
    return replace(
        contract,
        minutes=_must(contract.minutes),
        assignments=_must(contract.assignments),
        work_run=_must(contract.work_run),
        off_run=_must(contract.off_run),
        weekends=_must(contract.weekends),
        complete_weekend=HARD if contract.complete_weekend == HARD else 0,
    )
