"""Instruments within sets: what lies where at any instant, what is missing, and which cases an instrument reached."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel

from assets.model.instruments import Assembly, Instrument, SetType, against_bill
from assets.service import instruments
from assets.service.act import Act
from assets.service.tracing import record_use
from assets.tables.records import SetContentRow
from assets.tables.rows import CycleRow, LoadItemRow, LoadRow
from tests.assets.conftest import House
from tests.fakes import ListSink
from twin.access import Actor, Role
from twin.clock import HOUR_US
from twin.errors import FieldError, Forbidden, NotFound, Refused

BILL = SetType(id="lap", name="Laparotomy", counts={"clamp": 2, "scissors": 1})
MARKS = {"c1": "clamp", "c2": "clamp", "c3": "clamp", "s1": "scissors", "f1": "forceps"}


def stocked(house: House) -> None:
    house.do(instruments.save_set_type, act=house.act(), set_type=BILL)
    for mark, kind in MARKS.items():
        limit = 1 if mark == "c3" else 0
        instrument = Instrument(id=mark, kind=kind, name=kind.title(), most_cycles=limit)
        house.do(instruments.save_instrument, act=house.act(), instrument=instrument)


def put(house: House, name: str, *marks: str) -> Assembly:
    house.clock.advance(60)
    assembly = Assembly(set_instance=name, set_type="lap", at=house.clock.now(), instruments=marks)
    return house.do(instruments.assemble, act=house.act("nurse-1", Role.NURSE), assembly=assembly)


def held(house: House, name: str, at: int = 0) -> list[str]:
    found = house.ask(instruments.contents_of, set_instance=name, at=at or house.clock.now())
    return [one.id for one in found]


def test_a_set_tells_what_is_missing_and_what_is_more(house: House) -> None:
    stocked(house)

    whole = put(house, "set-1", "c1", "c2", "s1")
    lacking = put(house, "set-2", "c3", "f1")

    assert (whole.is_complete, whole.missing, whole.surplus, whole.actor) == (True, {}, {}, "nurse-1")
    assert (lacking.missing, lacking.surplus) == ({"clamp": 1, "scissors": 1}, {"forceps": 1})
    assert (held(house, "set-1"), held(house, "set-2")) == (["c1", "c2", "s1"], ["c3", "f1"])


def test_an_instrument_lies_in_one_set_and_its_past_stays(house: House) -> None:
    stocked(house)
    put(house, "set-1", "c1", "c2", "s1")
    before = house.clock.now()

    moved = put(house, "set-2", "c1")
    again = put(house, "set-1", "c2", "c3", "s1")

    assert moved.moved == {"c1": "set-1"}
    assert again.moved == {}
    assert held(house, "set-1", before) == ["c1", "c2", "s1"]
    assert (held(house, "set-1"), held(house, "set-2")) == (["c2", "c3", "s1"], ["c1"])
    assert [stay.set_instance for stay in house.ask(instruments.stays_of, instrument="c1")] == ["set-2", "set-1"]


def test_an_instrument_is_traced_only_to_the_cases_of_its_time_in_the_set(house: House) -> None:
    stocked(house)
    put(house, "set-1", "c1", "c2", "s1")
    use(house, "set-1", "case-1")
    put(house, "set-1", "c2", "c3", "s1")
    use(house, "set-1", "case-2")

    traces = {mark: house.ask(instruments.trace_instrument, mark=mark) for mark in ("c1", "c2", "c3")}

    cases = {mark: [one.case_id for one in trace.uses] for mark, trace in traces.items()}
    assert cases == {"c1": ["case-1"], "c2": ["case-2", "case-1"], "c3": ["case-2"]}


def use(house: House, name: str, case: str) -> None:
    house.clock.advance(60)
    house.do(record_use, act=house.act(), set_instance=name, case_id=case, at=house.clock.now())


def test_an_instrument_that_went_through_its_cycles_is_told_when_it_is_put_in_again(house: House) -> None:
    stocked(house)
    first = put(house, "set-1", "c3")
    house.clock.advance(3600)
    now = house.clock.now()
    rows: list[Any] = [
        CycleRow(id="cycle", machine="m", start_at=now - HOUR_US // 2, end_at=now - 1, verdict="pass"),
        LoadRow(id="load", machine="m", cycle="cycle", state="released"),
        LoadItemRow(load="load", position=0, set_instance="set-1"),
    ]
    house.do(lambda session: session.add_all(rows))

    second = put(house, "set-1", "c3", "c1", "s1")

    assert (first.worn_out, second.worn_out) == ((), ("c3",))
    assert house.ask(instruments.trace_instrument, mark="c3").cycles == 1


def test_what_cannot_be_is_refused(house: House) -> None:
    stocked(house)
    put(house, "set-1", "c1")
    at = house.clock.now()
    for fields, error in (
        ({"set_type": "none", "at": at + 1}, NotFound),
        ({"instruments": ("x",), "at": at + 1}, NotFound),
        ({"instruments": ("c2", "c2"), "at": at + 1}, FieldError),
        ({"at": at}, Refused),  # something came after, or at once
    ):
        own = {"set_instance": "set-1", "set_type": "lap", "instruments": ("c1",)} | fields
        with pytest.raises(error):
            house.do(instruments.assemble, act=house.act(), assembly=Assembly(**own))  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        house.do(instruments.save_set_type, act=house.act("n", Role.NURSE), set_type=BILL)
    with pytest.raises(ValueError, match="Expected"):
        SetType(id="x", name="x", counts={})


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 4), min_size=1),
    st.lists(st.sampled_from("abcde"), max_size=12),
)
def test_what_is_missing_and_what_is_more_make_up_the_difference(counts: dict[str, int], kinds: list[str]) -> None:
    missing, surplus = against_bill(counts, kinds)

    for kind in {*counts, *kinds}:
        assert kinds.count(kind) + missing.get(kind, 0) - surplus.get(kind, 0) == counts.get(kind, 0)
        assert not (missing.get(kind) and surplus.get(kind))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), st.sets(st.sampled_from(sorted(MARKS)))), max_size=10))
def test_at_every_instant_an_instrument_lies_in_the_set_where_it_was_put_last(
    course: list[tuple[str, set[str]]],
) -> None:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine, tables=[t for n, t in SQLModel.metadata.tables.items() if n[:7] == "assets_"])
    actor = Actor(id="a", name="a", roles=frozenset({Role.BIOMED}))
    naive: list[dict[str, str]] = [{}]
    with Session(engine) as session:

        def act(now: int) -> Act:
            return Act(actor=actor, now=now, key=f"k{now}", ledger=ListSink())

        instruments.save_set_type(session, act=act(0), set_type=BILL)
        for mark, kind in MARKS.items():
            instruments.save_instrument(session, act=act(0), instrument=Instrument(id=mark, kind=kind))
        for now, (name, marks) in enumerate(course, start=1):
            assembly = Assembly(set_instance=name, set_type="lap", at=now, instruments=tuple(sorted(marks)))
            instruments.assemble(session, act=act(now), assembly=assembly)
            # The model: whoever was in this set leaves it, and whoever is put in leaves where it was.
            kept = {mark: place for mark, place in naive[-1].items() if place != name and mark not in marks}
            naive.append(kept | dict.fromkeys(marks, name))

        for at, model in enumerate(naive):
            for name in ("A", "B", "C"):
                found = [one.id for one in instruments.contents_of(session, set_instance=name, at=at)]
                assert found == sorted(mark for mark, place in model.items() if place == name)
        assert session.get(SetContentRow, ("c1", 0)) is None
