"""``audit``, ``config``, ``export``, ``replay``, ``openapi``: looking at what is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from server.app.description import openapi_text
from server.audit.chain import AuditBroken, head, read_head, rows_of
from server.audit.chain import verify as verify_chain
from server.audit.seal import check_seal, read_sealed, seal
from server.console import AsJson, Exit, leave, out, say, show, show_rows
from server.session import opened_alone
from twin.clock import to_text
from twin.events import registry
from twin.ledger.snapshots import require_beginning
from twin.settings import PREFIX, load_settings
from twin.state.live import LiveState

command = typer.Typer()
audit_commands = typer.Typer(no_args_is_help=True, help=say("The audit."))
config_commands = typer.Typer(no_args_is_help=True, help=say("The settings."))
groups = {"audit": audit_commands, "config": config_commands}

_PAGE = 5000
_SECRETS = ("database_url", "mqtt_url")


@audit_commands.command("verify", help=say("Recompute the chain of the audit."))
def verify_audit(
    head_file: Annotated[
        Path | None, typer.Option("--head", help=say("Sealed head that was exported earlier."), dir_okay=False)
    ] = None,
    public_key: Annotated[str, typer.Option(help=say("Key that must have sealed it, hex."))] = "",
    as_json: AsJson = False,
) -> None:
    """Recompute the chain of the audit.

    Example: hospital-twin audit verify --head /mnt/other/audit-head-2026-10.json
    """
    settings = load_settings()
    try:
        # before the audit is read: a server beside may add rows and a newer head meanwhile
        witness = read_head(settings.data_dir)
        with opened_alone() as hospital, hospital.read() as session:
            if head_file is not None:
                sealed = read_sealed(head_file)
                check_seal(sealed, public_key=public_key)
                verify_chain(session, sealed.head)
            found = verify_chain(session, witness)
    except AuditBroken as error:
        told = {"is_intact": False, "sequence": error.sequence, "problem": error.message}
        show(told) if as_json else out(error.message)
        leave(Exit.NOT_IN_ORDER)
    told = {"is_intact": True, "rows": found.sequence, "hash": found.hash}
    show(told) if as_json else out(say("The audit is intact: {rows} rows.", rows=found.sequence))
    leave(Exit.DONE)


@audit_commands.command("head", help=say("Give where the audit ends, signed, to be kept elsewhere."))
def seal_head(
    file: Annotated[Path, typer.Option("--to", help=say("Where to write; standard output by default."))] = Path("-"),
) -> None:
    """Give the sealed head of the audit as JSON.

    Example: hospital-twin audit head --to /mnt/other/audit-head-2026-11.json
    """
    settings = load_settings()
    with opened_alone() as hospital:
        with hospital.read() as session:
            found = head(session)
        sealed = seal(settings.data_dir, found, now=hospital.clock.now())
    text = msgspec.json.format(msgspec.json.encode(sealed), indent=1).decode() + "\n"
    if str(file) == "-":
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8")


@audit_commands.command("export", help=say("Write the audit as lines of JSON."))
def export_audit(
    file: Annotated[Path, typer.Argument(help=say("Where to write; - for standard output."))] = Path("-"),
    action: Annotated[str, typer.Option(help=say("Only actions that begin like this, such as alarm."))] = "",
    as_json: AsJson = False,
) -> None:
    """Write the rows of the audit, oldest first.

    Example: hospital-twin audit export audit.ndjson --action load.
    """
    count = 0
    with opened_alone() as hospital, hospital.read() as session:
        handle = sys.stdout if str(file) == "-" else file.open("w", encoding="utf-8")
        try:
            for row in rows_of(session, action=action):
                told = {
                    "sequence": row.sequence,
                    "at": to_text(row.at),
                    "actor": row.actor,
                    "action": row.action,
                    "subject": row.subject,
                    "facts": msgspec.Raw(row.facts.encode()),
                    "hash": row.hash,
                }
                handle.write(msgspec.json.encode(told).decode() + "\n")
                count += 1
        finally:
            if handle is not sys.stdout:
                handle.close()
    if str(file) != "-":
        show({"rows": count, "file": str(file)}) if as_json else out(say("{count} rows written.", count=count))


def _masked(name: str, value: Any) -> str:
    text = "" if value is None else str(value)
    # the password stands before the @; the host is what one wants to see
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
        up_to = hospital.live.sequence  # a server beside may go on storing
        with hospital.read() as session:
            require_beginning(session)
            while batch := hospital.ledger.read(
                session, after=again.sequence, limit=min(_PAGE, up_to - again.sequence)
            ):
                for one in batch:
                    again.apply(one.event, one.sequence)
        with hospital.ledger.steady:
            # what was closed long ago has left the live state in part: both forget up to the same instant
            for state in (again, hospital.live):
                state.forget_closed(hospital.live.forgotten_before)
            expected = hospital.live.digest()
    is_same = expected == again.digest()
    told = {"events": again.sequence, "digest": again.digest(), "is_same": is_same}
    if as_json:
        show(told)
    else:
        out(
            say("{events} events replayed; the state is the same.", events=again.sequence)
            if is_same
            else say("{events} events replayed; the state DIFFERS.", events=again.sequence)
        )
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
