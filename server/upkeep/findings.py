"""What is not in order in an installation, and what to do about it: for `doctor` and for the page of the same."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from interop.service.keys import FILE as IDENTITY_KEY
from interop.tables import PERSONS
from server.access.keys import list_keys
from server.access.lasting import lasts
from server.access.users import has_system_administrator
from server.audit.chain import AuditBroken, read_head
from server.audit.chain import verify as verify_chain
from server.audit.seal import KEY_FILE as SIGNING_KEY
from server.backups import newest_backup
from server.console import say
from server.schema.metadata import full_metadata
from server.schema.upgrades import newest_revision, revision_of
from twin.clock import DAY_US, HOUR_US, SystemClock
from twin.db import sqlite
from twin.db.database import Database, open_database
from twin.errors import HospitalTwinError
from twin.ledger.tables import SUBSCRIPTIONS, UNHANDLED
from twin.settings import Settings

_MB = 1_000_000
_SOON_US = 14 * DAY_US
_SOON_DAYS = 14
FRESH_US = 36 * HOUR_US
"""Age from which a backup is too old: the last night's is missing, and whoever is on duty has had a morning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    check : str
        Stable code.
    is_ok : bool
        Whether it is in order.
    detail : str
        What was found.
    cure : str
        What to do; empty if in order.
    """

    check: str
    is_ok: bool
    detail: str
    cure: str = ""


def _found(check: str, problem: str, *, fine: str, cure: str) -> Finding:
    return Finding(check=check, is_ok=not problem, detail=problem or fine, cure=cure if problem else "")


def check_folder(settings: Settings) -> Iterator[Finding]:
    """Look at the data folder: there, writable, private, with room."""
    folder = settings.data_dir
    missing = "" if folder.is_dir() else say("{folder} does not exist.", folder=folder)
    yield _found("folder.exists", missing, fine=str(folder), cure=say("Run `hospital-twin serve` once, or make it."))
    if missing:
        return
    closed = "" if os.access(folder, os.W_OK) else say("{folder} cannot be written.", folder=folder)
    yield _found("folder.writable", closed, fine=say("writable"), cure=say("Give it to the user who runs the server."))
    is_open = stat.S_IMODE(folder.stat().st_mode) & stat.S_IWOTH
    told = say("Everybody on this machine may change files in {folder}.", folder=folder) if is_open else ""
    yield _found("folder.private", told, fine=say("private"), cure=say("Run chmod o-w on it."))
    free_mb = shutil.disk_usage(folder).free // _MB
    short = say("{free} MB are free.", free=free_mb) if free_mb < settings.free_disk_floor_mb * 2 else ""
    yield _found("disk.free", short, fine=f"{free_mb} MB", cure=say("Free disk space or shorten retention."))


def check_library(settings: Settings) -> Iterator[Finding]:
    """Look at the database library."""
    problem = ""
    try:
        sqlite.require_safe_library(allow_unsafe=False)
    except HospitalTwinError as error:
        problem = error.message
    yield _found("sqlite.safe", problem, fine=say("safe"), cure=say("Install the packages of requirements.lock."))
    allowed = say("allow_unsafe_sqlite is set.") if settings.allow_unsafe_sqlite else ""
    yield _found("sqlite.allowed", allowed, fine=say("not set"), cure=say("Unset it: it may cost acknowledged events."))


def check_network(settings: Settings) -> Iterator[Finding]:
    """Look at address, port and TLS."""
    is_local = settings.host in {"127.0.0.1", "::1", "localhost"}
    has_own = settings.tls_certificate is not None or settings.tls_authority
    has_tls = has_own or settings.public_url.startswith("https://")
    plain = say("Others can reach the server without TLS.") if not is_local and not has_tls else ""
    yield _found("network.tls", plain, fine=say("in order"), cure=say("Set tls_certificate and tls_key."))
    half = (settings.tls_certificate is None) != (settings.tls_key is None)
    told = say("Only one of tls_certificate and tls_key is set.") if half else ""
    yield _found("tls.both", told, fine=say("in order"), cure=say("Set both or neither."))
    yield from _check_certificate(settings)
    with socket.socket() as probe:
        probe.settimeout(1.0)
        taken = probe.connect_ex(("127.0.0.1", settings.port)) == 0 if settings.port else False
    yield Finding(check="network.port", is_ok=True, detail=say("a server answers") if taken else say("free"))


def _check_certificate(settings: Settings) -> Iterator[Finding]:
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return
    problem = ""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        load_pem_private_key(key.read_bytes(), password=None)
        days = (loaded.not_valid_after_utc - datetime.now(UTC)).days
        if days < _SOON_DAYS:
            problem = say("The certificate ends in {days} days.", days=days)
    except (OSError, ValueError, TypeError) as error:
        problem = say("Certificate or key cannot be read: {error}", error=error)
    yield _found("tls.certificate", problem, fine=say("in order"), cure=say("Put a valid one in place."))


def check_database(settings: Settings) -> Iterator[Finding]:
    """Look at the database: reachable, of this shape, whole, set up, with keys that last."""
    full_metadata()
    try:
        database = open_database(settings, is_core=False)
    except HospitalTwinError as error:
        yield Finding(check="database.open", is_ok=False, detail=error.message, cure=say("Check database_url."))
        return
    with database:
        try:
            with database.readers.connect() as connection:
                revision = revision_of(connection)
        except DBAPIError as error:
            told = say("The database cannot be read: {error}", error=error.orig)
            yield Finding(
                check="database.open", is_ok=False, detail=told, cure=say("Keep the database, and restore a backup.")
            )
            return
        wrong = "" if revision == newest_revision() else say("It has revision {found}.", found=revision or "-")
        yield _found("database.revision", wrong, fine=revision, cure=say("Run `hospital-twin db upgrade`."))
        if not wrong:
            yield from _check_content(settings, database)


def check_keys(settings: Settings) -> Iterator[Finding]:
    """Look at the key files of the data folder: their owner's alone, and nothing is lost with them unawares."""
    folder = settings.data_dir
    for name in (IDENTITY_KEY, SIGNING_KEY):
        path = folder / name
        if not path.is_file():
            continue
        is_open = stat.S_IMODE(path.stat().st_mode) & 0o077
        told = say("Others may read {file}.", file=path) if is_open else ""
        yield _found(f"{path.stem}.private", told, fine=say("private"), cure=say("Run chmod 600 on it."))
    if (folder / IDENTITY_KEY).is_file():
        told = say("No backup holds {file}: keep a copy of it elsewhere, apart from the backups.", file=IDENTITY_KEY)
        yield Finding(check="identity.copy", is_ok=True, detail=told)


