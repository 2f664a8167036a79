"""Copies of a tag that show at different gateways: each of them sees one chip and has nothing to suspect.

The code of a tag can be copied, the number of its chip cannot. A label that is replaced, or moves to another gateway's
rooms, changes its chip once; a gateway that tells the first chip again after another one told a second proves that both
are there. Readers that do not ask for the chip say nothing here. A suspicion ends a day after the last proof, or when
somebody says that the copy is gone; a new proof raises it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from server.wiring import Hospital
from twin.clock import DAY_US
from twin.events.envelope import Event
from twin.events.things import SuspicionReason, TagSuspected, ZoneChanged, ZoneConfirmed
from twin.ledger.subscriptions import Subscription
from twin.ports import Stored

NAME = "server.copies"
SOURCE = "twin:server.copies"
_FOLLOWED: tuple[type[Event], ...] = (ZoneChanged, ZoneConfirmed, TagSuspected)
_REST_S = 1.0  # sightings come by thousands, and a copy is found by minutes, not by milliseconds
_REST_US = DAY_US  # after so long without another proof a suspicion is over: gateways confirm every few minutes
_MOST_TAGS = 65_536  # more than a hospital has; tags that come from outside must not fill the memory


@dataclass(frozen=True, slots=True)
class Sighting:
    """A gateway's word on which chip bears a code.

    Parameters
    ----------
    tag, chip : str
        Code, and number of the chip, upper-case hex.
    source : str
        Which gateway.
    zone : str
        Id of the place.
    at : int
        UTC microseconds.
    cause : str
        Id of the event that says so.
    """

    tag: str
    chip: str
    source: str
    zone: str
    at: int
    cause: str


@dataclass(slots=True)
class _Code:
    by_source: dict[str, Sighting] = field(default_factory=dict)
    proved_at: int = 0


class ChipTurns:
    """Follows which gateway told which chip last under each code, and tells of codes that two chips bear at once."""

    def __init__(self) -> None:
        self._codes: dict[str, _Code] = {}
        self._suspected: set[str] = set()

    def take_up(self, tag: str, proved_at: int) -> None:
        """Go on with a suspicion of before a restart; when it was raised, UTC microseconds."""
        self._codes.setdefault(tag, _Code()).proved_at = proved_at
        self._suspected.add(tag)

    def settle(self, tag: str) -> None:
        """Take somebody's word that a copy is gone: what was known of the tag until now proves nothing any more."""
        self._suspected.discard(tag)
        self._codes.pop(tag, None)

    def over(self, now: int) -> list[TagSuspected]:
        """Give the suspicions without a proof for a day, also of tags that nobody reads any more; UTC microseconds."""
        ended = [tag for tag in self._suspected if now - self._codes[tag].proved_at >= _REST_US]
        return [self._end(tag, now) for tag in sorted(ended)]

    def _end(self, tag: str, now: int) -> TagSuspected:
        code = self._codes[tag]
        newest = max(code.by_source.values(), key=lambda one: one.at, default=None)
        told = TagSuspected(
            thing=tag,
            occurred_at=now,
            source=SOURCE,
            source_key=f"{tag}/{code.proved_at}/over",  # the same end, told again after a crash, is one event
            reason=SuspicionReason.TWO_CHIPS,
            zone=newest.zone if newest else "",
            other_zone="",
            tid=newest.chip if newest else "",
            is_over=True,
        )
        self._suspected.discard(tag)
        code.proved_at = 0
        return told

    def take(self, seen: Sighting) -> TagSuspected | None:
        """Take in a sighting and give the suspicion that it raises.

        Parameters
        ----------
        seen : Sighting
            In the order in which the core was told; of a gateway's own older ones nothing is learnt.
        """
        code = self._codes.get(seen.tag)
        if code is None:
            if len(self._codes) >= _MOST_TAGS:
                del self._codes[next(one for one in self._codes if one not in self._suspected)]
            code = self._codes[seen.tag] = _Code()
        before = code.by_source.get(seen.source)
        if before is not None and seen.at < before.at:
            return None
        code.by_source[seen.source] = seen
        other = self._other_chip_since(code, before, seen)
        if other is None:
            return None
        code.proved_at = seen.at
        if seen.tag in self._suspected:
            return None
        self._suspected.add(seen.tag)
        return _suspected(seen, other)

    def _other_chip_since(self, code: _Code, before: Sighting | None, seen: Sighting) -> Sighting | None:
        """Give another gateway's sighting of another chip between two of one gateway that tell the same chip."""
        if before is None or before.chip != seen.chip:
            return None
        others = [
            one
            for one in code.by_source.values()
            if one.chip != seen.chip and one.source != seen.source and before.at < one.at < seen.at
        ]
        return max(others, key=lambda one: one.at, default=None)


def _suspected(seen: Sighting, other: Sighting) -> TagSuspected:
    return TagSuspected(
        thing=seen.tag,
        occurred_at=seen.at,
        source=SOURCE,
        source_key=seen.cause,  # the same sighting, delivered again after a crash, is the same suspicion
        causation=seen.cause,
        reason=SuspicionReason.TWO_CHIPS,
        zone=seen.zone,
        other_zone=other.zone,
        tid=seen.chip,
        other=other.chip,
    )


class CopyWatch:
    """Follows the ledger for sightings with chips, and records what they raise.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._turns = ChipTurns()

    def start(self) -> Subscription:
        """Take up open suspicions, then follow the ledger from where it was left."""
        live = self._hospital.live
        with self._hospital.ledger.steady:
            for alarm in (live.alarms[one] for one in live.index.active_alarms):
                if ("reason", SuspicionReason.TWO_CHIPS.value) in alarm.parameters:
                    self._turns.take_up(alarm.subject_id, alarm.raised_at)
        return self._hospital.ledger.subscribe(NAME, self.follow, kinds=_FOLLOWED, rest_s=_REST_S)

    def follow(self, batch: Sequence[Stored]) -> None:
        """Take in events in ledger order."""
        told: list[Event] = []
        for stored in batch:
            event = stored.event
            if isinstance(event, TagSuspected) and event.is_over and event.source.startswith("user:"):
                self._turns.settle(event.thing)
            elif (seen := _sighting(event)) and (found := self._turns.take(seen)):
                told.append(found)
        # Any sighting tells the time: of the tag itself there may be none any more.
        told += self._turns.over(self._hospital.clock.now())
        if told:
            self._hospital.record_now(told)


def _sighting(event: Event) -> Sighting | None:
    if not isinstance(event, (ZoneChanged, ZoneConfirmed)) or not event.tid:  # a union costs three times a tuple
        return None
    return Sighting(event.thing, event.tid, event.source, event.zone, event.occurred_at, event.id)
