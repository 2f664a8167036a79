"""What a verdict rests on, as bytes for its hash: the same values give the same bytes on any machine, in any run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def bytes_of_fields(*values: DataclassInstance) -> bytes:
    """Give names and contents of all fields, in the order of their declaration.

    Parameters
    ----------
    *values : DataclassInstance
        Limits and facts of one verdict; a renamed or moved field changes the hashes of all verdicts to come.
    """
    return b"".join(_lines(values))


def _lines(values: tuple[DataclassInstance, ...]) -> Iterator[bytes]:
    for value in values:
        for item in fields(value):
            content = getattr(value, item.name)
            # A set has no order of its own: unsorted, one input would hash differently from run to run.
            text = ",".join(sorted(content)) if isinstance(content, frozenset) else repr(content)
            yield f"\n{item.name}={text}".encode()
