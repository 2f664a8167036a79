"""Journey 4: the hospital as it is now, asked what two more beds would do; bands, intervals, and the same again."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from dash_app.queries.levers import levers
from simulation.experiments.request import Verdict
from tests.journeys.conftest import COMPILING_S, House, until
from twin.access import Role

OVER = {"done", "failed", "cancelled"}


def admit(house: House, client: httpx2.Client) -> None:
    """Put patients into a third of the beds, as another system tells it."""
    beds = sorted(str(place) for place in house.hospital.live.beds)
    events = [
        {
            "type": "EncounterStarted",
            "thing": f"enc-{n}",
            "source": "his:main",
            "source_key": f"start-{n}",
            "occurred_at": house.hospital.clock.now() - 3_600_000_000,
            "encounter_class": "IMP",
            "place": bed,
        }
        for n, bed in enumerate(beds[::3])
    ]
    answer = client.post("/v1/events:batch", json={"events": events})
    assert answer.status_code == 200, answer.text


def lever(house: House) -> str:
    """Give the pool of beds of some ward, as the what-if page offers it."""
    found = [
        one.path for one in levers(house.hospital.live, house.hospital.clock.now()) if one.path.endswith(".capacity")
    ]
    return found[0]


@pytest.mark.slow
@pytest.mark.timeout(240)  # a fresh machine compiles the engine first
async def test_a_question_about_the_hospital_now_is_answered_with_intervals_and_can_be_asked_again(
    house: House,
) -> None:
    planner = await asyncio.to_thread(house.person, Role.PLANNER)
    key = house.key(Role.SERVICE_HIS, "his:main")
    his = httpx2.Client(base_url=house.url, headers={"authorization": f"Bearer {key}"}, timeout=30)
    await asyncio.to_thread(admit, house, his)
    his.close()
    question = {
        "replications": 8,
        "horizon_s": 86_400,
        "seed": 7,
        "scenarios": [
            {"name": "as it is"},
            {"name": "two more", "changes": [{"path": lever(house), "action": "add", "value": 2}]},
        ],
    }

    async def ask(body: dict[str, Any]) -> dict[str, Any]:
        started = await asyncio.to_thread(planner.post, "/v1/what-if/jobs", json=body)
        assert started.status_code == 202, started.text
        address = f"/v1/jobs/{started.json()['job']}"

        async def over() -> dict[str, Any] | None:
            job: dict[str, Any] = (await asyncio.to_thread(planner.get, address)).json()
            return job if job["state"] in OVER else None

        job = await until(over, "the what-if is computed", patience_s=COMPILING_S)
        assert job["state"] == "done", job
        return job

    job = await ask(question)
    result = (await asyncio.to_thread(planner.get, job["result"])).json()

    base, changed = result["scenarios"]
    assert (base["replications"], changed["name"]) == (8, "two more")
    band = next(one for one in base["bands"] if one["name"].endswith(".occupied"))
    assert len(band["at"]) == len(band["mean"]) > 20
    assert all(
        low <= middle <= high for low, middle, high in zip(band["low"], band["median"], band["high"], strict=True)
    )
    told = result["comparisons"]
    assert max(one["difference"]["n"] for one in told) == 8  # paired, replication by replication
    assert {one["verdict"] for one in told} <= {verdict.value for verdict in Verdict}
    assert any(one["difference"]["half_width"] is not None for one in told)
    kept = await asyncio.to_thread(planner.get, job["result"])
    assert kept.headers["etag"].strip('"') == job["result"].rpartition("/")[2]
    assert result["address"]

    refused = await asyncio.to_thread(planner.post, "/v1/what-if/jobs", json={**question, "replications": 1})
    assert refused.status_code == 422
    nurse = await asyncio.to_thread(house.person, Role.NURSE)
    assert (await asyncio.to_thread(nurse.post, "/v1/what-if/jobs", json=question)).status_code in {202, 403}
