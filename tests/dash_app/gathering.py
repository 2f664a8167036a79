"""A page's callbacks as plain functions, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from dash_app.pages.guard import Callbacks
from dash_app.queries.port import HospitalPort
from twin.access import Permission


@dataclass(frozen=True, slots=True)
class Registered:
    """One callback: what it does, and its outputs, inputs and states."""

    function: Callable[..., Any]
    dependencies: tuple[Any, ...]


@dataclass(slots=True)
class _Gathering:
    found: dict[str, Registered] = field(default_factory=dict)

    def add(self, *dependencies: Any, permission: Permission, **_options: Any) -> Any:
        def keep(function: Callable[..., Any]) -> Callable[..., Any]:
            self.found[function.__name__] = Registered(function, dependencies)
            return function

        return keep

    def add_clientside(self, *_dependencies: Any, **_options: Any) -> None:
        """Run by the browser: nothing to call."""


def gathered(register: Callable[[Callbacks, HospitalPort], None], port: HospitalPort) -> dict[str, Registered]:
    """Give what a page registers, by the name of the function."""
    gathering = _Gathering()
    register(cast(Callbacks, gathering), port)
    return gathering.found
