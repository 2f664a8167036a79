"""The whole way from readings to events: one object that is fed readings, status and time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

import msgspec
import numpy as np

from rfid_gateway.cleaning.bins import Bin, BinRacks
from rfid_gateway.cleaning.chips import ChipPairs
from rfid_gateway.cleaning.epochs import Epoch, OpenEpochs, Verdict
from rfid_gateway.cleaning.late import LateReadings
from rfid_gateway.cleaning.layout import Layout, ReadPointKind
from rfid_gateway.cleaning.portals import PortalSettings, PortalTracker
from rfid_gateway.cleaning.stays import Stays
from rfid_gateway.cleaning.suspicions import Suspicions
from rfid_gateway.cleaning.told import ToldZones
from rfid_gateway.cleaning.watermarks import ReaderProgress, Watermarks
from rfid_gateway.cleaning.zones import FilterSettings, ZoneChange, ZoneDecider, ZoneFilter, ZoneModel
from rfid_gateway.rfid.clocks import EARLIEST_US, MOST_AHEAD_US
from rfid_gateway.rfid.readings import TagReading
from twin.clock import SECOND_US
from twin.events.envelope import Event
from twin.events.things import PortalCrossed, TagLost, ZoneChanged, ZoneConfirmed
from twin.events.watch import GatewayStatus

# A choke point or doorway is better evidence than a room's antennas, yet below 1: certainty could never be unlearnt.
_CHOKE_CONFIDENCE = 0.97
_PORTAL_CONFIDENCE = 0.9
_READER, _TID = attrgetter("reader"), attrgetter("tid")
_MAX_EPOCHS_AT_ONCE = 60  # a minute of one-second epochs: a tag not seen for that long is away or was there all along


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningSettings:
    """How readings become events.

    Parameters
    ----------
    filter : FilterSettings
        Zones.
    proof : float
        Probability that a change of zone needs.
    portal : PortalSettings
        Doorways.
    lateness_s : float
        How long an epoch waits for a reader of which nothing is known to be late, seconds.
    patience_s : float
        How long an epoch waits at most for a reader that is known to be late, seconds; see
        :mod:`rfid_gateway.cleaning.watermarks`.
    absence_s : float
        After how long without a reading a tag is lost, seconds.
    absence_s_by_zone : Mapping[str, float]
        The same for zones of their own habits: a store where nothing moves, an exit where a minute is long.
    confirm_s : float
        How often a tag's zone is confirmed, seconds.
    stay_lag_s : float
        How much later stays are decided, seconds; 0 for none. Each epoch costs ``stay_lag_s / epoch_s`` more steps.
    bin_rest_s : float
        How long a bin must have been away from the rack to count as emptied anew, seconds.
    """

    filter: FilterSettings = field(default_factory=FilterSettings)
    proof: float = 0.7
    portal: PortalSettings = field(default_factory=PortalSettings)
    lateness_s: float = 0.3
    patience_s: float = 2.0
    absence_s: float = 900.0
    absence_s_by_zone: Mapping[str, float] = field(default_factory=dict)
    confirm_s: float = 300.0
    stay_lag_s: float = 0.0
    bin_rest_s: float = 600.0

    @property
    def lag_epochs(self) -> int:
        """How many epochs later stays are decided."""
        return max(1, round(self.stay_lag_s / self.filter.epoch_s)) if self.stay_lag_s else 0


@dataclass(slots=True)
class CleaningFigures:
    """Counts since the gateway started."""

    readings: int = 0
    duplicates: int = 0
    unknown_antennas: int = 0
    implausible_times: int = 0
    late: int = 0
    epochs: int = 0


class Cleaning:
    """Readings in, events out; time comes as an argument.

    Parameters
    ----------
    layout : Layout
        Read points and zones.
    settings : CleaningSettings, optional
        How readings become events.
    bins : dict[str, Bin], optional
        What the tags of bins stand for, by tag.
    """

    def __init__(
        self, layout: Layout, settings: CleaningSettings | None = None, bins: dict[str, Bin] | None = None
    ) -> None:
        self.figures = CleaningFigures()
        self._layout = layout
        self._settings = settings or CleaningSettings()
        self.racks = BinRacks(bins or {}, round(self._settings.bin_rest_s * SECOND_US))
        self._model = ZoneModel(layout, self._settings.filter)
        self._filter = ZoneFilter(self._model, lag_epochs=self._settings.lag_epochs)
        self._decider = ZoneDecider(self._model.away, self._settings.proof)
        self._portals = PortalTracker(layout.readers_by_portal(), self._settings.portal)
        self._suspicions = Suspicions(layout)
        self._chips = ChipPairs()
        self._late_readings = LateReadings(
            round(self._settings.filter.epoch_s * SECOND_US), self._settings.filter.rates, _CHOKE_CONFIDENCE
        )
        self._epoch_us = round(self._settings.filter.epoch_s * SECOND_US)
        self._stays = Stays(layout.zones, self._epoch_us)
        self._epochs = OpenEpochs(self._epoch_us)
        self._marks = Watermarks(
            sorted({point.reader for point in layout.read_points}),
            round(self._settings.lateness_s * SECOND_US),
            round(self._settings.patience_s * SECOND_US),
        )
        self._index_by_antenna: dict[tuple[str, int], int] = {}
        self._last_seen: dict[str, tuple[int, int]] = {}
        self._told = ToldZones(self._settings.absence_s, self._settings.absence_s_by_zone)
        self._dead_readers: set[str] = set()
        self._state_by_zone = {zone: i for i, zone in enumerate(layout.zones)}

    def set_reader_status(self, reader: str, status: GatewayStatus) -> None:
        """Take in how a reader is doing; what a dead one does not see means nothing."""
        if status is GatewayStatus.OFFLINE:
            self._dead_readers.add(reader)
        else:
            self._dead_readers.discard(reader)
        self._marks.set_offline(reader, is_offline=reader in self._dead_readers)
        is_alive = np.ones(len(self._layout.read_points), dtype=bool)
        is_alive[self._layout.points_of(self._dead_readers)] = False
        self._model.set_alive(is_alive)

    @property
    def layout(self) -> Layout:
        """Read points and zones."""
        return self._layout

    def zone_of(self, tag: str) -> str:
        """Give the zone in which a tag is taken to be; empty if unknown."""
        return self._told.zone_by_tag.get(tag, "")

    def remember(self, before: Cleaning, now: int) -> None:
        """Take over where another one knows each tag to be, as if seen there just now, and which readers are dead."""
        for reader in before._dead_readers:
            self.set_reader_status(reader, GatewayStatus.OFFLINE)
        for tag, zone in before._told.zone_by_tag.items():
            row = self._filter.add(tag)
            if (state := self._state_by_zone.get(zone)) is not None:
                self._filter.settle(row, state, _PORTAL_CONFIDENCE)
                self._decider.force(row, state)
            self._told.tell(tag, zone, now)
            self._last_seen[tag] = (now, -1)

    def progress_of(self, reader: str) -> ReaderProgress:
        """Give how far a reader's own time has come, and how many of its readings came too late."""
        return self._marks.of(reader)

    def accept(self, readings: Iterable[TagReading], now: int) -> list[Event]:
        """Take in readings and give what follows from them at once.

        Parameters
        ----------
        readings : Iterable[TagReading]
            In any order.
        now : int
            UTC microseconds.
        """
        events = self.advance(now)
        if self._epochs.first is None:
            self._epochs.begin(self._marks.low(now))
        for reader, told in groupby(readings, key=_READER):
            events += self._accept_from(reader, list(told), now)
        return events

    def _accept_from(self, reader: str, readings: Sequence[TagReading], now: int) -> list[Event]:
        """Take in readings of one reader, one message mostly: what they have in common is worked out once."""
        events: list[Event] = []
        times = [reading.at for reading in readings]
        oldest, newest = min(times), max(times)
        self._marks.take(reader, oldest, newest, now)
        if any(map(_TID, readings)):
            for one in readings:
                # Repetitions too: a copy beside its original is just that, but for its chip.
                events += self._chips.take(one.tag, one.tid, self._place_of(one), one.at) if one.tid else ()
        # A clock that runs ahead must not open epochs that nobody closes for minutes.
        first, last = min(oldest, now) // self._epoch_us, min(newest, now) // self._epoch_us
        if first == last:
            return events + self._accept_into(self._epochs.at(first), readings, now)
        for number, part in groupby(readings, key=lambda one: min(one.at, now) // self._epoch_us):
            events += self._accept_into(self._epochs.at(number), list(part), now)
        return events

    def _accept_into(self, epoch: Epoch, readings: Sequence[TagReading], now: int) -> list[Event]:
        """Take in readings of one epoch. Most are repetitions, which are passed over without a call for each."""
        heard = epoch.heard
        fresh = [one for one in readings if (one.tag, one.reader, one.antenna) not in heard]
        self.figures.readings += len(readings)
        self.figures.duplicates += len(readings) - len(fresh)
        return [event for one in fresh for event in self._first_of_epoch(one, epoch, now)]

    def _index_of(self, reader: str, antenna: int) -> int:
        key = (reader, antenna)
        index = self._index_by_antenna.get(key)
        if index is None:
            index = self._index_by_antenna[key] = self._layout.find(reader, antenna)
        return index

    def _place_of(self, reading: TagReading) -> str:
        index = self._index_of(reading.reader, reading.antenna)
        return self._layout.read_points[index].place if index >= 0 else ""

    def _first_of_epoch(self, reading: TagReading, epoch: Epoch, now: int) -> Sequence[Event]:
        """Take in a reading of a tag by an antenna that has not counted in its epoch yet."""
        index = self._index_of(reading.reader, reading.antenna)
        if index < 0:
            self.figures.unknown_antennas += 1
            return ()
        # Told twice by one message, or by another antenna that stands for the same read point.
        if epoch.saw(reading.tag, index):
            self.figures.duplicates += 1
            epoch.heard.add((reading.tag, reading.reader, reading.antenna))
            return ()
        # Readers boot in 1970 and some run ahead; such an instant would order events wrongly for good.
        if not EARLIEST_US <= reading.at <= now + MOST_AHEAD_US:
            self.figures.implausible_times += 1
            return ()
        point = self._layout.read_points[index]
        if point.kind is ReadPointKind.PORTAL:
            self._portals.take(point, reading)
            return ()
        if point.kind is ReadPointKind.BIN:
            return self.racks.see(reading, point.place)
        return self._zone_seen(reading, epoch, index)

    def _zone_seen(self, reading: TagReading, epoch: Epoch, index: int) -> Sequence[Event]:
        if self._epochs.is_behind(reading.at):
            self.figures.late += 1
            self._marks.of(reading.reader).late += 1
            if self._is_amended(reading, index):
                return ()
            if self._epochs.is_behind(reading.at + self._epoch_us):
                return self._late(reading, index)
            # Less than an epoch too late: it weighs in the next one, a tag does not move far meanwhile.
            epoch = self._epochs.still_open(reading.at)
        self._late_readings.forget(reading.tag)
        epoch.add(reading.tag, index, reading.at)
        epoch.heard.add((reading.tag, reading.reader, reading.antenna))
        if self._layout.read_points[index].kind is ReadPointKind.CHOKE:
            return self._choke(reading, epoch, index)
        return ()

    def _is_amended(self, reading: TagReading, index: int) -> bool:
        """Weigh a reading's epoch anew, and all that came after, while its stays are not told yet."""
        row = self._filter.row_by_tag.get(reading.tag)
        if row is None or self._layout.read_points[index].kind is ReadPointKind.CHOKE:
            return False
        epochs_ago = self._epochs.ago(reading.at)
        if not self._filter.remembers(row, epochs_ago):
            return False
        if self._filter.amend(row, index, epochs_ago):
            self._see(reading, index)
        return True

    def _see(self, reading: TagReading, index: int) -> None:
        """Keep when and by which antenna a tag was seen last; a late reading must not set it back."""
        self._last_seen[reading.tag] = max(self._last_seen.get(reading.tag, (0, -1)), (reading.at, index))

    def _late(self, reading: TagReading, index: int) -> Sequence[Event]:
        """Take in what a reader held back, such as one whose line was cut: an exit of then is told all the same."""
        point, row = self._layout.read_points[index], self._filter.add(reading.tag)
        newest = max(self._last_seen.get(reading.tag, (0, -1)), self._epochs.last_seen(reading.tag))
        self._see(reading, index)
        found = self._late_readings.take(reading, point, newest[0])
        if found is None:
            return ()
        if not found.is_newest:
            # For the record, at its own time: what is known to be newer stays where it is.
            return (self._fact(reading.tag, (found.place, point.id), found.at, found.confidence),)
        self._filter.settle(row, self._state_by_zone[found.place], found.confidence)
        if self.zone_of(reading.tag) == found.place:
            return ()
        self._decider.force(row, self._state_by_zone[found.place])
        return (self._changed(reading.tag, found.place, point.id, found.at, found.confidence),)

    def _fact(self, tag: str, point: tuple[str, str], at: int, confidence: float) -> ZoneChanged:
        """Give what is told of a tag at a place and read point; nothing is changed by it."""
        place, read_point = point
        return ZoneChanged(
            thing=tag,
            occurred_at=at,
            source="",
            source_key="",
            zone=place,
            read_point=read_point,
            tid=self._chips.chip_of(tag, at),
            confidence=round(confidence, 4),
        )

    def _choke(self, reading: TagReading, epoch: Epoch, index: int) -> Sequence[Event]:
        """Tell at once what must not wait for slower readers; its weight comes with the epoch that it belongs to."""
        point = self._layout.read_points[index]
        verdict = Verdict(reading.at, reading.tag, point.place, point.id, _CHOKE_CONFIDENCE, False)
        epoch.verdicts.append(verdict)
        return self._tell(verdict)

    def _tell(self, verdict: Verdict) -> Sequence[Event]:
        """Tell a verdict, unless it was told or something newer was."""
        if not self._told.is_news(verdict.tag, verdict.place, verdict.at):
            return ()
        return (self._changed(verdict.tag, verdict.place, verdict.read_point, verdict.at, verdict.confidence),)

    def _changed(self, tag: str, zone: str, read_point: str, at: int, confidence: float) -> ZoneChanged:
        previous = self._told.tell(tag, zone, at)
        return msgspec.structs.replace(self._fact(tag, (zone, read_point), at, confidence), previous_zone=previous)

    def advance(self, now: int) -> list[Event]:
        """Let time pass and give what follows from it: zones, passages, lost tags.

        Parameters
        ----------
        now : int
            UTC microseconds.
        """
        # Doorways first: what they tell belongs to an epoch that is still open.
        events = self._passages(now)
        # Most calls end here: neither the clock nor the slowest reader has passed the end of the oldest epoch.
        if self.is_due(now):
            for end, epoch in self._epochs.take_due(self._marks.low(now), _MAX_EPOCHS_AT_ONCE):
                events += self._close_epoch(epoch, end)
                events += self._lost(end)
        events += self._chips.advance(now)
        self._late_readings.advance(now)
        return events

    def is_due(self, now: int) -> bool:
        """Tell whether it is worth while to call :meth:`advance` at once: the oldest epoch may have ended."""
        first = self._epochs.first
        return first is not None and self._marks.may_have_passed((first + 1) * self._epoch_us, now)

    def due_at(self, now: int) -> int | None:
        """Give when the oldest epoch ends at the latest, by what is waited for now, UTC microseconds; None for none."""
        first = self._epochs.first
        return None if first is None else (first + 1) * self._epoch_us + now - self._marks.low(now)

    def _close_epoch(self, epoch: Epoch, end: int) -> list[Event]:
        for tag in epoch.new_tags:
            self._filter.add(tag)
        if not self._filter.tags:
            return []
        for tag, last in epoch.last_by_tag.items():
            self._last_seen[tag] = max(self._last_seen.get(tag, last), last)
        # By their own times: which reader's line was faster must not decide where a tag is.
        events: list[Event] = [event for verdict in sorted(epoch.verdicts) for event in self._settle(verdict)]
        rows = self._filter.row_by_tag
        seen = epoch.seen(rows, len(self._layout.read_points))
        belief = self._filter.advance(seen)
        self.figures.epochs += 1
        events += [event for change in self._decider.decide(belief) for event in self._event_of(change, end)]
        events += self._stays_over(end)
        events += self._suspicions.take(seen, self._filter.tags, end)
        events += self._confirmations(belief, epoch.points_by_tag, end)
        return events

    def _settle(self, verdict: Verdict) -> list[Event]:
        """Let a verdict overrule what the epochs before it say of the tag."""
        row = self._filter.row_by_tag[verdict.tag]
        # Behind an outer door nobody looks: the tag is away, and seen again it is somewhere new.
        state = self._state_by_zone.get(verdict.place, self._model.away)
        self._filter.settle(row, state, verdict.confidence)
        if state == self._model.away:
            self._decider.forget(row)
        else:
            self._decider.force(row, state)
        self._last_seen.setdefault(verdict.tag, (verdict.at, -1))
        # An epoch before it, weighed since, may have told another zone.
        events: list[Event] = [*self._tell(verdict)]
        if verdict.is_passage:
            events += self._stays.close(row, self._filter.tags, verdict.at)
        return events

    def _stays_over(self, end: int) -> Sequence[Event]:
        lagged = self._filter.lagged()
        if lagged is None:
            return []
        return self._stays.take(lagged, self._filter.tags, end - self._settings.lag_epochs * self._epoch_us)

    def _event_of(self, change: ZoneChange, end: int) -> Sequence[Event]:
        tag = self._filter.tags[change.row]
        zone = self._layout.zones[change.state]
        # An exit that is newer was told at once: the map must not go back to where the tag was before it.
        if not self._told.is_news(tag, zone, end):
            return ()
        seen_at, index = self._last_seen.get(tag, (end, -1))
        point = self._layout.read_points[index]
        read_point = point.id if index >= 0 and point.place == zone else ""
        # Not before the epoch that decided, not after it: the map must see moves in the order in which they are told.
        at = min(max(seen_at, end - self._epoch_us, self._told.told_at(tag)), end)
        return (self._changed(tag, zone, read_point, at, change.confidence),)

    def _confirmations(self, belief: np.ndarray, tags: Iterable[str], end: int) -> list[Event]:
        events: list[Event] = []
        # Confirmations are most of all events; one in confirm_s keeps a position's age honest without drowning the
        # ledger.
        limit = end - round(self._settings.confirm_s * SECOND_US)
        for tag in tags:
            row = self._filter.row_by_tag[tag]
            seen_at, index = self._last_seen[tag]
            zone = self._told.zone_by_tag.get(tag)
            if zone is None or self._told.is_confirmed_since(tag, limit):
                continue
            # A belief may have slid below the proof without another zone winning: then silence is more honest than
            # "still there".
            confidence = float(belief[row, self._state_by_zone.get(zone, self._model.away)])
            if confidence < self._settings.proof or zone not in self._state_by_zone:
                continue
            self._told.confirm(tag, end)
            events.append(
                ZoneConfirmed(
                    thing=tag,
                    occurred_at=seen_at,
                    source="",
                    source_key="",
                    zone=zone,
                    read_point=self._layout.read_points[index].id,
                    tid=self._chips.chip_of(tag, seen_at),
                    confidence=round(confidence, 4),
                )
            )
        return events

    def _passages(self, now: int) -> list[Event]:
        events: list[Event] = []
        # Passages come before lost tags in one step: a tag that left by the door is known to be outside and is not
        # lost.
        for passage in self._portals.close(self._marks, now, self._told.zone_by_tag):
            events.append(
                PortalCrossed(
                    thing=passage.tag,
                    occurred_at=passage.at,
                    source="",
                    source_key="",
                    portal=passage.portal,
                    from_zone=passage.from_zone,
                    to_zone=passage.to_zone,
                    confidence=round(passage.confidence, 4),
                )
            )
            if passage.confidence >= self._settings.proof:
                self._told.tell(passage.tag, passage.to_zone, passage.at)
                confidence = min(passage.confidence, _PORTAL_CONFIDENCE)
                verdict = Verdict(passage.at, passage.tag, passage.to_zone, "", confidence, True)
                self._epochs.begin(passage.at)
                self._epochs.still_open(passage.at).verdicts.append(verdict)
        return events

    def _lost(self, now: int) -> Sequence[Event]:
        events: list[Event] = []
        for one in self._told.unseen(now, self._last_seen):
            readers = {point.reader for point in self._layout.read_points if point.place == one.zone}
            if not readers:
                continue  # it went where nobody looks, such as outside; that is known already
            if readers & self._dead_readers:
                # A reader that died sees nobody leave: the tag gets its whole time again.
                self._told.wait_again(one.tag, now)
                continue
            row = self._filter.row_by_tag[one.tag]
            self._told.forget(one.tag)
            self._decider.forget(row)
            # Where antennas read seldom the belief still holds the zone: the next epoch would tell it unread.
            self._filter.settle(row, self._model.away, _PORTAL_CONFIDENCE)
            events += self._stays.close(row, self._filter.tags, one.seen_at)
            events.append(TagLost(thing=one.tag, occurred_at=one.due_at, source="", source_key="", last_zone=one.zone))
        return events
