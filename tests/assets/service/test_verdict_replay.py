"""Invariant 12: however the samples came, and however often they are judged, a cycle has one verdict and one hash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel, select

from assets.rules.verdict import judge
from assets.service.cycles import judge_row, preconditions_of, read_trace, standing_of
from assets.service.following import CycleFollower, good_reader
from assets.tables.reprocessing import judgement_of_row, save_machine, save_programme
from assets.tables.rows import CycleRow
from benchmarks.cycles import columns_of
from tests.assets.service.test_reprocessing import P134, STEAM, Numbered, Store
from tests.fakes import START_US, ListSink
from twin.clock import SECOND_US
from twin.events.supply import CycleEnded


class Replay(RuleBasedStateMachine):
    """A sterilizer whose samples come in pieces, twice, and across restarts of the follower."""

    def __init__(self) -> None:
        super().__init__()
        engine = create_engine("sqlite://")
        tables = [t for n, t in SQLModel.metadata.tables.items() if n.startswith("assets_")]
        SQLModel.metadata.create_all(engine, tables=tables)
        self.session = Session(engine)
        self.sink = ListSink()
        self.store = Store()
        self.last: list[Numbered] = []
        self.sent = 0
        self.told: dict[str, str] = {}

    def teardown(self) -> None:
        self.session.close()
        self.session.get_bind().dispose()  # type: ignore[union-attr]

    def run(self, use_case: Callable[[Session], None]) -> None:
        use_case(self.session)

    @initialize(holds=st.lists(st.sampled_from([150.0, 180.0, 200.0]), min_size=1, max_size=2))
    def begin(self, holds: list[float]) -> None:
        save_programme(self.session, P134)
        save_machine(self.session, STEAM)
        times: list[np.ndarray] = []
        columns: dict[str, list[np.ndarray]] = {}
        begin = START_US
        for number, hold in enumerate(holds):
            own, values = columns_of(hold=hold, number=number + 1)
            times.append(own + begin)
            begin = int(times[-1][-1]) + SECOND_US
            for name, column in values.items():
                columns.setdefault(name, []).append(column)
        self.times = np.concatenate(times)
        self.columns = {name: np.concatenate(parts) for name, parts in columns.items()}
        self.restarts()

    @rule()
    def restarts(self) -> None:
        self.follower = CycleFollower(run=self.run, ledger=self.sink, store=self.store)

    @rule(count=st.sampled_from([1, 13, 200, 900, 3000]))
    def sends(self, count: int) -> None:
        part = slice(self.sent, self.sent + count)
        if len(self.times[part]):
            values = {name: column[part] for name, column in self.columns.items()}
            self.last = self.store.add(STEAM.id, self.times[part], values)
            self.follower(self.last)
            self.sent += count

    @rule()
    def sends_the_last_again(self) -> None:
        self.follower(self.last)

    @rule()
    def is_judged_again(self) -> None:
        for row in self.session.exec(select(CycleRow).where(CycleRow.end_at > 0)).all():
            judge_row(self.session, row, machine=STEAM, read=good_reader(self.store))

    @invariant()
    def every_ended_cycle_has_the_hash_it_was_told_with(self) -> None:
        for event in self.sink.events:
            if isinstance(event, CycleEnded):
                assert self.told.setdefault(event.cycle, event.input_hash) == event.input_hash
        for row in self.session.exec(select(CycleRow).where(CycleRow.end_at > 0)).all():
            kept = judgement_of_row(row)
            read: Any = good_reader(self.store)
            trace = read_trace(self.session, STEAM, start_us=row.start_at, end_us=row.end_at, read=read)
            afresh = judge(
                trace, P134, preconditions_of(self.session, STEAM, row.start_at, standing_of(self.session, STEAM.id))
            )
            assert kept is not None
            assert (afresh.input_hash, afresh.verdict, afresh.codes) == (kept.input_hash, kept.verdict, kept.codes)
            assert kept.input_hash == self.told[row.id]


Replay.TestCase.settings = settings(max_examples=8, stateful_step_count=15, deadline=None)
test_replay_gives_the_same_verdict: Any = Replay.TestCase
