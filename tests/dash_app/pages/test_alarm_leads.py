"""From an alarm one gets to what it is about and to where its cause is dealt with."""

import ast
import tomllib
from pathlib import Path

import pytest
from dash import dcc

from dash_app.pages import alarms
from dash_app.pages.registry import page_for
from dash_app.texts.alarm_classes import ALARM_TEXTS
from tests.dash_app.small_hospital import NOW, small_port, small_state
from twin.access import Role
from twin.events.watch import AlarmPriority, AlarmRaised

ROOT = Path(__file__).parents[3]
RAISING = ("assets", "inventory", "scheduling", "rfid_gateway", "interop", "twin", "server")


def raised_classes():
    """Every class of alarm that the code raises or its class data describe."""
    found = set(tomllib.loads((ROOT / "server/alarms/classes.toml").read_text()))
    for file in (file for package in RAISING for file in (ROOT / package).rglob("*.py")):
        if "alarm_class=" not in (text := file.read_text()):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.keyword) and node.arg == "alarm_class" and isinstance(node.value, ast.Constant):
                found.add(node.value.value)
    return sorted(found)


def links(part):
    return {one.href for one in part._traverse() if isinstance(one, dcc.Link)}


def port_with_alarm(alarm_class, subject, *roles, place=""):
    state = small_state()
    event = AlarmRaised(
        thing="alarm-9",
        occurred_at=NOW,
        source="t",
        source_key="a9",
        id="a9",
        alarm_class=alarm_class,
        subject_id=subject,
        place=place,
        priority=AlarmPriority.HIGH,
    )
    state.apply(event, state.sequence + 1)
    return small_port(*roles, state=state)


@pytest.mark.parametrize("alarm_class", raised_classes())
def test_every_alarm_that_is_raised_says_what_follows_and_leads_on(alarm_class):
    assert alarm_class in ALARM_TEXTS
    assert any(alarm_class.startswith(head) for head in alarms.LEADS)


@pytest.mark.parametrize(("address", "title", "permission"), sorted(set(alarms.LEADS.values())))
def test_a_lead_is_a_page_with_its_own_name_and_permission(address, title, permission):
    page = page_for(f"/{address}")

    assert page is not None
    assert (page.title, page.permission) == (title, permission)


def test_an_alarm_about_a_device_leads_to_the_device_its_place_and_the_incidents():
    port = port_with_alarm("device.incident", "IP-1", place="HALL")

    (card,) = [part for part in alarms.content(port, {"priority": "P1"}) if "alarm-9" in str(part)]

    assert {"/ui/devices/IP-1", "/ui/map?floor=0&room=HALL", "/ui/incidents"} <= links(card)


def test_nobody_is_led_to_a_page_that_is_closed_to_them():
    port = port_with_alarm("disk_low", "server", Role.NURSE)

    assert not any("/ui/upkeep" in links(part) for part in alarms.content(port, {}) if hasattr(part, "_traverse"))
