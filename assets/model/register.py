"""What the hospital owns: catalogue entries, assets, their identifiers and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class IdentifierKind(StrEnum):
    """What sort of mark identifies an asset."""

    BARCODE = "barcode"
    EPC = "epc"
    BLE = "ble"
    IP = "ip"
    MAC = "mac"
    SDC = "sdc"


class RelationKind(StrEnum):
    """How one asset depends on another."""

    PART_OF = "part_of"
    POWERED_BY = "powered_by"
    NETWORKED_TO = "networked_to"
    ACCESSORY_OF = "accessory_of"
    BACKUP_OF = "backup_of"


class CustodianKind(StrEnum):
    """Who can answer for an asset."""

    PERSON = "person"
    DEPARTMENT = "department"
    ENCOUNTER = "encounter"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nomenclature:
    """One term of a device nomenclature.

    Parameters
    ----------
    system : str
        ``EMDN``, ``GMDN``, ``UMDNS`` or the hospital's own.
    code, version : str
        The term's code, and the release of the system that it was taken from.
    """

    system: str
    code: str
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CyberProfile:
    """What is known about the software of a networked model.

    Parameters
    ----------
    operating_system : str
        Such as ``Windows 10 IoT``; empty if none or unknown.
    supported_until : int
        End of the system's security support, UTC microseconds; 0 if unknown.
    mds2_document, sbom_document : str
        References of the manufacturer's disclosure statement and bill of software; empty if not held.
    """

    operating_system: str = ""
    supported_until: int = 0
    mds2_document: str = ""
    sbom_document: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceModel:
    """A catalogue entry: everything that devices of one model share.

    Parameters
    ----------
    id, manufacturer, name : str
        Key in the register, and what the plate says.
    category : str
        The hospital's kind of device; devices of one category replace each other.
    nomenclature : tuple[Nomenclature, ...]
        Terms of published nomenclatures.
    device_identifiers : tuple[str, ...]
        UDI-DIs of the unit and of its packages.
    expected_life_years : int
        Expected life; 0 if unknown.
    end_of_support_at : int
        UTC microseconds; 0 if unknown.
    replacement_cost : int
        Present price of a new one, integer minor units.
    cyber : CyberProfile
        Software facts.
    """

    id: str
    manufacturer: str
    name: str
    category: str
    nomenclature: tuple[Nomenclature, ...] = ()
    # All levels of packing: a notice often names the number on the box, and the plate shows the unit's.
    device_identifiers: tuple[str, ...] = ()
    expected_life_years: int = 0
    end_of_support_at: int = 0
    # Today's price, since book values say nothing on whether to repair or replace.
    replacement_cost: int = 0
    cyber: CyberProfile = CyberProfile()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """One mark by which an asset can be recognised."""

    kind: IdentifierKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One device in the register.

    Parameters
    ----------
    id, control_no : str
        Key, and the unique number on the hospital's own label.
    category, name : str
        Kind in the hospital's nomenclature, and what screens show.
    model, manufacturer, serial, lot, gtin : str
        What the plate says; (manufacturer, model, serial) is unique where a serial is known.
    owner, cost_centre, home, pool, parent : str
        Owning department, account, home place, equipment pool and containing asset; empty if none.
    acquired_at, commissioned_at, warranty_until : int
        UTC microseconds; 0 if unknown.
    cost : int
        Price paid, integer minor units.
    firmware : str
        Version of the software that runs on it.
    criticality : int
        1 (nobody waits) to 5 (life support).
    is_mobile, may_leave : bool
        Whether it is carried about; whether it may pass an exit without an alarm.
    identifiers : tuple[Identifier, ...]
        Marks by which it is recognised.
    """

    id: str
    control_no: str
    category: str
    name: str
    model: str = ""
    manufacturer: str = ""
    serial: str = ""
    lot: str = ""
    gtin: str = ""
    owner: str = ""
    cost_centre: str = ""
    home: str = ""
    pool: str = ""
    parent: str = ""
    acquired_at: int = 0
    commissioned_at: int = 0
    warranty_until: int = 0
    cost: int = 0
    firmware: str = ""
    criticality: int = 2
    is_mobile: bool = True
    # No by default: an alarm too many at the door is seen, a device that left unnoticed is not.
    may_leave: bool = False
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One asset depends on another from this kind of tie."""

    asset: str
    other: str
    kind: RelationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyPeriod:
    """Somebody answered for an asset during a time.

    Parameters
    ----------
    asset, custodian : str
        Ids.
    kind : CustodianKind
        What the custodian is.
    start_at, end_at : int
        UTC microseconds, end exclusive; ``end_at`` is 0 while it lasts.
    """

    asset: str
    custodian: str
    kind: CustodianKind
    start_at: int
    end_at: int = 0
