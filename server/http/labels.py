"""Labels as people send them: read strictly, asked about where a separator may be lost, typed codes let through."""

from __future__ import annotations

from inventory.model.scan import Scan, ScannerProfile
from inventory.rules.scanning.reading import check_separator, read_label
from twin.errors import DecodeError

GROUP_SEPARATOR = "\x1d"


def label_told(text: str, *, separator: str = "", is_as_printed: bool = False) -> Scan:
    """Read a label; what is none may be an item's own code, as somebody types it.

    Parameters
    ----------
    text : str
        As scanned or typed.
    separator : str
        What this scanner sends between fields; empty for ASCII 29.
    is_as_printed : bool
        Whether somebody has compared a label that can be read in two ways with the package.

    Raises
    ------
    DecodeError
        If it is a label with a wrong check digit or date.
    Refused
        With ``scan.separator_lost`` if it can be read in two ways and nobody has looked.
    """
    try:
        scan = read_label(text, ScannerProfile(separator=separator or GROUP_SEPARATOR))
    except DecodeError as error:
        if error.code != "scan.unreadable":
            raise
        return Scan(agency="")
    check_separator(scan, is_as_printed=is_as_printed)
    return scan
