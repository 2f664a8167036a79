"""Keyset pages: bounded limits, and cursors that nobody can forge."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Annotated, Any

import msgspec
from fastapi import Path, Query

from twin.errors import FieldError, FieldProblem

MAX_INT = 2**63 - 1
_MAC_BYTES = 12  # 96 bits: nobody guesses it, and cursors stay short

_NO_NUL = r"^[^\x00]*$"
_CURSOR = r"^[A-Za-z0-9_-]*$"
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
CursorText = Annotated[str, Query(max_length=600, pattern=_CURSOR, description="`next` of the page before.")]
Text = Annotated[str, Query(max_length=200, pattern=_NO_NUL)]
PathText = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
PathCount = Annotated[int, Path(ge=0, le=MAX_INT)]
"""A number within an address, such as a version: what no database can hold is refused before it is asked."""
ShortText = Annotated[str, msgspec.Meta(max_length=200, pattern=_NO_NUL)]
"""A filter in a query struct."""


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What every keyset page takes in its query string."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200, description="How many at most.")] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=600, pattern=_CURSOR, description="`next` of the page before.")] = ""


Sequence = Annotated[int, Query(ge=0, le=MAX_INT, description="Position in the ledger.")]


class Cursors:
    """Writes and reads opaque cursors.

    Parameters
    ----------
    secret : bytes
        Key of this installation; a cursor of another one is refused.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.sha256(b"cursor" + secret).digest()

    def write(self, scope: str, key: list[Any]) -> str:
        """Give the cursor of the last row of a page.

        Parameters
        ----------
        scope : str
            List and filters that the cursor belongs to.
        key : list
            Sort key of that row: strings and integers.
        """
        body = msgspec.json.encode(key)
        return base64.urlsafe_b64encode(self._mac(scope, body) + body).decode().rstrip("=")

    def read(self, scope: str, cursor: str) -> list[Any] | None:
        """Give the sort key that a cursor stands for, None for the first page.

        Parameters
        ----------
        scope : str
            As written.
        cursor : str
            What :meth:`write` gave, or ``""``.

        Raises
        ------
        FieldError
            If it was not written here for this list and these filters.
        """
        if not cursor:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        # scope is in the MAC: a cursor of another list or of other filters would point nowhere
        if not body or not hmac.compare_digest(mac, self._mac(scope, body)):
            problem = FieldProblem(
                field="cursor",
                place="/query",
                message="Expected the `next` of a page of this list with the same filters.",
                cure="Leave it out to start from the first page.",
            )
            raise FieldError(problem, code="input.cursor")
        key: list[Any] = msgspec.json.decode(body)
        return key

    def _mac(self, scope: str, body: bytes) -> bytes:
        return hmac.new(self._key, scope.encode() + b"\0" + body, hashlib.sha256).digest()[:_MAC_BYTES]
