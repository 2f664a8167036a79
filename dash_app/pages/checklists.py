"""Checklists.

Opened by the biomedical engineer, to say what is to be done and measured at each kind of work, with limits, and to open
an order with it. A change makes a new version; orders that are open keep the steps that they were opened with.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.work import Step, StepKind, WorkKind
from assets.service.templates import Template
from dash_app.actions import device_records as actions
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.device_field import device_field, register_device_fields
from dash_app.pages.fields import needed
from dash_app.pages.filters import select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reliability import device_kinds
from dash_app.pages.states import page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_records
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from twin.access import Permission
from twin.errors import InputError

CONTENT = "checklists-content"
KIND = "checklists-kind"
CATEGORY = "checklists-category"
FIELDS = ("label", "step", "unit", "low", "high", "choices", "required")
ADD = "checklists-add"
CHOSEN = "checklists-chosen"
REMOVE = "checklists-remove"
UP = "checklists-up"
DEVICE = "checklists-device"
TITLE = "checklists-title"
OPEN = "checklists-open"
SAID = "checklists-said"


def _kind_of(query: dict[str, str]) -> WorkKind:
    given = query.get("work", "")
    return WorkKind(given) if given in set(WorkKind) else WorkKind.PREVENTIVE


def _held(port: HospitalPort, query: dict[str, str]) -> Template:
    with port.read() as session:
        return device_records.checklist(session, kind=_kind_of(query), category=query.get("kind", ""))


def limits_text(step: Step) -> str:
    """Write what a step's answer must be."""
    if step.kind is StepKind.CHOICE:
        return " / ".join(step.choices)
    if step.kind is not StepKind.NUMBER or (step.low is None and step.high is None):
        return "–"
    low = "" if step.low is None else f"{step.low:g}"
    high = "" if step.high is None else f"{step.high:g}"
    return f"{low or '…'} – {high or '…'} {step.unit}".rstrip()


def _steps(template: Template) -> Component:
    rows: list[list[Cell]] = [
        [
            number,
            step.label or step.id,
            codes.code_text(device_words.STEP_KINDS, step.kind.value),
            step.unit or "–",
            limits_text(step),
            _("yes") if step.is_required else _("no"),
        ]
        for number, step in enumerate(template.steps, start=1)
    ]
    headings = [_("No."), _("What is to be done"), _("Answer"), _("Unit of measure"), _("Allowed"), _("Required")]
    return table(_("Steps"), headings, rows)


