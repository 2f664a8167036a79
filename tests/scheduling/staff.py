"""Rosters for tests: small random problems with every kind of rule."""

from __future__ import annotations

import numpy as np

from scheduling.model.rosters import (
    HARD,
    Assignment,
    Contract,
    Employee,
    Fairness,
    History,
    Limit,
    Need,
    Pair,
    Request,
    Roster,
    RosterProblem,
    Shift,
)

EARLY = Shift(id="E", minutes=480, start_minute=420)
LATE = Shift(id="L", minutes=480, start_minute=840, forbidden_next=frozenset({"E"}))
NIGHT = Shift(id="N", minutes=600, start_minute=1260, forbidden_next=frozenset({"E", "L"}), run=Limit(high=3, weight=7))


def contract(**changed: object) -> Contract:
    """Give a full-time contract."""
    fields: dict[str, object] = {
        "id": "full",
        "shift_counts": {"N": 4},
        "minutes": Limit(low=960, high=4800),
        "work_run": Limit(low=2, high=5),
        "off_run": Limit(low=2),
        "weekends": Limit(high=1),
    } | changed
    return Contract(**fields)  # type: ignore[arg-type]  # fields of Contract


def month(**changed: object) -> RosterProblem:
    """Give two weeks of four people."""
    fields: dict[str, object] = {
        "days": 14,
        "shifts": (EARLY, LATE, NIGHT),
        "contracts": (contract(),),
        "employees": tuple(Employee(id=name, contract="full") for name in "abcd"),
        "needs": tuple(Need(day=day, shift="E", preferred=2, under=100, over=1) for day in range(14)),
    } | changed
    return RosterProblem(**fields)  # type: ignore[arg-type]  # fields of RosterProblem


def roster_from(rows: dict[str, str]) -> Roster:
    """Give a roster from one letter for each day; a dot is off."""
    return Roster(
        assignments=tuple(
            Assignment(employee=who, day=day, shift=letter)
            for who, row in rows.items()
            for day, letter in enumerate(row)
            if letter != "."
        )
    )


def random_problem(seed: int) -> RosterProblem:
    """Give a week with history, skills, wishes, fairness and pairs, of musts and prices by chance."""
    chance = np.random.default_rng(seed)

    def draw(low: int, high: int) -> int:
        return int(chance.integers(low, high + 1))

    def limit(low: int, high: int) -> Limit:
        return Limit(low=low, high=high, weight=draw(1, 30))

    names = [f"n{i}" for i in range(draw(3, 5))]
    staff = []
    for index, name in enumerate(names):
        last = ("", "E", "L", "N")[draw(0, 3)]
        run = draw(1, 3) if last else 0
        history = History(
            last_shift=last,
            shift_run=run,
            work_run=run + draw(0, 2) if last else 0,
            off_run=0 if last else draw(1, 3),
            assignments=draw(0, 6),
            weekends=draw(0, 2),
        )
        skills = frozenset({"senior", "nurse"} if index == 0 else {"nurse"})
        off = frozenset({draw(0, 6)}) if draw(0, 2) == 0 else frozenset()
        staff.append(Employee(id=name, contract="soft", skills=skills, days_off=off, history=history))
    soft = Contract(
        id="soft",
        minutes=Limit(high=3600),
        assignments=limit(2, 9),
        work_run=limit(draw(1, 3), 4),
        off_run=limit(draw(1, 3), 4),
        weekends=limit(0, 2),
        complete_weekend=draw(0, 30),
    )
    shifts = (EARLY, LATE, Shift(id="N", minutes=600, forbidden_next=frozenset({"E", "L"}), run=limit(2, 3)))
    needs = [
        Need(day=day, shift=shift, skill="nurse", preferred=draw(0, 2), under=draw(0, 40), over=draw(0, 3))
        for day in range(7)
        for shift in "ELN"
    ]
    needs.append(Need(day=draw(0, 6), shift="E", skill="senior", minimum=draw(0, 1), under=0))
    wishes = [
        Request(
            employee=names[draw(0, 2)],
            day=draw(0, 6),
            shift=("", "E", "N")[draw(0, 2)],
            is_on=bool(draw(0, 1)),
            weight=draw(1, 9),
        )
        for _ in range(4)
    ]
    return RosterProblem(
        days=7,
        shifts=shifts,
        contracts=(soft,),
        employees=tuple(staff),
        needs=tuple(needs),
        requests=tuple(wishes),
        fairness=(
            Fairness(shifts=frozenset({"N"}), weight=draw(1, 5), carried={name: draw(0, 4) for name in names[1:]}),
            Fairness(weight=2),
        ),
        pairs=(Pair(trainee=names[1], mentor=names[0], weight=draw(1, 9)),),
        skills=("nurse", "senior"),
        weeks_done=1,
        weeks=2,
        published=(Assignment(employee=names[0], day=1, shift="E", skill="nurse"),),
        change=draw(0, 3),
    )


MUST = HARD
"""The weight of a must, for tests that change rules."""
