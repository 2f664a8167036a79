"""Calls for help of members of staff: an alarm at once, at the place where the badge is."""

from __future__ import annotations

from server.alarms.conditions import Condition
from server.alarms.engine import AlarmEngine, alarm_id_of
from server.wiring import Hospital
from twin.clock import MINUTE_US

SERVICE = "distress"
DURESS = "staff_duress"
_LATE_US = MINUTE_US


class Distress:
    """Raises the alarm of a member of staff who calls for help.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    engine : AlarmEngine
        Raises and clears.
    """

    def __init__(self, hospital: Hospital, engine: AlarmEngine) -> None:
        self._hospital = hospital
        self._engine = engine

    def start(self) -> None:
        """Take calls from now on."""
        self._hospital.services[SERVICE] = self

    def call(self, tag: str, *, who: str, place: str, at: int) -> str:
        """Raise the alarm, or keep the one that rings already; gives its id.

        Parameters
        ----------
        tag : str
            Id of the badge.
        who, place : str
            What to show of who calls, and the id of where.
        at : int
            When the button was pressed, UTC microseconds.
        """
        live, now = self._hospital.live, self._hospital.clock.now()
        # A call that was held up on its way is still a call: by its own time alone the alarm might be over already.
        at = now if at > now else max(at, now - _LATE_US)
        told = (("who", who), ("place", place))
        on = Condition(alarm_class=DURESS, subject=tag, is_on=True, at=at, place=place, parameters=told)
        self._engine.tell([on, Condition(alarm_class=DURESS, subject=tag, is_on=False, at=at)])
        with self._hospital.ledger.steady:
            active = [live.alarms[key] for key in live.index.active_alarms]
        found = (held.id for held in active if (held.alarm_class, held.subject_id) == (DURESS, tag))
        return next(found, alarm_id_of(on))
