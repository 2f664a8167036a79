"""The twin against a hidden truth that is told through the real doors with loss, duplicates and reordering."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.closed_loop import Scale, compare
from server.wiring import open_hospital
from twin.clock import ManualClock
from twin.settings import Settings


@pytest.mark.parametrize("scale", [Scale(beds=30, tags=120, hours=30), Scale(beds=12, tags=30, hours=60, seed=7)])
def test_the_twin_is_right_about_almost_everything_at_any_instant_and_about_all_in_the_end(
    tmp_path: Path, scale: Scale
) -> None:
    clock = ManualClock(1_767_600_000_000_000)
    hospital = open_hospital(
        Settings(data_dir=tmp_path, free_disk_floor_mb=0, time_zone="UTC"), clock=clock, handlers=[]
    )

    score = compare(hospital, clock, scale, probes=25)
    hospital.close()

    assert score.pairs > 1_000
    assert score.share >= 0.995, score.wrong[:5]
    assert score.end_right == score.end_pairs, score.wrong[-5:]


def test_a_perfect_line_leaves_nothing_wrong(tmp_path: Path) -> None:
    clock = ManualClock(1_767_600_000_000_000)
    hospital = open_hospital(
        Settings(data_dir=tmp_path, free_disk_floor_mb=0, time_zone="UTC"), clock=clock, handlers=[]
    )

    score = compare(hospital, clock, Scale(beds=12, tags=30, hours=24, loss=0, duplicates=0, reordered=0), probes=25)
    hospital.close()

    assert (score.right, score.end_right) == (score.pairs, score.end_pairs), score.wrong[:5]
