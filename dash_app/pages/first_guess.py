"""A hospital without a log.

Opened by the planner of a hospital of which no log is known yet: its size and some guesses make a pathway, and the page
tells which of the guesses matter, so that only these need to be measured. What convinces is kept and asked on the
what-if page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import pathways as keeping
from dash_app.actions import runs as actions
from dash_app.pages.address import URL, search_with
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.run_following import (
    RunIds,
    progress_parts,
    register_following,
    run_buttons,
    run_column,
    view_of,
    while_starting,
)
from dash_app.pages.states import empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.port import HospitalPort, JobView
from dash_app.queries.sensitivity import Studied, studied_of
from dash_app.queries.whatif import Estimate
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import measure_text, scale_of
from dash_app.texts.moments import number, percent
from simulation.experiments.hospital import ParameterSheet
from simulation.experiments.sensitivity import ENTRIES, USUAL_MEASURE
from simulation.experiments.sizes import USUAL_ROOMS, USUAL_WARDS, document_of, wards_of
from twin.access import Permission

IDS = RunIds("guess", "sensitivity")
WARDS, MEASURE, SHARE, WEEKS, RUNS = "guess-wards", "guess-measure", "guess-share", "guess-weeks", "guess-runs"
NAME, NOTE, KEEP, KEPT = "guess-name", "guess-note", "guess-keep", "guess-kept"
WEEK_S = 7 * 86_400.0

ROOM_TEXTS: Mapping[str, str] = {
    "ed": mark("Bays in emergency"),
    "icu": mark("Beds in intensive care"),
    "theatres": mark("Theatres"),
    "recovery": mark("Places in the recovery room"),
    "cleaners": mark("Cleaners on duty"),
}
ENTRY_TEXTS: Mapping[str, str] = {
    "ed_major_stay": mark("Time in a bay of the seriously ill"),
    "ed_minor_stay": mark("Time in a bay of the slightly ill"),
    "patience": mark("How long the slightly ill wait before they leave"),
    "ward_stay": mark("Length of stay on a ward"),
    "icu_stay": mark("Length of stay in intensive care"),
    "operation": mark("Time in theatre"),
    "recovery": mark("Time in the recovery room"),
    "cleaning": mark("Cleaning of a bed"),
    "ed_minor_share": mark("Share of the slightly ill, 0 to 1"),
    "ed_admitted_share": mark("Share of the seriously ill who go to a ward"),
    "ed_to_icu_share": mark("Share of the seriously ill who go to intensive care"),
    "ed_arrivals_per_day": mark("Emergency patients a day; 0: from the bays"),
    "electives_per_weekday": mark("Planned operations on a weekday; 0: from the theatres"),
}
MEASURES = (
    USUAL_MEASURE,
    "wait.wait-for-bay.p95_s",
    "wait.ed-to-icu.mean_s",
    "pool.ed.occupied",
    "pool.icu.occupied",
    "pool.icu.full_share",
    "pool.theatres.occupied",
    "left.wait-for-bay",
)


def room_id(name: str) -> str:
    """Give the id of the field of a kind of rooms."""
    return f"guess-room-{name}"


def entry_id(name: str) -> str:
    """Give the id of the field of an entry of the sheet."""
    return f"guess-entry-{name}"


def _entry_field(name: str, usual: object) -> Component:
    text = _(ENTRY_TEXTS[name])
    whole = isinstance(usual, int)
    found: Component = (
        dmc.TextInput(id=entry_id(name), label=text, value=usual)
        if isinstance(usual, str)
        else dmc.NumberInput(
            id=entry_id(name), label=text, value=usual, min=0, hideControls=True, allowDecimal=not whole
        )
    )
    return found


def _question(port: HospitalPort) -> Component:
    usual = ParameterSheet()
    wards = ", ".join(f"{name}={beds}" for name, beds in USUAL_WARDS.items())
    measures = [{"value": one, "label": measure_text(one)} for one in MEASURES]
    return panel(
        _("What is known"),
        html.H3(_("Size")),
        *(
            dmc.NumberInput(
                id=room_id(name), label=_(text), value=USUAL_ROOMS[name], min=1, hideControls=True, allowDecimal=False
            )
            for name, text in ROOM_TEXTS.items()
        ),
        dmc.TextInput(id=WARDS, label=_("Wards and their beds, such as A=30, B=24"), value=wards),
        html.H3(_("Guesses")),
        html.P(
            _("Durations are laws: lognormal:mean=4h,sd=2h, exp:mean=5h, triangular:1h,2h,6h, or one such as 40 min."),
            className="secondary",
        ),
        *(_entry_field(name, getattr(usual, name)) for name in ENTRIES),
        html.H3(_("Which guesses matter")),
        dmc.Select(id=MEASURE, label=_("For"), data=measures, value=USUAL_MEASURE, allowDeselect=False),
        dmc.NumberInput(id=SHARE, label=_("Each lower and higher by, %"), value=20, min=1, max=90, hideControls=True),
        dmc.NumberInput(id=WEEKS, label=_("Weeks counted, after one to warm up"), value=1, min=0.1, hideControls=True),
        dmc.NumberInput(id=RUNS, label=_("Runs of each"), value=20, min=2, hideControls=True, allowDecimal=False),
        run_buttons(IDS, _("Tell what matters"), may_run=port.actor().may(Permission.SIMULATION_RUN)),
    )


def _keep_panel(port: HospitalPort) -> Component:
    may_keep = port.actor().may(Permission.SIMULATION_RUN)
    return panel(
        _("Keep it"),
        html.P(_("The pathway of what is filled in; it can be asked on the what-if page from then on.")),
        dmc.TextInput(id=NAME, label=_("Name of the pathway"), value=""),
        dmc.TextInput(id=NOTE, label=_("Note"), value=""),
        html.P(html.Button(_("Keep"), id=KEEP, className="action primary", n_clicks=0, disabled=not may_keep)),
        html.Div(id=KEPT, role="status"),
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a run shows its answer."""
    view = view_of(port, visit.query.get("run", ""))
    lead = _("Its size and some guesses make a pathway; which of the guesses matter is worth measuring first.")
    run = run_column(port, IDS, view, progress_parts(view), _answer(port, view))
    return html.Div(
        [
            page_head(_("Without a log"), lead),
            html.Div(className="two", children=[_question(port), html.Div([_keep_panel(port), run])]),
        ]
    )


