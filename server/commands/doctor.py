"""``doctor``: what is not in order, and what to do about it."""

from __future__ import annotations

import typer

from server.console import AsJson, Exit, leave, out, show
from server.upkeep.findings import findings
from twin.settings import load_settings

command = typer.Typer()


@command.command("doctor")
def doctor(as_json: AsJson = False) -> None:
    """Look for what is not in order, and say what to do.

    Example: hospital-twin doctor --json
    """
    found = findings(load_settings())
    if as_json:
        show([{"check": one.check, "ok": one.is_ok, "detail": one.detail, "cure": one.cure} for one in found])
    else:
        for one in found:
            out(f"{'ok ' if one.is_ok else '!! '} {one.check:20} {one.detail}")
            if one.cure:
                out(f"    -> {one.cure}")
    leave(Exit.DONE if all(one.is_ok for one in found) else Exit.NOT_IN_ORDER)
