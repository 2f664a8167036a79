"""A cycle's curve is looked at and its load is signed for, on the page."""

import pytest

from assets.model.machine import Machine
from assets.model.programme import Evidence, Programme
from assets.tables.reprocessing import save_machine, save_programme
from rfid_gateway.simulators.plants import SteamProgramme, SteamSterilizer
from server.access.keys import NewKey, create_key
from tests.browser.test_stock_pages import surely
from twin.access import Role
from twin.clock import SECOND_US

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

GTIN = "09521234000013"
NEEDED = frozenset({Evidence.CONTROL_TEMPERATURE, Evidence.RECORD_TEMPERATURE, Evidence.PRESSURE, Evidence.PHASE})
P134 = Programme(id="P134", band_low_c=134.0, band_high_c=137.0, required_hold_s=180.0, required=NEEDED)
MACHINE = Machine(id="ster-1", place="STORE", programmes={0: "P134", 1: "P134"}, idle_codes=(0, 7, 8))
SIGNALS = ("machine_state", "programme", "cycle_number", "phase", "control_c", "record_c", "pressure_kpa")


def samples(began):
    """Give what the machine's gateway would have sent: a value of each signal each second, of one whole cycle."""
    plant = SteamSterilizer()
    ends = plant.start_cycle(began + 10 * SECOND_US, SteamProgramme(pulses=1, dry_s=20.0))
    times = list(range(began, ends + 130 * SECOND_US, SECOND_US))
    values = [plant.values_at(at) for at in times]
    return [
        {
            "device": "ster-1",
            "quantity": signal,
            "source": "gateway:cssd",
            "source_key": signal,
            "times_us": times,
            "values": [one[signal] for one in values],
        }
        for signal in SIGNALS
    ]


@pytest.fixture
def judged(served, api):
    """A load of sets whose cycle has just passed."""
    hospital = served.hospital
    hospital.write_now(lambda session: save_programme(session, P134))
    hospital.write_now(lambda session: save_machine(session, MACHINE))
    people = api("all")
    load = {"machine": "ster-1", "place": "STORE", "items": [{"gtin": GTIN, "lot": "S-0001", "quantity": 2}]}
    for path, body in (
        ("/v1/items", {"id": "set-1", "code": "S-1", "name": "Laparotomy set", "kind": "sterile_set"}),
        ("/v1/items/set-1/packages", {"gtin": GTIN, "level": "each", "quantity": 1}),
        ("/v1/loads", load),
    ):
        answer = people.post(path, json=body)
        assert answer.status_code == 201, answer.text
    now = hospital.clock.now()
    new = NewKey(name="cssd", role=Role.SERVICE_GATEWAY, source="gateway:cssd")
    key = hospital.write_now(lambda session: create_key(session, new, created_by="test", now=now)[0])
    told = people.post(
        "/v1/telemetry", json={"chunks": samples(now - 1800 * SECOND_US)}, headers={"authorization": f"Bearer {key}"}
    )
    assert told.status_code == 200, told.text
    return people


def test_a_person_sees_the_curve_and_signs_and_the_sets_become_stock(visit, served, judged):
    watched = visit()
    page = watched.open("/ui/reprocessing")
    row = page.locator("tr", has_text="P134")
    row.locator("text=passed").wait_for()
    row.locator("a").first.click()

    watched.until("() => document.querySelector('#reprocessing-content .js-plotly-plot')?.data?.length >= 2")
    shown = page.evaluate(
        "() => { const graph = document.querySelector('#reprocessing-content .js-plotly-plot');"
        " return {hottest: Math.max(...graph.data[0].y), unit: graph.layout.yaxis.title.text}; }"
    )
    assert 134 < shown["hottest"] < 137
    assert shown["unit"] == "Temperature, °C"
    assert watched.violations() == []
    page.click("#reprocessing-load")
    page.locator("[role=option]:visible").first.click()
    page.fill("#reprocessing-note", "seen, dry and whole")
    surely(page, "reprocessing-release")
    page.locator("#reprocessing-signed", has_text="Released.").wait_for()

    row.locator("text=Released").wait_for()
    [load] = judged.get("/v1/loads", params={"state": "released"}).json()["loads"]
    assert (load["machine"], load["items"][0]["quantity"]) == ("ster-1", 2)
    assert served.hospital.live.stock["STORE", "set-1"].quantity == 2
    page.click("#reprocessing-load")
    page.wait_for_timeout(300)
    assert page.locator("[role=option]:visible").count() == 0  # what is signed cannot be signed once more
