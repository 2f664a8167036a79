from __future__ import annotations

import random
from pathlib import Path

import pytest
from pysqlite3 import dbapi2

from tests.crash.witness import Witness, kills


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_acknowledged_event_is_stored_once_however_often_the_process_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "hospital.db"
    witness = Witness(f"sqlite:///{file}", tmp_path)
    chance = random.Random(20)

    for _ in range(kills(5)):
        with witness.program():
            witness.wait_for(chance.randrange(1, 400))

    connection = dbapi2.connect(str(file))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    assert witness.check() >= len(witness.acknowledged) > 0
