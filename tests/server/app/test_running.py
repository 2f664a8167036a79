"""What runs beside the requests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from server.app.running import retry_handlers
from server.wiring import open_hospital
from tests.fakes import START_US
from twin.clock import HOUR_US, ManualClock
from twin.events.envelope import Event
from twin.events.places import PlaceDefined, PlaceKind
from twin.ports import HandlerContext
from twin.settings import Settings


def test_handler_that_failed_is_tried_again_and_its_row_goes_when_it_succeeds(tmp_path: Path) -> None:
    clock = ManualClock(START_US)
    broken = [True]

    def handler(_context: HandlerContext, _event: Event) -> Iterable[Event]:
        if broken[0]:
            raise ValueError("not yet")
        return ()

    hospital = open_hospital(
        Settings(data_dir=tmp_path, free_disk_floor_mb=0),
        clock=clock,
        handlers=[{PlaceDefined: {"test.once": handler}}],
    )
    place = PlaceDefined(
        thing="P", occurred_at=START_US, source="import:test", source_key="p", kind=PlaceKind.ROOM, name="Room"
    )
    hospital.record_now([place])
    clock.set(START_US + HOUR_US)
    still_failing = retry_handlers(hospital)
    with hospital.read() as session:
        (row,) = hospital.ledger.unhandled(session)
    broken[0] = False
    clock.set(START_US + 3 * HOUR_US)
    mended = retry_handlers(hospital)
    with hospital.read() as session:
        left = hospital.ledger.unhandled(session)
    hospital.close()

    assert (still_failing, row.handler, row.attempts) == (1, "test.once", 2)
    assert (mended, left) == (0, [])
