"""One entry of a pathway, changed in fields: names are chosen, numbers counted, and the JSON stays for the rest."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.pages.guard import Callbacks
from dash_app.pages.states import panel
from dash_app.queries import pathway as queries
from dash_app.queries import pathway_entry as fields
from dash_app.queries.pathway import Document
from dash_app.queries.pathway_entry import EntryField, Form
from dash_app.texts import pathway_words
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission

HELD, GRAPH = "pathway-held", "pathway-graph"
ENTRY, TEXT, APPLY = "pathway-entry", "pathway-text", "pathway-apply"
FIELDS, MORE = "pathway-fields", "pathway-more"
_FIELD = "pathway-field"


def _label(key: str) -> str:
    return _(pathway_words.KEYS[key]) if key in pathway_words.KEYS else key


def _control(field: EntryField) -> Component:
    identifier = {"type": _FIELD, "key": field.key, "form": field.form.value}
    label = _label(field.key)
    control: Component
    if field.form is Form.CHOICE:
        data = [{"value": choice, "label": choice} for choice in field.choices]
        control = dmc.Select(
            id=identifier, label=label, data=data, value=field.value, searchable=True, allowDeselect=False, w=220
        )
    elif field.form is Form.FLAG:
        control = dmc.Select(
            id=identifier,
            label=label,
            data=[{"value": "true", "label": _("yes")}, {"value": "false", "label": _("no")}],
            value="true" if field.value else "false",
            allowDeselect=False,
            w=120,
        )
    elif field.form is Form.NUMBER:
        control = dmc.NumberInput(id=identifier, label=label, value=field.value, w=140)
    else:
        control = dmc.TextInput(
            id=identifier, label=label, value=field.value, w=460 if field.form is Form.JSON else 220, debounce=True
        )
    return control


def _more(address: str, text: str) -> list[dict[str, str]]:
    return [{"value": key, "label": _label(key)} for key in fields.keys_left(address, text)]


def _controls(document: Document, address: str, text: str) -> list[Component]:
    return [_control(field) for field in fields.fields_of(document, address, text)]


def _options(document: Document) -> list[dict[str, str]]:
    return [{"value": address, "label": address} for address in queries.entries_of(document)]


def entry_panel(document: Document, first: str) -> Component:
    """Build the panel.

    Parameters
    ----------
    document : Document
        The pathway.
    first : str
        Entry that is shown at first.
    """
    text = queries.entry_text(document, first)
    return panel(
        _("Change an entry"),
        dmc.Autocomplete(
            id=ENTRY,
            label=_("Entry"),
            description=_("SECTION.NAME; a new name makes a new entry"),
            data=_options(document),
            value=first,
            limit=60,
        ),
        html.Div(_controls(document, first, text), id=FIELDS, className="filters below"),
        dmc.Select(
            id=MORE,
            label=_("Add a field"),
            data=_more(first, text),
            value=None,
            searchable=True,
            nothingFoundMessage=_("Nothing found"),
            w=260,
        ),
        html.Details(
            [
                html.Summary(_("As JSON")),
                dmc.Textarea(
                    id=TEXT,
                    label=_("As JSON; empty takes it out"),
                    value=text,
                    minRows=6,
                    maxRows=18,
                    autosize=True,
                ),
            ],
            className="as-table",
        ),
        html.P(html.Button(_("Apply"), id=APPLY, className="action primary", n_clicks=0)),
    )


def _entered(triggered: dict[str, Any], value: Any) -> dict[str, tuple[Form, object]]:
    """Give what was entered in one field, by key; a switch says yes or no as text: a choice holds no truth values."""
    form = Form(triggered["form"])
    return {triggered["key"]: (form, value == "true" if form is Form.FLAG else value)}


def register_entry(callbacks: Callbacks) -> None:
    """Register choosing an entry, its fields, and the JSON behind them."""
    common: dict[str, Any] = {"permission": Permission.SIMULATION_READ, "prevent_initial_call": True}

    @callbacks.add(Output(ENTRY, "value"), Input(GRAPH, "clickData"), **common)
    def choose(click: dict[str, Any] | None) -> str:
        points = (click or {}).get("points") or []
        if not points or "customdata" not in points[0]:
            raise PreventUpdate
        return f"nodes.{points[0]['customdata']}"

    @callbacks.add(
        Output(TEXT, "value"),
        Output(FIELDS, "children"),
        Output(MORE, "data"),
        Input(ENTRY, "value"),
        Input(HELD, "data"),
        State(TEXT, "value"),
        **common,
    )
    def show(entry: str | None, held: Document, written: str | None) -> tuple[str, list[Component], list[Any]]:
        address = entry or ""
        text = queries.entry_text(held, address)
        if not text:
            # a name that is being written: what stands in the field may be meant for it
            if not address.partition(".")[2]:
                raise PreventUpdate
            text = written or ""
        return text, _controls(held, address, text), _more(address, text)

    @callbacks.add(
        Output(TEXT, "value", allow_duplicate=True),
        Output(FIELDS, "children", allow_duplicate=True),
        Output(MORE, "data", allow_duplicate=True),
        Output(MORE, "value"),
        Input(MORE, "value"),
        State(ENTRY, "value"),
        State(TEXT, "value"),
        State(HELD, "data"),
        **common,
    )
    def add(key: str | None, entry: str | None, text: str | None, held: Document) -> tuple[Any, ...]:
        if not key:
            raise PreventUpdate
        made = fields.added(held, entry or "", text or "", key)
        return made, _controls(held, entry or "", made), _more(entry or "", made), None

    _register_fields(callbacks, common)


def _register_fields(callbacks: Callbacks, common: dict[str, Any]) -> None:
    """Register that fields and JSON follow each other."""

    @callbacks.add(
        Output(TEXT, "value", allow_duplicate=True),
        Output(MORE, "data", allow_duplicate=True),
        Input({"type": _FIELD, "key": ALL, "form": ALL}, "value"),
        State(TEXT, "value"),
        State(ENTRY, "value"),
        **common,
    )
    def edit(_values: list[Any], text: str | None, entry: str | None) -> tuple[str, list[Any]]:
        # only what was changed: the other fields may be older than what was written as JSON meanwhile
        if not isinstance(ctx.triggered_id, dict) or len(ctx.triggered) != 1:
            raise PreventUpdate
        made = fields.merged(text or "", _entered(dict(ctx.triggered_id), ctx.triggered[0]["value"]))
        if fields.entry_of(made) == fields.entry_of(text or ""):
            raise PreventUpdate
        return made, _more(entry or "", made)

    @callbacks.add(
        Output(FIELDS, "children", allow_duplicate=True),
        Output(MORE, "data", allow_duplicate=True),
        Input(TEXT, "n_blur"),
        State(TEXT, "value"),
        State(ENTRY, "value"),
        State(HELD, "data"),
        **common,
    )
    def draw(_blurs: int, text: str | None, entry: str | None, held: Document) -> tuple[list[Component], list[Any]]:
        return _controls(held, entry or "", text or ""), _more(entry or "", text or "")
