"""Recall closure beside a model of it that walks everything there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, insert
from sqlmodel import Session, SQLModel

from assets.service import tracing
from assets.service.tracing import recall_closure
from assets.tables.rows import CycleRow, IndicatorRow, LoadItemRow, LoadRow, SetUseRow
from twin.errors import NotFound

TABLES = (CycleRow, LoadRow, LoadItemRow, IndicatorRow, SetUseRow)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine, tables=[table.__table__ for table in TABLES])  # type: ignore[attr-defined]
    with Session(engine) as open_session:
        yield open_session
    engine.dispose()


@dataclass(frozen=True)
class Past:
    """Cycles as (machine, start, what its indicators said, sets), and uses as (set, instant)."""

    cycles: list[tuple[str, int, tuple[bool, ...], tuple[str, ...]]]
    uses: list[tuple[str, int]]

    def name(self, index: int) -> str:
        # Names in another order than time: what starts together is told apart by name alone.
        return f"c{(index * 7) % 101:03}-{index}"


SETS = st.lists(st.sampled_from("abcde"), max_size=3, unique=True).map(tuple)
PASTS = st.builds(
    Past,
    st.lists(
        st.tuples(
            st.sampled_from(["m1", "m2"]), st.integers(0, 12), st.lists(st.booleans(), max_size=2).map(tuple), SETS
        ),
        min_size=1,
        max_size=14,
    ),
    st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 160)), max_size=8, unique=True),
)


def end_of(start: int) -> int:
    return start * 10 + 5


def cycle_at(past: Past, name: str, at: int) -> str:
    """Give the latest cycle of a set that had ended by an instant."""
    ended = [
        (end_of(start), past.name(i))
        for i, (_, start, _, sets) in enumerate(past.cycles)
        if name in sets and end_of(start) <= at
    ]
    return max(ended)[1] if ended else ""


def expected(past: Past, failed: int) -> tuple[list[str], set[tuple[str, int]], list[str]]:
    machine = past.cycles[failed][0]
    line = sorted((start * 10, past.name(i), told) for i, (m, start, told, _) in enumerate(past.cycles) if m == machine)
    place = [name for _, name, _ in line].index(past.name(failed))
    proven = [bool(told) and all(told) for _, _, told in line]
    first = max((i + 1 for i in range(place) if proven[i]), default=0)
    last = next((i for i in range(place + 1, len(line)) if proven[i]), len(line))
    doubt = [name for _, name, _ in line[first:last]]
    exposed = {(name, at) for name, at in past.uses if cycle_at(past, name, at) in doubt}
    to_retrieve = []
    for name in "abcde":
        ends = [end_of(s) for i, (_, s, _, sets) in enumerate(past.cycles) if name in sets and past.name(i) in doubt]
        later = [at for used, at in past.uses if used == name]
        later += [end_of(s) - 1 for _, s, _, sets in past.cycles if name in sets and ends and end_of(s) > max(ends)]
        if ends and all(at < max(ends) for at in later):
            to_retrieve.append(name)
    return doubt, exposed, to_retrieve


def store(session: Session, past: Past) -> None:
    for table in TABLES:
        session.execute(delete(table))
    told_of: dict[type[SQLModel], list[dict[str, object]]] = {table: [] for table in TABLES}
    for i, (machine, start, told, sets) in enumerate(past.cycles):
        cycle = past.name(i)
        own = {"machine": machine, "start_at": start * 10, "end_at": end_of(start), "judgement": ""}
        told_of[CycleRow].append({"id": cycle, **own})
        told_of[LoadRow].append({"id": f"l{i}", "machine": machine, "cycle": cycle, "state": "released"})
        # A chemical indicator proves nothing about the machine's past.
        marks = [("biological", f"BI{n}", is_passed) for n, is_passed in enumerate(told)] + [("chemical", "CI", True)]
        told_of[IndicatorRow] += [
            {"cycle": cycle, "kind": kind, "name": name, "is_passed": is_passed} for kind, name, is_passed in marks
        ]
        told_of[LoadItemRow] += [
            {"load": f"l{i}", "position": position, "set_instance": name} for position, name in enumerate(sets)
        ]
    for name, at in past.uses:
        told_of[SetUseRow].append({"set_instance": name, "at": at, "case_id": "k", "cycle": cycle_at(past, name, at)})
    for table, values in told_of.items():
        if values:
            session.execute(insert(table), values)


@settings(max_examples=60)
@given(past=PASTS, data=st.data(), few=st.sampled_from([0, 2000]))
def test_closure_is_that_of_a_model_that_walks_everything(
    session: Session, past: Past, data: st.DataObject, few: int
) -> None:
    failed = data.draw(st.integers(0, len(past.cycles) - 1))
    store(session, past)
    before = tracing._FEW_CYCLES
    tracing._FEW_CYCLES = few
    try:
        closure = recall_closure(session, cycle_id=past.name(failed))
    finally:
        tracing._FEW_CYCLES = before

    doubt, exposed, to_retrieve = expected(past, failed)
    assert list(closure.cycles) == doubt
    assert {(use.set_instance, use.at) for use in closure.exposed} == exposed
    assert sorted(closure.to_retrieve) == to_retrieve
    assert len(closure.loads) == len(doubt)


def test_a_cycle_that_nobody_knows_is_named(session: Session) -> None:
    with pytest.raises(NotFound, match="c-none"):
        recall_closure(session, cycle_id="c-none")


def test_many_sets_are_asked_for_in_parts(session: Session) -> None:
    for table in TABLES:
        session.execute(delete(table))
    session.add(CycleRow(id="c", machine="m", start_at=10, end_at=20))
    session.add(LoadRow(id="l", machine="m", cycle="c", state="released"))
    names = [f"s{i:04}" for i in range(1201)]
    session.execute(
        insert(LoadItemRow), [{"load": "l", "position": i, "set_instance": name} for i, name in enumerate(names)]
    )

    closure = recall_closure(session, cycle_id="c")

    assert list(closure.to_retrieve) == names
