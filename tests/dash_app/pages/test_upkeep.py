"""The page of the upkeep: what is out of order stands first, and a failed backup is not overlooked."""

from __future__ import annotations

from dataclasses import replace

from dash.development.base_component import Component

from dash_app.pages import upkeep
from tests.dash_app.small_hospital import NOW, SmallUpkeep, small_port
from twin.clock import MINUTE_US


def texts(component: object) -> list[str]:
    if isinstance(component, (list, tuple)):
        return [text for one in component for text in texts(one)]
    if isinstance(component, Component):
        return texts(getattr(component, "children", None))
    return [] if component is None else [str(component)]


def test_what_is_out_of_order_stands_first():
    said = texts(upkeep._findings(small_port()))

    assert "Looked at: 2, out of order: 1" in said
    assert said.index("backup.fresh") < said.index("folder.exists")


def test_a_failed_backup_and_one_that_runs_are_told():
    state = replace(SmallUpkeep().state(), running_since=NOW - MINUTE_US, failure="The disk is full.")

    said = texts(upkeep._backups(state, NOW))

    assert "A backup is being taken" in said
    assert "The last one failed: The disk is full." in said


def test_no_backup_is_an_empty_state_with_a_cure():
    said = texts(upkeep._backups(replace(SmallUpkeep().state(), backups=(), is_nightly=False), NOW))

    assert "There is no backup yet" in said
    assert "Only by hand: nightly backups are off" in said
