"""The audit.

Opened by an auditor, to see who did what and to check that no row was changed, and by a system administrator after
something went wrong. Rows are chained by their hashes; the signed end of the chain is kept elsewhere as a witness.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dash_app.actions.access import AuditLine, AuditQuery, desk_of
from dash_app.pages import listing
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Asked, Found
from dash_app.pages.states import attributes, panel, shape
from dash_app.pages.tables import Column, Filters
from dash_app.queries.port import HospitalPort
from dash_app.texts import access_words, audit_words, codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number
from twin.access import Permission
from twin.events.watch import AlarmPriority

VERIFY, VERDICT, SEAL, SEALED = "audit-verify", "audit-verdict", "audit-seal", "audit-sealed"
_MOST = 1000
"""Rows, the newest, whose actors can be chosen."""
_TABLE = "table"
"""Fact of a row that the audit wrote by itself: whose entries were changed."""


def _columns() -> list[Column]:
    return [
        Column(field="row", title=_("Row"), width=80, is_number=True, filters=Filters.NONE),
        Column(field="at", title=_("When"), width=150, may_sort=False, filters=Filters.NONE),
        Column(field="who", title=_("Who"), width=150, may_sort=False, filters=Filters.NONE),
        Column(field="action", title=_("What"), width=180, may_sort=False, filters=Filters.NONE),
        Column(field="subject", title=_("To what"), width=220, may_sort=False, filters=Filters.CONTAINS),
        Column(field="facts", title=_("Details"), width=320, may_sort=False, filters=Filters.CONTAINS),
    ]


def _facts(line: AuditLine) -> str:
    if _TABLE in line.facts:
        return " · ".join(_changes(line))
    return " · ".join(f"{name}: {_plain(value)}" for name, value in line.facts.items() if value not in ("", None))


def _changes(line: AuditLine) -> list[str]:
    """Give what a row that the audit wrote by itself says was done: first what, then to which entries, then how."""
    told = []
    for name in audit_words.FACTS:
        value = line.facts.get(name)
        if value in ("", None):
            continue
        word = codes.code_text(audit_words.FACTS, name)
        # the one entry stands beside it already
        told.append(word if value == [line.subject] else f"{word}: {_plain(value)}")
    return told


def _subject(line: AuditLine) -> str:
    if _TABLE not in line.facts:
        return line.subject
    table = codes.code_text(audit_words.TABLES, str(line.facts[_TABLE]))
    return f"{table}: {line.subject}" if line.subject else table


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _ask(port: HospitalPort, query: dict[str, str], asked: Asked) -> Found:
    """Give rows of the audit: thousands a day come to it, so that the database counts and cuts them."""
    port.actor().require(Permission.AUDIT_READ)
    desk = desk_of(port.services)
    wanted = AuditQuery(
        action=query.get("action", ""),
        actor=query.get("actor", ""),
        subject=_contained(asked, "subject"),
        facts=_contained(asked, "facts"),
        offset=asked.start,
        limit=asked.end - asked.start,
        is_oldest_first=("row", False) in asked.order,
    )
    count = desk.count_audit(wanted)
    text = _("{count} rows, the oldest first") if wanted.is_oldest_first else _("{count} rows, the newest first")
    rows = [_row(line) for line in desk.audit(wanted)]
    return Found(rows=rows, count=count, summary=text.format(count=number(count)))


def _contained(asked: Asked, field: str) -> str:
    wanted = asked.filters.get(field, {}).get("filter", "")
    return wanted if isinstance(wanted, str) else ""


def _row(line: AuditLine) -> dict[str, object]:
    return {
        "id": str(line.sequence),
        "row": line.sequence,
        "at": moment(line.at),
        "who": line.actor_name or line.actor or "–",
        "action": codes.code_text(access_words.AUDIT_ACTIONS, line.action),
        "subject": _subject(line),
        "facts": _facts(line),
    }


def _actors(port: HospitalPort) -> list[dict[str, str]]:
    lines = desk_of(port.services).audit(AuditQuery(limit=_MOST))
    names = {line.actor: line.actor_name or line.actor for line in lines if line.actor}
    return [{"value": actor, "label": name} for actor, name in sorted(names.items(), key=lambda pair: pair[1])]


LISTING = Listing(
    key="audit",
    permission=Permission.AUDIT_READ,
    filters=(
        Filter(
            name="action",
            label=lambda: _("About"),
            options=lambda port: codes.choices(access_words.AUDIT_HEADS, access_words.AUDIT_HEADS),
        ),
        Filter(name="actor", label=lambda: _("Who"), options=_actors),
    ),
    columns=_columns,
    is_paged=True,
    ask=_ask,
)


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Who signed in, decided, changed or was refused; each row is chained to the one before.")
    shown = listing.layout(LISTING, port, visit, _("Audit"), lead)
    proof = panel(
        _("Is it what was written?"),
        html.P(
            _("Keep the signed end of the chain on another machine: it later proves that nothing before was changed.")
        ),
        html.P(
            [
                html.Button(_("Check the whole chain"), id=VERIFY, className="action primary", n_clicks=0),
                " ",
                html.Button(_("Download the signed end"), id=SEAL, className="action", n_clicks=0),
                dcc.Download(id=SEALED),
            ]
        ),
        html.Div(id=VERDICT, role="status", **attributes(aria_live="polite")),
        wide=True,
    )
    return html.Div([shown, html.Div(proof, className="below")])


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the table, the check, and the signed end."""
    listing.register(LISTING, callbacks, port)
    common: dict[str, Any] = {"permission": Permission.AUDIT_READ, "prevent_initial_call": True}

    @callbacks.add(Output(VERDICT, "children"), Input(VERIFY, "n_clicks"), **common)
    def verify(_clicks: int) -> Component:
        found = desk_of(port.services).verify_audit()
        if found.is_intact:
            text = _("Intact: {rows} rows, the last with the hash {hash}.")
            return html.P(text.format(rows=number(found.rows), hash=found.hash[:16] + "…"))
        text = _("Not what was written, from row {row} on: {problem}")
        said = text.format(row=number(found.rows), problem=found.problem)
        return html.P([shape(AlarmPriority.HIGH), " ", said], className="status p1")

    @callbacks.add(Output(SEALED, "data"), Input(SEAL, "n_clicks"), **common)
    def sealed(_clicks: int) -> dict[str, str]:
        return {
            "content": desk_of(port.services).sealed_head(),
            "filename": "audit-head.json",
            "type": "application/json",
        }


PAGE = Page(
    path="/audit",
    title=mark("Audit"),
    permission=Permission.AUDIT_READ,
    layout=layout,
    register=register,
    position=82,
    section=mark("System"),
    icon="audit",
)
