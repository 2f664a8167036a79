"""Pathways kept by name and version, made from logs, and asked about; with the report that belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from dash_app.actions.pathways import kept_question
from server.runs import calibrating, house_model
from server.runs.pathways import PathwayDesk
from server.runs.what_if import prepare, work
from server.wiring import Hospital, open_hospital
from simulation.calibration.logs import Activity, Case, to_csv_rows, to_xes
from simulation.experiments.hospital import ParameterSheet
from simulation.model.problems import PathwayError, PathwayRefused
from tests.server.conftest import Served
from tests.server.runs.test_choosing import Noted
from tests.simulation.calibration.test_house import history
from tests.simulation.pathways import DAY, MONDAY
from twin.access import Actor, Role
from twin.errors import FieldError, NotFound
from twin.settings import Settings

pytestmark = pytest.mark.timeout(240)  # the first run on a fresh machine compiles the kernel as well

PLANNER = Actor(id="user:planner", name="Planner", roles=frozenset({Role.PLANNER}))
CLINIC: dict[str, Any] = {
    "name": "clinic",
    "pools": {"nurse": {"capacity": 2}},
    "arrivals": {"walk-in": {"per_hour": 5, "to": "triage"}},
    "nodes": {
        "triage": {"do": "serve", "pools": "nurse", "duration": "exp:mean=10", "next": "home"},
        "home": {"do": "exit"},
    },
}
REPORT = {
    "window": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
    "matches": [{"figure": "cases_per_day", "real": 1.0, "low": 0.5, "middle": 1.0, "high": 2.0, "matches": True}],
}


def silent(*_told: object) -> None:
    """Progress that nobody hears."""


@pytest.fixture
def hospital(settings: Settings) -> Iterator[Hospital]:
    found = open_hospital(settings)
    yield found
    found.close()


def log_of(cases: int = 300) -> list[Case]:
    random = np.random.default_rng(1)
    found = []
    for number in range(cases):
        at = MONDAY + int((4.0 * number + random.random()) * 3.6e9)
        seen = at + int(random.gamma(3, 0.1) * 3.6e9)
        parts = [Activity("triage", at, seen)]
        if random.random() < 0.3:
            parts.append(Activity("x-ray", seen, seen + int(random.exponential(0.5) * 3.6e9)))
        found.append(Case(id=str(number), activities=tuple(parts)))
    return found


def csv_text(cases: list[Case], delimiter: str = ",") -> str:
    return "\n".join(delimiter.join(row) for row in to_csv_rows(cases))


def test_each_keeping_is_a_version_of_its_own_that_stays(hospital: Hospital) -> None:
    desk = PathwayDesk(hospital)
    first = desk.keep("clinic", CLINIC, actor=PLANNER, note="as it was")
    wider = CLINIC | {"pools": {"nurse": {"capacity": 3}}}
    second = desk.keep(" clinic ", wider, actor=PLANNER, report=REPORT)

    assert (first.version, second.version, second.has_report) == (1, 2, True)
    assert [(line.name, line.version) for line in desk.listed()] == [("clinic", 2)]
    assert [line.version for line in desk.versions("clinic")] == [2, 1]
    assert desk.open("clinic").document == wider
    assert desk.open("clinic", 1).document == CLINIC
    assert desk.open("clinic", 1).report is None
    assert kept_question(desk, "clinic", 2) == {"pathway": wider, "match": REPORT}


def test_a_withdrawn_name_is_not_listed_and_comes_back_when_kept_again(hospital: Hospital) -> None:
    desk = PathwayDesk(hospital)
    desk.keep("clinic", CLINIC, actor=PLANNER)
    desk.withdraw("clinic", actor=PLANNER)

    assert desk.listed() == []
    assert desk.open("clinic").document == CLINIC  # what was kept can still be read
    with pytest.raises(NotFound):
        desk.withdraw("clinic", actor=PLANNER)
    assert desk.keep("clinic", CLINIC, actor=PLANNER).version == 2
    assert [line.version for line in desk.listed()] == [2]


@pytest.mark.parametrize(
    ("name", "document", "error"),
    [
        ("", CLINIC, FieldError),
        ("x" * 121, CLINIC, FieldError),
        ("line\nbreak", CLINIC, FieldError),
        ("clinic", {"nodes": {"home": {"do": "dance"}}}, PathwayError),
        ("clinic", CLINIC | {"arrivals": {"walk-in": {"per_hour": 5, "to": "nowhere"}}}, PathwayRefused),
        ("clinic", CLINIC | {"description": "x" * 2_100_000}, FieldError),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_kept(
    hospital: Hospital, name: str, document: dict[str, Any], error: type[Exception]
) -> None:
    desk = PathwayDesk(hospital)

    with pytest.raises(error):
        desk.keep(name, document, actor=PLANNER)
    assert desk.listed() == []


def test_a_kept_report_stands_beside_the_answer(hospital: Hospital) -> None:
    asked = {"pathway": CLINIC, "match": REPORT, "horizon_s": 8 * 3600.0, "replications": 2, "start_at": MONDAY}
    prepared = prepare(hospital, asked)

    assert work(msgspec.json.decode(msgspec.json.encode(prepared)), silent)["match"] == REPORT  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["csv", "semicolons", "xes"])
def test_a_log_becomes_a_pathway_with_its_report(hospital: Hospital, form: str) -> None:
    cases = log_of()
    text = {"csv": csv_text(cases), "semicolons": csv_text(cases, ";"), "xes": to_xes(cases)}[form]
    name = "clinic.xes" if form == "xes" else "clinic.csv"
    prepared = calibrating.prepare(hospital, {"name": name, "log": text, "weeks": 2})

    found = calibrating.work(msgspec.json.decode(msgspec.json.encode(prepared)), silent)  # type: ignore[arg-type]

    assert found["report"]["cases"] == 300
    assert {one["figure"] for one in found["report"]["matches"]} >= {"cases_per_day", "present_mean"}
    ways = {(one["from"], one["to"]): one for one in found["ways"]}
    x_ray = ways["triage", "x-ray"]
    assert x_ray["low"] < x_ray["share"] < x_ray["high"]
    assert x_ray["share"] == pytest.approx(0.3, abs=0.08)
    assert sum(one["share"] for one in found["ways"] if one["from"] == "triage") == pytest.approx(1.0)
    assert len(found["arrivals"]["per_hour"]) == 168
    assert PathwayDesk(hospital).keep("mined", found["document"], actor=PLANNER, report=found["report"]).has_report


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"log": ""}, "log"),
        ({"log": 5}, "log"),
        ({"log": "case,activity,time", "weeks": 0}, "weeks"),
        ({"log": "case,activity,time", "weeks": float("nan")}, "weeks"),
        ({"log": "case,activity,time", "seed": -1}, "seed"),
    ],
)
def test_a_calibration_that_cannot_be_asked_for_names_the_field(
    hospital: Hospital, broken: dict[str, object], field: str
) -> None:
    with pytest.raises(FieldError) as caught:
        calibrating.prepare(hospital, broken)

    assert caught.value.problem.field == field


@pytest.mark.parametrize(
    ("log", "place"),
    [
        ("case,activity\n1,a", "row 1"),
        ("case,activity,time\n1,a,2026-01-01\n2,a,yesterday", "row 3"),
        ("case,activity,time\n1,a,2026-01-01 08:00", "calibration"),  # one case only
        ("case,activity,time\n1,a,2026-01-01 08:00\n2,a,2026-01-02 08:00", "calibration"),  # too few to check
    ],
)
def test_a_log_that_cannot_be_used_names_the_place(log: str, place: str) -> None:
    with pytest.raises(FieldError) as caught:
        calibrating.work({"name": "log.csv", "log": log, "weeks": 8.0, "seed": 1}, silent)  # type: ignore[arg-type]

    assert place in caught.value.problem.place


def test_history_teaches_the_live_pathway_and_is_checked_beside_the_answer(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = hospital.clock.now()
    moved = now - 84 * DAY - MONDAY
    stays = [
        replace(one, arrived_us=one.arrived_us + moved, ended_us=min(one.ended_us + moved, now)) for one in history()
    ]
    monkeypatch.setattr(house_model, "house_stays", lambda *_told: stays)
    asked = {"base": "live", "horizon_s": 24 * 3600.0, "replications": 2}

    prepared = prepare(hospital, asked)
    again = prepare(hospital, asked)
    found = work(msgspec.json.decode(msgspec.json.encode(prepared)), silent)  # type: ignore[arg-type]

    assert prepared["house"] == again["house"]
    assert sum(prepared["pathway"]["arrivals"]["emergency"]["per_hour"]) == pytest.approx(30.0, rel=0.05)
    assert {one["figure"] for one in found["match"]["matches"]} >= {"present.ed", "came_per_day.ed"}
    assert {one["pool"] for one in found["match"]["laws"]} == {"ed", "ward-A"}
    own = prepare(hospital, asked | {"sheet": {"ed_arrivals_per_day": 7.0}})
    assert "house" not in own  # a sheet told by hand is not what history was compared with
    assert sum(own["pathway"]["arrivals"]["emergency"]["per_hour"]) == pytest.approx(7.0)


def test_without_history_usual_values_are_taken(hospital: Hospital) -> None:
    desk = house_model.HouseModelDesk(hospital)

    assert desk.sheet() == ParameterSheet(zone=hospital.settings.time_zone)
    assert desk.question() is None
    assert "house" not in prepare(hospital, {"base": "live", "replications": 2})


async def test_pathways_are_kept_read_and_asked_about_over_http(served: Served) -> None:
    served.hospital.jobs = Noted()
    planner, nurse = await served.signed_in(Role.PLANNER), await served.signed_in(Role.NURSE)

    kept = await planner.post("/v1/pathways", json={"name": "my clinic", "document": CLINIC, "report": REPORT})
    assert (kept.status_code, kept.json()["version"]) == (201, 1)
    listed = (await planner.get("/v1/pathways")).json()["pathways"]
    assert [(one["name"], one["has_report"]) for one in listed] == [("my clinic", True)]
    shown = (await planner.get("/v1/pathways/my%20clinic")).json()
    assert (shown["document"], shown["report"]) == (CLINIC, REPORT)
    assert len((await planner.get("/v1/pathways/my%20clinic/versions")).json()["pathways"]) == 1
    assert (await planner.get("/v1/pathways/none")).status_code == 404
    refused = await planner.post("/v1/pathways", json={"name": "bad", "document": {"nodes": {"a": {"do": "dance"}}}})
    assert refused.status_code == 422
    assert (await nurse.post("/v1/pathways", json={"name": "x", "document": CLINIC})).status_code == 403
    told = {"scenarios": [{"name": "as it is"}], "kept": "my clinic", "hours": 4, "replications": 2}
    assert (await planner.post("/v1/what-if", json=told)).status_code == 202
    assert (await planner.post("/v1/what-if", json=told | {"kept": "none"})).status_code == 404
    assert (await planner.delete("/v1/pathways/my%20clinic")).status_code == 204
    assert (await planner.get("/v1/pathways")).json()["pathways"] == []
    asked = await planner.post("/v1/calibrations", json={"log": csv_text(log_of(30)), "weeks": 1})
    assert asked.status_code == 202
    assert (await planner.post("/v1/calibrations", json={"log": ""})).status_code == 422