def _check_handlers(session: Session) -> Iterator[Finding]:
    count, last = session.execute(select(func.count(), func.max(UNHANDLED.c.error))).one()
    failing = say("{count} handlers of events fail: {error}", count=count, error=str(last)[:120]) if count else ""
    cure = say("They are tried again every minute; tell the maintainers what stands here if it lasts.")
    yield _found("ledger.handlers", failing, fine=say("in order"), cure=cure)
    lagging = session.execute(select(SUBSCRIPTIONS.c.name).where(SUBSCRIPTIONS.c.failures > 0).limit(5)).scalars().all()
    stuck = say("These readers of the ledger fail: {names}", names=", ".join(lagging)) if lagging else ""
    yield _found("ledger.readers", stuck, fine=say("in order"), cure=say("Look into the log of the server."))


def _check_identity(session: Session, settings: Settings) -> Iterator[Finding]:
    people = session.execute(select(func.count()).select_from(PERSONS)).scalar() or 0
    is_there = (settings.data_dir / IDENTITY_KEY).is_file()
    lost = say("{count} people are kept sealed, but {file} is missing.", count=people, file=IDENTITY_KEY)
    problem = lost if people and not is_there else ""
    yield _found("identity.key", problem, fine=say("in order"), cure=say("Put its copy back into the data folder."))


def _check_content(settings: Settings, database: Database) -> Iterator[Finding]:
    now = SystemClock().now()
    with database.read() as session:
        yield from _check_handlers(session)
        yield from _check_identity(session, settings)
        nobody = "" if has_system_administrator(session) else say("Nobody is system administrator.")
        yield _found("users.sysadmin", nobody, fine=say("in order"), cure=say("Open the set-up link of `serve`."))
        ending = [
            row.name for row in list_keys(session, limit=1000) if lasts(row, now) and row.expires_at < now + _SOON_US
        ]
        told = say("Keys end within 14 days: {names}", names=", ".join(ending[:5])) if ending else ""
        yield _found("keys.expiry", told, fine=say("in order"), cure=say("Run `hospital-twin token create`."))
        problem = ""
        try:
            verify_chain(session, read_head(settings.data_dir))
        except AuditBroken as error:
            problem = error.message
        yield _found("audit.intact", problem, fine=say("intact"), cure=say("Keep the database, and restore a backup."))
    newest = newest_backup(settings.effective_backup_dir)
    old = ""
    if newest is None:
        old = say("There is no backup in {folder}.", folder=settings.effective_backup_dir)
    elif (age_us := now - int(newest.stat().st_mtime * 1_000_000)) > FRESH_US:
        old = say("The newest backup is {days} days old.", days=age_us // DAY_US)
    yield _found("backup.fresh", old, fine=say("fresh"), cure=say("Run `hospital-twin backup create` every day."))


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    check_folder,
    check_library,
    check_network,
    check_keys,
    check_database,
)


def findings(settings: Settings) -> list[Finding]:
    """Look at everything that an installation rests on.

    Parameters
    ----------
    settings : Settings
        Which installation; a server may work on it meanwhile.
    """
    return [finding for check in CHECKS for finding in check(settings)]
