"""Rules of the replacement studio as they are typed, one a line: forced years, bundles, coverage per site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sqlmodel import Session

from assets.model.studio import Bundle, Coverage, Forced, Studio
from assets.tables.register import find_by_identifier
from twin.errors import FieldError, FieldProblem


def with_rules(session: Session, studio: Studio, query: Mapping[str, str]) -> Studio:
    """Give a studio with the rules of the address line.

    Parameters
    ----------
    session : Session
        Any session; devices are named by id, control number or any mark.
    studio : Studio
        Budgets and limits.
    query : Mapping[str, str]
        ``force``: ``device; year`` a line. ``bundle``: ``name; device, device …``. ``cover``: ``site; kind; least``.
        ``eos``: ``1`` if what loses its support must be replaced.

    Raises
    ------
    FieldError
        With line and field of what cannot be read.
    """
    forced = [
        Forced(asset=_device(session, cells[0], "force", n), year=_whole(cells[1], "force", n))
        for n, cells in _lines(query.get("force", ""), 2, "force")
    ]
    bundles = [
        Bundle(
            name=cells[0],
            assets=tuple(_device(session, mark.strip(), "bundle", n) for mark in cells[1].split(",") if mark.strip()),
        )
        for n, cells in _lines(query.get("bundle", ""), 2, "bundle")
    ]
    coverage = [
        Coverage(site=cells[0], kind=cells[1], least=_whole(cells[2], "cover", n))
        for n, cells in _lines(query.get("cover", ""), 3, "cover")
    ]
    try:
        return replace(
            studio,
            forced=tuple(forced),
            bundles=tuple(bundles),
            coverage=tuple(coverage),
            forces_end_of_support=query.get("eos") == "1",
        )
    except ValueError as error:
        raise _problem("rules", 0, f"{error}", "Correct the rule.") from error


def text_of(studio: Studio) -> dict[str, str]:
    """Give the rules of a studio as they are typed, for the address line."""
    lines: dict[str, Callable[[], Iterator[str]]] = {
        "force": lambda: (f"{one.asset}; {one.year}" for one in studio.forced),
        "bundle": lambda: (f"{one.name}; {', '.join(one.assets)}" for one in studio.bundles),
        "cover": lambda: (f"{one.site}; {one.kind}; {one.least}" for one in studio.coverage),
    }
    found = {name: "\n".join(give()) for name, give in lines.items()}
    return found | {"eos": "1" if studio.forces_end_of_support else ""}


def _lines(text: str, count: int, field: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.replace("\t", ";").replace("；", ";").split(";")]
        if not line.strip():
            continue
        if len(cells) != count or not all(cells):
            raise _problem(field, number, f"Expected {count} parts by semicolon.", "See the example above the field.")
        yield number, cells


def _device(session: Session, mark: str, field: str, number: int) -> str:
    row = find_by_identifier(session, mark)
    if row is None:
        raise _problem(field, number, f"No device is named {mark!r}.", "Enter its id, control number or mark.")
    return row.id


def _whole(text: str, field: str, number: int) -> int:
    if not text.isdigit():
        raise _problem(field, number, f"Expected a whole number, got {text!r}.", "Correct it.")
    return int(text)


def _problem(field: str, number: int, message: str, cure: str) -> FieldError:
    place = f"line {number}" if number else "studio"
    return FieldError(FieldProblem(field=field, place=place, message=f"{place}: {message}", cure=cure))
