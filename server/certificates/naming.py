"""Under which names people reach this machine, and the settings of a server that signs for itself."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from server.certificates.authority import Certified, certify
from twin.settings import Settings

FOLDER = "tls"


def names_of(settings: Settings, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Give host names and addresses that were set for the certificate, and those of this machine to itself.

    Parameters
    ----------
    settings : Settings
        With ``tls_names`` and ``public_url``.
    given : Sequence[str]
        Names from the command line, which come first.
    """
    told = [*given, *settings.tls_names]
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    if public:
        told.append(public)
    if settings.host not in {"0.0.0.0", "::", ""}:  # noqa: S104  # compared only
        told.append(settings.host)
    return tuple(dict.fromkeys(name.lower() for name in (*told, "localhost", "127.0.0.1", "::1") if name))


def machine_names() -> tuple[str, ...]:
    """Give the name and the addresses by which others reach this machine at present."""
    return tuple(name for name in (_own_name(), *_own_addresses()) if name)


def _own_name() -> str:
    name = socket.gethostname()
    # a name with characters that no certificate takes, such as an underscore, is left out
    return name if all(part.replace("-", "").isalnum() and part.isascii() for part in name.split(".")) else ""


def _own_addresses() -> list[str]:
    """Give the addresses by which others reach this machine; nothing is sent to find them out."""
    found = []
    # documentation addresses of RFC 5737 and RFC 3849: a datagram socket only chooses the way there
    for family, other in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((other, 9))
                found.append(str(probe.getsockname()[0]).partition("%")[0])
        except OSError:
            continue  # no such network here
    return found


def certified(
    settings: Settings, *, names: Sequence[str], now: datetime, further: Sequence[str] = ()
) -> tuple[Settings, Certified]:
    """Give settings with the server's own certificate, made if needed, and the certificate.

    Parameters
    ----------
    settings : Settings
        Where the data are kept.
    names : Sequence[str]
        For which it holds.
    now : datetime
        The present instant, aware.
    further : Sequence[str]
        What the machine knows of itself, as far as the authority may sign for it.
    """
    folder = settings.data_dir / FOLDER
    found = certify(folder, names=names, site=settings.site_name, now=now, further=further)
    changed = {"tls_certificate": found.certificate, "tls_key": found.key}
    return settings.model_copy(update=changed), found
