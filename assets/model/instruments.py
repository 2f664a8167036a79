"""Instruments within sets: what a set consists of, which instruments lay in it when, and how far that was complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class SetType:
    """Bill of instruments of one kind of set.

    Parameters
    ----------
    id, name : str
        Key, and what it is called.
    counts : Mapping[str, int]
        How many instruments of each kind belong into it, each above 0.
    """

    id: str
    name: str
    counts: Mapping[str, int]

    def __post_init__(self) -> None:
        """Refuse a set of nothing."""
        if not self.counts or min(self.counts.values()) < 1:
            raise ValueError(f"Expected at least one kind of instrument, each at least once, got {dict(self.counts)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One instrument with a mark of its own.

    Parameters
    ----------
    id, kind, name : str
        Mark, what it counts as in a bill, and what it is called.
    most_cycles : int
        How many cycles it may go through; 0 for no limit.
    """

    id: str
    kind: str
    name: str = ""
    # Counted from the cycles of the sets in which it lay, not typed in by anybody.
    most_cycles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A set as it was put together.

    Parameters
    ----------
    set_instance, set_type : str
        Which set, after which bill.
    at : int
        When, UTC microseconds.
    instruments : tuple[str, ...]
        Marks of what lies in it, in the order in which they were scanned.
    actor : str
        Who put it together.
    missing, surplus : Mapping[str, int]
        By kind, against the bill.
    worn_out : tuple[str, ...]
        Instruments that had gone through as many cycles as they may.
    faulty : tuple[str, ...]
        Instruments that are on record as faulty and not mended.
    moved : Mapping[str, str]
        Set from which an instrument was taken, by instrument.
    """

    set_instance: str
    set_type: str
    at: int
    instruments: tuple[str, ...]
    actor: str = ""
    missing: Mapping[str, int] = field(default_factory=dict)
    surplus: Mapping[str, int] = field(default_factory=dict)
    worn_out: tuple[str, ...] = ()
    faulty: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the bill is missing."""
        return not self.missing


class FaultKind(StrEnum):
    """What was found wrong with an instrument."""

    BROKEN = "broken"
    PIECE_MISSING = "piece_missing"
    SOILED = "soiled"
    CORRODED = "corroded"
    INSULATION = "insulation"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An instrument that was found faulty.

    Parameters
    ----------
    instrument : str
        Its mark.
    kind : FaultKind
        What was found.
    note : str
        In words, without a patient's name.
    found_at : int
        When, UTC microseconds.
    since_at : int
        Since when it may have been so: when it was last looked at and found good. Uses from then on are exposed.
    actor : str
        Who found it.
    mended_at : int
        When it was mended or thrown away; 0 while it is faulty.
    mended_by, outcome : str
        Who did what about it.
    """

    instrument: str
    kind: FaultKind
    note: str
    found_at: int
    # Not found_at: what is broken now may have been so at every use since somebody last looked.
    since_at: int = 0
    actor: str = ""
    mended_at: int = 0
    mended_by: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """An instrument lay in a set, UTC microseconds; ``end_at`` is 0 while it does."""

    instrument: str
    set_instance: str
    start_at: int
    end_at: int = 0


def against_bill(counts: Mapping[str, int], kinds: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Give what is missing of a bill and what is more than it, by kind.

    Examples
    --------
    >>> against_bill({"clamp": 2, "scissors": 1}, ["clamp", "forceps", "scissors"])
    ({'clamp': 1}, {'forceps': 1})
    """
    held, wanted = Counter(kinds), Counter(dict(counts))
    return dict(wanted - held), dict(held - wanted)
