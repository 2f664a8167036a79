"""Callbacks that name their permission: it is checked each time, whoever sends the request."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast

import dash
from dash import ClientsideFunction
from dash.exceptions import MissingCallbackContextException, PreventUpdate

from dash_app.texts.problems import problem_text
from twin.access import Actor, Permission
from twin.errors import HospitalTwinError

P = ParamSpec("P")
R = TypeVar("R")

NOTICE = "frame-notice"
PERMISSION_ATTRIBUTE = "__permission__"
_PRESSED = frozenset({"n_clicks", "n_submit"})


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Registers the callbacks of one Dash application; each with the permission that it needs.

    Parameters
    ----------
    app : dash.Dash
        Where they are registered.
    actor : Callable[[], Actor]
        Gives who sent the request being answered.
    permissions : dict[str, Permission]
        Permission by output key, for those that run in the browser as well.
    """

    app: dash.Dash
    actor: Callable[[], Actor]
    permissions: dict[str, Permission] = field(default_factory=dict)

    def add(
        self, *dependencies: object, permission: Permission, **options: Any
    ) -> Callable[[Callable[P, R]], Callable[P, Awaitable[R]]]:
        """Decorate a callback: check the permission, then compute in a thread so that the server's loop stays free.

        One that only buttons set off, with ``prevent_initial_call``, runs when somebody has pressed one.

        Parameters
        ----------
        *dependencies : object
            Outputs, inputs and states, as Dash takes them.
        permission : Permission
            What the sender must hold.
        **options : Any
            Further options of ``dash.Dash.callback``.
        """
        has_output = any(isinstance(one, dash.Output) for one in dependencies)
        inputs = [one for one in dependencies if isinstance(one, dash.Input)]
        # Dash calls as well when a button is put on the page by another callback, whatever it was told to prevent.
        waits_for_somebody = bool(options.get("prevent_initial_call")) and all(
            one.component_property in _PRESSED for one in inputs
        )

        def decorate(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
            @functools.wraps(function)
            async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
                try:
                    # Before anything else: who only opened the page is not told that they may not press its button.
                    if waits_for_somebody and not _is_pressed():
                        raise PreventUpdate
                    self.actor().require(permission)
                    answer = await asyncio.to_thread(function, *args, **kwargs)
                    if waits_for_somebody:
                        _clear_notice()
                    return answer
                except HospitalTwinError as error:
                    dash.set_props(NOTICE, {"children": problem_text(error)})
                    # PreventUpdate would answer 204 without the notice: it has to come back beside "nothing changed".
                    return cast(R, dash.no_update if has_output else None)

            setattr(guarded, PERMISSION_ATTRIBUTE, permission)
            return self.app.callback(*dependencies, **options)(guarded)  # type: ignore[no-any-return]  # Dash is untyped

        return decorate

    def add_clientside(self, source: str | ClientsideFunction, *dependencies: object, **options: Any) -> None:
        """Register a callback that runs in the browser and asks nothing of the server.

        Parameters
        ----------
        source : str or ClientsideFunction
            JavaScript function.
        *dependencies : object
            Outputs, inputs and states.
        **options : Any
            Further options of ``dash.Dash.clientside_callback``.
        """
        self.app.clientside_callback(source, *dependencies, **options)  # type: ignore[no-untyped-call]  # Dash


def _clear_notice() -> None:
    """Take away what an earlier try was refused for: beside "Kept" it would read as if this one had failed."""
    with contextlib.suppress(MissingCallbackContextException):  # called by itself, outside of a request
        dash.set_props(NOTICE, {"children": ""})


def _is_pressed() -> bool:
    """Tell whether a button was pressed: one that was only drawn has a count of 0 or none."""
    try:
        return any(one["value"] for one in dash.ctx.triggered)
    except MissingCallbackContextException:  # called by itself, outside of a request
        return True
