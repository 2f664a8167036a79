"""Backups: taken while the hospital works, proven before they count, restored beside the old files and swapped in."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pysqlite3
from sqlalchemy.engine import URL, make_url

from server.audit.chain import Head
from twin.clock import Clock, to_text
from twin.db.failures import storage_failure
from twin.errors import Conflict, InputError, NotFound, StorageError, Unavailable
from twin.settings import Settings

SUFFIX = ".backup"
MANIFEST_SUFFIX = ".json"
_STEM = "hospital-"
_PAGES_PER_STEP = 2000
_CHUNK = 1 << 20


class BackupBroken(StorageError):
    """A backup is not what was written."""

    code = "storage.backup"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds.

    Parameters
    ----------
    kind : str
        ``sqlite`` or ``postgresql``.
    created_at : str
        When, ISO 8601.
    revision : str
        Shape of the database.
    last_sequence : int
        Last event of the ledger in it.
    audit_head : Head
        Where its audit ends.
    sha256 : str
        Hash of the file.
    size : int
        Bytes.
    """

    kind: str
    created_at: str
    revision: str
    last_sequence: int
    audit_head: Head
    sha256: str
    size: int


def create_backup(settings: Settings, clock: Clock, folder: Path) -> Path:
    """Take a backup of a hospital that may be working.

    Parameters
    ----------
    settings : Settings
        Which hospital.
    clock : Clock
        Gives the name's instant.
    folder : Path
        Where it goes; made if missing.

    Returns
    -------
    Path
        The backup, proven; its manifest stands beside it.

    Raises
    ------
    NotFound
        If there is no database yet.
    BackupBroken
        If what was written does not prove right.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = clock.now()
    stamp = to_text(now).replace(":", "").replace("-", "")[:15]
    target = folder / f"{_STEM}{stamp}{SUFFIX}"
    if target.exists():
        raise Conflict(f"{target} exists: wait a second and try again.")
    url = make_url(settings.effective_database_url)
    working = target.with_suffix(".part")
    try:
        if url.get_backend_name() == "sqlite":
            _copy_sqlite(Path(url.database or ""), working)
            facts = _sqlite_facts(working)
            kind = "sqlite"
        else:
            _dump_postgresql(settings.effective_database_url, working)
            facts, kind = ("", 0, Head(0, "")), "postgresql"
        manifest = Manifest(
            kind=kind,
            created_at=to_text(now),
            revision=facts[0],
            last_sequence=facts[1],
            audit_head=facts[2],
            sha256=hash_of(working),
            size=working.stat().st_size,
        )
        _keep(working, target, manifest)
    finally:
        working.unlink(missing_ok=True)
    verify_backup(target)
    return target


def _keep(working: Path, target: Path, manifest: Manifest) -> None:
    with working.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(working, target)
    with manifest_of(target).open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)))
        file.flush()
        # Without it a power cut leaves an empty manifest, and with it a whole backup that nothing lists.
        os.fsync(file.fileno())


def manifest_of(backup: Path) -> Path:
    """Give the place of a backup's manifest."""
    return backup.with_name(backup.name + MANIFEST_SUFFIX)


def hash_of(path: Path) -> str:
    """Give the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise NotFound("database", str(source))
    # The library's own online copy: copying the file alone would silently lose what is still in the write-ahead log.
    try:
        with closing(_read_only(source)) as from_database, closing(pysqlite3.connect(str(target))) as to_database:
            from_database.backup(to_database, pages=_PAGES_PER_STEP)
            to_database.execute("PRAGMA journal_mode=DELETE")
    except pysqlite3.Error as error:
        known = storage_failure(error)
        raise known or StorageError(f"{source} cannot be copied: {error}. Look at it with `doctor`.") from error


def _read_only(path: Path) -> pysqlite3.Connection:
    # Quoted, since ? and # end the path of a URI: of a folder "backups #1" another file would be opened.
    return pysqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def _dump_postgresql(url: str, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise Unavailable("pg_dump is needed to back up PostgreSQL: install the PostgreSQL client programs.")
    told = make_url(url)
    # The password by the environment: an argument can be read by everybody who may list the processes.
    plain = URL.create(
        "postgresql",
        username=told.username,
        host=told.host,
        port=told.port,
        database=told.database,
        query=told.query,
    ).render_as_string()
    secret = {"PGPASSWORD": str(told.password)} if told.password is not None else {}
    done = subprocess.run(  # noqa: S603  # a program found on the path, and our own arguments
        [program, "--format=custom", f"--file={target}", plain],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **secret},
    )
    if done.returncode:
        raise StorageError(f"pg_dump failed: {done.stderr.strip()[:500]}")


def _sqlite_facts(path: Path) -> tuple[str, int, Head]:
    with closing(_read_only(path)) as connection:
        check = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if check != "ok":
            raise BackupBroken(f"{path}: the database in it is damaged: {str(check)[:200]}.")
        revision = _one(connection, "SELECT version_num FROM schema_version", "")
        last = _one(connection, "SELECT max(sequence) FROM events", 0)
        row = connection.execute("SELECT sequence, hash FROM access_audit ORDER BY sequence DESC LIMIT 1").fetchone()
    return str(revision), int(last or 0), Head(row[0], row[1]) if row else Head(0, "")


def _one(connection: Any, query: str, default: object) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row is not None else default


def read_manifest(backup: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises
    ------
    NotFound
        If the backup or its manifest is missing.
    InputError
        If the manifest cannot be read.
    """
    path = manifest_of(backup)
    if not backup.is_file() or not path.is_file():
        raise NotFound("backup with its manifest", str(backup))
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise InputError(f"{path} is no manifest: {error}.", code="input.manifest") from error


