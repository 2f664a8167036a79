"""``backup``: taken while the hospital works, proven, restored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from interop.service.keys import FILE as KEY_FILE
from server.backups import create_backup, listed_backups, restore_backup, verify_backup
from server.console import AsJson, out, say, show, show_rows
from server.schema.metadata import full_metadata
from server.schema.upgrades import upgrade
from twin.clock import SystemClock
from twin.db.database import open_database
from twin.settings import load_settings

command = typer.Typer(no_args_is_help=True, help="Backups: taken while the hospital works, proven, restored.")
is_group = True

File = Annotated[Path, typer.Argument(help="The backup.")]


@command.command("create")
def create(
    folder: Annotated[Path, typer.Option("--to", help="Folder; that of the settings by default.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Take a backup now.

    Example: hospital-twin backup create --to /mnt/backups
    """
    settings = load_settings()
    target = folder if folder != Path() else settings.effective_backup_dir
    made = create_backup(settings, SystemClock(), target)
    manifest = verify_backup(made)
    key = settings.data_dir / KEY_FILE
    apart = str(key) if key.is_file() else ""
    told = {
        "file": str(made),
        "last_sequence": manifest.last_sequence,
        "sha256": manifest.sha256,
        "identity_key_apart": apart,
    }
    show(told) if as_json else out(say("Backup taken and proven: {file}", file=str(made)))
    if apart and not as_json:
        # Together with its key a backup would name everybody in it, also who was erased since.
        out(
            say("Not in it: {file}, which opens the identities. Keep a copy of that file in another place.", file=apart)
        )


@command.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the backups of the settings' folder, the newest first.

    Example: hospital-twin backup list --json
    """
    folder = load_settings().effective_backup_dir
    rows = [
        {"file": path.name, "taken_at": one.created_at, "last_sequence": one.last_sequence, "size": one.size}
        for path, one in listed_backups(folder)
    ]
    if rows or as_json:
        show_rows(rows, columns=("file", "taken_at", "last_sequence", "size"), as_json=as_json)
    else:
        out(say("There is no backup in {folder}.", folder=folder))


@command.command("verify")
def verify(file: File, as_json: AsJson = False) -> None:
    """Prove that a backup is whole.

    Example: hospital-twin backup verify hospital-20260105T080000.backup
    """
    manifest = verify_backup(file)
    show(msgspec.to_builtins(manifest)) if as_json else out(say("The backup is whole."))


@command.command("restore")
def restore(file: File, as_json: AsJson = False) -> None:
    """Put a backup in the place of the database; the old files are kept.

    Example: hospital-twin backup restore FILE
    """
    settings = load_settings()

    def check_free() -> None:
        full_metadata()
        with open_database(settings, is_core=True):  # refuses while a server works on it
            return

    database = restore_backup(settings, file, check_free=check_free)
    with open_database(settings, is_core=True) as opened:
        # the backup may be of an earlier release
        upgrade(opened)
    show({"database": str(database)}) if as_json else out(say("Restored to {file}", file=str(database)))
