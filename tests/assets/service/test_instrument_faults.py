"""A faulty instrument reaches the cases since it was last in hand, and keeps its set from being issued."""

from __future__ import annotations

import pytest

from assets.model.instruments import Fault, FaultKind
from assets.service.act import Act
from assets.service.instrument_faults import Exposure, faults_of, mend_fault, report_fault
from assets.service.tracing import record_use, require_issuable
from assets.tables.rows import CycleRow, LoadItemRow, LoadRow
from tests.assets.conftest import House
from tests.assets.service.test_instruments import put, stocked
from twin.access import Role
from twin.errors import FieldError, Forbidden, NotFound, Refused
from twin.events.watch import AlarmCleared, AlarmPriority, AlarmRaised


def nurse(house: House) -> Act:
    return house.act("nurse-1", Role.NURSE)


def reprocess(house: House, name: str) -> None:
    """Let a set go through a passed cycle and be released now."""
    house.clock.advance(60)
    at = house.clock.now()
    cycle = CycleRow(id=f"{name}:{at}", machine="ster-1", start_at=at - 10, end_at=at, verdict="pass")
    load = LoadRow(id=f"load:{cycle.id}", machine="ster-1", cycle=cycle.id, state="released", opened_at=at - 20)
    item = LoadItemRow(load=load.id, position=0, set_instance=name, expires_at=at + 10**15)
    house.do(lambda session: session.add_all([cycle, load, item]))


def use(house: House, name: str, case: str) -> None:
    reprocess(house, name)
    house.clock.advance(60)
    house.do(record_use, act=nurse(house), set_instance=name, case_id=case, at=house.clock.now())


def find(house: House, mark: str, **fields: int) -> Exposure:
    house.clock.advance(60)
    own = {"note": "tip is missing", "kind": FaultKind.PIECE_MISSING, "found_at": house.clock.now()} | fields
    return house.do(report_fault, act=nurse(house), fault=Fault(instrument=mark, **own))


def test_a_fault_reaches_the_cases_since_somebody_last_had_it_in_hand_and_no_others(house: House) -> None:
    stocked(house)
    put(house, "set-1", "c1", "c2", "s1")
    use(house, "set-1", "case-before")  # it was looked at when the set was put together again
    put(house, "set-1", "c1", "c2", "s1")
    put(house, "set-2", "c3")
    use(house, "set-1", "case-a")
    use(house, "set-2", "case-elsewhere")
    use(house, "set-1", "case-b")

    found = find(house, "s1")

    assert found.cases == ("case-a", "case-b")
    (alarm,) = house.events(AlarmRaised)
    assert (alarm.alarm_class, alarm.priority) == ("reprocessing.instrument_exposure", AlarmPriority.HIGH)
    assert (alarm.subject_id, dict(alarm.parameters)["cases"]) == ("s1", "case-a, case-b")


def test_a_fault_known_to_be_older_reaches_further_back(house: House) -> None:
    stocked(house)
    put(house, "set-1", "c1", "c2", "s1")
    since = house.clock.now()
    use(house, "set-1", "case-a")
    put(house, "set-1", "c1", "c2", "s1")
    use(house, "set-1", "case-b")

    assert find(house, "s1", since_at=since).cases == ("case-a", "case-b")


def test_a_set_with_a_faulty_instrument_is_not_issued_until_it_was_changed_or_mended(house: House) -> None:
    stocked(house)
    put(house, "set-1", "c1", "c2", "s1")
    reprocess(house, "set-1")
    house.ask(require_issuable, set_instance="set-1", at=house.clock.now())
    find(house, "c1")

    with pytest.raises(Refused) as refused:
        house.ask(require_issuable, set_instance="set-1", at=house.clock.now())
    again = put(house, "set-1", "c1", "c2", "s1")
    house.do(mend_fault, act=house.act(), mark="c1", outcome="ground and inspected")
    house.clock.advance(60)
    house.ask(require_issuable, set_instance="set-1", at=house.clock.now())

    assert refused.value.reasons == ("set.instrument_faulty",)
    assert again.faulty == ("c1",)
    assert put(house, "set-1", "c1", "c2", "s1").faulty == ()
    (raised,), (cleared,) = house.events(AlarmRaised), house.events(AlarmCleared)
    assert (raised.alarm_class, cleared.thing) == ("reprocessing.instrument_faulty", raised.thing)


def test_a_use_that_is_entered_after_the_fault_was_found_is_stored_flagged_and_told(house: House) -> None:
    stocked(house)
    put(house, "set-1", "c1", "c2", "s1")
    reprocess(house, "set-1")
    house.clock.advance(60)
    used_at = house.clock.now()
    find(house, "c1")

    late = house.do(record_use, act=nurse(house), set_instance="set-1", case_id="case-late", at=used_at)

    assert late.flags == ("set.instrument_faulty",)
    assert "reprocessing.exposure" in [alarm.alarm_class for alarm in house.events(AlarmRaised)]


def test_a_fault_sent_again_is_one_and_another_one_is_refused_while_it_lasts(house: House) -> None:
    stocked(house)
    put(house, "set-1", "c1", "c2", "s1")
    at = house.clock.now() + 60_000_000
    first = find(house, "c1", found_at=at)
    second = find(house, "c1", found_at=at)

    with pytest.raises(Refused):
        find(house, "c1")

    assert first == second
    assert [fault.instrument for fault in house.ask(faults_of)] == ["c1"]
    assert len(house.events(AlarmRaised)) == 1


def test_what_says_nothing_or_names_nothing_is_refused(house: House) -> None:
    stocked(house)
    now = house.clock.now()

    for fields, error in (
        ({"note": "  "}, FieldError),
        ({"since_at": now + 1, "found_at": now}, FieldError),
        ({"instrument": "none"}, NotFound),
    ):
        own = {"instrument": "c1", "kind": FaultKind.BROKEN, "note": "x", "found_at": now} | fields
        with pytest.raises(error):
            house.do(report_fault, act=nurse(house), fault=Fault(**own))  # type: ignore[arg-type]  # rows of fields
    with pytest.raises(Refused):
        house.do(mend_fault, act=house.act(), mark="c1", outcome="x")
    with pytest.raises(Forbidden):
        house.do(mend_fault, act=nurse(house), mark="c1", outcome="x")
