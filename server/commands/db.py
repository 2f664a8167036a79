"""``db``: the shape of the database."""

from __future__ import annotations

import typer

from server.console import AsJson, Exit, leave, out, say, show
from server.schema.metadata import full_metadata
from server.schema.upgrades import drift, newest_revision, revision_of, upgrade
from twin.db.database import open_database
from twin.settings import load_settings

command = typer.Typer(no_args_is_help=True, help="The shape of the database.")
is_group = True


@command.command("upgrade")
def upgrade_database(as_json: AsJson = False) -> None:
    """Bring the database to this release's shape; stop the server first.

    Example: hospital-twin db upgrade
    """
    full_metadata()
    with open_database(load_settings(), is_core=True) as database:
        before = upgrade(database)
    told = {"before": before, "now": newest_revision()}
    show(told) if as_json else out(say("The database has revision {now}.", now=told["now"]))


@command.command("check")
def check_database(as_json: AsJson = False) -> None:
    """Compare the database with the tables of this release.

    Example: hospital-twin db check
    """
    full_metadata()
    with open_database(load_settings(), is_core=False) as database, database.readers.connect() as connection:
        found = revision_of(connection)
        differences = drift(connection) if found else [say("The database is empty: run `hospital-twin db upgrade`.")]
    if found != newest_revision():
        differences.append(
            say("It has revision {found}, this release needs {now}.", found=found, now=newest_revision())
        )
    if as_json:
        show({"revision": found, "differences": differences})
    else:
        for line in differences or [say("The database is in order.")]:
            out(line)
    leave(Exit.NOT_IN_ORDER if differences else Exit.DONE)