def listed_backups(folder: Path) -> list[tuple[Path, Manifest]]:
    """Give the backups of a folder with their manifests, the newest first; what has no readable manifest is left out.

    Parameters
    ----------
    folder : Path
        Where they are; it need not exist.
    """
    found: list[tuple[Path, Manifest]] = []
    for path in folder.glob(f"{_STEM}*{SUFFIX}"):
        with contextlib.suppress(NotFound, InputError):  # one that is being written, or whose manifest was taken away
            found.append((path, read_manifest(path)))
    return sorted(found, key=lambda pair: (pair[1].created_at, pair[0].name), reverse=True)


def newest_backup(folder: Path) -> Path | None:
    """Give the newest backup of a folder, or None."""
    listed = listed_backups(folder)
    return listed[0][0] if listed else None


def keep_newest(folder: Path, count: int) -> list[str]:
    """Remove the oldest backups of a folder; give the names of those removed.

    Parameters
    ----------
    folder : Path
        Where they are.
    count : int
        How many stay, at least 1.
    """
    gone = [path for path, _manifest in listed_backups(folder)[max(count, 1) :]]
    for path in gone:
        # the large file first: an end in between leaves a small manifest, not a large file that nothing lists
        path.unlink(missing_ok=True)
        manifest_of(path).unlink(missing_ok=True)
    return [path.name for path in gone]


def verify_backup(backup: Path) -> Manifest:
    """Prove that a backup is whole: hash, size, the database's own check, last event, end of the audit.

    Parameters
    ----------
    backup : Path
        The backup; its manifest stands beside it.

    Raises
    ------
    BackupBroken
        If anything differs from its manifest.
    """
    manifest = read_manifest(backup)
    if backup.stat().st_size != manifest.size or hash_of(backup) != manifest.sha256:
        raise BackupBroken(f"{backup} is not the file that was written: its hash differs. Take another backup.")
    if manifest.kind == "sqlite":
        try:
            facts = _sqlite_facts(backup)
        except pysqlite3.DatabaseError as error:
            raise BackupBroken(f"{backup}: {error}.") from error
        if facts != (manifest.revision, manifest.last_sequence, manifest.audit_head):
            raise BackupBroken(f"{backup} holds other facts than its manifest says. Take another backup.")
    return manifest


def restore_backup(settings: Settings, backup: Path, *, check_free: Callable[[], None]) -> Path:
    """Put a proven backup in the place of the database; the old files are kept beside it.

    Parameters
    ----------
    settings : Settings
        Whose database it becomes.
    backup : Path
        The backup.
    check_free : Callable[[], None]
        Raises if a server still works on the database.

    Returns
    -------
    Path
        The database.

    Raises
    ------
    InputError
        If the backup is of another kind of database.
    """
    manifest = verify_backup(backup)
    url = make_url(settings.effective_database_url)
    if manifest.kind != "sqlite" or url.get_backend_name() != "sqlite":
        raise InputError(
            "Only SQLite is restored here: restore PostgreSQL with pg_restore into an empty database.",
            code="input.backup_kind",
        )
    check_free()
    database = Path(url.database or "")
    database.parent.mkdir(parents=True, exist_ok=True)
    incoming = database.with_name(database.name + ".incoming")
    shutil.copyfile(backup, incoming)
    if hash_of(incoming) != manifest.sha256:
        incoming.unlink()
        raise BackupBroken("The copy differs from the backup: check the disk, then try again.")
    with incoming.open("rb") as file:
        os.fsync(file.fileno())
    _set_aside(database)
    os.replace(incoming, database)
    return database


def _set_aside(database: Path) -> None:
    """Keep the present files of a database beside it, each restore under a name of its own.

    The database's own name is never free: a stop in between would else let the next start begin an empty hospital.
    """
    kept = next(
        name
        for number in count(1)
        if not (name := database.with_name(f"{database.name}.before-restore-{number}")).exists()
    )
    for suffix in ("-wal", "-shm"):
        old = database.with_name(database.name + suffix)
        if old.exists():
            os.replace(old, kept.with_name(kept.name + suffix))
    if database.exists():
        try:
            os.link(database, kept)
        except OSError:  # a file system without links
            shutil.copyfile(database, kept)
