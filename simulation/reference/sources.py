"""Arrivals of the readable engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from simulation.model.arrivals import Planned, PoissonRates, Renewal, Stream
from simulation.model.distributions import Distribution
from simulation.model.pathway import Pathway
from simulation.model.plan import Mark, Phase, RunPlan
from simulation.numerics import draws, laws, sources
from simulation.reference.tokens import Token


class House(Protocol):
    """What arrivals need of the replication."""

    plan: RunPlan
    pathway: Pathway
    sites: dict[str, int]
    key: np.uint64
    book: sources.LawBook
    inside: int

    @property
    def now(self) -> int:
        """Microseconds from the start."""

    def at(self, delay: int, phase: Phase, action: Callable[[], None]) -> None:
        """Do something after a delay, in a phase."""

    def sample(self, distribution: Distribution, u: float) -> int:
        """Give a duration in whole microseconds."""

    def log(self, token: Token, mark: Mark, value: int = 0, node: str = "") -> None:
        """Write a row of the event log."""

    def begin_later(self, token: Token) -> None:
        """Let a token begin after the step that is under way."""


class ArrivalSources:
    """Lets the patients of every stream come.

    Parameters
    ----------
    hospital : House
        Where they come to.
    """

    def __init__(self, hospital: House) -> None:
        self.hospital = hospital
        self.numbers = sources.stream_numbers(hospital.pathway)
        self.site = hospital.sites[sources.ARRIVAL_SITE]

    def start(self) -> None:
        """Schedule the first arrival of every stream."""
        for index, stream in enumerate(self.hospital.pathway.streams):
            self._schedule(index, stream, self._groups(stream))

    def _draw(self, stream: Stream, number: int, what: int) -> float:
        who = np.uint64(draws.who_of(self.numbers[stream.id], 0, number))
        return draws.draw(self.hospital.key, who, np.uint64(draws.where_of(self.site, 0, what)))

    def _groups(self, stream: Stream) -> Iterator[tuple[int, list[int]]]:
        """Give, as they come due, the instant of each arrival and the numbers of those who arrive."""
        timing = stream.timing
        if isinstance(timing, Planned):
            yield from self._planned(stream, timing)
            return
        now, group, number, piece = 0, 0, 0, 0
        pieces = sources.rate_pieces(timing, self.hospital.plan.span) if isinstance(timing, PoissonRates) else None
        while True:
            u = self._draw(stream, group, sources.GAP)
            if isinstance(timing, Renewal):
                now += self.hospital.sample(timing.gap, u)
            elif pieces is not None:
                now, piece = laws.next_arrival(*pieces, now, piece, u)
            size = 1
            if stream.group_size is not None:
                size = max(self.hospital.sample(stream.group_size, self._draw(stream, group, sources.GROUP)), 1)
            yield int(now), list(range(number, number + size))
            group, number = group + 1, number + size

    def _planned(self, stream: Stream, timing: Planned) -> Iterator[tuple[int, list[int]]]:
        book = self.hospital.book
        law = -1 if timing.lateness is None else book.add(timing.lateness)
        words = (self.numbers[stream.id], self.site)
        times, numbers = sources.planned_instants(self.hospital.key, words, timing, law, book.arrays())
        yield from ((int(time), [int(number)]) for time, number in zip(times, numbers, strict=True))

    def _schedule(self, index: int, stream: Stream, groups: Iterator[tuple[int, list[int]]]) -> None:
        found = next(groups, None)
        hospital = self.hospital
        if found is None or found[0] > hospital.plan.span.horizon_us:
            return
        time, numbers = found

        def arrive() -> None:
            self._schedule(index, stream, groups)
            for number in numbers:
                self._admit(index, stream, number)

        hospital.at(time - hospital.now, Phase.ARRIVAL, arrive)

    def _admit(self, index: int, stream: Stream, number: int) -> None:
        hospital = self.hospital
        patient_class, total = 0, 0.0
        if len(hospital.pathway.classes) > 1:
            u = self._draw(stream, number, sources.CLASS)
            last = len(hospital.pathway.classes) - 1
            for patient_class, share in enumerate(stream.class_shares):
                total += share
                if u <= total or patient_class == last:
                    break
        token = Token(
            stream=index,
            number=number,
            branch=0,
            who=np.uint64(draws.who_of(self.numbers[stream.id], 0, number)),
            patient_class=patient_class,
            arrived=hospital.now,
            node=stream.to,
            name=f"{stream.id} {number}",
        )
        hospital.inside += 1
        hospital.log(token, Mark.ARRIVE, patient_class)
        hospital.begin_later(token)
