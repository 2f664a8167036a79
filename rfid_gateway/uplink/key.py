"""The key under which a gateway speaks to its core: from its own file, or a newer one that the core gave it."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from pathlib import Path

import httpx2

_LOG = logging.getLogger(__name__)
_MOST_CHARACTERS = 200


class UplinkKey(httpx2.Auth):
    """Signs every request with the key that holds now; desk and sink share one, so that both change at once.

    Parameters
    ----------
    text : str
        Key of the gateway's own file.
    kept : Path, optional
        Where a newer key is kept for the next start; None forgets it.
    """

    def __init__(self, text: str, kept: Path | None = None) -> None:
        self._kept = kept
        self._text = text
        if kept is not None and kept.is_file():
            self._text = kept.read_text(encoding="ascii").strip() or text

    @property
    def text(self) -> str:
        """The key that holds now."""
        return self._text

    def change(self, text: str) -> None:
        """Speak under another key from now on, also after the next start.

        Parameters
        ----------
        text : str
            The new key.

        Raises
        ------
        ValueError
            If it is no key.
        OSError
            If it cannot be kept; the old key holds then.
        """
        if not text.isascii() or not text.isprintable() or not 0 < len(text) <= _MOST_CHARACTERS:
            raise ValueError("no key")
        if self._kept is not None:
            # Written aside and renamed: a power cut leaves the old key or the new one, never half of one.
            part = self._kept.with_suffix(".part")
            part.unlink(missing_ok=True)
            # readable by the gateway's own user only
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._kept)
        self._text = text
        _LOG.info("The uplink has a new key.")

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Sign a request."""
        request.headers["Authorization"] = f"Bearer {self._text}"
        yield request


def key_of(api_key: str | UplinkKey) -> UplinkKey:
    """Give a key that can sign requests."""
    return api_key if isinstance(api_key, UplinkKey) else UplinkKey(api_key)
