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
        ``GS1``, ``HIBCC`` or ``ICCBBA``.
    gtin, contained_gtin : str
        GTIN-14 of the package, and of what a logistic unit contains.
    lot, serial : str
        As printed.
    expiry, production, best_before, packaging : str
        Dates, ISO 8601; day 00 is the last day of the month.
    expiry_datetime : str
        Expiry with the hour, ISO 8601 without zone: the label's local time.
    count, contained_count : int or None
        AI 30: pieces in this package; AI 37: packages in this logistic unit. They are never the same thing.
    sscc, grai, giai, gln, gsrn : str
        GS1 keys of logistic units, returnable and individual assets, places and people.
    lic, pcn, unit_of_measure : str
        HIBC labeller, product number and unit of measure digit.
    di, donation, product_code, blood_group : str
        ISBT 128: device identifier, donation number, product code, ABO/RhD code.
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
    count: int | None = None
    contained_count: int | None = None
    sscc: str = ""
    grai: str = ""
    giai: str = ""
    gln: str = ""
    gsrn: str = ""
    lic: str = ""
    pcn: str = ""
    unit_of_measure: str = ""
    di: str = ""
    donation: str = ""
    product_code: str = ""
    blood_group: str = ""
    epc_uri: str = ""
    elements: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    alternative: tuple[tuple[str, str], ...] = field(default=())

    def to_json(self) -> dict[str, object]:
        """Give the fields that the label carries, as the doors write them."""
        told: dict[str, object] = {}
        for each in fields(self):
            value = getattr(self, each.name)
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
