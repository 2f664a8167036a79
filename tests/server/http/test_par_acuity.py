"""Par levels for other patients than usual: what the ledger was told of patients, through to a proposal."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from server.wiring import follow
from tests.server.conftest import Served
from tests.server.http.test_restocking import LABEL
from twin.access import Role
from twin.clock import DAY_US, HOUR_US
from twin.events.envelope import Event
from twin.events.patients import EncounterClass, EncounterFinished, EncounterStarted, EncounterUpdated
from twin.events.places import PlaceDefined, PlaceKind
from twin.history.projection import NAME

DAYS = 24
GRAVE, SLIGHT = 9, 1  # units that a day of a patient of level 1, and of level 4, takes


def place(served: Served, name: str, kind: PlaceKind, parent: str = "") -> PlaceDefined:
    now = served.clock.now()
    return PlaceDefined(
        thing=name, occurred_at=now, source="import:t", source_key=name, kind=kind, name=name, parent=parent
    )


def patient(now: int, name: str, level: int, days: float) -> list[Event]:
    """Give a patient who came at an instant, was triaged at once, and left after some days."""
    head: dict[str, Any] = {"thing": name, "source": "his:main"}
    return [
        EncounterStarted(
            occurred_at=now, source_key=f"{name}s", encounter_class=EncounterClass.INPATIENT, place="shelf", **head
        ),
        EncounterUpdated(occurred_at=now + 1, source_key=f"{name}u", acuity=level, **head),
        EncounterFinished(occurred_at=now + int(days * DAY_US), source_key=f"{name}d", **head),
    ]


@pytest.fixture
async def planner(served: Served) -> httpx2.AsyncClient:
    """A ward that had one to three patients of each of two levels, and used gloves after them for some weeks."""
    follow(served.hospital)
    served.hospital.record_now(
        [
            place(served, "ward", PlaceKind.WARD),
            place(served, "shelf", PlaceKind.ROOM, "ward"),
            place(served, "empty", PlaceKind.WARD),
        ]
    )
    client = await served.signed_in(Role.LOGISTICS)
    for path, body in (
        ("/v1/items", {"id": "gloves", "code": "G-1", "name": "Gloves"}),
        ("/v1/items/gloves/packages", {"gtin": "09506000134352", "level": "box", "quantity": 10}),
        ("/v1/stock/receipts", {"lines": [{"place": "shelf", "scan": LABEL, "packages": 200}]}),
        ("/v1/par-levels", {"place": "shelf", "item": "gloves", "par_level": 30, "reorder_point": 8}),
    ):
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text
    for day in range(DAYS):
        # two rhythms that do not go together, so that the levels can be told apart
        grave, slight = 1 + day % 3, 1 + day // 2 % 3
        events = [
            event
            for level, count in ((1, grave), (4, slight))
            for number in range(count)
            for event in patient(served.clock.now(), f"e{day}-{level}-{number}", level, 1.0)
        ]
        served.clock.advance(HOUR_US / 1e6)
        client = await served.signed_in(Role.LOGISTICS)  # nobody stays signed in for a day
        used = {"item": "gloves", "quantity": grave * GRAVE + slight * SLIGHT, "place": "shelf"}
        assert (await client.post("/v1/stock/uses", json=used)).status_code == 201
        served.clock.advance((DAY_US - HOUR_US) / 1e6)
        served.hospital.record_now(events)
    followed: Any = served.hospital.services[NAME]
    assert followed.wait_until(served.hospital.ledger.last_sequence())
    return await served.signed_in(Role.LOGISTICS)


async def mean_per_day(client: httpx2.AsyncClient, **told: object) -> float:
    asked = {"period_days": 1, "periods": DAYS, **told}
    answer = await client.post("/v1/par-proposals:plan", json=asked)
    assert answer.status_code == 200, answer.text
    [proposal] = (await client.get("/v1/par-proposals", params={"state": "all"})).json()["proposals"]
    return float(proposal["mean_per_day"])


async def test_a_surge_of_the_gravely_ill_asks_for_what_they_use(planner: httpx2.AsyncClient) -> None:
    usual = await mean_per_day(planner)
    grave = await mean_per_day(planner, acuity={"ward": {"1": 4}})  # twice as many as usual
    slight = await mean_per_day(planner, acuity={"ward": {"4": 4}})
    as_ever = await mean_per_day(planner, acuity={"ward": {}})

    # usual: 2 of each level; 20 units a day. Two more of level 1 need 18 more, two more of level 4 only 2.
    assert grave / usual == pytest.approx(38 / 20, rel=0.03)
    assert slight / usual == pytest.approx(22 / 20, rel=0.03)
    assert as_ever == pytest.approx(usual)


async def test_rates_are_told_with_what_they_rest_on(planner: httpx2.AsyncClient) -> None:
    found = (await planner.get("/v1/par-proposals/acuity", params={"place": "shelf"})).json()

    assert (found["ward"], found["periods"], found["period_days"]) == ("ward", 4, 7)
    [gloves] = found["items"]
    by_level = {rate["acuity"]: rate for rate in gloves["rates"]}
    # a level that nobody had gets what a patient of the ward needs, and says so
    assert [level for level, rate in by_level.items() if rate["is_ward_rate"]] == ["2", "3", "5", "unknown"]
    assert by_level["2"]["rate"] == pytest.approx((GRAVE + SLIGHT) / 2, rel=0.1)
    assert all(rate["low"] <= rate["rate"] <= rate["high"] for rate in by_level.values())
    assert by_level["1"]["patient_days"] == pytest.approx(2 * DAYS, rel=0.01)
    assert by_level["unknown"]["patient_days"] == pytest.approx(0, abs=0.01)


WRONG: tuple[tuple[dict[str, object], int, str], ...] = (
    ({"nowhere": {"1": 1}}, 404, "not_found"),
    ({"empty": {"1": 1}}, 409, "par.no_patient_days"),  # nothing says what patients need there
    ({"ward": {"6": 1}}, 422, "input."),  # no such level
    ({"ward": {"1": -1}}, 422, "input."),
    ({"ward": {"1": "many"}}, 422, "input."),
)


async def test_patients_that_cannot_be_and_places_without_any_are_refused(planner: httpx2.AsyncClient) -> None:
    # in one test: the weeks before it take seconds, and no refusal changes them
    for acuity, status, code in WRONG:
        answer = await planner.post("/v1/par-proposals:plan", json={"acuity": acuity})

        assert answer.status_code == status, answer.text
        assert answer.json()["code"].startswith(code)
    for name in ("empty", "nowhere"):
        assert (await planner.get("/v1/par-proposals/acuity", params={"place": name})).status_code == 404
