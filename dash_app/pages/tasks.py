"""Tasks.

Opened by whoever leads logistics, to see what is late, blocked or in nobody's hands, and to give it to somebody. The
people who do the tasks use the handheld.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import tasks as actions
from dash_app.pages import listing, task_rounds
from dash_app.pages.address import URL, query_of
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Rows
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, Column, table
from dash_app.queries import exceptions, items, work
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment
from twin.access import Permission

TASK = "tasks-task"
ASSIGNEE = "tasks-assignee"
REASON = "tasks-reason"
ASSIGN = "tasks-assign"
CANCEL = "tasks-cancel"


def _columns() -> list[Column]:
    return [
        Column(field="kind", title=_("Kind"), width=110),
        Column(field="what", title=_("What"), width=190),
        Column(field="from_place", title=_("From"), width=150),
        Column(field="to_place", title=_("To"), width=150),
        Column(field="quantity", title=_("Quantity"), width=120, is_number=True),
        Column(field="due", title=_("Due"), width=190),
        Column(field="priority", title=_("Priority"), width=120, is_number=True),
        Column(field="status", title=_("Status"), width=120),
        Column(field="assignee", title=_("In the hands of"), width=130),
        Column(field="why", title=_("Why"), width=200),
    ]


def _rows(port: HospitalPort, query: dict[str, str]) -> Rows:
    found = work.open_tasks(
        port.state(),
        port.clock.now(),
        kind=query.get("kind", ""),
        status=query.get("status", ""),
        chinese=wants_chinese(),
    )
    with port.read() as session:
        names = items.names(session)
    return [
        {
            "id": row.id,
            "kind": codes.code_text(codes.TASK_KINDS, row.kind),
            "what": names.get(row.subject_id, row.subject),
            "from_place": row.from_place,
            "to_place": row.to_place,
            "quantity": row.quantity or None,
            "due": (_("late: ") if row.is_late else "") + moment(row.due_at),
            "priority": row.priority,
            "status": codes.code_text(codes.TASK_STATUSES, row.status.value),
            "assignee": row.assignee_name,
            "why": codes.code_text(codes.REASONS, row.blocked_reason or row.reason),
        }
        for row in found
    ]


def _summary(port: HospitalPort, rows: Rows) -> str:
    counted = work.counts(work.open_tasks(port.state(), port.clock.now()))
    return _(
        "{shown} shown; of all {open} open: {unassigned} in nobody's hands, {late} late, {blocked} blocked"
    ).format(
        shown=len(rows),
        open=counted.open,
        unassigned=counted.unassigned,
        late=counted.late,
        blocked=counted.blocked,
    )


LISTING = Listing(
    key="tasks",
    permission=Permission.TASKS_READ,
    filters=(
        Filter(
            name="kind",
            label=lambda: _("Kind"),
            options=lambda port: codes.choices(codes.TASK_KINDS, codes.TASK_KINDS),
        ),
        Filter(
            name="status",
            label=lambda: _("Status"),
            options=lambda port: codes.choices(
                codes.TASK_STATUSES, ("requested", "accepted", "in-progress", "on-hold")
            ),
        ),
    ),
    columns=_columns,
    rows=_rows,
    chooses=TASK,
    summary=_summary,
)


def _choices(port: HospitalPort) -> list[dict[str, str]]:
    found = work.open_tasks(port.state(), port.clock.now(), chinese=wants_chinese())
    return [
        {
            "value": row.id,
            "label": f"{codes.code_text(codes.TASK_KINDS, row.kind)} · {row.subject} → {row.to_place} · {row.id[-6:]}",
        }
        for row in found
    ]


def _lead(port: HospitalPort) -> Component:
    people = [{"value": key, "label": label} for key, label in work.assignees(port.state())]
    return panel(
        _("Give a task to somebody"),
        html.Div(
            className="filters",
            children=[
                dmc.Select(id=TASK, label=_("Task"), data=_choices(port), searchable=True, w=340),
                dmc.Select(
                    id=ASSIGNEE,
                    label=_("Who (empty takes it back)"),
                    data=people,
                    searchable=True,
                    clearable=True,
                    clearButtonProps={"aria-label": _("Nobody")},
                ),
                html.Button(_("Give"), id=ASSIGN, className="action primary", n_clicks=0),
                dmc.TextInput(id=REASON, label=_("Reason for cancelling")),
                asks_first(
                    html.Button(_("Cancel the task"), id=CANCEL, className="action", n_clicks=0),
                    _("Nobody does it any more; whoever needs it must ask anew."),
                    *(TASK, REASON),
                ),
            ],
        ),
    )


def _photos(port: HospitalPort) -> Component | None:
    """Show what people have photographed of what keeps their tasks from going on."""
    if not port.actor().may(Permission.DEVICES_READ):
        return None
    blocked = [
        row for row in work.open_tasks(port.state(), port.clock.now(), chinese=wants_chinese()) if row.blocked_reason
    ]
    with port.read() as session:
        found = exceptions.photos(session, [row.id for row in blocked])
        names = items.names(session)
    if not found:
        return None
    by_id = {row.id: row for row in blocked}
    rows: list[list[Cell]] = [
        [
            names.get(by_id[photo.task].subject_id, by_id[photo.task].subject),
            by_id[photo.task].from_place or by_id[photo.task].to_place,
            codes.code_text(codes.REASONS, by_id[photo.task].blocked_reason),
            html.A(moment(photo.at), href=f"/v1/documents/{photo.id}", target="_blank"),
        ]
        for photo in found
    ]
    headings = [_("What"), _("Place"), _("Why"), _("Photo")]
    return panel(_("Photos of exceptions"), table(_("Photos of exceptions"), headings, rows), wide=True)


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Open tasks: late ones first, then by priority and due time.")
    shown = listing.layout(LISTING, port, visit, _("Tasks"), lead)
    if not port.actor().may(Permission.TASKS_ASSIGN):
        return shown
    parts = [part for part in (_photos(port), _lead(port), task_rounds.rounds_panel()) if part is not None]
    return html.Div([shown, html.Div(parts, className="below")])


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the table, giving and cancelling, and the rounds."""
    listing.register(LISTING, callbacks, port)
    task_rounds.register(callbacks, port)
    after = (
        Output(LISTING.part("grid"), "rowData", allow_duplicate=True),
        Output(TASK, "data", allow_duplicate=True),
        Output(TASK, "value", allow_duplicate=True),
    )

    def shown(search: str) -> tuple[Rows, list[dict[str, str]], None]:
        return _rows(port, query_of(search)), _choices(port), None

    @callbacks.add(
        *after,
        Input(ASSIGN, "n_clicks"),
        State(TASK, "value"),
        State(ASSIGNEE, "value"),
        State(URL, "search"),
        permission=Permission.TASKS_ASSIGN,
        prevent_initial_call=True,
    )
    def give(_clicks: int, task: str | None, assignee: str | None, search: str) -> Any:
        actions.assign(port, needed(task, _("Task")), assignee or "")
        return shown(search)

    @callbacks.add(
        *after,
        Input(CANCEL, "n_clicks"),
        State(TASK, "value"),
        State(REASON, "value"),
        State(URL, "search"),
        permission=Permission.TASKS_ASSIGN,
        prevent_initial_call=True,
    )
    def give_up(_clicks: int, task: str | None, reason: str | None, search: str) -> Any:
        actions.cancel(port, needed(task, _("Task")), reason or "")
        return shown(search)


PAGE = Page(
    path="/tasks",
    title=mark("Tasks"),
    permission=Permission.TASKS_READ,
    layout=layout,
    register=register,
    position=33,
    section=mark("Supplies and tasks"),
    icon="task",
)
