"""The board's rounds: all waiting work arranged anew, the difference shown before anything changes."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import rounds as actions
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.names import place_name, staff_label, subject_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment, number
from scheduling.service.rounds import Measured, RoundPlan
from twin.access import Permission

PLAN, APPLY, DIFFERENCE, KEPT = "rounds-plan", "rounds-apply", "rounds-difference", "rounds-kept"
_MOST_ROWS = 200


def rounds_panel() -> Component:
    """Build the panel with which rounds are planned and applied."""
    return panel(
        _("Arrange the rounds anew"),
        html.P(
            _(
                "Tasks that nobody has begun are given out anew, those of one store together, for several wards where"
                " that saves walking; nothing changes until you apply."
            ),
            className="secondary",
        ),
        html.P(
            [
                html.Button(_("Plan and show the difference"), id=PLAN, className="action primary", n_clicks=0),
                " ",
                html.Button(_("Apply"), id=APPLY, className="action", n_clicks=0, disabled=True),
            ]
        ),
        html.Div(id=DIFFERENCE, role="status"),
        dcc.Store(id=KEPT),
        wide=True,
    )


def _measures(before: Measured, after: Measured) -> Component:
    rows: list[list[Cell]] = [
        [_("Minutes of walking"), round(before.walking_s / 60), round(after.walking_s / 60)],
        [_("Done late"), before.late, after.late],
        [_("Minutes late, all together"), round(before.late_s / 60), round(after.late_s / 60)],
        [_("In nobody's hands"), before.waiting, after.waiting],
    ]
    return table(_("Rounds now and planned"), [_("Measure"), _("Now"), _("Planned")], rows)


def _gains(before: Measured, after: Measured) -> list[tuple[int, str, str]]:
    """Give by how much each measure falls, with the words for a fall and for a rise."""
    walking, late = round((before.walking_s - after.walking_s) / 60), round((before.late_s - after.late_s) / 60)
    return [
        (before.waiting - after.waiting, _("{count} fewer in nobody's hands"), _("{count} more in nobody's hands")),
        (before.late - after.late, _("{count} fewer done late"), _("{count} more done late")),
        (late, _("{count} minutes less late"), _("{count} minutes more late")),
        (walking, _("{count} minutes less walking"), _("{count} minutes more walking")),
    ]


def weighed(before: Measured, after: Measured) -> str:
    """Say what a plan gains and what it costs, so that nobody has to compare the figures.

    Parameters
    ----------
    before, after : Measured
        The present rounds and the planned ones.
    """
    gains = _gains(before, after)
    better = ", ".join(fall.format(count=number(gain)) for gain, fall, _rise in gains if gain > 0)
    worse = ", ".join(rise.format(count=number(-gain)) for gain, _fall, rise in gains if gain < 0)
    if better and worse:
        return _("Better: {better}. Worse: {worse}. Apply it if the first is worth the second.").format(
            better=better, worse=worse
        )
    if better:
        return _("Better: {better}. Nothing is worse.").format(better=better)
    if worse:
        return _("Worse: {worse}. Nothing is better: better leave the rounds as they are.").format(worse=worse)
    return _("As good as now: only hands or order differ.")


def difference(port: HospitalPort, plan: RoundPlan) -> list[Component]:
    """Show what a plan would change."""
    if not plan.changed:
        return [empty(_("Nothing would change."), _("The rounds are as good as the plan knows how to make them."))]
    state, chinese = port.state(), wants_chinese()
    rows: list[list[Cell]] = []
    for each in plan.changed:
        task = state.tasks.get(each.task)
        if task is None:
            continue
        rows.append(
            [
                codes.code_text(codes.TASK_KINDS, task.kind.value if task.kind is not None else ""),
                subject_name(state, task.subject_id, chinese=chinese),
                place_name(state, task.to_place or task.from_place, chinese=chinese),
                staff_label(state, task.assignee) if task.assignee else "–",
                staff_label(state, each.assignee) if each.assignee else "–",
                each.position or "–",
                moment(each.expected_at) if each.expected_at else "–",
            ]
        )
    headings = [_("Kind"), _("What"), _("To"), _("Now with"), _("Planned for"), _("Place in the round"), _("Done by")]
    verdict = html.P(html.Strong(weighed(plan.before, plan.after)))
    return [verdict, _measures(plan.before, plan.after), table(_("What would change"), headings, rows, most=_MOST_ROWS)]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register planning and applying."""

    @callbacks.add(
        Output(DIFFERENCE, "children"),
        Output(KEPT, "data"),
        Output(APPLY, "disabled"),
        Input(PLAN, "n_clicks"),
        permission=Permission.TASKS_ASSIGN,
        prevent_initial_call=True,
        running=[(Output(PLAN, "disabled"), True, False)],
    )
    def plan(_clicks: int) -> tuple[list[Component], list[dict[str, object]], bool]:
        found = actions.plan(port)
        return difference(port, found), actions.kept(found), not found.changed

    @callbacks.add(
        Output(DIFFERENCE, "children", allow_duplicate=True),
        Output(KEPT, "data", allow_duplicate=True),
        Output(APPLY, "disabled", allow_duplicate=True),
        Input(APPLY, "n_clicks"),
        State(KEPT, "data"),
        permission=Permission.TASKS_ASSIGN,
        prevent_initial_call=True,
    )
    def apply(_clicks: int, changes: list[dict[str, Any]] | None) -> tuple[Component, None, bool]:
        if not changes:
            raise PreventUpdate
        done = actions.apply(port, changes)
        said = _("{count} tasks given out; {passed} had changed meanwhile and stay as they are.")
        return html.P(said.format(count=len(done.tasks), passed=len(done.passed_over))), None, True
