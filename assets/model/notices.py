"""Field safety notices: what they apply to, and how each matched device was closed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Certainty(StrEnum):
    """How sure it is that a notice applies to a device."""

    NONE = "none"
    POSSIBLE = "possible"
    CERTAIN = "certain"


class MatchState(StrEnum):
    """What became of one matched device; only ``open`` is unfinished."""

    OPEN = "open"
    FIXED = "fixed"
    NOT_AFFECTED = "not_affected"
    REMOVED = "removed"
    NOT_LOCATED = "not_located"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one lot, serial number or version to another, both included; empty means open."""

    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One group of devices that a notice applies to.

    Parameters
    ----------
    manufacturer : str
        Empty for any.
    models : tuple[str, ...]
        Names or catalogue numbers; empty for any of the manufacturer's.
    device_identifiers : tuple[str, ...]
        UDI-DIs, of the unit or of a package of it.
    lots, serials, firmware : tuple[Span, ...]
        A device must lie within one of the spans of each kind that is given.
    free_text : str
        Lots or serials as the notice words them; what is found in them still needs a person's eye.
    """

    manufacturer: str = ""
    models: tuple[str, ...] = ()
    device_identifiers: tuple[str, ...] = ()
    lots: tuple[Span, ...] = ()
    serials: tuple[Span, ...] = ()
    firmware: tuple[Span, ...] = ()
    # Never certain by itself: lots in running text are written in a dozen ways.
    free_text: str = ""

    def __post_init__(self) -> None:
        """Refuse a clause that would apply to every device in the house."""
        if not (self.device_identifiers or self.manufacturer or self.models):
            raise ValueError("Expected a manufacturer, model or UDI-DI: a notice to all devices of all makers is none.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A field safety notice.

    Parameters
    ----------
    id, reference, issuer, title : str
        Key, the issuer's reference, who issued it, and what it is about.
    clauses : tuple[Clause, ...]
        A device is matched if any applies.
    received_at, due_at : int
        UTC microseconds; ``due_at`` 0 if there is no deadline.
    stops_use : bool
        Whether matched devices must not be used until closed.
    action : str
        What is to be done.
    """

    id: str
    title: str
    clauses: tuple[Clause, ...]
    reference: str = ""
    issuer: str = ""
    received_at: int = 0
    due_at: int = 0
    stops_use: bool = True
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMatch:
    """A device that a notice applies, or may apply, to."""

    notice: str
    asset: str
    certainty: Certainty
    state: MatchState = MatchState.OPEN
    evidence: str = ""
    actor: str = ""
    matched_at: int = 0
    closed_at: int = 0
