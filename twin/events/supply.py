"""Events about stock, machines that reprocess, and loads."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from twin.events.envelope import Event


class Verdict(StrEnum):
    """What the evidence of a cycle says; fail outranks undetermined outranks pass."""

    PASS = "pass"  # noqa: S105  # a verdict, no secret
    UNDETERMINED = "undetermined"
    FAIL = "fail"


class StockMoved(Event, frozen=True):
    """A quantity of one lot went from one place to another; ``source_key`` is the movement's id.

    Parameters
    ----------
    item, lot : str
        ``item`` is also the thing; the lot may be empty where lots are not tracked.
    quantity : int
        Base units, above 0.
    from_place, to_place : str
        Ids of stock places; virtual ones are ``supplier``, ``patient``, ``consumed``, ``waste``, ``found``, ``lost``,
        ``adjustment``, ``reprocessing``, ``opened``, ``merged``; ``task:ID`` is the cart of a task.
    task : str
        Id of the task that it closes or serves; empty if none.
    reason : str
        Kind of movement: ``receive``, ``pick``, ``deliver``, ``issue``, ``count`` …
    counts_as : int
        Base units of the task's own item for which a substitute stands; -1 where the task's item itself moved.
    """

    subject: ClassVar[str] = "item"

    quantity: int
    from_place: str
    to_place: str
    lot: str = ""
    task: str = ""
    reason: str = ""
    counts_as: int = -1

    @property
    def quantity_for_task(self) -> int:
        """Base units that the task counts: a substitute counts as what it stands for."""
        return self.quantity if self.counts_as < 0 else self.counts_as


class ItemsMerged(Event, frozen=True):
    """Two entries of the item master have become one, which is the thing, or are two again.

    Parameters
    ----------
    dropped : str
        Id of the entry that went.
    quantity : int
        Base units that went over, or came back.
    is_undone : bool
        Whether the merge was taken back.
    """

    subject: ClassVar[str] = "item"

    dropped: str
    quantity: int = 0
    is_undone: bool = False


class ConsignmentUsed(Event, frozen=True):
    """A vendor's goods were used and are the hospital's to pay for: a bill-only event.

    Parameters
    ----------
    owner : str
        The vendor.
    quantity : int
        Base units, above 0.
    place : str
        Where they had been kept.
    lot, serial : str
        Which ones; empty where not tracked.
    """

    subject: ClassVar[str] = "item"

    owner: str
    quantity: int
    place: str = ""
    lot: str = ""
    serial: str = ""


class OrderDecided(Event, frozen=True):
    """Somebody answered for an order to a supplier, or gave it up.

    Parameters
    ----------
    decision : str
        ``approved``, ``sent``, ``cancelled``, or ``closed`` although something is missing.
    supplier : str
        Who sells.
    value_minor : int
        What it costs, minor units of the currency.
    """

    subject: ClassVar[str] = "order"

    decision: str
    supplier: str = ""
    value_minor: int = 0


class ParLevelSet(Event, frozen=True):
    """How much of an item a place should hold; a par level of 0 says that it should hold none any more.

    Parameters
    ----------
    place : str
        Id of the stock place.
    par_level, reorder_point : int
        Base units: fill up to, ask when the inventory position is at or below.
    """

    subject: ClassVar[str] = "item"

    place: str
    par_level: int
    reorder_point: int


class StockoutPredicted(Event, frozen=True):
    """An item will probably run out at a place.

    Parameters
    ----------
    place : str
        Id of the stock place.
    expected_at : int
        When, UTC microseconds.
    probability : float
        Of a stock-out before the next round, 0 to 1.
    """

    subject: ClassVar[str] = "item"

    place: str
    expected_at: int
    probability: float


class CycleStarted(Event, frozen=True):
    """A machine began a cycle; the thing is the machine.

    Parameters
    ----------
    cycle : str
        Id of the cycle.
    programme : str
        Id of the programme that ran.
    """

    subject: ClassVar[str] = "asset"

    cycle: str
    programme: str = ""


class CycleEnded(Event, frozen=True):
    """A machine ended a cycle and the evidence was judged.

    Parameters
    ----------
    cycle, programme : str
        As in :class:`CycleStarted`.
    verdict : Verdict
        Cycle passed, failed, or the evidence does not suffice; never "sterile".
    reasons : tuple[str, ...]
        Stable codes of each criterion not met or without evidence.
    hold_s : float
        Longest time in the band, seconds.
    f0_minutes : float
        Lethality at 121.1 °C, minutes; 0 where it does not apply.
    input_hash : str
        SHA-256 of the judged input; the same input gives the same verdict.
    """

    subject: ClassVar[str] = "asset"

    cycle: str
    verdict: Verdict
    programme: str = ""
    reasons: tuple[str, ...] = ()
    hold_s: float = 0.0
    f0_minutes: float = 0.0
    input_hash: str = ""


class ReleasedSet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One kind of set in a released load.

    Parameters
    ----------
    gtin, lot : str
        What it is, and the lot that the load gives it.
    quantity : int
        How many sets, above 0.
    expires_at : int
        End of storage life, UTC microseconds.
    """

    gtin: str
    lot: str
    quantity: int
    expires_at: int


class LoadReleased(Event, frozen=True):
    """A person released a load for use; ``actor`` signed it.

    Parameters
    ----------
    machine, cycle : str
        What reprocessed it.
    sets : tuple[ReleasedSet, ...]
        Sets that become stock.
    assets : tuple[str, ...]
        Ids of devices that become clean.
    place : str
        Id of the place where it stands now.
    """

    subject: ClassVar[str] = "load"

    machine: str
    cycle: str
    sets: tuple[ReleasedSet, ...] = ()
    assets: tuple[str, ...] = ()
    place: str = ""


class LoadRejected(Event, frozen=True):
    """A load must be reprocessed."""

    subject: ClassVar[str] = "load"

    machine: str
    cycle: str
    reason: str = ""
