"""Forecasts and what-if questions over HTTP."""

from __future__ import annotations

import msgspec

from server.runs.forecasts import ForecastDesk
from tests.server.conftest import Served
from twin.access import Role


async def test_forecast_is_given_with_its_age(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)

    before = await planner.get("/v1/forecast")
    desk = ForecastDesk(served.hospital)
    served.hospital.services["forecast"] = desk
    not_yet = await planner.get("/v1/forecast")
    desk.refresh()
    found = await planner.get("/v1/forecast")
    judged = await planner.get("/v1/forecast/accuracy")

    assert (before.status_code, not_yet.status_code) == (503, 404)
    assert found.json()["units"] == []
    assert found.json()["made"].endswith("Z")
    assert judged.json() == {"horizons": []}


async def test_what_if_is_a_job_and_a_wrong_question_is_refused(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    asked: list[tuple[str, object]] = []

    class Jobs:
        def submit(self, kind: str, arguments: object, *, actor: object) -> str:
            asked.append((kind, arguments))
            return "job-7"

        def cancel(self, job_id: str) -> None:
            raise AssertionError(job_id)

    served.hospital.jobs = Jobs()  # type: ignore[assignment]
    change = {"path": "pools.icu.capacity", "action": "add", "value": 2}
    body = {"scenarios": [{"name": "as it is"}, {"name": "two more", "changes": [change]}], "hours": 24}

    good = await planner.post(
        "/v1/what-if", content=msgspec.json.encode(body), headers={"content-type": "application/json"}
    )
    bad = await planner.post("/v1/what-if", json=body | {"replications": 1})
    stranger = await (await served.stranger()).post("/v1/what-if", json=body)

    assert (good.status_code, good.json()) == (202, {"job": "job-7"})
    [(kind, arguments)] = asked
    assert kind == "what_if"
    assert arguments["base"] == "live"  # type: ignore[index]
    assert arguments["horizon_s"] == 86_400.0  # type: ignore[index]
    assert bad.status_code == 422
    assert stranger.status_code == 401


async def test_library_of_situations_names_the_wards_of_this_hospital(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)

    found = await planner.get("/v1/what-if/situations")
    stranger = await (await served.stranger()).get("/v1/what-if/situations")

    listed = {one["name"]: one for one in found.json()["situations"]}
    assert found.status_code == 200
    assert listed["ward_closure"]["choice"] == "ward"
    assert listed["ward_closure"]["options"]
    assert {"key": "casualties", "usual": 40.0, "low": 1.0, "high": 10_000.0, "is_whole": True} in listed[
        "mass_casualty"
    ]["parameters"]
    assert stranger.status_code == 401
