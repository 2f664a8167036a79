"""The part of the plan board that follows a search: how far it is, what it has reached, and what it has found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import runs
from dash_app.pages.address import URL, query_of
from dash_app.pages.guard import Callbacks
from dash_app.pages.plan_checked import broken, check, publishing
from dash_app.pages.plan_waiting import later_notice
from dash_app.pages.tables import Cell, table
from dash_app.queries import plans
from dash_app.queries.port import HospitalPort, JobState, JobView
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number, percent, plan_day
from twin.access import Permission

JOB, KEEP, TITLE, ENOUGH, CANCEL = "plan-job", "plan-keep", "plan-title", "plan-enough", "plan-cancel"
TIMER = "plan-timer"
Ending = Callable[[HospitalPort, str], object]
MOST_LEFT = 30
"""Patients left out who are named before the plan is kept; the table says how many there are."""


def progress_line(view: JobView) -> str:
    """Write where a search stands; of one that was stopped, how far it had come and what it had found.

    Parameters
    ----------
    view : JobView
        Of a plan or a roster.
    """
    state = codes.code_text(codes.JOB_STATES, view.state.value)
    cost = (view.partial or {}).get("cost", -1)
    best = _("best so far: {cost}").format(cost=number(cost)) if isinstance(cost, int) and cost >= 0 else ""
    if view.state is JobState.CANCELLED:
        if not view.partial:
            return _("{state} before it had begun to search").format(state=state)
        done = _("after {share} of its time").format(share=percent(view.progress))
        return " · ".join((state, done, best or _("nothing found by then")))
    parts = (state, percent(view.progress), "" if view.is_over else best)
    return " · ".join(part for part in parts if part)


def job_report(view: JobView, *, may_publish: bool) -> list[Component]:
    """Build how far a search is, and what it found when it is done.

    Parameters
    ----------
    view : JobView
        Of a plan of admissions.
    may_publish : bool
        Whether the reader may put plans in force.
    """
    parts: list[Component] = [html.P(progress_line(view))]
    if view.state is JobState.FAILED:
        parts.append(html.P(f"{view.error_message} ({view.error_code})", className="state-error"))
    if not view.is_over:
        if view.state is JobState.RUNNING and not view.progress:
            # Minutes at 0 % look broken; after that first time the search begins at once.
            parts.append(html.P(_("The first search on a machine is compiled before it begins: that takes a minute.")))
        ending = html.Button(_("That is good enough"), id=ENOUGH, className="action", n_clicks=0)
        stopping = html.Button(_("Cancel"), id=CANCEL, className="action", n_clicks=0)
        parts.append(html.Div([ending, stopping], className="filters"))
    if view.state is not JobState.DONE:
        return parts
    keeping = html.Div(
        className="filters",
        children=[
            dmc.TextInput(id=TITLE, label=_("What it is called")),
            html.Button(_("Keep as a draft"), id=KEEP, className="action", n_clicks=0),
        ],
    )
    parts += [*found(view.result), *check(view.result), keeping]
    return [*parts, *publishing(broken(view.result))] if may_publish else parts


def found(result: Mapping[str, Any] | None) -> list[Component]:
    """Build cost, patients admitted and patients left out of a search that is done; nothing for a roster.

    Parameters
    ----------
    result : Mapping[str, Any] or None
        Of the job.
    """
    told = plans.searched(result)
    if told is None:
        return []
    head = _("Cost {cost}: {admitted} of {patients} patients admitted, {left} left out").format(
        cost=number(told.cost),
        admitted=number(told.n_admitted),
        patients=number(told.n_patients),
        left=number(len(told.left)),
    )
    parts: list[Component] = [html.P(head, className="summary"), *later_notice(told.later)]
    if told.left:
        rows: list[list[Cell]] = [
            [
                one.patient,
                _("must come") if one.is_mandatory else _("may wait"),
                plan_day(told.start_at, one.release_day),
                plan_day(told.start_at, one.due_day),
            ]
            for one in told.left
        ]
        headings = [_("Patient"), _("Kind"), _("Not before"), _("Due")]
        parts.append(
            html.Details(
                [html.Summary(_("Patients left out")), table(_("Patients left out"), headings, rows, most=MOST_LEFT)]
            )
        )
    return parts


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register ending a search early, with what it has or without."""
    register_ending(
        callbacks,
        port,
        buttons=(ENOUGH, CANCEL),
        told=(JOB, mark("It ends with the best plan that it has …")),
        key="run",
    )


def register_ending(
    callbacks: Callbacks, port: HospitalPort, *, buttons: tuple[str, str], told: tuple[str, str], key: str
) -> None:
    """Register the two buttons that end a search of a plan or a roster early.

    Parameters
    ----------
    callbacks : Callbacks
        Those of the page.
    port : HospitalPort
        The hospital.
    buttons : tuple[str, str]
        Ids of the one that takes the best so far and of the one that keeps nothing.
    told : tuple[str, str]
        Id of where it is told, and what the first of them tells, as marked for translation.
    key : str
        Of the job's id in the address.
    """
    place, best = told
    for button, end, text in (
        (buttons[0], runs.finish_plan, best),
        (buttons[1], runs.cancel_plan, mark("It is being cancelled; nothing of it is kept.")),
    ):
        _register_end(callbacks, port, Output(place, "children", allow_duplicate=True), button, (end, text, key))


def _register_end(
    callbacks: Callbacks, port: HospitalPort, place: Output, button: str, how: tuple[Ending, str, str]
) -> None:
    end, text, key = how

    @callbacks.add(
        place,
        Input(button, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def ended(_clicks: int, search: str) -> list[Component]:
        job = query_of(search).get(key, "")
        if not job:
            raise PreventUpdate
        end(port, job)
        return [html.P(_(text))]
