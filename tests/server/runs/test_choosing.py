"""Jobs that choose a scenario or look for the cheapest counts, about the hospital as it is now."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from server.jobs.kinds import JOB_KINDS, JOB_PREPARERS
from server.runs.choosing import prepare, prepare_warm_up, work_choice, work_optimum, work_warm_up
from server.wiring import Hospital, open_hospital
from tests.server.conftest import Served
from twin.access import Role
from twin.errors import FieldError
from twin.settings import Settings

pytestmark = pytest.mark.timeout(240)  # the first run on a fresh machine compiles the kernel as well
WAIT = "wait.wait-for-bay.mean_s"
DAY = {"base": "live", "horizon_s": 24 * 3600.0, "replications": 20}


def more_beds(count: int) -> dict[str, object]:
    change = {"path": "pools.icu.capacity", "action": "add", "value": count}
    return {"name": f"{count} more", "changes": [change]}


@pytest.fixture
def hospital(settings: Settings) -> Iterator[Hospital]:
    found = open_hospital(settings)
    yield found
    found.close()


def test_a_choice_about_the_live_hospital_names_each_scenario(hospital: Hospital) -> None:
    asked = DAY | {"scenarios": [more_beds(0), more_beds(2)], "measure": WAIT, "zone": 60, "limits": [f"{WAIT}<=1e9"]}
    prepared = prepare(hospital, asked)
    told: list[float] = []
    found = work_choice(prepared, lambda share, *_: told.append(share))  # type: ignore[arg-type]

    assert [one["scenario"] for one in found["candidates"]] == ["0 more", "2 more"]
    assert all(one["keeps_limits"] for one in found["candidates"])
    assert found["best"] in {"0 more", "2 more"}
    assert told == sorted(told)
    again = work_choice(msgspec.json.decode(msgspec.json.encode(prepared)), lambda *_: None)  # type: ignore[arg-type]
    assert again == found


def test_the_cheapest_counts_keep_what_was_asked(hospital: Hospital) -> None:
    asked = DAY | {"levers": ["pools.icu.capacity=1..3@100"], "limits": [f"{WAIT}<=1e9"]}
    found = work_optimum(prepare(hospital, asked), lambda *_: None)  # type: ignore[arg-type]

    assert found["best"]["levers"] == {"pools.icu.capacity": 1}  # whatever is promised holds with the fewest
    assert found["best"]["limits"][0]["value"]["n"] >= 10


def test_a_budget_of_runs_is_shared_out_among_scenarios(hospital: Hospital) -> None:
    asked = DAY | {"scenarios": [more_beds(0), more_beds(2)], "measure": WAIT, "method": "ocba", "budget": 30}
    found = work_choice(prepare(hospital, asked), lambda *_: None)  # type: ignore[arg-type]

    assert sum(one["value"]["n"] for one in found["candidates"]) == 30
    assert found["chance"] is not None


def test_the_warm_up_of_the_hospital_is_found_from_its_empty_beginning(hospital: Hospital) -> None:
    asked = {"base": "live", "horizon_s": 28 * 86_400.0, "replications": 3, "cycle_s": 86_400.0}
    prepared = prepare_warm_up(hospital, asked)
    found = work_warm_up(prepared, lambda *_: None)  # type: ignore[arg-type]

    assert "initial" not in prepared["question"]
    assert {name for name in found["by_quantity"] if name.startswith("pool.")}
    assert all(hours is None or hours % 24 == 0 for hours in found["by_quantity"].values())


@pytest.mark.parametrize(
    "broken",
    [
        {"scenarios": [more_beds(0), more_beds(1)], "measure": WAIT, "zone": "small"},
        {"scenarios": [more_beds(0), more_beds(1)], "measure": WAIT, "zone": True},
        {"scenarios": [more_beds(0), more_beds(1)], "measure": WAIT, "zone": 1, "limits": "none"},
        {"scenarios": [more_beds(0), more_beds(1)], "measure": WAIT, "zone": 1, "limits": ["wait<900"]},
        {"scenarios": [more_beds(0), more_beds(1)], "measure": WAIT, "zone": 1, "method": "guess"},
        {"scenarios": [more_beds(0), more_beds(1)], "measure": WAIT, "method": "ocba", "budget": 1.5},
        {"levers": ["pools.icu.capacity"], "limits": [f"{WAIT}<=1"]},
        {"levers": [4], "limits": [f"{WAIT}<=1"]},
    ],
)
def test_what_cannot_be_read_is_refused_before_the_job(hospital: Hospital, broken: dict[str, object]) -> None:
    with pytest.raises(FieldError):
        prepare(hospital, DAY | broken)


def test_both_kinds_have_a_function_and_a_preparer() -> None:
    assert {"choice", "optimum", "warm_up"} <= JOB_KINDS.keys() & JOB_PREPARERS.keys()


async def test_jobs_are_asked_for_over_http_by_who_may(served: Served) -> None:
    served.hospital.jobs = Noted()
    planner, nurse = await served.signed_in(Role.PLANNER), await served.signed_in(Role.NURSE)
    optimum = {"levers": ["pools.icu.capacity=1..3"], "limits": [f"{WAIT}<=600"], "hours": 24}
    choice = {"scenarios": [{"name": "a"}, {"name": "b"}], "measure": WAIT, "zone": 30}

    assert (await planner.post("/v1/what-if/optima", json=optimum)).json() == {"job": "optimum-1"}
    assert (await planner.post("/v1/what-if/choices", json=choice)).json() == {"job": "choice-2"}
    assert (await planner.post("/v1/what-if/warmups", json={"cycle_hours": 168})).json() == {"job": "warm_up-3"}
    assert (await nurse.post("/v1/what-if/optima", json=optimum)).status_code == 403
    assert (await nurse.post("/v1/what-if/warmups", json={})).status_code == 403
    assert (await planner.post("/v1/what-if/choices", json=choice | {"zone": 0})).status_code == 422
    assert served.hospital.jobs.told[0][1]["horizon_s"] == 24 * 3600.0


class Noted:
    """Jobs that are only written down."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, object]]] = []

    def submit(self, kind: str, arguments: dict[str, object], *, actor: object) -> str:
        self.told.append((kind, arguments))
        return f"{kind}-{len(self.told)}"
