"""Files as a browser hands them over."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from twin.errors import FieldError, FieldProblem

LARGEST_BYTES = 7_000_000  # base64 makes a third more of it, and a request is bounded at 10 MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedFile:
    """A file from a browser: its name, its media type and what is in it."""

    name: str
    media_type: str
    content: bytes


def content_of(contents: str, *, field: str = "file") -> bytes:
    """Give what is in a file that was handed over.

    Parameters
    ----------
    contents : str
        A data address: ``data:application/pdf;base64,...``.
    field : str
        Of the form, for the message.

    Raises
    ------
    FieldError
        If it did not arrive whole.
    """
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        message, cure = "The file did not arrive whole.", "Send it again."
        raise FieldError(FieldProblem(field=field, place="upload", message=message, cure=cure)) from error


def file_handed_over(contents: str | None, name: str | None) -> HandedFile | None:
    """Give a file that was handed over with its type; None if none was chosen.

    Parameters
    ----------
    contents : str or None
        As for :func:`content_of`.
    name : str or None
        The file's name.
    """
    if not contents:
        return None
    media = contents.partition(",")[0].removeprefix("data:").partition(";")[0]
    # Browsers name a CSV as their system does, often after a spreadsheet program.
    if (name or "").lower().endswith(".csv"):
        media = "text/csv"
    return HandedFile(name=(name or "file")[-200:], media_type=media, content=content_of(contents))
