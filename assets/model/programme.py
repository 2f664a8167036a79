"""What a machine's programme promises and which evidence a verdict on it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class MachineKind(StrEnum):
    """How a machine reprocesses."""

    STEAM = "steam"
    WASHER_DISINFECTOR = "washer_disinfector"
    LOW_TEMPERATURE = "low_temperature"
    ENDOSCOPE_WASHER = "endoscope_washer"
    ULTRAVIOLET = "ultraviolet"


class Evidence(StrEnum):
    """One kind of proof that a programme may require of a cycle."""

    CONTROL_TEMPERATURE = "control_temperature"
    RECORD_TEMPERATURE = "record_temperature"
    PRESSURE = "pressure"
    PHASE = "phase"
    DOOR = "door"
    ALARM = "alarm"
    CYCLE_NUMBER = "cycle_number"
    HEARTBEAT = "heartbeat"
    AIR_REMOVAL_TEST = "air_removal_test"
    LEAK_TEST = "leak_test"
    CALIBRATION = "calibration"
    MAINTENANCE = "maintenance"
    NO_OPEN_NOTICE = "no_open_notice"
    PRINTOUT = "printout"


TEMPERATURE_AND_PRESSURE = frozenset({Evidence.CONTROL_TEMPERATURE, Evidence.PRESSURE})
# A printout proves cycles that are entered by hand; no cycle has to prove itself by samples and paper at once.
FULL_STEAM_EVIDENCE = frozenset(Evidence) - {Evidence.PRINTOUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drying:
    """Vacuum that must be held after the plateau.

    Parameters
    ----------
    pressure_kpa : float
        At or below this absolute pressure, kPa.
    duration_s : float
        For at least this long in all, seconds.
    """

    pressure_kpa: float
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulses:
    """Vacuum pulses that must come before the plateau.

    Parameters
    ----------
    count : int
        How many at least.
    low_kpa, high_kpa : float
        A pulse goes to or below ``low_kpa`` and then to or above ``high_kpa``, absolute kPa.
    """

    count: int
    low_kpa: float
    high_kpa: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Limits of one programme, all as the hospital configured them.

    Parameters
    ----------
    id, name : str
        Key, and what the machine's panel shows.
    kind : MachineKind
        How it works.
    band_low_c, band_high_c : float
        Temperature band of the plateau, °C, both ends included.
    required_hold_s : float
        Shortest continuous time in the band, seconds; above 0.
    required : frozenset[Evidence]
        Proof without which the verdict is undetermined.
    sample_interval_s : float
        Nominal sampling interval, seconds; a gap is more than twice as long.
    max_theoretical_difference_k : float
        Between measured temperature and that of saturated steam at the measured pressure, K.
    max_record_difference_k : float
        Between the controlling and the recording sensor, K.
    min_f0_minutes : float
        Least lethality, minutes; 0 if it is no criterion.
    min_a0_s : float
        Least A0, seconds at 80 °C; 0 if it is no criterion.
    f0_reference_c : float
        Reference temperature of F0, °C.
    air_suspected_share, max_air_share : float
        Share of non-condensable gas in the plateau above which air is suspected, and from which the cycle fails.
    phases : tuple[int, ...]
        Phase codes in the order in which they must be seen; empty if no criterion.
    pulses : Pulses or None
        Vacuum pulses before the plateau.
    drying : Drying or None
        Vacuum after the plateau.
    alarm_mask : int
        Alarm bits that abort a cycle.
    source, edition : str
        Standard or validation report that the limits were taken from.

    Notes
    -----
    Limits stand here as configuration, since the editions of EN 285, ISO 17665 and HTM 01-01 differ and the validated
    figures of a machine's own performance qualification go before all of them.
    """

    id: str
    band_low_c: float
    band_high_c: float
    required_hold_s: float
    name: str = ""
    kind: MachineKind = MachineKind.STEAM
    required: frozenset[Evidence] = field(default=TEMPERATURE_AND_PRESSURE)
    sample_interval_s: float = 1.0
    max_theoretical_difference_k: float = 2.0
    max_record_difference_k: float = 1.0
    min_f0_minutes: float = 0.0
    min_a0_s: float = 0.0
    f0_reference_c: float = 121.1
    # What must never pass; the criterion takes six standard errors of its estimate off, so that noise does not help.
    max_air_share: float = 0.06
    air_suspected_share: float = 0.02
    phases: tuple[int, ...] = ()
    pulses: Pulses | None = None
    drying: Drying | None = None
    alarm_mask: int = 0xFFFFFFFF  # all 32 bits of the generic profile's alarm word
    source: str = ""
    edition: str = ""

    def __post_init__(self) -> None:
        """Refuse limits that no cycle could be judged by."""
        if not self.band_low_c < self.band_high_c:
            raise ValueError(f"Expected band_low_c < band_high_c, got {self.band_low_c} and {self.band_high_c}.")
        for name in ("required_hold_s", "sample_interval_s", "max_theoretical_difference_k", "max_record_difference_k"):
            value = getattr(self, name)
            if not 0 < value < float("inf"):
                raise ValueError(f"Expected {name} above 0 and finite, got {value}.")
