"""What cannot be taken back is asked about first: every button that sounds like an end either asks or says why not."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from dash import html

import dash_app.pages
from dash_app.pages.asking import asks_first

PAGES = sorted(Path(dash_app.pages.__file__).parent.glob("*.py"))

ENDS = re.compile(
    r"\b(closed?|post|recall|revoke|cancel|give it up|merge|releas\w*|reject|withdraw|drop|remove|erase|destroy|delete|"
    r"end|no more|not needed|for good|publish|anew|not come|take (it )?(away|back|off)|put .* away|password|the key)\b",
    re.IGNORECASE,
)
"""Words of an act after which something is gone, decided or out in the world."""

TAKEN_BACK = {
    "Take away": "an entry of a question that is being put together",
    "Take all away": "entries of a question that is being put together",
    "Take the step away": "the step is added again; orders keep the checklist that they took",
    "Take it away": "a limit is kept again by the form beside it",
    "Take it back": "it is itself what takes an act back, or is said again by the form beside it",
    "Take back": "it takes an answer back",
    "Take off": "the band is bound again",
    "Take the match back": "it takes an act back",
    "End": "a service at a counter ends; the next call begins another",
    "End the rule": "a rule of the doors is set again by the form beside it",
    "End the limit": "a limit is set again by the form beside it",
    "Merge": "what it did is taken back on the same page",
    "Make the key": "it makes one",
    "Cancel": "a run is asked for again",
    "Download the signed end": "it saves a file",
    "Release it": "it takes a hold back, and can be held again",
    "Close it": "a way is opened again by the button beside it",
    "Withdraw": "a pair is proposed again by the form beside it",
    "Not needed": "the cart of the operation is asked for by hand all the same",
    "Drop this tie": "a tie is kept again by the form beside it",
    "Did not come": "who comes after all draws another ticket",
    "Publish": "replaced by the next plan; with broken rules it asks",
    "Tell it no more": "a receiver is told again by the form beside it",
}
"""Buttons that sound like an end and need no question, with the reason."""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_" and isinstance(node.args[0], ast.Constant):
        return str(node.args[0].value)
    return ""


def _is_button(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "html.Button"


def _asked(tree: ast.AST) -> set[int]:
    """Give the buttons that stand within a call of asks_first, by position in the source."""
    return {
        id(part)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "asks_first"
        for part in ast.walk(call)
        if _is_button(part)
    }


def buttons() -> list[tuple[str, str, bool]]:
    """Give every button of the pages whose text stands at it: file, text, whether it asks."""
    found = []
    for path in PAGES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        asked = _asked(tree)
        for node in ast.walk(tree):
            if _is_button(node) and node.args and _text(node.args[0]):
                found.append((path.name, _text(node.args[0]), id(node) in asked))
    return found


def test_every_button_that_ends_something_asks_or_is_known_to_be_taken_back() -> None:
    silent = sorted(
        f"{name}: {text}" for name, text, asks in buttons() if ENDS.search(text) and not asks and text not in TAKEN_BACK
    )

    assert silent == []


def test_no_excuse_outlives_its_button() -> None:
    texts = {text for _name, text, _asks in buttons()}

    assert set(TAKEN_BACK) <= texts


@pytest.mark.parametrize(
    "text",
    [
        "Recall",
        "Revoke for good",
        "Close and post",
        "Close the incident",
        "Close this device",
        "Release",
        "Reject",
        "Cancel the task",
        "Give it up",
        "Say so",
        "Remove the place",
        "Give a new password",
        "Opened was used, held goes back",
        "Drop the plan of this name",
    ],
)
def test_what_cannot_be_taken_back_asks(text: str) -> None:
    assert all(asks for _name, told, asks in buttons() if told == text)
    assert any(told == text for _name, told, _asks in buttons())


@pytest.mark.parametrize(("module", "called"), [("plan_checked.py", 1), ("buying.py", 1), ("gateway_settings.py", 1)])
def test_buttons_that_are_made_in_a_row_ask_as_well(module: str, called: int) -> None:
    # Their texts stand in a list, so that the walk above does not see them at their button.
    path = next(path for path in PAGES if path.name == module)
    source = path.read_text(encoding="utf-8")

    assert source.count("asks_first(") == called


def test_a_question_names_what_follows_and_what_it_is_about() -> None:
    button = asks_first(html.Button("Recall", id="go"), "None of it is handed out.", "item", only_if=("kind", ["I"]))

    told = button.to_plotly_json()["props"]
    assert told["data-sure"] == "None of it is handed out."
    assert json.loads(told["data-sure-about"]) == {"about": ["item"], "field": "kind", "texts": ["I"]}
