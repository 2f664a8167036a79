"""What one would have seen of a run: counted the slow way too."""

import numpy as np
import pytest

from simulation.compiled.engine import CompiledEngine
from simulation.experiments.playback import MOST_FRAMES, play_run, playback_of
from simulation.experiments.request import ExperimentRequest, Scenario
from simulation.experiments.running import plan_of
from simulation.model.plan import EventLog, LogColumns, Mark
from tests.simulation.experiments.test_choosing import QUEUE
from tests.simulation.pathways import plan_of as whole_plan_of
from tests.simulation.statistics.test_deadlock import crossing

HOUR_US = 3_600_000_000


def log_of(rows):
    table = np.array(rows, dtype=np.int64).reshape(-1, 7).T
    names = ("times", "streams", "numbers", "branches", "nodes", "marks", "values")
    made = LogColumns(**dict(zip(names, table, strict=True)))
    return EventLog(len(rows), lambda: made)


def test_a_patient_is_where_the_last_row_says_until_the_exit():
    log = log_of(
        [
            (5, 0, 0, 0, 0, Mark.ARRIVE, 0),
            (5, 0, 0, 0, 1, Mark.REQUEST, 0),
            (20, 0, 0, 0, 1, Mark.GRANT, 0),
            (30, 0, 0, 0, 2, Mark.EXIT, 0),
        ]
    )
    seen = playback_of(log, ("come", "desk", "out"), np.array([0, 5, 10, 20, 29, 30, 40]))

    assert seen.present[:, 1].tolist() == [0, 1, 1, 1, 1, 0, 0]
    assert seen.waiting[:, 1].tolist() == [0, 1, 1, 0, 0, 0, 0]
    assert seen.present[:, (0, 2)].sum() == 0


def test_who_has_no_exit_is_there_to_the_end():
    log = log_of([(5, 0, 0, 0, 0, Mark.ARRIVE, 0), (7, 0, 1, 0, 0, Mark.ARRIVE, 0), (9, 0, 0, 0, 1, Mark.EXIT, 0)])
    seen = playback_of(log, ("ward", "out"), np.array([0, 5, 8, 10, 100]))

    assert seen.present[:, 0].tolist() == [0, 1, 2, 1, 1]


def test_a_run_is_counted_as_one_would_by_hand():
    plan = plan_of(ExperimentRequest(pathway=QUEUE, horizon_s=6 * 3600.0), Scenario(name="as it is"))
    outcome = CompiledEngine(plan).run(0, log=True)
    seen = play_run(plan, every_us=HOUR_US // 4)
    for row, at in enumerate(seen.at.tolist()):
        where = {}
        for time, stream, number, branch, node, mark, _value in outcome.log.rows():
            if time <= at:
                where[stream, number, branch] = (node, mark)
        inside = [node for node, mark in where.values() if mark != Mark.EXIT]
        assert seen.present[row].tolist() == [inside.count(n) for n in range(len(seen.nodes))]
        waiting = [node for node, mark in where.values() if mark == Mark.REQUEST]
        assert seen.waiting[row].tolist() == [waiting.count(n) for n in range(len(seen.nodes))]


@pytest.mark.parametrize(("hours", "every_us"), [(24.0, 1), (1.0, HOUR_US)])
def test_there_are_never_more_frames_than_a_browser_draws(hours, every_us):
    plan = plan_of(ExperimentRequest(pathway=QUEUE, horizon_s=hours * 3600), Scenario(name="as it is"))
    seen = play_run(plan, every_us=every_us)

    assert 2 <= len(seen.at) <= MOST_FRAMES + 1
    assert seen.at[0] == 0


def test_who_waits_for_one_another_for_ever_is_told_beside_what_one_sees():
    seen = play_run(whole_plan_of(crossing(at=60), hours=2), every_us=HOUR_US // 4)

    assert seen.deadlock is not None
    assert seen.deadlock.waiting == (("a 0", ("x",), ("y",)), ("b 0", ("y",), ("x",)))
    assert seen.waiting[-1].sum() == 2


def test_a_run_that_only_queues_has_no_deadlock():
    plan = plan_of(ExperimentRequest(pathway=QUEUE, horizon_s=6 * 3600.0), Scenario(name="as it is"))

    assert play_run(plan, every_us=HOUR_US // 4).deadlock is None
