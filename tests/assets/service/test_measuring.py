"""Calibrations and safety tests: what an instrument out of tolerance puts in doubt, in whatever order it is told."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel

from assets.model.electrical import Measurement, Method, Quantity
from assets.model.measurements import Calibration, CalibrationPoint, DecisionRule, SafetyTest
from assets.model.register import Asset, CustodianKind
from assets.rules.calibration import Checked, doubtful_spans, is_doubtful, judge_calibration
from assets.service.act import Act
from assets.service.custody import hand_over
from assets.service.measuring import (
    flag_out_of_date,
    record_calibration,
    record_safety_test,
    results_of,
    trace_of,
)
from assets.service.register import register_asset
from assets.tables.register import load_asset
from tests.assets.conftest import House
from tests.fakes import START_US, ListSink
from twin.access import Actor, Role
from twin.clock import SECOND_US
from twin.errors import Conflict, FieldError, NotFound
from twin.events.watch import AlarmCleared, AlarmRaised

LEAKAGE = Measurement(quantity=Quantity.EQUIPMENT_LEAKAGE, subject="I", value=120.0, method=Method.DIRECT)


def point(found: float, left: float | None = None, **fields: float) -> CalibrationPoint:
    limits = {"tolerance": 1.0} | fields
    return CalibrationPoint(
        quantity="flow",
        unit="ml/h",
        nominal=100.0,
        as_found=100.0 + found,
        as_left=None if left is None else 100.0 + left,
        **limits,
    )


def calibration(name: str, asset: str, at: int, found: float, left: float | None = None) -> Calibration:
    return Calibration(id=name, asset=asset, at=at, points=(point(found, left),))


def safety(name: str, asset: str, at: int, *values: Measurement, **fields: object) -> SafetyTest:
    return SafetyTest(id=name, asset=asset, at=at, measurements=values or (LEAKAGE,), **fields)  # type: ignore[arg-type]


def enter(house: House, *names: str) -> None:
    for name in names:
        asset = Asset(id=name, control_no=name, category="pump", name=name)
        house.do(register_asset, act=house.act(), asset=asset)


def test_as_found_out_of_tolerance_is_seen_although_it_was_put_right() -> None:
    found = judge_calibration(calibration("c", "pump", 1, found=1.4, left=0.1))

    assert (found.found_good, found.left_good, found.failed) == (False, True, ("flow",))
    assert found.worst_share == pytest.approx(1.4)


def test_guarded_acceptance_takes_the_uncertainty_off() -> None:
    near = point(0.95, uncertainty=0.1)
    simple = Calibration(id="c", asset="a", at=1, points=(near,))
    guarded = Calibration(id="c", asset="a", at=1, points=(near,), rule=DecisionRule.GUARDED)

    assert judge_calibration(simple).found_good
    assert not judge_calibration(guarded).found_good


CHECKS = st.lists(
    st.builds(Checked, at=st.integers(1, 50), found_good=st.booleans(), left_good=st.booleans()),
    max_size=8,
    unique_by=lambda check: check.at,
)


@given(CHECKS, st.integers(0, 60))
def test_a_result_is_in_doubt_exactly_if_the_next_check_found_it_bad_or_the_last_left_it_so(
    checks: list[Checked], at: int
) -> None:
    ordered = sorted(checks, key=lambda check: check.at)
    before = [check for check in ordered if check.at < at]
    later = [check for check in ordered if check.at >= at]
    # A bad check puts in doubt everything since the last check that left the instrument good.
    left_bad = bool(before) and not before[-1].left_good
    until_good = list(itertools.takewhile(lambda check: not check.left_good, later))
    reached = [*until_good, *later[len(until_good) : len(until_good) + 1]]
    since_good = any(not check.found_good for check in reached)

    assert is_doubtful(at, doubtful_spans(checks)) == (left_bad or since_good)


def test_an_instrument_out_of_tolerance_flags_what_it_measured_since_its_last_good_calibration(house: House) -> None:
    enter(house, "tester", "pump-1", "pump-2", "pump-3")
    now = house.clock.now()
    house.do(record_calibration, act=house.act(), calibration=calibration("c1", "tester", now, 0.1))
    for number, name in enumerate(("pump-1", "pump-2"), start=1):
        test = safety(f"t{number}", name, now + number, instrument="tester")
        house.do(record_safety_test, act=house.act(), test=test)

    house.do(record_calibration, act=house.act(), calibration=calibration("c2", "tester", now + 10, 3.0, 0.2))
    house.do(record_safety_test, act=house.act(), test=safety("t3", "pump-3", now + 11, instrument="tester"))
    late = house.do(record_safety_test, act=house.act(), test=safety("t4", "pump-3", now + 5, instrument="tester"))

    trace = house.ask(trace_of, instrument="tester")
    assert [result.id for result in trace.results] == ["t1", "t2", "t4"]
    assert trace.spans == ((now, now + 10),)
    assert late.is_flagged
    assert [r.is_flagged for r in house.ask(results_of, asset="pump-3")] == [False, True]


def test_a_calibration_told_late_takes_the_doubt_away(house: House) -> None:
    enter(house, "tester", "pump-1")
    now = house.clock.now()
    house.do(record_safety_test, act=house.act(), test=safety("t1", "pump-1", now + 1, instrument="tester"))
    house.do(record_calibration, act=house.act(), calibration=calibration("c2", "tester", now + 10, 3.0))
    assert house.ask(results_of, asset="pump-1")[0].is_flagged

    house.do(record_calibration, act=house.act(), calibration=calibration("c1", "tester", now + 5, 0.0))

    assert not house.ask(results_of, asset="pump-1")[0].is_flagged
    assert "calibration_overdue" in house.ask(load_asset, asset_id="tester").compliance


def test_a_failed_safety_test_forbids_use_until_one_is_passed(house: House) -> None:
    enter(house, "pump-1")
    now = house.clock.now()
    bad = Measurement(quantity=Quantity.PROTECTIVE_EARTH, subject="with_cord", value=301.0)

    failed = house.do(record_safety_test, act=house.act(), test=safety("t1", "pump-1", now, LEAKAGE, bad))
    blocked = house.ask(load_asset, asset_id="pump-1")
    passed = house.do(record_safety_test, act=house.act(), test=safety("t2", "pump-1", now + 1))

    assert (failed.is_passed, failed.details) == (False, ("above_limit.protective_earth",))
    assert (blocked.is_usable, blocked.reasons) == (False, "compliance.safety_test_failed")
    assert passed.is_passed
    assert house.ask(load_asset, asset_id="pump-1").is_usable


def test_values_that_rise_are_noticed_against_the_first_and_the_one_before(house: House) -> None:
    enter(house, "pump-1")
    now = house.clock.now()
    house.do(record_safety_test, act=house.act(), test=safety("t1", "pump-1", now))
    higher = Measurement(quantity=Quantity.EQUIPMENT_LEAKAGE, subject="I", value=200.0, method=Method.DIRECT)

    found = house.do(record_safety_test, act=house.act(), test=safety("t2", "pump-1", now + 1, higher))

    assert (found.is_passed, found.details) == (True, ("rising.equipment_leakage",))


@pytest.mark.parametrize(
    ("test", "code"),
    [
        # inspection and function count like a measured value
        (safety("t", "pump-1", 1, visual_passed=False), "visual"),
        (safety("t", "pump-1", 1, functional_passed=False), "functional"),
    ],
)
def test_what_is_seen_fails_a_test_as_well(house: House, test: SafetyTest, code: str) -> None:
    enter(house, "pump-1")

    assert house.do(record_safety_test, act=house.act(), test=test).details == (code,)


def test_a_value_without_its_method_and_an_unknown_instrument_are_refused(house: House) -> None:
    enter(house, "pump-1")
    bare = Measurement(quantity=Quantity.EQUIPMENT_LEAKAGE, subject="I", value=1.0)

    with pytest.raises(FieldError):
        house.do(record_safety_test, act=house.act(), test=safety("t", "pump-1", 1, bare))
    with pytest.raises(NotFound):
        house.do(record_safety_test, act=house.act(), test=safety("t", "pump-1", 1, instrument="none"))


def test_results_are_never_overwritten_but_may_be_sent_twice(house: House) -> None:
    enter(house, "pump-1")
    test = safety("t", "pump-1", house.clock.now())
    house.do(record_safety_test, act=house.act(), test=test)
    house.do(record_safety_test, act=house.act(), test=test)

    with pytest.raises(Conflict):
        house.do(
            record_safety_test, act=house.act(), test=safety("t", "pump-1", house.clock.now(), visual_passed=False)
        )
    assert len(house.ask(results_of, asset="pump-1")) == 1


def test_a_result_sent_again_is_one_although_an_earlier_test_was_entered_since(house: House) -> None:
    enter(house, "pump-1")
    now = house.clock.now()
    test = safety("t2", "pump-1", now)
    house.do(record_safety_test, act=house.act(), test=test)
    house.do(record_safety_test, act=house.act(), test=safety("t1", "pump-1", now - 60 * SECOND_US))

    house.do(record_safety_test, act=house.act(), test=test)

    assert [one.id for one in house.ask(results_of, asset="pump-1")] == ["t2", "t1"]


@pytest.mark.parametrize(
    ("at", "valid_until"),
    [
        (START_US + 3600 * SECOND_US, 0),  # of a time to come: it would be the latest for ever
        (START_US, START_US - SECOND_US),  # over before it was done
    ],
)
def test_a_calibration_that_cannot_have_been_is_refused(house: House, at: int, valid_until: int) -> None:
    enter(house, "tester")
    wrong = Calibration(id="c", asset="tester", at=at, points=(point(0.0),), valid_until=valid_until)

    with pytest.raises(FieldError):
        house.do(record_calibration, act=house.act(), calibration=wrong)


def test_a_calibration_entered_after_it_ran_out_makes_nothing_usable(house: House) -> None:
    enter(house, "tester")
    now = house.clock.now()
    old = {"points": (point(0.0),), "valid_until": now - SECOND_US}

    house.do(record_calibration, act=house.act(), calibration=Calibration(id="c", asset="tester", at=now // 2, **old))

    assert "calibration_overdue" in house.ask(load_asset, asset_id="tester").compliance


def test_a_leakage_measured_at_a_weak_mains_is_no_rise_once_the_mains_is_nominal(house: House) -> None:
    enter(house, "pump-1")
    now = house.clock.now()
    weak = replace(LEAKAGE, value=100.0, mains_v=150.0, nominal_v=230.0)
    house.do(record_safety_test, act=house.act(), test=safety("t1", "pump-1", now - SECOND_US, weak))

    nominal = replace(LEAKAGE, value=155.0, mains_v=230.0, nominal_v=230.0)
    found = house.do(record_safety_test, act=house.act(), test=safety("t2", "pump-1", now, nominal))

    assert found.details == ()


@pytest.mark.parametrize(("nominal", "found", "tolerance"), [(37.0, 36.9, 0.1), (37.0, 37.1, 0.1), (0.3, 0.4, 0.1)])
def test_a_reading_at_the_very_limit_of_its_tolerance_is_within_it(
    nominal: float, found: float, tolerance: float
) -> None:
    at_limit = CalibrationPoint(quantity="t", unit="°C", nominal=nominal, as_found=found, tolerance=tolerance)
    beyond = replace(at_limit, as_found=found + (1e-6 if found > nominal else -1e-6))

    judged = [judge_calibration(Calibration(id="c", asset="x", at=1, points=(one,))) for one in (at_limit, beyond)]

    assert [one.found_good for one in judged] == [True, False]


def test_a_calibration_past_its_date_is_flagged_once(house: House) -> None:
    enter(house, "tester")
    now = house.clock.now()
    dated = Calibration(id="c", asset="tester", at=now, points=(point(0.0),), valid_until=now + 60 * SECOND_US)
    house.do(record_calibration, act=house.act(), calibration=dated)
    assert house.do(flag_out_of_date, act=house.act()) == []

    house.clock.advance(61)

    assert house.do(flag_out_of_date, act=house.act()) == ["tester"]
    assert house.do(flag_out_of_date, act=house.act()) == []


class Instrument(RuleBasedStateMachine):
    """Invariant 11: an instrument out of calibration flags its results since the last good one, in any order."""

    def __init__(self) -> None:
        super().__init__()
        engine = create_engine("sqlite://")
        tables = [t for n, t in SQLModel.metadata.tables.items() if n.startswith("assets_")]
        SQLModel.metadata.create_all(engine, tables=tables)
        self.session = Session(engine)
        self.actor = Actor(id="biomed", name="biomed", roles=frozenset({Role.BIOMED}))
        self.numbers = itertools.count()
        self.results: dict[str, int] = {}
        self.checks: list[Checked] = []
        for name in ("tester", "pump"):
            register_asset(
                self.session, act=self.act(), asset=Asset(id=name, control_no=name, category="pump", name=name)
            )

    def act(self) -> Act:
        return Act(actor=self.actor, now=START_US, key=f"act-{next(self.numbers)}", ledger=ListSink())

    @rule(at=st.integers(1, 40))
    def measure(self, at: int) -> None:
        name = f"t{next(self.numbers)}"
        record_safety_test(self.session, act=self.act(), test=safety(name, "pump", at, instrument="tester"))
        self.results[name] = at

    @rule(at=st.integers(1, 40), found=st.booleans(), left=st.booleans())
    def calibrate(self, at: int, found: bool, left: bool) -> None:
        if any(check.at == at for check in self.checks):
            return
        entered = calibration(f"c{next(self.numbers)}", "tester", at, 0.0 if found else 9.0, 0.0 if left else 9.0)
        record_calibration(self.session, act=self.act(), calibration=entered)
        self.checks.append(Checked(at=at, found_good=found, left_good=left))

    @invariant()
    def flags_follow_the_calibrations(self) -> None:
        spans = doubtful_spans(self.checks)
        held = {result.id: result.is_flagged for result in results_of(self.session, asset="pump", limit=1000)}
        assert held == {name: is_doubtful(at, spans) for name, at in self.results.items()}
        traced = {result.id for result in trace_of(self.session, instrument="tester").results}
        assert traced == {name for name, flagged in held.items() if flagged}

    def teardown(self) -> None:
        self.session.close()


TestInstrument = Instrument.TestCase
TestInstrument.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)


def test_an_instrument_out_of_tolerance_raises_an_alert_with_its_cases_until_all_is_tested_again(house: House) -> None:
    enter(house, "tester", "other", "pump-1", "pump-2")
    now = house.clock.now()
    for number, name in enumerate(("pump-1", "pump-2"), start=1):
        test = safety(f"t{number}", name, now + number, instrument="tester")
        house.do(record_safety_test, act=house.act(), test=test)
    house.clock.advance(60)
    nurse = house.act("nurse-1", Role.NURSE)
    house.do(hand_over, act=nurse, asset_id="pump-1", custodian="enc-7", kind=CustodianKind.ENCOUNTER)
    house.clock.advance(60)

    at = house.clock.now()
    house.do(record_calibration, act=house.act(), calibration=calibration("c", "tester", at, 3.0, 0.1))
    (alarm,) = house.events(AlarmRaised)
    house.clock.advance(60)
    cleared = []
    for number, name in enumerate(("pump-1", "pump-2", "pump-2"), start=3):
        again = safety(f"t{number}", name, house.clock.now() + number, instrument="other")
        house.do(record_safety_test, act=house.act(), test=again)
        cleared.append([event.thing for event in house.events(AlarmCleared)])

    assert (alarm.alarm_class, alarm.subject_id) == ("device.measurements_in_doubt", "tester")
    told = dict(alarm.parameters)
    assert (told["results"], told["devices"], told["cases"]) == ("2", "2", "enc-7")
    assert cleared == [[], [alarm.thing], [alarm.thing]]  # once, by the test that left nothing in doubt


def test_a_good_calibration_told_late_ends_the_alert(house: House) -> None:
    enter(house, "tester", "pump-1")
    now = house.clock.now()
    house.do(record_safety_test, act=house.act(), test=safety("t1", "pump-1", now + 1, instrument="tester"))
    house.do(record_calibration, act=house.act(), calibration=calibration("c2", "tester", now + 10, 3.0))

    house.do(record_calibration, act=house.act(), calibration=calibration("c1", "tester", now + 5, 0.0))

    assert [event.thing for event in house.events(AlarmCleared)] == [event.thing for event in house.events(AlarmRaised)]


def test_an_instrument_that_had_measured_nothing_raises_no_alert(house: House) -> None:
    enter(house, "tester")

    house.do(record_calibration, act=house.act(), calibration=calibration("c", "tester", house.clock.now(), 3.0))

    assert house.events(AlarmRaised) == []
