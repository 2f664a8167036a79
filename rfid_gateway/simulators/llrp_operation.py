"""A reader operation (ROSpec) as a reader carries it out: when it runs, by which antennas, and when it reports.

An operation is disabled, inactive (waiting for its start) or active. While it is active one of its inventories (AISpec)
runs after the other, each until its own stop trigger. What is seen is held until a report is due.

Notes
-----
An operation that starts immediately and ends by itself begins anew, as readers do on which clients rely that end each
inventory after some tags; one that a client stopped waits for that client.

References
----------
EPCglobal Low Level Reader Protocol (LLRP) 1.0.1 and 1.1, sections 6 and 10 (reader operations) and 13 (reports).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from rfid_gateway.rfid.llrp.codec import Parameter
from rfid_gateway.simulators.llrp_reports import Observation, Selection, Sighting
from rfid_gateway.simulators.llrp_specs import Inventory, ObservationTrigger, ReportWhen, RoStart, RoStop, Spec

_MOST_HELD = 20_000  # a reader's memory is small: the oldest go first


class OperationState(IntEnum):
    """What an operation is doing, as readers tell it."""

    DISABLED = 0
    INACTIVE = 1
    ACTIVE = 2


class Happening(IntEnum):
    """What an operation tells besides tags."""

    OPERATION_BEGAN = 0
    OPERATION_ENDED = 1
    INVENTORY_ENDED = 2
    BUFFER_OVERFLOWED = 3


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where an operation's reports and events go.

    Parameters
    ----------
    report : Callable[[Sequence[Observation], Selection], None]
        Takes the tags of one report, and what is to be told of them.
    tell : Callable[[Happening, int], None]
        Takes an event and the number of the inventory that it is about; 0 for none.
    is_open : Callable[[], bool]
        Whether reports can be sent now; until they can, they are held.
    """

    report: Callable[[Sequence[Observation], Selection], None]
    tell: Callable[[Happening, int], None]
    is_open: Callable[[], bool]


@dataclass(slots=True)
class _Run:
    """One inventory under way; times in seconds of the reader's running time."""

    began_s: float
    observations: int = 0
    rounds: int = 0
    newest_tag_s: float = 0.0
    tags: set[bytes] = field(default_factory=set)


