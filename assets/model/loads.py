"""Loads of a reprocessing machine: what lies in them, who signed, what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DAY_S = 86_400


class LoadState(StrEnum):
    """Where a load stands; a passed cycle alone never makes it released."""

    LOADING = "loading"
    IN_CYCLE = "in_cycle"
    PENDING = "pending"
    RELEASED = "released"
    REJECTED = "rejected"
    RECALLED = "recalled"


class SignatureMeaning(StrEnum):
    """What a signature says."""

    RELEASE = "release"
    SECOND_RELEASE = "second_release"
    DEVIATION = "deviation"
    REJECT = "reject"


class IndicatorKind(StrEnum):
    """How an indicator proves; a biological one is read hours to days later."""

    BIOLOGICAL = "biological"
    CHEMICAL = "chemical"
    CHALLENGE_DEVICE = "challenge_device"


class MachineTestKind(StrEnum):
    """Regular proof that a machine works."""

    AIR_REMOVAL = "air_removal_test"
    LEAK = "leak_test"
    CALIBRATION = "calibration"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadItem:
    """One set, or one device, in a load.

    Parameters
    ----------
    set_instance, gtin, lot : str
        The set's own id, what kind of set it is, and the lot that the load gives it; empty for a device.
    asset : str
        Id of the device; empty for a set.
    quantity : int
        How many sets, above 0.
    shelf_life_s : int
        Storage life from the end of the cycle, seconds; 0 for a device.
    is_implant : bool
        Whether two people must sign.
    expires_at : int
        End of storage life, UTC microseconds; 0 until released.
    """

    set_instance: str = ""
    asset: str = ""
    gtin: str = ""
    lot: str = ""
    quantity: int = 1
    # Half a year is a usual time in sterile packaging; a hospital that stores otherwise says so per set.
    shelf_life_s: int = 180 * DAY_S
    is_implant: bool = False
    expires_at: int = 0

    def __post_init__(self) -> None:
        """Refuse what is neither a set nor a device."""
        if bool(self.asset) == bool(self.gtin or self.set_instance):
            raise ValueError("Expected either an asset or a set with its GTIN, not both and not neither.")
        if self.quantity < 1:
            raise ValueError(f"Expected quantity above 0, got {self.quantity}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load with its items.

    Parameters
    ----------
    id, machine, cycle, place : str
        ``cycle`` is empty until one starts; ``place`` is where it comes out.
    state : LoadState
        Where it stands.
    items : tuple[LoadItem, ...]
        What lies in it.
    opened_at, decided_at : int
        UTC microseconds; ``decided_at`` is 0 until released or rejected.
    reason : str
        Why it was rejected or recalled.
    """

    id: str
    machine: str
    cycle: str = ""
    place: str = ""
    state: LoadState = LoadState.LOADING
    items: tuple[LoadItem, ...] = ()
    opened_at: int = 0
    decided_at: int = 0
    reason: str = ""

    @property
    def has_implant(self) -> bool:
        """Whether two people must sign."""
        return any(item.is_implant for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Somebody signed for a load.

    Parameters
    ----------
    actor : str
        Id of the person.
    meaning : SignatureMeaning
        What it says.
    at : int
        When, UTC microseconds.
    input_hash : str
        Hash of the evidence that they saw judged.
    note : str
        The deviation or reason in their words.
    """

    actor: str
    meaning: SignatureMeaning
    at: int
    input_hash: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineTest:
    """A machine's own regular test.

    Parameters
    ----------
    machine : str
        Id.
    kind : MachineTestKind
        Which.
    at, valid_until : int
        When it was done and until when it counts, UTC microseconds.
    is_passed : bool
        Its result.
    value : float or None
        Figure that it was judged by: kPa/min of a leak test; None if only the result was told.
    """

    machine: str
    kind: MachineTestKind
    at: int
    valid_until: int
    is_passed: bool
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """An indicator of a cycle with its result.

    Parameters
    ----------
    cycle, name : str
        Which cycle, and which of its indicators.
    kind : IndicatorKind
        How it proves.
    at : int
        When it was read, UTC microseconds.
    is_passed : bool
        No growth, or the colour changed as it should.
    """

    cycle: str
    name: str
    kind: IndicatorKind
    at: int
    is_passed: bool
