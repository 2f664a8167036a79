"""The closed-loop oracle: a hospital with a hidden truth that tells it through the real doors, badly.

Patients are admitted, moved, swapped, sent on leave, discharged, and leave; things with tags go from zone to zone. All
of it is told as HL7 messages (framed, read, stored, acknowledged by the intake) and as events of a gateway; on the way
some are lost (and sent again half a minute later, as both doors' acknowledgements make senders do), some come twice,
some are held back for up to ten minutes. The truth is kept apart, so that the twin can be compared with it.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from interop.hl7v2.message import read_message
from interop.service.intake import Intake
from interop.service.messages import take_in
from server.listening import intake_of
from server.wiring import Hospital
from twin.clock import HOUR_US, MINUTE_US, SECOND_US, ManualClock, to_datetime
from twin.events.envelope import Event
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.things import BearerKind, TagBound, ZoneChanged
from twin.state.live import LiveState

START = 1_767_600_000_000_000  # 2026-01-05T08:00:00Z
ALLOWANCE_US = 2 * MINUTE_US
RESEND_US = 30 * SECOND_US
MOVES_PER_HOUR = 0.35  # of a tagged thing

Pair = tuple[str, str]
Told = bytes | Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much hospital, for how long, told how badly."""

    beds: int
    tags: int
    hours: float
    loss: float = 0.02
    duplicates: float = 0.05
    reordered: float = 0.10
    seed: int = 1


@dataclass(slots=True)
class Truth:
    """What was so when: value by (thing, facet) in order of time."""

    times: defaultdict[Pair, list[int]] = field(default_factory=lambda: defaultdict(list))
    values: defaultdict[Pair, list[str]] = field(default_factory=lambda: defaultdict(list))

    def set(self, thing: str, facet: str, value: str, at: int) -> None:
        self.times[thing, facet].append(at)
        self.values[thing, facet].append(value)

    def during(self, pair: Pair, start: int, end: int) -> set[str]:
        """Give every value that was so between two instants; none before the thing existed."""
        times, values = self.times[pair], self.values[pair]
        first, last = bisect_right(times, start), bisect_right(times, end)
        found = set(values[max(first - 1, 0) : last]) if last else set()
        return found if first else found | {""}