class ReaderOperation:
    """Carries out one operation. Time comes as an argument: seconds that only grow.

    Parameters
    ----------
    spec : Spec
        What the client asked for.
    outlet : Outlet
        Where reports and events go.
    now_s : float
        When it was added; a periodic start counts from then on.
    """

    def __init__(self, spec: Spec, outlet: Outlet, now_s: float) -> None:
        self.spec = spec
        self.state = OperationState.DISABLED
        self.dropped = 0
        self._outlet = outlet
        self._starts_s: float | None = now_s + spec.offset_s if spec.start is RoStart.PERIODIC else None
        self._began_s = 0.0
        self._number = 0  # of the inventory under way; they count from 1
        self._loops = 0
        self._run = _Run(now_s)
        self._noted = 0
        self._held: dict[Hashable, Observation] = {}

    @property
    def parameter(self) -> Parameter:
        """The operation as it is told to who asks for it, with its present state."""
        whole = self.spec.parameter
        return replace(whole, values={**whole.values, "CurrentState": int(self.state)})

    def enable(self, now_s: float) -> None:
        """Let it wait for its start; one that starts immediately does so."""
        if self.state is not OperationState.DISABLED:
            return
        self.state = OperationState.INACTIVE
        self._pass_over_starts(now_s)
        self._begin_anew(now_s)

    def disable(self, now_s: float) -> None:
        """Stop it, and let it wait for nothing."""
        self.stop(now_s)
        self.state = OperationState.DISABLED

    def start(self, now_s: float) -> bool:
        """Begin with the first inventory; False if it is disabled. One that runs already goes on."""
        if self.state is OperationState.INACTIVE:
            self.state, self._began_s, self._number, self._loops = OperationState.ACTIVE, now_s, 1, 0
            self._run = _Run(now_s, newest_tag_s=now_s)
            self._outlet.tell(Happening.OPERATION_BEGAN, 0)
        return self.state is OperationState.ACTIVE

    def stop(self, now_s: float) -> bool:
        """End it on a client's word: it stays inactive until it is started; False if it is disabled."""
        if self.state is OperationState.ACTIVE:
            self._end_inventory()
            self._end(now_s)
        return self.state is OperationState.INACTIVE

    def see(self, sightings: Sequence[Sighting], now_s: float) -> int:
        """Take in what the antennas see in one round of an inventory; give how many sightings no inventory looked for.

        Parameters
        ----------
        sightings : Sequence[Sighting]
            In the order in which the tags answered.
        now_s : float
            Seconds.
        """
        self.advance(now_s)
        missed = 0
        for one in sightings:
            inventory = self._inventory
            if inventory is None or not inventory.sees(one.antenna):
                missed += 1
                continue
            self._note(one, inventory, now_s)
            if self._is_enough(inventory, now_s):
                self._next_inventory(now_s)
        inventory = self._inventory
        if inventory is not None:
            self._run.rounds += 1
            if self._is_enough(inventory, now_s):
                self._next_inventory(now_s)
        return missed

    def advance(self, now_s: float) -> None:
        """Let time pass: starts, ends and time limits that are due by now."""
        while (due_s := self.due_s()) is not None and due_s <= now_s:
            if self.state is OperationState.INACTIVE:
                # Counted from the first start, so that being late once shifts nothing.
                self._starts_s = due_s + self.spec.period_s if self.spec.period_s else None
                self.start(due_s)
            elif (ends_s := self._ends_s()) is not None and ends_s <= due_s:
                self._end_inventory()
                self._end(due_s)
                self._begin_anew(due_s)
            else:
                self._next_inventory(due_s)

    def due_s(self) -> float | None:
        """Give when :meth:`advance` has something to do next, seconds; None if nothing is due by time."""
        if self.state is OperationState.INACTIVE:
            return self._starts_s
        inventory = self._inventory
        if inventory is None:
            return None
        limits = [self._ends_s(), inventory.ends_s(self._run.began_s, self._run.newest_tag_s)]
        return min((one for one in limits if one is not None), default=None)

    def give_held(self) -> None:
        """Report what is held, because somebody asks for it."""
        self._report()

    @property
    def _inventory(self) -> Inventory | None:
        return self.spec.inventories[self._number - 1] if self.state is OperationState.ACTIVE else None

    def _ends_s(self) -> float | None:
        if self.spec.stop is not RoStop.DURATION or self.state is not OperationState.ACTIVE:
            return None
        return self._began_s + self.spec.lasts_s

    def _note(self, one: Sighting, inventory: Inventory, now_s: float) -> None:
        self._run.observations += one.count
        if one.epc not in self._run.tags:
            self._run.tags.add(one.epc)
            self._run.newest_tag_s = now_s
        elif inventory.trigger is ObservationTrigger.NO_MORE_TAGS:
            self._run.newest_tag_s = now_s  # any observation counts; of the unique kind only a tag's first
        found = Observation(one, self._number, inventory.id)
        report = self.spec.report
        self._noted += 1
        key = report.selection.key_of(found) if report.is_gathering else self._noted
        known = self._held.get(key)
        self._held[key] = found if known is None else known.joined(found)
        if len(self._held) > _MOST_HELD:
            self._held.pop(next(iter(self._held)))
            self.dropped += 1
            if self.dropped == 1:
                self._outlet.tell(Happening.BUFFER_OVERFLOWED, 0)
        if report.when is not ReportWhen.NEVER and report.tags and len(self._held) >= report.tags:
            self._report()

    def _report(self) -> None:
        if self._held and self._outlet.is_open():
            held, self._held = list(self._held.values()), {}
            self._outlet.report(held, self.spec.report.selection)

    def _is_enough(self, inventory: Inventory, now_s: float) -> bool:
        run = self._run
        ends_s = inventory.ends_s(run.began_s, run.newest_tag_s)
        return inventory.is_enough(run.observations, len(run.tags), run.rounds) or (
            ends_s is not None and ends_s <= now_s
        )

    def _next_inventory(self, now_s: float) -> None:
        self._end_inventory()
        self._number += 1
        self._run = _Run(now_s, newest_tag_s=now_s)
        if self._number <= len(self.spec.inventories):
            return
        self._loops += 1
        self._number = 1
        if self.spec.loops is not None and self._loops >= self.spec.loops:
            self._end(now_s)
            self._begin_anew(now_s)

    def _begin_anew(self, now_s: float) -> None:
        if self.spec.start is RoStart.IMMEDIATE:
            self.start(now_s)

    def _end_inventory(self) -> None:
        if self.spec.report.when is ReportWhen.TAGS_OR_INVENTORY:
            self._report()
        self._outlet.tell(Happening.INVENTORY_ENDED, self._number)

    def _end(self, now_s: float) -> None:
        if self.spec.report.when is not ReportWhen.NEVER:
            self._report()
        self.state = OperationState.INACTIVE
        self._pass_over_starts(now_s)
        self._outlet.tell(Happening.OPERATION_ENDED, 0)

    def _pass_over_starts(self, now_s: float) -> None:
        """Leave out the starts by time that came while it was disabled or under way."""
        while self._starts_s is not None and self._starts_s < now_s:
            self._starts_s = self._starts_s + self.spec.period_s if self.spec.period_s else None
