"""The job and the routes that start without a log."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from dash_app.queries.sensitivity import studied_of
from server.runs.sheets import prepare, work
from server.wiring import Hospital, open_hospital
from tests.server.conftest import Served
from twin.access import Role
from twin.errors import HospitalTwinError
from twin.settings import Settings

pytestmark = pytest.mark.timeout(240)  # the first run on a fresh machine compiles the kernel as well
SMALL = {"rooms": {"ed": 6, "icu": 3, "theatres": 2}, "wards": {"A": 12}, "sheet": {"ed_arrivals_per_day": 40}}
SHORT = SMALL | {"horizon_s": 86_400.0, "warm_up_s": 0.0, "replications": 3}


@pytest.fixture
def hospital(settings: Settings) -> Iterator[Hospital]:
    found = open_hospital(settings)
    yield found
    found.close()


def test_guesses_are_varied_one_by_one_and_told_with_the_pathway(hospital: Hospital) -> None:
    told: list[float] = []
    prepared = prepare(hospital, SHORT)

    found = work(msgspec.json.decode(msgspec.json.encode(prepared)), lambda share, *_: told.append(share))  # type: ignore[arg-type]

    assert told == sorted(told)
    assert 0 < told[0] < told[-1] < 1
    assert {one["entry"] for one in found["entries"]} >= {"icu_stay", "ed_arrivals_per_day", "ed_minor_share"}
    assert found["document"]["pools"]["ward-A"]["capacity"] == 12
    msgspec.json.encode(found)  # neither NaN nor infinity
    studied = studied_of(found)
    assert studied is not None
    assert studied.usual is not None
    assert studied.usual.n <= 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": 0.0},
        {"share": "much"},
        {"replications": 1},
        {"replications": True},
        {"horizon_s": float("nan")},
        {"warm_up_s": 1e6},  # longer than the run
        {"measure": 7},
        {"rooms": {"icu": 0}},
        {"sheet": {"icu_stay": "soon"}},
        {"wards": "A=3"},
    ],
)
def test_question_that_cannot_be_answered_is_refused_before_it_runs(
    hospital: Hospital, wrong: dict[str, object]
) -> None:
    with pytest.raises(HospitalTwinError):
        prepare(hospital, SHORT | wrong)


async def test_sheet_gives_a_pathway_and_a_study_is_a_job(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    asked: list[tuple[str, object]] = []

    class Jobs:
        def submit(self, kind: str, arguments: object, *, actor: object) -> str:
            asked.append((kind, arguments))
            return "job-9"

    served.hospital.jobs = Jobs()  # type: ignore[assignment]

    made = await planner.post("/v1/what-if/sheet", json=SMALL)
    refused = await planner.post("/v1/what-if/sheet", json={"rooms": {"icu": 0}})
    study = await planner.post("/v1/what-if/sensitivities", json=SMALL | {"share": 0.3, "hours": 48})
    stranger = await (await served.stranger()).post("/v1/what-if/sheet", json=SMALL)

    assert made.status_code == 200
    assert made.json()["document"]["pools"]["icu"]["capacity"] == 3
    assert refused.status_code == 422
    assert "rooms.icu" in refused.text
    assert (study.status_code, study.json()) == (202, {"job": "job-9"})
    [(kind, arguments)] = asked
    assert kind == "sensitivity"
    assert arguments["horizon_s"] == 48 * 3600  # type: ignore[index]
    assert stranger.status_code == 401
