"""Backups without anybody's doing: one every night, the oldest removed, and an alarm when the newest is too old."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from dash_app.actions.upkeep import BackupCard, BackupState, FindingCard
from server.alarms.conditions import Condition
from server.alarms.engine import AlarmEngine
from server.audit.chain import Entry, note
from server.backups import BackupBroken, Manifest, create_backup, keep_newest, listed_backups, verify_backup
from server.console import speaking
from server.upkeep.findings import FRESH_US, findings
from server.wiring import Hospital
from twin.access import SYSTEM, Actor
from twin.clock import from_text
from twin.errors import Conflict, HospitalTwinError, NotFound

log = logging.getLogger("hospital_twin.upkeep")

ALARM = "backup_overdue"
AT_NIGHT = (1, 30)
"""Local time of the night's backup: before the night's plan of par levels, which is work that a restore may repeat."""


class Upkeep:
    """Keeps an installation sound; ``dash_app.actions.upkeep.UpkeepDesk`` says what it does for the page.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    engine : AlarmEngine
        Told when the newest backup is too old.
    """

    def __init__(self, hospital: Hospital, engine: AlarmEngine) -> None:
        self._hospital = hospital
        self._engine = engine
        self._lock = threading.Lock()
        self._running_since = 0
        self._failure = ""
        self._thread: threading.Thread | None = None

    def findings(self, language: str) -> Sequence[FindingCard]:
        """Look at everything that the installation rests on."""
        with speaking(language):
            return [
                FindingCard(check=one.check, is_ok=one.is_ok, detail=one.detail, cure=one.cure)
                for one in findings(self._hospital.settings)
            ]

    def state(self) -> BackupState:
        """Give where backups stand."""
        settings = self._hospital.settings
        return BackupState(
            backups=tuple(_card(path, manifest) for path, manifest in listed_backups(settings.effective_backup_dir)),
            folder=str(settings.effective_backup_dir),
            is_nightly=settings.is_backing_up_nightly,
            kept=settings.backups_kept,
            running_since=self._running_since,
            failure=self._failure,
        )

    def begin(self, *, actor: Actor) -> None:
        """Begin a backup in a thread of its own; raises Conflict if one is being taken."""
        self._claim()
        self._thread = threading.Thread(target=self._take, args=(actor,), name="backup", daemon=True)
        self._thread.start()

    def nightly(self) -> None:
        """Take the night's backup, unless somebody takes one at this moment."""
        try:
            self._claim()
        except Conflict:
            return
        self._take(SYSTEM)

    def prove(self, name: str, *, actor: Actor) -> BackupCard:
        """Prove that a backup is whole.

        Raises
        ------
        NotFound
            If there is none of this name.
        BackupBroken
            If it is not what was written.
        """
        for path, manifest in listed_backups(self._hospital.settings.effective_backup_dir):
            if path.name == name:
                try:
                    verify_backup(path)
                except BackupBroken as error:
                    self._note("backup.broken", name, actor, problem=error.message)
                    raise
                self._note("backup.proven", name, actor)
                return _card(path, manifest)
        raise NotFound("backup", name)

    def look(self) -> None:
        """Raise or clear the alarm on the age of the newest backup."""
        hospital = self._hospital
        if not hospital.settings.is_backing_up_nightly:
            return
        now = hospital.clock.now()
        listed = listed_backups(hospital.settings.effective_backup_dir)
        newest = from_text(listed[0][1].created_at) if listed else self._born_at(now)
        is_old = now - newest > FRESH_US
        self._engine.tell([Condition(alarm_class=ALARM, subject="server", is_on=is_old, at=now)])

    def stop(self) -> None:
        """Wait for a backup that is being taken, so that no half of one stays behind."""
        if self._thread is not None:
            self._thread.join(60)

    def _born_at(self, now: int) -> int:
        """Give when the first fact was stored: a hospital of an hour has no backup yet, and misses none."""
        with self._hospital.read() as session:
            first = self._hospital.ledger.read(session, limit=1)
        return first[0].event.recorded_at if first else now

    def _claim(self) -> None:
        with self._lock:
            if self._running_since:
                raise Conflict("A backup is being taken: wait until it is done.", code="backup.running")
            self._running_since = self._hospital.clock.now()

    def _take(self, actor: Actor) -> None:
        settings = self._hospital.settings
        try:
            made = create_backup(settings, self._hospital.clock, settings.effective_backup_dir)
            self._failure = ""
            gone = keep_newest(settings.effective_backup_dir, settings.backups_kept)
            self._note("backup.taken", made.name, actor, removed=gone)
            self.look()
        except (HospitalTwinError, OSError) as error:
            self._failure = error.message if isinstance(error, HospitalTwinError) else str(error)
            log.exception("The backup failed")
        finally:
            self._running_since = 0

    def _note(self, action: str, name: str, actor: Actor, **facts: object) -> None:
        entry = Entry(at=self._hospital.clock.now(), actor=actor.id, action=action, subject=name, facts=facts)
        self._hospital.write_now(lambda session: note(session, entry))


def _card(path: Path, manifest: Manifest) -> BackupCard:
    return BackupCard(
        name=path.name,
        taken_at=from_text(manifest.created_at),
        last_sequence=manifest.last_sequence,
        size=manifest.size,
    )
