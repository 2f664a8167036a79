"""The demo's porters, cleaners and logistics staff: they take the tasks they are given and do them after a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from sqlmodel import Session

from inventory.model.movements import Command
from inventory.service import handing_out
from scheduling.service import tasks as service
from server.wiring import Hospital
from twin.clock import MINUTE_US
from twin.errors import HospitalTwinError
from twin.events.work import TaskKind
from twin.state.model import Task

MINUTES_BY_KIND = {
    TaskKind.CLEAN: (6.0, 28.0),
    TaskKind.RESTOCK: (8.0, 14.0),
    TaskKind.TRANSPORT: (4.0, 12.0),
    TaskKind.RETRIEVE: (4.0, 10.0),
    TaskKind.MAINTAIN: (15.0, 60.0),
    TaskKind.COUNT: (10.0, 20.0),
}
BUSY_LIMIT = 40
LEFT_FOR_PEOPLE_SHARE = 0.3
ACTOR = "system"


@dataclass(slots=True)
class Workers:
    """Everybody who does tasks in the demo; some restock tasks are left for whoever tries the handheld.

    Parameters
    ----------
    hospital : Hospital
        Where the tasks are.
    random : np.random.Generator
        Decides how long things take.
    on_cleaned : Callable[[str, int], None]
        Told of every bed that was cleaned, and when.
    """

    hospital: Hospital
    random: np.random.Generator
    on_cleaned: Callable[[str, int], None]
    _start_at: dict[str, int] = field(default_factory=dict)
    _done_at: dict[str, int] = field(default_factory=dict)
    _left: set[str] = field(default_factory=set)
    _number: int = 0

    def work(self, now: int) -> int:
        """Start and complete what is due; give how many tasks were completed.

        Parameters
        ----------
        now : int
            UTC microseconds.
        """
        completed = 0
        for task in list(self.hospital.live.tasks.values()):
            if task.is_open and task.id not in self._left:
                completed += self._look_at(task, now)
            elif not task.is_open:
                self._start_at.pop(task.id, None)
                self._done_at.pop(task.id, None)
        return completed

    def _look_at(self, task: Task, now: int) -> int:
        if task.id in self._done_at:
            return self._complete(task, now) if now >= self._done_at[task.id] else 0
        if task.id in self._start_at:
            if now >= self._start_at[task.id]:
                self._start(task, now)
        elif task.kind is TaskKind.RESTOCK and self.random.random() < LEFT_FOR_PEOPLE_SHARE:
            self._left.add(task.id)
        elif len(self._start_at) < BUSY_LIMIT and task.kind is not None:
            wait, _ = MINUTES_BY_KIND[task.kind]
            self._start_at[task.id] = now + int(self.random.gamma(2.0, wait / 2) * MINUTE_US)
        return 0

    def _start(self, task: Task, now: int) -> None:
        del self._start_at[task.id]
        if task.kind is not None and self._do(partial(self._begin, task=task, now=now)):
            _, duration = MINUTES_BY_KIND[task.kind]
            self._done_at[task.id] = now + int(self.random.gamma(4.0, duration / 4) * MINUTE_US)
        else:
            self._left.add(task.id)

    def _begin(self, session: Session, *, task: Task, now: int) -> None:
        ledger = self.hospital.ledger
        service.start(session, ledger=ledger, step=self._step(now), task=task.id)
        if task.kind is TaskKind.RESTOCK:
            wanted = handing_out.Request(item=task.subject_id, quantity=task.quantity, place=task.from_place)
            handing_out.pick(session, ledger=ledger, command=self._command(task, now), request=wanted)

    def _complete(self, task: Task, now: int) -> int:
        del self._done_at[task.id]
        if not self._do(partial(self._finish, task=task, now=now)):
            self._left.add(task.id)
            return 0
        if task.kind is TaskKind.CLEAN:
            self.on_cleaned(task.to_place, now)
        return 1

    def _finish(self, session: Session, *, task: Task, now: int) -> None:
        ledger = self.hospital.ledger
        if task.kind is TaskKind.RESTOCK:
            command = self._command(task, now)
            handing_out.deliver(session, ledger=ledger, command=command, to_place=task.to_place)
        else:
            service.complete(session, ledger=ledger, step=self._step(now), task=task.id)

    def _command(self, task: Task, now: int) -> Command:
        return Command(id=self._next_id(), actor=ACTOR, occurred_at=now, recorded_at=now, task=task.id)

    def _step(self, now: int) -> service.Step:
        return service.Step(command_id=self._next_id(), actor=ACTOR, at=now)

    def _next_id(self) -> str:
        self._number += 1
        return f"demo-{self.hospital.process}-{self._number}"

    def _do(self, use_case: Callable[[Session], object]) -> bool:
        try:
            self.hospital.write_now(use_case)
        except HospitalTwinError:
            return False  # somebody at a screen was faster, or the shelf is short: people see to it
        return True
