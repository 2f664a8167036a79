from __future__ import annotations

import csv
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from server.commands.stopping import stoppable
from server.console import run
from server.tree import build_tree

pytestmark = pytest.mark.timeout(240)  # the first run on a fresh machine compiles the kernel as well

PATHWAY = """
name = "clinic"
[pools]
nurse = {capacity = 2}
[arrivals.walk-in]
per_hour = 5
to = "triage"
[nodes]
triage = {do = "serve", pools = "nurse", duration = "lognormal:12,6", next = "home"}
home = {do = "exit"}
"""


@pytest.fixture
def pathway(tmp_path: Path) -> Path:
    path = tmp_path / "clinic.toml"
    path.write_text(PATHWAY, encoding="utf-8")
    return path


def test_queue_prints_the_exact_value_beside_the_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "simulate queue --servers 8 --service exp:1.0 --arrivals exp:1,exp:2,exp:3 --discipline priority"

    code = run(build_tree(), [*arguments.split(), "--patients", "60000", "--json"])

    rows = {row["measure"]: row for row in json.loads(capsys.readouterr().out)}
    assert code == 0
    assert [rows[f"wait.{n}"]["exact"] for n in range(3)] == pytest.approx([0.0509973, 0.0815957, 0.2855849], rel=1e-5)
    assert all(abs(rows[f"wait.{n}"]["z"]) < 4.5 for n in range(3))


def test_queue_reads_a_network_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "network.toml"
    path.write_text(
        """
patients = 50000
[points.a]
servers = 1
arrivals = "exp:0.5"
service = "exp:1"
next = {b = 1.0}
[points.b]
servers = 1
places = 1
full = "block"
service = "exp:1"
""",
        encoding="utf-8",
    )

    code = run(build_tree(), ["simulate", "queue", str(path), "--json"])

    rows = {row["measure"]: row for row in json.loads(capsys.readouterr().out)}
    assert code == 0
    assert rows["a.blocked"]["exact"] == pytest.approx(0.2)
    assert rows["a.present"]["exact"] == pytest.approx(2.3)


def test_queue_warns_of_a_queue_that_grows_for_ever(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "simulate queue --servers 1 --service exp:1 --arrivals exp:2 --patients 5000"

    assert run(build_tree(), arguments.split()) == 0
    assert "grows for ever" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--servers 0 --service exp:1 --arrivals exp:1", "got 0"),
        ("--servers 2.5 --service exp:1 --arrivals exp:1", "got '2.5'"),
        ("--servers 1 --service exp:0 --arrivals exp:1", "positive"),
        ("--servers 1 --service exp:1,exp:2,exp:3 --arrivals exp:1,exp:1", "3 distributions for 2 classes"),
        ("--servers 1 --service exp:1 --arrivals exp:1e-12", "years"),  # ten thousand patients take for ever
        ("--servers 1 --service exp:1 --arrivals exp:1e-300", "years"),
        ("--servers 1 --service exp:1 --arrivals const:0", "smaller unit"),
        ("--servers 1 --service exp:1 --arrivals exp:1e9", "smaller unit"),
        ("--servers 1 --service exp:1 --rates 1,2 --piece 0", "piece"),
        ("--servers 1 --service exp:1", "Nobody comes"),
        ("--servers 1 --service exp:1 --arrivals exp:1 --discipline lifo", "fifo, priority, preemptive"),
    ],
)
def test_queue_that_cannot_be_is_refused_with_its_place(
    capsys: pytest.CaptureFixture[str], options: str, named: str
) -> None:
    code = run(build_tree(), ["simulate", "queue", *options.split(), "--patients", "10000"])

    assert code == 2
    assert named in capsys.readouterr().err


