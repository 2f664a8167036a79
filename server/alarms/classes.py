"""The data of each alarm class: what it means, what to do, how soon, who, and when it is raised and cleared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from twin.errors import ConfigurationError
from twin.events.watch import AlarmPriority

SHIPPED = Path(__file__).parent / "classes.toml"


class AlarmClass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One alarm class.

    Parameters
    ----------
    priority : AlarmPriority
        How soon somebody must act.
    message, consequence, action : str
        Message ids; what happened, what follows without response, what to do.
    time_to_respond_s : int
        Seconds until the consequence is likely.
    owner_role : str
        Role that answers for it.
    on_delay_s, off_delay_s : int
        Seconds that the condition must last before raising, and be over before clearing.
    deadband_share : float
        How far past the limit a value must come back, 0 to 1.
    limit_share : float
        Limit of a probability, 0 to 1; 0 where it does not apply.
    limit_s : int
        Limit of a waiting time, seconds; 0 where it does not apply.
    suppresses_children : bool
        Whether alarms of what hangs on the subject are held back while it lasts.
    """

    priority: AlarmPriority
    message: str
    consequence: str
    action: str
    time_to_respond_s: int
    owner_role: str
    on_delay_s: int = 0
    off_delay_s: int = 0
    deadband_share: float = 0.0
    limit_share: float = 0.0
    limit_s: int = 0
    suppresses_children: bool = False


def read_classes(path: Path = SHIPPED) -> Mapping[str, AlarmClass]:
    """Read alarm classes from a TOML file.

    Parameters
    ----------
    path : Path, optional
        The shipped ones by default.

    Raises
    ------
    ConfigurationError
        If a class lacks a field or has an unknown one; it is named.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=dict[str, AlarmClass])
    except (msgspec.DecodeError, msgspec.ValidationError, OSError) as error:
        raise ConfigurationError(f"{path}: {error}: see server/alarms/classes.toml for the shape.") from error
