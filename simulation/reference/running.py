"""The readable engine's door: runs a replication and makes its statistics from the event log and the pools' states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulation.model.operations import Seize
from simulation.model.plan import EventLog, Floats, Mark, RunPlan
from simulation.model.problems import Stopped
from simulation.model.resources import ShiftEnd
from simulation.reference.engine import Hospital
from simulation.statistics.bins import BINS, bin_of
from simulation.statistics.outcome import RunOutcome

_ASKED_EVERY = 256  # events between two looks at whether the run is called off


def run_reference(plan: RunPlan, replication: int, *, should_stop: Callable[[], bool] = lambda: False) -> RunOutcome:
    """Run one replication on SimPy.

    Parameters
    ----------
    plan : RunPlan
        What is to be run.
    replication : int
        Which replication.
    should_stop : Callable[[], bool]
        Asked every some hundred events.

    Raises
    ------
    EndlessLoop
        If patients go round without time passing.
    Overflow
        If a number outgrows its bounds.
    Stopped
        If it was called off.
    """
    hospital = Hospital(plan, replication)
    hospital.start()
    observer = _Observer(plan, hospital)
    events = 0
    while (following := hospital.env.peek()) <= plan.span.horizon_us:
        observer.pass_time(int(following))
        hospital.env.step()
        events += 1
        if events % _ASKED_EVERY == 0 and should_stop():
            raise Stopped
    observer.pass_time(plan.span.horizon_us + 1)
    log = hospital.event_log()
    summary = _Summary(plan)
    summary.read(log, {n: p.arrived_us for n, p in enumerate(plan.initial.patients)})
    return RunOutcome(
        events=events,
        patients=summary.patients,
        inside=hospital.inside,
        window_us=plan.span.horizon_us - plan.warm_up_us,
        areas=observer.areas,
        waits=summary.waits,
        wait_bins=summary.wait_bins,
        stays=summary.stays,
        stay_bins=summary.stay_bins,
        exits=summary.exits,
        audits=np.array(observer.audits, dtype=np.int64).reshape(len(observer.audits), 4 * len(hospital.pools) + 1),
        log=log,
        waiting=(waiting := hospital.waiting()),
        under_way=hospital.under_way() if any(one.missing for one in waiting) else (),
    )


class _Observer:
    """Adds up areas and takes audits whenever time passes."""

    def __init__(self, plan: RunPlan, hospital: Hospital) -> None:
        self.plan, self.hospital = plan, hospital
        self.areas: Floats = np.zeros((max(len(hospital.pools), 1), 5))
        self.audits: list[list[int]] = []
        self.time = 0
        self.next_audit = 0 if plan.audit_every_us else -1

    def pass_time(self, until: int) -> None:
        """Take account of the stretch in which nothing changes."""
        while 0 <= self.next_audit < until and self.next_audit <= self.plan.span.horizon_us:
            states = self.hospital.pools.values()
            counts = [n for s in states for n in (s.busy, s.queued, s.turning, s.capacity)]
            self.audits.append([*counts, self.hospital.inside])
            self.next_audit += self.plan.audit_every_us
        begin = max(self.time, self.plan.warm_up_us)
        passed = min(until, self.plan.span.horizon_us) - begin
        self.time = until
        if passed <= 0:
            return
        for row, state in zip(self.areas, self.hospital.pools.values(), strict=False):
            staffed = max(state.capacity, 0)
            over = state.overtime
            if state.pool.at_shift_end is not ShiftEnd.FINISH:
                over = max(state.busy + state.turning - staffed, 0)
            row += np.array([state.busy, staffed, state.queued, over, state.turning], dtype=np.float64) * passed


class _Summary:
    """Waits, stays and exits from the rows of an event log alone."""

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.names = list(plan.pathway.operations)
        seizes = [node for node, operation in plan.pathway.operations.items() if isinstance(operation, Seize)]
        self.seize_number = {self.names.index(node): number for number, node in enumerate(seizes)}
        classes = len(plan.pathway.classes)
        self.patients = 0
        self.waits = np.zeros((max(len(seizes), 1), classes, 6))
        self.wait_bins = np.zeros((max(len(seizes), 1), BINS), dtype=np.int64)
        self.stays = np.zeros((classes, 7))
        self.stay_bins = np.zeros((classes, BINS), dtype=np.int64)
        self.exits = np.zeros((len(self.names), classes), dtype=np.int64)
        # Two units of one patient may be in turnover at once, in the same queue; the one that asked first is met first.
        self.asked: dict[tuple[int, int, int, int], list[int]] = {}
        self.arrived: dict[tuple[int, int], int] = {}
        self.patient_class: dict[tuple[int, int], int] = {}

    def read(self, log: EventLog, arrived_in_place: dict[int, int]) -> None:
        """Go through the log once."""
        for number, patient in enumerate(self.plan.initial.patients):
            self.arrived[-1, number] = arrived_in_place[number]
            self.patient_class[-1, number] = patient.patient_class
            if patient.in_turnover:
                self.arrived.pop((-1, number))
            self.asked[-1, number, 0, self.names.index(patient.node)] = [-patient.elapsed_us]
        for time, stream, number, branch, node, mark, value in log.rows():
            who = (stream, number)
            match Mark(mark):
                case Mark.ARRIVE:
                    self._arrive(who, time, value)
                case Mark.REQUEST:
                    # A request of somebody in place was noted above, with the wait that it had already.
                    in_place = stream < 0 and time == 0 and self.plan.initial.patients[number].node == self.names[node]
                    if not in_place:
                        self.asked.setdefault((stream, number, branch, node), []).append(time)
                case Mark.GRANT if node in self.seize_number:
                    asked = self.asked[stream, number, branch, node].pop(0)
                    self._wait(node, self.patient_class[who], time, time - asked)
                case Mark.RENEGE:
                    wait = time - self.asked[stream, number, branch, node].pop(0)
                    if time > self.plan.warm_up_us or not self.plan.warm_up_us:
                        self.waits[self.seize_number[node], self.patient_class[who], 4:] += (1, wait)
                case Mark.EXIT if branch == 0 and who in self.arrived:
                    self._leave(node, who, time)

    def _arrive(self, who: tuple[int, int], time: int, patient_class: int) -> None:
        self.patients += 1
        self.arrived[who] = time
        self.patient_class[who] = patient_class
        if time >= self.plan.warm_up_us:
            self.stays[patient_class, 0] += 1

    def _wait(self, node: int, patient_class: int, time: int, wait: int) -> None:
        if self.plan.warm_up_us and time <= self.plan.warm_up_us:
            return
        counts = self.waits[self.seize_number[node], patient_class]
        counts[:3] += (1, wait, float(wait) ** 2)
        counts[3] = max(counts[3], wait)
        self.wait_bins[self.seize_number[node], bin_of(wait)] += 1

    def _leave(self, node: int, who: tuple[int, int], time: int) -> None:
        patient_class = self.patient_class[who]
        if not self.plan.warm_up_us or time > self.plan.warm_up_us:
            self.exits[node, patient_class] += 1
            self.stays[patient_class, 5:] += (1, time - self.arrived[who])
        if self.arrived[who] >= self.plan.warm_up_us:
            stay = time - self.arrived[who]
            self.stays[patient_class, 1:4] += (1, stay, float(stay) ** 2)
            self.stays[patient_class, 4] = max(self.stays[patient_class, 4], stay)
            self.stay_bins[patient_class, bin_of(stay)] += 1
