"""Doors and the parts of the page of interfaces: what they show, what they refuse, what reaches the desks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from dash_app.actions import doors as door_actions
from dash_app.charts import climate, floor_map
from dash_app.charts.colours import PALETTES
from dash_app.charts.series import Axes, Band, Limit
from dash_app.pages import doors, interface_places, interface_receivers
from tests.dash_app.pages.test_beds import text_of
from tests.dash_app.small_hospital import NOW, small_port
from twin.access import Role
from twin.errors import Forbidden, InputError
from twin.events.watch import AccessOutcome


@dataclass
class Rule:
    id: str = "R1"
    place: str = "W1"
    roles: tuple[str, ...] = ("nurse",)
    departments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refusal:
    at: int = NOW
    staff: str = "badge-9"
    door: str = "W1"
    outcome: AccessOutcome = AccessOutcome.REFUSED
    finding: str = ""


@dataclass
class SmallDoors:
    held: list[Rule] = field(default_factory=list)
    seen: list[Refusal] = field(default_factory=list)
    acts: list[tuple[object, ...]] = field(default_factory=list)

    def rules(self) -> Sequence[Rule]:
        return self.held

    def refused(self) -> Sequence[Refusal]:
        return self.seen

    def set_rule(self, place: str, roles: Sequence[str], departments: Sequence[str], *, actor: str) -> object:
        self.acts.append(("set", place, tuple(roles), tuple(departments)))
        return None

    def end(self, rule_id: str, *, actor: str) -> None:
        self.acts.append(("end", rule_id))


@dataclass(frozen=True)
class Done:
    messages: int = 3
    corrected: int = 2


@dataclass
class SmallNames:
    acts: list[tuple[object, ...]] = field(default_factory=list)

    def match(self, source: str, name: str, place: str, *, actor: str) -> Done:
        self.acts.append((source, name, place))
        return Done()

    def unmatch(self, source: str, name: str, *, actor: str) -> None:
        self.acts.append((source, name))


@dataclass
class SmallReceivers:
    acts: list[tuple[object, ...]] = field(default_factory=list)

    def add(self, kind: str, endpoint: str, *, only_enrolled: bool, actor: str) -> str:
        self.acts.append((kind, endpoint, only_enrolled))
        return "r1"

    def remove(self, receiver: str, *, actor: str) -> None:
        self.acts.append((receiver,))


def port_with(service: str, held: object, *roles: Role):
    port = small_port(*roles)
    return replace(port, services={**port.services, service: held})


def test_the_matrix_says_who_may_enter_and_a_zone_without_a_rule_is_open():
    held = SmallDoors(held=[Rule(), Rule(id="R2", place="W2", roles=("porter",), departments=("LOG",))])
    port = port_with("entrances", held)

    shown = text_of(doors.content(port))

    assert "Nurse" in shown
    assert "may enter" in shown
    assert "LOG" in shown
    assert "No zone has a rule" in text_of(doors.content(port_with("entrances", SmallDoors())))


def test_a_breach_is_told_apart_from_a_door_that_stayed_shut():
    seen = [Refusal(), Refusal(outcome=AccessOutcome.GRANTED, finding="role"), Refusal(finding="a_code_of_tomorrow")]

    shown = text_of(doors.content(port_with("entrances", SmallDoors(seen=seen))))

    assert "Stayed shut" in shown
    assert "profession may not enter" in shown
    assert "a_code_of_tomorrow" in shown
    assert "badge-9" in shown


def test_rules_are_set_and_ended_by_who_may_only():
    held = SmallDoors(held=[Rule()])
    port = port_with("entrances", held)

    assert doors.put(port, "W1", ["nurse"], None) == "The rule is in force."
    door_actions.end_rule(port, "R1")
    with pytest.raises(InputError):
        doors.put(port, "W1", [], None)
    with pytest.raises(Forbidden):
        doors.put(port_with("entrances", held, Role.NURSE), "W1", ["nurse"], None)

    assert held.acts == [("set", "W1", ("nurse",), ()), ("end", "R1")]


def test_a_name_is_matched_and_what_was_put_right_is_told():
    held = SmallNames()
    port = port_with("place_names", held)
    key = interface_places._key("his:adt", "ICU-9-Z")

    said = interface_places.match(port, key, "W1")
    interface_places.unmatch(port, key)

    assert "3" in said
    assert "2" in said
    assert held.acts == [("his:adt", "ICU-9-Z", "W1"), ("his:adt", "ICU-9-Z")]
    for wrong in ((None, "W1"), (key, None)):
        with pytest.raises(InputError):
            interface_places.match(port, *wrong)


def test_receivers_are_named_and_taken_away():
    held = SmallReceivers()
    port = port_with("receivers", held)

    interface_receivers.add(port, "memls", " mllp://hie.test:2575 ", only_enrolled=True)
    interface_receivers.remove(port, "r1")
    with pytest.raises(InputError):
        interface_receivers.add(port, "rtls", " ", only_enrolled=False)
    with pytest.raises(InputError):
        interface_receivers.remove(port, None)

    assert held.acts == [("memls", "mllp://hie.test:2575", True), ("r1",)]


def test_a_short_peak_is_marked_and_the_axis_holds_values_and_limits():
    band = Band(name="t", x=["a", "b", "c"], low=[3.0, 3.0, 3.0], middle=[4.0, 4.0, 4.0], high=[5.0, 9.0, 5.0])

    drawn = climate.figure(
        band, Limit(low=2, high=8, label="outside"), Axes(x="", y="°C"), PALETTES["light"], broken=["b"]
    )

    low, high = drawn["layout"]["yaxis"]["range"]
    assert low < 2
    assert high > 9
    assert [one["y0"] for one in drawn["layout"]["shapes"]] == [2, 8]
    assert (drawn["data"][-1]["x"], drawn["data"][-1]["y"]) == (["b"], [9.0])


def test_a_way_is_a_line_whose_last_stop_stands_out():
    steps = [
        floor_map.Mark(id=str(number), x_m=number, y_m=0.0, face=number // 2, text=f"stop {number}")
        for number in (1, 2)
    ]

    drawn = floor_map.trail(_ROOM, steps, PALETTES["light"])

    (line,) = drawn["data"]
    assert line["text"] == ["1", "2"]
    assert line["marker"]["symbol"] == ["circle", "diamond"]


_ROOM = [floor_map.Room(name="Ward", x_m=0.0, y_m=0.0, width_m=20.0, depth_m=10.0)]
