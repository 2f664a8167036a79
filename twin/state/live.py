"""The present hospital: slots objects in memory, changed only by :meth:`LiveState.apply`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from twin.events import patients, places, supply, things, watch, work
from twin.events.envelope import Event
from twin.state import snapshot
from twin.state.forgetting import forget_closed
from twin.state.frozen import HospitalState, freeze
from twin.state.reducers import alarms, building, queues, tags, tasks
from twin.state.reducers import patients as encounters
from twin.state.reducers import supply as stock
from twin.state.reducers import things as facets
from twin.state.tables import Tables

Reducer = Callable[[Tables, Any], None]

REDUCERS: dict[type[Event], Reducer] = {
    places.PlaceDefined: building.place_defined,
    places.PlaceRemoved: building.place_removed,
    places.PathDefined: building.path_defined,
    places.PathRemoved: building.path_removed,
    places.PathClosed: building.path_closure,
    places.PathReopened: building.path_closure,
    things.AssetRegistered: facets.asset_registered,
    things.AssetRetired: facets.asset_retired,
    things.CustodyChanged: facets.custody_changed,
    things.DeviceReadinessChanged: facets.device_readiness,
    things.DeviceStatusChanged: facets.device_status,
    things.AvailabilityChanged: facets.availability_changed,
    things.EgressSeen: facets.egress_seen,
    things.TagBound: tags.tag_binding,
    things.TagUnbound: tags.tag_binding,
    things.ZoneChanged: tags.zone_changed,
    things.ZoneConfirmed: tags.zone_confirmed,
    things.PortalCrossed: tags.portal_crossed,
    things.TagLost: tags.tag_lost,
    things.BinEmptied: tags.bin_emptied,
    patients.BedReadinessChanged: facets.bed_readiness,
    patients.BedServiceChanged: facets.bed_service,
    **dict.fromkeys(
        (
            patients.EncounterPlanned,
            patients.EncounterStarted,
            patients.EncounterUpdated,
            patients.EncounterMoved,
            patients.BedReserved,
            patients.EncounterDeparted,
            patients.EncounterArrived,
            patients.EncounterLeaveStarted,
            patients.EncounterLeaveEnded,
            patients.DischargePlanned,
            patients.EncounterFinished,
            patients.EncounterFactCancelled,
            patients.EncountersSwapped,
            patients.EncountersMerged,
            patients.StageReached,
        ),
        encounters.encounter_fact,
    ),
    **dict.fromkeys(
        (
            patients.QueueJoined,
            patients.QueueCalled,
            patients.QueueServiceStarted,
            patients.QueueServiceEnded,
            patients.QueueLeft,
        ),
        queues.ticket_fact,
    ),
    **dict.fromkeys(
        (
            work.TaskCreated,
            work.TaskAssigned,
            work.TaskStarted,
            work.TaskBlocked,
            work.TaskCompleted,
            work.TaskCancelled,
        ),
        tasks.task_fact,
    ),
    work.StaffDefined: building.staff_defined,
    work.StaffRemoved: building.staff_removed,
    work.PlanPublished: building.plan_published,
    supply.StockMoved: stock.stock_moved,
    supply.ParLevelSet: stock.par_level_set,
    supply.StockoutPredicted: stock.stockout_predicted,
    supply.CycleStarted: facets.cycle_changed,
    supply.CycleEnded: facets.cycle_changed,
    supply.LoadReleased: facets.load_released,
    supply.LoadRejected: facets.load_rejected,
    **dict.fromkeys(
        (
            watch.AlarmRaised,
            watch.AlarmAcknowledged,
            watch.AlarmShelved,
            watch.AlarmUnshelved,
            watch.AlarmCleared,
        ),
        alarms.alarm_fact,
    ),
    watch.GatewayHealthChanged: building.gateway_health,
    watch.ReadPointDefined: building.read_point_defined,
    watch.ReadPointRemoved: building.read_point_removed,
}
"""What each event does to the tables."""

NOT_STATE: frozenset[type[Event]] = frozenset(
    {
        things.AssetMoved,
        things.LimitsSet,
        supply.ConsignmentUsed,
        supply.ItemsMerged,
        supply.OrderDecided,
        things.TagSuspected,
        things.ZoneStayEnded,
        watch.AccessSeen,
        work.LeaveGranted,
        work.LeaveTermsSet,
        work.TaskRequested,
        work.RequestSettled,
        work.ShiftRequestChanged,
    }
)
"""Events that change nothing here: the asset's place follows from its tags, a suspicion or a breach at a door becomes
an alarm, a stay that is over tells where a tag was and not where it is, goods of merged items tell of themselves as
they move, limits are the devices' own book and an order the buyers', a request becomes a task in scheduling and its
settlement that task's end, and one for leave or a swap becomes a published roster."""


