from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from server.jobs.kinds import JOB_KINDS
from server.jobs.runner import JobRunner, JobState
from server.runs.what_if import prepare, question_about, work
from server.wiring import Hospital, open_hospital
from tests.simulation.experiments.test_live import hospital as state_of_a_hospital
from twin.access import Actor, Role
from twin.errors import FieldError
from twin.settings import Settings

pytestmark = pytest.mark.timeout(240)  # the first run on a fresh machine compiles the kernel as well
PLANNER = Actor(id="user:planner", name="Planner", roles=frozenset({Role.PLANNER}))
ONE_MORE = {"name": "one more", "changes": [{"path": "pools.icu.capacity", "action": "add", "value": 1.0}]}
QUESTION = {
    "base": "live",
    "scenarios": [{"name": "as it is", "changes": []}, ONE_MORE],
    "horizon_s": 24 * 3600.0,
    "replications": 4,
    "seed": 3,
}


@pytest.fixture
def hospital(settings: Settings) -> Iterator[Hospital]:
    found = open_hospital(settings)
    yield found
    found.close()


def test_question_about_the_live_hospital_is_answered_by_a_job(hospital: Hospital) -> None:
    runner = JobRunner(hospital)
    runner.start()
    try:
        job = runner.submit("what_if", QUESTION, actor=PLANNER)
        view = runner.wait(job, timeout_s=200)

        assert view.state is JobState.DONE, view.problem
        result = msgspec.json.decode(runner.result(view.result_hash))
    finally:
        runner.stop()
    assert result["complete"]
    assert [one["name"] for one in result["scenarios"]] == ["as it is", "one more"]
    assert result["scenarios"][0]["measures"]["pool.icu.occupied"]["n"] == 4


def test_prepared_question_holds_all_that_the_answer_depends_on(hospital: Hospital) -> None:
    prepared = prepare(hospital, QUESTION)
    told: list[float] = []

    once = work(prepared, lambda share, note="", partial=None: told.append(share))  # type: ignore[arg-type]
    again = work(msgspec.json.decode(msgspec.json.encode(prepared)), lambda *_: None)  # type: ignore[arg-type]

    assert once == again
    assert told[-1] == 1.0
    assert None not in [one["mean"] for one in once["scenarios"][0]["measures"].values()]


def test_present_patients_travel_to_the_job() -> None:
    result = work(question_about(state_of_a_hospital(), QUESTION), lambda *_: None)  # type: ignore[arg-type]

    bands = {band["name"]: band for band in result["scenarios"][0]["bands"]}
    assert bands["pool.icu.occupied"]["mean"][0] == 2


def test_kept_pathway_begins_with_those_who_have_a_place_in_it() -> None:
    pathway = dict(question_about(state_of_a_hospital(), QUESTION)["pathway"])
    pathway["nodes"] = {("long-stay" if name == "icu-stay" else name): node for name, node in pathway["nodes"].items()}
    pathway["nodes"]["ed-left-for-icu"] = pathway["nodes"]["ed-left-for-icu"] | {"next": "long-stay"}
    own = {name: value for name, value in QUESTION.items() if name != "base"} | {"pathway": pathway}

    begun = work(question_about(state_of_a_hospital(), own | {"in_place": True}), lambda *_: None)  # type: ignore[arg-type]
    empty = work(question_about(state_of_a_hospital(), own), lambda *_: None)  # type: ignore[arg-type]

    first = {band["name"]: band["mean"][0] for band in begun["scenarios"][0]["bands"]}
    assert (first["pool.ward-3A.occupied"], first["pool.icu.occupied"]) == (12, 0)
    assert begun["placed"]["left_out"] == {"icu-stay": 2}
    assert "placed" not in empty


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"base": "tomorrow"}, "Unknown base"),
        ({"replication": 3}, "Unknown entry"),
        ({"replications": "many"}, "Expected `int`"),
        ({"sheet": {"ward_stay": 3}}, "Expected `str`"),
    ],
)
def test_question_that_cannot_be_read_is_refused_before_it_is_queued(
    hospital: Hospital, wrong: dict[str, object], message: str
) -> None:
    with pytest.raises(FieldError, match=message):
        prepare(hospital, QUESTION | wrong)


def test_what_if_is_a_known_kind_of_job() -> None:
    assert JOB_KINDS["what_if"].startswith("server.runs.")


def test_situations_are_written_out_and_one_more_of_each_is_added() -> None:
    situation = {"name": "mass_casualty", "values": {"casualties": 5}}
    change = {"path": "pools.icu.capacity", "action": "add", "value": 1}
    asked = [{"name": "as it is"}, {"name": "crash", "situations": [situation], "changes": [change]}]

    prepared = question_about(
        state_of_a_hospital(), {"base": "live", "scenarios": asked, "one_more": ["icu"], "costs": None}
    )

    names = [one["name"] for one in prepared["scenarios"]]
    paths = [one["path"] for one in prepared["scenarios"][1]["changes"]]
    assert names == ["as it is", "crash", "+1 icu"]
    assert paths[0] == "arrivals.casualties"
    assert paths[-1] == "pools.icu.capacity"
    assert "one_more" not in prepared


@pytest.mark.parametrize("scenarios", ["all", [3], [{"name": "x", "situations": ["flood"]}]])
def test_scenarios_that_cannot_be_read_are_refused(scenarios: object) -> None:
    with pytest.raises(FieldError):
        question_about(state_of_a_hospital(), {"base": "live", "scenarios": scenarios})
