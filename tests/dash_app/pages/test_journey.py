"""Ambulances, wristbands, fences and room climate as pages: what they show and what they refuse."""

from __future__ import annotations

import pytest

from dash_app.actions import journey as actions
from dash_app.pages import ambulances, watches, wristbands
from tests.dash_app.pages.test_beds import text_of
from tests.dash_app.small_hospital import NOW, small_port
from twin.access import Role
from twin.clock import MINUTE_US
from twin.errors import Forbidden, InputError


def test_the_board_says_when_how_urgent_and_which_bay():
    shown = text_of(ambulances.content(small_port()))

    assert "in 15 min" in shown
    assert "2" in shown.split()
    assert "ulance-1" in shown


@pytest.mark.parametrize(("ahead_us", "text"), [(MINUTE_US, "in 1 min"), (-3 * MINUTE_US, "late by 3 min")])
def test_an_arrival_is_told_in_minutes(ahead_us, text):
    assert ambulances.eta_text(NOW + ahead_us, NOW) == text


def test_a_porter_may_neither_announce_nor_bind():
    port = small_port(Role.LOGISTICS)

    with pytest.raises(Forbidden):
        actions.announce(port, minutes=5, acuity=1, bay="", service="")
    with pytest.raises(Forbidden):
        actions.bind(port, "BAND", "E1")
    assert port.services["journey"].acts == []


def test_a_check_says_match_or_stop():
    port = small_port()

    assert wristbands._done(port, wristbands.CHECK, "BAND", "E-right").startswith("MATCH")
    assert wristbands._done(port, wristbands.CHECK, "BAND", "E-wrong").startswith("STOP")


@pytest.mark.parametrize(("tag", "encounter"), [("", "E1"), ("   ", "E1"), (None, "E1"), ("BAND", None)])
def test_nothing_is_done_without_a_band_and_somebody(tag, encounter):
    with pytest.raises(InputError):
        wristbands._needed(tag, encounter)


def test_what_is_entered_reaches_the_watches_as_it_stands():
    port = small_port()

    actions.set_fence(port, {"bearer_kind": "asset", "bearer": "IP-3", "places": ["W1"], "exit_s": 5})
    actions.end_limit(port, "limit-9")

    assert port.services["watches"].acts == [
        ("geofence", {"bearer_kind": "asset", "bearer": "IP-3", "places": ["W1"], "exit_s": 5}),
        ("end", "limit-9"),
    ]
    assert "No fence is set" in text_of(watches.content(port))
