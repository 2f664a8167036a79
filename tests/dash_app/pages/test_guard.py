import asyncio

import dash
import pytest
from dash import Input, Output, html
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

from dash_app.pages import guard
from dash_app.pages.guard import Callbacks
from tests.dash_app.small_hospital import actor_with
from twin.access import Permission, Role
from twin.errors import Refused


@pytest.fixture
def told(monkeypatch):
    """Notices shown; outside of a request Dash has nowhere to put them."""
    shown = []
    monkeypatch.setattr(guard.dash, "set_props", lambda identifier, props: shown.append(props["children"]))
    return shown


def registered(role, function):
    app = dash.Dash("test", server=True)
    app.layout = html.Div()
    callbacks = Callbacks(app, lambda: actor_with(role))
    return callbacks.add(Output("a", "children"), Input("b", "value"), permission=Permission.STOCK_MOVE)(function)


def test_who_may_not_is_told_and_nothing_is_done(told):
    done = []
    guarded = registered(Role.AUDITOR, done.append)

    assert asyncio.run(guarded("x")) is dash.no_update

    assert done == []
    assert "(forbidden)" in told[0]


def test_who_only_opened_the_page_is_not_told_of_a_button_that_nobody_pressed(told):
    app = dash.Dash("test", server=True)
    app.layout = html.Div()
    callbacks = Callbacks(app, lambda: actor_with(Role.AUDITOR))
    guarded = callbacks.add(
        Output("a", "children"),
        Input("b", "n_clicks"),
        permission=Permission.STOCK_MOVE,
        prevent_initial_call=True,
    )(lambda _clicks: "done")
    token = context_value.set(AttributeDict(triggered_inputs=[{"prop_id": "b.n_clicks", "value": 0}]))
    try:
        with pytest.raises(PreventUpdate):
            asyncio.run(guarded(0))
    finally:
        context_value.reset(token)

    assert told == []


def test_who_may_gets_the_answer(told):
    guarded = registered(Role.LOGISTICS, lambda value: value.upper())

    assert asyncio.run(guarded("x")) == "X"
    assert told == []


def test_a_refusal_becomes_a_notice_with_its_code(told):
    def refuse(_value):
        raise Refused("no", code="stock.recalled")

    # an exception would end the answer without the notice beside it
    assert asyncio.run(registered(Role.LOGISTICS, refuse)("x")) is dash.no_update

    assert told[0].endswith("(stock.recalled)")


def test_a_button_that_did_its_work_takes_the_earlier_refusal_away(told):
    app = dash.Dash("test", server=True)
    app.layout = html.Div()
    callbacks = Callbacks(app, lambda: actor_with(Role.LOGISTICS))
    tries = iter([Refused("no", code="stock.recalled"), None])

    def act(_clicks):
        problem = next(tries)
        if problem is not None:
            raise problem
        return "Kept"

    press = callbacks.add(
        Output("a", "children"), Input("b", "n_clicks"), permission=Permission.STOCK_MOVE, prevent_initial_call=True
    )(act)

    assert asyncio.run(press(1)) is dash.no_update
    assert asyncio.run(press(2)) == "Kept"
    assert told[0].endswith("(stock.recalled)")
    assert told[1:] == [""]


def buttoned(*inputs):
    """Give a callback that only these set off, and what it has done."""
    app = dash.Dash("test", server=True)
    app.layout = html.Div()
    done = []
    callbacks = Callbacks(app, lambda: actor_with(Role.LOGISTICS))
    guarded = callbacks.add(
        Output("a", "children"), *inputs, permission=Permission.STOCK_MOVE, prevent_initial_call=True
    )(done.append)
    return guarded, done


async def _called(guarded, triggered, value):
    context_value.set(AttributeDict(triggered_inputs=triggered))
    return await guarded(value)


@pytest.mark.parametrize(
    "triggered", [[], [{"prop_id": "b.n_clicks", "value": 0}]], ids=["page opened", "button drawn"]
)
def test_a_button_that_nobody_has_pressed_does_nothing(told, triggered):
    guarded, done = buttoned(Input("b", "n_clicks"))

    with pytest.raises(PreventUpdate):
        asyncio.run(_called(guarded, triggered, 0))

    assert done == []


def test_a_button_that_somebody_has_pressed_acts(told):
    guarded, done = buttoned(Input("b", "n_clicks"), Input("c", "n_submit"))

    asyncio.run(_called(guarded, [{"prop_id": "b.n_clicks", "value": 2}], 2))

    assert done == [2]


def test_a_selection_that_is_cleared_counts_as_chosen(told):
    guarded, done = buttoned(Input("b", "value"))

    asyncio.run(_called(guarded, [{"prop_id": "b.value", "value": None}], None))

    assert done == [None]
