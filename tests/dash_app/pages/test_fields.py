"""What a form asks for: a button that lacks something says what."""

import pytest
from dash.exceptions import PreventUpdate

from dash_app.pages import fields
from dash_app.pages.fields import figure, needed, pressed, whole
from dash_app.texts.problems import problem_text
from twin.errors import InputError


@pytest.mark.parametrize("value", [None, "", "  ", []])
def test_an_empty_field_is_named(value):
    with pytest.raises(InputError) as told:
        needed(value, "Place")

    assert "Place" in problem_text(told.value)


@pytest.mark.parametrize("value", ["ward 1", ["nurse"], 0, False])
def test_what_was_entered_comes_through_unchanged(value):
    assert needed(value, "Place") == value


@pytest.mark.parametrize("value", [None, "", "7", True])
def test_what_is_no_number_is_named(value):
    with pytest.raises(InputError, match="Quantity"):
        figure(value, "Quantity")


def test_half_a_unit_is_not_rounded_away():
    with pytest.raises(InputError, match="Quantity"):
        whole(2.5, "Quantity")

    assert whole(3.0, "Quantity") == 3


def test_rows_that_came_and_went_have_pressed_nothing(monkeypatch):
    monkeypatch.setattr(fields.dash, "ctx", type("Context", (), {"triggered_id": None}))

    with pytest.raises(PreventUpdate):
        pressed()
