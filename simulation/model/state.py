"""Patients who are in the hospital already when a run starts."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.model.operations import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace:
    """One patient, or one unit in turnover, as found at the start.

    Parameters
    ----------
    name : str
        Pseudonym, for logs and errors only.
    node : str
        Delay or seize node where it is.
    patient_class : int
        Number of the class.
    elapsed_us : int
        How long the delay has lasted already, or how long it has been waiting at the seize.
    arrived_us : int
        Arrival in microseconds from the start, 0 or negative.
    held : tuple[Need, ...]
        Units in its hands.
    chosen : tuple[tuple[str, str], ...]
        (any-of seize, pool) pairs that tell what such a seize got.
    attributes : tuple[tuple[str, int], ...]
        Attribute values.
    in_turnover : bool
        Whether it is a unit being turned over rather than a patient; ``held`` then names units in turnover too.
    remaining_us : int
        Known rest of the delay, -1 if unknown: then it is drawn given what has elapsed.
    """

    name: str
    node: str
    patient_class: int = 0
    elapsed_us: int = 0
    arrived_us: int = 0
    held: tuple[Need, ...] = ()
    chosen: tuple[tuple[str, str], ...] = ()
    attributes: tuple[tuple[str, int], ...] = ()
    in_turnover: bool = False
    remaining_us: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialState:
    """Everybody in place at the start, those waiting in the order in which they wait.

    Parameters
    ----------
    patients : tuple[InPlace, ...]
        Patients and units in turnover.
    """

    patients: tuple[InPlace, ...] = ()
