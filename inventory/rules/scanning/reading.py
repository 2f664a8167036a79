"""One door for every label: find out who issued it and read it."""

from __future__ import annotations

import re

from inventory.model.scan import MAXIMUM_LENGTH, Scan, ScannerProfile
from inventory.rules.scanning.epc import read_epc
from inventory.rules.scanning.gs1 import read_gs1
from inventory.rules.scanning.hibc import read_hibc
from inventory.rules.scanning.ifa import is_ifa, read_ifa
from inventory.rules.scanning.isbt128 import read_isbt128
from twin.errors import DecodeError, Refused
from twin.gs1.elements import SEPARATOR
from twin.gs1.links import is_link

DEFAULT_PROFILE = ScannerProfile()
_SPELT_OUT = re.compile(
    r"<(?:GS|FNC1)>|\{(?:GS|FNC1)\}|\[(?:GS|FNC1)\]|\\x1d|\\u001d|\^\]|\N{SYMBOL FOR GROUP SEPARATOR}", re.IGNORECASE
)
"""FNC1 as scanners and people write it that cannot send a control character."""
_ENVELOPE_ENDS = {"<RS>": "\x1e", "<EOT>": "\x04", "\N{SYMBOL FOR RECORD SEPARATOR}": "\x1e"}
_ENVELOPE_ENDS["\N{SYMBOL FOR END OF TRANSMISSION}"] = "\x04"
_FULL_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: " ", 0xFEFF: None}
"""Letters, digits and brackets of a Chinese or Japanese keyboard, and the mark at the beginning of a file."""
# None of them is a character of GS1's element strings (General Specifications, figures 7.11-1 to 7.11-3), so that one
# which stands there can only be a separator: 232 is FNC1's codeword in a DataMatrix, which some decoders hand through.
_NEVER_IN_GS1 = str.maketrans(dict.fromkeys("^|~\xe8", SEPARATOR))
_HEXADECIMAL = re.compile(r"^(?:3[013][0-9A-Fa-f]{22}(?:0{4}|0{8}|0{16})?|36[0-9A-Fa-f]{48,50}|37[0-9A-Fa-f]{41,46})$")


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
    if is_ifa(body):
        return read_ifa(body)
    if not symbology and (_HEXADECIMAL.match(body) or body.lower().startswith("urn:epc:")):
        return read_epc(body)
    return read_gs1(label if is_link(body) else label.translate(_NEVER_IN_GS1))


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
    label = label.removeprefix(profile.prefix).removesuffix(profile.suffix).translate(_FULL_WIDTH)
    label = _SPELT_OUT.sub(SEPARATOR, label)
    if label.startswith("[)>"):
        for spelling, control in _ENVELOPE_ENDS.items():
            label = label.replace(spelling, control)
    if profile.separator and profile.separator != SEPARATOR:
        label = label.replace(profile.separator, SEPARATOR)
    return label
