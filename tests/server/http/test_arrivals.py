"""Wristbands, identity checks and ambulances through the public door."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from server.audit import chain as audit
from server.runs.forecasts import ForecastDesk
from server.schema.access import AuditRow
from tests.interop.conftest import places
from tests.server.conftest import Served
from twin.access import Role
from twin.clock import HOUR_US, to_text
from twin.events.patients import EncounterClass, EncounterFinished, EncounterStarted
from twin.events.places import PlaceDefined, PlaceKind
from twin.state.beds import bed_view


@pytest.fixture
async def nurse(served: Served) -> Any:
    head = {"occurred_at": 1_000_000, "source": "import:t"}
    bays = [
        PlaceDefined(thing=key, kind=PlaceKind.BED, name=key, parent="H", purpose="resus", source_key=key, **head)  # type: ignore[arg-type]
        for key in ("RB1", "RB2")
    ]
    people = [
        EncounterStarted(
            thing=key,
            source_key=key,
            encounter_class=EncounterClass.INPATIENT,
            place=place,
            **head,  # type: ignore[arg-type]
        )
        for key, place in (("E1", "W1-1-A"), ("E2", "W1-1-B"))
    ]
    served.hospital.record_now([*places(), *bays, *people])
    return await served.signed_in(Role.NURSE)


async def test_a_wristband_is_bound_rebound_and_taken_off_and_its_history_is_kept(nurse: Any, served: Served) -> None:
    for encounter in ("E1", "E2"):
        answer = await nurse.post("/v1/wristbands/B1/bind", json={"encounter": encounter})
        assert answer.status_code == 200, answer.text
        served.clock.advance(60)  # type: ignore[union-attr]
    gone = await nurse.post("/v1/wristbands/B1/unbind", json={})
    again = await nurse.post("/v1/wristbands/B1/unbind", json={})
    history = (await nurse.get("/v1/wristbands/B1")).json()

    assert (gone.status_code, again.status_code) == (204, 404)
    assert [one["encounter"] for one in history] == ["E1", "E2"]
    assert all(one["until"] for one in history)


async def test_a_thing_is_handed_out_only_to_the_wrist_that_it_is_for_and_both_are_audited(
    nurse: Any, served: Served
) -> None:
    await nurse.post("/v1/wristbands/B1/bind", json={"encounter": "E1"})

    async def check(tag: str, encounter: str) -> tuple[bool, str]:
        told = (await nurse.post("/v1/identity-checks", json={"tag": tag, "encounter": encounter})).json()
        return told["is_match"], told["reason"]

    found = [await check("B1", "E1"), await check("B1", "E2"), await check("B9", "E1")]
    with served.hospital.read() as session:
        noted = [row.action for row in session.exec(select(AuditRow)) if row.action.startswith("identity.")]

    assert found == [(True, ""), (False, "other_encounter"), (False, "not_bound")]
    assert noted == ["identity.matched", "identity.refused", "identity.refused"]
    assert served.hospital.live.encounters["E1"].stage == "dispensed"
    assert served.hospital.live.encounters["E2"].stage == ""
    with served.hospital.read() as session:
        audit.verify(session)


async def test_nobody_bears_a_wristband_for_a_stay_that_is_over(nurse: Any, served: Served) -> None:
    head = {"source": "his:t", "occurred_at": 3_000_000}
    served.hospital.record_now([EncounterFinished(thing="E1", source_key="f", **head)])  # type: ignore[arg-type]
    departed = await nurse.post("/v1/wristbands/B1/bind", json={"encounter": "E1"})

    assert departed.status_code in (200, 409)  # still in the house until the departure
    assert (await nurse.post("/v1/wristbands/B1/bind", json={"encounter": "nobody"})).status_code == 404


async def test_an_ambulance_is_on_the_board_with_a_bay_until_it_comes(nurse: Any, served: Served) -> None:
    soon = to_text(served.clock.now() + HOUR_US // 4)
    made = [
        (await nurse.post("/v1/ambulances", json={"expected": soon, "acuity": acuity})).json()
        for acuity in (1, 2, 1, 4)
    ]
    board = (await nurse.get("/v1/ambulances")).json()

    assert [one["bay"] for one in made] == ["RB1", "RB2", "", ""]  # two bays; the less urgent need none
    assert len(board) == 4
    assert board[0]["eta_s"] == 900.0
    assert bed_view(served.hospital.live, "RB1").code == "U"  # reserved is not occupied

    await nurse.post(f"/v1/ambulances/{made[0]['encounter']}/arrived", json={})
    await nurse.post(f"/v1/ambulances/{made[1]['encounter']}/cancel", json={})

    assert bed_view(served.hospital.live, "RB1").code == "O"
    assert len((await nurse.get("/v1/ambulances")).json()) == 2
    next_one = (await nurse.post("/v1/ambulances", json={"expected": soon, "acuity": 1})).json()
    assert next_one["bay"] == "RB2"
    over = await nurse.post(f"/v1/ambulances/{made[0]['encounter']}/cancel", json={})
    assert (over.status_code, over.json()["code"]) == (409, "ambulance.over")


@pytest.mark.parametrize("told", [{"expected": "soon", "acuity": 1}, {"expected": "2020-01-01T00:00:00Z", "acuity": 1}])
async def test_an_ambulance_without_a_sensible_time_is_refused(nurse: Any, told: dict[str, Any]) -> None:
    assert (await nurse.post("/v1/ambulances", json=told)).status_code == 422


async def test_an_announced_ambulance_asks_for_a_new_forecast(served: Served, nurse: Any, monkeypatch: Any) -> None:
    desk, asked = ForecastDesk(served.hospital), []
    monkeypatch.setattr(desk, "want", lambda: asked.append(len(served.hospital.live.encounters)))
    served.hospital.services["forecast"] = desk
    before = len(served.hospital.live.encounters)

    told = {"expected": to_text(served.clock.now() + HOUR_US), "acuity": 1}
    assert (await nurse.post("/v1/ambulances", json=told)).status_code == 201

    assert asked == [before + 1]  # the forecast sees the ambulance already
