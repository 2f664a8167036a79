"""No kernel reads or writes outside its arrays: each search once more, compiled with a look at every index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # everything is compiled anew
HERE = Path(__file__).resolve()

ADMISSIONS = """
import runpy
from scheduling.solvers.admissions.search import Settings, solve
random_problem = runpy.run_path("tests/scheduling/wards.py")["random_problem"]
for seed in range(3):
    solve(random_problem(seed, n_patients=12, days=6), Settings(steps=30_000, seed=seed))
"""
ROSTERS = """
import runpy
from dataclasses import replace
from scheduling.model.rosters import Employee, History
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import RosterSettings
staff = runpy.run_path("tests/scheduling/staff.py")
pasts = [History(), History(off_run=3), History(last_shift="N", work_run=4, shift_run=2), History(weekends=2)]
plain = tuple(replace(one, run=staff["EARLY"].run) for one in staff["month"]().shifts)
for days in (7, 17):
    people = tuple(
        Employee(id=f"e{at}", contract="full", history=past, days_off=frozenset({at % days, days - 1}))
        for at, past in enumerate(pasts * 2)
    )
    problem = staff["month"](days=days, shifts=plain, employees=people, needs=tuple(
        replace(need, shift=shift, preferred=1) for need in staff["month"]().needs if need.day < days for shift in "ELN"
    ))
    found = solve_roster(problem, RosterSettings(iterations=300, seed=days))
    assert found.rounds >= 300 or found.is_optimal, found.rounds
"""
FAULT = """
import numpy as np
from scheduling.solvers.compiling import compiled
def beyond(values):
    return values[values.shape[0]]
compiled(beyond)(np.zeros(3))
"""


def checked(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script whose kernels look at every index."""
    file = folder / "script.py"
    file.write_text(script)
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": "."}
    return subprocess.run(
        [sys.executable, str(file)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE.parents[3],
    )


@pytest.mark.parametrize("script", [ADMISSIONS, ROSTERS], ids=["admissions", "rosters"])
def test_no_kernel_reads_or_writes_outside_its_arrays(script: str, tmp_path: Path) -> None:
    done = checked(script, tmp_path)

    assert done.returncode == 0, done.stderr


def test_an_index_outside_would_be_seen(tmp_path: Path) -> None:
    done = checked(FAULT, tmp_path)

    assert done.returncode != 0
    assert "IndexError" in done.stderr
