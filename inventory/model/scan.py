"""What a scanned label says, whatever issuing agency wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import msgspec

MAXIMUM_LENGTH = 1024
"""Longest text that a label can hold; DataMatrix ends far below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerProfile:
    """How one model of scanner hands over what it reads.

    Parameters
    ----------
    separator : str
        What it sends for FNC1 between fields: ASCII 29 if set up well, else ``^``, ``|``, ``<GS>`` or the like.
    prefix, suffix : str
        What it puts before and after each label.
    """

    separator: str = "\x1d"
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A label, read. Fields that the label does not carry are empty.

    Parameters
    ----------
    agency : str
        ``GS1``, ``HIBCC``, ``ICCBBA`` or ``IFA``.
    gtin, contained_gtin : str
        GTIN-14 of the package, and of what a logistic unit contains.
    lot, serial : str
        As printed.
    expiry, production, best_before, packaging, sell_by, first_freeze : str
        Dates, ISO 8601; day 00 is the last day of the month.
    expiry_datetime : str
        Expiry with the hour, ISO 8601 without zone: the label's local time.
    count, contained_count : int or None
        AI 30: pieces in this package; AI 37: packages in this logistic unit. They are never the same thing.
    production_datetime : str
        Production with the hour, ISO 8601 without zone.
    sscc, grai, giai, gln, gsrn : str
        GS1 keys of logistic units, returnable and individual assets, places and people.
    variant, consumer_variant, third_party_serial, additional_id, customer_part_number, secondary_serial : str
        AI 20, 22, 235, 240, 241 and 250.
    order_number, ship_to, bill_to, purchased_from, ship_for, invoicing_party, production_place, party : str
        AI 400, and the GLN of AI 410 to 413 and 415 to 417.
    country_of_origin, nhrn, software_version, payment_reference : str
        AI 422, 710 to 717 (national health reimbursement number), 8012, 8020.
    net_weight_g : float or None
        AI 310n, gram.
    lic, pcn, unit_of_measure : str
        HIBC labeller, product number and unit of measure digit.
    di, donation, product_code, blood_group : str
        ISBT 128: device identifier, donation number, product code, ABO/RhD code.
    ppn, pzn : str
        IFA: pharmacy product number, and the German central number in it; ``gtin`` is then the same article's NTIN.
    epc_uri : str
        EPC tag as pure identity URI.
    elements : tuple[tuple[str, str], ...]
        Every data element with its identifier, in the order of the label.
    warnings : tuple[str, ...]
        Stable codes of what looks wrong; a person is asked.
    alternative : tuple[tuple[str, str], ...]
        What the label would say if the scanner dropped a separator.
    """

    agency: str = "GS1"
    gtin: str = ""
    contained_gtin: str = ""
    lot: str = ""
    serial: str = ""
    expiry: str = ""
    expiry_datetime: str = ""
    production: str = ""
    best_before: str = ""
    packaging: str = ""
    sell_by: str = ""
    first_freeze: str = ""
    production_datetime: str = ""
    count: int | None = None
    contained_count: int | None = None
    sscc: str = ""
    grai: str = ""
    giai: str = ""
    gln: str = ""
    gsrn: str = ""
    variant: str = ""
    consumer_variant: str = ""
    third_party_serial: str = ""
    additional_id: str = ""
    customer_part_number: str = ""
    secondary_serial: str = ""
    order_number: str = ""
    ship_to: str = ""
    bill_to: str = ""
    purchased_from: str = ""
    ship_for: str = ""
    invoicing_party: str = ""
    production_place: str = ""
    party: str = ""
    country_of_origin: str = ""
    nhrn: str = ""
    software_version: str = ""
    payment_reference: str = ""
    net_weight_g: float | None = None
    lic: str = ""
    pcn: str = ""
    unit_of_measure: str = ""
    di: str = ""
    donation: str = ""
    product_code: str = ""
    blood_group: str = ""
    ppn: str = ""
    pzn: str = ""
    epc_uri: str = ""
    elements: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    alternative: tuple[tuple[str, str], ...] = field(default=())

    def to_json(self) -> dict[str, object]:
        """Give the fields that the label carries, as the doors write them."""
        told: dict[str, object] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            # A count of 0 is told: only what the label does not carry is left out.
            if value in ("", None, ()):
                continue
            told[each.name] = value
        if self.elements:
            told["elements"] = [list(pair) for pair in self.elements]
        if self.alternative:
            told["alternative"] = dict(self.alternative)
        if self.warnings:
            told["warning"] = self.warnings[0]
            told["warnings"] = list(self.warnings)
        return told


def scan_of(values: Mapping[str, object]) -> Scan:
    """Give a label from its fields by name.

    Parameters
    ----------
    values : Mapping[str, object]
        Fields of :class:`Scan`; those left out are empty.
    """
    return msgspec.convert(values, Scan)
