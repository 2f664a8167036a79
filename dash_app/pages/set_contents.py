"""Parts of the page of sets: what lies in a set, where an instrument was, and putting a set together by scan."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.instruments import Assembly
from dash_app.actions import instruments as actions
from dash_app.pages.address import address_of
from dash_app.pages.guard import Callbacks
from dash_app.pages.instrument_faults import faults_part
from dash_app.pages.lines import Field, Lines, register_sheet, sheet
from dash_app.pages.states import panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import instruments
from dash_app.queries.names import staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment
from dash_app.texts.problems import problem_text
from twin.access import Permission
from twin.errors import NotFound
from twin.events.watch import AlarmPriority

ASSEMBLED = ("set", "type", "marks")
ASSEMBLE = "sets-assemble"
ASSEMBLE_SAID = "sets-assembled"
TYPE_FIELDS = ("id", "name")
BILL = Lines(key="sets-bill", keys=("kind", "count"))
SAVE_TYPE = "sets-type-save"
TYPE_SAID = "sets-type-said"
INSTRUMENT_FIELDS = ("mark", "kind", "name", "cycles")
SAVE_INSTRUMENT = "sets-instrument-save"


def counts_text(counts: Any) -> str:
    """Write counts by kind."""
    return ", ".join(f"{count} × {kind}" for kind, count in counts.items())


def _assembly_text(port: HospitalPort, found: Assembly) -> Component:
    text = _("Put together {time} by {who} after {type}").format(
        time=moment(found.at), who=staff_label(port.state(), found.actor), type=found.set_type
    )
    notes = [
        (_("Missing: {what}"), counts_text(found.missing)),
        (_("More than the bill: {what}"), counts_text(found.surplus)),
        (_("Went through all their cycles: {what}"), ", ".join(found.worn_out)),
        (_("On record as faulty: {what}"), ", ".join(found.faulty)),
    ]
    said = [words.format(what=what) for words, what in notes if what]
    if not said:
        return html.P(text + " · " + _("complete"))
    return html.Div([html.P(text), html.P([shape(AlarmPriority.MEDIUM), " ", " · ".join(said)], className="status p2")])


def contents_part(port: HospitalPort, name: str) -> Component:
    """Build what lies in a set now and how it was put together."""
    with port.read() as session:
        found = instruments.set_contents(session, name=name, now=port.clock.now())
    parts: list[Component] = [html.H3(_("Instruments in it"))]
    if found.assembly is not None:
        parts.append(_assembly_text(port, found.assembly))
    if not found.instruments:
        parts.append(html.P(_("Nobody has recorded its instruments."), className="secondary"))
        return html.Div(parts)
    rows: list[list[Cell]] = [
        [dcc.Link(one.id, href=address_of("sets", instrument=one.id)), one.kind, one.name or "–"]
        for one in found.instruments
    ]
    parts.append(table(_("Instruments in it"), [_("Mark"), _("Kind"), _("Name")], rows))
    return html.Div(parts)


def instrument_panel(port: HospitalPort, mark: str) -> Component:
    """Build where an instrument was and in which cases."""
    try:
        with port.read() as session:
            found = instruments.trace(session, mark=mark)
    except NotFound as error:
        return panel(mark, html.P(problem_text(error), role="alert"), wide=True)
    stays: list[list[Cell]] = [
        [
            dcc.Link(stay.set_instance, href=address_of("sets", set=stay.set_instance)),
            moment(stay.start_at),
            moment(stay.end_at) if stay.end_at else _("until now"),
        ]
        for stay in found.stays
    ]
    uses: list[list[Cell]] = [[moment(use.at), use.case_id, use.set_instance, use.cycle or "–"] for use in found.uses]
    limit = found.instrument.most_cycles
    cycles = _("Cycles gone through: {count}").format(count=found.cycles)
    if limit:
        cycles = _("Cycles gone through: {count} of {limit}").format(count=found.cycles, limit=limit)
    return panel(
        f"{found.instrument.kind} {mark}",
        html.P(cycles),
        faults_part(port, mark),
        table(_("Sets in which it lay"), [_("Set"), _("From"), _("To")], stays),
        html.H3(_("Cases reached")),
        table(_("Cases reached"), [_("When"), _("Case"), _("Set"), _("After cycle")], uses)
        if uses
        else html.P(_("No use is recorded."), className="secondary"),
        wide=True,
    )


def _types(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        found = instruments.set_types(session)
    return [{"value": one.id, "label": f"{one.name or one.id}: {counts_text(one.counts)}"} for one in found]


def assembling_desk(port: HospitalPort) -> list[Component]:
    """Build the forms for putting a set together, and for bills and instruments for who keeps the register."""
    parts: list[Component] = []
    if port.actor().may(Permission.TASKS_DO):
        parts.append(
            panel(
                _("Put a set together"),
                html.P(_("Scan each instrument on a line of its own. What is missing is told and kept.")),
                html.Div(
                    [
                        dmc.TextInput(id="sets-assembled-set", label=_("Set"), w=220),
                        dmc.Select(
                            id="sets-assembled-type",
                            label=_("Bill of instruments"),
                            data=_types(port),
                            w=360,
                            searchable=True,
                            comboboxProps={"withinPortal": False},
                            nothingFoundMessage=_("Nothing found"),
                        ),
                        dmc.Textarea(
                            id="sets-assembled-marks", label=_("Instruments"), w=300, autosize=True, minRows=3
                        ),
                        html.Button(_("It is put together"), id=ASSEMBLE, className="action primary", n_clicks=0),
                    ],
                    className="filters",
                ),
                html.P(id=ASSEMBLE_SAID, role="status"),
                wide=True,
            )
        )
    if port.actor().may(Permission.DEVICES_WRITE):
        parts.append(_register_desk())
    return parts


def _bill_fields() -> list[Field]:
    return [Field(key="kind", title=_("Kind"), width=240), Field(key="count", title=_("Number"), width=100)]


def _register_desk() -> Component:
    return panel(
        _("Bills and instruments"),
        html.Div(
            [
                dmc.TextInput(id="sets-type-id", label=_("Key of the bill"), w=180),
                dmc.TextInput(id="sets-type-name", label=_("Name"), w=220),
            ],
            className="filters",
        ),
        sheet(BILL, _("Instruments of the bill"), _bill_fields()),
        html.P(html.Button(_("Keep the bill"), id=SAVE_TYPE, className="action", n_clicks=0)),
        html.Div(
            [
                dmc.TextInput(id="sets-instrument-mark", label=_("Mark"), w=200),
                dmc.TextInput(id="sets-instrument-kind", label=_("Kind"), w=180),
                dmc.TextInput(id="sets-instrument-name", label=_("Name"), w=220),
                dmc.NumberInput(
                    id="sets-instrument-cycles",
                    label=_("Most cycles, 0 for any"),
                    value=0,
                    min=0,
                    hideControls=True,
                    w=180,
                ),
                html.Button(_("Keep the instrument"), id=SAVE_INSTRUMENT, className="action", n_clicks=0),
            ],
            className="filters",
        ),
        html.P(id=TYPE_SAID, role="status"),
        wide=True,
    )


def register_assembling(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register putting together, bills and instruments."""
    register_sheet(callbacks, BILL, _bill_fields, permission=Permission.DEVICES_WRITE)

    @callbacks.add(
        Output(ASSEMBLE_SAID, "children"),
        Input(ASSEMBLE, "n_clicks"),
        *[State(f"sets-assembled-{field}", "value") for field in ASSEMBLED],
        permission=Permission.TASKS_DO,
        prevent_initial_call=True,
    )
    def assemble(_clicks: int, name: str | None, bill: str | None, marks: str | None) -> Any:
        return _assembly_text(port, actions.assemble(port, name=name, set_type=bill, marks=marks))

    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}

    @callbacks.add(
        Output(TYPE_SAID, "children", allow_duplicate=True),
        Output("sets-assembled-type", "data"),
        Input(SAVE_TYPE, "n_clicks"),
        *[State(f"sets-type-{field}", "value") for field in TYPE_FIELDS],
        *BILL.states(),
        **common,
    )
    def save_type(_clicks: int, key: str | None, name: str | None, *counts: Any) -> Any:
        kept = actions.save_type(port, key=key, name=name, counts=BILL.read(counts))
        return _("Kept: {what}").format(what=counts_text(kept.counts)), _types(port)

    @callbacks.add(
        Output(TYPE_SAID, "children", allow_duplicate=True),
        Input(SAVE_INSTRUMENT, "n_clicks"),
        *[State(f"sets-instrument-{field}", "value") for field in INSTRUMENT_FIELDS],
        **common,
    )
    def save_instrument(_clicks: int, mark: str | None, kind: str | None, name: str | None, cycles: Any) -> Any:
        kept = actions.save_instrument(port, mark=mark, kind=kind, name=name, cycles=int(cycles or 0))
        return _("Kept: {what}").format(what=f"{kept.id} ({kept.kind})")
