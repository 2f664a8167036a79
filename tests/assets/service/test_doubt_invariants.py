"""Invariant 11: an instrument out of tolerance puts in doubt all that it measured since it was last good, and only that."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel

from assets.model.electrical import Measurement, Method, Quantity
from assets.model.measurements import Calibration, CalibrationPoint, SafetyTest
from assets.model.register import Asset
from assets.service import measured, measuring
from assets.service.act import Act
from assets.service.register import register_asset
from tests.assets.service.test_invariants import EXAMPLES, STEPS
from tests.fakes import START_US, ListSink
from twin.access import Actor, Role

INSTRUMENTS = ("tester-0", "tester-1")
DAYS = st.integers(0, 40)
DAY_US = 86_400_000_000
LEAKAGE = Measurement(
    quantity=Quantity.EQUIPMENT_LEAKAGE, subject="I", value=80.0, method=Method.DIRECT, mains_v=230, nominal_v=230
)


class Doubt(RuleBasedStateMachine):
    """Two testers that are calibrated and used in any order, and entered in any other."""

    def __init__(self) -> None:
        super().__init__()
        engine = create_engine("sqlite://")
        tables = [table for name, table in SQLModel.metadata.tables.items() if name[:7] == "assets_"]
        SQLModel.metadata.create_all(engine, tables=tables)
        self.session = Session(engine)
        self.numbers = itertools.count()
        self.checks: dict[str, dict[int, tuple[bool, bool]]] = {name: {} for name in INSTRUMENTS}
        self.tests: dict[str, tuple[str, int]] = {}

    def act(self) -> Act:
        actor = Actor(id="anna", name="anna", roles=frozenset({Role.BIOMED}))
        # Everything is entered at the end, in any order: nothing that was measured lies in the future.
        now = START_US + 400 * DAY_US
        return Act(actor=actor, now=now, key=f"k{next(self.numbers)}", ledger=ListSink())

    @initialize()
    def register(self) -> None:
        for name in (*INSTRUMENTS, "pump"):
            asset = Asset(id=name, control_no=name, category="x", name=name)
            register_asset(self.session, act=self.act(), asset=asset)

    @rule(name=st.sampled_from(INSTRUMENTS), day=DAYS, found=st.booleans(), left=st.booleans())
    def calibrate(self, name: str, day: int, found: bool, left: bool) -> None:
        at = START_US + day * DAY_US
        if at in self.checks[name]:
            return  # two calibrations at one instant have no order
        reading, adjusted = (100.0 if good else 130.0 for good in (found, left))
        point = CalibrationPoint(
            quantity="i", unit="A", nominal=100.0, as_found=reading, as_left=adjusted, tolerance=5.0
        )
        calibration = Calibration(id=f"c{next(self.numbers)}", asset=name, at=at, points=(point,))
        measuring.record_calibration(self.session, act=self.act(), calibration=calibration)
        self.checks[name][at] = found, left

    @rule(name=st.sampled_from(INSTRUMENTS), day=DAYS)
    def measure(self, name: str, day: int) -> None:
        # At noon: whether a result of the very instant of a calibration counts before or after it is decided elsewhere.
        at = START_US + day * DAY_US + DAY_US // 2
        test = SafetyTest(id=f"t{next(self.numbers)}", asset="pump", at=at, measurements=(LEAKAGE,), instrument=name)
        measuring.record_safety_test(self.session, act=self.act(), test=test)
        self.tests[test.id] = name, at

    def doubtful(self, name: str, at: int) -> bool:
        """Tell by looking at the neighbours: it was left bad before, or found bad next."""
        before = [check for when, check in sorted(self.checks[name].items()) if when < at]
        after = [check for when, check in sorted(self.checks[name].items()) if when > at]
        was_left_bad = bool(before) and not before[-1][1]
        # Found bad at the next calibration, or at a later one with none between that left it good.
        for found, left in after:
            if not found:
                return True
            if left:
                break
        return was_left_bad

    @invariant()
    def exactly_what_is_in_doubt_is_flagged(self) -> None:
        results = measuring.results_of(self.session, asset="pump", limit=1000)
        flagged = {result.id for result in results if result.is_flagged}
        assert flagged == {key for key, (name, at) in self.tests.items() if self.doubtful(name, at)}

    @invariant()
    def the_reverse_trace_names_the_same_results(self) -> None:
        for name in INSTRUMENTS:
            if not self.checks[name]:
                continue
            traced = {result.id for result in measuring.trace_of(self.session, instrument=name).results}
            own = {
                key for key, (instrument, at) in self.tests.items() if instrument == name and self.doubtful(name, at)
            }
            assert traced == own

    @invariant()
    def the_board_shows_every_instrument_with_results_in_doubt(self) -> None:
        shown = {trace.instrument for trace in measured.instruments_in_doubt(self.session)}
        assert shown == {name for name, at in self.tests.values() if self.doubtful(name, at)}

    def teardown(self) -> None:
        self.session.close()


Doubt.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None)
test_doubt_reaches_exactly_what_it_must: Any = Doubt.TestCase
