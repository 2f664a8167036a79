"""Devices are named by their names: what the field offers is what the action understands."""

from __future__ import annotations

import pytest

from dash_app.actions.device_records import device_named
from dash_app.pages.device_field import device_field, register_device_fields
from dash_app.queries.search import device_label, devices_like
from tests.dash_app.gathering import gathered
from tests.dash_app.pages.test_device_pages import Kept, registered
from tests.dash_app.small_hospital import NOW, small_port, small_state
from twin.errors import InputError
from twin.events.things import AssetRetired


@pytest.fixture
def kept() -> Kept:
    return registered()


def test_what_is_offered_is_understood(kept: Kept) -> None:
    for label in devices_like(kept.port.state(), "pump"):
        with kept.port.read() as session:
            assert device_label(kept.port.state(), device_named(session, label)) == label


@pytest.mark.parametrize("text", ["C-1", " IP-1 ", "Infusion pump IP-1 · IP-1"])
def test_a_scan_an_id_and_an_offer_name_the_same_device(kept: Kept, text: str) -> None:
    with kept.port.read() as session:
        assert device_named(session, text) == "IP-1"


@pytest.mark.parametrize("text", ["", None, " · ", "nobody · nobody"])
def test_what_names_no_device_is_refused(kept: Kept, text: str | None) -> None:
    with kept.port.read() as session, pytest.raises(InputError):
        device_named(session, text)


def test_a_tag_or_serial_number_comes_before_a_part_of_a_name() -> None:
    state = small_state()

    assert devices_like(state, "S3")[0] == "Infusion pump IP-3 · IP-3"
    assert devices_like(state, "t-2") == ["Infusion pump IP-2 · IP-2"]
    assert len(devices_like(state, "pump", most=2)) == 2
    assert devices_like(state, "  ") == []


def test_what_left_the_register_is_not_offered() -> None:
    state = small_state()
    state.apply(AssetRetired(thing="IP-1", occurred_at=NOW, source="import:t", source_key="gone"))

    assert not any("IP-1" in label for label in devices_like(state, "pump"))


def test_a_device_that_an_address_names_stands_in_the_field_by_its_name() -> None:
    port = small_port()

    assert device_field(port, "x", value="IP-1").value == "Infusion pump IP-1 · IP-1"
    assert device_field(port, "x", value="unknown").value == "unknown"
    offer = gathered(lambda callbacks, held: register_device_fields(callbacks, held, "x"), port)["offer"].function
    assert offer("ventil") == ["Ventilator V-1 · V-1"]
    assert offer(None) == []
