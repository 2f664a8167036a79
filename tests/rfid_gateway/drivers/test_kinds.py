from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from rfid_gateway.drivers import kinds
from rfid_gateway.drivers.driver import Driver, ReaderLine, Surroundings
from rfid_gateway.drivers.kinds import GROUP, OURS, factory_of, known_kinds
from tests.conftest import ROOT
from tests.rfid_gateway.listeners import KeepingListener
from twin.clock import SystemClock
from twin.errors import ConfigurationError

POINTS = tomllib.loads((Path(ROOT) / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][GROUP]


def test_every_kind_of_ours_is_an_entry_point() -> None:
    assert {name: EntryPoint(name, value, GROUP).load() for name, value in POINTS.items()} == OURS


@pytest.mark.parametrize("kind", OURS)
def test_every_kind_makes_a_driver(kind: str) -> None:
    around = Surroundings(listener=KeepingListener(), clock=SystemClock(), chance=np.random.default_rng(1))

    driver = factory_of(kind)(ReaderLine(device="r1", options={"topic": "t"}), around)

    assert driver.device == "r1"


def other(line: ReaderLine, around: Surroundings) -> Driver:
    return OURS["llrp"](line, around)


def test_driver_of_another_package_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("other", f"{__name__}:other", GROUP), EntryPoint("broken", "no.such.module:x", GROUP)]

    def found(*, group: str, name: str = "") -> list[EntryPoint]:
        return [one for one in points if one.group == group and name in ("", one.name)]

    monkeypatch.setattr(kinds, "entry_points", found)

    assert known_kinds()[-2:] == ["broken", "other"]
    assert factory_of("other").__name__ == "other"
    with pytest.raises(ConfigurationError):
        factory_of("broken")
    with pytest.raises(ConfigurationError):
        factory_of("nothing")


def test_llrp_reader_takes_how_to_look_for_tags_from_its_options() -> None:
    around = Surroundings(listener=KeepingListener(), clock=SystemClock(), chance=np.random.default_rng(1))
    told = {"session": "0", "expected_tags": "200", "power_index": "7"}

    driver = kinds.llrp(ReaderLine(device="r1", options=told, reads_tid=True), around)

    settings = driver._settings  # type: ignore[attr-defined]  # what reaches the reader is seen in its own tests
    assert (settings.setup.session, settings.setup.expected_tags, settings.setup.power_index) == (0, 200, 7)
    assert settings.tid_words == kinds.TID_WORDS


@pytest.mark.parametrize(
    "told", [{"session": "4"}, {"session": "-1"}, {"power_index": "full"}, {"expected_tags": "1e3"}]
)
def test_option_that_is_no_number_of_its_range_is_refused_by_name(told: dict[str, str]) -> None:
    around = Surroundings(listener=KeepingListener(), clock=SystemClock(), chance=np.random.default_rng(1))

    with pytest.raises(ConfigurationError, match=next(iter(told))):
        kinds.llrp(ReaderLine(device="r1", options=told), around)
