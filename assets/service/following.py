"""The follower of machine samples: from telemetry to cycles, exactly once also across restarts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from sqlmodel import Session

from assets.model.cycle import FloatArray, IntArray
from assets.model.machine import CHANNEL_BY_QUANTITY, DEFAULT_QUANTITIES, Machine
from assets.service.cycles import MachineSamples, SampleReader, follow
from assets.tables.reprocessing import find_machine_by_device, machine_of_row
from assets.tables.rows import FollowRow
from twin.ports import EventSink

NAME = "assets.cycles"

T = TypeVar("T")


class Samples(Protocol):
    """Samples of one quantity of one device, as telemetry gives them."""

    @property
    def device(self) -> str:
        """Name of the device."""

    @property
    def quantity(self) -> str:
        """What was measured."""

    @property
    def times_us(self) -> IntArray:
        """Instants, ascending."""

    @property
    def values(self) -> FloatArray:
        """Values."""

    @property
    def quality(self) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """0 is good."""


class Numbered(Protocol):
    """A stored chunk with its number."""

    @property
    def sequence(self) -> int:
        """Number in order of storing."""

    @property
    def chunk(self) -> Samples:
        """The samples."""


class SampleStore(Protocol):
    """What reads stored samples."""

    def read(self, session: Session, device: str, quantity: str, start: int, end: int) -> Samples:
        """Give the samples of a time."""


class CycleFollower:
    """Turns chunks of samples into cycles, in the writer's transactions.

    Parameters
    ----------
    run : Callable
        Runs a use case in a transaction and waits; ``database.writer.run``.
    ledger : EventSink
        Where starts and ends of cycles go.
    store : SampleStore
        Where the samples of whole cycles are read.
    """

    def __init__(
        self, *, run: Callable[[Callable[[Session], None]], None], ledger: EventSink, store: SampleStore
    ) -> None:
        self._run = run
        self._ledger = ledger
        self._store = store

    def __call__(self, chunks: Sequence[Numbered]) -> None:
        """Deal with chunks in order; what was dealt with before is passed over."""
        if chunks:
            self._run(lambda session: self.follow(session, chunks))

    def follow(self, session: Session, chunks: Sequence[Numbered]) -> None:
        """Deal with chunks in one transaction.

        Parameters
        ----------
        session : Session
            The transaction.
        chunks : Sequence[Numbered]
            In order of their numbers.
        """
        position = session.get(FollowRow, NAME) or FollowRow(name=NAME)
        fresh = [numbered for numbered in chunks if numbered.sequence > position.sequence]
        if not fresh:
            return
        for device in dict.fromkeys(numbered.chunk.device for numbered in fresh):
            row = find_machine_by_device(session, device)
            if row is None:
                continue
            channels = _channels(machine_of_row(row), [n.chunk for n in fresh if n.chunk.device == device])
            samples = MachineSamples(machine=row, channels=channels)
            events = follow(session, samples=samples, read=good_reader(self._store))
            if events:
                self._ledger.append(session, events)
        # In the transaction of the cycles themselves: after a crash neither is ahead of the other.
        position.sequence = fresh[-1].sequence
        session.add(position)
        session.flush()


def good_reader(store: SampleStore) -> SampleReader:
    """Give the reader of a store's good values; a value of bad quality is no evidence."""

    def read(session: Session, device: str, quantity: str, start: int, end: int) -> tuple[IntArray, FloatArray]:
        found = store.read(session, device, quantity, start, end)
        good = (found.quality == 0) & np.isfinite(found.values)
        return found.times_us[good], found.values[good]

    return read


def _channels(machine: Machine, chunks: Sequence[Samples]) -> dict[str, tuple[IntArray, FloatArray]]:
    """Put all chunks of one channel together, in order of time."""
    names = dict(CHANNEL_BY_QUANTITY)
    for channel in DEFAULT_QUANTITIES:
        names.update(dict.fromkeys(machine.names_of(channel), channel))
    parts: dict[str, list[Samples]] = {}
    for chunk in chunks:
        found = names.get(chunk.quantity)
        if found is not None:
            parts.setdefault(found, []).append(chunk)
    return {channel: _joined(held) for channel, held in parts.items()}


def _joined(chunks: Sequence[Samples]) -> tuple[IntArray, FloatArray]:
    times = np.concatenate([chunk.times_us for chunk in chunks])
    values = np.concatenate([chunk.values for chunk in chunks])
    good = np.concatenate([chunk.quality == 0 for chunk in chunks]) & np.isfinite(values)
    # Stable: of two samples of one instant the one that was stored first stays first.
    order = np.argsort(times[good], kind="stable")
    return times[good][order], values[good][order]


def position(session: Session) -> int:
    """Give the number of the last chunk that was dealt with, from which a subscription goes on."""
    row = session.get(FollowRow, NAME)
    return row.sequence if row is not None else 0
