"""The first minutes of an installation: a one-time link instead of a default password."""

from __future__ import annotations

import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from server.access.sessions import hash_token, same_text
from twin.clock import MINUTE_US, Clock
from twin.errors import Forbidden
from twin.settings import Settings

LINK_FILE = "setup-link.txt"
log = logging.getLogger("hospital_twin.access")


class SetUpLinkWrong(Forbidden):
    """The set-up link is wrong, used, or past its time."""

    code = "setup_link"

    def __init__(self) -> None:
        super().__init__("setup")
        self.message = "This set-up link is wrong or past its time: start the server again to get a new one."
        self.args = (self.message,)


@dataclass(slots=True)
class SetUpLink:
    """The link that lets one person become the first system administrator.

    Parameters
    ----------
    url : str
        What is printed.
    file : Path
        Where it stands, readable by the owner only.
    """

    url: str
    file: Path
    _token_hash: str
    _expires_at: int
    _clock: Clock

    def check(self, token: str) -> None:
        """Let pass the right token in time.

        Raises
        ------
        SetUpLinkWrong
            If it is another one, or too late.
        """
        if self._clock.now() >= self._expires_at or not same_text(hash_token(token), self._token_hash):
            raise SetUpLinkWrong

    def use_up(self) -> None:
        """Make the link worthless."""
        self._expires_at = 0
        self.file.unlink(missing_ok=True)


def base_url(settings: Settings) -> str:
    """Give the address under which people reach the server, without a slash at the end."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    scheme = "https" if settings.tls_certificate else "http"
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104  # compared only
    host = f"[{host}]" if ":" in host else host  # an IPv6 address, RFC 3986 section 3.2.2
    return f"{scheme}://{host}:{settings.port}"


def make_link(settings: Settings, clock: Clock) -> SetUpLink:
    """Make a link of 128 random bits and write it to a file of mode 0600.

    Parameters
    ----------
    settings : Settings
        Data folder, address and how long the link lasts.
    clock : Clock
        Whose time counts.
    """
    token = secrets.token_urlsafe(16)
    url = f"{base_url(settings)}/set-up?token={token}"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    file = settings.data_dir / LINK_FILE
    file.unlink(missing_ok=True)
    # O_EXCL and the mode at once: the link is as good as a password for half an hour
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(url + "\n")
    expires_at = clock.now() + settings.setup_link_minutes * MINUTE_US
    return SetUpLink(url, file, hash_token(token), expires_at, clock)
