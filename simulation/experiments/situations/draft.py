"""A pathway document on which a situation writes, keeping every change as a readable one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import cast

from simulation.experiments.changes import apply_change
from simulation.experiments.request import Change
from simulation.model.problems import PathwayError

Table = Mapping[str, object]
WARD = "ward-"


class Draft:
    """A copy of a document and the changes made to it.

    Parameters
    ----------
    document : Mapping[str, object]
        The base, which stays as it is.
    situation : str
        For messages.
    """

    def __init__(self, document: Table, situation: str) -> None:
        self.document: dict[str, object] = copy.deepcopy(dict(document))
        self.situation = situation
        self.changes: list[Change] = []

    def put(self, path: str, value: object) -> None:
        """Set an entry."""
        change = Change(path=path, action="set", value=value)
        apply_change(self.document, change)
        self.changes.append(change)

    def section(self, name: str) -> dict[str, dict[str, object]]:
        """Give a part of the document by name, such as ``pools``; empty if it has none."""
        return cast("dict[str, dict[str, object]]", self.document.get(name, {}))

    def entry(self, section: str, name: str) -> dict[str, object]:
        """Give one entry that the situation needs.

        Raises
        ------
        PathwayError
            If the hospital has none: the situation does not fit it.
        """
        found = self.section(section).get(name)
        if found is None:
            raise PathwayError(
                f"situations.{self.situation}",
                f"This hospital has no {section} entry {name!r}, which the situation is about.",
                "Choose another situation, or a pathway that has it.",
            )
        return found

    def units(self, pool: str) -> int:
        """Give how many units a pool has at most: its capacity and its largest shift."""
        entry = self.entry("pools", pool)
        shifts = cast("list[Table]", entry.get("shifts", []))
        return _whole(entry.get("capacity", 0)) + max((_whole(one.get("units", 0)) for one in shifts), default=0)

    def alter(self, pool: str, units: int, after_h: float, hours: float) -> None:
        """Let units come (positive) or go (negative) after some hours; for so many hours, or to the end if 0."""
        if units == 0:
            return
        told = list(cast("list[object]", self.entry("pools", pool).get("changes", [])))
        told.append({"after": f"{after_h:g} h", "add": units})
        if hours > 0:
            told.append({"after": f"{after_h + hours:g} h", "add": -units})
        self.put(f"pools.{pool}.changes", told)

    def wards(self) -> dict[str, int]:
        """Give the wards by the name of their pool, with their beds.

        Raises
        ------
        PathwayError
            If there are none.
        """
        found = {name: self.units(name) for name in self.section("pools") if name.startswith(WARD)}
        if not found:
            raise PathwayError(
                f"situations.{self.situation}", "This hospital has no wards.", "Name their pools ward-NAME."
            )
        return found

    def add_pool(self, name: str, entry: Table) -> None:
        """Add a pool that the hospital does not have yet."""
        if name in self.section("pools"):
            raise PathwayError(
                f"situations.{self.situation}", f"There is a pool {name!r} already.", "A situation is used once."
            )
        self.put(f"pools.{name}", dict(entry))

    def by_beds(self, prefix: str) -> list[dict[str, object]]:
        """Give branches to ``prefix`` plus the name of each ward, with shares by beds."""
        wards = self.wards()
        total = sum(wards.values())
        names = list(wards)
        shares = [wards[name] / total for name in names[:-1]]
        return [
            {"to": f"{prefix}{name}", "share": share}
            for name, share in zip(names, [*shares, 1.0 - sum(shares)], strict=True)
        ]


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
