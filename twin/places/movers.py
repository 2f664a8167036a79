"""Who moves through the house, how fast, and what they cannot pass."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twin.events.places import PathDefined, PathKind


class Mover(StrEnum):
    """Class of mover."""

    PERSON = "person"
    CART = "cart"
    BED = "bed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverProfile:
    """What one class of mover can do.

    Parameters
    ----------
    speed_m_per_s : float
        On the level, above 0.
    ramp_speed_m_per_s : float
        On ramps, above 0.
    clear_width_m : float
        Narrowest width that it passes, metres.
    stairs_s_per_floor : float
        Seconds per storey on stairs; 0 means that it cannot use them.
    lift_wait_s : float
        Mean wait for a lift, doors included, seconds.
    lift_ride_s_per_floor : float
        Ride per storey, seconds.
    door_s : float
        Extra seconds to open and pass a door.
    """

    speed_m_per_s: float
    ramp_speed_m_per_s: float
    clear_width_m: float
    stairs_s_per_floor: float
    lift_wait_s: float
    lift_ride_s_per_floor: float
    door_s: float

    def __post_init__(self) -> None:
        """Refuse speeds at which nobody ever arrives, and times that run backwards."""
        if not (self.speed_m_per_s > 0 and self.ramp_speed_m_per_s > 0):
            raise ValueError(f"Expected speeds above 0 m/s, got {self.speed_m_per_s} and {self.ramp_speed_m_per_s}.")
        times = (self.stairs_s_per_floor, self.lift_wait_s, self.lift_ride_s_per_floor, self.door_s, self.clear_width_m)
        if min(times) < 0:
            raise ValueError(f"Expected times and widths of at least 0, got {min(times)}.")

    def seconds(self, path: PathDefined) -> float | None:
        """Give the seconds that a path takes, or None if this mover cannot pass it."""
        if path.width_m < self.clear_width_m:
            return None
        if path.kind is PathKind.STAIRS:
            if not self.stairs_s_per_floor:
                return None
            return abs(path.floors) * self.stairs_s_per_floor + path.length_m / self.speed_m_per_s
        if path.kind is PathKind.LIFT:
            ride_s = self.lift_wait_s + abs(path.floors) * self.lift_ride_s_per_floor
            return ride_s + path.length_m / self.speed_m_per_s
        if path.kind is PathKind.RAMP:
            return path.length_m / self.ramp_speed_m_per_s
        door_s = self.door_s if path.kind is PathKind.DOOR else 0.0
        return path.length_m / self.speed_m_per_s + door_s


DEFAULT_PROFILES: dict[Mover, MoverProfile] = {
    # Assumptions of ours, to be replaced by a hospital's own measurements: brisk indoor walking, a pushed cart, two
    # porters with a bed; a bed needs 1.1 m of clear width and waits for a bed lift.
    Mover.PERSON: MoverProfile(
        speed_m_per_s=1.3,
        ramp_speed_m_per_s=1.1,
        clear_width_m=0.6,
        stairs_s_per_floor=18.0,
        lift_wait_s=35.0,
        lift_ride_s_per_floor=4.0,
        door_s=2.0,
    ),
    Mover.CART: MoverProfile(
        speed_m_per_s=1.0,
        ramp_speed_m_per_s=0.7,
        clear_width_m=0.8,
        stairs_s_per_floor=0.0,
        lift_wait_s=45.0,
        lift_ride_s_per_floor=4.0,
        door_s=5.0,
    ),
    Mover.BED: MoverProfile(
        speed_m_per_s=0.8,
        ramp_speed_m_per_s=0.5,
        clear_width_m=1.1,
        stairs_s_per_floor=0.0,
        lift_wait_s=60.0,
        lift_ride_s_per_floor=4.0,
        door_s=8.0,
    ),
}
"""Profiles used unless a hospital gives its own."""