def test_queue_takes_a_file_or_options_but_not_both(pathway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(build_tree(), ["simulate", "queue", str(pathway), "--servers", "3"])

    assert code == 2
    assert "Give a file, or options" in capsys.readouterr().err


def test_queue_with_changing_rates_and_endless_servers(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "simulate queue --servers inf --service exp:0.25 --rates sine:20,10,24 --patients 50000 --json"

    assert run(build_tree(), arguments.split()) == 0
    rows = {row["measure"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["present_peak"]["exact"] == pytest.approx(107.6248, rel=1e-4)
    assert rows["peak_lag"]["exact"] == pytest.approx(3.088, abs=1e-3)


def test_both_engines_write_the_same_log(pathway: Path, tmp_path: Path) -> None:
    logs = []
    for engine in ("compiled", "reference"):
        log = tmp_path / f"{engine}.csv"
        code = run(build_tree(), ["simulate", "run", str(pathway), "--engine", engine, "--log", str(log)])
        assert code == 0
        logs.append(log.read_bytes())

    assert logs[0] == logs[1]
    rows = list(csv.DictReader(logs[0].decode().splitlines()))
    assert rows[0]["lifecycle:transition"] == "arrive"
    assert rows[0]["time:timestamp"].startswith("2026-11-30T")


def test_run_prints_means_with_intervals(pathway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(build_tree(), ["simulate", "run", str(pathway), "--hours", "24", "--json"])

    result = json.loads(capsys.readouterr().out)
    assert code == 0
    assert result["scenarios"][0]["measures"]["patients.arrived"]["half_width"] > 0


def test_pathway_with_a_fault_is_refused_with_its_place(pathway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pathway.write_text(PATHWAY.replace('next = "home"', 'next = "hom"'), encoding="utf-8")

    code = run(build_tree(), ["simulate", "run", str(pathway)])

    assert code == 2
    assert "There is no node 'hom'" in capsys.readouterr().err


def test_situations_changes_and_one_more_are_compared_with_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hospital, prices = tmp_path / "hospital.json", tmp_path / "prices.toml"
    prices.write_text('currency = "CNY"\n[pools.icu]\nper_hour = 100.0\n', encoding="utf-8")
    assert run(build_tree(), ["simulate", "hospital", str(hospital), "--ward", "A=20", "--ward", "B=12"]) == 0
    capsys.readouterr()
    asked = ["simulate", "compare", str(hospital), "--situation", "ward_closure:ward=ward-B,beds=6,hours=24"]
    asked += ["--change", "pools.icu.capacity+2", "--costs", str(prices), "--hours", "48", "--replications", "3"]

    code = run(build_tree(), [*asked, "--one-more", "--measure", "pool.icu.waiting", "--json"])

    said = json.loads(capsys.readouterr().out)
    names = [one["name"] for one in said["scenarios"]]
    assert code == 0
    assert names[:3] == ["as it is", "ward_closure:ward=ward-B,beds=6,hours=24", "changed"]
    base, changed = (one["measures"]["cost"]["mean"] for one in (said["scenarios"][0], said["scenarios"][2]))
    assert changed - base == pytest.approx(2 * 48 * 100.0)
    assert {one["pool"] for one in said["one_more"]} >= {"ed", "icu", "ward-A", "ward-B", "cleaners"}
    assert {one["measure"] for one in said["one_more"]} == {"pool.icu.waiting"}


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (["--situation", "flood"], "flood"),  # not in the library
        (["--situation", "ward_closure:beds"], "beds"),  # no value
        (["--change", "pools.nurse.capacity"], "pools.nurse.capacity"),  # neither +, * nor =
        (["--change", "pools.doctor.capacity+1"], "doctor"),  # no such pool
        (["--one-more", "--measure", "happiness"], "happiness"),  # cannot be ranked by
    ],
)
def test_comparison_that_cannot_be_made_is_refused(
    pathway: Path, capsys: pytest.CaptureFixture[str], asked: list[str], named: str
) -> None:
    code = run(build_tree(), ["simulate", "compare", str(pathway), "--replications", "2", "--hours", "8", *asked])

    assert code == 2
    assert named in capsys.readouterr().err


def test_library_is_listed_with_usual_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(build_tree(), ["simulate", "situations", "--json"]) == 0

    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)["situations"]}
    assert listed["extra_theatre_day"]["options"] == ["sat", "sun"]
    assert {one["key"] for one in listed["staff_sickness"]["parameters"]} == {"share", "beds_share", "after_h", "hours"}


def test_pathway_is_made_from_a_log_with_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(1)
    lines = ["case_id,activity,lifecycle,timestamp"]
    for number in range(400):
        at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=3.0 * number + float(random.random()))
        lines.append(f"{number},triage,start,{at.isoformat()}")
        lines.append(f"{number},triage,complete,{(at + timedelta(hours=float(random.gamma(3, 0.1)))).isoformat()}")
    log = tmp_path / "log.csv"
    log.write_text("\n".join(lines), encoding="utf-8")
    made, xes = tmp_path / "made.json", tmp_path / "log.xes"

    code = run(
        build_tree(),
        ["simulate", "calibrate", str(log), "--to", str(made), "--xes", str(xes), "--weeks", "2", "--json"],
    )

    report = json.loads(capsys.readouterr().out)
    assert code == 0
    assert report["cases"] == 400
    assert report["durations"]["triage"]["mean"] == pytest.approx(0.3, rel=0.1)
    assert {one["figure"]: one["matches"] for one in report["matches"]}["cases_per_day"]
    assert xes.read_text(encoding="utf-8").count("<trace>") == 400
    assert run(build_tree(), ["simulate", "run", str(made), "--hours", "100", "--replications", "2", "--json"]) == 0


def test_log_that_is_no_log_is_refused(pathway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(build_tree(), ["simulate", "calibrate", str(pathway)]) == 2
    assert "case" in capsys.readouterr().err


CROSSING = """
[pools]
x = {capacity = 1}
y = {capacity = 1}
[arrivals]
a = {at = [10], to = "a1"}
b = {at = [10], to = "b1"}
[nodes]
a1 = {do = "seize", pools = "x", next = "a2"}
a2 = {do = "delay", duration = 5, next = "a3"}
a3 = {do = "seize", pools = "y", next = "a4"}
a4 = {do = "release", pools = ["x", "y"], next = "out"}
b1 = {do = "seize", pools = "y", next = "b2"}
b2 = {do = "delay", duration = 5, next = "b3"}
b3 = {do = "seize", pools = "x", next = "b4"}
b4 = {do = "release", pools = ["x", "y"], next = "out"}
out = {do = "exit"}
"""


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_a_deadlock_is_told_with_its_instant_also_where_the_log_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    path, log = tmp_path / "crossing.toml", tmp_path / "log.csv"
    path.write_text(CROSSING, encoding="utf-8")
    arguments = ["simulate", "run", str(path), "--engine", engine, "--hours", "3"]

    for more in (["--log", str(log)], ["--replications", "2"]):
        code = run(build_tree(), [*arguments, *more])
        told = capsys.readouterr().err
        assert code != 0
        assert "simulation.deadlock" in told
        assert "0.250 h after the start: a 0 holds x and waits for y; b 0 holds y and waits for x" in told
    assert len(log.read_text(encoding="utf-8").splitlines()) > 5  # how it came about can be read


def test_warm_up_and_the_usual_week_are_told(pathway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--replications", "3", "--json"]

    assert run(build_tree(), ["simulate", "warm-up", str(pathway), "--hours", "400", *few]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["is_settled"]
    assert set(found["by_quantity"]) >= {"pool.nurse.occupied", "patients.inside"}
    assert found["warm_up_hours"] == max(found["by_quantity"].values())

    code = run(
        build_tree(),
        [*f"simulate bands {pathway} --hours 336 --quantity pool.nurse.occupied".split(), *few],
    )
    (band,) = json.loads(capsys.readouterr().out)["bands"]
    assert code == 0
    assert band["hour_of_week"] == list(range(168))
    assert all(low <= high for low, high in zip(band["lowest"], band["highest"], strict=True))


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ("warm-up {} --hours 10", "horizon_s"),
        ("warm-up {} --every-minutes 0", "every-minutes"),
        ("warm-up {} --cycle-hours nan", "cycle-hours"),
        ("warm-up {} --cycle-hours 1.5", "cycle_s"),
        ("bands {} --hours 100 --warm-up-hours 0", "hours"),
        ("bands {} --hours 336 --quantity pool.none.occupied", "quantity"),
        ("choose {} --measure wait.triage.mean_s --scenario a:pools.nurse.capacity+1", "zone"),
        (
            "choose {} --measure wait.triage.mean_s --scenario a:pools.nurse.capacity+1 --method ocba --budget 5",
            "budget",
        ),
    ],
)
def test_long_run_questions_that_cannot_be_answered_name_the_place(
    pathway: Path, capsys: pytest.CaptureFixture[str], arguments: str, place: str
) -> None:
    code = run(build_tree(), ["simulate", *arguments.format(pathway).split(), "--replications", "20"])

    assert code != 0
    assert place in capsys.readouterr().err


def test_a_budget_of_runs_is_shared_out(pathway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["simulate", "choose", str(pathway), "--measure", "wait.triage.mean_s", "--hours", "48"]
    scenarios = ["--scenario", "one more:pools.nurse.capacity+1", "--scenario", "two more:pools.nurse.capacity+2"]

    code = run(build_tree(), [*asked, *scenarios, "--method", "ocba", "--budget", "60", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (found["method"], found["best"]) == ("ocba", "two more")
    assert sum(one["value"]["n"] for one in found["candidates"]) == 60
    assert found["chance"] > 0.5


def test_a_log_that_cannot_be_written_is_told(
    pathway: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(
        build_tree(), ["simulate", "run", str(pathway), "--hours", "2", "--log", str(tmp_path / "no" / "log.csv")]
    )

    assert code != 0
    assert "cannot be written" in capsys.readouterr().err


def test_guesses_of_a_sheet_are_ranked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "sheet.toml"
    sheet.write_text('icu_stay = "exp:mean=2d"\ned_arrivals_per_day = 60\n', encoding="utf-8")
    asked = ["simulate", "sensitivity", "--ed", "10", "--ward", "A=20", "--hours", "72", "--warm-up-hours", "0"]
    few = ["--replications", "4", "--sheet", str(sheet)]

    assert run(build_tree(), [*asked, *few, "--measure", "pool.icu.occupied", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["entry"] for one in found["entries"]} >= {"icu_stay", "ed_arrivals_per_day", "ward_stay"}
    assert all(one["lower"]["n"] == 4 for one in found["entries"])

    sheet.write_text("icu_stays = 3\n", encoding="utf-8")
    assert run(build_tree(), [*asked, *few]) == 2
    assert "icu_stays" in capsys.readouterr().err


@pytest.mark.parametrize("replication", ["-1", "4294967296"])
def test_run_for_the_log_is_one_that_there_is(pathway: Path, tmp_path: Path, replication: str) -> None:
    log = tmp_path / "log.csv"

    # Beyond 32 bits it would be the run of another seed.
    assert run(build_tree(), ["simulate", "run", str(pathway), "--log", str(log), "--replication", replication]) == 2
    assert not log.exists()


def test_names_in_a_message_are_written_as_they_stand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = PATHWAY.replace("triage =", '"a:b:c" =')
    (tmp_path / "colons.toml").write_text(told)

    code = run(build_tree(), ["simulate", "run", str(tmp_path / "colons.toml")])

    assert code == 2
    assert "nodes.a:b:c" in capsys.readouterr().err  # not the picture that chat programs make of :b:


@contextmanager
def ctrl_c_once_it_is_heard() -> Iterator[None]:
    """Press Ctrl-C as soon as a command listens to it itself."""
    before, is_over = signal.getsignal(signal.SIGINT), threading.Event()

    def press() -> None:
        while not is_over.wait(0.01):
            if signal.getsignal(signal.SIGINT) is not before:
                os.kill(os.getpid(), signal.SIGINT)
                return

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    "arguments",
    [
        "queue --servers 1 --service exp:1 --arrivals exp:.9 --patients 4000000000 --replications 2",
        "run {} --hours 900000 --replications 20000",
        "run {} --hours 900000 --replications 2 --engine reference",
        "run {} --hours 400000 --log {}.csv --engine reference",
        "run {} --hours 900000 --log {}.csv",
        "compare {} --change pools.nurse.capacity+1 --hours 900000 --one-more",
    ],
)
def test_ctrl_c_ends_a_long_command_with_what_is_known(
    arguments: str, pathway: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ctrl_c_once_it_is_heard():
        code = run(build_tree(), ["simulate", *arguments.format(pathway, pathway).split()])

    assert code == 130
    assert "Called off: 0 of" in capsys.readouterr().err


def test_ctrl_c_pressed_twice_ends_at_once() -> None:
    with stoppable() as asked:
        signal.raise_signal(signal.SIGINT)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
