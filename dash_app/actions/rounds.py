"""Rounds at the task board: planned, looked at, applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from dash_app.actions.port import Commands
from scheduling.service.rounds import Applied, Given, RoundPlan, RoundSettings, apply_rounds
from scheduling.service.tasks import Step
from twin.access import Permission
from twin.errors import Unavailable

NAME = "rounds"


class RoundDesk(Protocol):
    """Plans rounds of the present tasks; ``server`` fills it in."""

    def plan(self, settings: RoundSettings) -> RoundPlan:
        """Give planned rounds beside the present ones; nothing changes."""


class HasRounds(Commands, Protocol):
    """What planning rounds needs of the hospital."""

    @property
    def services(self) -> Mapping[str, object]:
        """Offered services, the round desk among them."""


def plan(port: HasRounds) -> RoundPlan:
    """Plan all tasks anew that nobody has begun; nothing changes.

    Raises
    ------
    Unavailable
        If nobody plans rounds here.
    """
    port.actor().require(Permission.TASKS_ASSIGN)
    desk = port.services.get(NAME)
    if desk is None:
        raise Unavailable("No rounds are planned here: use `hospital-twin serve`.")
    return cast("RoundDesk", desk).plan(RoundSettings(is_anew=True))


def apply(port: Commands, changes: Sequence[Mapping[str, object]]) -> Applied:
    """Give tasks out as planned; what somebody changed since is passed over.

    Parameters
    ----------
    port : Commands
        The hospital.
    changes : Sequence[Mapping]
        As :func:`kept` has given them to the page.
    """
    port.actor().require(Permission.TASKS_ASSIGN)
    actor, now = port.actor(), port.clock.now()
    step = Step(command_id=f"{actor.id}:rounds:{now}", actor=actor.id, at=now)
    given = [
        Given(
            task=str(each["task"]),
            assignee=str(each["assignee"]),
            position=int(str(each["position"])),
            expected_at=0,
            version=int(str(each["version"])),
        )
        for each in changes
    ]
    return port.writer.run(lambda session: apply_rounds(session, ledger=port.ledger, step=step, given=given))


def kept(plan_made: RoundPlan) -> list[dict[str, object]]:
    """Give the changes of a plan as the page keeps them until they are applied."""
    return [
        {"task": each.task, "assignee": each.assignee, "position": each.position, "version": each.version}
        for each in plan_made.changed
    ]
