"""What one replication leaves behind: counts and sums, from which every measure is made."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.model.plan import EventLog, Floats, Integers, Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """Counts and sums of one replication; pools, classes and nodes in the order of the pathway.

    Parameters
    ----------
    events : int
        Calendar events carried out.
    patients : int
        Patients who arrived, without those in place at the start.
    inside : int
        Patients inside at the end.
    window_us : int
        Microseconds from the end of the warm-up to the end.
    areas : Floats
        Shape (pools, 5): busy, staffed, waiting, overtime and turnover units times microseconds in the window.
    waits : Floats
        Shape (seizes, classes, 6): grants in the window, sum, sum of squares and greatest of their waits in
        microseconds, leavers and the sum of their waits.
    wait_bins : Integers
        Shape (seizes, bins): waits of all classes by size, 32 bins to a doubling.
    stays : Floats
        Shape (classes, 7). By cohort: arrived after the warm-up, of these left, and sum, sum of squares, greatest of
        their stays. By window: who left after the warm-up, whenever they came, and the sum of their stays.
    stay_bins : Integers
        Shape (classes, bins): stays of those who left, by size.
    exits : Integers
        Shape (nodes, classes): patients who left there in the window.
    audits : Integers
        Shape (audits, 4 * pools + 1): busy, waiting, in turnover and on duty of each pool, then patients inside.
    log : EventLog | None
        If it was asked for.
    waiting : tuple[Waiting, ...]
        Who waits for units, for a batch or for branches at the end.
    under_way : tuple[str, ...]
        Node of everybody else inside, sorted; told only where somebody waits for a batch, whom they may yet join.
    """

    events: int
    patients: int
    inside: int
    window_us: int
    areas: Floats
    waits: Floats
    wait_bins: Integers
    stays: Floats
    stay_bins: Integers
    exits: Integers
    audits: Integers
    log: EventLog | None = None
    waiting: tuple[Waiting, ...] = ()
    under_way: tuple[str, ...] = ()
