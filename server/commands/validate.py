"""``validate``: the installation and operation qualification, for a hospital's own records."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import typer

from server.console import AsJson, Exit, leave, out, say, show, show_rows
from server.validation.checks import run_checks
from server.validation.registry import all_checks

command = typer.Typer()

COLUMNS = ("check", "result", "expected", "found", "tolerance", "source")


@command.command("validate")
def validate(as_json: AsJson = False) -> None:
    """Prove on this machine that database, backup, protocols and calculations work; the hospital's data stay untouched.

    Example: hospital-twin validate --json
    """
    with tempfile.TemporaryDirectory(prefix="hospital-twin-validate-") as folder:
        outcomes = run_checks(all_checks(), Path(folder))
    failed = sum(not one.is_passed for one in outcomes)
    if as_json:
        show({"passed": len(outcomes) - failed, "failed": failed, "checks": [msgspec.to_builtins(o) for o in outcomes]})
    else:
        rows = [
            {
                "check": one.name,
                "result": say("pass") if one.is_passed else say("FAIL"),
                "expected": one.expected,
                "found": one.found,
                "tolerance": one.tolerance,
                "source": one.source,
            }
            for one in outcomes
        ]
        show_rows(rows, columns=COLUMNS, as_json=False)
        out(say("{passed} checks passed, {failed} failed.", passed=len(outcomes) - failed, failed=failed))
    leave(Exit.NOT_IN_ORDER if failed else Exit.DONE)
