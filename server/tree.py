"""All commands as one tree: every module of ``server/commands`` that has ``command``.

Only the modules of the word that was typed are loaded: all together they import every organ, the pages and the solvers,
which takes seconds, and a command that reads one label needs none of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

import typer

from server.console import say

PACKAGE = "server.commands"

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "assets": ("assets",),
        "audit": ("records",),
        "backup": ("backup",),
        "config": ("records",),
        "db": ("db",),
        "demo": ("demo",),
        "doctor": ("doctor",),
        "export": ("records",),
        "gateway": ("gateway",),
        "import": ("importing",),
        "interop": ("interop",),
        "inventory": ("inventory",),
        "openapi": ("records",),
        "plan": ("plan",),
        "replay": ("records",),
        "serve": ("serving",),
        "simulate": ("choosing", "house_sheet", "settling", "simulate"),
        "token": ("token",),
        "user": ("user",),
        "validate": ("validate",),
    }
)
"""Modules by the first word of a command. A word that is not here is found too, by loading all modules."""


def build_tree(word: str = "") -> typer.Typer:
    """Give the command line.

    A module's ``command`` is a :class:`typer.Typer`. Its commands stand at the top if ``is_group`` is missing or False,
    and under the module's name otherwise.

    Parameters
    ----------
    word : str, optional
        First word that was typed: only its modules are loaded. With none, or one that is not known, all are.
    """
    tree = typer.Typer(
        name="hospital-twin",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=say("The operations digital twin of a hospital."),
        rich_markup_mode=None,
    )

    @tree.callback()
    def _root() -> None:
        """Keep the tree a group even while it has one command only."""

    _root.__doc__ = say("The operations digital twin of a hospital.")
    for module in WORDS.get(word) or _all_modules():
        loaded = importlib.import_module(f"{PACKAGE}.{module}")
        for name, group in getattr(loaded, "groups", {}).items():
            tree.add_typer(group, name=name)
        command = getattr(loaded, "command", None)
        if not isinstance(command, typer.Typer):
            continue
        if getattr(loaded, "is_group", False):
            tree.add_typer(command, name=getattr(loaded, "name", module))
        else:
            tree.registered_commands.extend(command.registered_commands)
    return tree


def _all_modules() -> list[str]:
    package = importlib.import_module(PACKAGE)
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__))
