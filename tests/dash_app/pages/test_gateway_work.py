"""What a test read tells the technician who stands before a reader that is new."""

from __future__ import annotations

import json

import pytest
from dash.development.base_component import Component

from dash_app.pages.gateway_work import folded, tried
from rfid_gateway.uplink.orders import OrderResult


def words(parts: list[Component]) -> str:
    return json.dumps([part.to_plotly_json() for part in parts], default=lambda one: one.to_plotly_json())


def test_tags_that_were_read_stand_behind_what_the_reader_says_of_itself() -> None:
    facts = {"status": "online", "model": "R-4", "identity": "", "clock_offset_ms": "12"}

    told = words(tried(OrderResult(id="1", is_done=True, facts=facts, lines=["E280 antenna 1"])))

    assert [
        one for one in ("Heard.", "Status: Online", "Model: R-4", "Clock offset (ms): 12", "E280") if one not in told
    ] == []
    assert "Identity" not in told  # it tells none
    assert "hold a tag" not in told


def test_reader_that_answers_with_an_empty_field_is_told_apart_from_a_broken_line() -> None:
    told = words(tried(OrderResult(id="1", is_done=True, facts={"status": "online"})))

    assert "Heard." in told
    assert "hold a tag" in told


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("unreachable", "", "Not heard: Nobody answers at its address"),
        ("gateway.system", "The computer says: Permission denied", "The computer says: Permission denied"),
        ("", "", "Not heard: no reason was told"),
    ],
)
def test_failure_is_told_with_its_cause_and_what_the_gateway_said(code: str, message: str, expected: str) -> None:
    told = words(tried(OrderResult(id="1", is_done=False, code=code, message=message)))

    assert expected in told
    assert "hold a tag" not in told


@pytest.mark.parametrize(("fine", "troubled", "tables"), [(11, 1, 1), (12, 1, 2), (80, 0, 1)])
def test_of_many_devices_those_in_order_are_folded_away(fine: int, troubled: int, tables: int) -> None:
    rows = [(True, [f"reader-{i}"]) for i in range(fine)] + [(False, [f"silent-{i}"]) for i in range(troubled)]

    parts = folded("Devices", ["Reader"], rows)

    told = words(parts)
    assert told.count("reader-") == fine
    assert told.count("silent-") == troubled
    assert len(parts) == tables
    # A few are all to be seen; of many only those that somebody must look after.
    assert ("Details" in type(parts[-1]).__name__) == (fine + troubled > 12)
    assert f"{fine} are heard and in order" in told or fine + troubled <= 12
