"""A sheet of tags and the devices that they are stuck to: what is wrong with it, and the bindings that it makes.

Two thousand devices get their tags in a few days, by several people with rolls of labels. Three mistakes happen: a
label is scanned for two devices, a device is given a second label, and a label of an earlier round is used again. Each
is told with its row, and nothing is bound until all are mended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from twin.errors import FieldProblem
from twin.events.envelope import Event
from twin.events.things import BearerKind, TagBound, TagUnbound
from twin.state.model import Asset, Tag

SOURCE = "import:tags"


class TagMode(StrEnum):
    """What becomes of the tags that a device carries already."""

    NEW = "new"
    """It carries none: one that is there is a mistake."""
    ALSO = "also"
    """It carries them besides."""
    INSTEAD = "instead"
    """They are taken off."""


class Tagged(Protocol):
    """What is known of tags and devices; the live state meets it."""

    @property
    def tags(self) -> Mapping[str, Tag]:
        """Tags by id."""

    @property
    def assets(self) -> Mapping[str, Asset]:
        """Devices by id."""


class Labelled(Protocol):
    """A checked row of the sheet."""

    @property
    def place(self) -> str:
        """Which row, for messages."""

    @property
    def tag(self) -> str:
        """Id of the tag, as readers give it."""

    @property
    def asset(self) -> str:
        """Id of the device."""

    @property
    def mode(self) -> TagMode:
        """What becomes of earlier tags."""


def tag_problems(known: Tagged, rows: Sequence[Labelled]) -> list[FieldProblem]:
    """Give what is wrong with a sheet, beside what each cell says for itself.

    Parameters
    ----------
    known : Tagged
        Tags and devices as they are.
    rows : Sequence[Labelled]
        In the order of the sheet.
    """
    carried = _tags_by_asset(known)
    problems: list[FieldProblem] = []
    row_by_asset: dict[str, str] = {}
    for row in rows:
        asset = known.assets.get(row.asset)
        if asset is None or asset.entry is None or asset.retired is not None:
            problems.append(_problem("asset", row, f"There is no device {row.asset!r}.", "Import the devices first."))
        elif row.asset in row_by_asset and row.mode is not TagMode.ALSO:
            told = f"Device {row.asset} got a tag in {row_by_asset[row.asset]} already."
            problems.append(_problem("asset", row, told, "Remove one of them, or write also in the column mode."))
        row_by_asset.setdefault(row.asset, row.place)
        problems += _taken(known, row, carried.get(row.asset, []))
    return problems


def _taken(known: Tagged, row: Labelled, carried: Sequence[str]) -> list[FieldProblem]:
    tag = known.tags.get(row.tag)
    bound = tag.bound if tag else None
    if bound is not None and bound.bearer != row.asset:
        told = f"Tag {row.tag} is on {bound.bearer} already."
        return [_problem("tag", row, told, "Use another label, or take it off there first.")]
    others = [one for one in carried if one != row.tag]
    if others and row.mode is TagMode.NEW:
        told = f"Device {row.asset} carries {', '.join(others[:3])} already."
        return [_problem("asset", row, told, "Write also or instead in the column mode.")]
    return []


def _problem(field: str, row: Labelled, message: str, cure: str) -> FieldProblem:
    return FieldProblem(field=field, place=row.place, message=message, cure=cure)


def _tags_by_asset(known: Tagged) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in tuple(known.tags.values()):
        bound = tag.bound
        if bound is not None and bound.bearer_kind is BearerKind.ASSET:
            found.setdefault(bound.bearer, []).append(tag.id)
    return found


def tag_events(known: Tagged, rows: Sequence[Labelled], *, at: int) -> list[Event]:
    """Give the bindings and unbindings of a checked sheet; a label that is where it belongs gives none.

    Parameters
    ----------
    known : Tagged
        Tags and devices as they are.
    rows : Sequence[Labelled]
        Without a problem.
    at : int
        Instant from which they hold, UTC microseconds.
    """
    carried = _tags_by_asset(known)
    wanted = {row.tag for row in rows}
    events: list[Event] = []
    for row in rows:
        for other in carried.get(row.asset, ()) if row.mode is TagMode.INSTEAD else ():
            if other not in wanted:
                key = f"{other}/off/{at}"
                events.append(TagUnbound(thing=other, occurred_at=at, source=SOURCE, source_key=key))
        if row.tag not in carried.get(row.asset, ()):
            events.append(
                TagBound(
                    thing=row.tag,
                    occurred_at=at,
                    source=SOURCE,
                    source_key=f"{row.tag}/{row.asset}/{at}",
                    bearer=row.asset,
                    bearer_kind=BearerKind.ASSET,
                )
            )
    return events
