"""What is entered on the gateways page becomes settings of the right kind, drafted by who may."""

from __future__ import annotations

import pytest

from dash_app.actions import gateways
from twin.access import Actor, Role
from twin.errors import FieldError, Forbidden

ENGINEER = Actor(id="u1", name="u1", roles=frozenset({Role.BIOMED}))
READER = Actor(id="u2", name="u2", roles=frozenset({Role.NURSE}))


class KeptSettings:
    """Keeps what it was asked."""

    version = 1

    def __init__(self) -> None:
        self.entries: dict[str, object] = {}
        self.acts: list[tuple[str, object]] = []

    def add(self, gateway, entries, actor):
        self.entries = {name: dict(entry) for name, entry in entries.items()}
        return self

    def draft(self, gateway, text, remark, actor):
        self.acts.append(("draft", text))
        return self

    def take_read_points(self, gateway, actor):
        self.acts.append(("take", gateway))
        return self

    def stage(self, gateway, version, actor):
        self.acts.append(("stage", version))
        return self

    def discard(self, gateway, version, actor):
        self.acts.append(("discard", version))
        return self

    def roll_back(self, gateway, actor):
        self.acts.append(("roll_back", gateway))
        return self

    def change_key(self, gateway, actor):
        return "key"


def test_device_is_drafted_with_the_fields_of_its_kind_only() -> None:
    kept = KeptSettings()
    told = {
        "id": "dock",
        "kind": "impinj_r700",
        "host": "10.1.2.7",
        "port": "443",
        "is_encrypted": "True",
        "user": "root",
        "password": "p",
        "unit": "3",  # left over from a machine that was tried before
        "place": "WARD",
    }

    gateways.add_device(kept, "east", told, actor=ENGINEER)

    assert kept.entries == {
        "readers": {
            "kind": "impinj_r700",
            "id": "dock",
            "host": "10.1.2.7",
            "port": 443,
            "is_encrypted": True,
            "options": {"user": "root", "password": "p"},
        },
        "read_points": {"id": "dock-1", "reader": "dock", "antenna": 1, "place": "WARD"},
    }


def test_machine_on_a_serial_line_is_drafted_with_its_line() -> None:
    kept = KeptSettings()
    told = {
        "id": "fridge",
        "kind": "generic-medicine-fridge",
        "device": "/dev/ttyUSB0",
        "framing": "rtu",
        "baud": "9600",
    }

    gateways.add_device(kept, "east", {**told, "unit": "7", "topic": "x"}, actor=ENGINEER)

    assert kept.entries == {
        "machines": {
            "profile": "generic-medicine-fridge",
            "id": "fridge",
            "device": "/dev/ttyUSB0",
            "framing": "rtu",
            "baud": 9600,
            "unit": 7,
        }
    }


@pytest.mark.parametrize("kind", gateways.device_kinds())
def test_every_kind_has_its_fields(kind: str) -> None:
    assert isinstance(gateways.fields_of(kind), frozenset)


def test_draft_that_is_missing_or_empty_is_told_before_anything_happens() -> None:
    kept = KeptSettings()
    for act in (
        lambda: gateways.stage(kept, "east", None, actor=ENGINEER),
        lambda: gateways.discard(kept, "east", "", actor=ENGINEER),
        lambda: gateways.draft(kept, "east", gateways.Written(text="  "), actor=ENGINEER),
    ):
        with pytest.raises(FieldError):
            act()

    assert kept.acts == []


def test_only_who_may_configure_gateways_drafts_and_stages() -> None:
    kept = KeptSettings()
    with pytest.raises(Forbidden):
        gateways.stage(kept, "east", "1", actor=READER)
    with pytest.raises(Forbidden):
        gateways.take_read_points(kept, "east", actor=READER)
    gateways.stage(kept, "east", "1", actor=ENGINEER)

    assert kept.acts == [("stage", 1)]


@pytest.mark.parametrize("written", ["1,2", "1; 2", " 1 2 ", "1,,2,"])
def test_antennas_are_read_however_they_are_parted(written: str) -> None:
    kept = KeptSettings()

    gateways.add_device(kept, "east", {"id": "hall", "kind": "llrp", "antennas": written}, actor=ENGINEER)

    assert kept.entries == {"readers": {"kind": "llrp", "id": "hall", "antennas": [1, 2]}}


@pytest.mark.parametrize("written", ["1,b", "first", ";", "1-4", "-1"])
def test_antenna_that_is_no_number_is_told_instead_of_left_out(written: str) -> None:
    kept = KeptSettings()

    with pytest.raises(FieldError) as caught:
        gateways.add_device(kept, "east", {"id": "hall", "kind": "llrp", "antennas": written}, actor=ENGINEER)

    assert caught.value.problem.field == "antennas"
    assert kept.entries == {}


@pytest.mark.parametrize(("kind", "antenna"), [("llrp", 1), ("pn532", 1), ("mqtt", 0), ("zebra_mqtt", 0)])
def test_reader_whose_messages_name_no_antenna_stands_for_its_place_as_a_whole(kind: str, antenna: int) -> None:
    kept = KeptSettings()

    gateways.add_device(kept, "east", {"id": "hall", "kind": kind, "place": "WARD"}, actor=ENGINEER)

    point = kept.entries["read_points"]
    assert isinstance(point, dict)
    assert (point["antenna"], point["place"]) == (antenna, "WARD")
