"""``audit``, ``config``, ``export``, ``replay``, ``openapi``: looking at what is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from server.access.audit import AuditBroken, read_head
from server.access.audit import verify as verify_chain
from server.app.description import openapi_text
from server.console import AsJson, Exit, leave, out, say, show, show_rows
from server.session import opened_alone
from twin.events import registry
from twin.settings import PREFIX, load_settings
from twin.state.live import LiveState

command = typer.Typer()
audit_commands = typer.Typer(no_args_is_help=True, help="The audit.")
config_commands = typer.Typer(no_args_is_help=True, help="The settings.")
groups = {"audit": audit_commands, "config": config_commands}

_PAGE = 5000
_SECRETS = ("database_url", "mqtt_url")


@audit_commands.command("verify")
def verify_audit(as_json: AsJson = False) -> None:
    """Recompute the chain of the audit.

    Example: hospital-twin audit verify
    """
    settings = load_settings()
    try:
        with opened_alone() as hospital, hospital.read() as session:
            found = verify_chain(session, read_head(settings.data_dir))
    except AuditBroken as error:
        told = {"is_intact": False, "sequence": error.sequence, "problem": error.message}
        show(told) if as_json else out(error.message)
        leave(Exit.NOT_IN_ORDER)
    told = {"is_intact": True, "rows": found.sequence, "hash": found.hash}
    show(told) if as_json else out(say("The audit is intact: {rows} rows.", rows=found.sequence))
    leave(Exit.DONE)


def _masked(name: str, value: Any) -> str:
    text = "" if value is None else str(value)
    if name in _SECRETS and "@" in text:
        scheme, _, rest = text.partition("://")
        return f"{scheme}://***@{rest.rpartition('@')[2]}"
    return text


@config_commands.command("show")
def show_config(as_json: AsJson = False) -> None:
    """Show the settings in force, secrets masked.

    Example: hospital-twin config show
    """
    settings = load_settings()
    rows: list[dict[str, object]] = [
        {"setting": name, "value": _masked(name, value), "variable": PREFIX + name.upper()}
        for name, value in sorted(dict(settings).items())
    ]
    show_rows(rows, columns=("setting", "value", "variable"), as_json=as_json)


@command.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write; - for standard output.")] = Path("-"),
    after: Annotated[int, typer.Option(help="Position after which to start.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Write all events as lines of JSON.

    Example: hospital-twin export events.ndjson
    """
    count = 0
    with opened_alone() as hospital:
        handle = sys.stdout if str(file) == "-" else file.open("w", encoding="utf-8")
        try:
            with hospital.read() as session:
                while batch := hospital.ledger.read(session, after=after, limit=_PAGE):
                    for one in batch:
                        handle.write(registry.encode(one.event).decode() + "\n")
                    count += len(batch)
                    after = batch[-1].sequence
        finally:
            if handle is not sys.stdout:
                handle.close()
    if str(file) != "-":
        show({"events": count, "file": str(file)}) if as_json else out(say("{count} events written.", count=count))


@command.command("replay")
def replay(as_json: AsJson = False) -> None:
    """Fold the whole ledger anew and compare with the live state.

    Example: hospital-twin replay --json
    """
    with opened_alone() as hospital:
        again = LiveState()
        after = 0
        with hospital.read() as session:
            while batch := hospital.ledger.read(session, after=after, limit=_PAGE):
                for one in batch:
                    again.apply(one.event, one.sequence)
                after = batch[-1].sequence
        with hospital.ledger.steady:
            expected = hospital.live.digest()
    is_same = expected == again.digest()
    told = {"events": again.sequence, "digest": again.digest(), "is_same": is_same}
    if as_json:
        show(told)
    else:
        out(say("{events} events replayed; the state is the same.", events=again.sequence) if is_same
            else say("{events} events replayed; the state DIFFERS.", events=again.sequence))  # fmt: skip
    leave(Exit.DONE if is_same else Exit.NOT_IN_ORDER)


@command.command("openapi")
def openapi(
    file: Annotated[Path, typer.Option("--to", help="Where to write; standard output by default.")] = Path("-"),
) -> None:
    """Write the description of the API.

    Example: hospital-twin openapi --to openapi.json
    """
    text = openapi_text()
    if str(file) == "-":
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8")