def _nothing(_tables: Tables, _event: Event) -> None:
    """Change nothing."""


_REDUCER_OF: defaultdict[type[Event], Reducer] = defaultdict(lambda: _nothing, REDUCERS)


class LiveState(Tables):
    """The hospital as of the last applied event."""

    __slots__ = ()

    def apply(self, event: Event, sequence: int = 0) -> None:
        """Fold one event into the state.

        Parameters
        ----------
        event : Event
            Any event, in any order; the ledger sees to it that each is applied once.
        sequence : int, optional
            Its position in the ledger; 0 leaves :attr:`sequence` as it is.
        """
        self.apply_all((event,), sequence)

    def apply_all(self, events: Iterable[Event], first: int = 0) -> None:
        """Fold events one after the other.

        Parameters
        ----------
        events : Iterable[Event]
            Any events, in any order.
        first : int, optional
            Position of the first in the ledger, where they stand without a gap; 0 leaves :attr:`sequence` as it is.
        """
        reducers, latest, done = _REDUCER_OF, self.latest_at, 0
        try:
            for event in events:
                reducers[event.__class__](self, event)
                at = event.occurred_at
                if at > latest:
                    latest = at
                done += 1
        finally:  # should one fail, the state still tells truly how far it is
            self.latest_at = latest
            if first and done:
                self.sequence = first + done - 1

    def forget_closed(self, before: int) -> int:
        """Take out closed encounters, tickets, tasks and alarms of which nothing was said since an instant.

        Parameters
        ----------
        before : int
            UTC microseconds.

        Returns
        -------
        int
            How many were taken out. Whoever applies a late fact about one of them first brings back all its facts:
            the ledger does, see :mod:`twin.state.forgetting`.
        """
        return forget_closed(self, before)

    def freeze(self, now: int = 0) -> HospitalState:
        """Give the present hospital as an immutable value; waits until no events are being applied.

        Parameters
        ----------
        now : int, optional
            Instant that ages are counted from, UTC microseconds; the latest event's by default.
        """
        with self.steady:
            return freeze(self, now or self.latest_at)

    def digest(self) -> str:
        """Give a fingerprint of the content: equal for equal content, in whatever order it arrived."""
        return snapshot.digest_of(self)

    def to_snapshot(self) -> bytes:
        """Give the state as bytes for :meth:`from_snapshot`."""
        return snapshot.write_snapshot(self)

    def image(self) -> snapshot.Image:
        """Give the state as it is now, to be written while it goes on changing; hold :attr:`steady` for this call."""
        return snapshot.image_of(self)

    @classmethod
    def from_snapshot(cls, body: bytes) -> LiveState:
        """Give the state that :meth:`to_snapshot` wrote.

        Raises
        ------
        DecodeError
            If the bytes are no snapshot of this release.
        """
        state = cls()
        snapshot.read_snapshot(state, body)
        return state

    def fork(self) -> LiveState:
        """Give an independent copy, for a what-if."""
        return LiveState.from_snapshot(self.to_snapshot())
