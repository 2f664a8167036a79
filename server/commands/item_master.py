"""``hospital-twin inventory duplicates`` and ``merge``: two entries of the item master are one item."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from inventory.model.movements import Command
from inventory.rules.duplicates import Likeness
from inventory.service import merging
from inventory.tables.catalogue import every_item
from server.console import AsJson, Exit, out, say, show, show_rows
from server.session import opened_alone

ACTOR = "command-line"


def duplicates(
    limit: Annotated[int, typer.Option(help=say("How many pairs at most."), min=1)] = 200,
    as_json: AsJson = False,
) -> None:
    """Print entries of the item master that are probably one item, the surest first.

    Example: hospital-twin inventory duplicates --json
    """
    with opened_alone() as hospital, hospital.read() as session:
        items = every_item(session)
        found = merging.candidates(session, items, limit=limit)
    names = {str(item.id): item.name for item in items}
    rows = [
        {
            "first": each.first,
            "first_name": names[each.first],
            "second": each.second,
            "second_name": names[each.second],
            "why": each.why.value,
            "score": round(each.score, 3),
        }
        for each in found
    ]
    show_rows(rows, columns=("first", "first_name", "second", "second_name", "why", "score"), as_json=as_json)


def merge(
    keep: Annotated[str, typer.Argument(help=say("Id of the entry that stays."))],
    drop: Annotated[str, typer.Argument(help=say("Id of the entry that goes."))],
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Say what would go over; store nothing."))] = False,
    as_json: AsJson = False,
) -> None:
    """Make two entries of the item master one, with lots, stock, packages and par levels; exit code 1 if forbidden.

    Example: hospital-twin inventory merge gauze-10 gauze-10cm --dry-run
    """
    with opened_alone() as hospital:
        if is_dry_run:
            with hospital.read() as session:
                found = merging.look_at_merge(session, keep=keep, drop=drop)
        else:
            now = hospital.clock.now()
            command = Command(id=hospital.new_id(), actor=ACTOR, occurred_at=now, recorded_at=now)
            found = hospital.write_now(
                lambda session: merging.merge_items(
                    session, ledger=hospital.ledger, command=command, keep=keep, drop=drop
                )
            )
    if as_json:
        show(_told(found, is_done=not is_dry_run))
    else:
        _tell(found, is_done=not is_dry_run)
    if found.obstacles:
        raise typer.Exit(Exit.NOT_IN_ORDER)


def _told(found: merging.Outlook, *, is_done: bool) -> dict[str, object]:
    return {
        "keep": found.keep.id,
        "drop": found.drop.id,
        "is_done": is_done,
        "obstacles": list(found.obstacles),
        "lots": found.lots,
        "on_hand": found.on_hand,
        "par_conflicts": list(found.par_conflicts),
        **asdict(found.standing),
    }


def _tell(found: merging.Outlook, *, is_done: bool) -> None:
    told = "{drop} into {keep}: {on_hand} units in {lots} lots, {packages} packages, {pars} par levels."
    figures = {"on_hand": found.on_hand, "lots": found.lots, "packages": found.standing.packages}
    pars = len(found.standing.par_places)
    out(say(told, drop=found.drop.name, keep=found.keep.name, pars=pars, **figures))
    for place in found.par_conflicts:
        out(say("{place}: both have a par level; that of the entry that stays is kept.", place=place))
    if found.obstacles:
        out(say("Not possible: {why}", why=", ".join(found.obstacles)))
    elif not is_done:
        out(say("Dry run: nothing was stored. Run it again without --dry-run to store it."))


def similar_words(why: Likeness) -> str:
    """Give the reason of a likeness in words.

    Parameters
    ----------
    why : Likeness
        What two entries share.
    """
    return {
        Likeness.CODE: say("the same code"),
        Likeness.SUPPLIER_CODE: say("the same number of a supplier"),
        Likeness.NAME: say("the same words"),
        Likeness.SIMILAR_NAME: say("a similar name"),
    }[why]
