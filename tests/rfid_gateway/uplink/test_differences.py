"""What new settings would change is told entry by entry, and nothing else."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rfid_gateway.uplink.differences import ChangeKind, Difference, differences
from twin.errors import ImportRefused

OLD = """
readers:
  - {id: r1, host: 10.1.2.3, options: {user: root, password: old-secret}}
  - {id: r2, host: 10.1.2.4}
read_points: [{id: p1, reader: r1, antenna: 1, place: WARD}]
neighbours: [[WARD, STORE]]
writes: [{device: m1, signal: setpoint_c, low: 2, high: 8, role: biomed}]
"""
NEW = """
readers:
  - {id: r1, host: 10.1.2.9, options: {user: root, password: new-secret}}
  - {id: r3, kind: em4100, device: /dev/ttyUSB0}
read_points: [{id: p1, reader: r1, antenna: 1, place: STORE}]
neighbours: [[STORE, WARD]]
writes: [{device: m1, signal: setpoint_c, low: 2, high: 7, role: biomed}]
cleaning: {epoch_s: 0.1}
"""


def test_every_entry_that_comes_goes_or_changes_is_told() -> None:
    told = [(one.section, one.entry, one.kind, one.field, one.before, one.after) for one in differences(OLD, NEW)]

    assert told == [
        ("readers", "r2", ChangeKind.REMOVED, "", "host: 10.1.2.4", ""),
        ("readers", "r1", ChangeKind.CHANGED, "host", "10.1.2.3", "10.1.2.9"),
        (
            "readers",
            "r1",
            ChangeKind.CHANGED,
            "options",
            "{password: •••, user: root}",
            "{password: •••, user: root}",
        ),
        ("readers", "r3", ChangeKind.ADDED, "", "", "kind: em4100, device: /dev/ttyUSB0"),
        ("read_points", "p1", ChangeKind.CHANGED, "place", "WARD", "STORE"),
        ("writes", "m1 setpoint_c", ChangeKind.CHANGED, "high", "8.0", "7.0"),
        ("cleaning", "", ChangeKind.CHANGED, "epoch_s", "1.0", "0.1"),
    ]


def test_passwords_are_never_shown() -> None:
    assert "secret" not in str(differences("", OLD)) + str(differences(OLD, NEW)) + str(differences(NEW, ""))


names = st.sampled_from(["r1", "r2", "r3", "r4"])
hosts = st.sampled_from(["10.0.0.1", "10.0.0.2"])
readers = st.dictionaries(names, hosts).map(
    lambda found: yaml.safe_dump({"readers": [{"id": name, "host": host} for name, host in found.items()]})
)


@settings(deadline=None, max_examples=50)
@given(readers, readers)
def test_differences_are_none_for_the_same_and_mirrored_the_other_way_round(one: str, other: str) -> None:
    def turned(told: Difference) -> tuple[str, str, str]:
        kinds = {ChangeKind.ADDED: "removed", ChangeKind.REMOVED: "added", ChangeKind.CHANGED: "changed"}
        return told.entry, kinds[told.kind], told.field

    there, back = differences(one, other), differences(other, one)

    assert differences(one, one) == []
    assert sorted((told.entry, told.kind.value, told.field) for told in there) == sorted(map(turned, back))


def test_settings_that_break_a_rule_are_refused() -> None:
    with pytest.raises(ImportRefused):
        differences("", "readers: [{id: r1, kind: nonsense}]")
