"""All commands as one tree: every module of ``server/commands`` that has ``command``."""

from __future__ import annotations

import importlib
import pkgutil

import typer

from server.console import say

PACKAGE = "server.commands"


def build_tree() -> typer.Typer:
    """Give the command line with all its commands.

    A module's ``command`` is a :class:`typer.Typer`. Its commands stand at the top if ``is_group`` is missing or False,
    and under the module's name otherwise.
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
    package = importlib.import_module(PACKAGE)
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        loaded = importlib.import_module(f"{PACKAGE}.{module.name}")
        for name, group in getattr(loaded, "groups", {}).items():
            tree.add_typer(group, name=name)
        command = getattr(loaded, "command", None)
        if not isinstance(command, typer.Typer):
            continue
        if getattr(loaded, "is_group", False):
            tree.add_typer(command, name=getattr(loaded, "name", module.name))
        else:
            tree.registered_commands.extend(command.registered_commands)
    return tree
