"""Ctrl-C to a real process: every long command of ``simulate`` ends soon, says how far it came, and with code 130."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.console import Exit
from tests.server.commands.test_simulate import PATHWAY

pytestmark = pytest.mark.timeout(300)  # the first run on a fresh machine compiles the kernel as well

LONG = "--hours 900000"
COMMANDS = {
    "choose": f"choose {{pathway}} --measure wait.triage.mean_s --zone 1 --scenario more:pools.nurse.capacity+1 {LONG}",
    "ocba": f"choose {{pathway}} --measure wait.triage.mean_s --method ocba --scenario more:pools.nurse.capacity+1 {LONG}",
    "optimise": f"optimise {{pathway}} --lever pools.nurse.capacity=1..9 --limit wait.triage.p95_s<=9 {LONG}",
    "bands": f"bands {{pathway}} {LONG}",
    "warm-up": f"warm-up {{pathway}} {LONG}",
    "sensitivity": f"sensitivity --icu 12 --ward A=30 {LONG}",
    "calibrate": "calibrate {log}",
    "compare": f"compare {{pathway}} --change pools.nurse.capacity+1 {LONG}",
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    pathway, log = tmp_path / "clinic.toml", tmp_path / "log.csv"
    pathway.write_text(PATHWAY, encoding="utf-8")
    # Years of a busy log, so that simulating it again takes long.
    begin, rows = datetime(2015, 1, 1, tzinfo=UTC), ["case_id,activity,timestamp"]
    for number in range(4000):
        arrived = begin + timedelta(hours=20 * number)
        rows += [
            f"{number},triage,{arrived.isoformat()}",
            f"{number},care,{(arrived + timedelta(days=40)).isoformat()}",
        ]
    log.write_text("\n".join(rows), encoding="utf-8")
    return {"pathway": pathway, "log": log}


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_ends_the_process_with_what_is_known(name: str, files: dict[str, Path]) -> None:
    command = [sys.executable, "-m", "server", "simulate", *COMMANDS[name].format(**files).split(), "--json"]
    # One thread until the runs begin: their start is then seen from outside.
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1", "LANG": "C"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=alone)

    while process.poll() is None and len(os.listdir(f"/proc/{process.pid}/task")) < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=200)

    assert process.returncode == Exit.CALLED_OFF, error
    assert "Called off" in error
    assert "Traceback" not in error
    if out:
        json.loads(out)
