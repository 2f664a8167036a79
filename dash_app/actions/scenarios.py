"""Keep replacement plans under a name, and drop them."""

from __future__ import annotations

from assets.model.studio import Studio
from assets.service import scenarios
from assets.service.act import Act
from assets.service.replacing import StudioPlan
from dash_app.actions.port import Commands
from twin.access import Permission


def _act(port: Commands, verb: str, name: str) -> Act:
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.DEVICES_WRITE)
    return Act(actor=actor, now=now, key=f"{actor.id}:{verb}:{name}:{now}", ledger=port.ledger)


def keep(port: Commands, name: str, studio: Studio, found: StudioPlan) -> None:
    """Keep a plan under a name; one of the same name is replaced."""
    act = _act(port, "scenario", name)
    kept = scenarios.scenario_of(name, studio, found)
    port.writer.run(lambda session: scenarios.save_scenario(session, act=act, scenario=kept))


def drop(port: Commands, name: str) -> None:
    """Keep a plan no longer."""
    act = _act(port, "scenario-drop", name)
    port.writer.run(lambda session: scenarios.drop_scenario(session, act=act, name=name))
