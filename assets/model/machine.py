"""A machine that reprocesses, where its samples are found, and where its cycle detection stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from assets.model.programme import MachineKind

DEFAULT_QUANTITIES: dict[str, tuple[str, ...]] = {
    "control_c": ("control_c", "chamber_temperature_c", "temperature_c"),
    "record_c": ("record_c", "record_temperature_c"),
    "pressure_kpa": ("pressure_kpa", "chamber_pressure_kpa"),
    "phase": ("phase",),
    "door": ("door",),
    "alarm": ("alarm",),
    "cycle_number": ("cycle_number",),
    "heartbeat": ("heartbeat",),
    "programme": ("programme",),
    "state": ("machine_state",),
}
"""Names under which a channel's samples may be found in telemetry, the most telling first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A reprocessing machine; it is an asset as well, under the same id.

    Parameters
    ----------
    id, place : str
        Asset id, and where its loads come out.
    kind : MachineKind
        How it works.
    device : str
        Name of the device in telemetry; the id if empty.
    programmes : dict[int, str]
        Programme id by the machine's own programme code; key 0 is the one to take when the machine names none.
    quantities : dict[str, tuple[str, ...]]
        Telemetry names per channel, where they differ from the usual ones.
    leading : str
        Channel that tells whether a cycle runs: ``phase`` or ``state``, or ``control_c``.
    idle_codes : tuple[int, ...]
        Values of phase or state at which no cycle runs; an aborted cycle still runs, so that its end is judged.
    start_above_c, end_below_c : float
        Where a machine gives no phase and no state: a cycle is what lies between these temperatures, °C.
    """

    id: str
    kind: MachineKind = MachineKind.STEAM
    place: str = ""
    device: str = ""
    programmes: dict[int, str] = field(default_factory=dict)
    quantities: dict[str, tuple[str, ...]] = field(default_factory=dict)
    leading: str = "phase"
    idle_codes: tuple[int, ...] = (0, 7)
    # Two temperatures, not one: a chamber that hovers about a single limit would begin a cycle at every wobble.
    start_above_c: float = 90.0
    end_below_c: float = 85.0

    @property
    def telemetry_device(self) -> str:
        """Name under which its samples are stored."""
        return self.device or self.id

    def names_of(self, channel: str) -> tuple[str, ...]:
        """Give the telemetry names of a channel."""
        return self.quantities.get(channel) or DEFAULT_QUANTITIES[channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCycle:
    """A cycle that was seen to begin and not yet to end.

    Parameters
    ----------
    start_us, last_us : int
        First and latest running sample, UTC microseconds.
    number : int
        The machine's cycle number; -1 if it gives none.
    programme : int
        The machine's programme code; 0 if it gives none.
    idle_us : int
        First idle sample after the latest running one; 0 if there is none.
    """

    start_us: int
    last_us: int
    number: int = -1
    programme: int = 0
    idle_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionState:
    """Where the detection of one machine's cycles stands; enough to go on after a restart.

    Parameters
    ----------
    watermark_us : int
        Latest sample that was looked at, UTC microseconds.
    open : OpenCycle or None
        The running cycle.
    """

    watermark_us: int = 0
    open: OpenCycle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedStart:
    """A cycle began."""

    start_us: int
    number: int
    programme: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedEnd:
    """A cycle ended; ``end_us`` is the first instant that does not belong to it."""

    start_us: int
    end_us: int
    number: int
    programme: int


CHANNEL_BY_QUANTITY: dict[str, str] = {name: channel for channel, names in DEFAULT_QUANTITIES.items() for name in names}
"""Channel of each usual telemetry name."""
