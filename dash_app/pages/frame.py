"""The frame around every page: rail, top bar, search, alarm counters, notices; and the choice of the page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.pages.address import TICK, URL, query_of
from dash_app.pages.days import calendar_words
from dash_app.pages.guard import NOTICE, Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.registry import PAGES, page_for
from dash_app.pages.states import attributes, failed, forbidden, not_found, shape
from dash_app.queries import alarms
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.preferences import PREFERENCES
from dash_app.texts.problems import problem_text
from twin.access import Actor, Permission
from twin.errors import HospitalTwinError
from twin.events.watch import AlarmPriority

PAGE = "page"
RAIL = "frame-rail"
COUNTERS = "frame-counters"
SEARCH = "frame-search"


def script_settings(port: HospitalPort) -> dict[str, object]:
    """Give what the scripts in the browser need: addresses, the reader's locale, and words that they write."""
    reader = PREFERENCES.get()
    return {
        "stream": port.links.get("stream", ""),
        "locale": reader.html_language,
        "timeZone": reader.time_zone,
        "site": port.settings.site_name,
        "now": port.clock.now(),
        # What a page shows can be copied anyway: this keeps the buttons away from who is not meant to export.
        "mayExport": port.actor().may(Permission.EXPORT_RUN),
        "words": {
            "live": _("as of {time} (live)"),
            "stale": _("stale since {time}"),
            "connecting": _("connecting …"),
            "seconds": _("{seconds} s"),
            "minutes": _("{minutes} min"),
            "fullHours": _("{hours} h"),
            "hours": _("{hours} h {minutes} min"),
            "days": _("{days} d {hours} h"),
            "ago": _("{duration} ago"),
            "never": _("never seen"),
            "newAlarms": _("{count} new alarms"),
            "newAlarm": _("1 new alarm"),
            "seen": _("seen"),
            "printed": _("printed {time}"),
            "no": _("No, go back"),
            "calendar": calendar_words(),
            "crowded": _("{place}: {count} devices; choose it to see them"),
        },
    }


def layout(port: HospitalPort, prefix: str) -> Component:
    """Build the frame for the signed-in reader.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    prefix : str
        Where the pages stand.
    """
    actor = port.actor()
    reader = PREFERENCES.get()
    whole: Component = dmc.MantineProvider(
        forceColorScheme=reader.theme,
        theme={
            "fontFamily": "var(--font)",
            "primaryColor": "dark" if reader.theme == "light" else "gray",
            "defaultRadius": "sm",
        },
        children=html.Div(
            className="frame",
            children=[
                html.A(_("Skip to the content"), href=f"#{PAGE}", className="skip-link"),
                dcc.Location(id=URL, refresh=False),
                dcc.Store(id=TICK, data=0),
                _top_bar(port, actor, prefix),
                html.Nav(id=RAIL, className="rail", **attributes(aria_label=_("Pages"))),
                html.P(className="print-head"),
                html.Main(id=PAGE, className="page", tabIndex="-1", children=_loading()),
                html.Div(id=NOTICE, className="notice", role="alert"),
                html.Div(id="frame-announcer", className="sr-only", **attributes(aria_live="polite")),
            ],
        ),
    )
    return whole


def _loading() -> Component:
    return html.P(_("Loading …"), className="state-loading")


def _top_bar(port: HospitalPort, actor: Actor, prefix: str) -> Component:
    return html.Header(
        className="top-bar",
        children=[
            html.A(port.settings.site_name, href=prefix, className="site"),
            html.Span(id="frame-as-of", className="as-of", role="status"),
            html.Div(
                className="search",
                role="search",
                children=[
                    html.Label(_("Search or scan"), htmlFor=SEARCH, className="sr-only"),
                    dcc.Input(
                        id=SEARCH, type="search", placeholder=_("Search or scan ( / )"), n_submit=0, autoComplete="off"
                    ),
                ],
            ),
            html.Div(id=COUNTERS, className="counters", children=_counters(port, actor, prefix)),
            _reader_menu(port, actor, prefix),
        ],
    )