def _answer(port: HospitalPort, view: JobView | None) -> list[Component]:
    if view is None:
        told = _("Fill in what is known and press Tell what matters; usual values stand there already.")
        return [empty(_("Nothing varied yet"), told)]
    found = studied_of(view.result)
    return [] if found is None else [html.Div(_studied_panel(found), className="panels")]


def _studied_panel(found: Studied) -> Component:
    felt = sum(one.is_felt for one in found.entries)
    told = _("{felt} of {count} guesses matter more than chance; measure the first ones first.").format(
        felt=number(felt), count=number(len(found.entries))
    )
    headings = [
        _("Guess"),
        _("Lower by {share}").format(share=percent(found.share)),
        _("Higher by {share}").format(share=percent(found.share)),
        _("Matters"),
    ]
    rows: list[list[Cell]] = [
        [
            _(ENTRY_TEXTS[one.entry]) if one.entry in ENTRY_TEXTS else one.entry,
            _change(one.lower, found.measure),
            _change(one.higher, found.measure),
            _("yes") if one.is_felt else _("not seen"),
        ]
        for one in found.entries
    ]
    usual = _("As filled in: {value}; mean and 95 % interval.").format(value=_change(found.usual, found.measure))
    return panel(
        measure_text(found.measure),
        html.P(told, className="summary"),
        html.P(usual),
        table(_("What each guess does"), headings, rows),
        html.P(_("Differences from the sheet as filled in, with the same patients."), className="secondary"),
        wide=True,
    )


def _change(value: Estimate | None, measure: str) -> str:
    if value is None:
        return "–"
    scale = scale_of(measure)
    return _("{mean} ± {half_width} (n = {n})").format(
        mean=number(value.mean / scale, 2), half_width=number(value.half_width / scale, 2), n=value.n
    )


FIELDS = [State(room_id(name), "value") for name in ROOM_TEXTS] + [State(entry_id(name), "value") for name in ENTRIES]


def told_of(wards: str | None, values: tuple[Any, ...]) -> dict[str, Any]:
    """Give size and sheet as filled in.

    Parameters
    ----------
    wards : str or None
        Such as ``A=30, B=24``.
    values : tuple[Any, ...]
        Of the rooms, then of the entries; an empty field is usual.
    """
    rooms = dict(zip(ROOM_TEXTS, values[: len(ROOM_TEXTS)], strict=True))
    sheet = dict(zip(ENTRIES, values[len(ROOM_TEXTS) :], strict=True))
    usual = ParameterSheet()
    return {
        "rooms": {name: value for name, value in rooms.items() if value not in (None, "")},
        "wards": wards_of(wards or ""),
        "sheet": {
            # A browser gives 12 for 12.0 and the other way round; the sheet knows which it wants.
            name: type(getattr(usual, name))(value)
            for name, value in sheet.items()
            if value not in (None, "")
        },
    }


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register varying the guesses, following that, and keeping the pathway."""
    register_following(callbacks, port, IDS, progress_parts, lambda view, _search: _answer(port, view))

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(IDS.run, "n_clicks"),
        State(URL, "search"),
        State(MEASURE, "value"),
        State(SHARE, "value"),
        State(WEEKS, "value"),
        State(RUNS, "value"),
        State(WARDS, "value"),
        *FIELDS,
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
        running=while_starting(IDS),
    )
    def run(clicks: int, search: str, measure: str, *told: Any) -> str:
        if not clicks:
            raise PreventUpdate
        share, weeks, runs, wards, *values = told
        arguments = told_of(wards, tuple(values)) | {
            "measure": measure,
            "share": _scaled(share, 0.01),
            "horizon_s": _scaled(weeks, WEEK_S, more=WEEK_S),
            "warm_up_s": WEEK_S,
            "replications": runs,
        }
        return search_with(search, run=actions.start_sensitivity(port, arguments))

    @callbacks.add(
        Output(KEPT, "children"),
        Input(KEEP, "n_clicks"),
        State(NAME, "value"),
        State(NOTE, "value"),
        State(WARDS, "value"),
        *FIELDS,
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def keep(clicks: int, name: str, note: str, wards: str, *values: Any) -> list[Component]:
        if not clicks:
            raise PreventUpdate
        document = document_of(told_of(wards, values), port.settings.time_zone)
        line = keeping.keep(port, name or "", document, note or "", None)
        said = _("Kept as {name}, version {version}.").format(name=line.name, version=line.version)
        address = f"/ui/pathway?kept={quote(line.name)}"
        return [html.P(said), dcc.Link(_("Open it to look, change and ask"), href=address, className="action")]


def _scaled(value: Any, factor: float, *, more: float = 0.0) -> object:
    """Give a number in the job's unit; what is no number is refused where the job is started."""
    return value * factor + more if isinstance(value, int | float) and not isinstance(value, bool) else value


PAGE = Page(
    path="/first-guess",
    title=mark("Without a log"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=59,
    section=mark("Ahead"),
    icon="whatif",
)
