"""From samples to cycles to releases: nothing is released but by people, and nothing is counted twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from assets.model.loads import (
    DAY_S,
    Indicator,
    IndicatorKind,
    LoadItem,
    LoadState,
    MachineTest,
    MachineTestKind,
)
from assets.model.machine import Machine
from assets.model.programme import FULL_STEAM_EVIDENCE, TEMPERATURE_AND_PRESSURE, Evidence, Programme
from assets.model.regions import ComplianceFlag
from assets.model.register import Asset
from assets.service.availability import change_state
from assets.service.cycles import judge_row
from assets.service.following import CycleFollower, good_reader, position
from assets.service.loads import (
    get_load,
    list_loads,
    name_deviation,
    open_load,
    put_into_load,
    record_indicator,
    record_test,
    reject_load,
    release_case,
    release_load,
)
from assets.service.manual_cycles import rejudge
from assets.service.register import register_asset
from assets.service.tracing import recall_closure, record_use, uses_of
from assets.tables.reprocessing import judgement_of_row, load_cycle, save_machine, save_programme, write_judgement
from benchmarks.cycles import columns_of
from tests.assets.conftest import House
from twin.access import SYSTEM, Role
from twin.clock import HOUR_US, SECOND_US
from twin.errors import Conflict, Forbidden, NotFound, Refused
from twin.events.supply import CycleEnded, CycleStarted, LoadRejected, LoadReleased, Verdict
from twin.events.things import AvailabilityChanged, DeviceReadiness, DeviceReadinessChanged
from twin.events.watch import AlarmCleared, AlarmRaised
from twin.telemetry.samples import SampleChunk

P134 = Programme(
    id="P134",
    band_low_c=134.0,
    band_high_c=137.0,
    required_hold_s=180.0,
    required=TEMPERATURE_AND_PRESSURE,
)
STEAM = Machine(id="ster-1", place="cssd", programmes={0: "P134", 2: "FULL"})
DAY_US = 24 * HOUR_US
SET = LoadItem(set_instance="set-1", gtin="09506000134352", lot="L1", shelf_life_s=DAY_S)


@dataclass(frozen=True)
class Numbered:
    sequence: int
    chunk: SampleChunk


@dataclass
class Store:
    """Telemetry in a list."""

    numbered: list[Numbered] = field(default_factory=list)

    def add(self, device: str, times: np.ndarray, columns: dict[str, np.ndarray]) -> list[Numbered]:
        fresh = []
        for quantity, values in columns.items():
            chunk = SampleChunk(
                device=device,
                quantity=quantity,
                times_us=times,
                values=values,
                quality=np.zeros(len(times), dtype=np.uint8),
            )
            fresh.append(Numbered(len(self.numbered) + len(fresh) + 1, chunk))
        self.numbered += fresh
        return fresh

    def read(self, session: Any, device: str, quantity: str, start: int, end: int) -> SampleChunk:
        parts = [n.chunk for n in self.numbered if (n.chunk.device, n.chunk.quantity) == (device, quantity)]
        times = np.concatenate([part.times_us for part in parts] or [np.empty(0, np.int64)])
        values = np.concatenate([part.values for part in parts] or [np.empty(0)])
        inside = (times >= start) & (times < end)
        _, first = np.unique(times[inside], return_index=True)
        times, values = times[inside][first], values[inside][first]
        return SampleChunk(
            device=device, quantity=quantity, times_us=times, values=values, quality=np.zeros(len(times), np.uint8)
        )


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def cssd(house: House) -> House:
    def prepare(session: Any) -> None:
        save_programme(session, P134)
        save_programme(
            session,
            Programme(
                id="FULL", band_low_c=134.0, band_high_c=137.0, required_hold_s=180.0, required=FULL_STEAM_EVIDENCE
            ),
        )
        save_machine(session, STEAM)

    house.do(prepare)
    house.do(register_asset, act=house.act(), asset=Asset(id="ster-1", control_no="S1", category="s", name="S"))
    return house


def run_cycle(house: House, store: Store, *, start: int | None = None, pieces: int = 1, **how: Any) -> str:
    begin = house.clock.now() if start is None else start
    times, columns = columns_of(**how)
    follower = CycleFollower(run=house.database.writer.run, ledger=house.ledger, store=store)
    for part in np.array_split(np.arange(len(times)), pieces):
        fresh = store.add("ster-1", times[part] + begin, {name: values[part] for name, values in columns.items()})
        follower(fresh)
    house.clock.set(begin + int(times[-1]))
    return f"ster-1:{begin}"


def test_samples_become_one_cycle_with_a_verdict(cssd: House, store: Store) -> None:
    cycle = run_cycle(cssd, store, pieces=7)

    (started,), (ended,) = cssd.events(CycleStarted), cssd.events(CycleEnded)
    assert (started.cycle, ended.cycle, ended.verdict) == (cycle, cycle, Verdict.PASS)
    assert ended.hold_s == pytest.approx(191, abs=3)
    assert cssd.state.assets["ster-1"].cycle == ended
    load = cssd.ask(get_load, load_id=f"load:{cycle}")
    assert (load.state, load.items) == (LoadState.PENDING, ())


def test_chunks_that_come_again_after_a_restart_are_not_counted_twice(cssd: House, store: Store) -> None:
    run_cycle(cssd, store, pieces=3)
    again = CycleFollower(run=cssd.database.writer.run, ledger=cssd.ledger, store=store)

    again(store.numbered)

    assert len(cssd.events(CycleEnded)) == 1
    assert cssd.ask(position) == len(store.numbered)


def test_a_cycle_judged_again_from_its_samples_gives_the_same_judgement(cssd: House, store: Store) -> None:
    cycle = run_cycle(cssd, store)
    read = good_reader(store)

    first = cssd.ask(lambda session: judgement_of_row(load_cycle(session, cycle)))
    again = cssd.do(lambda session: judge_row(session, load_cycle(session, cycle), machine=STEAM, read=read))

    assert first == again


def test_short_cycle_fails_and_cannot_be_released_alone(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    run_cycle(cssd, store, hold=100.0)

    assert [ended.verdict for ended in cssd.events(CycleEnded)] == [Verdict.FAIL]
    with pytest.raises(Refused) as refused:
        cssd.do(release_load, act=cssd.act(), load_id=load.id)
    assert refused.value.reasons == ("deviation.missing",)


def test_unknown_programme_is_undetermined(cssd: House, store: Store) -> None:
    run_cycle(cssd, store, programme=9)

    assert [event.verdict for event in cssd.events(CycleEnded)] == [Verdict.UNDETERMINED]


def test_required_daily_tests_decide_with_the_samples(cssd: House, store: Store) -> None:
    start = cssd.clock.now()
    run_cycle(cssd, store, programme=2)
    cssd.clock.advance(600)
    for kind in MachineTestKind:
        test = MachineTest(machine="ster-1", kind=kind, at=cssd.clock.now(), valid_until=start + 10**12, is_passed=True)
        cssd.do(record_test, act=cssd.act(), test=test)
    run_cycle(cssd, store, start=cssd.clock.now() + SECOND_US, number=2, programme=2)

    first, second = cssd.events(CycleEnded)
    assert first.verdict is Verdict.UNDETERMINED
    assert {"evidence_missing.air_removal_test", "evidence_missing.leak_test"} <= set(first.reasons)
    assert second.verdict is Verdict.PASS


def test_released_by_a_person_the_sets_carry_what_stock_needs_and_devices_become_clean(
    cssd: House, store: Store
) -> None:
    scope = Asset(id="scope-1", control_no="E1", category="endoscope", name="Scope")
    cssd.do(register_asset, act=cssd.act(), asset=scope)
    cssd.tell(
        DeviceReadinessChanged(
            thing="scope-1",
            occurred_at=cssd.clock.now(),
            source="user:n",
            source_key="dirty",
            readiness=DeviceReadiness.DIRTY,
        )
    )
    cssd.clock.advance(1)
    items = [
        SET,
        LoadItem(set_instance="set-2", gtin=SET.gtin, lot="L1", shelf_life_s=DAY_S),
        LoadItem(asset="scope-1"),
    ]
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=items, place="cssd")
    cycle = run_cycle(cssd, store)

    result = cssd.do(release_load, act=cssd.act("nurse-1", Role.NURSE), load_id=load.id)

    assert result.is_released
    (released,) = cssd.events(LoadReleased)
    assert (released.actor, released.machine, released.cycle) == ("nurse-1", "ster-1", cycle)
    (one,) = released.sets
    end = next(e.occurred_at for e in cssd.events(CycleEnded))
    assert (one.gtin, one.lot, one.quantity, one.expires_at) == (SET.gtin, "L1", 2, end + DAY_S * SECOND_US)
    assert released.assets == ("scope-1",)
    assert [event.is_usable for event in cssd.events(AvailabilityChanged)] == [False, True]


def test_a_load_is_released_once(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    run_cycle(cssd, store)
    cssd.do(release_load, act=cssd.act(), load_id=load.id)

    with pytest.raises(Refused) as refused:
        cssd.do(release_load, act=cssd.act("biomed-2"), load_id=load.id)

    assert refused.value.reasons == ("load.released",)
    assert len(cssd.events(LoadReleased)) == 1


@pytest.mark.parametrize("role", [Role.SERVICE_GATEWAY, Role.SERVICE_HIS, Role.PLANNER, Role.AUDITOR])
def test_programs_and_others_cannot_release(cssd: House, store: Store, role: Role) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    run_cycle(cssd, store)

    with pytest.raises(Forbidden):
        cssd.do(release_load, act=cssd.act("x", role), load_id=load.id)


def test_the_twin_itself_cannot_release(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    run_cycle(cssd, store)

    with pytest.raises(Refused, match="only a person"):
        cssd.do(release_load, act=cssd.act(SYSTEM.id, *SYSTEM.roles), load_id=load.id)


def test_an_implant_needs_two_people(cssd: House, store: Store) -> None:
    implant = LoadItem(set_instance="set-3", gtin=SET.gtin, is_implant=True)
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[implant])
    run_cycle(cssd, store)

    first = cssd.do(release_load, act=cssd.act("a"), load_id=load.id)
    same = cssd.do(release_load, act=cssd.act("a"), load_id=load.id)
    second = cssd.do(release_load, act=cssd.act("b"), load_id=load.id)

    assert (first.is_released, same.is_released, second.is_released) == (False, False, True)
    assert first.missing == ("second_person",)
    assert cssd.events(LoadReleased)[0].sets[0].lot  # a set without a lot takes the cycle's


def test_a_failed_cycle_is_released_only_after_another_person_named_the_deviation(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    run_cycle(cssd, store, hold=100.0)
    cssd.do(name_deviation, act=cssd.act("a"), load_id=load.id, note="emergency, surgeon informed")

    with pytest.raises(Refused) as refused:
        cssd.do(release_load, act=cssd.act("a"), load_id=load.id)
    result = cssd.do(release_load, act=cssd.act("b"), load_id=load.id)

    assert refused.value.reasons == ("deviation.same_person",)
    assert result.is_released


def test_what_stands_against_a_release_is_named_all_at_once(cssd: House, store: Store) -> None:
    test = MachineTest(
        machine="ster-1", kind=MachineTestKind.LEAK, at=cssd.clock.now(), valid_until=10**18, is_passed=False
    )
    cssd.do(record_test, act=cssd.act(), test=test)
    cssd.clock.advance(60)
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[])
    cycle = run_cycle(cssd, store)
    failed = Indicator(cycle=cycle, name="CI-1", kind=IndicatorKind.CHEMICAL, at=cssd.clock.now(), is_passed=False)
    cssd.do(record_indicator, act=cssd.act(), indicator=failed)

    with pytest.raises(Refused) as refused:
        cssd.do(release_load, act=cssd.act(), load_id=load.id)

    assert {"indicator.chemical", "load.empty", "machine_test.leak_test"} <= set(refused.value.reasons)
    classes = [alarm.alarm_class for alarm in cssd.events(AlarmRaised)]
    assert {"reprocessing.test_failed", "reprocessing.indicator_failed"} <= set(classes)


@pytest.mark.parametrize("kind", [MachineTestKind.LEAK, MachineTestKind.AIR_REMOVAL])
def test_a_machine_that_fails_its_test_after_the_cycle_releases_nothing_until_it_passes(
    cssd: House, store: Store, kind: MachineTestKind
) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    run_cycle(cssd, store)
    cssd.clock.advance(60)
    failed = MachineTest(machine="ster-1", kind=kind, at=cssd.clock.now(), valid_until=10**18, is_passed=False)
    cssd.do(record_test, act=cssd.act(), test=failed)

    with pytest.raises(Refused) as refused:
        cssd.do(release_load, act=cssd.act(), load_id=load.id)
    assert refused.value.reasons == (f"machine_test.{kind}",)

    cssd.clock.advance(60)
    cssd.do(record_test, act=cssd.act(), test=replace(failed, at=cssd.clock.now(), is_passed=True))
    assert cssd.do(release_load, act=cssd.act(), load_id=load.id).is_released


def test_an_indicator_that_fails_late_recalls_what_was_released(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    cycle = run_cycle(cssd, store)
    cssd.do(release_load, act=cssd.act(), load_id=load.id)
    grown = Indicator(cycle=cycle, name="BI-1", kind=IndicatorKind.BIOLOGICAL, at=cssd.clock.now(), is_passed=False)

    recalled = cssd.do(record_indicator, act=cssd.act(), indicator=grown)

    assert recalled == [load.id]
    assert cssd.ask(get_load, load_id=load.id).state is LoadState.RECALLED


def test_a_failed_indicator_is_not_taken_back(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    cycle = run_cycle(cssd, store)
    failed = Indicator(cycle=cycle, name="CI-1", kind=IndicatorKind.CHEMICAL, at=cssd.clock.now(), is_passed=False)
    cssd.do(record_indicator, act=cssd.act(), indicator=failed)

    with pytest.raises(Refused, match="on record as failed"):
        cssd.do(record_indicator, act=cssd.act(), indicator=replace(failed, is_passed=True))
    with pytest.raises(Refused) as refused:
        cssd.do(release_load, act=cssd.act(), load_id=load.id)

    assert refused.value.reasons == ("indicator.chemical",)


def test_a_deviation_named_for_missing_samples_does_not_cover_a_failed_cycle(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    cycle = run_cycle(cssd, store)
    # As if the pressure had come late: the first judgement lacked it.
    first = replace(cssd.ask(lambda s: judgement_of_row(load_cycle(s, cycle))), verdict=Verdict.UNDETERMINED)
    cssd.do(lambda s: write_judgement(load_cycle(s, cycle), replace(first, input_hash="before")))
    cssd.do(name_deviation, act=cssd.act("a"), load_id=load.id, note="pressure line was down")
    assert cssd.do(release_load, act=cssd.act("b"), load_id=load.id).is_released
    for one in store.numbered:
        if one.chunk.quantity == "alarm":
            one.chunk.values[10] = 1.0

    found = cssd.do(rejudge, act=cssd.act(), cycle=cycle, read=good_reader(store))

    assert (found.before, found.now, found.recalled) == (Verdict.UNDETERMINED, Verdict.FAIL, (load.id,))
    assert cssd.ask(get_load, load_id=load.id).state is LoadState.RECALLED


@pytest.mark.parametrize("pieces", [1, 2, 4])
def test_a_cycle_known_by_its_temperature_is_not_cut_where_a_chunk_ends(cssd: House, store: Store, pieces: int) -> None:
    washer = Machine(id="wash-1", leading="control_c", start_above_c=90.0, end_below_c=60.0)
    cssd.do(lambda session: save_machine(session, washer))
    cssd.do(register_asset, act=cssd.act(), asset=Asset(id="wash-1", control_no="W1", category="w", name="W"))
    values = np.array([20.0] * 3 + [95.0] * 3 + [80.0] * 8 + [93.0] * 3 + [20.0] * 5)  # dips, but not below 60
    times = cssd.clock.now() + np.arange(len(values), dtype=np.int64) * SECOND_US
    follower = CycleFollower(run=cssd.database.writer.run, ledger=cssd.ledger, store=store)

    for part in np.array_split(np.arange(len(values)), pieces):
        follower(store.add("wash-1", times[part], {"control_c": values[part]}))

    assert [event.occurred_at for event in cssd.events(CycleEnded)] == [int(times[17])]


def test_nothing_is_added_to_a_load_once_somebody_signed_or_decided(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[LoadItem(gtin=SET.gtin, is_implant=True)])
    run_cycle(cssd, store)
    assert len(cssd.do(put_into_load, act=cssd.act(), load_id=load.id, items=[SET]).items) == 2
    cssd.do(release_load, act=cssd.act("a"), load_id=load.id)

    with pytest.raises(Refused):
        cssd.do(put_into_load, act=cssd.act(), load_id=load.id, items=[SET])


def test_rejected_load_tells_so_and_stays_rejected(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    run_cycle(cssd, store)

    cssd.do(reject_load, act=cssd.act(), load_id=load.id, reason="wet packs")

    assert [event.reason for event in cssd.events(LoadRejected)] == ["wet packs"]
    assert [one.id for one in cssd.ask(list_loads, state=LoadState.REJECTED)] == [load.id]
    with pytest.raises(Refused):
        cssd.do(release_load, act=cssd.act(), load_id=load.id)
    assert cssd.ask(release_case, load_id=load.id).signatures[0].note == "wet packs"


def test_opening_a_load_twice_with_one_key_makes_one_load(cssd: House) -> None:
    first = cssd.do(open_load, act=cssd.act(key="k1"), machine="ster-1", items=[SET])
    second = cssd.do(open_load, act=cssd.act(key="k1"), machine="ster-1", items=[SET])

    assert first == second


@pytest.mark.parametrize("wrong", [{}, {"gtin": "1", "asset": "a"}, {"gtin": "1", "quantity": 0}])
def test_an_item_is_a_set_or_a_device(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Expected"):
        LoadItem(**wrong)


def test_a_cycle_judged_again_is_judged_by_the_flags_of_its_own_time(cssd: House, store: Store) -> None:
    required = TEMPERATURE_AND_PRESSURE | {Evidence.MAINTENANCE, Evidence.NO_OPEN_NOTICE}
    cssd.do(lambda session: save_programme(session, replace(P134, required=required)))
    cycle = run_cycle(cssd, store)
    later = frozenset({ComplianceFlag.MAINTENANCE_OVERDUE, ComplianceFlag.NOTICE_OPEN})
    cssd.do(change_state, act=cssd.act(), asset_id="ster-1", compliance=later)

    again = cssd.do(rejudge, act=cssd.act(), cycle=cycle, read=good_reader(store))
    cssd.clock.advance(3600)
    after = cssd.ask(load_cycle, cycle_id=run_cycle(cssd, store))

    assert (again.now, again.is_same_input) == (Verdict.PASS, True)
    assert after.verdict == Verdict.FAIL  # while one that begins now is judged by what stands against it now


def test_a_second_deviation_note_stands_beside_the_first(cssd: House, store: Store) -> None:
    load = cssd.do(open_load, act=cssd.act(), machine="ster-1", items=[SET])
    run_cycle(cssd, store, hold=100.0)
    for note in ("printer out of paper", "printer out of paper", "surgeon informed"):
        cssd.do(name_deviation, act=cssd.act("a"), load_id=load.id, note=note)

    signatures = cssd.ask(release_case, load_id=load.id).signatures

    assert [one.note for one in signatures] == ["printer out of paper", "surgeon informed"]


def leak_test(house: House, *, is_passed: bool, machine: str = "ster-1") -> MachineTest:
    at = house.clock.now()
    return MachineTest(machine=machine, kind=MachineTestKind.LEAK, at=at, valid_until=at + DAY_US, is_passed=is_passed)


def test_a_failed_test_is_not_replaced_by_another_of_its_instant(cssd: House) -> None:
    cssd.do(record_test, act=cssd.act(), test=leak_test(cssd, is_passed=False))
    cssd.do(record_test, act=cssd.act(), test=leak_test(cssd, is_passed=False))  # sent again

    with pytest.raises(Conflict):
        cssd.do(record_test, act=cssd.act(), test=leak_test(cssd, is_passed=True))
    with pytest.raises(NotFound):
        cssd.do(record_test, act=cssd.act(), test=leak_test(cssd, is_passed=True, machine="ster-9"))


def test_a_passed_test_ends_the_alarms_of_the_failed_ones_before_it(cssd: House) -> None:
    for is_passed in (False, False, True, True):
        cssd.do(record_test, act=cssd.act(), test=leak_test(cssd, is_passed=is_passed))
        cssd.clock.advance(600)

    raised = [event.thing for event in cssd.events(AlarmRaised)]

    assert len(raised) == 2
    assert sorted(event.thing for event in cssd.events(AlarmCleared)) == sorted(raised)


def test_a_cycle_that_is_told_late_takes_the_uses_since_from_the_one_before(cssd: House, store: Store) -> None:
    first = open_load_now(cssd, SET)
    before = run_cycle(cssd, store)
    cssd.do(release_load, act=cssd.act(), load_id=first.id)
    cssd.clock.advance(3600)
    second = open_load_now(cssd, SET)
    begin = cssd.clock.now()
    cssd.clock.advance(2 * 3600)
    used = cssd.do(record_use, act=cssd.act(), set_instance="set-1", case_id="case-1", at=cssd.clock.now())
    assert (used.cycle, used.flags) == (before, ())

    # The gateway was cut off all the time; only now the samples of the second cycle come.
    late = run_cycle(cssd, store, start=begin)

    (held,) = cssd.ask(uses_of, set_instance="set-1")
    assert (held.cycle, held.flags) == (late, ("set.pending",))
    assert [dict(one.parameters)["reasons"] for one in cssd.events(AlarmRaised)] == ["set.pending"]
    assert cssd.ask(get_load, load_id=second.id).cycle == late
    assert held in cssd.ask(recall_closure, cycle_id=late).exposed


def open_load_now(house: House, *items: LoadItem) -> Any:
    return house.do(open_load, act=house.act(), machine="ster-1", items=items)