def _reader_menu(port: HospitalPort, actor: Actor, prefix: str) -> Component:
    reader = PREFERENCES.get()
    other, label, tag = ("en", "English", "en") if reader.language == "zh_CN" else ("zh_CN", "中文", "zh-CN")
    theme = "light" if reader.theme == "dark" else "dark"
    return html.Div(
        className="reader",
        children=[
            html.Button(label, className="quiet", lang=tag, **attributes(data_language=other)),
            html.Button(
                _("Light") if theme == "light" else _("Dark"),
                className="quiet",
                title=_("Change the colours"),
                **attributes(data_chosen_theme=theme),
            ),
            html.Button(_("Print"), className="quiet", title=_("Print this page"), **attributes(data_print="")),
            dcc.Link(actor.name, href=f"{prefix}account", className="reader-name", title=_("Your account")),
            html.Button(
                _("Sign out"),
                className="quiet",
                **attributes(data_sign_out=port.links.get("sign_out", ""), data_after=port.links.get("sign_in", "/")),
            ),
        ],
    )


def _counters(port: HospitalPort, actor: Actor, prefix: str) -> list[Component]:
    if not actor.may(Permission.ALARMS_READ):
        return []
    counts = alarms.counts(port.state(), port.clock.now())
    return [
        dcc.Link(
            href=f"{prefix}alarms?priority={priority.value}",
            className=f"counter {priority.value.lower()}" + (" none" if not counts[priority] else ""),
            title=_("Open alarms of priority {priority}").format(priority=priority.value),
            children=[shape(priority), f" {priority.value} ", html.B(str(counts[priority]))],
        )
        for priority in AlarmPriority
    ]


def _rail(actor: Actor, current: Page | None, prefix: str) -> list[Component]:
    begins: dict[str, int] = {}  # a section stands where its first page does, whoever may open that one
    for page in PAGES:
        if page.position:
            begins[page.section] = min(begins.get(page.section, page.position), page.position)
    open_to = [page for page in PAGES if page.position and actor.may(page.permission)]
    shown = sorted(open_to, key=lambda one: (begins[one.section], one.position))
    links: list[Component] = []
    section = ""
    for page in shown:
        if page.section != section:
            section = page.section
            links.append(html.P(_(section), className="rail-section"))
        is_current = current is not None and (page is current or current.path.startswith(page.path + "/"))
        links.append(
            dcc.Link(
                [html.Span(className=f"icon icon-{page.icon}"), html.Span(_(page.title))],
                href=prefix + page.path.lstrip("/"),
                className="rail-link current" if is_current else "rail-link",
            )
        )
    return links


def _first_for(actor: Actor) -> Page | None:
    """Give the first page of the rail that an actor may open."""
    open_to = [page for page in PAGES if page.position and actor.may(page.permission)]
    return min(open_to, key=lambda page: page.position, default=None)


def content(port: HospitalPort, path: str, search: str) -> Component:
    """Build the content of the page that answers an address, or say why there is none.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    path : str
        Address below the prefix, with a leading slash.
    search : str
        Query part with its question mark; may be empty.
    """
    page = page_for(path)
    if page is None:
        return not_found()
    if path == "/" and not port.actor().may(page.permission):
        page = _first_for(port.actor()) or page  # an auditor begins with the audit, not with a closed door
    if not port.actor().may(page.permission):
        return forbidden(page.permission)
    try:
        return page.layout(port, Visit(path=path, query=query_of(search)))
    except HospitalTwinError as error:
        return failed(_(page.title), problem_text(error))


def register(callbacks: Callbacks, port: HospitalPort, prefix: str) -> None:
    """Register the callbacks of the frame.

    Parameters
    ----------
    callbacks : Callbacks
        Where.
    port : HospitalPort
        The hospital.
    prefix : str
        Where the pages stand.
    """

    @callbacks.add(
        Output(PAGE, "children"),
        Output(RAIL, "children"),
        Output(NOTICE, "children"),
        Input(URL, "pathname"),
        State(URL, "search"),
        permission=Permission.SELF,
    )
    def show_page(pathname: str | None, search: str | None) -> tuple[Component, list[Component], str]:
        path = "/" + (pathname or prefix)[len(prefix) :]
        return content(port, path, search or ""), _rail(port.actor(), page_for(path), prefix), ""

    @callbacks.add(
        Output(COUNTERS, "children"), Input(TICK, "data"), permission=Permission.SELF, prevent_initial_call=True
    )
    def count_alarms(_tick: Any) -> list[Component]:
        return _counters(port, port.actor(), prefix)

    @callbacks.add(
        Output(URL, "pathname", allow_duplicate=True),
        Output(URL, "search", allow_duplicate=True),
        Input(SEARCH, "n_submit"),
        State(SEARCH, "value"),
        permission=Permission.SELF,
        prevent_initial_call=True,
    )
    def search_for(_submits: int, value: str | None) -> tuple[str, str]:
        return prefix + "search", "?q=" + quote((value or "").strip())
