"""One door for every label: find out who issued it and read it."""

from __future__ import annotations

import re

from inventory.model.scan import MAXIMUM_LENGTH, Scan, ScannerProfile
from inventory.rules.scanning.epc import read_epc
from inventory.rules.scanning.gs1 import read_gs1
from inventory.rules.scanning.hibc import read_hibc
from inventory.rules.scanning.isbt128 import read_isbt128
from twin.errors import DecodeError, Refused
from twin.gs1.elements import SEPARATOR

DEFAULT_PROFILE = ScannerProfile()
_SPELT_OUT = ("<GS>", "{GS}", "[GS]", "\\x1d", "\\u001d", "␝")
_HEXADECIMAL = re.compile(r"^(?:3[013][0-9A-Fa-f]{22}|36[0-9A-Fa-f]{48,50}|37[0-9A-Fa-f]{41,46})$")


def read_label(text: str, profile: ScannerProfile = DEFAULT_PROFILE) -> Scan:
    """Read a label of any issuing agency.

    Parameters
    ----------
    text : str
        As the scanner gave it, or as typed.
    profile : ScannerProfile
        How this scanner sends the separator between fields.

    Raises
    ------
    DecodeError
        With ``scan.check_digit``, ``scan.date``, ``scan.contradiction``, ``scan.unreadable`` or ``scan.too_long``.
    """
    exact = _normalised(text, profile)
    label = exact.strip(" ")
    if not label:
        raise DecodeError("Nothing was scanned.", code="scan.unreadable")
    symbology, body = (label[:3], label[3:]) if label.startswith("]") and len(label) > 3 else ("", label)
    if body.startswith(("+", "*+")):
        return _read_hibc_exactly(exact.lstrip(" ").removeprefix(symbology), body)
    if body.startswith(("=", "&")):
        return read_isbt128(body)
    if not symbology and (_HEXADECIMAL.match(body) or body.lower().startswith("urn:epc:")):
        return read_epc(body)
    return read_gs1(label)


def check_separator(scan: Scan, *, is_as_printed: bool = False) -> None:
    """Ask before goods move on a label that could be read in two ways, because the scanner may have lost a separator.

    Parameters
    ----------
    scan : Scan
        The label, read.
    is_as_printed : bool
        Whether somebody has compared it with the package and says that it is read rightly.

    Raises
    ------
    Refused
        With ``scan.separator_lost`` and what the label would say otherwise.
    """
    if is_as_printed or not scan.alternative:
        return
    other = ", ".join(f"{name} {value}" for name, value in scan.alternative)
    field = scan.alternative[0][0]
    raise Refused(
        f"The label reads as {field} {getattr(scan, field, '')}, or with the separator that a scanner may have lost as "
        f"{other}: compare it with the package, then say which is right.",
        reasons=scan.warnings,
        code="scan.separator_lost",
    )


def _read_hibc_exactly(exact: str, stripped: str) -> Scan:
    """Read a HIBC label whose check character may be a blank, so that a blank at the end is tried before it is cut."""
    if exact != stripped:
        try:
            return read_hibc(exact)
        except DecodeError:
            return read_hibc(stripped)
    return read_hibc(stripped)


def _normalised(text: str, profile: ScannerProfile) -> str:
    if len(text) > MAXIMUM_LENGTH:
        raise DecodeError(f"Expected at most {MAXIMUM_LENGTH} characters, got {len(text)}.", code="scan.too_long")
    label = text.strip("\r\n\t")
    label = label.removeprefix(profile.prefix).removesuffix(profile.suffix)
    for spelling in _SPELT_OUT:
        label = label.replace(spelling, SEPARATOR)
    if profile.separator and profile.separator != SEPARATOR:
        label = label.replace(profile.separator, SEPARATOR)
    return label
