"""The demo as its user starts it: filled, lived, asked, summed up in one line of JSON."""

import gc
import json

import pytest

from server.commands.demo import command, seconds_of
from server.demo.run import MARK, DemoOptions, run_demo
from twin.db.database import lock_core
from twin.errors import ConfigurationError


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_headless_demo_says_what_happened(tmp_path, capsys):
    assert command.registered_commands
    said: list[str] = []
    options = DemoOptions(folder=tmp_path / "demo", port=0, for_s=60.0, is_headless=True)

    report = run_demo(options, said.append)

    assert said == []
    assert report.events_stored > 200_000
    assert report.events_of_the_living_day >= 2000  # every tag was seen once by its reader
    assert report.things_tagged == 2000
    assert report.things_located > 1900
    assert report.alarms >= 1  # the pump that was carried out
    assert report.simulated["measures"]["patients.arrived"]["n"] == 20
    assert report.planned["stays"] >= 50  # two to five weekdays of bookings lie ahead, whatever the weekday
    assert report.planned["report"]["is_valid"]
    json.dumps([report.simulated, report.planned])
    gc.collect()  # so that what this test left open is told here and not in another test


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")

    with pytest.raises(ConfigurationError):
        run_demo(DemoOptions(folder=tmp_path, port=0, for_s=1, is_headless=True), print)

    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("2m", 120), ("1.5h", 5400), ("7", 7)])
def test_durations_are_read(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-3s", "3 d"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ConfigurationError):
        seconds_of(text)


def test_a_demo_that_runs_keeps_its_folder(tmp_path):
    (tmp_path / MARK).touch()
    (tmp_path / "hospital.db").write_bytes(b"kept")
    release = lock_core(tmp_path / "hospital.db")

    with pytest.raises(ConfigurationError, match="Another core"):
        run_demo(DemoOptions(folder=tmp_path, port=0, for_s=1, is_headless=True), print)

    release()
    assert (tmp_path / "hospital.db").read_bytes() == b"kept"
