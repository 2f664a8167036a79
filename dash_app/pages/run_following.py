"""Following a long computation on a page: the buttons that start and end it, how far it is, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import runs as actions
from dash_app.pages.address import URL, query_of
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes
from dash_app.pages.tables import Cell, table
from dash_app.queries.names import staff_label
from dash_app.queries.port import PREPARING, HospitalPort, JobState, JobView
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment, percent
from dash_app.texts.pathway_faults import problem_said, said
from twin.access import Permission

POLL_MS = 1000
MOST_EARLIER = 20

Parts = list[Component]


@dataclass(frozen=True, slots=True)
class RunIds:
    """Ids of one page's run, all with the same beginning, and its kind of job; the address names one as ``run``."""

    prefix: str
    kind: str

    @property
    def run(self) -> str:
        """The button that starts it."""
        return f"{self.prefix}-run"

    @property
    def cancel(self) -> str:
        """The button that calls it off."""
        return f"{self.prefix}-cancel"

    @property
    def progress(self) -> str:
        """How far it is."""
        return f"{self.prefix}-progress"

    @property
    def answer(self) -> str:
        """What came out."""
        return f"{self.prefix}-answer"

    @property
    def timer(self) -> str:
        """Asks again while it runs."""
        return f"{self.prefix}-timer"

    @property
    def asked(self) -> str:
        """How often the server was asked, and when last."""
        return f"{self.prefix}-asked"

    @property
    def answered(self) -> str:
        """Which of these questions was answered last."""
        return f"{self.prefix}-answered"

    @property
    def over(self) -> str:
        """The run that is known to be over."""
        return f"{self.prefix}-over"


def view_of(port: HospitalPort, run: str) -> JobView | None:
    """Give where the job of an address stands; None if it names none."""
    return port.jobs.view(run) if run else None


def run_buttons(ids: RunIds, text: str, *, may_run: bool) -> Component:
    """Give the buttons that start a run and call it off.

    Parameters
    ----------
    ids : RunIds
        Of the page.
    text : str
        Translated text of the button that starts it.
    may_run : bool
        Whether the reader may; otherwise they stand there without effect.
    """
    return html.P(
        [
            html.Button(text, id=ids.run, className="action primary", n_clicks=0, disabled=not may_run),
            " ",
            html.Button(_("Cancel"), id=ids.cancel, className="action", n_clicks=0, disabled=not may_run),
        ]
    )


def while_starting(ids: RunIds) -> list[tuple[Output, bool, bool]]:
    """Give what holds while a run is being started: its button cannot be pressed a second time.

    Parameters
    ----------
    ids : RunIds
        Of the page.
    """
    return [(Output(ids.run, "disabled"), True, False)]


def _earlier(port: HospitalPort, ids: RunIds) -> Parts:
    """Give the way back to what was computed before: whoever asked yesterday wants the answer today."""
    lines = port.jobs.recent(ids.kind, limit=MOST_EARLIER)
    if not lines:
        return []
    rows: list[list[Cell]] = [
        [
            # Not a link of Dash: only the query differs, and the page is built by its path.
            html.A(moment(one.asked_at), href=f"?run={one.id}"),
            codes.code_text(codes.JOB_STATES, one.state.value),
            staff_label(port.state(), one.asked_by),
        ]
        for one in lines
    ]
    title = _("Earlier runs")
    shown = table(title, [_("Asked for"), _("State"), _("Who")], rows)
    return [html.Details([html.Summary(title), shown], className="as-table")]


def run_column(port: HospitalPort, ids: RunIds, view: JobView | None, progress: Parts, answer: Parts) -> Component:
    """Give the part of a page where a run is followed.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    ids : RunIds
        Of the page.
    view : JobView or None
        Where the job stands.
    progress, answer : list[Component]
        What is known at once, so that an address with a run shows it.
    """
    is_over = view is None or view.is_over
    return html.Div(
        [
            dcc.Interval(id=ids.timer, interval=POLL_MS, disabled=is_over),
            dcc.Store(id=ids.asked, data={"count": 0, "at": 0}),
            dcc.Store(id=ids.answered, data=0),
            dcc.Store(id=ids.over, data=view.id if view is not None and view.is_over else ""),
            html.Div(progress, id=ids.progress, role="status"),
            html.Div(answer, id=ids.answer),
            *_earlier(port, ids),
        ]
    )


