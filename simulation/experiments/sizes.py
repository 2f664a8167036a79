"""How large a hospital is that has told nothing but numbers: rooms, people, and the beds of its wards."""

from __future__ import annotations

import re
from collections.abc import Mapping

from simulation.experiments.hospital import Capacities, ParameterSheet, hospital_document
from simulation.experiments.sensitivity import sheet_of
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.problems import PathwayError

USUAL_ROOMS = {"ed": 20, "icu": 12, "theatres": 6, "recovery": 8, "cleaners": 6}
USUAL_WARDS = {"A": 30, "B": 30, "C": 30}
MOST_UNITS = 10_000
MOST_WARDS = 200
_ED_FULL_SHARE, _WARDS_FULL_SHARE = 0.6, 0.85  # how full a hospital usually is; its arrivals follow from that
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


def size_of(rooms: Mapping[str, object], wards: Mapping[str, object]) -> Capacities:
    """Give the size of a hospital.

    Parameters
    ----------
    rooms : Mapping[str, object]
        Bays in emergency ``ed``, beds in intensive care ``icu``, ``theatres``, places in ``recovery``, ``cleaners`` on
        duty; those not told are usual.
    wards : Mapping[str, object]
        Beds by ward; three of thirty beds if empty.

    Raises
    ------
    PathwayError
        If a name or a number cannot be used.
    """
    unknown = [name for name in rooms if name not in USUAL_ROOMS]
    if unknown:
        raise PathwayError(f"rooms.{unknown[0]}", "Unknown entry.", f"Use one of {', '.join(USUAL_ROOMS)}.")
    counts = {name: _count(f"rooms.{name}", rooms.get(name, usual)) for name, usual in USUAL_ROOMS.items()}
    if len(wards) > MOST_WARDS:
        raise PathwayError("wards", f"Expected at most {MOST_WARDS} wards, got {len(wards)}.", "Put some together.")
    beds: dict[str, int] = {}
    for name, told in (wards or USUAL_WARDS).items():
        # The name becomes part of node ids, in which a dot would be read as a step into the document.
        if not _NAME.fullmatch(name):
            raise PathwayError("wards", f"Cannot use the name {name!r}.", "Write letters, digits, - and _ only.")
        beds[name] = _count(f"wards.{name}", told)
    return Capacities(
        ed=counts["ed"],
        icu=counts["icu"],
        theatres=counts["theatres"],
        recovery=counts["recovery"],
        cleaners=counts["cleaners"],
        wards=beds,
        ed_present=round(_ED_FULL_SHARE * counts["ed"]),
        ward_present=round(_WARDS_FULL_SHARE * sum(beds.values())),
        hour=12,
    )


def _count(place: str, value: object) -> int:
    whole = int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1 else 0
    if not 1 <= whole <= MOST_UNITS:
        told = f"Expected a whole number from 1 to {MOST_UNITS}, got {value!r}."
        raise PathwayError(place, told, "Count what is in service.")
    return whole


def wards_of(text: str) -> dict[str, int]:
    """Give the beds by ward that a text tells.

    Parameters
    ----------
    text : str
        Such as ``A=30, B=24``.

    Raises
    ------
    PathwayError
        If it cannot be read.
    """
    found: dict[str, int] = {}
    for told in filter(None, re.split(r"[\s,;，；]+", text)):
        name, _, beds = told.partition("=")
        if not beds.isascii() or not beds.isdigit():
            raise PathwayError("ward", f"Cannot read {told!r}.", "Write a name and a number of beds, such as A=30.")
        if name in found:
            raise PathwayError("ward", f"{name!r} is told twice.", "Tell each ward once.")
        found[name] = int(beds)
    return found


def told_sheet(arguments: Mapping[str, object], zone: str) -> tuple[Capacities, ParameterSheet]:
    """Give size and sheet that somebody told.

    Parameters
    ----------
    arguments : Mapping[str, object]
        ``rooms``, ``wards`` and ``sheet``, each by name; all may be left out.
    zone : str
        Of the hospital, unless the sheet tells another.

    Raises
    ------
    PathwayError
        If something cannot be used.
    """
    parts: dict[str, Mapping[str, object]] = {}
    for name in ("rooms", "wards", "sheet"):
        part = arguments.get(name) or {}
        if not isinstance(part, Mapping):
            raise PathwayError(name, f"Expected entries by name, got {part!r}.", "See the guide.")
        parts[name] = part
    size = size_of(parts["rooms"], parts["wards"])
    return size, sheet_of(parts["sheet"], ParameterSheet(zone=zone))


def document_of(arguments: Mapping[str, object], zone: str) -> dict[str, object]:
    """Give the pathway document of size and sheet; parameters and errors as for :func:`told_sheet`."""
    size, sheet = told_sheet(arguments, zone)
    document = hospital_document(size, sheet, {})
    # A law that cannot be read, or shares above 1, are told now and not when somebody asks a what-if of it.
    build_pathway(document, span=Span(start_at=0, horizon_us=7 * 86_400_000_000, zone=sheet.zone))
    return document
