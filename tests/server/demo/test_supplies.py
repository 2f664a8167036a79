import numpy as np
import pytest

from inventory.service.correcting import verify
from inventory.tables.kits import list_kits
from server.demo.building import building_events
from server.demo.inhabitants import inhabitants
from server.demo.past import PastLedger
from server.demo.supplies import CENTRAL, Supplies
from server.demo.theatre_kits import PROCEDURES
from server.wiring import open_hospital
from twin.clock import DAY_US
from twin.events.places import PlaceDefined
from twin.settings import load_settings

START = 20_000 * DAY_US
PLACES = [event for event in building_events(0) if isinstance(event, PlaceDefined)]


@pytest.fixture
def hospital(tmp_path):
    opened = open_hospital(load_settings(data_dir=tmp_path / "data"))
    yield opened
    opened.close()


def test_a_week_of_use_and_restocking_keeps_the_books_straight_and_asks_nobody(hospital):
    found = inhabitants(PLACES, seed=1, at=START)
    supplies = Supplies(found.items, found.stock_places, np.random.default_rng(3), START)
    ledger = PastLedger(hospital)

    hospital.write_now(lambda session: supplies.open(session, ledger))
    for day in range(7):
        hospital.write_now(lambda session, day=day: supplies.live_day(session, ledger, day, is_restocked=True))

    with hospital.read() as session:
        assert verify(session) == []
        kits = list_kits(session)
    assert {kit.procedure for kit in kits} == set(PROCEDURES)
    assert all(len(kit.lines) >= 6 for kit in kits)
    assert hospital.live.tasks == {}
    assert all(line.quantity >= 0 for (place, _), line in hospital.live.stock.items() if place in found.stock_places)
    assert {holding.place for holding in supplies.holdings} == set(found.stock_places) - set(CENTRAL)
