"""``hospital-twin import``: start from event logs and spreadsheets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from inventory.rules.duplicates import Likeness
from server.commands.item_master import similar_words
from server.console import AsJson, Exit, out, say, show
from server.imports.mapping import mapping_named, shipped_mappings
from server.imports.masters import COLUMNS_BY_KIND, MasterKind, template
from server.imports.runs import LogReport, MasterReport, import_log, import_master
from server.session import opened_alone
from twin.errors import InputError

is_group = True
name = "import"
command = typer.Typer(help=say("Start from your own event logs and spreadsheets."), no_args_is_help=True)

File = Annotated[Path | None, typer.Argument(help=say("CSV file."), exists=True, dir_okay=False)]
LogFile = Annotated[Path, typer.Argument(help=say("CSV or XES file."), exists=True, dir_okay=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help=say("Show what would be stored; store nothing."))]
Template = Annotated[bool, typer.Option("--template", help=say("Print a header and an example line."))]
MappingOption = Annotated[
    str, typer.Option("--mapping", help=say("Mapping file, or the name of one that comes with the release."))
]


@command.command("events", help=say("Import an event log of visits or activities."))
def import_events(
    file: LogFile, mapping: MappingOption = "", is_dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Import an event log; the guess at its columns is shown in the dry run."""
    chosen = mapping_named(mapping) if mapping else shipped_mappings().get(file.stem)
    with opened_alone() as hospital:
        report = import_log(hospital, file, mapping=chosen, is_dry_run=is_dry_run)
    if as_json:
        show(_plain(report))
    else:
        _tell_log(report)
    if report.n_problems:
        raise typer.Exit(Exit.NOT_IN_ORDER)


def _tell_log(report: LogReport) -> None:
    for line in report.guessed:
        out(say("Guessed: {line}", line=line))
    out(
        say(
            "{rows} rows, {encounters} encounters ({open} still open), {events} events.",
            rows=report.n_rows,
            encounters=report.n_encounters,
            open=report.n_open,
            events=report.n_events,
        )
    )
    for place, count in sorted(report.unknown_places.items()):
        out(
            say(
                "No place {place!r} is known ({count} times): map it under [places] or import it.",
                place=place,
                count=count,
            )
        )
    for problem in report.problems:
        out(f"{problem.place}: {problem.field}: {problem.message} {problem.cure}")
    if report.n_problems:
        out(say("{count} problems: the log is not stored until they are mended.", count=report.n_problems))
    out(_last_line(report.is_stored, report.n_new))


def _last_line(is_stored: bool, n_new: int) -> str:
    if is_stored:
        return say("Stored: {count} new facts.", count=n_new)
    return say("Dry run: nothing was stored. Run it again without --dry-run to store it.")


def _plain(report: LogReport | MasterReport) -> object:
    return msgspec.to_builtins(report, enc_hook=lambda value: value.model_dump(mode="json"))


@command.command("mapping", help=say("Print a mapping that comes with the release, to start your own from."))
def print_mapping(mapping: Annotated[str, typer.Argument(help=say("Name of the mapping."))]) -> None:
    """Print a shipped mapping as JSON."""
    show(mapping_named(mapping).model_dump(mode="json", exclude_defaults=True))


def _import(kind: MasterKind, file: Path | None, is_dry_run: bool, is_template: bool, as_json: bool) -> None:
    if is_template:
        sys.stdout.write(template(COLUMNS_BY_KIND[kind]))
        return
    if file is None:
        raise InputError(say("Name a CSV file, or print a template with --template."), code="input.file")
    with opened_alone() as hospital:
        report = import_master(hospital, kind, file, is_dry_run=is_dry_run)
    if as_json:
        show(_plain(report))
        return
    out(say("{rows} rows, {count} new or changed.", rows=report.n_rows, count=report.n_new))
    for each in report.similar:
        told = "{place}: {name} is probably {other} ({id}), by {why}: merge them afterwards if they are one item."
        why = similar_words(Likeness(each.why))
        out(say(told, place=each.place, name=each.name, other=each.other_name, id=each.other, why=why))
    out(_last_line(report.is_stored, report.n_new))


@command.command("places", help=say("Import buildings, wards, rooms and beds."))
def import_places(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import places."""
    _import(MasterKind.PLACES, file, is_dry_run, is_template, as_json)


@command.command("paths", help=say("Import doors, corridors, stairs and lifts between places."))
def import_paths(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import paths."""
    _import(MasterKind.PATHS, file, is_dry_run, is_template, as_json)


@command.command("assets", help=say("Import devices with their tags."))
def import_assets(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import assets."""
    _import(MasterKind.ASSETS, file, is_dry_run, is_template, as_json)


@command.command("staff", help=say("Import members of staff by pseudonym."))
def import_staff(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import staff."""
    _import(MasterKind.STAFF, file, is_dry_run, is_template, as_json)


@command.command("tags", help=say("Stick tags to devices: a sheet of tags and devices, checked for duplicates."))
def import_tags(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import tags of devices."""
    _import(MasterKind.TAGS, file, is_dry_run, is_template, as_json)


@command.command("register", help=say("Fill in register entries: maker, lot, firmware, owner, price and days."))
def import_register(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Fill in what the register says of devices that it holds."""
    _import(MasterKind.REGISTER, file, is_dry_run, is_template, as_json)


@command.command("work-orders", help=say("Take over the work orders and failures of a previous maintenance system."))
def import_work_orders(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Take over work orders that are closed."""
    _import(MasterKind.WORK_ORDERS, file, is_dry_run, is_template, as_json)


@command.command("programmes", help=say("Import programmes of reprocessing machines with their limits."))
def import_programmes(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import programmes."""
    _import(MasterKind.PROGRAMMES, file, is_dry_run, is_template, as_json)


@command.command("machines", help=say("Import reprocessing machines and the programmes that they run."))
def import_machines(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import reprocessing machines that are in the register."""
    _import(MasterKind.MACHINES, file, is_dry_run, is_template, as_json)


@command.command("stock-places", help=say("Import which places are stores, refrigerators or quarantine."))
def import_stock_places(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import places of the stock."""
    _import(MasterKind.STOCK_PLACES, file, is_dry_run, is_template, as_json)


@command.command("par-levels", help=say("Import how much of each item a place should hold."))
def import_par_levels(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import par levels."""
    _import(MasterKind.PAR_LEVELS, file, is_dry_run, is_template, as_json)


@command.command("items", help=say("Import the item master with GTINs and packages."))
def import_items(
    file: File = None, is_dry_run: DryRun = False, is_template: Template = False, as_json: AsJson = False
) -> None:
    """Import items."""
    _import(MasterKind.ITEMS, file, is_dry_run, is_template, as_json)
