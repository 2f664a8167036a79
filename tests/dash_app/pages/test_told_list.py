"""Putting a question together: each entry can be taken away again."""

from dash import html

from dash_app.pages import told_list
from dash_app.pages.told_list import away_type, register_told, told_items
from tests.dash_app.gathering import gathered
from tests.dash_app.small_hospital import small_port


def _buttons(items):
    return [part for item in items for part in item._traverse() if isinstance(part, html.Button)]


def test_an_empty_list_says_so_and_has_nothing_to_take_away():
    (item,) = told_items("s", [], "Nothing yet.")

    assert item.children == "Nothing yet."
    assert _buttons([item]) == []


def test_each_entry_has_a_button_that_names_it():
    items = told_items("s", ["two beds more", "a nurse less"], "as it is", keeps_begin=True)

    assert [button.id for button in _buttons(items)] == [{"type": away_type("s"), "index": index} for index in (0, 1)]
    assert [getattr(button, "aria-label") for button in _buttons(items)] == [
        "Take away: two beds more",
        "Take away: a nurse less",
    ]
    assert items[0].children == "as it is"


def test_the_entry_whose_button_was_pressed_goes_and_the_others_stay(monkeypatch):
    def register(callbacks, _port):
        register_told(callbacks, "s", "s-list", lambda told: told_items("s", [one["text"] for one in told], ""))

    held = gathered(register, small_port())
    monkeypatch.setattr(told_list, "pressed", lambda: {"type": away_type("s"), "index": 1})
    told = [{"text": "a"}, {"text": "b"}, {"text": "c"}]

    left = held["take_away_one"].function([0, 1, 0], told)

    assert left == [{"text": "a"}, {"text": "c"}]
    assert len(held["show_told"].function(left)) == 2