@dataclass
class Hidden:
    """The simulated hospital: makes its truth and what it says about it."""

    scale: Scale
    truth: Truth = field(default_factory=Truth)
    said: list[tuple[int, Told]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.scale.seed)
        self.wards = [f"W{number}" for number in range(max(self.scale.beds // 10, 2))]
        self.beds = [f"{self.wards[number % len(self.wards)]}-R-{number}" for number in range(self.scale.beds)]
        self._free = list(self.beds)
        self._visits = 0
        self._queue: list[tuple[int, int, str, str]] = []
        self._where: dict[str, str] = {}
        self._live()

    def places(self) -> list[PlaceDefined]:
        head = {"occurred_at": 1_000_000, "source": "import:oracle"}
        made = [PlaceDefined(thing="H", kind=PlaceKind.SITE, name="H", source_key="H", **head)]  # type: ignore[arg-type]
        for ward in self.wards:
            made.append(
                PlaceDefined(thing=ward, kind=PlaceKind.WARD, name=ward, parent="H", source_key=ward, **head)  # type: ignore[arg-type]
            )
        for bed in self.beds:
            ward = bed.partition("-")[0]
            made.append(
                PlaceDefined(thing=bed, kind=PlaceKind.BED, name=bed, parent=ward, source_key=bed, **head)  # type: ignore[arg-type]
            )
        return made

    def _say(self, trigger: str, visit: str, at: int, **fields: str) -> None:
        moment = to_datetime(at).strftime("%Y%m%d%H%M%S") + f".{at % 1_000_000 // 100:04d}"
        pv1 = [""] * 20
        pv1[0:3], pv1[6], pv1[19] = ["PV1", "", "I"], fields.get("prior", ""), f"{visit}^^^HOSP^VN"
        pv1[3] = fields.get("bed", "")
        lines = (
            f"MSH|^~\\&|ADT|HOSP|TWIN|HOSP|{moment}||ADT^{trigger}|C{len(self.said)}|P|2.5",
            f"EVN|{trigger}|{moment}",
            f"PID|||MRN{visit}^^^HOSP^MR||FAMILYNAME^GIVENNAME",
            "|".join(pv1),
        )
        self.said.append((at, "\r".join(lines).encode() + b"\r"))

    @staticmethod
    def _pl(bed: str) -> str:
        return "^".join(bed.split("-"))

    def _set(self, visit: str, at: int, **facets: str) -> None:
        for facet, value in facets.items():
            self.truth.set(visit, facet, value, at)

    def _live(self) -> None:
        chance, ends = self._chance, START + int(self.scale.hours * HOUR_US)
        for _ in range(int(self.scale.beds * 0.8)):
            self._push(START + chance.randrange(HOUR_US), "admit", "")
        while self._queue:
            at, _number, step, visit = heapq.heappop(self._queue)
            if at < ends:
                getattr(self, f"_{step}")(visit, at - at % 100)
        for number in range(self.scale.tags):
            self._roam(f"TAG-{number:05}", ends)
        self.said.sort(key=lambda one: one[0])

    def _push(self, at: int, step: str, visit: str) -> None:
        heapq.heappush(self._queue, (at, self._chance.getrandbits(60), step, visit))

    def _hours(self, mean: float) -> int:
        return int(self._chance.expovariate(1 / mean) * HOUR_US) + 20 * MINUTE_US

    def _take_bed(self) -> str:
        return self._free.pop(self._chance.randrange(len(self._free))) if self._free else ""

    def _admit(self, _visit: str, at: int) -> None:
        bed = self._take_bed()
        if not bed:
            self._push(at + HOUR_US, "admit", "")
            return
        self._visits += 1
        visit = f"V{self._visits}"
        self._where[visit] = bed
        self._say("A01", visit, at, bed=self._pl(bed))
        self._set(visit, at, status="in-progress", place=bed, present=bed)
        self._push(at + self._hours(30), self._chance.choice(("transfer", "discharge", "leave", "discharge")), visit)

    def _transfer(self, visit: str, at: int) -> None:
        bed, old = self._take_bed(), self._where[visit]
        if bed:
            self._say("A02", visit, at, bed=self._pl(bed), prior=self._pl(old))
            if self._chance.random() < 0.1:  # an error, taken back five minutes later
                self._set(visit, at, place=bed, present=bed)
                self._push(at + 5 * MINUTE_US, "cancel_transfer", f"{visit}/{bed}/{at}")
                return
            self._set(visit, at, place=bed, present=bed)
            self._where[visit] = bed
            self._free.append(old)
        self._push(at + self._hours(24), "discharge", visit)

    def _cancel_transfer(self, told: str, at: int) -> None:
        visit, bed, _since = told.split("/")
        self._say("A12", visit, at, bed=self._pl(self._where[visit]))
        self._set(visit, at, place=self._where[visit], present=self._where[visit])
        self._free.append(bed)
        self._push(at + self._hours(24), "discharge", visit)

    def _leave(self, visit: str, at: int) -> None:
        self._say("A21", visit, at, bed=self._pl(self._where[visit]))
        self._set(visit, at, status="onleave", present="")
        self._push(at + self._hours(6), "back", visit)

    def _back(self, visit: str, at: int) -> None:
        self._say("A22", visit, at, bed=self._pl(self._where[visit]))
        self._set(visit, at, status="in-progress", present=self._where[visit])
        self._push(at + self._hours(12), "discharge", visit)

    def _discharge(self, visit: str, at: int) -> None:
        self._say("A03", visit, at, bed=self._pl(self._where[visit]))
        self._set(visit, at, status="finished", place="")
        self._push(at + 15 * MINUTE_US + self._chance.randrange(HOUR_US), "depart", visit)

    def _depart(self, visit: str, at: int) -> None:
        self._say("A09", visit, at, prior=self._pl(self._where[visit]))
        self._set(visit, at, present="")
        self._free.append(self._where.pop(visit))
        self._push(at + self._hours(2), "admit", "")

    def _roam(self, tag: str, ends: int) -> None:
        chance, at, number = self._chance, START, 0
        head = {"thing": tag, "source": "gateway:oracle"}
        bound = TagBound(
            **head,
            occurred_at=START - 1,
            source_key=f"{tag}/b",
            bearer=f"A-{tag}",
            bearer_kind=BearerKind.ASSET,  # type: ignore[arg-type]
        )
        self.said.append((START, bound))
        zone = chance.choice(self.wards)
        while at < ends:
            self.said.append((at, ZoneChanged(**head, occurred_at=at, source_key=f"{tag}/{number}", zone=zone)))  # type: ignore[arg-type]
            self.truth.set(tag, "zone", zone, at)
            number, zone = number + 1, chance.choice(self.wards)
            at += int(chance.expovariate(MOVES_PER_HOUR) * HOUR_US) + MINUTE_US

    def deliveries(self) -> list[tuple[int, Told]]:
        """Give what arrives when: lost ones are sent again, some come twice, some late."""
        chance, scale = random.Random(self.scale.seed + 1), self.scale
        found: list[tuple[int, int, Told]] = []
        for at, told in self.said:
            arrives = at + chance.randrange(2 * SECOND_US)
            while chance.random() < scale.loss:
                arrives += RESEND_US
            if chance.random() < scale.reordered:
                arrives += chance.randrange(10 * MINUTE_US)
            found.append((arrives, len(found), told))
            if chance.random() < scale.duplicates:
                found.append((arrives + chance.randrange(5 * MINUTE_US), len(found), told))
        return [(at, told) for at, _number, told in sorted(found, key=lambda one: one[:2])]


@dataclass(slots=True)
class Score:
    """How many (thing, facet) pairs were right at random instants, and at the end."""

    right: int = 0
    pairs: int = 0
    end_right: int = 0
    end_pairs: int = 0
    wrong: list[tuple[int, Pair, str, set[str]]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.right / self.pairs if self.pairs else 0.0


def _twin_says(state: LiveState, pair: Pair, intake: Intake) -> str:
    thing, facet = pair
    if facet == "zone":
        tag = state.tags.get(thing)
        sighting = tag.sighting if tag is not None else None
        return sighting.zone if isinstance(sighting, ZoneChanged) else ""
    encounter = state.encounters.get(intake.vault.pseudonym("visit", "HOSP", thing))
    if encounter is None:
        return ""
    return encounter.status.value if facet == "status" else str(getattr(encounter, facet))


def _batches(deliveries: list[tuple[int, Told]], probes: list[int]) -> Iterator[tuple[int, list[Told]]]:
    """Give what arrives up to each probe."""
    position = 0
    for probe in probes:
        held: list[Told] = []
        while position < len(deliveries) and deliveries[position][0] <= probe:
            held.append(deliveries[position][1])
            position += 1
        yield probe, held
    yield deliveries[-1][0] + MINUTE_US, [told for _, told in deliveries[position:]]


def _hear(hospital: Hospital, intake: Intake, told: list[Told], now: int) -> None:
    """Take in what arrived, in its order: messages through the intake, readings through the ledger."""
    for start in range(0, len(told), 500):
        part = told[start : start + 500]

        def use_case(session: object, part: list[Told] = part) -> None:
            events: list[Event] = []
            for one in part:
                if isinstance(one, bytes):
                    take_in(session, intake, data=one, message=read_message(one), now=now)  # type: ignore[arg-type]
                else:
                    events.append(one)
            hospital.ledger.append(session, events)  # type: ignore[arg-type]

        hospital.write_now(use_case)


def compare(hospital: Hospital, clock: ManualClock, scale: Scale, *, probes: int) -> Score:
    """Let a hospital tell its truth badly, and compare the twin with it at random instants and at the end.

    Parameters
    ----------
    hospital : Hospital
        Empty, open.
    clock : ManualClock
        Its time.
    scale : Scale
        How much.
    probes : int
        At how many random instants.
    """
    hidden = Hidden(scale)
    hospital.record_now(hidden.places())
    intake, score, chance = intake_of(hospital), Score(), random.Random(scale.seed + 2)
    last = START + int(scale.hours * HOUR_US)
    instants = sorted(chance.randrange(START + HOUR_US, last) for _ in range(probes))
    for at, told in _batches(hidden.deliveries(), instants):
        clock.set(at)
        _hear(hospital, intake, told, at)
        is_end = at > last
        for pair in list(hidden.truth.times):
            found, expected = _twin_says(hospital.live, pair, intake), hidden.truth.during(pair, at - ALLOWANCE_US, at)
            if is_end:
                score.end_pairs += 1
                score.end_right += found == hidden.truth.values[pair][-1]
            else:
                score.pairs += 1
                score.right += found in expected
            if found not in expected:
                score.wrong.append((at, pair, found, expected))
    return score
