"""The whole way from readings to events: one object that is fed readings, status and time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from rfid_gateway.cleaning.bins import Bin, BinRacks
from rfid_gateway.cleaning.chips import ChipPairs
from rfid_gateway.cleaning.late import LateReadings
from rfid_gateway.cleaning.layout import Layout, ReadPointKind
from rfid_gateway.cleaning.portals import Passage, PortalSettings, PortalTracker
from rfid_gateway.cleaning.stays import Stays
from rfid_gateway.cleaning.suspicions import Suspicions
from rfid_gateway.cleaning.zones import BoolArray, FilterSettings, ZoneChange, ZoneDecider, ZoneFilter, ZoneModel
from rfid_gateway.rfid.clocks import EARLIEST_US, MOST_AHEAD_US
from rfid_gateway.rfid.readings import TagReading
from twin.clock import SECOND_US, Deadlines
from twin.events.envelope import Event
from twin.events.things import PortalCrossed, TagLost, ZoneChanged, ZoneConfirmed
from twin.events.watch import GatewayStatus

# A choke point or doorway is better evidence than a room's antennas, yet below 1: certainty could never be unlearnt.
_CHOKE_CONFIDENCE = 0.97
_PORTAL_CONFIDENCE = 0.9
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
        How long an epoch stays open for readings that come late, seconds.
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
        self._portals = PortalTracker(self._settings.portal)
        self._suspicions = Suspicions(layout)
        self._chips = ChipPairs()
        self._late_readings = LateReadings(
            round(self._settings.filter.epoch_s * SECOND_US), self._settings.filter.rates, _CHOKE_CONFIDENCE
        )
        self._absence = Deadlines()
        self._epoch_us = round(self._settings.filter.epoch_s * SECOND_US)
        self._stays = Stays(layout.zones, self._epoch_us)
        self._open_epoch: int | None = None
        # A tag at a read point is one number, row * width + index: there are many of them every second.
        self._seen: set[int] = set()
        # The same by what a reading bears, so that a repetition, which most readings are, costs one look.
        self._heard: set[tuple[str, str, int]] = set()
        self._width = max(len(layout.read_points), 1)
        self._index_by_antenna: dict[tuple[str, int], int] = {}
        self._last_seen: dict[str, tuple[int, int]] = {}
        self._confirmed_at: dict[int, int] = {}
        self._zone_by_tag: dict[str, str] = {}
        self._dead_readers: set[str] = set()
        self._state_by_zone = {zone: i for i, zone in enumerate(layout.zones)}

    def set_reader_status(self, reader: str, status: GatewayStatus) -> None:
        """Take in how a reader is doing; what a dead one does not see means nothing."""
        if status is GatewayStatus.OFFLINE:
            self._dead_readers.add(reader)
        else:
            self._dead_readers.discard(reader)
        is_alive = np.ones(len(self._layout.read_points), dtype=bool)
        is_alive[self._layout.points_of(self._dead_readers)] = False
        self._model.set_alive(is_alive)

    @property
    def layout(self) -> Layout:
        """Read points and zones."""
        return self._layout

    def zone_of(self, tag: str) -> str:
        """Give the zone in which a tag is taken to be; empty if unknown."""
        return self._zone_by_tag.get(tag, "")

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
        if self._open_epoch is None:
            self._open_epoch = now // self._epoch_us
        heard, count, repeats = self._heard, 0, 0
        for reading in readings:
            count += 1
            if reading.tid:
                # Before repetitions are passed over: a copy beside its original is just that, but for its chip.
                events += self._chips.take(reading.tag, reading.tid, self._place_of(reading), reading.at)
            key = (reading.tag, reading.reader, reading.antenna)
            if key in heard:
                repeats += 1
            else:
                events += self._first_of_epoch(reading, key, now)
        self.figures.readings += count
        self.figures.duplicates += repeats
        return events

    def _index_of(self, reader: str, antenna: int) -> int:
        key = (reader, antenna)
        index = self._index_by_antenna.get(key)
        if index is None:
            index = self._index_by_antenna[key] = self._layout.find(reader, antenna)
        return index

    def _place_of(self, reading: TagReading) -> str:
        index = self._index_of(reading.reader, reading.antenna)
        return self._layout.read_points[index].place if index >= 0 else ""

    def _first_of_epoch(self, reading: TagReading, key: tuple[str, str, int], now: int) -> list[Event]:
        """Take in a reading of a tag by an antenna that has not counted in this epoch yet."""
        index = self._index_of(reading.reader, reading.antenna)
        if index < 0:
            self.figures.unknown_antennas += 1
            return []
        row = self._filter.row_by_tag.get(reading.tag)
        # Another antenna may stand for the same read point, so that this one can still be a repetition.
        if row is not None and row * self._width + index in self._seen:
            self.figures.duplicates += 1
            self._heard.add(key)
            return []
        # Readers boot in 1970 and some run ahead; such an instant would order events wrongly for good.
        if not EARLIEST_US <= reading.at <= now + MOST_AHEAD_US:
            self.figures.implausible_times += 1
            return []
        return self._take(reading, index)

    def _take(self, reading: TagReading, index: int) -> list[Event]:
        point = self._layout.read_points[index]
        if point.kind is ReadPointKind.PORTAL:
            self._portals.take(point, reading)
            return []
        if point.kind is ReadPointKind.BIN:
            return list(self.racks.see(reading, point.place))
        return self._zone_seen(reading, index)

    def _zone_seen(self, reading: TagReading, index: int) -> list[Event]:
        row = self._filter.add(reading.tag)
        before = self._last_seen.get(reading.tag)
        # A late reading must not set back when and by which antenna the tag was seen last.
        if before is None or reading.at > before[0]:
            self._last_seen[reading.tag] = (reading.at, index)
        if self._open_epoch is not None and reading.at // self._epoch_us < self._open_epoch - 1:
            # Too old for the epoch that it belongs to, which was weighed already.
            self.figures.late += 1
            return self._late(reading, row, index, before[0] if before else 0)
        self._late_readings.forget(reading.tag)
        self._seen.add(row * self._width + index)
        self._heard.add((reading.tag, reading.reader, reading.antenna))
        if self._layout.read_points[index].kind is ReadPointKind.CHOKE:
            return self._choke(reading, row, index)
        return []

    def _late(self, reading: TagReading, row: int, index: int, newest_at: int) -> list[Event]:
        """Take in what a reader held back, such as one whose line was cut: an exit of then is told all the same."""
        point = self._layout.read_points[index]
        found = self._late_readings.take(reading, point, newest_at)
        if found is None:
            return []
        if not found.is_newest:
            # For the record, at its own time: what is known to be newer stays where it is.
            return [self._fact(reading.tag, (found.place, point.id), found.at, found.confidence)]
        self._filter.settle(row, self._state_by_zone[found.place], found.confidence)
        if self._zone_by_tag.get(reading.tag) == found.place:
            return []
        self._decider.force(row, self._state_by_zone[found.place])
        return [self._changed(reading.tag, found.place, point.id, found.at, found.confidence)]

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
            tid=self._chips.chip_of(tag),
            confidence=round(confidence, 4),
        )

    def _choke(self, reading: TagReading, row: int, index: int) -> list[Event]:
        point = self._layout.read_points[index]
        state = self._state_by_zone[point.place]
        self._filter.settle(row, state, _CHOKE_CONFIDENCE)
        if self._zone_by_tag.get(reading.tag) == point.place:
            return []
        self._decider.force(row, state)
        return [self._changed(reading.tag, point.place, point.id, reading.at, _CHOKE_CONFIDENCE)]

    def _changed(self, tag: str, zone: str, read_point: str, at: int, confidence: float) -> ZoneChanged:
        previous = self._zone_by_tag.get(tag, "")
        self._zone_by_tag[tag] = zone
        self._confirmed_at[self._filter.row_by_tag[tag]] = at
        self._absence.set(tag, at + self._absence_us(zone))
        return msgspec.structs.replace(self._fact(tag, (zone, read_point), at, confidence), previous_zone=previous)

    def advance(self, now: int) -> list[Event]:
        """Let time pass and give what follows from it: zones, passages, lost tags.

        Parameters
        ----------
        now : int
            UTC microseconds.
        """
        events: list[Event] = []
        lateness_us = round(self._settings.lateness_s * SECOND_US)
        due_epoch = (now - lateness_us) // self._epoch_us
        if self._open_epoch is not None and due_epoch > self._open_epoch:
            # After a long pause nothing was seen because nobody looked; a few epochs are enough to say so.
            first = max(self._open_epoch, due_epoch - _MAX_EPOCHS_AT_ONCE)
            for epoch in range(first, due_epoch):
                events += self._close_epoch((epoch + 1) * self._epoch_us)
            self._open_epoch = due_epoch
        events += self._passages(now)
        events += self._lost(now)
        events += self._chips.advance(now)
        self._late_readings.advance(now)
        return events

    def _close_epoch(self, end: int) -> list[Event]:
        count = len(self._filter.tags)
        if not count:
            return []
        # Dense, as the filter multiplies it: tags times read points is small beside the tags' beliefs of all zones.
        seen: BoolArray = np.zeros((count, len(self._layout.read_points)), dtype=bool)
        if self._seen:
            seen.reshape(-1)[np.fromiter(self._seen, np.int64, len(self._seen))] = True
        belief = self._filter.advance(seen)
        self.figures.epochs += 1
        events: list[Event] = [self._event_of(change, end) for change in self._decider.decide(belief)]
        events += self._stays_over(end)
        events += self._suspicions.take(seen, self._filter.tags, end)
        events += self._confirmations(belief, {key // self._width for key in self._seen}, end)
        self._seen.clear()
        self._heard.clear()
        return events

    def _stays_over(self, end: int) -> Sequence[Event]:
        lagged = self._filter.lagged()
        if lagged is None:
            return []
        return self._stays.take(lagged, self._filter.tags, end - self._settings.lag_epochs * self._epoch_us)

    def _event_of(self, change: ZoneChange, end: int) -> ZoneChanged:
        tag = self._filter.tags[change.row]
        zone = self._layout.zones[change.state]
        seen_at, index = self._last_seen.get(tag, (end, -1))
        point = self._layout.read_points[index]
        read_point = point.id if index >= 0 and point.place == zone else ""
        # Not before the epoch that decided, not after it: the map must see moves in the order in which they are told.
        return self._changed(tag, zone, read_point, min(max(seen_at, end - self._epoch_us), end), change.confidence)

    def _confirmations(self, belief: np.ndarray, rows: Iterable[int], end: int) -> list[Event]:
        events: list[Event] = []
        # Confirmations are most of all events; one in confirm_s keeps a position's age honest without drowning the
        # ledger.
        limit = end - round(self._settings.confirm_s * SECOND_US)
        for row in rows:
            tag = self._filter.tags[row]
            seen_at, index = self._last_seen[tag]
            zone = self._zone_by_tag.get(tag)
            if zone is None or self._confirmed_at.get(row, end) > limit:
                continue
            # A belief may have slid below the proof without another zone winning: then silence is more honest than
            # "still there".
            confidence = float(belief[row, self._state_by_zone.get(zone, self._model.away)])
            if confidence < self._settings.proof or zone not in self._state_by_zone:
                continue
            self._confirmed_at[row] = end
            events.append(
                ZoneConfirmed(
                    thing=tag,
                    occurred_at=seen_at,
                    source="",
                    source_key="",
                    zone=zone,
                    read_point=self._layout.read_points[index].id,
                    tid=self._chips.chip_of(tag),
                    confidence=round(confidence, 4),
                )
            )
        return events

    def _passages(self, now: int) -> list[Event]:
        events: list[Event] = []
        # Passages come before lost tags in one step: a tag that left by the door is known to be outside and is not
        # lost.
        for passage in self._portals.close(now, self._zone_by_tag):
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
                self._settle_passage(passage)
                events += self._stays.close(self._filter.row_by_tag[passage.tag], self._filter.tags, passage.at)
        return events

    def _settle_passage(self, passage: Passage) -> None:
        row = self._filter.add(passage.tag)
        self._last_seen.setdefault(passage.tag, (passage.at, -1))
        # Behind an outer door nobody looks: the tag is away, and seen again it is somewhere new.
        state = self._state_by_zone.get(passage.to_zone, self._model.away)
        self._filter.settle(row, state, min(passage.confidence, _PORTAL_CONFIDENCE))
        if state == self._model.away:
            self._decider.forget(row)
        else:
            self._decider.force(row, state)
        self._zone_by_tag[passage.tag] = passage.to_zone
        self._confirmed_at[row] = passage.at
        self._absence.set(passage.tag, passage.at + self._absence_us(passage.to_zone))

    def _absence_us(self, zone: str) -> int:
        return round(self._settings.absence_s_by_zone.get(zone, self._settings.absence_s) * SECOND_US)

    def _lost(self, now: int) -> Sequence[Event]:
        events: list[Event] = []
        for deadline in self._absence.due(now):
            tag = str(deadline.key)
            zone = self._zone_by_tag.get(tag, "")
            # The deadline was set when the zone was told; readings since then are looked up only now, once a tag and
            # due time, instead of moving the deadline with each of them.
            seen_at, absence_us = self._last_seen[tag][0], self._absence_us(zone)
            if seen_at + absence_us > now:
                self._absence.set(tag, seen_at + absence_us)
                continue
            readers = {point.reader for point in self._layout.read_points if point.place == zone}
            if not readers:
                continue  # it went where nobody looks, such as outside; that is known already
            if readers & self._dead_readers:
                # A reader that died sees nobody leave: the tag gets its whole time again.
                self._absence.set(tag, now + absence_us)
                continue
            row = self._filter.row_by_tag[tag]
            self._zone_by_tag.pop(tag, None)
            self._decider.forget(row)
            # Where antennas read seldom the belief still holds the zone: the next epoch would tell it unread.
            self._filter.settle(row, self._model.away, _PORTAL_CONFIDENCE)
            events += self._stays.close(row, self._filter.tags, seen_at)
            events.append(TagLost(thing=tag, occurred_at=deadline.due_at, source="", source_key="", last_zone=zone))
        return events