def progress_parts(view: JobView | None, so_far: Sequence[Component] = (), *, is_measured: bool = True) -> Parts:
    """Say how far a job is, and why it failed.

    Parameters
    ----------
    view : JobView or None
        Where it stands.
    so_far : Sequence[Component], optional
        What is known already, shown until it is over.
    is_measured : bool, optional
        Whether the share done means anything: a search does not know how much there is to try.
    """
    if view is None:
        return []
    state = codes.code_text(codes.JOB_STATES, view.state.value)
    parts: Parts = [html.P(f"{state} · {percent(view.progress)}" if is_measured else state)]
    if not view.is_over:
        label = attributes(aria_label=_("Progress"))
        # A bar without a value only says that it goes on.
        bar = html.Progress(value=str(view.progress), max="1", **label) if is_measured else html.Progress(**label)
        if view.note == PREPARING:
            parts.append(html.P(_("The engine is being made ready: once after an installation, about a minute.")))
        parts += [bar, *so_far]
    if view.state is JobState.FAILED:
        told = [f"[{one.place}] {problem_said(one)}" for one in view.problems] or [said(view.error_message)]
        lines = [html.P(_("The run failed.")), *map(html.P, told[:-1]), html.P(f"{told[-1]} ({view.error_code})")]
        parts.append(html.Div(lines, className="state-error"))
    return parts


def register_following(
    callbacks: Callbacks,
    port: HospitalPort,
    ids: RunIds,
    progress: Callable[[JobView | None], Parts],
    answer: Callable[[JobView | None, str], Parts],
) -> None:
    """Register asking how far a run is, showing its answer once it is over, and calling it off.

    Parameters
    ----------
    callbacks : Callbacks
        Of the page.
    port : HospitalPort
        Whose jobs they are.
    ids : RunIds
        Of the page. The page's own callback that starts the run names it in the address; all else follows from there.
    progress : Callable[[JobView | None], list[Component]]
        Draws how far it is.
    answer : Callable[[JobView | None, str], list[Component]]
        Draws what came out, given also the query part of the address.
    """
    _register_watch(callbacks, ids)

    @callbacks.add(
        Output(ids.progress, "children"),
        Output(ids.answered, "data"),
        Output(ids.over, "data"),
        Input(ids.asked, "data"),
        State(URL, "search"),
        permission=Permission.SIMULATION_READ,
        prevent_initial_call=True,
    )
    def follow(asked: dict[str, int], search: str) -> tuple[Parts, int, Any]:
        run = query_of(search).get("run", "")
        view = view_of(port, run)
        return progress(view), asked["count"], run if view is None or view.is_over else no_update

    @callbacks.add(
        Output(ids.answer, "children"),
        Input(ids.over, "data"),
        Input(URL, "search"),
        permission=Permission.SIMULATION_READ,
        prevent_initial_call=True,
    )
    def show_answer(over: str, search: str) -> Parts:
        # Not with every tick: an answer that takes longer than a second to draw would be dropped for the next one.
        run = query_of(search).get("run", "")
        if not run:
            raise PreventUpdate
        return answer(view_of(port, run), search) if run == over else []

    @callbacks.add(
        Output(ids.progress, "children", allow_duplicate=True),
        Input(ids.cancel, "n_clicks"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def call_off(_clicks: int, search: str) -> Parts:
        run = query_of(search).get("run", "")
        if not run:
            raise PreventUpdate
        actions.cancel(port, run)
        return progress(view_of(port, run))


def _register_watch(callbacks: Callbacks, ids: RunIds) -> None:
    callbacks.add_clientside(
        ClientsideFunction("runs", "ask"),
        Output(ids.asked, "data"),
        Input(ids.timer, "n_intervals"),
        State(ids.asked, "data"),
        State(ids.answered, "data"),
        prevent_initial_call=True,
    )
    # Derived from what is known, not set by whoever was heard last: the answer about a run that was called off may come
    # after the next one was started, and must not end its watch.
    callbacks.add_clientside(
        ClientsideFunction("runs", "isOver"),
        Output(ids.timer, "disabled"),
        Input(ids.over, "data"),
        Input(URL, "search"),
    )