def _all(port: HospitalPort) -> Component:
    with port.read() as session:
        found = device_records.checklists(session)
    if not found:
        return html.P(_("No checklist is kept yet. Add the first step below."))
    rows: list[list[Cell]] = [
        [
            dcc.Link(
                codes.code_text(device_words.WORK_KINDS, one.template.kind.value),
                href="/ui/checklists" + search_with("", work=one.template.kind.value, kind=one.template.category),
            ),
            codes.code_text(codes.CATEGORIES, one.template.category) if one.template.category else _("all kinds"),
            len(one.template.steps),
            one.template.version,
            one.open_orders,
        ]
        for one in found
    ]
    headings = [_("Work"), _("Kind of device"), _("Steps"), _("Version"), _("Open orders with it")]
    return table(_("Checklists"), headings, rows)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the chosen checklist and the list of all.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``work``, kind of work, and ``kind`` of device; all kinds if empty.
    """
    template = _held(port, query)
    title = _("{work}, version {version}").format(
        work=codes.code_text(device_words.WORK_KINDS, template.kind.value), version=template.version
    )
    steps = _steps(template) if template.steps else html.P(_("This checklist has no steps yet."))
    return [
        html.Div(
            [panel(title, steps, wide=True), panel(_("Checklists"), _all(port), wide=True)],
            className="panels",
        )
    ]


def _step_choices(template: Template) -> list[dict[str, str]]:
    return [
        {"value": step.id, "label": f"{number}. {step.label or step.id}"}
        for number, step in enumerate(template.steps, start=1)
    ]


def _desk(port: HospitalPort, visit: Visit) -> Component:
    template = _held(port, dict(visit.query))
    number: dict[str, Any] = {"hideControls": True, "w": 120}
    return panel(
        _("Change this checklist"),
        html.P(_("Each change makes a new version. Orders that are open keep the steps that they were opened with.")),
        html.Div(
            className="filters",
            children=[
                dmc.TextInput(id="checklists-label", label=_("What is to be done"), w=320),
                dmc.Select(
                    id="checklists-step",
                    label=_("Answer"),
                    data=codes.choices(device_words.STEP_KINDS, list(device_words.STEP_KINDS)),
                    value=StepKind.CHECK.value,
                    allowDeselect=False,
                    w=150,
                    comboboxProps={"withinPortal": False},
                ),
                dmc.TextInput(id="checklists-unit", label=_("Unit of measure"), w=100),
                dmc.NumberInput(id="checklists-low", label=_("At least"), **number),
                dmc.NumberInput(id="checklists-high", label=_("At most"), **number),
                dmc.TextInput(id="checklists-choices", label=_("Choices, by comma"), w=220),
                dmc.Checkbox(id="checklists-required", label=_("Required"), checked=True, mt="xl"),
                html.Button(_("Add the step"), id=ADD, className="action primary", n_clicks=0),
            ],
        ),
        html.Div(
            className="filters",
            children=[
                dmc.Select(
                    id=CHOSEN,
                    label=_("Step"),
                    data=_step_choices(template),
                    w=420,
                    comboboxProps={"withinPortal": False},
                    nothingFoundMessage=_("Nothing found"),
                ),
                html.Button(_("Move it up"), id=UP, className="action", n_clicks=0),
                html.Button(_("Take the step away"), id=REMOVE, className="action", n_clicks=0),
            ],
        ),
        html.Div(
            className="filters",
            children=[
                device_field(port, DEVICE, value=visit.query.get("device", "")),
                dmc.TextInput(id=TITLE, label=_("What for"), w=320),
                html.Button(_("Open an order with it"), id=OPEN, className="action", n_clicks=0),
            ],
        ),
        html.P(id=SAID, role="status"),
        wide=True,
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    kinds = codes.choices(device_words.WORK_KINDS, list(device_words.WORK_KINDS))
    chosen = _kind_of(dict(visit.query)).value
    parts = [
        page_head(_("Checklists"), _("What is to be done and measured at each kind of work, and within which limits.")),
        html.Div(
            [
                select(KIND, _("Work"), kinds, chosen, may_clear=False),
                select(CATEGORY, _("Kind of device"), device_kinds(port), visit.query.get("kind", "")),
            ],
            className="filters",
        ),
        html.Div(content(port, dict(visit.query)), id=CONTENT),
    ]
    if port.actor().may(Permission.WORK_ORDERS_WRITE):
        parts.append(html.Div(_desk(port, visit), className="below"))
    return html.Div(parts)


def step_entered(template: Template, entered: dict[str, Any]) -> Step:
    """Give a step as entered, under an id of its own within the checklist.

    Raises
    ------
    InputError
        If it says nothing, or its limits are none.
    """
    label = (entered["label"] or "").strip()
    if not label:
        raise InputError("Expected what is to be done.", code="input.step")
    kind = StepKind(entered["step"])
    limits: list[float | None] = [None, None]
    if kind is StepKind.NUMBER:
        limits = [float(entered[end]) if entered[end] not in (None, "") else None for end in ("low", "high")]
    low, high = limits
    if low is not None and high is not None and low > high:
        raise InputError(f"Expected low <= high, got {low} and {high}.", code="input.number")
    taken = {step.id for step in template.steps}
    identifier = next(name for name in (f"s{number}" for number in range(1, len(taken) + 2)) if name not in taken)
    words = [one.strip() for one in (entered["choices"] or "").replace("，", ",").split(",")]
    return Step(
        id=identifier,
        label=label,
        kind=kind,
        unit=(entered["unit"] or "").strip() if kind is StepKind.NUMBER else "",
        low=low,
        high=high,
        choices=tuple(word for word in words if word) if kind is StepKind.CHOICE else (),
        is_required=bool(entered["required"]),
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register filters, changes and use."""
    register_device_fields(callbacks, port, DEVICE)

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def show(search: str) -> list[Component]:
        return content(port, query_of(search))

    # Apart from it: who only reads has no such field, and Dash calls nothing of which a part is missing.
    @callbacks.add(
        Output(CHOSEN, "data"),
        Output(CHOSEN, "value"),
        Input(URL, "search"),
        permission=Permission.WORK_ORDERS_WRITE,
        prevent_initial_call=True,
    )
    def offer_steps(search: str) -> Any:
        return _step_choices(_held(port, query_of(search))), None

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(KIND, "value"),
        Input(CATEGORY, "value"),
        State(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def narrow(kind: str | None, category: str | None, search: str) -> str:
        return search_with(search, work=kind, kind=category)

    _register_changes(callbacks, port)


def _register_changes(callbacks: Callbacks, port: HospitalPort) -> None:
    outputs = (
        Output(SAID, "children", allow_duplicate=True),
        Output(CHOSEN, "data", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.WORK_ORDERS_WRITE, "prevent_initial_call": True}

    def kept(template: Template, search: str) -> Any:
        saved = actions.change_checklist(port, template)
        text = _("Kept as version {version}.").format(version=saved.version)
        return text, _step_choices(saved), content(port, query_of(search))

    states = [State(f"checklists-{field}", "value" if field != "required" else "checked") for field in FIELDS]

    @callbacks.add(*outputs, Input(ADD, "n_clicks"), *states, State(URL, "search"), **common)
    def add(_clicks: int, *entered: Any) -> Any:
        search = entered[-1]
        template = _held(port, query_of(search))
        step = step_entered(template, dict(zip(FIELDS, entered[:-1], strict=True)))
        return kept(actions.with_step(template, step), search)

    @callbacks.add(*outputs, Input(REMOVE, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **common)
    def remove(_clicks: int, chosen: str | None, search: str) -> Any:
        return kept(actions.without_step(_held(port, query_of(search)), needed(chosen, _("Step"))), search)

    @callbacks.add(*outputs, Input(UP, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **common)
    def move_up(_clicks: int, chosen: str | None, search: str) -> Any:
        return kept(actions.moved_up(_held(port, query_of(search)), needed(chosen, _("Step"))), search)

    @callbacks.add(
        *outputs, Input(OPEN, "n_clicks"), State(DEVICE, "value"), State(TITLE, "value"), State(URL, "search"), **common
    )
    def open_order(_clicks: int, device: str | None, title: str | None, search: str) -> Any:
        query = query_of(search)
        order = actions.open_order(port, device=device, template=_held(port, query), title=title or "")
        text = _("Order opened with {count} steps. It stands on the handheld.").format(count=len(order.steps))
        return text, _step_choices(_held(port, query)), content(port, query)


PAGE = Page(
    path="/checklists",
    title=mark("Checklists"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=16,
    section=mark("Devices"),
    icon="task",
)
